// A radial feeder of any size, drawn by chance: a trunk with laterals, a recloser, switch or fuse at the head of some, ties
// between them, a load at every third node, an IED at every tenth.

import { stringify } from 'yaml'

export interface GeneratedFeeder {
  /** As a person or a program would write the file: one entry a line. */
  readonly yaml: string
  readonly json: string
}

/** @param chance 0 to 1, seeded by the caller */
export function generateFeeder(nodeCount: number, chance: () => number): GeneratedFeeder {
  const feeder = drawFeeder(nodeCount, chance)
  return { yaml: written(feeder), json: JSON.stringify(feeder) }
}

type Entry = Readonly<Record<string, unknown>>
type Drawn = Readonly<Record<string, string | number | readonly Entry[]>>

function drawFeeder(nodeCount: number, chance: () => number): Drawn {
  const below = (limit: number): number => Math.floor(chance() * limit)
  const phases = ['a', 'b', 'c']
  const nodes: Entry[] = [{ name: 'n0', phases, drawnAt: [0, 0] }]
  const sections: Entry[] = []
  const devices: Entry[] = [{ name: 'd1', kind: 'breaker', section: 's1', relay: { pickupAmps: 900, delayMs: 900 } }]
  const loads: Entry[] = []
  const ieds: Entry[] = [{ name: 'ied-n0', kind: 'relay', node: 'n0', organisation: 'utility', operates: 'd1' }]
  for (let n = 1; n < nodeCount; n++) {
    // Mostly on from the last node, so that the feeder is long; now and then a lateral from anywhere.
    const from = n === 1 || chance() < 0.85 ? n - 1 : below(n)
    nodes.push({ name: `n${n}`, phases, drawnAt: [below(10_000), below(10_000)] })
    sections.push({
      name: `s${n}`,
      from: `n${from}`,
      to: `n${n}`,
      phases,
      lengthM: 20 + below(300),
      lineCode: chance() < 0.5 ? 'main' : 'lateral',
    })
    if (n > 1 && (from !== n - 1 || chance() < 0.02)) {
      const kind = (['recloser', 'switch', 'fuse'] as const)[below(3)] as string
      devices.push({ name: `d${n}`, kind, section: `s${n}` })
    }
    if (n % 3 === 0) {
      const kw = { a: below(50), b: below(50), c: below(50) }
      loads.push({
        name: `l${n}`,
        node: `n${n}`,
        kw,
        kvar: { a: below(9), b: below(9), c: below(9) },
        customers: below(9),
      })
    }
    if (n % 10 === 0) ieds.push({ name: `ied-n${n}`, kind: 'rtu', node: `n${n}`, organisation: 'utility' })
  }
  for (let tie = 0; tie < nodeCount / 100; tie++) {
    const [one, other] = [below(nodeCount), below(nodeCount)]
    if (one === other) continue
    sections.push({ name: `tie${tie}`, from: `n${one}`, to: `n${other}`, phases, lengthM: 10, lineCode: 'main' })
    devices.push({ name: `t${tie}`, kind: 'tie', section: `tie${tie}`, normal: 'open' })
  }
  const code = (name: string, self: number): Entry => ({
    name,
    phases,
    rOhmPerKm: [0, 1, 2].map(row => [0, 1, 2].map(column => (row === column ? self : self / 3))),
    xOhmPerKm: [0, 1, 2].map(row => [0, 1, 2].map(column => (row === column ? 0.6 : 0.2))),
    ampacityAmps: 400,
  })
  return {
    feedermesh: 1,
    name: 'generated',
    nominalKv: 12.47,
    frequencyHz: 60,
    sources: [{ name: 'substation', node: 'n0' }],
    nodes,
    lineCodes: [code('main', 0.2), code('lateral', 0.6)],
    sections,
    devices,
    loads,
    ieds,
  }
}

function written(feeder: Drawn): string {
  const line = (entry: Entry): string =>
    stringify(entry, { collectionStyle: 'flow', lineWidth: 0, indentSeq: false }).trimEnd()
  return Object.entries(feeder)
    .map(([key, value]) =>
      Array.isArray(value) ? `${key}:\n${value.map(entry => `  - ${line(entry)}\n`).join('')}` : `${key}: ${value}\n`,
    )
    .join('')
}
