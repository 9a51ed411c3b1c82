import { describe, expect, it } from 'vitest'
import {
  type ControlEvent,
  type ControlledLoad,
  type ControlSettings,
  controlStart,
  loadControl,
  staggerMs,
} from '../../../src/protection/load/load-control.ts'
import { instant } from '../../../topology/units.ts'

const load = (name: string, kw: number, priority: number, more: Partial<ControlledLoad> = {}): ControlledLoad => ({
  name,
  kw,
  priority,
  minOnMs: 0,
  minOffMs: 0,
  heeds: new Set(['price', 'demand']),
  ...more,
})
const settings = (loads: readonly ControlledLoad[], more: Partial<ControlSettings> = {}): ControlSettings => ({
  loads,
  spreadMs: 0,
  gapMs: 0,
  settleMs: 0,
  blindMs: 60_000,
  rotateMs: 600_000,
  ...more,
})
const within: ControlEvent = { price: 'within', demand: 'unlimited' }
const over: ControlEvent = { price: 'over', demand: 'unlimited' }
const demand = (tooMuchKw: number, headroomKw = -tooMuchKw): ControlEvent => ({
  price: 'within',
  demand: { tooMuchKw, headroomKw },
})

function control(given: ControlSettings, off = new Map<string, ReadonlySet<'price' | 'demand'>>()) {
  const step = loadControl(given)
  let state = controlStart(given, off, instant(0))
  return (ms: number, event: ControlEvent): string =>
    (({ state: next, actions }) => {
      state = next
      return actions.map(each => `${each.load} ${each.kind}`).join(', ')
    })(step(state, event, instant(ms)))
}

describe('a price over the limit', () => {
  it('takes off what heeds it, and brings it back', () => {
    const look = control(settings([load('a', 10, 5), load('b', 10, 5, { heeds: new Set(['demand']) })]))
    expect(look(0, over)).toBe('a off')
    expect(look(1, over)).toBe('')
    expect(look(2, within)).toBe('a on')
  })

  it('waits for the least time on and off, either side of it', () => {
    const look = control(settings([load('a', 10, 5, { minOnMs: 1000, minOffMs: 2000 })]))
    expect(look(0, over)).toBe('a off')
    expect(look(1999, within)).toBe('')
    expect(look(2000, within)).toBe('a on')
    expect(look(2999, over)).toBe('')
    expect(look(3000, over)).toBe('a off')
  })

  it('that is not known takes nothing off, and keeps what is off for a while', () => {
    const look = control(settings([load('a', 10, 5)]))
    expect(look(0, { ...within, price: 'unknown' })).toBe('')
    expect(look(1, over)).toBe('a off')
    expect(look(2, { ...over, price: 'unknown' })).toBe('')
    expect(look(60_001, { ...over, price: 'unknown' })).toBe('')
    expect(look(60_002, { ...over, price: 'unknown' })).toBe('a on')
  })
})

describe('a demand over the limit', () => {
  const loads = [load('pump', 30, 3), load('fan', 20, 8), load('heater', 20, 8)]
  it('takes off the least important first, and no more than is needed', () => {
    const look = control(settings(loads))
    expect(look(0, demand(15))).toBe('fan off')
    expect(look(1, demand(15))).toBe('heater off')
    expect(look(2, demand(1))).toBe('pump off')
  })

  it('takes off several at once when one is not enough', () =>
    expect(control(settings(loads))(0, demand(45))).toBe('fan off, heater off, pump off'))

  it('waits until what went off shows', () => {
    const look = control(settings(loads, { settleMs: 1000 }))
    expect(look(0, demand(15))).toBe('fan off')
    expect(look(999, demand(15))).toBe('')
    expect(look(1000, demand(15))).toBe('heater off')
  })

  it('brings the most important back first, when it fits, one at a time', () => {
    const look = control(settings(loads, { gapMs: 1000 }))
    look(0, demand(60))
    expect(look(1, demand(0, 29))).toBe('fan on')
    expect(look(2, demand(0, 40))).toBe('')
    expect(look(1001, demand(0, 40))).toBe('pump on')
    expect(look(2001, demand(0, 19))).toBe('')
    expect(look(2002, demand(0, 20))).toBe('heater on')
  })

  it('of equals takes off the one that has been on longest', () => {
    const look = control(settings(loads))
    expect(look(0, demand(15))).toBe('fan off')
    expect(look(1000, demand(0, 20))).toBe('fan on')
    expect(look(2000, demand(15))).toBe('heater off')
    expect(look(3000, demand(0, 20))).toBe('heater on')
    expect(look(4000, demand(15))).toBe('fan off')
  })

  it('lets equals take turns, fairly', () => {
    const three = ['a', 'b', 'c'].map(name => load(name, 20, 8))
    const look = control(settings([load('pump', 30, 3), ...three]))
    const offMs = new Map<string, number>()
    let off = new Set<string>()
    for (let ms = 0; ms <= 18 * 600_000; ms += 60_000) {
      for (const words of look(ms, demand(ms === 0 ? 15 : 0, 0)).split(', ')) {
        const [name = '', to] = words.split(' ')
        if (to === 'off') off = new Set(off).add(name)
        else off.delete(name)
      }
      expect(off.size).toBe(1)
      for (const name of off) offMs.set(name, (offMs.get(name) ?? 0) + 1)
    }
    const times = ['a', 'b', 'c'].map(name => offMs.get(name) ?? 0)
    expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(11)
    expect(offMs.has('pump')).toBe(false)
  })

  it('that is not known keeps what is off, and then brings it back', () => {
    const look = control(settings(loads))
    expect(look(0, demand(15))).toBe('fan off')
    expect(look(1, { price: 'within', demand: 'unknown' })).toBe('')
    expect(look(60_000, { price: 'within', demand: 'unknown' })).toBe('')
    expect(look(60_001, { price: 'within', demand: 'unknown' })).toBe('fan on')
  })
})

it('what is off for both reasons comes on after both', () => {
  const look = control(settings([load('a', 10, 5)]))
  expect(look(0, { price: 'over', demand: { tooMuchKw: 5, headroomKw: -5 } })).toBe('a off')
  look(1, { price: 'over', demand: { tooMuchKw: 0, headroomKw: 50 } })
  expect(look(2, demand(0, 9))).toBe('')
  expect(look(3, demand(0, 10))).toBe('a on')
})

it('loads come on staggered by their names, each time alike', () => {
  const loads = ['a', 'b', 'c', 'd'].map(name => load(name, 10, 5))
  const look = control(settings(loads, { spreadMs: 60_000 }))
  look(0, over)
  const came: Record<string, number> = {}
  for (let ms = 1000; ms <= 70_000; ms += 100) {
    const [name = '', to] = look(ms, within).split(' ')
    if (to === 'on') came[name] = ms
  }
  expect(Object.keys(came).sort()).toEqual(['a', 'b', 'c', 'd'])
  for (const [name, ms] of Object.entries(came)) {
    expect(ms - 1000 - staggerMs(name, 60_000)).toBeGreaterThanOrEqual(0)
    expect(ms - 1000 - staggerMs(name, 60_000)).toBeLessThan(101)
  }
  expect(new Set(Object.values(came)).size).toBe(4)
})

it('what was off before a restart is known, and comes back', () => {
  const look = control(settings([load('a', 10, 5, { minOffMs: 1000 })]), new Map([['a', new Set(['price' as const])]]))
  expect(look(0, over)).toBe('')
  expect(look(999, within)).toBe('')
  expect(look(1000, within)).toBe('a on')
})
