// Power quality of a recording: its events as a table, as JSON, and drawn.

import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { type ComtradeRecord, readComtrade } from '../../hal/comtrade/index.ts'
import type { RecordedEvent } from '../../protection/power-quality/analyse-record.ts'
import { isAboveItic, isBelowF47, isBelowItic } from '../../protection/power-quality/immunity-curves.ts'
import { type AnalysedRecording, analyseRecording } from '../analyse-recording.ts'
import { NodeError } from '../node-error.ts'
import { outputs } from './outputs.ts'
import { pqDrawing } from './pq-drawing.ts'
import { table } from './table.ts'

interface Arguments {
  readonly nominal?: string
  readonly hz?: string
  readonly svg?: string
  readonly json: boolean
}

export const pqAnalyseCommand = (): Command =>
  new Command('analyse')
    .description('the events of a COMTRADE recording: sags, swells, interruptions, transients and more')
    .argument('<file>', 'a .cfg, with its .dat beside it, or a .cff')
    .option('--nominal <value>', "RMS of 1 per unit, in the channels' unit (default: the record's first three values)")
    .option('--hz <frequency>', 'nominal frequency (default: that of the file)')
    .option('--svg <out>', 'draw it: waves, half-cycle RMS, events, ITIC curve; "-" is the standard output')
    .option('--json', 'one JSON object', false)
    .addHelpText(
      'after',
      `
  feedermesh pq analyse fault.cfg
  feedermesh pq analyse fault.cfg --nominal 7200 --svg fault.svg
  feedermesh pq analyse fault.cff --json | jq '.events[] | select(.kind == "sag")'`,
    )
    .action(analyse)

function analyse(file: string, options: Arguments): void {
  const nominal = positive('--nominal', options.nominal)
  const lineHz = positive('--hz', options.hz)
  const record = readComtrade(file)
  const analysis = analyseRecording(record, {
    ...(nominal === undefined ? {} : { nominal }),
    ...(lineHz === undefined ? {} : { lineHz }),
  })
  if (options.svg !== undefined) {
    const svg = pqDrawing(record, analysis)
    if (options.svg === '-') {
      process.stdout.write(svg)
      return
    }
    writeOut(options.svg, svg)
  }
  process.stdout.write(options.json ? `${JSON.stringify(asJson(record, analysis))}\n` : asText(record, analysis))
  if (options.svg !== undefined) process.stderr.write(`${options.svg}: written\n`)
}

export function asJson({ header, samples, notes }: ComtradeRecord, analysis: AnalysedRecording) {
  const { events, courses, notJudged, samplesPerSecond, lineHz } = analysis
  return outputs['pq-analyse'].parse({
    station: header.station,
    device: header.device,
    rates: header.rates,
    samplesPerSecond,
    samples,
    lineHz,
    events,
    channels: courses.map(({ channel, unit, nominal, rms }) => {
      const there = rms.filter(value => Number.isFinite(value))
      return {
        name: channel,
        unit,
        nominal,
        lowestPu: there.reduce((least, value) => Math.min(least, value), Number.MAX_VALUE) / nominal,
        highestPu: there.reduce((most, value) => Math.max(most, value), 0) / nominal,
      }
    }),
    notJudged,
    notes,
  })
}

function asText({ header, samples, notes, file }: ComtradeRecord, analysis: AnalysedRecording): string {
  const { events, courses, notJudged, samplesPerSecond, lineHz } = analysis
  const head = [header.station, header.device].filter(text => text !== '').join(', ')
  const lines = [
    `${head === '' ? file : head}: ${samples} samples at ${round(samplesPerSecond, 2)} Hz, ${header.format}, ${header.revision}, line ${lineHz || 'frequency unknown'}${lineHz ? ' Hz' : ''}`,
    ...(courses.length === 0
      ? []
      : [`1 pu: ${courses.map(({ channel, unit, nominal }) => `${channel} ${round(nominal, 3)} ${unit}`).join(', ')}`]),
    ...notes.map(note => `note: ${note}`),
  ]
  return `${lines.join('\n')}\n\n${events.length === 0 ? 'no events\n' : table(events.map(eventLine))}${leftOut(notJudged)}`
}

const eventLine = (event: RecordedEvent) => ({
  channel: event.channel,
  kind: event.kind,
  category: event.category ?? '',
  startSeconds: round(event.startSeconds, 5),
  durationSeconds: round(event.durationSeconds, 5),
  extremePu: round(event.extremePu, 4),
  ITIC: iticOf(event),
  'SEMI F47': event.kind === 'sag' || event.kind === 'interruption' ? f47Of(event) : '',
  ...(event.isCutOff === true ? { ends: 'after the record' } : {}),
})

function iticOf({ kind, extremePu, durationSeconds }: RecordedEvent): string {
  if (kind === 'waveShape' || kind === 'rapidVoltageChange') return ''
  if (isBelowItic(extremePu, durationSeconds) && kind !== 'transient') return 'below'
  return isAboveItic(extremePu, durationSeconds) ? 'above' : 'within'
}
const f47Of = ({ extremePu, durationSeconds }: RecordedEvent): string =>
  isBelowF47(extremePu, durationSeconds) ? 'below' : 'within'

function leftOut(notJudged: AnalysedRecording['notJudged']): string {
  const voltages = notJudged.filter(({ because }) => because !== 'not-a-voltage')
  if (voltages.length === 0) return ''
  return `\nnot judged: ${voltages.map(({ channel, because }) => `${channel} (${because.replaceAll('-', ' ')})`).join(', ')}\n`
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits))

function positive(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  throw new NodeError('BAD_INPUT', `${option} ${text}: want a number above 0`)
}

function writeOut(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `${file}: can't write this drawing: ${(cause as Error).message}`, { cause })
  }
}
