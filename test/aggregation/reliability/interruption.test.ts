import { describe, expect, it } from 'vitest'
import { combined } from '../../../src/aggregation/reliability/attribution.ts'
import { type SupplyMark, supplyHistory } from '../../../src/aggregation/reliability/interruption.ts'
import type { ReliabilityRecord } from '../../../src/aggregation/reliability/record.ts'
import { iedReliability } from '../../../src/aggregation/reliability/report.ts'

const mark = (
  state: SupplyMark['state'],
  utcMs: number,
  knownUntilUtcMs = utcMs,
  more: Partial<SupplyMark> = {},
): SupplyMark => ({
  state,
  utcMs,
  knownUntilUtcMs,
  phases: state === 'dead' ? ['a', 'b', 'c'] : [],
  ...more,
})

describe('the history of a supply', () => {
  it('has a point in time for what was seen at once', () => {
    const { interruptions, unknown, watched } = supplyHistory(
      'm',
      [mark('live', 0), mark('dead', 10_000), mark('live', 70_000)],
      100_000,
    )
    expect(interruptions).toEqual([
      { ied: 'm', startUtcMs: 10_000, endUtcMs: 70_000, phases: ['a', 'b', 'c'], planned: false },
    ])
    expect(unknown).toEqual([])
    expect(watched).toEqual({ fromUtcMs: 0, toUtcMs: 100_000 })
  })
  it('keeps both bounds of an end that a kill hid, and does not count the gap as observed', () => {
    const { interruptions, unknown } = supplyHistory(
      'm',
      [mark('live', 0), mark('dead', 10_000), mark('live', 90_000, 30_000)],
      100_000,
    )
    expect(interruptions).toMatchObject([
      { endUtcMs: 60_000, endBounds: { notBeforeUtcMs: 30_000, notAfterUtcMs: 90_000 } },
    ])
    expect(unknown).toEqual([{ fromUtcMs: 30_000, toUtcMs: 90_000 }])
  })
  it('keeps both bounds of a start within the silence of the device', () => {
    const { interruptions, unknown } = supplyHistory(
      'm',
      [mark('live', 0), mark('unknown', 10_000), mark('dead', 50_000, 50_000), mark('live', 60_000)],
      100_000,
    )
    expect(interruptions[0]).toMatchObject({ startBounds: { notAfterUtcMs: 50_000 }, endUtcMs: 60_000 })
    expect(interruptions[0]?.startBounds?.notBeforeUtcMs).toBeLessThanOrEqual(10_000)
    expect(unknown).toEqual([{ fromUtcMs: 10_000, toUtcMs: 50_000 }])
  })
  it('goes on over a device that is silent within the outage', () => {
    const { interruptions } = supplyHistory(
      'm',
      [mark('dead', 0), mark('unknown', 10_000), mark('dead', 20_000), mark('live', 40_000)],
      100_000,
    )
    expect(interruptions).toHaveLength(1)
    expect(interruptions[0]).toMatchObject({ startUtcMs: 0, endUtcMs: 40_000 })
  })
  it('leaves open what lasts, and does not run backwards with the clock', () => {
    expect(supplyHistory('m', [mark('live', 0), mark('dead', 5000)], 9000).interruptions[0]?.endUtcMs).toBeUndefined()
    const back = supplyHistory('m', [mark('live', 0), mark('dead', 50_000), mark('live', 20_000)], 100_000)
    expect(back.interruptions).toMatchObject([{ startUtcMs: 50_000, endUtcMs: 50_000 }])
  })
})

const MINUTE = 60_000
const HOUR = 3_600_000
const supply = (given: SupplyMark) => ({ event: 'supply', ...given }) as ReliabilityRecord
const asked = (ied: string, customers: number) => ({ ied, customers, fromUtcMs: 0, toUtcMs: 10 * HOUR })
const places = {
  parent: (ied: string) => ({ B: 'A', C: 'B' })[ied],
  between: (above: string, below: string) => `${above} > ${below}`,
  source: () => 'substation',
  dayOf: () => 'day',
}

