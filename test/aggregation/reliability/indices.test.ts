// Vectors: 10,000 customers and a recloser that serves 3,000, computed by hand; and a published data set of major outages in
// two states, whose truth was computed independently (read where it is there).

import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { celid, cemi, indices, type Outage } from '../../../src/aggregation/reliability/indices.ts'
import {
  isMajorEventDay,
  majorEventDaysOf,
  majorEventThreshold,
  pastYears,
  thresholdsOfYears,
} from '../../../src/aggregation/reliability/major-event-days.ts'
import {
  availabilityOf,
  importanceOf,
  ninesOf,
  systemAvailability,
  unavailabilityOnDemand,
} from '../../../src/aggregation/reliability/nines.ts'

const MINUTE = 60_000
const YEAR_MS = 525_600 * MINUTE
const served = { customers: 10_000, periodMs: YEAR_MS }
const outage = (customers: number, minutes: number, startMinute = 0, more: Partial<Outage> = {}): Outage => ({
  customers,
  startUtcMs: startMinute * MINUTE,
  lengthMs: minutes * MINUTE,
  ...more,
})
const four = [outage(1200, 90), outage(500, 240), outage(2500, 30), outage(50, 600)]

describe('indices', () => {
  it('are those of the worked example', () => {
    const of = indices(four, served)
    expect(of).toMatchObject({ customerInterruptions: 4250, customerMinutes: 333_000, saifi: 0.425 })
    expect(of.saidiMinutes).toBeCloseTo(33.3, 6)
    expect(of.caidiMinutes).toBeCloseTo(78.3529, 4)
    expect(of.asai).toBeCloseTo(0.999936644, 9)
    expect(ninesOf(of.asai ?? 0)).toBeCloseTo(4.1982, 4)
  })
  const twice = [outage(3000, 0.3, 1000), outage(3000, 0.3, 1000.66)]
  it('count each momentary operation, and what comes within five minutes as one event', () => {
    expect(indices([...four, ...twice], served)).toMatchObject({ maifi: 0.6, maifiE: 0.3, saifi: 0.425 })
  })
  it('count no momentary event where the operations led to a lockout', () => {
    const of = indices([...four, ...twice, outage(3000, 90, 1001)], served)
    expect(of).toMatchObject({ maifiE: 0, customerInterruptions: 7250, customerMinutes: 603_000 })
  })
  it('take exactly five minutes as momentary and a little more as sustained', () => {
    expect(indices([outage(1, 5)], served)).toMatchObject({ customerInterruptions: 0, maifi: 0.0001 })
    expect(indices([outage(1, 5 + 1 / MINUTE)], served)).toMatchObject({ customerInterruptions: 1, maifi: 0 })
  })
  it('are undefined where nothing can be divided by', () => {
    expect(indices([], served).caidiMinutes).toBeUndefined()
    expect(indices([], { customers: 0, periodMs: 1 })).toMatchObject({ saifi: undefined, asai: undefined })
  })
  it('count who was hit more than once', () => {
    const all = [outage(10, 60, 0, { who: 'a' }), outage(10, 60, 200, { who: 'a' }), outage(30, 400, 0, { who: 'b' })]
    const of = {
      customers: 100,
      periodMs: YEAR_MS,
      customersOf: new Map([
        ['a', 10],
        ['b', 30],
        ['c', 60],
      ]),
    }
    expect(cemi(all, of, 2)).toBe(0.1)
    expect(cemi(all, of, 1)).toBe(0.4)
    expect(celid(all, of, 2, 'total')).toBe(0.4)
    expect(celid(all, of, 2, 'single')).toBe(0.3)
    expect(indices(all, of).caifi).toBe(1.25)
  })
})

