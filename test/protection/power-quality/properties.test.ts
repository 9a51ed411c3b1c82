// Whatever is fed in: no crash, events in order, every begin has one end, and durations fit together.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { analyseRecord } from '../../../src/protection/power-quality/analyse-record.ts'
import type { PowerQualityEvent } from '../../../src/protection/power-quality/event.ts'
import { qualityMonitor } from '../../../src/protection/power-quality/monitor.ts'
import type { Samples } from '../../../src/protection/power-quality/samples.ts'
import { qualityDefaults } from '../../../src/protection/power-quality/settings.ts'
import { mayTell, silent } from '../../../src/protection/power-quality/talk-limit.ts'
import { instant, utcMs } from '../../../topology/units.ts'
import { threePhases, UTC } from './waves.ts'

const settings = { ...qualityDefaults, nominalVolts: 230, nominalHz: 50 }
const RATE = 1600

const anyNumber = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -500, max: 500, noNaN: true }) },
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e308, 5e-324),
)
const channel = fc.array(anyNumber, { minLength: 0, maxLength: 200 }).map(values => Float64Array.from(values))
const phases = fc.record({ a: channel, b: channel, c: channel }, { requiredKeys: [] })
const stretch = fc.record({
  gapMs: fc.double({ min: -5000, max: 5000, noNaN: true }),
  samplesPerSecond: fc.oneof(fc.constantFrom(RATE, 400, 7678.48, 0, -1, Number.NaN, 1e9), fc.constant(RATE)),
  lost: fc.oneof(fc.constant(0), fc.constantFrom(1, 17, 5000, -3, Number.NaN, 1e15)),
  volts: phases,
  amps: phases,
})
const polled = fc.record({
  poll: fc.record({ a: anyNumber, b: anyNumber, c: anyNumber }, { requiredKeys: [] }),
  hz: anyNumber,
  gapMs: fc.double({ min: 0, max: 5000, noNaN: true }),
})

/** Each event: one begin, then what grows worse, one end; nothing lasts less than no time. */
function expectSound(events: readonly PowerQualityEvent[]): void {
  const open = new Map<string, PowerQualityEvent>()
  const over = new Set<string>()
  for (const event of events) {
    expect(over.has(event.id)).toBe(false)
    expect(open.has(event.id)).toBe(event.phase !== 'begins')
    expect(Number.isFinite(event.startedAt)).toBe(true)
    if (event.phase === 'ends') {
      expect(event.durationMs).toBeGreaterThanOrEqual(0)
      expect(event.outerDurationMs).toBeGreaterThanOrEqual(event.durationMs)
      open.delete(event.id)
      over.add(event.id)
    } else open.set(event.id, event)
  }
  expect([...open.keys()]).toEqual([])
}

describe('whatever is fed in', () => {
  it('the monitor neither crashes nor leaves an event open', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(stretch, polled), { maxLength: 12 }), fed => {
        const monitor = qualityMonitor(settings)
        const events: PowerQualityEvent[] = []
        let now = 1000
        for (const each of fed) {
          now = Math.max(0, now + each.gapMs)
          const at = instant(now)
          const taken =
            'poll' in each
              ? monitor.hearRms({ at, utc: utcMs(UTC + now), volts: each.poll, hz: each.hz }, 'poll')
              : monitor.take({ ...each, at, utc: utcMs(UTC + now) } as Samples)
          events.push(...taken.events)
          monitor.present()
          monitor.disturbed()
        }
        events.push(...monitor.cutOff(instant(now + 10_000), utcMs(UTC + now + 10_000)).events)
        expectSound(events)
        expect(monitor.present().running).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  const sags = fc.array(
    fc.record({ pu: fc.double({ min: 0, max: 1.6, noNaN: true }), ms: fc.integer({ min: 5, max: 400 }) }),
    { minLength: 1, maxLength: 6 },
  )
  it('of a voltage that jumps about, no time is counted twice', () => {
    fc.assert(
      fc.property(sags, fc.integer({ min: 0, max: 359 }), (steps, degrees) => {
        const ends: { until: number; pu: number }[] = []
        let t = 0.2
        for (const { pu, ms } of steps) {
          t += ms / 1000
          ends.push({ until: t, pu })
        }
        const seconds = t + 0.3
        const at = (s: number): number => (s < 0.2 ? 1 : (ends.find(({ until }) => s < until)?.pu ?? 1))
        const volts = threePhases({ samplesPerSecond: RATE, seconds, rms: s => 230 * at(s), degrees })
        const monitor = qualityMonitor(settings)
        const samples = { at: instant(1000), utc: utcMs(UTC), samplesPerSecond: RATE, lost: 0, volts, amps: {} }
        const events = [...monitor.take(samples).events, ...monitor.cutOff(instant(9000), utcMs(UTC)).events]
        expectSound(events)
        for (const kind of ['sag', 'swell', 'interruption']) {
          const runs = events.filter(event => event.kind === kind && event.phase === 'ends')
          const total = runs.reduce((sum, run) => sum + (run.phase === 'ends' ? run.durationMs : 0), 0)
          expect(total).toBeLessThanOrEqual(seconds * 1000)
          runs.slice(1).forEach((run, n) => {
            const before = runs[n]
            if (before?.phase !== 'ends') return
            expect(run.startedAt).toBeGreaterThanOrEqual(before.startedAt + before.durationMs - 1e-6)
          })
        }
      }),
      { numRuns: 60 },
    )
  })

  it('a record is analysed, or it is said why not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ name: fc.string(), unit: fc.constantFrom('V', 'kV', 'A', '', 'volt'), values: channel }), {
          maxLength: 4,
        }),
        fc.constantFrom(1600, 0, -5, Number.NaN, 1e12, 7678.48),
        fc.constantFrom(50, 60, 0, Number.NaN, -50),
        (channels, samplesPerSecond, nominalHz) => {
          const { courses, notJudged } = analyseRecord({ samplesPerSecond, nominalHz, channels })
          expect(courses.length + notJudged.length).toBe(channels.length)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('tells what began of what ends, and no more than the limit', () => {
    const begins = { phase: 'begins', severity: 'status' } as PowerQualityEvent
    const tried = fc.array(
      fc.record({ id: fc.integer({ min: 0, max: 40 }), worse: fc.boolean(), ms: fc.integer({ min: 0, max: 500 }) }),
      { maxLength: 300 },
    )
    fc.assert(
      fc.property(tried, all => {
        let state = silent(instant(0))
        let now = 0
        let told = 0
        for (const { id, worse, ms } of all) {
          now += ms
          const event = { ...begins, id: `${id}`, severity: worse ? ('alarm' as const) : ('status' as const) }
          const begun = mayTell(state, event, instant(now))
          if (begun.isTold) told++
          const ended = mayTell(begun.state, { ...event, phase: 'ends' } as PowerQualityEvent, instant(now))
          expect(ended.isTold).toBe(begun.isTold)
          state = ended.state
        }
        expect(told).toBeLessThanOrEqual(60 + now / 2000 + 1)
        expect(state.told.size).toBe(0)
      }),
    )
  })
})
