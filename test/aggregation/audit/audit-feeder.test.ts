import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { type Audit, auditDefaults, auditFeeder } from '../../../src/aggregation/audit/audit-feeder.ts'
import type { Indication } from '../../../src/aggregation/audit/indication.ts'
import type { MeterInterval } from '../../../src/aggregation/audit/meter-interval.ts'
import { createFeeder } from '../../../topology/feeder.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'
import { utcMs } from '../../../topology/units.ts'
import { DAY, readingsOf, type WorldOptions } from './worlds.ts'

const file = parseFeeder(readFileSync('topology/feeders/ieee13.yaml', 'utf8'), 'ieee13.yaml')
const settings = { ...auditDefaults, classPercent: () => 0.5 }

const audit = (meters: ReadonlyMap<string, readonly MeterInterval[]>, others: readonly Indication[] = []): Audit =>
  auditFeeder(createFeeder(file), meters, others, settings)
const world = (options: WorldOptions): Audit => audit(readingsOf(file, options))

/** The same readings without the energy of another meter. */
const less = (all: readonly MeterInterval[], other: readonly MeterInterval[]): MeterInterval[] =>
  all.map((each, n) => {
    const net = (other[n]?.importWh ?? 0n) - (other[n]?.exportWh ?? 0n)
    return { ...each, importWh: each.importWh - net }
  })

