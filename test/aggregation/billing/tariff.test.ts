// Tariffs: what is refused and where it says so; those of others, against facts worked out by other means.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  bill,
  type Interval,
  intervalsInCsv,
  meterBills,
  type RawInterval,
  tariffSchema,
  urdbTariff,
} from '../../../src/aggregation/billing/index.ts'
import { nightRemarks } from '../../../src/aggregation/billing/night-rules.ts'
import { type ZoneClock, zoneClock } from '../../../src/aggregation/local-time.ts'
import { parseTariff, readTariff } from '../../../src/node/tariff-file.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const DATA = fileURLToPath(new URL('../../../../shared/data/', import.meta.url))
const isThere = existsSync(join(DATA, 'billing'))
const skipped = isThere ? '' : ' (SKIPPED: no ../shared/data/billing)'
const LA = zoneClock('America/Los_Angeles') as ZoneClock

function refused(text: string): string[] {
  try {
    parseTariff(text, 't.yaml')
  } catch (error) {
    return (error as Error).message.split('\n')
  }
  return []
}

describe('a tariff file', () => {
  it.each(readdirSync(join(ROOT, 'topology/tariffs')))('%s is sound', file => {
    expect(readTariff(join(ROOT, 'topology/tariffs', file)).energy.length).toBeGreaterThan(0)
  })

  it('is told its gaps and overlaps, its zone and its dates, each with the line', () => {
    const text = `tariff: Bad
currency: USD
timeZone: America/Nowhere
holidays: [2026-02-30]
seasons:
  - { name: summer, from: 06-01, to: 09-30 }
  - { name: winter, from: 10-02, to: 06-01 }
schedules:
  s:
    periods:
      day: [{ from: "06:00", to: "22:00" }]
      night: [{ from: "21:00", to: "05:00" }]
energy:
  - name: E
    periods:
      day: { perKwh: "1" }
`
    expect(refused(text)).toEqual([
      't.yaml:3: timeZone: no time zone "America/Nowhere" is known, want a name such as America/Chicago',
      't.yaml:4: holidays[0]: no such day: 2026-02-30',
      't.yaml:5: seasons: no season has 10-01 to 10-01, want each day in one',
      't.yaml:5: seasons: summer and winter both have 06-01 to 06-01, want each day in one',
      't.yaml:15: energy[0].periods: gap: nothing for the period "night", want a price for each',
    ])
    const mended = text
      .replace('10-02, to: 06-01', '10-01, to: 05-31')
      .replace('Nowhere', 'Chicago')
      .replace('02-30', '02-28')
    expect(refused(mended).slice(0, 2)).toEqual([
      't.yaml:10: schedules.s.periods: gap: 05:00-06:00 is in no period (all months, mon, tue, wed, thu, fri, sat, sun, holiday), want each minute in one period',
      't.yaml:10: schedules.s.periods: overlap: 21:00-22:00 is in day and night (all months, mon, tue, wed, thu, fri, sat, sun, holiday), want each minute in one period',
    ])
  })

  it('wants prices in quotes, tiers that grow, and one price for each charge', () => {
    expect(refused('tariff: T\ncurrency: USD\ntimeZone: UTC\nenergy: [{ name: E, perKwh: 0.1 }]\n')[0]).toContain(
      't.yaml:4: energy[0].perKwh',
    )
    const tiers = (text: string) =>
      refused(`tariff: T\ncurrency: USD\ntimeZone: UTC\nenergy:\n  - name: E\n    tiers: [${text}]\n`)
    expect(tiers('{ upToKwh: "5", perKwh: "1" }, { perKwh: "2" }')).toEqual([])
    expect(tiers('{ upToKwh: "5", perKwh: "1" }, { upToKwh: "5", perKwh: "1" }, { perKwh: "2" }')[0]).toContain(
      'overlap',
    )
    expect(tiers('{ upToKwh: "5", perKwh: "1" }')[0]).toContain('the last has a limit')
  })
})

