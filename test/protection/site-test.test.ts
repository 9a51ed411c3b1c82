// How an IED gets into a site test and out of it again, and what the played fault shows.

import { describe, expect, it } from 'vitest'
import { live, type SiteTestEvent, siteTest } from '../../src/protection/site-test.ts'
import { flowingFault, playedStatus, type TestFault, testFault } from '../../src/protection/site-test-fault.ts'
import { createFeeder } from '../../topology/index.ts'
import { duration, instant } from '../../topology/units.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

const TEST = 'a'.repeat(32)
const enter = (isStarter = false): SiteTestEvent => ({
  kind: 'enter',
  test: TEST,
  starter: 'relay',
  isStarter,
  lasts: duration(20_000),
})
const goesOn = (from = 'relay', test = TEST): SiteTestEvent => ({ kind: 'goes-on', test, from })

/** @returns when it leaves and why, with every wake-up that it asks for */
function play(...events: readonly (readonly [number, SiteTestEvent])[]): string[] {
  let state = live as ReturnType<typeof siteTest>['state']
  const told: string[] = []
  const queue = [...events]
  const due = (): number => queue.sort(([one], [other]) => one - other)[0]?.[0] ?? Number.POSITIVE_INFINITY
  while (due() <= 100_000) {
    const [ms, event] = queue.shift() as [number, SiteTestEvent]
    const next = siteTest(state, event, instant(ms))
    state = next.state
    for (const action of next.actions) {
      if (action.kind === 'wake') queue.push([action.at, { kind: 'tick' }])
      else told.push(action.kind === 'enter' ? `${ms} enter` : `${ms} ${action.why}${action.tell ? ' told' : ''}`)
    }
  }
  return told
}

describe('an IED in a site test', () => {
  it('leaves by itself when nobody says anything any more', () => {
    expect(play([0, enter()])).toEqual(['0 enter', '10000 starter-lost'])
    expect(play([0, enter()], [4000, goesOn()], [4500, goesOn()])).toEqual(['0 enter', '7500 starter-lost'])
    expect(play([0, enter(true)])).toEqual(['0 enter', '30000 time'])
  })
  it('is kept in it by its starter alone, and not beyond its time', () => {
    const words = Array.from({ length: 60 }, (_, n): readonly [number, SiteTestEvent] => [n * 1000, goesOn()])
    expect(play([0, enter()], ...words)).toEqual(['0 enter', '30000 time'])
    expect(play([0, enter()], [4000, goesOn()], [6000, goesOn('meter')])).toEqual(['0 enter', '7000 starter-lost'])
    expect(play([0, enter()], [4000, goesOn()], [6000, goesOn('relay', 'b'.repeat(32))])).toEqual([
      '0 enter',
      '7000 starter-lost',
    ])
  })
  it('leaves at a real pickup and tells the others; at their word it leaves and tells nobody', () => {
    expect(play([0, enter()], [2000, { kind: 'end', why: 'pickup' }])).toEqual(['0 enter', '2000 pickup told'])
    expect(play([0, enter()], [2000, { kind: 'ended', test: TEST, why: 'pickup' }])).toEqual(['0 enter', '2000 pickup'])
    expect(play([0, enter(true)], [2000, { kind: 'ended', test: 'b'.repeat(32), why: 'pickup' }])).toEqual([
      '0 enter',
      '30000 time',
    ])
  })
  it('is in one at a time', () => {
    const other: SiteTestEvent = { ...enter(), test: 'b'.repeat(32), starter: 'meter' } as SiteTestEvent
    expect(play([0, enter(true)], [1000, other])).toEqual(['0 enter', '30000 time'])
    expect(play([0, { kind: 'end', why: 'pickup' }])).toEqual([])
  })
})

describe('the played fault', () => {
  const feeder = createFeeder(smallFeeder())
  const at = (section: string): TestFault => {
    const fault = testFault(feeder, section, 'three-phase')
    if (typeof fault === 'string') throw new Error(fault)
    return fault
  }
  const at0 = { at: instant(0), farDead: false }
  const shown = (ied: string, fault: TestFault | undefined, on = feeder, real = at0) => {
    const rest = { wasLive: true, position: 'closed', tripped: false, lockedOut: false, shed: false } as const
    return playedStatus(on, ied, { ...rest, fault }, real)
  }
  const withOpen = (...open: string[]) => {
    const changed = createFeeder(smallFeeder())
    for (const device of open) changed.setPosition(device, 'open')
    return changed
  }

  it('flows through the devices above it, the nearest first, and concerns those on its way and below', () => {
    expect(at('s2').path.map(({ name }) => name)).toEqual(['R2', 'CB'])
    expect(at('s3').path.map(({ name }) => name)).toEqual(['CB'])
    expect([...at('s2').concerned].sort()).toEqual(expect.arrayContaining(['generator', 'meter', 'recloser', 'relay']))
    expect(at('s2').concerned.has('motor')).toBe(false)
  })
  it('concerns whoever would feed again what goes dark', () => {
    expect(at('s2').concerned.has('tie')).toBe(true)
    expect(at('s2').isWithoutRestoration).toBe(false)
  })
  it('is picked up by those that carry it, and enters the sections on its way', () => {
    const fault = at('s2')
    expect(shown('recloser', fault)).toMatchObject({ pickup: true, entered: 1, left: 0, dead: false })
    expect(shown('relay', fault)).toMatchObject({ pickup: true, entered: 1, left: 1 })
    expect(shown('meter', fault)).toMatchObject({ pickup: false, sag: true, dead: false })
    expect(shown('recloser', undefined)).toMatchObject({ pickup: false, entered: 0, sag: false })
  })
  it('is gone when a device has opened, and leaves dark what that fed', () => {
    const open = withOpen('R2')
    expect(flowingFault(open, 's2', 'three-phase')).toContain('R2')
    expect(shown('relay', undefined, open)).toMatchObject({ pickup: false, sag: false, dead: false })
    expect(shown('meter', undefined, open)).toMatchObject({ dead: true })
    // At the live side of it.
    expect(shown('recloser', undefined, open)).toMatchObject({ dead: false, farDead: true })
  })
  it('is back, through whatever feeds it, when its section is closed onto', () => {
    const tied = withOpen('R2')
    tied.setPosition('T4', 'closed')
    expect(flowingFault(tied, 's2', 'three-phase')).toMatchObject({ section: 's2' })
  })
  it('shows what the real device measures and nothing else, and what a person has set on it', () => {
    const real = { at: instant(0), hotLineTag: true }
    const status = shown('recloser', at('s2'), feeder, real as never)
    expect(status).toMatchObject({ hotLineTag: true })
    expect(status).not.toHaveProperty('farDead')
    expect(status).not.toHaveProperty('shed')
  })
  it('does not pick the neighbour up', () => {
    expect(shown('recloser', at('s3'))).toMatchObject({ pickup: false, entered: 0, sag: true })
  })
  it('cannot be where there is nothing, or no source', () => {
    expect(testFault(feeder, 'nowhere', 'line-ground')).toContain('nowhere')
    const dark = createFeeder(smallFeeder())
    dark.setPosition('CB', 'open')
    expect(testFault(dark, 's2', 'three-phase')).toContain('not fed')
    dark.setPosition('CB', 'closed')
    dark.setPosition('R2', 'unknown')
    expect(testFault(dark, 's2', 'three-phase')).toContain('R2')
  })
})
