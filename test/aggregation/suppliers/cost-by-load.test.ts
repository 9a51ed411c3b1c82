// The cost of a meter load by load: worked by hand, and adding up whatever the tariff and the readings are.

import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Interval, priceSeries, type TariffInput, tariffSchema } from '../../../src/aggregation/billing/index.ts'
import { costByLoad, loadPricing } from '../../../src/aggregation/suppliers/cost-by-load.ts'
import { costNow } from '../../../src/aggregation/suppliers/cost-now.ts'
import { loadsBehind } from '../../../src/aggregation/suppliers/loads-behind.ts'
import { createFeeder } from '../../../topology/feeder.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'
import { smallFeeder } from '../../sim/small-feeder.ts'

const tariff = (more: Partial<TariffInput>) =>
  tariffSchema.parse({ tariff: 'T', currency: 'EUR', timeZone: 'UTC', ...more })
const START = Date.parse('2026-06-01T00:00:00Z')
const HOUR = 3_600_000
type Wh = readonly [number, number?]
const hourly = (energies: readonly Wh[]): Interval[] =>
  energies.map(([importWh, exportWh = 0], n) => ({
    startUtcMs: START + n * HOUR,
    endUtcMs: START + (n + 1) * HOUR,
    importWh: BigInt(importWh),
    exportWh: BigInt(exportWh),
    quality: 'valid',
  }))

function told(
  given: ReturnType<typeof tariff>,
  whole: readonly Wh[],
  below: Readonly<Record<string, readonly Wh[]>>,
  {
    watts,
    prices,
    nowUtcMs = START + whole.length * HOUR,
  }: { watts?: readonly (number | undefined)[]; prices?: ReturnType<typeof priceSeries>; nowUtcMs?: number } = {},
) {
  const intervals = hourly(whole)
  const cost = costNow(given, intervals, nowUtcMs, undefined, prices)
  const pricing = loadPricing(given, intervals, nowUtcMs, prices)
  const measured = Object.entries(below).map(([name, energies], n) => ({
    loads: [name],
    measuredBy: `meter-${name}`,
    energy: pricing.net(hourly(energies)),
    watts: watts?.[n + 1],
  }))
  const meter = { name: 'main', watts: watts?.[0], cost }
  return { cost, rows: costByLoad(given, pricing, meter, measured, ['lights', 'lifts']) }
}
const short = ({ kind, monthKwh, month }: ReturnType<typeof told>['rows'][number]) => [kind, monthKwh, month]