describe('major event days', () => {
  const days = [3, 0.8, 0, 1.5, 12, 0.4, 2.2, 0.9, 5.5, 1.1]
  it('lie beyond 2.5 deviations (n - 1) of the logarithms', () => {
    const found = majorEventThreshold(days)
    expect(found?.days).toBe(9)
    expect(found?.alpha).toBeCloseTo(0.592523, 6)
    expect(found?.beta).toBeCloseTo(1.050224, 6)
    expect(found?.thresholdMinutes).toBeCloseTo(24.9802, 4)
    if (found === undefined) return
    expect(isMajorEventDay(found.thresholdMinutes, found)).toBe(false)
    expect(isMajorEventDay(found.thresholdMinutes + 0.001, found)).toBe(true)
  })
  it('are those of a year beyond the threshold of up to five years before it, not of its own days', () => {
    const quiet = days.map((saidi, n) => [`2020-01-0${n}`, saidi] as const)
    const daily = new Map([
      ['2015-06-01', 1e6],
      ...quiet,
      ['2021-03-01', 24.98],
      ['2021-03-02', 24.99],
      ['2026-03-01', 1e6],
    ])
    const thresholds = thresholdsOfYears(daily)
    expect([...thresholds.keys()]).toEqual([2021, 2026])
    expect(thresholds.get(2021)?.days).toBe(9)
    // 2015 lies six years before 2021, and 2020 six before 2026.
    expect(thresholds.get(2026)?.days).toBe(2)
    expect(majorEventDaysOf(daily, thresholds)).toEqual(['2021-03-02', '2026-03-01'])
    expect(pastYears(Date.UTC(2026, 5, 1)).fromUtcMs).toBe(Date.UTC(2021, 0, 1))
  })
  it('are not told from one day', () => expect(majorEventThreshold([0, 3])).toBeUndefined())
})

describe('nines', () => {
  it('are counted over what was observed, and without down time are a bound', () => {
    expect(availabilityOf(YEAR_MS, 52.56 * MINUTE, 1000).nines).toBeCloseTo(4, 9)
    expect(availabilityOf(1_000_000, 0, 1000)).toMatchObject({ nines: 3, isAtLeast: true, availability: 1 })
    expect(availabilityOf(0, 0, 1000).nines).toBeUndefined()
  })
  it('multiply in series, and in parallel by what is left', () => {
    const parts = new Map([
      ['one', 0.999],
      ['other', 0.9999],
    ])
    const both = [{ part: 'one' }, { part: 'other' }]
    expect(systemAvailability({ series: both }, parts)).toBeCloseTo(0.9989001, 9)
    expect(ninesOf(systemAvailability({ parallel: both }, parts))).toBeCloseTo(7, 6)
  })
  it('say which part matters most, and a generator by what was asked of it', () => {
    const house = { series: [{ part: 'switch' }, { parallel: [{ part: 'utility' }, { part: 'generator' }] }] }
    const parts = new Map([
      ['switch', 0.9999],
      ['utility', 0.999],
      ['generator', 0.9],
    ])
    expect(importanceOf(house, parts)[0]?.part).toBe('generator')
    expect(unavailabilityOnDemand({ required: 20, failed: 1, late: 1 })).toBe(0.1)
    expect(unavailabilityOnDemand({ required: 0, failed: 0, late: 0 })).toBeUndefined()
  })
})

/** Leap years have a day more. */
const lengthOf = (year: number): number => Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1)

interface Med {
  readonly alpha: number
  readonly beta_sample: number
  readonly tmed_sample: number
  readonly days_with_saidi: number
  readonly top_days: Readonly<Record<string, number>>
}
interface Year {
  readonly SAIFI: number
  readonly SAIDI_minutes: number
  readonly ASAI: number
  readonly customers_served: number
}
const folder = ['../shared/data', '../../shared/data']
  .map(each => `${each}/reliability/us_major_outages_wa_mi`)
  .find(existsSync)
