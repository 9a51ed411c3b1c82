// Bills, against the worked figures of metering practice and with properties over fixed seeds.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { billingDays } from '../../../src/aggregation/billing/billing-days.ts'
import { demandOf, demandWindows, greatestWindow } from '../../../src/aggregation/billing/demand.ts'
import { decimal, rounded, shown } from '../../../src/aggregation/billing/exact.ts'
import {
  bill,
  compileTariff,
  type Interval,
  type Period,
  statement,
  type TariffInput,
  tariffSchema,
} from '../../../src/aggregation/billing/index.ts'
import { powerFactor } from '../../../src/aggregation/billing/power-factor.ts'
import { type ZoneClock, zoneClock } from '../../../src/aggregation/local-time.ts'

const CHICAGO = zoneClock('America/Chicago') as ZoneClock
const at = (text: string): number => Date.parse(text)
const midnight = (text: string): number => CHICAGO.midnight(text) as number
const days = (from: string, to: string): Period => ({ fromUtcMs: midnight(from), toUtcMs: midnight(to) })
const tariff = (input: Partial<TariffInput>) =>
  tariffSchema.parse({ tariff: 'T', currency: 'USD', timeZone: 'America/Chicago', ...input })
const QUARTER = 900_000

/** @param of energy of the interval that starts then */
function intervals(
  { fromUtcMs, toUtcMs }: Period,
  of: (utcMs: number) => Partial<Interval>,
  length = QUARTER,
): Interval[] {
  const found: Interval[] = []
  for (let start = fromUtcMs; start < toUtcMs; start += length) {
    found.push({
      startUtcMs: start,
      endUtcMs: start + length,
      importWh: 0n,
      exportWh: 0n,
      quality: 'valid',
      ...of(start),
    })
  }
  return found
}
const amounts = (made: ReturnType<typeof bill>): string[] =>
  made.lines.map(({ name, period, tier, amount }) =>
    [name, period, tier, amount].filter(each => each !== undefined).join(' '),
  )

describe('exact numbers', () => {
  it('rounds a half up or to even, away from zero alike', () => {
    const cases = ['0.125', '0.135', '-0.125', '-0.135', '0.1249']
    expect(cases.map(text => rounded(decimal(text), 2, 'half-up'))).toEqual([13n, 14n, -13n, -14n, 12n])
    expect(cases.map(text => rounded(decimal(text), 2, 'half-even'))).toEqual([12n, 14n, -12n, -14n, 12n])
  })
  it('adds a tenth and two tenths to three', () => expect(shown(decimal('1e-1'), 2)).toBe('0.10'))
})

describe('quantities', () => {
  it('finds 84 kW by blocks and 96 kW by rolling windows in 5 7 9 8 3 2 kWh of five minutes', () => {
    const values = [5n, 7n, 9n, 8n, 3n, 2n]
    const given = values.map(
      (kwh, n): Interval => ({
        startUtcMs: n * 300_000,
        endUtcMs: (n + 1) * 300_000,
        importWh: kwh * 1000n,
        exportWh: 0n,
        quality: 'valid',
      }),
    )
    const greatest = (method: 'block' | 'rolling'): string => {
      const found = greatestWindow(
        demandWindows(given, { method, minutes: 15, stepMinutes: 5, afterOutageMinutes: 0 }, 0),
      )
      return found === undefined ? '' : shown(demandOf(found))
    }
    expect([greatest('block'), greatest('rolling')]).toEqual(['84', '96'])
    const gap = given.filter((_, n) => n !== 2)
    expect(demandWindows(gap, { method: 'block', minutes: 15, stepMinutes: 5, afterOutageMinutes: 0 }, 0)).toHaveLength(
      1,
    )
  })

  it('does not count demand right after an outage', () => {
    const given = intervals({ fromUtcMs: 0, toUtcMs: 8 * QUARTER }, start => ({
      importWh: start === 2 * QUARTER ? 0n : start === 3 * QUARTER ? 9_000n : 1_000n,
      ...(start === 2 * QUARTER ? { isOutage: true } : {}),
    }))
    const kw = (afterOutageMinutes: number): string => {
      const found = greatestWindow(
        demandWindows(given, { method: 'block', minutes: 15, stepMinutes: 5, afterOutageMinutes }, 0),
      )
      return found === undefined ? '' : shown(demandOf(found))
    }
    expect([kw(0), kw(15), kw(16)]).toEqual(['36', '4', '4'])
  })

  it('has a power factor of 0.8 at 1000 kWh and 750 kvarh', () => {
    expect(shown(powerFactor(1_000_000n, 750_000n))).toBe('0.8')
    expect(shown(powerFactor(0n, 0n))).toBe('1')
  })
})

