// A recording drawn: each voltage's wave with its half-cycle RMS and its events, all RMS values per unit beside the limits,
// and where the events lie on the ITIC curve.

import { element, escapeXml, group, number } from '../../../topology/diagram/svg.ts'
import type { ComtradeRecord } from '../../hal/comtrade/index.ts'
import type { RecordedEvent, RecordedKind } from '../../protection/power-quality/analyse-record.ts'
import { ITIC_LOWER, ITIC_UPPER, type Step } from '../../protection/power-quality/immunity-curves.ts'
import type { AnalysedRecording } from '../analyse-recording.ts'

const WIDTH = 1000
const LEFT = 76
const RIGHT = 16
const PLOT = WIDTH - LEFT - RIGHT
const STRIP = 128
const GAP = 18
const LOWER = 280
/** More make no readable drawing; the title says how many there are. */
const MOST_STRIPS = 6
/** So many labels on one strip. */
const MOST_LABELS = 6

const INK = '#1d2733'
const SOFT = '#67727e'
const LINE = '#d5dbe1'
const PHASES = ['#c0392b', '#1f6fb2', '#2e8b57', '#7a3fa0', '#b86e00', '#0b7a75']
const FILLS: Readonly<Record<RecordedKind, string>> = {
  sag: '#f2b8a0',
  interruption: '#d98880',
  swell: '#f7dc8f',
  transient: '#c9b6e4',
  waveShape: '#bcd9ee',
  rapidVoltageChange: '#c8e6c9',
}
const WORDS: Readonly<Record<RecordedKind, string>> = {
  sag: 'sag',
  interruption: 'interruption',
  swell: 'swell',
  transient: 'transient',
  waveShape: 'wave shape',
  rapidVoltageChange: 'rapid voltage change',
}

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export function pqDrawing(record: ComtradeRecord, analysis: AnalysedRecording): string {
  const courses = analysis.courses.slice(0, MOST_STRIPS)
  const seconds = Math.max(1e-9, record.times.at(-1) ?? 0)
  const parts: string[] = []
  let y = 56
  parts.push(title(record, analysis))
  if (courses.length === 0) {
    parts.push(text(LEFT, y + 24, 'No voltage of this recording can be judged.', { fill: SOFT }))
    y += 40
  }
  courses.forEach((course, index) => {
    const box = { x: LEFT, y, width: PLOT, height: STRIP }
    const events = analysis.events.filter(({ channel }) => channel === course.channel)
    parts.push(strip(box, course, analysis, events, seconds, colour(index)))
    y += STRIP + GAP
  })
  if (courses.length > 0) {
    parts.push(timeAxis({ x: LEFT, y: 56, width: PLOT, height: y - 56 - GAP }, seconds))
    parts.push(
      text(LEFT, y - GAP + 32, 'thin: the wave; bold: its half-cycle RMS; coloured: events', {
        fill: SOFT,
        'font-size': 11,
      }),
    )
    y += 50
    const half = (PLOT - 86) / 2
    parts.push(rmsPanel({ x: LEFT, y, width: half, height: LOWER }, { ...analysis, courses }, seconds))
    parts.push(iticPanel({ x: LEFT + half + 86, y, width: half, height: LOWER }, { ...analysis, courses }))
    y += LOWER + 58
  }
  const background = element('rect', { width: WIDTH, height: y, fill: '#ffffff' })
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${WIDTH} ${number(y)}`,
      width: WIDTH,
      height: y,
      'font-family': 'system-ui, "Segoe UI", "DejaVu Sans", sans-serif',
      'font-size': 12,
      role: 'img',
      'aria-label': `Power quality of ${record.header.station}`,
    },
    background + parts.join(''),
  )}\n`
}

const colour = (index: number): string => PHASES[index % PHASES.length] as string

function text(x: number, y: number, words: string, attributes: Record<string, string | number> = {}): string {
  return element('text', { x, y, fill: INK, ...attributes }, escapeXml(words))
}

function title(
  { header, samples }: ComtradeRecord,
  { events, courses, samplesPerSecond, lineHz }: AnalysedRecording,
): string {
  const name = [header.station, header.device].filter(each => each !== '').join(', ') || 'recording'
  const more = courses.length > MOST_STRIPS ? `, ${MOST_STRIPS} of ${courses.length} voltages drawn` : ''
  const facts = `${header.start.text.replace(',', ' ')} · ${samples} samples at ${samplesPerSecond.toFixed(0)} Hz · line ${lineHz} Hz · ${events.length} ${events.length === 1 ? 'event' : 'events'}${more}`
  return text(LEFT, 24, name, { 'font-size': 17, 'font-weight': 600 }) + text(LEFT, 43, facts, { fill: SOFT })
}

