// Random feeders, random positions: every answer compared with one got by trying each world that the unknown positions
// leave possible, and each section in turn taken away.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFeeder, type DevicePosition, type Feeder } from '../../topology/feeder.ts'
import { type FeederFile, feederFileSchema } from '../../topology/feeder-file.ts'

const position = fc.constantFrom<DevicePosition>('closed', 'closed', 'open', 'unknown')
/** Per end of a section: no device, or one. */
const end = fc.option(position, { nil: undefined })
const link = fc.record({ toward: fc.nat(), far: fc.nat(), from: end, to: end, reversed: fc.boolean() })
const feeders = fc
  .record({ branches: fc.array(link, { minLength: 1, maxLength: 7 }), ties: fc.array(link, { maxLength: 3 }) })
  .map(({ branches, ties }) => {
    const count = branches.length + 1
    const links = [
      ...branches.map((branch, n) => ({ ...branch, one: branch.toward % (n + 1), other: n + 1 })),
      ...ties.map(tie => ({ ...tie, one: tie.toward % count, other: tie.far % count })),
    ].filter(({ one, other }) => one !== other)
    return { count, links: links.map(l => (l.reversed ? { ...l, one: l.other, other: l.one } : l)) }
  })
type Drawn = { count: number; links: { one: number; other: number; from?: DevicePosition; to?: DevicePosition }[] }

function live({ count, links }: Drawn): Feeder {
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
    sources: [{ name: 'source', node: 'n0' }],
    nodes: names.map(name => ({ name, phases: ['a'] })),
    sections: links.map(({ one, other }, n) => ({ name: `s${n}`, from: `n${one}`, to: `n${other}`, phases: ['a'] })),
    devices: devices.map(({ is: _, ...device }) => device),
    ieds: names.map(name => ({ name: `i-${name}`, kind: 'rtu', node: name, organisation: 'o' })),
  })
  const feeder = createFeeder(file)
  for (const { name, is } of devices) feeder.setPosition(name, is)
  return feeder
}

type World = ReadonlyMap<string, boolean>

function worlds(feeder: Feeder): World[] {
  return feeder.file.devices.reduce<Map<string, boolean>[]>(
    (all, { name }) => {
      const now = feeder.position(name)
      const choices = now === 'unknown' ? [true, false] : [now === 'closed']
      return all.flatMap(world => choices.map(closed => new Map(world).set(name, closed)))
    },
    [new Map()],
  )
}

/** Nodes and sections connected to the source in one world, a section being live from any end that is closed. */
function reached({ file }: Feeder, world: World, without?: string): Set<string> {
  const found = new Set(file.sources.map(({ node }) => node))
  const closed = (section: string, at: 'from' | 'to') =>
    file.devices.every(device => device.section !== section || device.at !== at || world.get(device.name))
  for (let before = -1; before !== found.size; ) {
    before = found.size
    for (const section of file.sections) {
      if (section.name === without) continue
      for (const at of ['from', 'to'] as const) {
        if (!closed(section.name, at)) continue
        if (found.has(section[at]) || found.has(section.name)) found.add(section[at]).add(section.name)
      }
    }
  }
  return found
}

/** In all worlds, in some, in none. */
function judged(sets: readonly ReadonlySet<string>[]): { certain: Set<string>; undecided: Set<string> } {
  const every = new Set([...(sets[0] ?? [])].filter(name => sets.every(set => set.has(name))))
  const some = new Set(sets.flatMap(set => [...set]).filter(name => !every.has(name)))
  return { certain: every, undecided: some }
}

const lostWithout = (feeder: Feeder, section: string, all = worlds(feeder)) =>
  judged(
    all.map(world => {
      const without = reached(feeder, world, section)
      return new Set([...reached(feeder, world)].filter(name => name !== section && !without.has(name)))
    }),
  )
const iedsAt = (names: ReadonlySet<string>) =>
  new Set([...names].filter(name => name.startsWith('n')).map(n => `i-${n}`))
const membership = ({ certain, undecided }: ReturnType<typeof judged>) => ({
  certain: iedsAt(certain),
  undecided: iedsAt(undecided),
})

