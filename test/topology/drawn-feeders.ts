// Small feeders drawn by chance, and answers to questions about them got the slow way: every world that the unknown
// positions leave possible is tried, and every set is grown from its definition.

import fc from 'fast-check'
import { createFeeder, type DevicePosition, type Feeder } from '../../topology/feeder.ts'
import { type FeederFile, feederFileSchema } from '../../topology/feeder-file.ts'

const position = fc.constantFrom<DevicePosition>('closed', 'closed', 'open', 'unknown')
/** Per end of a section: no device, or one. */
const end = fc.option(position, { nil: undefined })
const link = fc.record({ toward: fc.nat(), far: fc.nat(), from: end, to: end, reversed: fc.boolean() })

interface Link {
  readonly one: number
  readonly other: number
  readonly from?: DevicePosition | undefined
  readonly to?: DevicePosition | undefined
}
interface Drawn {
  readonly count: number
  readonly links: readonly Link[]
  readonly sources: readonly number[]
}

/** A tree, some ties over it, and one to three sources of which the first is at node 0. */
export const drawnFeeders: fc.Arbitrary<Drawn> = fc
  .record({
    branches: fc.array(link, { minLength: 1, maxLength: 7 }),
    ties: fc.array(link, { maxLength: 3 }),
    more: fc.array(fc.nat(), { maxLength: 2 }),
  })
  .map(({ branches, ties, more }) => {
    const count = branches.length + 1
    const links = [
      ...branches.map((branch, n) => ({ ...branch, one: branch.toward % (n + 1), other: n + 1 })),
      ...ties.map(tie => ({ ...tie, one: tie.toward % count, other: tie.far % count })),
    ].filter(({ one, other }) => one !== other)
    return {
      count,
      links: links.map(l => (l.reversed ? { ...l, one: l.other, other: l.one } : l)),
      sources: [0, ...more.map(node => node % count)],
    }
  })

export function liveFeeder({ count, links, sources }: Drawn): Feeder {
  const devices = links.flatMap(({ from, to }, n) => [
    ...(from ? [{ name: `f${n}`, kind: 'switch', section: `s${n}`, at: 'from', is: from }] : []),
    ...(to ? [{ name: `t${n}`, kind: 'switch', section: `s${n}`, at: 'to', is: to }] : []),
  ])
  const names = Array.from({ length: count }, (_, n) => `n${n}`)
  const file: FeederFile = feederFileSchema.parse({
    feedermesh: 1,
    name: 'drawn',
    nominalKv: 10,
    frequencyHz: 50,
    sources: sources.map((node, n) => ({ name: `source${n}`, node: `n${node}` })),
    nodes: names.map(name => ({ name, phases: ['a'] })),
    sections: links.map(({ one, other }, n) => ({ name: `s${n}`, from: `n${one}`, to: `n${other}`, phases: ['a'] })),
    devices: devices.map(({ is: _, ...device }) => device),
    loads: names.map((node, n) => ({ name: `l-${node}`, node, kw: { a: n + 1 }, kvar: {}, customers: 2 ** n })),
    generators: names.slice(-2).map(node => ({ name: `g-${node}`, node, kind: 'inverter', kw: 1 })),
    ieds: names.map(name => ({ name: `i-${name}`, kind: 'rtu', node: name, organisation: 'o' })),
  })
  const feeder = createFeeder(file)
  for (const { name, is } of devices) feeder.setPosition(name, is)
  return feeder
}

/** Each device, closed or not. */
export type World = ReadonlyMap<string, boolean>

export function worlds(
  feeder: Feeder,
  choicesOf = (now: DevicePosition) => (now === 'unknown' ? [true, false] : [now === 'closed']),
): World[] {
  return feeder.file.devices.reduce<Map<string, boolean>[]>(
    (all, { name }) =>
      all.flatMap(world => choicesOf(feeder.position(name)).map(closed => new Map(world).set(name, closed))),
    [new Map()],
  )
}

export interface Gap {
  /** A node or section that is not there. */
  readonly without?: string | undefined
  /** Nor are these. */
  readonly outside?: ReadonlySet<string> | undefined
}

