// The run's reliability indices, and what a short run can say of them.

import type { FeederFile } from '../../topology/feeder-file.ts'
import { type Html, html } from './html.ts'
import type { Indices } from './indices.ts'
import type { Interruption } from './interruptions.ts'
import { runIndices } from './run-indices.ts'

export function reliabilitySection(file: FeederFile, interruptions: readonly Interruption[], endMs: number): Html {
  const indices = runIndices(file, interruptions, endMs)
  if (indices === undefined) return html`<p>No load of this feeder has customers, so there are no indices.</p>`
  const { known, undecidedCustomers, ifTheyLast } = indices
  const columns: readonly (readonly [string, Indices, boolean])[] =
    undecidedCustomers === 0
      ? [['in this run', known, false]]
      : [
          ['in this run', known, false],
          [
            `if the ${people(undecidedCustomers)} still out ${undecidedCustomers === 1 ? 'stays' : 'stay'} out`,
            ifTheyLast,
            true,
          ],
        ]
  return html`<div class="scroll"><table><thead><tr><th scope="col">IEEE 1366</th><th></th>${columns.map(
    ([head]) => html`<th scope="col" class="n">${head}</th>`,
  )}</tr></thead><tbody>${ROWS.map(
    ([name, unit, figure, isTime]) =>
      html`<tr><th scope="row">${name}</th><td class="soft">${unit}</td>${columns.map(
        ([, each, isBound]) =>
          html`<td class="n">${isBound && isTime && figure(each) !== undefined && '≥ '}${figure(each) ?? '–'}</td>`,
      )}</tr>
`,
  )}</tbody></table></div>
<p class="soft">Of ${known.customersServed} customers. An interruption of more than 5 minutes is sustained (SAIFI, SAIDI, CAIDI), a shorter one momentary (MAIFI).
This run lasted ${minutes(endMs)} min, so ${
    undecidedCustomers === 0
      ? 'these are indices of this run, not of a year.'
      : `${people(undecidedCustomers)} without supply at its end ${undecidedCustomers === 1 ? 'is' : 'are'} in neither yet: the second column counts it as sustained, with the minutes up to the end alone.`
  }</p>
${interruptions.length > 0 && interruptionTable(interruptions, endMs)}`
}

type Row = readonly [name: string, unit: string, figure: (of: Indices) => string | undefined, isTime: boolean]
const ROWS: readonly Row[] = [
  ['SAIFI', 'interruptions per customer', ({ saifi }) => saifi.toFixed(4), false],
  ['SAIDI', 'minutes per customer', ({ saidi }) => saidi.toFixed(4), true],
  ['CAIDI', 'minutes per interruption', ({ caidi }) => caidi?.toFixed(2), true],
  ['MAIFI', 'momentary interruptions per customer', ({ maifi }) => maifi.toFixed(4), false],
  ['MAIFIE', 'momentary events per customer', ({ maifiE }) => maifiE.toFixed(4), false],
  ['CI', 'customers, sustained', ({ customersInterrupted }) => String(customersInterrupted), false],
  ['CMI', 'customer minutes, sustained', ({ customerMinutes }) => customerMinutes.toFixed(1), true],
]

const people = (count: number): string => `${count} ${count === 1 ? 'customer' : 'customers'}`
const minutes = (ms: number): string => String(Math.round(ms / 6000) / 10)
const MOST_ROWS = 500

function interruptionTable(interruptions: readonly Interruption[], endMs: number): Html {
  return html`<details><summary>${interruptions.length} interruptions of loads</summary><div class="scroll short"><table><thead><tr><th scope="col">load</th><th scope="col" class="n">customers</th>
<th scope="col" class="n">from</th><th scope="col" class="n">for</th></tr></thead><tbody>${interruptions
    .slice(0, MOST_ROWS)
    .map(
      ({ load, customers, fromMs, toMs }) =>
        html`<tr><td>${load}</td><td class="n">${customers}</td><td class="n">${(fromMs / 1000).toFixed(3)} s</td><td class="n">${(((toMs ?? endMs) - fromMs) / 1000).toFixed(3)} s${toMs === undefined && ', and still'}</td></tr>
`,
    )}</tbody></table></div></details>`
}
