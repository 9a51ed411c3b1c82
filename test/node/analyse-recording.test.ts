// Real recordings: what the analysis finds in them, against facts worked out by other means (../shared/data/README.md).

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readComtrade } from '../../src/hal/comtrade/index.ts'
import { analyseRecording } from '../../src/node/analyse-recording.ts'
import { asJson } from '../../src/node/cli/pq-analyse.ts'
import { pqDrawing } from '../../src/node/cli/pq-drawing.ts'
import { asRead, tenCycles } from '../hal/comtrade/recorded.ts'

const DATA = fileURLToPath(new URL('../../../shared/data/waveforms/', import.meta.url))
const isThere = existsSync(`${DATA}comtrade_truth.json`)

interface Truth {
  readonly line_frequency_hz: number
  readonly voltage?: readonly {
    readonly id: string
    readonly not_energised_or_residual?: boolean
    readonly reference_rms: number
    readonly min_pu: number
    readonly max_pu: number
    readonly sliding_min_rms: number
    readonly sliding_max_rms: number
    readonly events?: readonly {
      readonly kind: string
      readonly ieee1159: string
      readonly first_half_cycle: number
      readonly duration_s: number
      readonly extreme_pu: number
      readonly ends_in_record: boolean
    }[]
  }[]
}
const truths: Record<string, Truth> = isThere ? JSON.parse(readFileSync(`${DATA}comtrade_truth.json`, 'utf8')) : {}
/** go-comtrade/test2 has millivolts: nothing was connected. */
const judged = Object.entries(truths).filter(
  ([file, { voltage = [] }]) => voltage.length > 0 && !file.startsWith('go-'),
)

describe.skipIf(!isThere)(
  `the analysis of recordings of others${isThere ? '' : ' (SKIPPED: no ../shared/data/waveforms)'}`,
  () => {
    it.each(judged)('%s: the same events, at the same times, as deep', (file, { voltage = [], line_frequency_hz }) => {
      const analysis = analyseRecording(readComtrade(`${DATA}comtrade/${file}`), {})
      const halfCycle = 0.5 / line_frequency_hz
      for (const channel of voltage) {
        const course = analysis.courses.find(each => each.channel === channel.id)
        if (channel.not_energised_or_residual === true) {
          expect(analysis.notJudged).toContainEqual({ channel: channel.id, because: 'not-energised' })
          continue
        }
        if (course === undefined) return expect.unreachable(`${channel.id} is not judged`)
        expect(Math.abs(course.nominal / channel.reference_rms - 1)).toBeLessThan(0.02)
        const found = analysis.events.filter(
          ({ channel: name, kind }) => name === channel.id && ['sag', 'swell', 'interruption'].includes(kind),
        )
        const wanted = [...(channel.events ?? [])].sort((a, b) => a.first_half_cycle - b.first_half_cycle)
        expect(found.map(({ kind }) => kind).sort()).toEqual(wanted.map(({ kind }) => kind).sort())
        for (const event of wanted) {
          const start = event.first_half_cycle * halfCycle
          const same = found.find(
            ({ kind, startSeconds }) => kind === event.kind && Math.abs(startSeconds - start) <= halfCycle,
          )
          if (same === undefined) return expect.unreachable(`${channel.id}: no ${event.kind} at ${start} s`)
          expect(Math.abs(same.durationSeconds - event.duration_s)).toBeLessThanOrEqual(halfCycle * 1.02)
          const [low, high] = [channel.sliding_min_rms, channel.sliding_max_rms].map(rms => rms / channel.reference_rms)
          const isNear = Math.abs(same.extremePu - event.extreme_pu) <= 0.02
          expect(isNear || (same.extremePu >= (low ?? 0) && same.extremePu <= (high ?? 0))).toBe(true)
          expect(`${same.category} ${same.kind}`).toBe(event.ieee1159)
          expect(same.isCutOff === true).toBe(!event.ends_in_record)
        }
      }
    })

    it('judges a recording whose rate follows the frequency of the network', () => {
      const analysis = analyseRecording(readComtrade(`${DATA}comtrade/wisp/1.cfg`), {})
      expect(analysis.courses.map(({ channel }) => channel)).toEqual(['UA', 'UB', 'UC'])
      expect(analysis.courses.every(({ nominal }) => nominal > 57 && nominal < 60)).toBe(true)
    })
  },
)