/** Whether current passes a section's end. */
export function passes({ file }: Feeder, world: World, section: string, at: 'from' | 'to'): boolean {
  return file.devices.every(device => device.section !== section || device.at !== at || world.get(device.name))
}

/** Nodes and sections joined to the given ones in one world, a section being live from any end that is closed. */
export function spread(
  feeder: Feeder,
  world: World,
  from: Iterable<string>,
  { without, outside }: Gap = {},
): Set<string> {
  const barred = (name: string) => name === without || (outside?.has(name) ?? false)
  const found = new Set([...from].filter(name => !barred(name)))
  for (let before = -1; before !== found.size; ) {
    before = found.size
    for (const section of feeder.file.sections) {
      if (barred(section.name)) continue
      for (const at of ['from', 'to'] as const) {
        if (!passes(feeder, world, section.name, at) || barred(section[at])) continue
        if (found.has(section[at]) || found.has(section.name)) found.add(section[at]).add(section.name)
      }
    }
  }
  return found
}

/** Nodes and sections with a source in one world. */
export const reached = (feeder: Feeder, world: World, gap: Gap = {}): Set<string> =>
  spread(
    feeder,
    world,
    feeder.file.sources.map(({ node }) => node),
    gap,
  )

export interface Judged {
  readonly certain: Set<string>
  readonly undecided: Set<string>
}

/** In all worlds, in some, in none. */
export function judged(sets: readonly ReadonlySet<string>[]): Judged {
  const every = new Set([...(sets[0] ?? [])].filter(name => sets.every(set => set.has(name))))
  const some = new Set(sets.flatMap(set => [...set]).filter(name => !every.has(name)))
  return { certain: every, undecided: some }
}

/** What loses its source when a section is taken away. */
export const lostWithout = (feeder: Feeder, section: string): Judged =>
  judged(
    worlds(feeder).map(world => {
      const left = reached(feeder, world, { without: section })
      return new Set([...reached(feeder, world)].filter(name => name !== section && !left.has(name)))
    }),
  )

/** The sections on each way from a node to any source that visits nothing twice, in one world. */
export function sectionsOnWays(feeder: Feeder, world: World, start: string): Set<string> {
  const sources = new Set(feeder.file.sources.map(({ node }) => node))
  const found = new Set<string>()
  const goOn = (node: string, visited: readonly string[], passed: readonly string[]): void => {
    if (sources.has(node)) for (const section of passed) found.add(section)
    for (const { name, from, to } of feeder.file.sections) {
      if (from !== node && to !== node) continue
      const far = from === node ? to : from
      const open = !passes(feeder, world, name, 'from') || !passes(feeder, world, name, 'to')
      if (!open && !visited.includes(far)) goOn(far, [...visited, far], [...passed, name])
    }
  }
  goOn(start, [start], [])
  return found
}

/** Whether a section lies on a loop with another in one world: a way from one of its ends to the other avoids it. */
export function onCommonLoop(feeder: Feeder, world: World, one: string, other: string): boolean {
  const { from, to } = feeder.section(one)
  if (!['from', 'to'].every(at => passes(feeder, world, one, at as 'from'))) return false
  let found = false
  const goOn = (node: string, visited: readonly string[], passed: readonly string[]): void => {
    if (node === to) found ||= passed.includes(other)
    else
      for (const section of feeder.file.sections) {
        if (section.name === one || (section.from !== node && section.to !== node)) continue
        const far = section.from === node ? section.to : section.from
        const open = !passes(feeder, world, section.name, 'from') || !passes(feeder, world, section.name, 'to')
        if (!open && !visited.includes(far)) goOn(far, [...visited, far], [...passed, section.name])
      }
  }
  goOn(from, [from], [])
  return found
}

export const forAllFeeders = (check: (feeder: Feeder) => void, numRuns = 300): void =>
  fc.assert(
    fc.property(drawnFeeders, drawn => check(liveFeeder(drawn))),
    { numRuns },
  )