describe('the answer for a period', () => {
  const of = (fromHour: number, toHour: number, marks: SupplyMark[]) =>
    iedReliability({ ied: 'm', customers: 5, fromUtcMs: fromHour * HOUR, toUtcMs: toHour * HOUR }, marks.map(supply))
  it('gives an interruption whole to the period in which it began, and its down time to each by the hour', () => {
    const marks = [mark('live', 0), mark('dead', 23 * HOUR), mark('live', 29 * HOUR)]
    const [first, second, third] = [of(0, 24, marks), of(24, 48, marks), of(48, 72, marks)]
    expect(first.interruptions).toMatchObject([{ startUtcMs: 23 * HOUR, endUtcMs: 29 * HOUR }])
    expect([second?.interruptions, third?.interruptions]).toEqual([[], []])
    expect([first.downMs, second?.downMs, third?.downMs]).toEqual([HOUR, 5 * HOUR, 0])
    const saidi = [first, second].map(each => each && combined([each], places).indices.saidiMinutes)
    expect(saidi).toEqual([360, 0])
    expect(second && combined([second], places).power.availability).toBeCloseTo(19 / 24, 9)
  })
  it('counts as down no time of which nothing is known', () => {
    const marks = [
      mark('live', 0),
      mark('dead', HOUR),
      mark('unknown', 2 * HOUR),
      mark('dead', 5 * HOUR),
      mark('live', 8 * HOUR, 6 * HOUR), // a kill
    ]
    const answer = of(0, 10, marks)
    expect(answer).toMatchObject({ watchedMs: 10 * HOUR, unknownMs: 5 * HOUR, downMs: 2 * HOUR, plannedMs: 0 })
    expect(combined([answer], places).ieds[0]?.power).toMatchObject({ observedMs: 5 * HOUR, availability: 0.6 })
  })
})

describe('all answers together', () => {
  const out = (from: number, to: number) => [
    supply(mark('live', 0)),
    supply(mark('dead', from)),
    supply(mark('live', to)),
  ]
  it('put down time to the section below the first that lived', () => {
    const answers = [
      iedReliability(asked('A', 0), [supply(mark('live', 0))]),
      iedReliability(asked('B', 10), out(HOUR, 2 * HOUR)),
      iedReliability(asked('C', 5), out(HOUR, 2 * HOUR)),
    ]
    const { blamed, indices, ieds } = combined(answers, places)
    expect(blamed).toMatchObject([{ name: 'A > B', kind: 'segment', events: 1, downMs: HOUR, unavailability: 0.1 }])
    expect(blamed[0]?.customerMinutes).toBe(15 * 60)
    expect(indices).toMatchObject({ saifi: 1, saidiMinutes: 60 })
    expect(indices.asai).toBeCloseTo(0.9, 9)
    expect(ieds.find(({ ied }) => ied === 'A')?.power.isAtLeast).toBe(true)
  })
  it('put it to the source when nobody above lived, and pass over who did not watch', () => {
    const both = [
      iedReliability(asked('A', 0), out(HOUR, 2 * HOUR)),
      iedReliability(asked('C', 5), out(HOUR, 2 * HOUR)),
    ]
    expect(combined(both, places).blamed).toMatchObject([{ name: 'substation', kind: 'source' }])
  })
  it('keep planned outages apart', () => {
    const planned = [
      supply(mark('live', 0)),
      supply(mark('dead', HOUR, HOUR, { planned: true })),
      supply(mark('live', 2 * HOUR)),
    ]
    const of = combined([iedReliability(asked('C', 5), planned)], places)
    expect(of.parts).toEqual({ importance: [] })
    expect(of.indices.saifi).toBe(0)
    expect(of.planned.saifi).toBe(1)
    expect(of.blamed).toEqual([])
  })
  it("name the customer's own generator when it fails oftener than the utility", () => {
    const starts = (['started', 'failed', 'late', 'started'] as const).map((outcome, n) => ({
      event: 'generator-start' as const,
      generator: 'G',
      utcMs: n * MINUTE,
      outcome,
    }))
    const of = combined([iedReliability(asked('C', 5), [...out(HOUR, 1.2 * HOUR), ...starts])], places)
    expect(of.blamed[0]).toMatchObject({ name: 'G', kind: 'generator', unavailability: 0.5, basis: 'on-demand' })
    expect(of.blamed[1]).toMatchObject({ name: 'substation' })
    expect(of.blamed[1]?.unavailability).toBeCloseTo(0.02, 9)
    // 0.98 alone, and 1 - 0.02 × 0.5 with the generator beside it.
    expect(of.parts.supply).toBeCloseTo(-Math.log10(0.02), 9)
    expect(of.parts.withGenerators).toBeCloseTo(2, 9)
    expect(of.parts.importance.map(({ part }) => part)).toEqual(['generator G', 'source substation'])
    expect(of.celid8).toEqual({ single: 0, total: 0 })
  })
})