describe(`the major outages of two states${folder === undefined ? ' (skipped: the data set is not beside the repository)' : ''}`, () => {
  it.skipIf(folder === undefined)('give the published indices of each year', () => {
    const truth = JSON.parse(readFileSync(`${folder}/truth.json`, 'utf8')) as {
      states: Record<string, { years: Record<string, Year>; med: Med }>
    }
    const [head = '', ...lines] = readFileSync(`${folder}/outages_wa_mi.csv`, 'utf8').trim().split('\n')
    const column = (name: string): number => head.split(',').indexOf(name)
    const rows = lines.map(line =>
      (line.match(/"[^"]*"|[^,]+|(?<=,)(?=,)/g) ?? []).map(cell => cell.replaceAll('"', '')),
    )
    let compared = 0
    for (const [state, { years }] of Object.entries(truth.states)) {
      for (const [year, want] of Object.entries(years)) {
        const outages = rows
          .filter(row => row[column('POSTAL.CODE')] === state && row[column('YEAR')] === year)
          .filter(row => row[column('OUTAGE.DURATION')] !== 'NA' && row[column('CUSTOMERS.AFFECTED')] !== 'NA')
          .map(row => outage(Number(row[column('CUSTOMERS.AFFECTED')]), Number(row[column('OUTAGE.DURATION')])))
        const of = indices(outages, { customers: want.customers_served, periodMs: lengthOf(Number(year)) })
        expect(of.saifi, `${state} ${year}`).toBeCloseTo(want.SAIFI, 6)
        expect(of.saidiMinutes, `${state} ${year}`).toBeCloseTo(want.SAIDI_minutes, 3)
        expect(of.asai, `${state} ${year}`).toBeCloseTo(want.ASAI, 6)
        compared++
      }
    }
    expect(compared).toBeGreaterThan(10)
    for (const [state, { years, med }] of Object.entries(truth.states)) {
      // Each day's customers are those served in its year; a day's SAIDI is the sum over what began on it.
      const daily = new Map<string, number>()
      for (const row of rows.filter(each => each[column('POSTAL.CODE')] === state)) {
        const [minutes, customers] = [row[column('OUTAGE.DURATION')], row[column('CUSTOMERS.AFFECTED')]].map(Number)
        const served = years[row[column('YEAR')] ?? '']?.customers_served
        if (minutes === undefined || customers === undefined || served === undefined) continue
        if (!(minutes > 5) || Number.isNaN(customers)) continue
        const day = row[column('OUTAGE.START.DATE')] ?? ''
        daily.set(day, (daily.get(day) ?? 0) + (minutes * customers) / served)
      }
      const found = majorEventThreshold([...daily.values()])
      expect(found?.days, state).toBe(med.days_with_saidi)
      expect(found?.alpha, state).toBeCloseTo(med.alpha, 5)
      expect(found?.beta, state).toBeCloseTo(med.beta_sample, 5)
      expect((found?.thresholdMinutes ?? 0) / med.tmed_sample, state).toBeCloseTo(1, 5)
    }
  })
})

const PUBLISHED = ['../shared/data', '../../shared/data']
  .map(each => `${each}/reliability/pgvcl_2018_q4_published_indices.csv`)
  .find(existsSync)
describe(`a utility's published quarter${PUBLISHED === undefined ? ' (skipped: the data set is not beside the repository)' : ''}`, () => {
  it.skipIf(PUBLISHED === undefined)('has the indices that its own sums give', () => {
    const lines = readFileSync(PUBLISHED as string, 'utf8')
      .trim()
      .split('\n')
    const rows = lines.filter(line => /,\d/.test(line) && !line.startsWith('#')).map(line => line.split(','))
    expect(rows.length).toBeGreaterThan(2)
    for (const [category, period, served, ci, saifi, days, saidi, momentary, maifi] of rows) {
      const [customers, interruptions, minutes] = [Number(served), Number(ci), Number(days) * 1440]
      const all = [outage(interruptions, minutes / interruptions), outage(Number(momentary), 1)]
      const of = indices(all, { customers, periodMs: 90 * 1440 * MINUTE })
      const where = `${category} ${period}`
      expect(Math.abs((of.saifi ?? 0) - Number(saifi)), where).toBeLessThanOrEqual(0.0051)
      expect(Math.floor(of.saidiMinutes ?? 0), where).toBe(Number(saidi)) // it cuts off what is not a whole minute
      expect(Math.abs((of.maifi ?? 0) - Number(maifi)), where).toBeLessThanOrEqual(0.0051)
    }
  })
})