describe('a rule over midnight', () => {
  const nights = (days: string) => `tariff: T
currency: USD
timeZone: UTC
schedules:
  s:
    periods:
      night: [{ days: [${days}], from: "22:00", to: "06:00" }]
    otherwise: day
energy: [{ name: E, periods: { night: { perKwh: "1" }, day: { perKwh: "2" } } }]
`
  it('is both ends of each of its days', () => {
    const tariff = parseTariff(nights('fri'), 't.yaml')
    // 2026-06-05 is a Friday.
    const from = Date.UTC(2026, 5, 5)
    const use = Array.from({ length: 48 }, (_, n): Interval => {
      const startUtcMs = from + n * 3_600_000
      return { startUtcMs, endUtcMs: startUtcMs + 3_600_000, importWh: 1_000n, exportWh: 0n, quality: 'valid' }
    })
    const hours = (start: number) => {
      const period = { fromUtcMs: start, toUtcMs: start + 86_400_000 }
      return bill(tariff, use, period).lines.map(({ period: name, quantity }) => `${name} ${quantity}`)
    }
    expect(hours(from)).toEqual(['night 8', 'day 16'])
    expect(hours(from + 86_400_000)).toEqual(['day 24']) // the morning of Saturday is not Friday's
  })
  it('is told to who names days, with what the nights that begin on them would be', () => {
    expect(nightRemarks(parseTariff(nights('fri'), 't.yaml'))).toEqual([
      'schedules.s.periods.night[0]: 22:00-06:00 on fri is 00:00-06:00 and 22:00-24:00 of these days; ' +
        'for the nights that begin on them want 22:00-24:00 on fri and 00:00-06:00 on sat',
    ])
    expect(nightRemarks(parseTariff(nights('mon, tue, wed, thu, fri, sat, sun'), 't.yaml'))).toEqual([])
  })
})

interface Truth {
  energy_rates: number[][]
  fixed_charge: number
  weekday_hours_per_period: Record<string, number>
  weekend_hours_per_period: Record<string, number>
}

describe(`tariffs of the URDB${skipped}`, () => {
  const dir = join(DATA, 'billing/urdb')
  it.skipIf(!isThere).each(isThere ? readdirSync(dir) : [])('%s has the prices and hours that it should', file => {
    const truth = JSON.parse(readFileSync(join(DATA, 'other_truth.json'), 'utf8'))[`billing/urdb/${file}`] as Truth
    const tariff = tariffSchema.parse(
      urdbTariff(JSON.parse(readFileSync(join(dir, file), 'utf8')), 'America/Los_Angeles'),
    )
    const rates = truth.energy_rates.map(([rate]) => String(rate))
    expect(
      Object.entries(tariff.energy[0]?.periods ?? {})
        .map(([name, rate]) => [name, rate.perKwh])
        .sort(),
    ).toEqual(rates.map((rate, n) => [`p${n}`, rate]))
    expect(tariff.fixed[0]?.perMonth).toBe(String(truth.fixed_charge))
    expect(tariff.demand).toHaveLength(2)
    // The hours of one weekday and one weekend day of each month, through a bill of each.
    const hours: Record<string, Record<string, number>> = { weekday: {}, weekend: {} }
    for (let month = 1; month <= 12; month++) {
      for (const [kind, weekday] of [
        ['weekday', 3],
        ['weekend', 7],
      ] as const) {
        let day = 10 // no clock changes on these days
        while (
          LA.at(LA.dayStart({ year: 2025, month, day })).weekday !== weekday ||
          (weekday === 7 && [3, 11].includes(month) && day < 15)
        )
          day++
        const fromUtcMs = LA.dayStart({ year: 2025, month, day })
        const period = { fromUtcMs, toUtcMs: fromUtcMs + 86_400_000 }
        const use = Array.from(
          { length: 24 },
          (_, n): Interval => ({
            startUtcMs: fromUtcMs + n * 3_600_000,
            endUtcMs: fromUtcMs + (n + 1) * 3_600_000,
            importWh: 1_000n,
            exportWh: 0n,
            quality: 'valid',
          }),
        )
        for (const line of bill(tariff, use, period).lines.filter(each => each.kind === 'energy')) {
          const among = hours[kind] ?? {}
          const number = line.period?.slice(1) ?? ''
          among[number] = (among[number] ?? 0) + Number(line.quantity)
        }
      }
    }
    expect(hours).toEqual({ weekday: truth.weekday_hours_per_period, weekend: truth.weekend_hours_per_period })
  })

  it('takes a charge by the year by twelfths, and no unit for another', () => {
    const charges = (unit: string) =>
      urdbTariff(
        { name: 'R', fixedchargefirstmeter: 120.3, fixedchargeunits: unit, mincharge: 24, minchargeunits: unit },
        'UTC',
      )
    expect(charges('$/year')).toMatchObject({ fixed: [{ perMonth: '10.025' }], minimum: { perMonth: '2' } })
    expect(charges('$/day').fixed).toEqual([{ name: 'Fixed charge', perDay: '120.3' }])
    expect(() => charges('$/week')).toThrow('a charge in $/week, want $/month, $/day or $/year')
  })

  it('holds from the first to the last day that it says, by whichever clock they were entered', () => {
    const dated = (startdate: number, enddate?: number) =>
      urdbTariff({ name: 'R', startdate, ...(enddate === undefined ? {} : { enddate }) }, 'America/Los_Angeles')
    // 2024-09-30T23:00Z and 2024-10-01T06:00Z are midnights of the same day; it ends on the last of May.
    expect(dated(1_727_737_200)).toMatchObject({ from: '2024-10-01' })
    expect(dated(1_727_762_400, Date.UTC(2025, 4, 31, 7) / 1_000)).toMatchObject({
      from: '2024-10-01',
      to: '2025-05-31',
    })
    expect(dated(1_727_762_400).to).toBeUndefined()
    expect(() => dated(1e18)).toThrow('no date')
    const tariff = tariffSchema.parse({
      ...dated(1_727_762_400, Date.UTC(2025, 4, 31, 7) / 1_000),
      energy: [{ name: 'E', perKwh: '1' }],
    })
    const month = (from: string, to: string) => ({ fromUtcMs: LA.midnight(from) ?? 0, toUtcMs: LA.midnight(to) ?? 0 })
    expect(bill(tariff, [], month('2025-05-01', '2025-06-01')).notes.join()).not.toMatch('holds')
    expect(bill(tariff, [], month('2025-05-01', '2025-06-02')).notes.join()).toMatch(
      'the tariff holds until 2025-05-31, the bill ends later',
    )
  })

  it('says what is none', () => {
    expect(() => urdbTariff({ items: [{}] }, 'UTC')).toThrow('no URDB tariff: name')
    expect(() => urdbTariff(null, 'UTC')).toThrow('no URDB tariff')
  })
})

