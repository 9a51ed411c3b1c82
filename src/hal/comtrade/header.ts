// The configuration part (.cfg) of a recording: which channels, how often sampled, since when, in which format.

import { ComtradeError } from './comtrade-error.ts'
import {
  type AnalogChannel,
  type DataFormat,
  type DigitalChannel,
  type Header,
  limits,
  type Rate,
  type Revision,
} from './record.ts'
import { parseStamp, parseUtcOffset } from './stamp.ts'

export interface HeaderText {
  readonly file: string
  readonly text: string
  /** Of the text's first line in the file. */
  readonly firstLine: number
}

/** @throws ComtradeError COMTRADE_BAD_HEADER, COMTRADE_TOO_LARGE */
export function parseHeader({ file, text, firstLine }: HeaderText, note: (words: string) => void): Header {
  // Files from DOS end with its end-of-file character, some with several.
  const [untilEnd = ''] = text.split('\u001a', 1)
  const lines = untilEnd.split(/\r\n|\n|\r/)
  let at = 0

  function fail(words: string, code: ComtradeError['code'] = 'COMTRADE_BAD_HEADER'): never {
    throw new ComtradeError(code, `${file}:${firstLine + Math.max(0, at - 1)}: ${words}`)
  }
  function line(what: string): string {
    const found = lines[at++]
    return found ?? fail(`ends here, want ${what}`)
  }
  const fieldsOf = (found: string): string[] => found.split(',').map(field => field.trim())
  function number(words: string, text = '', ifEmpty?: number): number {
    if (text === '' && ifEmpty !== undefined) return ifEmpty
    const value = Number(text)
    return text !== '' && Number.isFinite(value) ? value : fail(`${words}: ${show(text)}, want a number`)
  }
  function whole(words: string, text = '', most: number): number {
    const value = number(words, text)
    if (!Number.isInteger(value) || value < 0) fail(`${words}: ${show(text)}, want a whole number`)
    if (value > most) fail(`${words}: ${value}, want ${most} at most`, 'COMTRADE_TOO_LARGE')
    return value
  }

  const [station = '', device = '', revisionText = ''] = fieldsOf(line('station, device and year'))
  const revision = revisionOf(revisionText, note)

  const counts = fieldsOf(line('the numbers of channels, as 8,4A,4D'))
  const analogCount = whole('analog channels', /^(\d+)a$/i.exec(counts[1] ?? '')?.[1] ?? counts[1], limits.channels)
  const digitalCount = whole('digital channels', /^(\d+)d$/i.exec(counts[2] ?? '')?.[1] ?? counts[2], limits.channels)
  const total = whole('channels', counts[0], 2 * limits.channels)
  if (total !== analogCount + digitalCount) {
    fail(`${total} channels in all, but ${analogCount} analog and ${digitalCount} digital ones`)
  }
  if (total === 0) fail('no channels, want one at least')

  const analog: AnalogChannel[] = []
  for (let index = 1; index <= analogCount; index++) analog.push(analogChannel(index))
  const digital: DigitalChannel[] = []
  for (let index = 1; index <= digitalCount; index++) digital.push(digitalChannel(index))

  function analogChannel(index: number): AnalogChannel {
    const fields = fieldsOf(line(`analog channel ${index} of ${analogCount}`))
    const words = `analog channel ${index}`
    if (fields.length < 7) fail(`${words}: ${fields.length} fields, want 13 (10 in a file of 1991)`)
    const [, name = '', phase = '', component = '', unit = '', multiplier, offset, skew, , , primary, secondary, side] =
      fields
    return {
      number: index,
      name,
      phase,
      component,
      unit,
      multiplier: number(`${words}: multiplier`, multiplier),
      offset: number(`${words}: offset`, offset),
      skewSeconds: number(`${words}: skew`, skew, 0) / 1e6,
      primary: number(`${words}: primary`, primary, 1),
      secondary: number(`${words}: secondary`, secondary, 1),
      side: /^s/i.test(side ?? '') ? 'S' : 'P',
    }
  }
  function digitalChannel(index: number): DigitalChannel {
    const fields = fieldsOf(line(`digital channel ${index} of ${digitalCount}`))
    if (fields.length < 2) fail(`digital channel ${index}: ${fields.length} fields, want 5 (3 in a file of 1991)`)
    const isShort = fields.length < 5
    const [, name = '', phase = '', component = ''] = fields
    return {
      number: index,
      name,
      phase: isShort ? '' : phase,
      component: isShort ? '' : component,
      normal: (isShort ? fields[2] : fields[4]) === '1' ? 1 : 0,
    }
  }

  const lineHz = number('line frequency', line('the line frequency').trim(), 0)
  if (lineHz < 0 || lineHz > limits.lineHz) fail(`line frequency: ${lineHz} Hz, want 0 to ${limits.lineHz}`)

  const rateCount = whole('number of sampling rates', fieldsOf(line('the number of sampling rates'))[0], limits.rates)
  const rates: Rate[] = []
  for (let index = 1; index <= Math.max(1, rateCount); index++) {
    if (rateCount === 0 && (lines[at] ?? '').includes('/')) break // a date: the line of no rate was left out
    const [hzText, lastText] = fieldsOf(line(`sampling rate ${index} of ${rateCount}`))
    const hz = number(`sampling rate ${index}`, hzText)
    if (hz !== 0 && !(hz >= limits.leastRateHz && hz <= limits.rateHz)) {
      fail(`sampling rate ${index}: ${hz} samples a second, want 0, or ${limits.leastRateHz} to ${limits.rateHz}`)
    }
    const lastSample = whole(`last sample of sampling rate ${index}`, lastText, Number.MAX_SAFE_INTEGER)
    const before = rates.at(-1)?.lastSample ?? 0
    if (lastSample < before) fail(`last sample of sampling rate ${index}: ${lastSample}, want ${before} or more`)
    rates.push({ hz: rateCount === 0 ? 0 : hz, lastSample })
  }

  const start = parseStamp(line('the time of the first sample'), revision)
  if (start.nanos === undefined) note(`the time of the first sample is ${show(start.text)}, no date`)
  const trigger = parseStamp(line('the time of the trigger'), revision)
  if (trigger.nanos === undefined) note(`the time of the trigger is ${show(trigger.text)}, no date`)
  const formatText = line('the format of the data file').trim()
  const format = FORMATS.find(each => each === formatText.toUpperCase())
  if (format === undefined) fail(`data format: ${show(formatText)}, want ${FORMATS.join(', ')}`)
  const timeMultiplier = number('time multiplier', lines[at++]?.trim(), 1)
  if (!(timeMultiplier > 0)) fail(`time multiplier: ${timeMultiplier}, want more than 0`)
  const [timeCode] = fieldsOf(lines[at++] ?? '')
  const [timeQuality] = fieldsOf(lines[at++] ?? '')
  const utcOffsetMinutes = parseUtcOffset(timeCode)
  return {
    station,
    device,
    revisionText,
    revision,
    analog,
    digital,
    lineHz,
    rates,
    declaredSamples: rates.at(-1)?.lastSample ?? 0,
    start,
    trigger,
    format,
    timeMultiplier,
    ...(utcOffsetMinutes === undefined ? {} : { utcOffsetMinutes }),
    ...(timeQuality === undefined || !/^[0-9a-f]$/i.test(timeQuality) ? {} : { timeQuality }),
  }
}

const FORMATS: readonly DataFormat[] = ['ASCII', 'BINARY', 'BINARY32', 'FLOAT32']

/** A file without a year is of 1991. Others than the standard's own years are in use: 1997 and 2000 mean 1999. */
function revisionOf(text: string, note: (words: string) => void): Revision {
  const year = Number(text)
  if (text === '' || year === 1991) return 1991
  const revision: Revision = year >= 2013 ? 2013 : 1999
  if (year !== revision) note(`year of the standard: ${show(text)}, read as ${revision}`)
  return revision
}

/** Of a hostile file: short, and without what moves a cursor. */
export const show = (text: string): string => `"${text.slice(0, 40).replace(/[^\x20-\x7e\xa0-\uffff]/g, '?')}"`
