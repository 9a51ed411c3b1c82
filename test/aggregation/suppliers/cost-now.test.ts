// The price of the next kWh and the cost so far, against bills computed by hand.

import { describe, expect, it } from 'vitest'
import { shown } from '../../../src/aggregation/billing/exact.ts'
import {
  type Interval,
  marginalPrice,
  priceSeries,
  type TariffInput,
  tariffSchema,
} from '../../../src/aggregation/billing/index.ts'
import { costNow, monthOf } from '../../../src/aggregation/suppliers/cost-now.ts'

const tariff = (more: Partial<TariffInput>) =>
  tariffSchema.parse({ tariff: 'T', currency: 'EUR', timeZone: 'UTC', ...more })
const START = Date.parse('2026-06-01T00:00:00Z')
const HOUR = 3_600_000
/** One kWh in each hour of June. */
const hours = (count: number): Interval[] =>
  Array.from({ length: count }, (_, n) => ({
    startUtcMs: START + n * HOUR,
    endUtcMs: START + (n + 1) * HOUR,
    importWh: 1_000n,
    exportWh: 0n,
    quality: 'valid',
  }))

describe('the next kWh', () => {
  const at = (given: ReturnType<typeof tariff>, hour: number, prices?: ReturnType<typeof priceSeries>) => {
    const utcMs = START + hour * HOUR
    return shown(marginalPrice(given, utcMs, hours(hour), monthOf(given, utcMs), prices), 2)
  }
  it('is of the tier that the usage so far has reached', () => {
    const tiered = tariff({ energy: [{ name: 'E', tiers: [{ upToKwh: '48', perKwh: '0.10' }, { perKwh: '0.30' }] }] })
    expect([at(tiered, 47), at(tiered, 48)]).toEqual(['0.10', '0.30'])
  })
  it('is the sum of all charges in the period of the hour', () => {
    const given = tariff({
      schedules: { use: { periods: { peak: [{ from: '08:00', to: '20:00' }] }, otherwise: 'off' } },
      energy: [
        { name: 'E', periods: { peak: { perKwh: '0.25' }, off: { perKwh: '0.10' } } },
        { name: 'Delivery', perKwh: '0.0415' },
      ],
    })
    expect([at(given, 7), at(given, 8), at(given, 20)]).toEqual(['0.1415', '0.2915', '0.1415'])
  })
  it('is the pushed price with its surcharge, and the agreed one where none was pushed', () => {
    const given = tariff({ energy: [{ name: 'E', realTime: { plusPerKwh: '0.02', fallbackPerKwh: '0.50' } }] })
    const prices = priceSeries([{ fromUtcMs: START + HOUR, perKwh: '-0.05' }], HOUR)
    expect([at(given, 1, prices), at(given, 2, prices)]).toEqual(['-0.03', '0.52'])
  })
})

describe('the cost now', () => {
  it('is of today, of the month, and of an hour at the present draw', () => {
    const flat = tariff({
      energy: [{ name: 'E', perKwh: '0.20' }],
      fixed: [{ name: 'F', perDay: '1' }],
      taxes: [{ name: 'T', percent: '10' }],
    })
    // Two days and twelve hours: 60 kWh, 2.5 days.
    expect(costNow(flat, hours(60), START + 60 * HOUR, 2_500)).toEqual({
      currency: 'EUR',
      perKwh: '0.20',
      perHour: '0.5000',
      // 14.50 + 1.45 of 60 kWh, less 11.60 + 1.16 of the two days before.
      month: '15.95',
      today: '3.19',
      revenue: '14.50',
      todayKwh: '12.000',
      monthKwh: '60.000',
    })
  })
  it('says nothing of an hour while the draw is not known', () => {
    const flat = tariff({ energy: [{ name: 'E', perKwh: '0.20' }] })
    expect(costNow(flat, hours(3), START + 3 * HOUR, undefined)).not.toHaveProperty('perHour')
  })
})
