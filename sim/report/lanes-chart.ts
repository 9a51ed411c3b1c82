// The lanes drawn.

import type { EventKind } from './event-kinds.ts'
import { asMarkup, type Html, html, raw } from './html.ts'
import type { Bar, Lanes } from './lanes.ts'
import { across, axis, type Span } from './time-axis.ts'

const LANE = 30
const AXIS = 22
/** What devices do stands above what agents say and do, for it often happens within the same milliseconds. */
const DEVICE_Y = 10
const AGENT_Y = 20
const DEVICE_KINDS: ReadonlySet<EventKind> = new Set(['pickup', 'trip', 'open', 'close'])

/** Drawn around 0, 0. Shapes tell the kinds apart where colours do not. */
const SHAPES: Readonly<Partial<Record<EventKind, string>>> = {
  pickup: '<path d="M0-6L6 0 0 6-6 0Z"/>',
  trip: '<path d="M1-8L-5 1H0L-2 8 5-2H0Z"/>',
  open: '<rect class="hollow" x="-5" y="-5" width="10" height="10"/>',
  close: '<rect x="-5" y="-5" width="10" height="10"/>',
  warning: '<path d="M0-7L7 6H-7Z"/>',
  told: '<circle r="5.5"/>',
  clear: '<circle class="hollow" r="5"/>',
  operation: '<path d="M-6-3.5H1V-7L8 0 1 7V3.5H-6Z"/>',
  alarm: '<path d="M-2-7H2L1.2 2H-1.2ZM-1.5 4H1.5V7H-1.5Z"/>',
  agent: '<path d="M-5-5L5 5M5-5L-5 5" class="stroke"/>',
}

/** In the order of the legend. */
const WORDS: readonly (readonly [EventKind, string])[] = [
  ['pickup', 'pickup'],
  ['trip', 'relay trips'],
  ['open', 'opens, locks out'],
  ['close', 'closes, recloses'],
  ['warning', 'early warning, hollow where it came'],
  ['told', 'trip message, hollow where it came'],
  ['clear', 'all-clear'],
  ['operation', 'agent operates'],
  ['alarm', 'alarm'],
  ['agent', 'agent down, up, elected'],
]
const BARS: readonly (readonly [Bar['kind'], string])[] = [
  ['picked-up', 'picked up'],
  ['open', 'contacts open'],
  ['sag', 'voltage below 0.9 pu'],
  ['down', 'agent down'],
]
const THICK: Readonly<Record<Bar['kind'], readonly [y: number, height: number]>> = {
  sag: [LANE - 4, 2.5],
  open: [DEVICE_Y - 4, 8],
  'picked-up': [DEVICE_Y - 2.5, 5],
  down: [4, LANE - 8],
}

export function lanesChart(lanes: Lanes, span: Span): Html {
  const height = lanes.names.length * LANE + AXIS
  return html`<div class="chart lanes"><div class="names" aria-hidden="true">${lanes.names.map(
    name => html`<span title="${name}">${name}</span>`,
  )}</div>
<svg class="time" height="${height}" role="img" aria-label="Time line: ${lanes.marks.length} events on ${lanes.names.length} lanes. The table of events below says the same.">
${lanes.names.map((_, lane) => html`<rect class="lane${lane % 2 === 0 ? '' : ' odd'}" y="${lane * LANE}" width="100%" height="${LANE}"/>`)}
${axis(span, height)}
<line class="now" y1="0" y2="${height - 18}"/>
${lanes.bars.map(({ lane, kind, fromMs, toMs, text }) => {
  const [y, thick] = THICK[kind]
  const width = `${Math.max(0.05, (100 * (toMs - fromMs)) / (span.toMs - span.fromMs)).toFixed(3)}%`
  return html`<rect class="bar ${kind}" data-t="${fromMs}" data-u="${toMs}" data-tip="${text}" x="${across(fromMs, span)}" width="${width}" y="${lane * LANE + y}" height="${thick}"/>
`
})}
${lanes.arrows.map(
  ({ fromLane, toLane, fromMs, toMs, kind }) =>
    html`<line class="arrow ${kind}" data-t="${fromMs}" data-u="${toMs}" x1="${across(fromMs, span)}" x2="${across(toMs, span)}" y1="${fromLane * LANE + AGENT_Y}" y2="${toLane * LANE + AGENT_Y}"/>
`,
)}
${lanes.marks.map(
  ({ atMs, lane, kind, isHeard, text }) =>
    html`<svg class="mark ${kind}${isHeard ? ' heard' : ''}" data-t="${atMs}" data-tip="${text}" x="${across(atMs, span)}" y="${lane * LANE + (DEVICE_KINDS.has(kind) ? DEVICE_Y : AGENT_Y)}" overflow="visible">${shape(kind)}</svg>
`,
)}</svg></div>
<p class="legend">${WORDS.map(
    ([kind, words]) =>
      html`<span><svg width="18" height="18" viewBox="-9 -9 18 18" class="mark ${kind}" aria-hidden="true">${shape(kind)}</svg>${words}</span> `,
  )}${BARS.map(([kind, words]) => html`<span><i class="bar ${kind}"></i>${words}</span> `)}</p>
${lanes.leftOut > 0 && html`<p class="soft">${lanes.leftOut} more lanes or events are not drawn.</p>`}`
}

const shape = (kind: EventKind): Html => raw(asMarkup(SHAPES[kind] ?? '<circle r="3"/>'))