const forAll = (check: (feeder: Feeder) => void): void =>
  fc.assert(
    fc.property(feeders, drawn => check(live(drawn as Drawn))),
    { numRuns: 500 },
  )

describe('on random feeders, however meshed and however uncertain,', () => {
  it('downstream is what loses the source when the section alone opens', () =>
    forAll(feeder => {
      for (const { name } of feeder.file.sections) {
        const lost = lostWithout(feeder, name)
        expect(feeder.downstreamIeds(name)).toEqual(membership(lost))
        const { nodes, sections } = feeder.downstream(name)
        expect(new Set([...nodes, ...sections])).toEqual(lost.certain)
        for (const { name: ied, node } of feeder.file.ieds) {
          const answer = lost.certain.has(node) ? 'yes' : lost.undecided.has(node) ? 'unknown' : 'no'
          expect(feeder.isDownstream(ied, name)).toBe(answer)
        }
      }
    }))

  it('fed through a device is the same with the device closed', () =>
    forAll(feeder => {
      for (const { name, section } of feeder.file.devices) {
        const before = feeder.position(name)
        feeder.setPosition(name, 'closed')
        const expected = membership(lostWithout(feeder, section))
        feeder.setPosition(name, before)
        expect(feeder.fedThrough(name)).toEqual(expected)
      }
    }))

  it('energised is what the source reaches', () =>
    forAll(feeder => {
      const { certain, undecided } = judged(worlds(feeder).map(world => reached(feeder, world)))
      for (const { name } of feeder.file.nodes) {
        expect(feeder.energised(name)).toBe(certain.has(name) ? 'yes' : undecided.has(name) ? 'unknown' : 'no')
      }
    }))

  it('parents form a tree that reaches everybody from the top, and the order in the file makes no difference', () =>
    forAll(feeder => {
      const { file } = feeder
      const shuffled = createFeeder({
        ...file,
        nodes: file.nodes.toReversed(),
        sections: file.sections.toReversed(),
        devices: file.devices.toReversed(),
        ieds: file.ieds.toReversed(),
      })
      for (const { name } of file.devices) shuffled.setPosition(name, feeder.position(name))
      expect(shuffled.hash).toBe(feeder.hash)
      expect(shuffled.zones).toEqual(feeder.zones)
      for (const { name } of file.ieds) {
        expect(shuffled.parent(name)).toBe(feeder.parent(name))
        const chain = [name]
        for (let up = feeder.parent(name); up !== undefined; up = feeder.parent(up)) {
          expect(chain).not.toContain(up)
          expect(feeder.children(up)).toContain(chain.at(-1))
          chain.push(up)
        }
        expect(chain.at(-1)).toBe('i-n0')
        const zones = feeder.upstreamZones(name.slice(2))
        expect(zones[0]).toBe(feeder.zoneOf(name.slice(2)))
        expect(zones).toContain(feeder.zoneOf('n0'))
      }
    }))

  it('every node and section is in one zone, and only devices part zones', () =>
    forAll(feeder => {
      expect(feeder.zones.flatMap(({ nodes }) => nodes).sort()).toEqual(
        feeder.file.nodes.map(({ name }) => name).sort(),
      )
      expect(new Set(feeder.zones.map(({ name }) => name)).size).toBe(feeder.zones.length)
      for (const { name, from, to } of feeder.file.sections) {
        for (const at of ['from', 'to'] as const) {
          const node = at === 'from' ? from : to
          const devices = feeder.file.devices.filter(device => device.section === name && device.at === at)
          if (devices.length === 0) expect(feeder.zoneOf(node)).toBe(feeder.zoneOfSection(name))
          else if (feeder.zoneOf(node) !== feeder.zoneOfSection(name)) {
            const bounded = feeder.zones.filter(zone => zone.boundary.includes(devices[0]?.name ?? ''))
            expect(bounded.map(zone => zone.name).sort()).toEqual(
              [feeder.zoneOf(node), feeder.zoneOfSection(name)].sort(),
            )
          }
        }
      }
    }))
})
