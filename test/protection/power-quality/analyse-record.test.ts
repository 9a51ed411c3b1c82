import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { analyseRecord } from '../../../src/protection/power-quality/analyse-record.ts'
import { hasWaveforms, readAscii, WAVEFORMS, wave } from './waves.ts'

describe('analyseRecord', () => {
  const samplesPerSecond = 6400
  const sagged = (seconds: number) =>
    wave({ samplesPerSecond, seconds, rms: t => (t >= 0.5 && t < 0.6 ? 0.7 : 1) * 230 })

  // 50 Hz, 0.70 per unit from 500 to 600 ms at zero crossings: 490 to 600 start to start.
  it('finds a sag: start to start, residual voltage, category', () => {
    const { events, courses } = analyseRecord({
      samplesPerSecond,
      nominalHz: 50,
      channels: [{ name: 'Ua', unit: 'V', values: sagged(2) }],
    })
    const [sag, ...others] = events.filter(({ kind }) => kind === 'sag')
    expect(others).toEqual([])
    expect(sag).toMatchObject({ channel: 'Ua', category: 'instantaneous' })
    expect(sag?.startSeconds).toBeCloseTo(0.49, 9)
    expect(sag?.durationSeconds).toBeCloseTo(0.11, 9)
    expect(sag?.extremePu).toBeCloseTo(0.7, 4)
    expect(courses[0]?.nominal).toBeCloseTo(230, 3)
    expect(
      events.filter(({ kind }) => kind === 'waveShape').map(({ startSeconds }) => Math.round(startSeconds * 100)),
    ).toEqual([50, 60])
  })

  it('says of an event that the record ends in it that it is cut off', () => {
    const { events } = analyseRecord({
      samplesPerSecond,
      nominalHz: 50,
      channels: [{ name: 'Ua', unit: 'kV', values: sagged(0.56) }],
    })
    expect(events.filter(({ kind }) => kind === 'sag')).toMatchObject([{ isCutOff: true }])
  })

  it('goes by the nominal voltage that it is told', () => {
    const values = wave({ samplesPerSecond, seconds: 0.5, rms: 180 })
    const channels = [{ name: 'Ua', unit: 'V', values }]
    expect(analyseRecord({ samplesPerSecond, nominalHz: 50, channels }).events).toEqual([])
    const { events } = analyseRecord({ samplesPerSecond, nominalHz: 50, channels, nominal: 230 })
    expect(events).toMatchObject([{ kind: 'sag', startSeconds: 0, isCutOff: true }])
  })

  it.each([
    ['a current', 'A', 50, 6400, 'not-a-voltage'],
    ['apparent power', 'VA', 50, 6400, 'not-a-voltage'],
    ['a record without a frequency', 'V', 0, 6400, 'no-frequency'],
    ['four samples a cycle', 'V', 50, 200, 'too-few-samples-a-cycle'],
  ])('does not judge %s, and says why', (_, unit, nominalHz, rate, because) => {
    const values = wave({ samplesPerSecond: rate, seconds: 1, rms: 230 })
    const { notJudged, events } = analyseRecord({
      samplesPerSecond: rate,
      nominalHz,
      channels: [{ name: 'x', unit, values }],
    })
    expect(notJudged).toEqual([{ channel: 'x', because }])
    expect(events).toEqual([])
  })

  it('does not judge what is too short or not connected', () => {
    const record = {
      samplesPerSecond,
      nominalHz: 50,
      channels: [
        { name: 'live', unit: 'V', values: wave({ samplesPerSecond, seconds: 1, rms: 230 }) },
        { name: 'residual', unit: 'V', values: wave({ samplesPerSecond, seconds: 1, rms: 3 }) },
        { name: 'short', unit: 'V', values: wave({ samplesPerSecond, seconds: 0.03, rms: 230 }) },
        { name: 'empty', unit: 'V', values: new Float64Array(0) },
      ],
    }
    expect(analyseRecord(record).notJudged).toEqual([
      { channel: 'short', because: 'too-short' },
      { channel: 'empty', because: 'too-short' },
      { channel: 'residual', because: 'not-energised' },
    ])
  })

  // comtrade_truth.json; within what ../shared/data/README.md allows: 2 % of per unit, one half cycle.
  interface Truth {
    readonly voltage: readonly {
      readonly id: string
      readonly reference_rms: number
      readonly min_pu: number
      readonly events: readonly {
        readonly kind: string
        readonly duration_s: number
        readonly extreme_pu: number
        readonly ieee1159: string
      }[]
    }[]
  }
  const cases = [
    ['tshort/1999-ascii-pq', 'cfg', 'dat'],
    ['keating/keating_1999', 'CFG', 'DAT'],
  ] as const
  for (const [base, cfg, dat] of cases) {
    it.skipIf(!hasWaveforms)(`agrees with the facts of ${base} (needs ${WAVEFORMS})`, () => {
      const truth = (JSON.parse(readFileSync(`${WAVEFORMS}/comtrade_truth.json`, 'utf8')) as Record<string, Truth>)[
        `${base}.${cfg}`
      ] as Truth
      const record = readAscii(base, cfg, dat)
      const { events, courses } = analyseRecord(record)
      for (const { id, events: expected, reference_rms, min_pu } of truth.voltage) {
        const course = courses.find(({ channel }) => channel === id)
        if (course === undefined) continue
        expect(Math.abs(course.nominal / reference_rms - 1)).toBeLessThan(0.02)
        expect(Math.abs(Math.min(...course.rms) / course.nominal - min_pu)).toBeLessThan(0.02)
        const found = events.filter(
          ({ channel, kind }) => channel === id && ['sag', 'swell', 'interruption'].includes(kind),
        )
        expect(found.map(({ kind, category }) => `${category} ${kind}`)).toEqual(
          expected.map(({ ieee1159 }) => ieee1159),
        )
        found.forEach((event, n) => {
          const { duration_s, extreme_pu } = expected[n] as Truth['voltage'][0]['events'][0]
          expect(Math.abs(event.durationSeconds - duration_s)).toBeLessThan(0.5 / record.nominalHz + 1e-6)
          expect(Math.abs(event.extremePu - extreme_pu)).toBeLessThan(0.02)
        })
      }
      expect(courses.length).toBe(3)
    })
  }
})
