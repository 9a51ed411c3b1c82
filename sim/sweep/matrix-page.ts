// A sweep as a page: the coordination matrix, what needs a look, and the feeder it is about.

import { oneLineDiagram } from '../../topology/diagram/index.ts'
import { createFeeder } from '../../topology/feeder.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { asMarkup, type Html, html, raw } from '../report/html.ts'
import { page } from '../report/page.ts'
import { type Allowed, isFault } from './allowed.ts'
import { inWords } from './judge.ts'
import type { Sweep } from './sweep.ts'
import type { CaseResult } from './sweep-case.ts'
import { aloneText, columnsOf, commsText, findings, rowsOf, summary } from './text.ts'

/** @param replay the command that gives the same sweep again */
export function matrixPage(
  sweep: Sweep,
  file: FeederFile,
  { allowed, replay }: { readonly allowed: readonly Allowed[]; readonly replay: string },
): string {
  const toSee = findings(sweep, allowed)
  const body = html`<header>
<h1>Coordination of ${sweep.feeder}</h1>
<p>${file.description}</p>
<p><span class="verdict ${toSee.length === 0 ? 'ok' : 'bad'}">${toSee.length === 0 ? 'Coordinated' : `${toSee.length} to look at`}</span>
${summary(sweep, allowed)}.</p>
<p class="soft">A permanent fault in the middle of each section, ${resistance(sweep.resistanceOhm)}, at the load of the evening peak.
Seed ${sweep.seed}; each fault was watched for ${sweep.limitMs / 1000} s at the most.</p>
</header>
${toSee.length > 0 && html`<section><h2>To look at</h2><ul>${toSee.map(line => html`<li>${line}</li>`)}</ul></section>`}
<section><h2>Which device cleared, and when</h2>
<div class="scroll"><table class="matrix">${head(sweep)}<tbody>${rowsOf(sweep).map(
    ({ section, cases }) =>
      html`<tr><th scope="row">${section}</th>${cases.map(each => cell(each, allowed))}</tr>
`,
  )}</tbody></table></div>
${LEGEND}
</section>
<section><h2>One-line diagram</h2><div class="drawing scroll">${raw(
    asMarkup(oneLineDiagram(createFeeder(file), { format: 'plain' })),
  )}</div></section>
<section><h2>The same again</h2><p><code>${replay}</code></p></section>`
  return page({ title: `Coordination of ${sweep.feeder}`, body, style: STYLE })
}

const resistance = (ohm: number): string => (ohm === 0 ? 'bolted' : `through ${ohm} Ω`)

function head(sweep: Sweep): Html {
  const { kinds, comms } = sweep
  if (comms.length === 1) {
    return html`<thead><tr><th scope="col">Section</th>${kinds.map(kind => html`<th scope="col">${kind}</th>`)}</tr></thead>`
  }
  return html`<thead><tr><th rowspan="2" scope="col">Section</th>${kinds.map(
    kind => html`<th colspan="${comms.length}" scope="colgroup">${kind}</th>`,
  )}</tr>
<tr>${columnsOf(sweep).map(each => html`<th scope="col">${commsText(each.comms)}</th>`)}</tr></thead>`
}

function cell(result: CaseResult | undefined, allowed: readonly Allowed[]): Html {
  if (result === undefined) return html`<td class="none" title="the section has too few phases for this fault">·</td>`
  const { verdict, clearedBy, clearedMs, alsoTripped } = result
  const isToSee = isFault(result, allowed)
  const kind =
    verdict === 'dark' || verdict === 'no backup'
      ? 'none'
      : isToSee
        ? verdict === 'others tripped'
          ? 'warn'
          : 'bad'
        : 'ok'
  const mark = isToSee ? (verdict === 'others tripped' ? '▲ ' : '✗ ') : ''
  const text =
    verdict === 'dark' || verdict === 'no backup'
      ? verdict
      : verdict === 'not cleared' || clearedBy === undefined
        ? 'not cleared'
        : clearedBy
  return html`<td class="${kind}" title="${tip(result)}">${mark}<b>${text}</b>${
    clearedMs !== undefined &&
    verdict !== 'not cleared' &&
    html`<br><span>${clearedMs.toFixed(0)} ms${aloneText(result)}</span>`
  }${alsoTripped.length > 0 && html`<br><span>also ${alsoTripped.join(', ')}</span>`}${
    verdict !== 'not cleared' &&
    result.generatorsLeft.length > 0 &&
    html`<br><span class="soft" title="still connected to the faulted section">${result.generatorsLeft.join(', ')} left on</span>`
  }</td>`
}

/** All that is known of a case, one line each. */
function tip({ verdict, why, expected, seen, infeedTripped, generatorsLeft, agents }: CaseResult): string {
  return [
    why === undefined ? verdict : `${verdict}: ${why}`,
    ...(expected === undefined ? [] : [`expected: ${expected}`]),
    ...seen.map(inWords),
    ...(infeedTripped.length === 0 ? [] : [`tripped on a generator's infeed: ${infeedTripped.join(', ')}`]),
    ...(generatorsLeft.length === 0 ? [] : [`still connected to the section: ${generatorsLeft.join(', ')}`]),
    ...agents.map(({ atMs, ied, operation, cause }) => `${ied}: ${operation} after ${atMs.toFixed(0)} ms (${cause})`),
  ].join('\n')
}

const LEGEND = html`<p class="legend"><span class="ok">right device</span> <span class="warn">▲ right device, others tripped too</span>
<span class="bad">✗ wrong device, not cleared, or worse than without the mesh</span> <span class="none">· not possible here</span></p>
<p class="soft">Cleared means: the first opening that left the section without a closed way to a source. Right is the nearest device
with a relay or fuse on the way to the source that sees the fault; the next one where its contacts are stuck. "Alone": by time grading,
without agents. "Left on": a generator that nothing had disconnected from the
faulted section at the end. Point at a cell for what each device saw.</p>`

const STYLE = `
.matrix td, .matrix th { padding: 4px 10px; border: 1px solid var(--line); }
.matrix thead th { text-align: center; background: var(--fill); }
.matrix td { line-height: 1.25; white-space: nowrap; } .matrix td span { font-size: .82rem; }
.matrix tbody th { position: sticky; left: 0; background: var(--paper); color: var(--ink); }
td.ok, .legend .ok { background: var(--good-fill); } td.warn, .legend .warn { background: var(--warn-fill); }
td.bad, .legend .bad { background: var(--bad-fill); } td b { font-weight: 600; } td.none { color: var(--soft); text-align: center; }
.legend span { padding: 1px 8px; border-radius: 4px; font-size: .85rem; }
.drawing { background: #fff; border-radius: 6px; padding: 8px; } .drawing svg { display: block; margin: 0 auto; max-height: 900px; }
ul { margin: .2rem 0; padding-left: 1.2rem; }
`
