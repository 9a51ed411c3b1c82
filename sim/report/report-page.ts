// One run as one page: what was expected and what came of it, where, in which order, and who was without supply.
//
// The page holds nothing that depends on when or where it was made: the same scenario and seed give the same bytes.

import { oneLineDiagram } from '../../topology/diagram/index.ts'
import { createFeeder } from '../../topology/feeder.ts'
import type { RunResult } from '../run/index.ts'
import { customersChart, voltagesChart, worstTable } from './courses-chart.ts'
import { kindOf } from './event-kinds.ts'
import { eventsSection } from './events-section.ts'
import { asMarkup, type Html, html, raw } from './html.ts'
import { type Incident, incidentsOf } from './incidents.ts'
import { customersOut, interruptionsOf } from './interruptions.ts'
import { lanesOf } from './lanes.ts'
import { lanesChart } from './lanes-chart.ts'
import { type Moment, momentsOf } from './moments.ts'
import { page } from './page.ts'
import { reliabilitySection } from './reliability-section.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'
import type { Span } from './time-axis.ts'
import { type VoltageCourse, worstFirst } from './voltage-record.ts'

export interface ReportInput {
  /** But for `realMs`, all of it. */
  readonly run: Omit<RunResult, 'realMs' | 'settledMs' | 'counts' | 'voltages'>
  readonly voltages: readonly VoltageCourse[]
  /** When the voltages' record was full. */
  readonly voltagesEndMs?: number | undefined
  /** The file as somebody wrote it. */
  readonly scenarioText: string
  readonly replay: string
}

const MOST_MOMENTS = 24
/** All diagrams together, in characters. A large feeder has fewer moments. */
const MOST_DRAWN = 4_000_000
/** More courses make the page large; who is not among the worst is not drawn. */
const MOST_COURSES = 60

export function reportPage(input: ReportInput): string {
  const { run, voltages } = input
  const { endMs, trace, feeder } = run
  const events = trace.events.filter(({ atMs }) => atMs <= endMs)
  const happenings = events
    .filter(event => !['background', 'scenario', 'agent'].includes(kindOf(event)))
    .map(({ atMs }) => atMs)
  const incidents = incidentsOf(run.steps, happenings, endMs)
  const isIn = ({ fromMs, toMs }: Incident, atMs: number): boolean => fromMs <= atMs && atMs <= toMs
  const tripped = incidents.find(incident => run.switching.some(({ atMs }) => isIn(incident, atMs)))
  const span: Span = tripped ?? incidents[0] ?? { fromMs: 0, toMs: endMs }
  const worst = worstFirst(voltages, endMs).slice(0, MOST_COURSES)
  const chosen = worst[0]?.course.ied ?? ''
  const interruptions = interruptionsOf(run.supply)
  const body = html`<div id="run" data-end="${endMs}" data-from="${span.fromMs}" data-to="${span.toMs}">
${verdict(run)}
${expectations(run)}
<section><h2>One-line diagram</h2>${diagram(run)}</section>
<section><h2>Time line</h2>${zoomButtons(incidents, endMs)}${lanesChart(lanesOf(feeder, events, endMs), span)}
${
  worst.length > 0 &&
  html`<h3>Voltages at <span id="shown-ied">${chosen}</span></h3>${voltagesChart(
    worst.map(({ course }) => course),
    chosen,
    span,
    input.voltagesEndMs ?? endMs,
  )}${input.voltagesEndMs !== undefined && html`<p class="soft">The record of voltages was full after ${seconds(input.voltagesEndMs)} s.</p>`}${worstTable(worst, chosen)}`
}
<h3>Customers without supply</h3>${customersChart(customersOut(run.supply), span, endMs)}</section>
<section><h2>Reliability</h2>${reliabilitySection(feeder, interruptions, endMs)}</section>
<section><h2>Events</h2>${eventsSection(events)}</section>
<section><h2>The same again</h2>${replay(input)}</section>
<div id="tip" role="status" hidden></div></div>`
  return page({
    title: `${run.scenario.simulation}: ${run.ok ? 'passed' : 'failed'}`,
    body,
    style: STYLE,
    script: SCRIPT,
  })
}

type Run = ReportInput['run']
const seconds = (ms: number): string => String(Math.round(ms) / 1000)

