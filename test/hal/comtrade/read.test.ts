// Recordings of others, against facts that were worked out of them by other means: ../shared/data/README.md.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parseHeader } from '../../../src/hal/comtrade/header.ts'
import { type ComtradeRecord, readComtrade } from '../../../src/hal/comtrade/index.ts'

const DATA = fileURLToPath(new URL('../../../../shared/data/waveforms/', import.meta.url))
const isThere = existsSync(`${DATA}comtrade_truth.json`)
const truths: Record<string, Truth> = isThere ? JSON.parse(readFileSync(`${DATA}comtrade_truth.json`, 'utf8')) : {}

interface Truth {
  readonly note?: string
  readonly header: { readonly analog: number; readonly digital: number; readonly ft: string; readonly station: string }
  readonly station: string
  readonly device: string
  readonly rev_year_field: string
  readonly data_format: string
  readonly line_frequency_hz: number
  readonly samples_in_dat: number
  readonly samples_declared: number
  readonly start: string
  readonly trigger: string
  readonly trigger_offset_s: number
  readonly rate_from_timestamps_hz?: number
  readonly rates: readonly { readonly hz: number; readonly last_sample: number }[]
  readonly channels: readonly {
    readonly id: string
    readonly unit: string
    readonly ph: string
    readonly ps: string
    readonly primary: number
    readonly secondary: number
    readonly min: number
    readonly max: number
  }[]
  readonly digital: number
  readonly digital_changes?: readonly {
    readonly id: string
    readonly index: number
    readonly first_change_sample_index: number
    readonly transitions: number
  }[]
}

const read = (file: string): ComtradeRecord => readComtrade(`${DATA}comtrade/${file}`)
const isHeaderAlone = ({ note = '' }: Truth): boolean => note.startsWith('header only')
const whole = Object.entries(truths).filter(([, truth]) => !isHeaderAlone(truth))
const present = (column: Float64Array | undefined): number[] =>
  [...(column ?? [])].filter(value => !Number.isNaN(value))

describe.skipIf(!isThere)(`recordings of others${isThere ? '' : ' (SKIPPED: no ../shared/data/waveforms)'}`, () => {
  it.each(whole)('%s: header, times and values', (file, truth) => {
    const { header, ...record } = read(file)
    expect(header.station).toBe(truth.station)
    expect(header.device).toBe(truth.device)
    expect(header.revisionText).toBe(truth.rev_year_field)
    expect(header.format).toBe(truth.data_format)
    expect(header.lineHz).toBe(truth.line_frequency_hz)
    expect(header.rates).toEqual(truth.rates.map(({ hz, last_sample }) => ({ hz, lastSample: last_sample })))
    expect([header.start.text, header.trigger.text]).toEqual([truth.start, truth.trigger])
    expect(record.triggerSeconds).toBeCloseTo(truth.trigger_offset_s, 7)
    expect(record.samples).toBe(truth.samples_in_dat)
    expect(header.declaredSamples).toBe(truth.samples_declared)
    expect(record.times.length).toBe(record.samples)
    expect(record.times.every((time, index) => index === 0 || time > (record.times[index - 1] ?? 0))).toBe(true)
    if (truth.rate_from_timestamps_hz !== undefined) {
      expect(record.evenHz).toBeCloseTo(truth.rate_from_timestamps_hz, 3)
    }
    const { length } = truth.channels // the facts have no more than 16
    expect(header.analog.slice(0, length).map(({ name }) => name)).toEqual(truth.channels.map(({ id }) => id))
    truth.channels.forEach((channel, index) => {
      const { unit, phase, primary, secondary, side } = header.analog[index] ?? expect.unreachable()
      expect([unit, phase, primary, secondary]).toEqual([channel.unit, channel.ph, channel.primary, channel.secondary])
      expect(side).toBe(channel.ps.toUpperCase())
      const values = present(record.analog[index])
      const near = (value: number) => Math.max(1e-9, Math.abs(value) * 1e-5)
      expect(Math.abs(Math.min(...values) - channel.min)).toBeLessThanOrEqual(near(channel.min))
      expect(Math.abs(Math.max(...values) - channel.max)).toBeLessThanOrEqual(near(channel.max))
    })
  })

  it.each(whole.filter(([, { digital_changes }]) => digital_changes !== undefined))(
    '%s: digital channels',
    (file, truth) => {
      const { digital, header } = read(file)
      expect(digital.length).toBe(truth.digital)
      const changes = digital.flatMap((column, channel) => {
        const at = [...column.keys()].filter(index => index > 0 && column[index] !== column[index - 1])
        const { name, number } = header.digital[channel] ?? expect.unreachable()
        return at.length === 0
          ? []
          : [{ id: name, index: number, first_change_sample_index: at[0], transitions: at.length }]
      })
      expect(changes).toEqual(truth.digital_changes)
    },
  )

  it.each(Object.entries(truths).filter(([, truth]) => isHeaderAlone(truth)))(
    '%s: a header alone',
    (file, { header }) => {
      const bytes = readFileSync(`${DATA}comtrade/${file}`)
      const parsed = parseHeader({ file, text: bytes.toString('utf8'), firstLine: 1 }, () => {})
      expect(parsed.station).toBe(header.station)
      expect([parsed.analog.length, parsed.digital.length]).toEqual([header.analog, header.digital])
      expect(parsed.format).toBe(header.ft)
      expect([parsed.utcOffsetMinutes, parsed.timeQuality]).toEqual([-330, 'B'])
    },
  )

  it('says what a file promises and does not keep', () => {
    expect(read('wisp/4.CFG').notes).toEqual([
      'year of the standard: "1997", read as 1999',
      '2399 samples declared, 2400 are there',
    ])
    expect(read('wisp/1.cfg').notes).toEqual(['year of the standard: "2000", read as 1999'])
    expect(read('tshort/1999-ascii-pq.cfg').notes).toEqual([])
  })

  it('takes the times of many rates from each of them', () => {
    const { times, evenHz, header } = read('wisp/1.cfg')
    expect(evenHz).toBeCloseTo(2401.5, 0) // it follows the frequency of the network
    expect(header.rates.length).toBe(83)
    expect(times[707]).toBeCloseTo(707 / 2401.509521, 9)
    expect(times[731]).toBeCloseTo(707 / 2401.509521 + 24 / 2400.823242, 9)
    expect(times.at(-1)).toBeCloseTo(5315 / 2401.5, 2)
  })
  it('has one rate where all segments have it', () => {
    expect(read('go-comtrade/test2.cfg').evenHz).toBe(1000)
  })
  it('does not take the frequency 0 for one', () => {
    const { header, evenHz } = read('parrini/sample_float32.cff')
    expect([header.lineHz, evenHz, header.start.digits]).toEqual([0, 100, 9])
  })
})