describe(`interval data of others${skipped}`, () => {
  const plain = tariffSchema.parse({
    tariff: 'T',
    currency: 'USD',
    timeZone: 'America/Los_Angeles',
    energy: [{ name: 'E', perKwh: '0.1' }],
  })

  it.skipIf(!isThere)('takes the download of a utility', () => {
    const text = readFileSync(join(DATA, 'billing/interval_csv/sce/two_days_constant_power.csv'), 'utf8')
    const { intervals } = intervalsInCsv(text, 'sce.csv', LA)
    expect(intervals).toHaveLength(192)
    expect(
      meterBills(undefined, intervals, { tariff: plain, cycle: 'daily' }).bills.map(({ importWh, total }) => [
        importWh,
        total,
      ]),
    ).toEqual([
      [24_000n, 240n],
      [24_000n, 240n],
    ])
  })

  it.skipIf(!isThere)('sums Green Button data as they should sum', () => {
    const truths = JSON.parse(readFileSync(join(DATA, 'billing/espi_truth.json'), 'utf8')) as Record<
      string,
      { total_kwh_all?: number; meter_readings: { reading_type: { powerOfTenMultiplier?: string } }[] }
    >
    let count = 0
    for (const [file, { total_kwh_all: kwh, meter_readings: readings }] of Object.entries(truths)) {
      if (kwh === undefined) continue
      const xml = readFileSync(join(DATA, 'billing/espi', file), 'utf8')
      const factor = BigInt(10 ** Number(readings[0]?.reading_type.powerOfTenMultiplier ?? '0'))
      const raw = [...xml.matchAll(/<(?:\w+:)?IntervalReading>[\s\S]*?<\/(?:\w+:)?IntervalReading>/g)].map(
        ([block]): RawInterval => {
          const field = (name: string): number => Number(new RegExp(`<(?:\\w+:)?${name}>\\s*(\\d+)`).exec(block)?.[1])
          const startUtcMs = field('start') * 1_000
          return {
            startUtcMs,
            endUtcMs: startUtcMs + field('duration') * 1_000,
            importWh: BigInt(field('value')) * factor,
            exportWh: 0n,
          }
        },
      )
      const { bills } = meterBills(undefined, raw, { tariff: plain, cycle: 'monthly' })
      expect(Number(bills.reduce((sum, { importWh }) => sum + importWh, 0n)) / 1_000, file).toBeCloseTo(kwh, 3)
      count++
    }
    expect(count).toBeGreaterThan(3)
  })

  it('says which line of a table is wrong', () => {
    const head = 'startUtc,endUtc,importKwh\n'
    expect(() => intervalsInCsv(`${head}2026-01-01T00:00:00Z,2026-01-01T00:15:00Z,x`, 'a.csv', LA)).toThrow(
      'a.csv:2: "x", want a decimal',
    )
    expect(() => intervalsInCsv(`${head}2026-01-01,2026-01-01T00:15:00Z,1`, 'a.csv', LA)).toThrow(
      'a.csv:2: "2026-01-01", want a time with its zone',
    )
    expect(() => intervalsInCsv('a,b\n', 'a.csv', LA)).toThrow('a.csv:1: no column "startUtc"')
    expect(
      intervalsInCsv(`${head}2026-01-01T00:00:00Z,2026-01-01T00:15:00Z,1.2345`, 'a.csv', LA).intervals[0]?.importWh,
    ).toBe(1_234n)
  })
})
