// The zone that a device's fast trip answers for, on a loop scheme with fuses, and a recloser without an IED below.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { interlockZone } from '../../src/protection/interlock-zone.ts'
import { createFeeder, type DevicePosition, parseFeeder } from '../../topology/index.ts'

const feederAt = (path: string, positions: Readonly<Record<string, DevicePosition>> = {}) => {
  const feeder = createFeeder(parseFeeder(readFileSync(path, 'utf8'), path))
  for (const [device, position] of Object.entries(positions)) feeder.setPosition(device, position)
  return feeder
}
function zone(path: string, device: string, positions: Readonly<Record<string, DevicePosition>> = {}) {
  const feeder = feederAt(path, positions)
  const found = interlockZone(feeder, feeder.device(device))
  if ('bar' in found) return found.bar
  return { asks: found.neighbours, waits: found.waitFor.map(({ name }) => name).sort(), below: found.feedsFromBelow }
}
const LOOP = 'topology/feeders/loop-pair.yaml'
const SITE = 'topology/feeders/customer-site.yaml'
const IEEE13 = 'topology/feeders/ieee13.yaml'

describe('the zone of the interlock', () => {
  it('asks the next devices that interrupt, and looks through switches', () => {
    expect(zone(IEEE13, 'CB650')).toEqual({ asks: ['R632', 'R645'], waits: [], below: true })
    // R675 stands beyond the switch SW692.
    expect(zone(IEEE13, 'R632')).toEqual({ asks: ['R675', 'R684'], waits: [], below: true })
    expect(zone(IEEE13, 'R684')).toEqual({ asks: [], waits: [], below: false })
  })
  it('asks nobody beyond an open switch', () => {
    expect(zone(IEEE13, 'R632', { SW692: 'open' })).toEqual({ asks: ['R684'], waits: [], below: false })
  })
  it('names an open device that may close again by itself, and no other', () => {
    const reclosing = (positions: Readonly<Record<string, DevicePosition>>) => {
      const feeder = feederAt(LOOP, positions)
      const found = interlockZone(feeder, feeder.device('CB-N'))
      return 'bar' in found ? found.bar : found.mayReclose
    }
    expect(reclosing({})).toEqual([])
    expect(reclosing({ 'RC-N': 'open' })).toEqual(['RC-N'])
    // Beyond it nothing matters; a switch stays open until somebody closes it.
    expect(reclosing({ 'SW-N': 'open', 'RC-N': 'open' })).toEqual([])
  })
  it('waits for fuses, and for a recloser without an IED', () => {
    const north = zone(LOOP, 'CB-N')
    expect(north).toMatchObject({ asks: ['RC-N'] })
    expect((north as { waits: string[] }).waits).toContain('F-N2')
    expect((zone(LOOP, 'CB-S') as { waits: string[] }).waits).toContain('RL-S2')
  })
  it.each([
    ['the position of a neighbour', IEEE13, 'R632', { R684: 'unknown' }, 'the position of R684 is not known'],
    ['the position of a switch within', IEEE13, 'R632', { SW692: 'unknown' }, 'the position of SW692 is not known'],
    ['a tie to another source, which may be closed', LOOP, 'RC-N', { TR: 'unknown' }, 'it may be fed from both sides'],
    ['a tie to another source, which is closed', LOOP, 'RC-N', { TR: 'closed' }, 'it may be fed from both sides'],
    ['no source', IEEE13, 'R632', { CB650: 'open' }, 'no source feeds it'],
  ] as const)('is none with %s in doubt', (_, path, device, positions, bar) => {
    expect(zone(path, device, positions)).toBe(bar)
  })
  it('does not mind a doubt beyond its neighbours, or above while only one side can have a source', () => {
    expect(zone(IEEE13, 'CB650', { R684: 'unknown' })).toEqual({ asks: ['R632', 'R645'], waits: [], below: true })
    expect(zone(IEEE13, 'R632', { CB650: 'unknown' })).toEqual({ asks: ['R675', 'R684'], waits: [], below: true })
  })
  it('turns round with the supply: fed over the tie, the device answers for what was above it', () => {
    const turned = zone(LOOP, 'RC-N', { TR: 'closed', 'CB-N': 'open' })
    expect(turned).toMatchObject({ asks: [] })
    expect((turned as { waits: string[] }).waits).toContain('F-N3')
    expect((zone(LOOP, 'RC-N') as { waits: string[] }).waits).not.toContain('F-N3')
  })
  it('knows where generators can feed a fault from below', () => {
    expect(zone(SITE, 'PCC')).toMatchObject({ below: true })
    expect(zone(SITE, 'CB-M')).toMatchObject({ below: false })
  })
})