describe('local days', () => {
  it('has 23 and 25 hours where the clocks change, and bills each as a day', () => {
    expect(CHICAGO.hoursInDay({ year: 2026, month: 3, day: 8 })).toBe(23)
    expect(CHICAGO.hoursInDay({ year: 2026, month: 11, day: 1 })).toBe(25)
    expect(shown(billingDays(days('2026-03-08', '2026-03-09'), CHICAGO).days)).toBe('1')
    expect(shown(billingDays(days('2026-02-01', '2026-03-01'), CHICAGO).months)).toBe('1')
    expect(zoneClock('America/Nowhere')).toBeUndefined()
  })

  it('prices the hour that comes twice twice, and the one left out never', () => {
    const night = tariff({
      schedules: { s: { periods: { night: [{ from: '01:00', to: '03:00' }] }, otherwise: 'day' } },
      energy: [{ name: 'E', periods: { night: { perKwh: '1' }, day: { perKwh: '0' } } }],
    })
    const nightKwh = (from: string, to: string): string | undefined => {
      const made = bill(
        night,
        intervals(days(from, to), () => ({ importWh: 250n })),
        days(from, to),
      )
      return made.lines.find(({ period }) => period === 'night')?.quantity
    }
    expect(nightKwh('2026-03-08', '2026-03-09')).toBe('1')
    expect(nightKwh('2026-06-08', '2026-06-09')).toBe('2')
    expect(nightKwh('2026-11-01', '2026-11-02')).toBe('3')
  })

  it('knows the clock of a zone as Intl does, whatever the order of asking', () => {
    const format = new Intl.DateTimeFormat('en-GB', {
      timeZone: 'Europe/Berlin',
      hourCycle: 'h23',
      hour: '2-digit',
      minute: '2-digit',
      day: '2-digit',
    })
    const zone = zoneClock('Europe/Berlin') as ZoneClock
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000_000_000 }), seconds => {
        const parts = new Map(format.formatToParts(seconds * 1000).map(({ type, value }) => [type, Number(value)]))
        const { day, minuteOfDay } = zone.at(seconds * 1000)
        expect([day, minuteOfDay]).toEqual([
          parts.get('day'),
          (parts.get('hour') ?? 0) * 60 + (parts.get('minute') ?? 0),
        ])
      }),
      { seed: 7, numRuns: 300 },
    )
  })
})