describe('the cost of a load', () => {
  it('is its energy at the price of each interval; what nobody else meters is one row, and tax and roundings the last', () => {
    const given = tariff({
      energy: [{ name: 'E', realTime: { fallbackPerKwh: '0.333' } }],
      fixed: [{ name: 'F', perBill: '2' }],
      taxes: [{ name: 'T', percent: '10' }],
    })
    const prices = priceSeries([{ fromUtcMs: START + HOUR, perKwh: '0.05' }], HOUR)
    const { cost, rows } = told(
      given,
      [[3_000], [2_000]],
      { oven: [[1_000], [1_500]], fans: [[500], [0]] },
      { prices, watts: [4_000, 1_500, 1_000] },
    )
    expect(rows.map(short)).toEqual([
      // 1 × 0.333 + 1.5 × 0.05 = 0.408
      ['load', '2.500', '0.41'],
      ['load', '0.500', '0.17'],
      // 1.5 × 0.333 + 0.5 × 0.05 = 0.5245
      ['rest', '2.000', '0.52'],
      // 1.10 of energy and 2.00, and 10 % of it: 3.41, less 0.41, 0.17 and 0.52
      ['charges', '0.000', '2.31'],
    ])
    expect(cost.month).toBe('3.41')
    expect(rows.map(({ watts }) => watts)).toEqual([1_500, 1_000, 1_500, undefined])
    expect(rows[0]?.perHour).toBe('0.4995')
  })
  it('is by the tier that the whole meter has reached then', () => {
    const tiers = [{ upToKwh: '2', perKwh: '0.10' }, { perKwh: '1' }]
    const given = tariff({ proration: 'none', energy: [{ name: 'E', tiers }] })
    const { rows } = told(given, [[2_000], [2_000]], { oven: [[1_000], [1_000]] })
    expect(rows.map(short)).toEqual([
      ['load', '2.000', '1.10'],
      ['rest', '2.000', '1.10'],
      ['charges', '0.000', '0.00'],
    ])
  })
  it('of a generator is what it saves, less what goes on to the network', () => {
    const given = tariff({ energy: [{ name: 'E', perKwh: '0.50' }] })
    const { rows } = told(given, [[0, 600], [1_000]], {
      sun: [
        [0, 1_600],
        [0, 200],
      ],
      oven: [[1_000], [1_200]],
    })
    expect(rows.map(short)).toEqual([
      ['load', '-1.800', '-0.90'],
      ['load', '2.200', '1.10'],
      ['given', '0.600', '0.30'],
      ['rest', '0.000', '0.00'],
      ['charges', '0.000', '0.00'],
    ])
  })
  it('counts no further than its meter does, and a draw that is not known leaves that of the rest unknown', () => {
    const given = tariff({ energy: [{ name: 'E', perKwh: '1' }] })
    const { rows } = told(
      given,
      [[1_000]],
      { oven: [[400], [9_000]] },
      { watts: [1_000, undefined], nowUtcMs: START + 2 * HOUR },
    )
    expect(rows.map(short).slice(0, 2)).toEqual([
      ['load', '0.400', '0.40'],
      ['rest', '0.600', '0.60'],
    ])
    expect(rows.map(({ watts }) => watts)).toEqual([undefined, undefined, undefined])
  })
  it('adds up to the cost of the meter, to the watt-hour and the cent', () => {
    const wh = fc.integer({ min: 0, max: 9_999_999 })
    const hours = fc.array(fc.tuple(wh, fc.oneof(fc.constant(0), wh)), { minLength: 1, maxLength: 60 })
    const price = fc.integer({ min: -500_000, max: 900_000 }).map(n => (n / 1e6).toFixed(6))
    const given = fc.record({
      decimals: fc.constantFrom(0, 2, 3),
      rounding: fc.constantFrom('half-up' as const, 'half-even' as const),
      energy: fc.oneof(
        price.map(perKwh => [{ name: 'E', perKwh }]),
        fc.tuple(price, price).map(([a, b]) => [{ name: 'E', tiers: [{ upToKwh: '700', perKwh: a }, { perKwh: b }] }]),
      ),
      taxes: price.map(perKwh => [{ name: 'T', perKwh }]),
    })
    fc.assert(
      fc.property(given, hours, hours, hours, (more, whole, one, two) => {
        const { cost, rows } = told(tariff(more), whole, { one, two })
        for (const key of ['todayKwh', 'monthKwh', 'today', 'month'] as const) {
          const whole = (text: string): bigint => BigInt(text.replace('.', ''))
          expect(rows.reduce((sum, row) => sum + whole(row[key]), 0n)).toBe(whole(cost[key]))
        }
      }),
      { seed: 7, numRuns: 60 },
    )
  })
})

describe('the loads behind a meter', () => {
  it('of a customer are its own, of a device all below it, whatever the ties are', () => {
    const feeder = createFeeder(smallFeeder())
    expect(loadsBehind(feeder, 'meter')).toEqual({ parts: ['L2'], subMeters: [], together: ['L2'] })
    expect(loadsBehind(feeder, 'recloser')).toEqual({
      parts: ['G2', 'L2'],
      subMeters: [
        { ied: 'generator', parts: ['G2'] },
        { ied: 'meter', parts: ['L2'] },
      ],
      together: [],
    })
    expect(loadsBehind(feeder, 'rtu')).toEqual({ parts: [], subMeters: [], together: [] })
  })
  it('are each metered once: alone before together, by a meter before a device', () => {
    const at = (name: string, more: object) => ({ name, kind: 'meter', node: 'N2', organisation: 'u', ...more })
    const relay = { name: 'relay', kind: 'relay', node: 'S', organisation: 'u', operates: 'CB' }
    const ieds = [
      relay,
      at('both', { meters: ['L2', 'L3'] }),
      at('motor', { operates: 'L2' }),
      at('own', { meters: ['L2'] }),
    ]
    const feeder = createFeeder(smallFeeder({ ieds }))
    const own = [{ ied: 'own', parts: ['L2'] }]
    expect(loadsBehind(feeder, 'relay')).toMatchObject({ subMeters: own, together: ['G2', 'L3'] })
    expect(loadsBehind(feeder, 'both')).toMatchObject({ subMeters: own, together: ['L3'] })
    // Two meters of one load are not below each other.
    expect(loadsBehind(feeder, 'motor')).toMatchObject({ subMeters: [], together: ['L2'] })
  })
  it('of a works are its drives, its workshop and its furnace, with what generates', async () => {
    const feeder = createFeeder(
      parseFeeder(await readFile('topology/feeders/customer-site.yaml', 'utf8'), 'customer-site.yaml'),
    )
    const { subMeters, together } = loadsBehind(feeder, 'relay-pcc')
    expect(subMeters.map(({ ied }) => ied)).toEqual([
      'gen-chp',
      'gen-solar',
      'meter-furnace',
      'meter-workshop',
      'motor-fans',
      'motor-mill',
    ])
    expect(together).toEqual([])
  })
})