// Waves ---------------------------------------------------------------------------------------------------------------

function strip(
  box: Box,
  course: AnalysedRecording['courses'][number],
  { waves, samplesPerSecond, lineHz }: AnalysedRecording,
  events: readonly RecordedEvent[],
  seconds: number,
  stroke: string,
): string {
  const values = waves.get(course.channel) ?? new Float64Array()
  const peak = values.reduce((most, value) => (Math.abs(value) > most ? Math.abs(value) : most), 0) || 1
  const x = (at: number): number => box.x + (at / seconds) * box.width
  const y = (value: number): number => box.y + box.height / 2 - (value / peak) * (box.height / 2 - 6)
  // The same place on the scale is RMS for the bold line and the instant for the thin one: both are in the channel's unit.
  const level = Number(peak.toPrecision(2))
  return group({}, [
    element('rect', { x: box.x, y: box.y, width: box.width, height: box.height, fill: 'none', stroke: LINE }),
    ...events.map(event => mark(event, box, x)),
    element('line', { x1: box.x, x2: box.x + box.width, y1: y(0), y2: y(0), stroke: LINE }),
    element('path', {
      d: wavePath(values, index => x(index / samplesPerSecond), y, box),
      fill: 'none',
      stroke,
      'stroke-width': 0.7,
      opacity: 0.65,
    }),
    element('path', { d: rmsPath(course, 1 / (2 * lineHz), x, y), fill: 'none', stroke: INK, 'stroke-width': 2 }),
    text(box.x - 8, y(0) - 8, course.channel.slice(0, 10), {
      'text-anchor': 'end',
      'font-weight': 600,
      fill: stroke,
    }),
    ...[level, 0, -level].map(value =>
      text(box.x - 8, y(value) + (value === 0 ? 7 : 4), value === 0 ? `0 ${course.unit}` : short(value), {
        'text-anchor': 'end',
        fill: SOFT,
        'font-size': 10,
      }),
    ),
    ...labels(events, box, x),
  ])
}

function mark({ kind, startSeconds, durationSeconds }: RecordedEvent, box: Box, x: (at: number) => number): string {
  const from = x(startSeconds)
  const width = Math.max(2, x(startSeconds + durationSeconds) - from)
  return element('rect', {
    x: from,
    y: box.y,
    width: Math.max(0, Math.min(width, box.x + box.width - from)),
    height: box.height,
    fill: FILLS[kind],
    opacity: 0.55,
  })
}

const RANK: readonly RecordedKind[] = ['interruption', 'sag', 'swell', 'transient', 'rapidVoltageChange', 'waveShape']

/** The gravest and longest ones, each below the one before, from where its event begins. */
const labels = (events: readonly RecordedEvent[], box: Box, x: (at: number) => number): string[] =>
  [...events]
    .sort((a, b) => RANK.indexOf(a.kind) - RANK.indexOf(b.kind) || b.durationSeconds - a.durationSeconds)
    .slice(0, MOST_LABELS)
    .sort((a, b) => a.startSeconds - b.startSeconds)
    .map((event, index) => {
      const { kind, extremePu, startSeconds, durationSeconds } = event
      const words = `${WORDS[kind]} ${extremePu.toFixed(2)} pu, ${duration(durationSeconds)}`
      const at = x(startSeconds)
      const isFarRight = at > box.x + box.width - 210
      return text(isFarRight ? box.x + box.width - 6 : at + 4, box.y + 13 + index * 13, words, {
        'font-size': 11,
        stroke: '#ffffff',
        'stroke-width': 3,
        'paint-order': 'stroke',
        ...(isFarRight ? { 'text-anchor': 'end' } : {}),
      })
    })

/** However many samples there are: the lowest and the highest of each column of the drawing, at most. */
function wavePath(values: Float64Array, x: (index: number) => number, y: (value: number) => number, box: Box): string {
  const step = Math.max(1, Math.floor(values.length / (2 * box.width)))
  let path = ''
  let isDown = false
  const put = (index: number): void => {
    const value = values[index] ?? Number.NaN
    if (!Number.isFinite(value)) {
      isDown = false
      return
    }
    path += `${isDown ? 'L' : 'M'}${number(x(index))} ${number(y(value))}`
    isDown = true
  }
  for (let from = 0; from < values.length; from += step) {
    if (step === 1) {
      put(from)
      continue
    }
    let low = from
    let high = from
    for (let index = from; index < Math.min(from + step, values.length); index++) {
      if ((values[index] ?? 0) < (values[low] ?? 0)) low = index
      if ((values[index] ?? 0) > (values[high] ?? 0)) high = index
    }
    put(Math.min(low, high))
    if (low !== high) put(Math.max(low, high))
  }
  return path
}