describe('audit of a feeder', () => {
  describe('where everybody is honest', () => {
    it('suspects nobody in ten worlds, whatever lines, transformers and meters do', () => {
      const found = Array.from({ length: 10 }, (_, seed) => world({ seed, days: 6 })).flatMap(each => each.suspicions)
      expect(found).toEqual([])
    })
    it('balances each zone to a few percent of what flows into it', () => {
      for (const { zone, periods, gaps } of world({ seed: 1, days: 3 }).balances) {
        expect([zone.top, gaps]).toEqual([zone.top, []])
        for (const { inWh, residualWh } of periods) {
          expect(Math.abs(Number(residualWh)), zone.top).toBeLessThan(0.02 * Math.abs(Number(inWh)) + 1000)
        }
      }
    })
  })

  describe('where one meter registers half from the fifth day on', () => {
    let found: Audit
    beforeAll(() => {
      found = world({ seed: 3, days: 9, theft: { meter: 'meter-671', registersShare: 0.5, fromHour: 5 * 24 } })
    })
    it('names it, with two independent signs, and nobody else', () => {
      expect(found.suspicions.map(({ ied, state }) => [ied, state])).toEqual([['meter-671', 'alarm']])
    })
    it('says what the evidence is', () => {
      expect(found.suspicions[0]?.evidence.map(({ kind }) => kind)).toEqual(['energy-balance', 'consumption-break'])
      expect(found.suspicions[0]?.evidence[0]?.words).toMatch(
        /below recloser-632 in 4 periods.*correlation \d\.\d+.*registered \d\d %/,
      )
    })
    it('finds the energy missing in its zone and in no other', () => {
      expect(found.balances.filter(each => each.beyondInARow > 0).map(each => each.zone.top)).toEqual(['recloser-632'])
    })
  })

  it('takes the step of a register with its multiplier: a coarser one leaves more room', () => {
    const meters = readingsOf(file, { seed: 1, days: 3 })
    const limitOf = (step: (ied: string) => number): number => {
      const { balances } = auditFeeder(createFeeder(file), meters, [], { ...settings, registerStepWh: step })
      return Number(balances.find(({ zone }) => zone.top === 'recloser-632')?.periods[0]?.limitWh)
    }
    const [fine, coarse] = [limitOf(() => 100), limitOf(ied => (ied === 'meter-671' ? 400_000 : 100))]
    // Three times 400 kWh, in squares with the rest.
    expect(coarse ** 2 - fine ** 2).toBeCloseTo(1_200_000 ** 2 - 300 ** 2, -8)
  })
  it('has but a lead where the theft is older than the readings: one sign is not two', () => {
    const { suspicions } = world({ seed: 4, days: 6, theft: { meter: 'meter-634', registersShare: 0.6, fromHour: 0 } })
    expect(suspicions.map(({ ied, state }) => [ied, state])).toEqual([['meter-634', 'lead']])
  })
  it('alarms when a sign of another kind comes to it', () => {
    const meters = readingsOf(file, {
      seed: 4,
      days: 6,
      theft: { meter: 'meter-634', registersShare: 0.6, fromHour: 0 },
    })
    const opened = { fromUtcMs: utcMs(0), toUtcMs: utcMs(0), words: 'its cover was opened' }
    const { suspicions } = audit(meters, [{ ied: 'meter-634', kind: 'tamper-record', ...opened }])
    expect(suspicions.map(({ ied, state }) => [ied, state])).toEqual([['meter-634', 'alarm']])
  })
  it('names the thieves of ten worlds, and nobody else', () => {
    const meters = ['meter-634', 'meter-645', 'meter-671', 'meter-675', 'meter-692']
    for (let seed = 20; seed < 30; seed++) {
      const meter = meters[seed % meters.length] as string
      const { suspicions } = world({ seed, days: 8, theft: { meter, registersShare: 0.4, fromHour: 4 * 24 } })
      expect([seed, ...suspicions.map(({ ied, state }) => `${ied} ${state}`)]).toEqual([seed, `${meter} alarm`])
    }
  })
  it('says nothing of a zone whose meters have no interval in common', () => {
    const meters = readingsOf(file, { seed: 5, days: 4 })
    const shifted = (meters.get('meter-692') ?? []).map(each => ({ ...each, endUtcMs: utcMs(each.endUtcMs + 60_000) }))
    const { balances } = audit(new Map([...meters, ['meter-692', shifted]]))
    const zone = balances.find(each => each.zone.leaves.includes('meter-692'))
    expect(zone?.periods).toEqual([])
    expect(zone?.gaps[0]).toMatch(/only 0 of/)
  })
  it('leaves out intervals that a meter doubts, and judges by the others', () => {
    const meters = readingsOf(file, { seed: 6, days: 4 })
    const doubted = (meters.get('meter-692') ?? []).map((each, hour) =>
      hour % 24 < 3 ? { ...each, importWh: each.importWh * 5n, flags: ['long'] } : each,
    )
    const { balances, suspicions } = audit(new Map([...meters, ['meter-692', doubted]]))
    expect(balances.find(each => each.zone.leaves.includes('meter-692'))?.periods[0]?.intervals).toBe(21)
    expect(suspicions).toEqual([])
  })
  describe('of a meter from which nothing comes any more', () => {
    const meters = readingsOf(file, { seed: 8, days: 4 })
    const true671 = meters.get('meter-671') ?? []
    const from = 60 // hours
    const cut = new Map([...meters, ['meter-671', true671.slice(0, from)]])
    const found = audit(cut)

    it('says since when, and an estimate within its uncertainty of what it did register', () => {
      expect(found.withheld.map(({ ieds, top, isOver }) => [ieds, top, isOver])).toEqual([
        [['meter-671'], 'recloser-632', false],
      ])
      const [one] = found.withheld
      expect(one?.sinceUtcMs).toBe(true671[from]?.startUtcMs)
      expect(one?.lastReadingUtcMs).toBe(true671[from - 1]?.endUtcMs)
      expect(one?.intervals).toBe(4 * 24 - from)
      const registered = true671.slice(from).reduce((sum, { importWh, exportWh }) => sum + importWh - exportWh, 0n)
      expect(Math.abs(Number((one?.estimateWh ?? 0n) - registered))).toBeLessThan(Number(one?.limitWh))
      expect(Number(one?.limitWh)).toBeLessThan(0.1 * Number(registered))
    })
    it('suspects nobody for it', () => expect(found.suspicions).toEqual([]))
    it('says that it is over once later ones come', () => {
      const gap = new Map([...meters, ['meter-671', true671.filter((_, hour) => hour < from || hour >= 72)]])
      expect(audit(gap).withheld.map(({ intervals, isOver }) => [intervals, isOver])).toEqual([[72 - from, true]])
    })
    it('has one estimate for two of a zone together', () => {
      const two = new Map([...cut, ['recloser-671', (meters.get('recloser-671') ?? []).slice(0, from)]])
      const [one, ...others] = audit(two).withheld
      expect([one?.ieds, one?.top, others]).toEqual([['meter-671', 'recloser-671'], 'recloser-632', []])
      const both = ['meter-671', 'recloser-671'].flatMap(ied => (meters.get(ied) ?? []).slice(from))
      const registered = both.reduce((sum, { importWh, exportWh }) => sum + importWh - exportWh, 0n)
      expect(Math.abs(Number((one?.estimateWh ?? 0n) - registered))).toBeLessThan(Number(one?.limitWh))
    })
    it('takes three late hours for nothing yet, and four for a finding', () => {
      const late = (hours: number) =>
        audit(new Map([...meters, ['meter-671', true671.slice(0, 4 * 24 - hours)]])).withheld
      expect([late(3).length, late(4).length]).toEqual([0, 1])
    })
    it('does not mean who delivers readings that are doubted', () => {
      const doubted = true671.map((each, hour) => (hour < from ? each : { ...each, flags: ['clock'] }))
      expect(audit(new Map([...meters, ['meter-671', doubted]])).withheld).toEqual([])
    })
    it('is silent where nothing flows to it', () => {
      // What stands still elsewhere: the reading of the zone is less by just that.
      const still = new Map(
        [...cut].map(([ied, all]) => [ied, ['relay-650', 'recloser-632'].includes(ied) ? less(all, true671) : all]),
      )
      expect(audit(still).withheld).toEqual([])
    })
  })
  it('waits for the third period beyond the limit', () => {
    const theft = { meter: 'meter-671', registersShare: 0.3, fromHour: 4 * 24 }
    expect(world({ seed: 7, days: 6, theft }).suspicions).toEqual([])
    expect(world({ seed: 7, days: 7, theft }).suspicions.map(({ ied }) => ied)).toEqual(['meter-671'])
  })
  it('needs the length of a period in UTC, not the order of the readings', () => {
    const meters = readingsOf(file, { seed: 3, days: 3 })
    const turned = new Map([...meters].map(([ied, all]) => [ied, [...all].reverse()]))
    const sums = (of: Audit): string[] =>
      of.balances.flatMap(each => each.periods.map(({ startUtcMs, residualWh }) => `${startUtcMs / DAY} ${residualWh}`))
    expect(sums(audit(turned)).sort()).toEqual(sums(audit(meters)).sort())
  })
})
