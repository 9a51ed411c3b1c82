// The other questions about the live state, on random feeders: each answer compared with one grown from its definition.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFeeder, type DevicePosition, type Feeder } from '../../topology/feeder.ts'
import {
  drawnFeeders,
  forAllFeeders as forAll,
  judged,
  liveFeeder,
  onCommonLoop,
  passes,
  reached,
  sectionsOnWays,
  spread,
  type World,
  worlds,
} from './drawn-feeders.ts'

/** Unknown devices all open, and all closed: between these two lies every world. */
const leastWorld = (feeder: Feeder): World => worlds(feeder, now => [now === 'closed'])[0] as World
const mostWorld = (feeder: Feeder): World => worlds(feeder, now => [now !== 'open'])[0] as World

const asSets = (groups: readonly (readonly string[])[]): Set<string> => new Set(groups.map(names => names.join(' ')))

/** Everything that can be asked, as plain values. */
function everything(feeder: Feeder): unknown {
  const { nodes, sections, devices, ieds } = feeder.file
  return {
    sections: sections.map(({ name }) => [
      feeder.downstreamIeds(name),
      feeder.downstream(name),
      feeder.perhapsDownstream(name),
      feeder.sectionEnergised(name),
      ieds.map(ied => feeder.isDownstream(ied.name, name)),
    ]),
    devices: devices.map(({ name }) => [
      feeder.fedThrough(name),
      feeder.downstreamOfDevice(name),
      feeder.upstreamIeds({ device: name }),
    ]),
    nodes: nodes.map(({ name }) => [
      feeder.upstream(name),
      feeder.energised(name),
      feeder.sourcesOf(name),
      feeder.upstreamZones(name),
      feeder.ties({ node: name }),
    ]),
    ieds: ieds.map(({ name }) => [feeder.parent(name), feeder.children(name), feeder.upstreamIeds({ ied: name })]),
    zones: feeder.zones.map(({ name }) => feeder.ties({ zone: name })),
    whole: [feeder.loops(), feeder.islands(), feeder.sourcesInParallel()],
  }
}