/** Each value stands from the middle of its window for half a cycle. */
function rmsPath(
  { startSeconds, rms }: AnalysedRecording['courses'][number],
  halfCycle: number,
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  let path = ''
  let isDown = false
  rms.forEach((value, index) => {
    if (!Number.isFinite(value)) {
      isDown = false
      return
    }
    const from = (startSeconds[index] ?? 0) + halfCycle / 2
    path += isDown ? `V${number(y(value))}` : `M${number(x(from))} ${number(y(value))}`
    path += `H${number(x(from + halfCycle))}`
    isDown = true
  })
  return path
}

function timeAxis(box: Box, seconds: number): string {
  const step = roundStep(seconds / 9)
  const digits = Math.max(0, -Math.floor(Math.log10(step)))
  const ticks = Array.from({ length: Math.floor(seconds / step + 1e-9) + 1 }, (_, index) => index * step)
  return group({}, [
    ...ticks.map(at => {
      const x = box.x + (at / seconds) * box.width
      return (
        element('line', { x1: x, x2: x, y1: box.y + box.height, y2: box.y + box.height + 5, stroke: SOFT }) +
        text(x, box.y + box.height + 18, at.toFixed(digits), { 'text-anchor': 'middle', fill: SOFT, 'font-size': 11 })
      )
    }),
    text(box.x + box.width, box.y + box.height + 32, 's after the first sample', {
      'text-anchor': 'end',
      fill: SOFT,
      'font-size': 11,
    }),
  ])
}

function roundStep(rough: number): number {
  const size = 10 ** Math.floor(Math.log10(rough))
  return [1, 2, 5, 10].map(times => times * size).find(each => each >= rough) ?? rough
}

const short = (value: number): string =>
  Math.abs(value) >= 1000 ? `${Number((value / 1000).toPrecision(3))}k` : String(Number(value.toPrecision(3)))
const duration = (seconds: number): string =>
  seconds < 0.1 ? `${(seconds * 1000).toFixed(1)} ms` : `${seconds.toFixed(3)} s`

// Per unit ------------------------------------------------------------------------------------------------------------

function rmsPanel(box: Box, { courses, lineHz }: AnalysedRecording, seconds: number): string {
  const highest = Math.max(
    ...courses.map(({ rms, nominal }) => rms.reduce((most, value) => (value > most ? value : most), 0) / nominal),
  )
  const top = Math.max(1.2, Math.min(2, Math.ceil(highest * 10 + 0.5) / 10))
  const x = (at: number): number => box.x + (at / seconds) * box.width
  const y = (pu: number): number => box.y + box.height * (1 - Math.min(pu, top) / top)
  const limits = [0.1, 0.9, 1.1]
  const levels = [0, 0.25, 0.5, 0.75, 1, ...(top > 1.5 ? [1.5] : [])]
  return group({}, [
    text(box.x, box.y - 10, 'Half-cycle RMS, per unit', { 'font-weight': 600 }),
    ...levels.map(pu => element('line', { x1: box.x, x2: box.x + box.width, y1: y(pu), y2: y(pu), stroke: LINE })),
    ...limits.map(pu =>
      element('line', {
        x1: box.x,
        x2: box.x + box.width,
        y1: y(pu),
        y2: y(pu),
        stroke: '#b8860b',
        'stroke-dasharray': '4 3',
      }),
    ),
    ...[...levels.filter(pu => pu !== 1), ...limits].map(pu =>
      text(box.x - 8, y(pu) + 4, String(pu), {
        'text-anchor': 'end',
        fill: limits.includes(pu) ? '#8a6508' : SOFT,
        'font-size': 11,
      }),
    ),
    ...courses.map((course, index) =>
      element('path', {
        d: rmsPath(course, 1 / (2 * lineHz), x, value => y(value / course.nominal)),
        fill: 'none',
        stroke: colour(index),
        'stroke-width': 1.8,
      }),
    ),
    element('rect', { x: box.x, y: box.y, width: box.width, height: box.height, fill: 'none', stroke: SOFT }),
    timeAxis(box, seconds),
    ...legend(
      box,
      courses.map(({ channel }) => channel),
    ),
  ])
}

