// Plans computed by hand, and every plan of small sites compared with what `dispatch` found.

import { describe, expect, it } from 'vitest'
import { type DispatchInput, dispatch, type Quantity, type Unit } from '../../../src/protection/load/dispatch.ts'
import { type Money, type Price, priceOf } from '../../../src/protection/load/price.ts'

const price = (text: string): Price => priceOf(text) as Price
/** Thousand-millionths of the currency. */
const money = (whole: number): Money => BigInt(whole * 1e9) as Money

const unit = (name: string, kw: readonly number[], fuel: string, more: Partial<Unit> = {}): Unit => ({
  name,
  levelsW: kw.map(each => each * 1000),
  fuel: price(fuel),
  wearPerHour: money(0),
  startCost: money(0),
  leastRunHours: 1,
  nowW: 0,
  isHeld: false,
  ...more,
})
const site = (more: Partial<DispatchInput>): DispatchInput => ({
  goal: { quantity: 'cost', least: true },
  buy: price('0.30'),
  sell: price('0.10'),
  loadW: 100_000,
  units: [],
  transfers: [],
  reserveW: 0,
  leastGain: 0n,
  ...more,
})
const words = (input: DispatchInput): string => {
  const { plan } = dispatch(input)
  return [...plan.watts]
    .map(([name, watts]) => `${name} ${watts / 1000}`)
    .concat([...plan.onSecond])
    .join(', ')
}

describe('by hand', () => {
  const chp = unit('chp', [60], '0.20')
  it.each<[string, Partial<DispatchInput>, string]>([
    // 60 kWh for 0.20 instead of 0.30.
    ['runs what is cheaper than buying', { units: [chp] }, 'chp 60'],
    ['stops what is dearer', { units: [{ ...chp, nowW: 60_000 }], buy: price('0.19') }, 'chp 0'],
    // 100 of 150 kW are used (saves 30), 50 sold for 5; fuel 30: 5 to the good. At 0.24 a kWh 36: 1 to the bad.
    ['sells the rest when that still pays', { units: [unit('g', [150], '0.20')] }, 'g 150'],
    ['and not when it does not', { units: [unit('g', [150], '0.24')] }, 'g 0'],
    // Saving of 6 an hour against 5 and 7 of wear.
    ['reckons with wear', { units: [{ ...chp, wearPerHour: money(5) }] }, 'chp 60'],
    ['that eats the saving up', { units: [{ ...chp, wearPerHour: money(7) }] }, 'chp 0'],
    // Start for 20, spread over four hours: 5 an hour; over two: 10.
    ['reckons with the start', { units: [{ ...chp, startCost: money(20), leastRunHours: 4 }] }, 'chp 60'],
    ['which has to pay within its least run', { units: [{ ...chp, startCost: money(20), leastRunHours: 2 }] }, 'chp 0'],
    ['does not start for it what runs', { units: [{ ...chp, nowW: 60_000, startCost: money(99) }] }, 'chp 60'],
    // 40 kW would be exported.
    ['curtails at the export limit', { units: [unit('pv', [40, 140], '0')], exportLimitW: 0 }, 'pv 40'],
    [
      'runs at a loss to keep the import limit',
      { units: [{ ...chp, fuel: price('0.90') }], importLimitW: 50_000 },
      'chp 60',
    ],
    ['and to have the reserve', { units: [{ ...chp, fuel: price('0.90') }], reserveW: 60_000 }, 'chp 60'],
    ['leaves what is held', { units: [{ ...chp, isHeld: true }] }, 'chp 0'],
    [
      'moves a load to a cheaper second source',
      { transfers: [{ load: 'mill', watts: 30_000, secondPerKwh: price('0.25'), isOnSecond: false, isHeld: false }] },
      'mill',
    ],
    // 0.20 for what generators have to spare would be lost.
    [
      'but not from under the own generation',
      {
        units: [{ ...unit('pv', [100], '0'), nowW: 100_000, isHeld: true }],
        transfers: [{ load: 'mill', watts: 30_000, secondPerKwh: price('0.25'), isOnSecond: false, isHeld: false }],
      },
      'pv 100',
    ],
    [
      'buys the least',
      { goal: { quantity: 'consumption', least: true }, units: [{ ...chp, fuel: price('9') }] },
      'chp 60',
    ],
    ['sells the most', { goal: { quantity: 'revenue', least: false }, units: [unit('g', [150], '9')] }, 'g 150'],
    // 100 kW are used at either level; the lower one costs less.
    [
      'uses the most of its own',
      { goal: { quantity: 'usage', least: false }, units: [unit('g', [100, 150], '0.20')] },
      'g 100',
    ],
    [
      'buys the most, as to fill a battery by day',
      { goal: { quantity: 'consumption', least: false }, units: [{ ...chp, nowW: 60_000 }] },
      'chp 0',
    ],
  ])('%s', (_, given, plan) => expect(words(site(given))).toBe(plan))

  it('does not switch for less than the least gain', () => {
    // 6.0 an hour.
    const input = site({ units: [chp] })
    expect(dispatch({ ...input, leastGain: money(6) }).isBetter).toBe(true)
    expect(dispatch({ ...input, leastGain: (money(6) + 1n) as Money }).isBetter).toBe(false)
    // A limit is mended whatever it gains.
    expect(dispatch({ ...input, leastGain: money(999), importLimitW: 50_000 }).isBetter).toBe(true)
  })
})

