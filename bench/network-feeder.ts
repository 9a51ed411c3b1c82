// A generated distribution feeder for the solver: a three-phase trunk with branches, laterals of one and two phases, a
// load at every other node, switches along the way, some capacitors and one regulator. Its far end is some 15 km away.

import { type FeederFile, feederFileSchema, type Phase } from '../topology/feeder-file.ts'

const ALL: readonly Phase[] = ['a', 'b', 'c']
const R = [
  [0.215, 0.097, 0.098],
  [0.097, 0.21, 0.095],
  [0.098, 0.095, 0.212],
]
const X = [
  [0.632, 0.312, 0.263],
  [0.312, 0.651, 0.239],
  [0.263, 0.239, 0.643],
]
const B = [
  [3.9, -1.2, -0.8],
  [-1.2, 3.7, -0.5],
  [-0.8, -0.5, 3.5],
]

/** @param nodes how many; sections are one less, and as many ties as `loops` are closed on top */
export function networkFeeder(nodes: number, chance: () => number, loops = 0): FeederFile {
  const phases: (readonly Phase[])[] = [ALL]
  const sections: unknown[] = []
  const devices: unknown[] = []
  const loads: unknown[] = []
  const trunk = [0]
  for (let n = 1; n < nodes; n++) {
    const onTrunk = chance() < 0.35
    const at = onTrunk ? (trunk.at(-1 - Math.floor(chance() * Math.min(20, trunk.length))) ?? 0) : recent(n, chance)
    const parent = phases[at] ?? ALL
    const own = onTrunk && parent.length === 3 ? ALL : subset(parent, chance)
    phases.push(own)
    if (own.length === 3) trunk.push(n)
    sections.push(section(`s${n}`, at, n, own, 15 + Math.floor(chance() * 25)))
    if (chance() < 0.05) devices.push({ name: `d${n}`, kind: 'switch', section: `s${n}` })
    if (chance() < 0.5) loads.push(load(n, own, chance, nodes))
  }
  for (let n = 0; n < loops; n++) {
    const one = trunk[Math.floor(chance() * trunk.length)] ?? 0
    const other = trunk[Math.floor(chance() * trunk.length)] ?? 0
    if (one !== other) sections.push(section(`loop${n}`, one, other, ALL, 200))
  }
  return feederFileSchema.parse({
    feedermesh: 1,
    name: `generated-${nodes}`,
    nominalKv: 12.47,
    frequencyHz: 60,
    allowLoops: true,
    sources: [{ name: 'substation', node: 'n0', voltagePu: 1.02 }],
    nodes: phases.map((own, n) => ({ name: `n${n}`, phases: own })),
    lineCodes: [{ name: 'line', phases: ALL, rOhmPerKm: R, xOhmPerKm: X, bMicroSiemensPerKm: B }],
    sections,
    devices,
    loads,
    regulators: [{ name: 'reg', section: 's1', taps: { a: 2, b: 2, c: 2 } }],
    capacitors: trunk
      .filter((_, n) => n % 200 === 100)
      .map(n => ({ name: `cap${n}`, node: `n${n}`, kvar: { a: 50, b: 50, c: 50 } })),
  })
}

const recent = (n: number, chance: () => number): number => Math.max(0, n - 1 - Math.floor(chance() * 12))

/** Half of the laterals keep the phases that they come from. */
function subset(of: readonly Phase[], chance: () => number): readonly Phase[] {
  if (of.length === 1 || chance() < 0.5) return of
  const start = Math.floor(chance() * of.length)
  return [of[start] ?? 'a']
}

const section = (name: string, from: number, to: number, phases: readonly Phase[], lengthM: number) => ({
  name,
  from: `n${from}`,
  to: `n${to}`,
  phases,
  lengthM,
  lineCode: 'line',
})

/** All loads together are 6 MW; every tenth stands between two phases. */
function load(n: number, phases: readonly Phase[], chance: () => number, nodes: number) {
  const kw = (12_000 / nodes) * (0.5 + chance())
  const keys = phases.length === 3 && chance() < 0.1 ? ['bc'] : phases
  const share = (of: number) => Object.fromEntries(keys.map(key => [key, of / keys.length]))
  const model = n % 3 === 0 ? { power: 0.4, current: 0.3, impedance: 0.3 } : undefined
  return { name: `l${n}`, node: `n${n}`, kw: share(kw), kvar: share(0.4 * kw), ...(model && { model }) }
}