const legend = (box: Box, names: readonly string[]): string[] =>
  names.map((name, index) => {
    const x = box.x + 10 + index * (box.width / names.length)
    const y = box.y + box.height - 12
    return (
      element('line', { x1: x, x2: x + 16, y1: y - 4, y2: y - 4, stroke: colour(index), 'stroke-width': 2.5 }) +
      text(x + 21, y, name.slice(0, 9), { 'font-size': 11 })
    )
  })

// ITIC ----------------------------------------------------------------------------------------------------------------

const ITIC_FROM = 1e-4
const ITIC_TO = 100
const ITIC_TOP = 2.5

function iticPanel(box: Box, { events, courses }: AnalysedRecording): string {
  const x = (seconds: number): number => {
    const clamped = Math.max(ITIC_FROM, Math.min(ITIC_TO, seconds))
    return box.x + (Math.log10(clamped / ITIC_FROM) / Math.log10(ITIC_TO / ITIC_FROM)) * box.width
  }
  const y = (pu: number): number => box.y + box.height * (1 - Math.max(0, Math.min(pu, ITIC_TOP)) / ITIC_TOP)
  const upper = stepPath(ITIC_UPPER, x, y)
  const lower = stepPath(ITIC_LOWER, x, y)
  const right = box.x + box.width
  const decades = [1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100]
  const names = ['0.1 ms', '1 ms', '10 ms', '0.1 s', '1 s', '10 s', '100 s']
  const shown = events.filter(
    ({ kind }) => kind === 'sag' || kind === 'swell' || kind === 'interruption' || kind === 'transient',
  )
  const from = courses.map(({ channel }) => channel)
  return group({}, [
    text(box.x, box.y - 10, 'ITIC (CBEMA) curve, per unit over duration', { 'font-weight': 600 }),
    element('path', { d: `${upper}V${number(box.y)}H${number(box.x)}Z`, fill: '#f9e3df' }),
    element('path', { d: `${lower}V${number(box.y + box.height)}H${number(box.x)}Z`, fill: '#fdf3d8' }),
    ...[0.5, 1, 1.5, 2].map(pu => element('line', { x1: box.x, x2: right, y1: y(pu), y2: y(pu), stroke: LINE })),
    ...[0, 0.5, 1, 1.5, 2, 2.5].map(pu =>
      text(box.x - 8, y(pu) + 4, String(pu), { 'text-anchor': 'end', fill: SOFT, 'font-size': 11 }),
    ),
    ...decades.map((at, index) => {
      const tick = element('line', {
        x1: x(at),
        x2: x(at),
        y1: box.y + box.height,
        y2: box.y + box.height + 5,
        stroke: SOFT,
      })
      return (
        tick +
        text(x(at), box.y + box.height + 18, names[index] as string, {
          'text-anchor': 'middle',
          fill: SOFT,
          'font-size': 11,
        })
      )
    }),
    element('path', { d: upper, fill: 'none', stroke: '#c0392b', 'stroke-width': 1.6 }),
    element('path', { d: lower, fill: 'none', stroke: '#b8860b', 'stroke-width': 1.6 }),
    text(right - 8, y(2.1), 'may be damaged', { 'text-anchor': 'end', fill: '#a93226' }),
    text(right - 8, y(0.2), 'may stop working', { 'text-anchor': 'end', fill: '#8a6508' }),
    element('rect', { x: box.x, y: box.y, width: box.width, height: box.height, fill: 'none', stroke: SOFT }),
    ...shown.map(({ channel, kind, durationSeconds, extremePu }) => {
      const at = { x: x(durationSeconds), y: y(extremePu) }
      const tint = colour(Math.max(0, from.indexOf(channel)))
      const label = `${channel.slice(0, 9)}: ${WORDS[kind]}, ${extremePu.toFixed(2)} pu for ${duration(durationSeconds)}`
      return element(
        'circle',
        { cx: at.x, cy: at.y, r: 4.5, fill: tint, stroke: '#ffffff', 'stroke-width': 1.2 },
        element('title', {}, escapeXml(label)),
      )
    }),
  ])
}

/** From the left edge: each step's level, up to its duration. */
function stepPath(steps: readonly Step[], x: (seconds: number) => number, y: (pu: number) => number): string {
  return steps
    .map(
      ({ seconds, pu }, index) =>
        `${index === 0 ? `M${number(x(ITIC_FROM))} ${number(y(pu))}` : `V${number(y(pu))}`}H${number(x(seconds))}`,
    )
    .join('')
}