describe('the analysis of a recording', () => {
  const record = asRead(tenCycles())

  it('finds the sag of three cycles, in per unit of its own beginning', () => {
    const json = asJson(record, analyseRecording(record, {}))
    expect(json).toMatchObject({
      station: 'test',
      samples: 320,
      samplesPerSecond: 1600,
      lineHz: 50,
      rates: [{ hz: 1600, lastSample: 320 }],
    })
    const sags = json.events.filter(({ kind }) => kind === 'sag')
    expect(sags).toEqual([
      {
        channel: 'Va',
        kind: 'sag',
        category: 'instantaneous',
        startSeconds: expect.closeTo(0.07, 6),
        durationSeconds: expect.closeTo(0.07, 6),
        extremePu: expect.closeTo(0.5, 3),
      },
    ])
    expect(json.channels.map(({ name, nominal }) => [name, Math.round(nominal)])).toEqual([
      ['Va', 100],
      ['Vb', 100],
      ['Vc', 100],
    ])
  })
  it('goes by the nominal value that it is given', () => {
    const { events } = analyseRecording(record, { nominal: 120 })
    const sags = events.filter(({ kind }) => kind === 'sag')
    expect(sags.map(({ channel }) => channel).sort()).toEqual(['Va', 'Vb', 'Vc'])
    expect(sags.find(({ channel }) => channel === 'Va')?.extremePu).toBeCloseTo(50 / 120, 3)
    expect(analyseRecording(record, { nominal: 101 }).events.filter(({ kind }) => kind === 'sag')).toHaveLength(1)
  })
  it('judges nothing without a frequency, and with one that it is given', () => {
    const unknown = asRead(tenCycles({ lineHz: 0 }))
    expect(analyseRecording(unknown, {}).notJudged).toContainEqual({ channel: 'Va', because: 'no-frequency' })
    expect(analyseRecording(unknown, { lineHz: 50 }).events.some(({ kind }) => kind === 'sag')).toBe(true)
  })
  it('tells two channels of one name apart', () => {
    const [va, vb] = tenCycles().analog
    const twins = asRead(tenCycles({ analog: [va, { ...(vb ?? expect.unreachable()), name: 'Va' }] as never }))
    expect(analyseRecording(twins, {}).courses.map(({ channel }) => channel)).toEqual(['Va', 'Va (2)'])
  })
})

describe('the drawing of a recording', () => {
  const record = asRead(tenCycles())
  const svg = pqDrawing(record, analyseRecording(record, {}))

  it('has the wave, the RMS, the event and the ITIC curve', () => {
    expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 1000 \d+/)
    expect(svg).toContain('sag 0.50 pu, 70.0 ms')
    expect(svg).toContain('ITIC (CBEMA) curve')
    expect(svg.match(/<circle /g)).toHaveLength(1)
    expect(svg).toContain('Va: sag, 0.50 pu for 70.0 ms')
    // Three waves, three RMS lines beside them, and three below.
    expect(svg.match(/<path [^>]*stroke-width="(0.7|2|1.8)"/g)).toHaveLength(9)
    expect(svg).not.toContain('NaN')
  })
  it('marks the event where it is: from 0.07 s for 0.07 s of 0.2 s', () => {
    const [, x, width] =
      /<rect x="([\d.]+)" y="56" width="([\d.]+)" height="128" fill="#f2b8a0"/.exec(svg)?.map(Number) ?? []
    const plot = 908 / (record.times.at(-1) ?? 0)
    expect(x).toBeCloseTo(76 + 0.07 * plot, 0)
    expect(width).toBeCloseTo(0.07 * plot, 0)
  })
  it('has no more points than can be seen, however long the recording', () => {
    const samples = 200_000
    const [va] = tenCycles().analog
    const long = asRead(
      tenCycles({
        times: Float64Array.from({ length: samples }, (_, n) => n / 1600),
        rates: [{ hz: 1600, lastSample: samples }],
        analog: [
          {
            ...(va ?? expect.unreachable()),
            values: Float64Array.from({ length: samples }, (_, n) => Math.cos((2 * Math.PI * n) / 32)),
          },
        ],
        digital: [],
      }),
    )
    const waves =
      /<path d="([^"]*)"[^>]*stroke-width="0.7"/.exec(pqDrawing(long, analyseRecording(long, {})))?.[1] ?? ''
    expect(waves.match(/[ML]/g)?.length).toBeLessThan(5000)
  })
  it('is made of hostile names without being broken by them', () => {
    const hostile = asRead(
      tenCycles({
        station: '<script>alert(1)</script>&"',
        analog: tenCycles().analog.map(each => ({ ...each, name: `${each.name}<b>` })),
      }),
    )
    const drawn = pqDrawing(hostile, analyseRecording(hostile, {}))
    expect(drawn).not.toMatch(/<script|<b>/)
  })
  it('says so when there is nothing to judge', () => {
    const empty = asRead(tenCycles({ lineHz: 0 }))
    expect(pqDrawing(empty, analyseRecording(empty, {}))).toContain('No voltage of this recording can be judged.')
  })
})
