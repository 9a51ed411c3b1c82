// Random feeders, random positions: every answer compared with one got by trying each world that the unknown positions
// leave possible, and each section in turn taken away.

import { describe, expect, it } from 'vitest'
import { createFeeder } from '../../topology/feeder.ts'
import { forAllFeeders as forAll, type Judged, judged, lostWithout, reached, worlds } from './drawn-feeders.ts'

const iedsAt = (names: ReadonlySet<string>) =>
  new Set([...names].filter(name => name.startsWith('n')).map(n => `i-${n}`))
const membership = ({ certain, undecided }: Judged) => ({
  certain: iedsAt(certain),
  undecided: iedsAt(undecided),
})

describe('on random feeders, however meshed and however uncertain,', () => {
  it('downstream is what loses the source when the section alone opens', () =>
    forAll(feeder => {
      for (const { name } of feeder.file.sections) {
        const lost = lostWithout(feeder, name)
        expect(feeder.downstreamIeds(name)).toEqual(membership(lost))
        const below = feeder.downstream(name)
        expect(new Set([...below.nodes, ...below.sections])).toEqual(lost.certain)
        expect(below.ieds).toEqual(iedsAt(lost.certain))
        const loads = feeder.file.loads.filter(load => lost.certain.has(load.node ?? ''))
        expect(below.customers).toBe(loads.reduce((sum, { customers }) => sum + customers, 0))
        expect(below.loadKw).toBe(loads.reduce((sum, { kw }) => sum + (kw.a ?? 0), 0))
        const perhaps = feeder.perhapsDownstream(name)
        expect(new Set([...perhaps.nodes, ...perhaps.sections])).toEqual(lost.undecided)
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

  it('downstream of a device is what loses the source when it opens', () =>
    forAll(feeder => {
      for (const { name } of feeder.file.devices) {
        const before = feeder.position(name)
        feeder.setPosition(name, 'closed')
        const lost = judged(
          worlds(feeder).map(world => {
            const left = reached(feeder, new Map(world).set(name, false))
            return new Set([...reached(feeder, world)].filter(other => !left.has(other)))
          }),
        )
        feeder.setPosition(name, before)
        const { nodes, sections } = feeder.downstreamOfDevice(name)
        expect(new Set([...nodes, ...sections])).toEqual(lost.certain)
      }
    }))

  it('energised is what a source reaches', () =>
    forAll(feeder => {
      const { certain, undecided } = judged(worlds(feeder).map(world => reached(feeder, world)))
      const answer = (name: string) => (certain.has(name) ? 'yes' : undecided.has(name) ? 'unknown' : 'no')
      for (const { name } of feeder.file.nodes) expect(feeder.energised(name)).toBe(answer(name))
      for (const { name } of feeder.file.sections) expect(feeder.sectionEnergised(name)).toBe(answer(name))
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
        const tops = file.sources.map(({ node }) => `i-${node}`)
        expect(tops).toContain(chain.at(-1))
        const zones = feeder.upstreamZones(name.slice(2))
        expect(zones[0]).toBe(feeder.zoneOf(name.slice(2)))
        expect(file.sources.some(({ node }) => zones.includes(feeder.zoneOf(node)))).toBe(true)
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