describe('a bill', () => {
  const january = days('2026-01-01', '2026-02-01')

  it('splits the interval that straddles a tier, and prorates tiers and fixed charges by days', () => {
    const tiered = tariff({
      energy: [{ name: 'E', tiers: [{ upToKwh: '31', perKwh: '0.10' }, { perKwh: '0.20' }] }],
      fixed: [{ name: 'F', perMonth: '31' }],
    })
    const use = intervals(january, () => ({ importWh: 7_000n }), 86_400_000)
    expect(amounts(bill(tiered, use, january))).toEqual(['E 1 310', 'E 2 3720', 'F 3100'])
    const ten = days('2026-01-01', '2026-01-11')
    const made = bill(tiered, use, ten)
    expect(amounts(made)).toEqual(['E 1 100', 'E 2 1200', 'F 1000'])
    expect(made.lines[0]?.intervals.count).toBe(2) // the second of 7 kWh is cut at 10
    const baseline = tariff({ energy: [{ name: 'E', tiers: [{ upToKwhPerDay: '2', perKwh: '1' }, { perKwh: '2' }] }] })
    expect(amounts(bill(baseline, use, ten))).toEqual(['E 1 2000', 'E 2 10000'])
  })

  it('charges demand by ratchet and power factor', () => {
    const past = days('2025-06-01', '2025-06-02')
    const use = [
      ...intervals(past, start => ({ importWh: start === past.fromUtcMs ? 50_000n : 0n })),
      ...intervals(january, start => ({
        importWh: start === january.fromUtcMs ? 25_000n : 0n,
        importVarh: start === january.fromUtcMs ? 18_750n : 0n,
      })),
    ]
    const demand = [{ name: 'D', perKw: '10', ratchet: { percent: '80' }, powerFactorTarget: '0.90' }]
    const made = bill(tariff({ demand }), use, january)
    // 200 kW in June: 160 kW of ratchet, above 100 kW now; 0.90 / 0.80 = 1.125.
    expect(amounts(made)).toEqual(['D 160000', 'D 20000'])
    const longAgo = bill(
      tariff({ demand: [{ ...demand[0], name: 'D', perKw: '10', ratchet: { percent: '80', months: 6 } }] }),
      use,
      january,
    )
    expect(amounts(longAgo)[0]).toBe('D 100000')
  })

  it('makes three different bills of three kinds of net metering', () => {
    // Each day 10 kWh are taken in one hour and 6 given in another.
    const use = intervals(january, start => ({
      importWh: CHICAGO.at(start).minuteOfDay < 60 ? 2_500n : 0n,
      exportWh: [720, 735].includes(CHICAGO.at(start).minuteOfDay) ? 3_000n : 0n,
    }))
    const energy = [{ name: 'E', perKwh: '0.20' }]
    const total = (netMetering?: TariffInput['netMetering']): bigint =>
      bill(tariff({ energy, netMetering }), use, january).total
    expect(total()).toBe(6200n)
    expect(total({ method: 'period' })).toBe(2480n)
    expect(total({ method: 'billing', export: { perKwh: '0.05' } })).toBe(6200n - 930n)
    const both = intervals(january, () => ({ importWh: 3n, exportWh: 2n }), 3_600_000)
    const net = (method: 'interval' | 'billing'): bigint =>
      bill(
        tariff({ energy: [{ name: 'E', perKwh: '1' }], netMetering: { method, export: { perKwh: '0.1' } } }),
        both,
        january,
      ).total
    expect([net('interval'), net('billing')]).toEqual([74n, 223n - 15n])
  })

  it('carries credit to the next bill, and settles it once a year', () => {
    const solar = tariff({
      energy: [{ name: 'E', perKwh: '0.10' }],
      netMetering: { method: 'period', trueUp: { month: 3, percent: '50' } },
      fixed: [{ name: 'F', perMonth: '5' }],
    })
    const use = intervals(
      days('2026-01-01', '2026-04-01'),
      start => (CHICAGO.at(start).month === 1 ? { exportWh: 100_000n } : { importWh: 10_000n }),
      86_400_000,
    )
    const made = statement(solar, use, days('2026-01-01', '2026-04-01'), 'monthly')
    // 310 $ of credit; 28 $ of it used in February; half of 282 $ paid out in March.
    expect(made.map(({ carried, total }) => [carried, total])).toEqual([
      [31_000n, 500n],
      [28_200n, 500n],
      [0n, 3_100n + 500n - 14_100n],
    ])
  })

  it('settles the credit of the year in one bill, also where a bill is a day', () => {
    const solar = tariff({
      energy: [{ name: 'E', perKwh: '0.10' }],
      netMetering: { method: 'period', trueUp: { month: 3, percent: '50' } },
    })
    const period = days('2026-02-27', '2026-03-04')
    const made = statement(
      solar,
      intervals(period, () => ({ exportWh: 10_000n }), 86_400_000),
      period,
      'daily',
    )
    expect(made.map(({ carried, total }) => [carried, total])).toEqual([
      [100n, 0n],
      [200n, 0n],
      [100n, -100n], // of the two days before; its own dollar goes on
      [200n, 0n],
      [300n, 0n],
    ])
    // A bill that a change of the contract cuts off in March begins there too, and settles nothing again.
    const cut = { fromUtcMs: midnight('2026-03-12'), toUtcMs: midnight('2026-04-01') }
    expect(bill(solar, [], cut, undefined, { carried: 500n })).toMatchObject({ carried: 500n, total: 0n })
  })

  it('does not take back by the minimum what is paid out', () => {
    const paying = (netMetering: TariffInput['netMetering']) =>
      tariff({ energy: [{ name: 'E', perKwh: '0.10' }], netMetering, minimum: { perBill: '7' } })
    const period = days('2026-03-01', '2026-04-01')
    const settled = paying({ method: 'period', trueUp: { month: 3 } })
    expect(amounts(bill(settled, [], period, undefined, { carried: 9_000n }))).toEqual([
      'Settlement of the year -9000',
      'Minimum bill 700',
    ])
    const given = intervals(days('2026-03-01', '2026-03-02'), () => ({ exportWh: 1_000_000n }), 86_400_000)
    const atOnce = bill(paying({ method: 'period', rollOver: false }), given, period)
    expect(amounts(atOnce)).toEqual(['E -10000', 'Minimum bill 700'])
    expect(atOnce.carried).toBe(0n)
    // Credit that goes on is no payment: the minimum is owed whole.
    const later = bill(paying({ method: 'period' }), given, period)
    expect(amounts(later)).toEqual(['E -10000', 'Credit for the next bill 10000', 'Minimum bill 700'])
  })

  it('nets a month of five-second readings', () => {
    const period = days('2026-07-01', '2026-07-12')
    const made = bill(
      tariff({ energy: [{ name: 'E', perKwh: '0.10' }], netMetering: { method: 'period' } }),
      intervals(period, () => ({ importWh: 1n }), 5_000),
      period,
    )
    expect(made.lines[0]).toMatchObject({ amount: 1_901n, intervals: { count: 190_080 } })
  })

  it('takes a dated peak only where there was notice, and marks prices that were agreed for lack of others', () => {
    const hourly = tariff({
      energy: [
        { name: 'E', realTime: { fallbackPerKwh: '0.50' } },
        { name: 'D', perKwh: '0.01' },
      ],
      prices: [
        { from: '2026-01-01T06:00:00Z', perKwh: '0.10' },
        { from: '2026-01-01T07:00:00Z', perKwh: '0.30' },
      ],
      criticalPeak: {
        charge: 'D',
        perKwh: '1',
        noticeMinutes: 60,
        events: [
          { from: '2026-01-01T06:00:00Z', to: '2026-01-01T07:00:00Z', noticed: '2026-01-01T05:00:00Z' },
          { from: '2026-01-01T07:00:00Z', to: '2026-01-01T08:00:00Z', noticed: '2026-01-01T06:30:00Z' },
        ],
      },
    })
    const period = { fromUtcMs: at('2026-01-01T06:00:00Z'), toUtcMs: at('2026-01-01T10:00:00Z') }
    const made = bill(
      hourly,
      intervals(period, () => ({ importWh: 1_000n }), 3_600_000),
      period,
    )
    expect(amounts(made)).toEqual(['E 40', 'E 100', 'D 3', 'D critical peak 100'])
    expect(made.lines[0]?.rate).toBe('0.10 to 0.30')
    expect(made.lines[1]?.notes).toEqual(['no price was known: the agreed fallback'])
    expect(made.notes).toEqual([
      'the critical peak of 2026-01-01T07:00:00Z had less than 60 min of notice and does not count',
    ])
  })

  it('fills up to the minimum before tax, and says what lacks', () => {
    const made = bill(
      tariff({
        energy: [{ name: 'E', perKwh: '1' }],
        minimum: { perBill: '10' },
        taxes: [{ name: 'T', percent: '10' }],
      }),
      [
        {
          startUtcMs: january.fromUtcMs,
          endUtcMs: january.fromUtcMs + QUARTER,
          importWh: 4_000n,
          exportWh: 0n,
          quality: 'estimated',
          rules: ['linear'],
        },
      ],
      january,
    )
    expect(amounts(made)).toEqual(['E 400', 'Minimum bill 600', 'T 100'])
    expect(made.quality).toMatchObject({ estimated: 1, missingMs: 31 * 86_400_000 - QUARTER })
    expect(made.lines[0]?.intervals.notMeasured).toBe(1)
    expect(() => bill(tariff({}), [], { fromUtcMs: 1, toUtcMs: 1 })).toThrow('ends before it begins')
  })

  it('has lines that add up to the total, and splits without loss where the price is flat', () => {
    const flat = tariff({
      decimals: 6,
      energy: [{ name: 'E', perKwh: '0.123' }],
      taxes: [{ name: 'T', percent: '7.7' }],
    })
    const tou = tariff({
      schedules: { s: { periods: { peak: [{ days: ['mon', 'tue'], from: '16:00', to: '21:00' }] }, otherwise: 'off' } },
      energy: [
        {
          name: 'E',
          periods: {
            peak: { tiers: [{ upToKwh: '3', perKwh: '0.311' }, { perKwh: '0.417' }] },
            off: { perKwh: '0.07' },
          },
        },
      ],
      demand: [{ name: 'D', perKw: '3.333' }],
      fixed: [{ name: 'F', perDay: '0.333' }],
      taxes: [{ name: 'T', percent: '7.7' }],
    })
    const week = days('2026-03-05', '2026-03-12')
    fc.assert(
      fc.property(fc.array(fc.nat(5_000), { minLength: 668, maxLength: 668 }), fc.nat(667), (values, cut) => {
        const use = intervals(week, start => ({ importWh: BigInt(values[(start - week.fromUtcMs) / QUARTER] ?? 0) }))
        const made = bill(tou, use, week)
        expect(made.lines.reduce((sum, { amount }) => sum + amount, 0n)).toBe(made.total)
        const energy = made.lines
          .filter(({ kind }) => kind === 'energy')
          .reduce((sum, { quantity }) => sum + Math.round(Number(quantity) * 1000), 0)
        expect(BigInt(energy)).toBe(made.importWh)
        const middle = week.fromUtcMs + cut * QUARTER
        if (cut === 0) return
        const first = bill(flat, use, { ...week, toUtcMs: middle })
        const second = bill(flat, use, { ...week, fromUtcMs: middle })
        expect(first.subtotal + second.subtotal).toBe(bill(flat, use, week).subtotal)
      }),
      { seed: 11, numRuns: 12 },
    )
  })

  it('has each quarter-hour of a year in exactly one period', () => {
    const year = days('2026-01-01', '2027-01-01')
    const tou = tariff({
      seasons: [
        { name: 'summer', from: '06-01', to: '09-30' },
        { name: 'winter', from: '10-01', to: '05-31' },
      ],
      schedules: {
        s: {
          periods: {
            peak: [{ seasons: ['summer'], from: '14:00', to: '19:00' }],
            night: [{ seasons: ['winter'], from: '22:00', to: '06:00' }],
          },
          otherwise: 'rest',
        },
      },
      energy: [{ name: 'E', periods: { peak: { perKwh: '1' }, night: { perKwh: '1' }, rest: { perKwh: '1' } } }],
    })
    const made = bill(
      tou,
      intervals(year, () => ({ importWh: 1n })),
      year,
    )
    expect(made.lines.map(({ period, intervals: { count } }) => [period, count])).toEqual([
      ['peak', 122 * 20],
      // 243 days of eight hours, and one more less than the hour that is left out and the one that comes twice.
      ['night', 243 * 32],
      ['rest', 365 * 96 - 122 * 20 - 243 * 32],
    ])
    expect(compileTariff(tou)).toBe(compileTariff(tou))
  })
})
