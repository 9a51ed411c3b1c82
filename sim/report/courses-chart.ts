// What holds from one moment to the next, as stepped lines: voltages by phase, customers without supply.

import { type Html, html } from './html.ts'
import { axis, type Span } from './time-axis.ts'
import type { VoltageCourse, Worst } from './voltage-record.ts'

const HEIGHT = 190
const AXIS = 22
/** The scale ends at the highest voltage, between these two. */
const TOP_PU = { least: 1.2, most: 2 }

interface Step {
  readonly atMs: number
  readonly value: number
}

/** In milliseconds across and `top - value` down, for a view box that stretches both. */
function steppedPath(steps: readonly Step[], top: number, endMs: number): string {
  const y = (value: number): number => Math.round(1e4 * (top - Math.min(value, top))) / 1e4
  const parts = steps.map(({ atMs, value }, index) => (index === 0 ? `M${atMs} ${y(value)}` : `H${atMs}V${y(value)}`))
  return `${parts.join('')}H${endMs}`
}

function plot(span: Span, top: number, label: string, lines: Html, grid: Html): Html {
  const { fromMs, toMs } = span
  return html`<svg class="time" height="${HEIGHT}" role="img" aria-label="${label}">${grid}${axis(span, HEIGHT)}
<svg class="plot" data-top="${top}" x="0" y="0" width="100%" height="${HEIGHT - AXIS}" viewBox="${fromMs} 0 ${toMs - fromMs} ${top}" preserveAspectRatio="none">${lines}</svg>
<line class="now" y1="0" y2="${HEIGHT - 18}"/></svg>`
}

const level = (value: number, top: number): number => Math.round(((top - value) / top) * (HEIGHT - AXIS) * 10) / 10

/** One chart; the script shows the IED that is chosen in the table. */
export function voltagesChart(courses: readonly VoltageCourse[], chosen: string, span: Span, endMs: number): Html {
  const samples = courses.flatMap(({ phases }) => [...phases.values()].flat())
  const highest = samples.reduce((most, { pu }) => Math.max(most, pu), 0)
  const top = Math.min(TOP_PU.most, Math.max(TOP_PU.least, Math.ceil(10 * highest) / 10 + 0.05))
  const levels = [0, 0.5, 0.9, 1.1, 1.5].filter(pu => pu < top)
  const grid = html`<g class="levels">${levels.map(
    pu =>
      html`<line class="${pu === 0.9 ? 'limit' : ''}" x1="0" x2="100%" y1="${level(pu, top)}" y2="${level(pu, top)}"/>`,
  )}</g>`
  const lines = html`${courses.map(
    ({ ied, phases }) =>
      html`<g data-ied="${ied}"${ied !== chosen && html` style="display:none"`}>${[...phases].map(
        ([phase, samples]) =>
          html`<path class="phase ${phase}" d="${steppedPath(
            samples.map(({ atMs, pu }) => ({ atMs, value: pu })),
            top,
            endMs,
          )}"/>`,
      )}</g>
`,
  )}`
  return html`<div class="chart"><div class="scale">${levels.map(
    pu => html`<span style="top:${level(pu, top)}px">${pu.toFixed(1)} pu</span>`,
  )}</div>${plot(span, top, 'Voltages by phase over time', lines, grid)}</div>
<p class="legend"><span><i class="phase a"></i>phase a</span> <span><i class="phase b"></i>phase b</span>
<span><i class="phase c"></i>phase c</span> <span><i class="limit"></i>0.9 pu, below it is a sag (IEEE 1159)</span></p>`
}

export function worstTable(worst: readonly Worst[], chosen: string): Html {
  const time = (ms: number): string => (ms === 0 ? '' : `${(ms / 1000).toFixed(ms < 10_000 ? 3 : 1)} s`)
  return html`<div class="scroll short"><table><caption class="soft">Lowest first. Choose one to see its course.</caption><thead><tr><th scope="col">IED</th><th scope="col">node</th>
<th scope="col" class="n">lowest</th><th scope="col">phase</th><th scope="col" class="n">at</th><th scope="col" class="n">below 0.9 pu</th><th scope="col" class="n">dead</th></tr></thead><tbody>${worst.map(
    ({ course: { ied, node }, lowestPu, phase, atMs, sagMs, deadMs }) =>
      html`<tr><td><label><input type="radio" name="ied" value="${ied}"${ied === chosen && html` checked`}> ${ied}</label></td><td>${node}</td>
<td class="n">${lowestPu.toFixed(3)} pu</td><td>${phase}</td><td class="n">${(atMs / 1000).toFixed(3)} s</td><td class="n">${time(sagMs)}</td><td class="n">${time(deadMs)}</td></tr>
`,
  )}</tbody></table></div>`
}

export function customersChart(
  steps: readonly { readonly atMs: number; readonly customers: number }[],
  span: Span,
  endMs: number,
): Html {
  const most = Math.max(1, ...steps.map(({ customers }) => customers))
  const top = most * 1.1
  const levels = [0, most]
  const grid = html`<g class="levels">${levels.map(
    value => html`<line x1="0" x2="100%" y1="${level(value, top)}" y2="${level(value, top)}"/>`,
  )}</g>`
  const values = steps.map(({ atMs, customers }) => ({ atMs, value: customers }))
  const line = steppedPath(values, top, endMs)
  const lines = html`<path class="out" d="${line}V${top}H0Z"/><path class="out edge" d="${line}"/>`
  return html`<div class="chart"><div class="scale">${levels.map(
    value => html`<span style="top:${level(value, top)}px">${value}</span>`,
  )}</div>${plot(span, top, `Customers without supply over time, ${most} at the most`, lines, grid)}</div>`
}