describe('on random feeders with several sources, however meshed and however uncertain,', () => {
  it('every answer after switching is that of a feeder made anew', () => {
    const switching = fc.array(fc.tuple(fc.nat(), fc.constantFrom<DevicePosition>('open', 'closed', 'unknown')), {
      minLength: 1,
      maxLength: 6,
    })
    fc.assert(
      fc.property(drawnFeeders, switching, (drawn, operations) => {
        const feeder = liveFeeder(drawn)
        const { devices } = feeder.file
        fc.pre(devices.length > 0)
        for (const [device, position] of operations) {
          everything(feeder)
          feeder.setPosition(devices[device % devices.length]?.name as string, position)
        }
        const anew = createFeeder(feeder.file)
        for (const { name } of devices) anew.setPosition(name, feeder.position(name))
        expect(everything(feeder)).toEqual(everything(anew))
      }),
      { numRuns: 200 },
    )
  })

  it('sources of a node are those that reach it', () =>
    forAll(feeder => {
      for (const { name } of feeder.file.nodes) {
        const sources = worlds(feeder).map(world => {
          const around = spread(feeder, world, [name])
          return new Set(feeder.file.sources.filter(({ node }) => around.has(node)).map(source => source.name))
        })
        expect(feeder.sourcesOf(name)).toEqual(judged(sources))
      }
    }))

  it('sources in parallel are those that reach each other', () =>
    forAll(feeder => {
      const inParallel = (world: World) =>
        asSets(
          feeder.file.sources
            .map(({ node }) => {
              const around = spread(feeder, world, [node])
              return feeder.file.sources.filter(source => around.has(source.node)).map(({ name }) => name)
            })
            .filter(names => names.length > 1),
        )
      const { certain, undecided } = feeder.sourcesInParallel()
      const least = inParallel(leastWorld(feeder))
      expect(asSets(certain)).toEqual(least)
      expect(asSets(undecided)).toEqual(new Set([...inParallel(mostWorld(feeder))].filter(names => !least.has(names))))
    }))

  it('the way upstream leads over closed sections to a source, with the fewest sections, and on any way means any', () =>
    forAll(feeder => {
      const { file } = feeder
      for (const { name } of file.nodes) {
        const up = feeder.upstream(name)
        expect(up.connected).toBe(feeder.energised(name))
        expect(up.onAnyWay).toEqual(judged(worlds(feeder).map(world => sectionsOnWays(feeder, world, name))))
        if (up.connected === 'no') {
          expect([...up.nodes, ...up.sections, ...up.devices, ...up.sources]).toEqual([])
          continue
        }
        expect(up.nodes[0]).toBe(name)
        expect(up.sources).toEqual(
          file.sources.filter(({ node }) => node === up.nodes.at(-1)).map(source => source.name),
        )
        const world = up.connected === 'yes' ? leastWorld(feeder) : mostWorld(feeder)
        const devices = up.sections.flatMap((section, n) => {
          const { from, to } = feeder.section(section)
          expect(new Set([from, to])).toEqual(new Set([up.nodes[n], up.nodes[n + 1]]))
          expect(passes(feeder, world, section, 'from') && passes(feeder, world, section, 'to')).toBe(true)
          const ends = from === up.nodes[n] ? ['from', 'to'] : ['to', 'from']
          return ends.flatMap(at => file.devices.filter(d => d.section === section && d.at === at).map(d => d.name))
        })
        expect(up.devices).toEqual(devices)
        if (up.connected === 'yes') expect(up.sections.length).toBe(distance(feeder, world, name))
      }
    }))

  it('loops are groups of sections of which any two are on a common loop', () =>
    forAll(feeder => {
      const loopsIn = (world: World) => {
        const names = feeder.file.sections.map(({ name }) => name).sort()
        const withOthers = names.map(one =>
          names.filter(other => other === one || onCommonLoop(feeder, world, one, other)),
        )
        return asSets(withOthers.filter(sections => sections.length > 1))
      }
      const { certain, undecided } = feeder.loops()
      const least = loopsIn(leastWorld(feeder))
      expect(asSets(certain)).toEqual(least)
      expect(asSets(undecided)).toEqual(new Set([...loopsIn(mostWorld(feeder))].filter(names => !least.has(names))))
    }))

  it('islands are what hangs together without a source', () =>
    forAll(feeder => {
      const { file } = feeder
      const [least, most] = [leastWorld(feeder), mostWorld(feeder)]
      const live = reached(feeder, least)
      const dark = [...file.nodes, ...file.sections].map(({ name }) => name).filter(name => !live.has(name))
      const islands = feeder.islands()
      expect(islands.flatMap(({ nodes, sections }) => [...nodes, ...sections]).sort()).toEqual(dark.sort())
      for (const { nodes, sections, generators, customers, certain } of islands) {
        const members = new Set([...nodes, ...sections])
        expect(spread(feeder, least, [[...members][0] as string])).toEqual(members)
        expect(certain).toBe(![...reached(feeder, most)].some(name => members.has(name)))
        expect(generators).toEqual(file.generators.filter(({ node }) => members.has(node)).map(({ name }) => name))
        const loads = file.loads.filter(({ node }) => members.has(node ?? ''))
        expect(customers).toBe(loads.reduce((sum, load) => sum + load.customers, 0))
      }
    }))

  it('ties are the open places whose other side is live without the group', () =>
    forAll(feeder => {
      const { file } = feeder
      const [least, most] = [leastWorld(feeder), mostWorld(feeder)]
      const zoneOf = (name: string) => (name.startsWith('n') ? feeder.zoneOf(name) : feeder.zoneOfSection(name))
      const everyName = [...file.nodes, ...file.sections].map(({ name }) => name)
      const expected = (group: ReadonlySet<string>) =>
        file.sections.flatMap(({ name, from, to }) =>
          (['from', 'to'] as const).flatMap(at => {
            const node = at === 'from' ? from : to
            if (group.has(node) === group.has(name) || passes(feeder, least, name, at)) return []
            const beyond = group.has(node) ? name : node
            if (!reached(feeder, most, { outside: group }).has(beyond)) return []
            const devices = file.devices.filter(d => d.section === name && d.at === at).map(d => d.name)
            const sure = reached(feeder, least, { outside: group }).has(beyond)
            const far = group.has(node) ? (at === 'from' ? to : from) : node
            return [{ section: name, devices, node: far, certain: sure && !passes(feeder, most, name, at) }]
          }),
        )
      const sorted = (ties: readonly { section: string; devices: readonly string[] }[]) =>
        [...ties].sort((one, other) => (one.devices.join() < other.devices.join() ? -1 : 1))
      for (const { name } of file.nodes) {
        expect(sorted(feeder.ties({ node: name }))).toEqual(sorted(expected(spread(feeder, least, [name]))))
      }
      for (const { name } of feeder.zones) {
        const zone = new Set(everyName.filter(member => zoneOf(member) === name))
        const liveWithout = reached(feeder, least, { outside: zone })
        const group = new Set([...spread(feeder, least, [...zone])].filter(member => !liveWithout.has(member)))
        expect(sorted(feeder.ties({ zone: name }))).toEqual(sorted(expected(group)))
      }
    }))

  it('zone neighbours are the zones on the two sides of a device', () =>
    forAll(feeder => {
      const expected = feeder.file.devices.flatMap(({ name, section, at }) => {
        const one = feeder.zoneOf(feeder.section(section)[at])
        const other = feeder.zoneOfSection(section)
        return one === other ? [] : [`${one} ${name} ${other}`, `${other} ${name} ${one}`]
      })
      const found = feeder.zones.flatMap(({ name }) =>
        feeder.zoneNeighbours(name).map(({ zone, device }) => `${name} ${device} ${zone}`),
      )
      expect(found.sort()).toEqual(expected.sort())
    }))
})

/** Sections from a node to the nearest source. */
function distance(feeder: Feeder, world: World, start: string): number {
  const sources = new Set(feeder.file.sources.map(({ node }) => node))
  let [front, steps] = [new Set([start]), 0]
  for (; ![...front].some(node => sources.has(node)); steps++) {
    const next = feeder.file.sections.filter(
      ({ name }) => passes(feeder, world, name, 'from') && passes(feeder, world, name, 'to'),
    )
    front = new Set([...front, ...next.flatMap(({ from, to }) => (front.has(from) || front.has(to) ? [from, to] : []))])
    if (steps > feeder.file.nodes.length) throw new Error('no source')
  }
  return steps
}
