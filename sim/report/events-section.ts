// All events of a run as a table that can be filtered.

import type { TraceEvent } from '../runtime/trace.ts'
import { type EventKind, kindOf, textOf } from './event-kinds.ts'
import { type Html, html } from './html.ts'

/** More rows than this no browser scrolls well; what goes on all the time gives way first. */
const MOST_ROWS = 5000

const GROUPS: readonly (readonly [EventKind, string])[] = [
  ['scenario', 'scenario'],
  ['pickup', 'pickup'],
  ['trip', 'trip'],
  ['open', 'open'],
  ['close', 'close'],
  ['warning', 'warning'],
  ['told', 'trip message'],
  ['clear', 'all-clear'],
  ['operation', 'operation'],
  ['sag', 'sag'],
  ['alarm', 'alarm'],
  ['agent', 'agent'],
  ['background', 'everything else'],
]

export function eventsSection(events: readonly TraceEvent[]): Html {
  const kinds = events.map(kindOf)
  const foreground = kinds.filter(kind => kind !== 'background').length
  let room = MOST_ROWS
  let backgroundRoom = Math.max(0, MOST_ROWS - foreground)
  const rows = events.flatMap((event, index) => {
    const kind = kinds[index] as EventKind
    if (kind === 'background' && --backgroundRoom < 0) return []
    return --room < 0 ? [] : [row(event, kind)]
  })
  const present = GROUPS.filter(([kind]) => kinds.includes(kind))
  return html`<div class="kinds noprint">${present.map(
    ([kind, words]) =>
      html`<label><input type="checkbox" data-kind="${kind}"${kind !== 'background' && html` checked`}> ${words} (${kinds.filter(each => each === kind).length})</label> `,
  )}<label>with <input type="search" id="words" placeholder="any words"></label></div>
<p class="soft"><span id="shown">${rows.length}</span> of ${events.length} events listed${
    rows.length < events.length &&
    html`; ${events.length - rows.length} did not fit (<code>sim run --trace</code> has them all)`
  }.</p>
<div class="scroll tall" tabindex="0"><table id="events"><thead><tr><th scope="col" class="n">time</th><th scope="col">by</th><th scope="col">what</th></tr></thead><tbody>${rows}</tbody></table></div>`
}

const row = (event: TraceEvent, kind: EventKind): Html =>
  html`<tr data-kind="${kind}"><td class="n">${(event.atMs / 1000).toFixed(3)} s</td><td>${event.by}</td><td>${textOf(event)}</td></tr>
`