describe('against all plans', () => {
  /** The goal, written down a second time: money as decimals of whole cents an hour is enough here. */
  function worth({ goal, buy, sell, loadW, units }: DispatchInput, kw: readonly number[]): number {
    const made = kw.reduce((sum, each) => sum + each, 0)
    const net = loadW / 1000 - made
    const fuel = units.reduce((sum, { fuel: own, wearPerHour, startCost, nowW, leastRunHours }, n) => {
      const its = kw[n] ?? 0
      const start = its > 0 && nowW === 0 ? Number(startCost) / 1e9 / leastRunHours : 0
      return sum + (Number(own) / 1e6) * its + (its > 0 ? Number(wearPerHour) / 1e9 : 0) + start
    }, 0)
    const sold = Math.max(0, -net)
    const cost = fuel + (Number(buy) / 1e6) * Math.max(0, net) - (Number(sell) / 1e6) * sold
    const values = {
      cost,
      revenue: (Number(sell) / 1e6) * sold,
      consumption: Math.max(0, net),
      usage: Math.min(made, loadW / 1000),
    }
    return goal.least ? values[goal.quantity] : -values[goal.quantity]
  }

  const few = (seed: number, n: number): number => ((Math.imul(seed * 31 + n, 0x9e3779b1) >>> 8) % 1000) / 1000
  it('of 200 drawn sites finds none better', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const units = [0, 1, 2].map(n => {
        const top = 20 + Math.round(few(seed, n) * 10) * 10
        const levels = [top / 2, top]
        return unit(`g${n}`, levels, (few(seed, n + 10) * 0.5).toFixed(2), {
          wearPerHour: money(Math.round(few(seed, n + 20) * 5)),
          startCost: money(Math.round(few(seed, n + 30) * 10)),
          leastRunHours: 2,
          nowW: few(seed, n + 40) > 0.5 ? top * 1000 : 0,
        })
      })
      const goals = (['cost', 'revenue', 'consumption', 'usage'] as Quantity[]).flatMap(quantity => [
        { quantity, least: true },
        { quantity, least: false },
      ])
      const input = site({
        units,
        loadW: Math.round(few(seed, 50) * 20) * 10_000,
        goal: goals[seed % 8] as DispatchInput['goal'],
      })
      const found = worth(
        input,
        [...dispatch(input).plan.watts.values()].map(watts => watts / 1000),
      )
      const options = units.map(({ levelsW }) => [0, ...levelsW.map(watts => watts / 1000)])
      for (const a of options[0] as number[])
        for (const b of options[1] as number[])
          for (const c of options[2] as number[]) {
            expect(found).toBeLessThanOrEqual(worth(input, [a, b, c]) + 1e-9)
          }
    }
  })
})