function verdict({ scenario, feeder, ok, expectations: all, seed, endMs, supply }: Run): Html {
  const met = all.filter(each => each.ok).length
  const most = Math.max(0, ...customersOut(supply).map(({ customers }) => customers))
  const served = feeder.loads.reduce((sum, { customers }) => sum + customers, 0)
  const words =
    all.length === 0
      ? 'nothing was expected'
      : ok
        ? 'all expectations met'
        : `${all.length - met} of ${all.length} expectations not met`
  const facts: readonly (readonly [string, string])[] = [
    ['Feeder', feeder.name],
    ['IEDs', String(feeder.ieds.length)],
    ['Virtual time', `${seconds(endMs)} s`],
    ['Seed', seed],
    ['Most customers out at once', `${most} of ${served}`],
  ]
  return html`<header><h1>${scenario.simulation}</h1><p>${scenario.description}</p>
<p><span class="verdict ${ok ? 'ok' : 'bad'}">${ok ? '✓ passed' : '✗ failed'}</span> ${words}.</p>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></header>`
}

function expectations({ expectations: all, steps }: Run): Html {
  const inOrder = [...all.filter(each => !each.ok), ...all.filter(each => each.ok)]
  return html`<section><h2>What was done, and what was expected</h2><div class="two">
<div class="scroll"><table><thead><tr><th scope="col" class="n">at</th><th scope="col">step</th><th scope="col">what</th></tr></thead><tbody>${steps.map(
    ({ atMs, name, words }) => html`<tr><td class="n">${seconds(atMs)} s</td><td>${name}</td><td>${words}</td></tr>`,
  )}</tbody></table></div>
${
  all.length > 0 &&
  html`<div class="scroll"><table class="expect"><thead><tr><th scope="col"></th><th scope="col">expected</th><th scope="col">measured</th></tr></thead><tbody>${inOrder.map(
    ({ name, ok, measured }) =>
      html`<tr><td class="${ok ? 'ok' : 'bad'}">${ok ? '✓ met' : '✗ not met'}</td><td>${name}</td><td>${measured}</td></tr>
`,
  )}</tbody></table></div>`
}</div></section>`
}

function diagram(run: Run): Html {
  const feeder = createFeeder(run.feeder)
  const drawn = (moment: Moment): string =>
    oneLineDiagram(feeder, { format: 'plain', positions: moment.positions, overlay: moment.overlay })
  const [first] = momentsOf(run, 2)
  const room = first === undefined ? MOST_MOMENTS : Math.floor(MOST_DRAWN / drawn(first).length)
  const moments = momentsOf(run, Math.max(2, Math.min(MOST_MOMENTS, room)))
  // The most telling one is shown first: the fault and what opened on it.
  const shown = Math.max(
    0,
    moments.findIndex(({ overlay }) => (overlay.operated?.length ?? 0) > 0),
  )
  return html`<div class="bar-of-buttons noprint"><button type="button" data-step="-1" aria-label="moment before">◀</button><input type="range" id="moment" min="0" max="${moments.length - 1}" value="${shown}" aria-label="Moment of the run"><button type="button" data-step="1" aria-label="next moment">▶</button><button type="button" id="large" aria-pressed="false">Large</button></div>
${moments.map(
  (moment, index) =>
    html`<figure data-at="${moment.atMs}"${index !== shown && html` hidden`}><figcaption>${index + 1} of ${moments.length}, at ${seconds(moment.atMs)} s: ${moment.words}</figcaption><div class="drawing scroll">${raw(asMarkup(drawn(moment)))}</div></figure>
`,
)}`
}

const zoomButtons = (incidents: readonly Incident[], endMs: number): Html =>
  html`<div class="bar-of-buttons sticky noprint"><button type="button" data-from="0" data-to="${endMs}">Whole run</button>${incidents
    .slice(0, 12)
    .map(
      ({ words, atMs, fromMs, toMs }) =>
        html`<button type="button" data-from="${fromMs}" data-to="${toMs}" title="${words}">${seconds(atMs)} s: ${words}</button>`,
    )}<span><button type="button" data-zoom="0.5" aria-label="zoom in">+</button> <button type="button" data-zoom="2" aria-label="zoom out">−</button>
<button type="button" data-shift="-0.5" aria-label="earlier">←</button> <button type="button" data-shift="0.5" aria-label="later">→</button></span>
<span class="soft">drag to move, Ctrl and wheel to zoom</span></div>`

const replay = ({ run, scenarioText, replay: command }: ReportInput): Html =>
  html`<p><code>${command}</code></p><p class="soft">Scenario, feeder and seed ${run.seed} decide the run. Trace (SHA-256 of all its events): <code>${run.trace.hash()}</code></p>
<details open><summary>Scenario</summary><pre><code>${scenarioText}</code></pre></details>`
