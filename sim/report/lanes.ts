// The time line as lanes: one for each IED that something happened to, with marks for moments, bars for what lasts, and
// arrows for messages.

import { createFeeder } from '../../topology/feeder.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import type { TraceEvent } from '../runtime/trace.ts'
import { type EventKind, kindOf, laneNames, textOf } from './event-kinds.ts'

export interface Mark {
  readonly atMs: number
  readonly lane: number
  readonly kind: EventKind
  /** A message that came, rather than one that was sent. */
  readonly isHeard: boolean
  readonly text: string
}

export interface Bar {
  readonly lane: number
  readonly kind: 'picked-up' | 'open' | 'sag' | 'down'
  readonly fromMs: number
  readonly toMs: number
  readonly text: string
}

export interface Arrow {
  readonly fromLane: number
  readonly toLane: number
  readonly fromMs: number
  readonly toMs: number
  readonly kind: 'warning' | 'told'
}

export interface Lanes {
  readonly names: readonly string[]
  readonly marks: readonly Mark[]
  readonly bars: readonly Bar[]
  readonly arrows: readonly Arrow[]
  /** Marks and lanes that did not fit. */
  readonly leftOut: number
}

/** More than this nobody can look at, and a browser hardly draws. */
const MOST_LANES = 80
const MOST_MARKS = 6000

export function lanesOf(file: FeederFile, events: readonly TraceEvent[], endMs: number): Lanes {
  const laneOf = laneNames(file)
  const shown = events.filter(event => kindOf(event) !== 'background' && kindOf(event) !== 'scenario')
  const used = new Set(shown.flatMap(event => laneOf(event) ?? []))
  const names = fromTheSource(file, used).slice(0, MOST_LANES)
  const index = new Map(names.map((name, lane) => [name, lane]))
  const isBar = (event: TraceEvent): boolean => event.event === 'dropout' || kindOf(event) === 'sag'
  const marks = shown.flatMap(event => {
    const lane = index.get(laneOf(event) ?? '')
    return lane === undefined || isBar(event)
      ? []
      : [{ atMs: event.atMs, lane, kind: kindOf(event), isHeard: HEARD.has(event.event), text: textOf(event) }]
  })
  const kept = marks.slice(0, MOST_MARKS)
  return {
    names,
    marks: kept,
    bars: barsOf(events, event => index.get(laneOf(event) ?? ''), endMs).slice(0, MOST_MARKS),
    arrows: arrowsOf(events, name => index.get(name)).slice(0, MOST_MARKS),
    leftOut: marks.length - kept.length + used.size - names.length,
  }
}

/** By how many sections lie between them and the source, then as in the file; whoever is no IED comes last. */
function fromTheSource(file: FeederFile, used: ReadonlySet<string>): string[] {
  const feeder = createFeeder(file)
  const depth = new Map(file.ieds.map(({ name, node }) => [name, feeder.upstream(node).sections.length]))
  const known = file.ieds.map(({ name }) => name).filter(name => used.has(name))
  const others = [...used].filter(name => !depth.has(name)).sort()
  return [...known.sort((one, other) => (depth.get(one) ?? 0) - (depth.get(other) ?? 0)), ...others]
}

interface Pair {
  readonly kind: Bar['kind']
  readonly begins: ReadonlySet<string>
  readonly ends: ReadonlySet<string>
  readonly by: 'field' | 'world' | 'agent'
  readonly words: string
}
const PAIRS: readonly Pair[] = [
  { kind: 'picked-up', begins: new Set(['pickup']), ends: new Set(['dropout']), by: 'field', words: 'picked up' },
  {
    kind: 'open',
    begins: new Set(['open', 'fuse blown']),
    ends: new Set(['close', 'reclose']),
    by: 'field',
    words: 'open',
  },
  {
    kind: 'sag',
    begins: new Set(['sag-begins']),
    ends: new Set(['sag-ends']),
    by: 'agent',
    words: 'voltage below 0.9 pu',
  },
  { kind: 'down', begins: new Set(['crashed']), ends: new Set(['restarted']), by: 'world', words: 'agent down' },
]

function barsOf(
  events: readonly TraceEvent[],
  laneOf: (event: TraceEvent) => number | undefined,
  endMs: number,
): Bar[] {
  const bars: Bar[] = []
  const open = new Map<
    string,
    { readonly pair: Pair; readonly lane: number; readonly fromMs: number; readonly who: string }
  >()
  const close = (key: string, toMs: number): void => {
    const begun = open.get(key)
    if (begun === undefined) return
    open.delete(key)
    const { pair, lane, fromMs, who } = begun
    const text = `${who} ${pair.words} from ${seconds(fromMs)} s for ${seconds(toMs - fromMs)} s`
    bars.push({ lane, kind: pair.kind, fromMs, toMs, text })
  }
  for (const event of events) {
    const who = String(event.by === 'field' ? event.device : event.by === 'world' ? event.ied : event.by)
    const by = event.by === 'field' || event.by === 'world' ? event.by : 'agent'
    for (const pair of PAIRS) {
      const key = `${pair.kind} ${who}`
      if (pair.by !== by) continue
      if (pair.ends.has(event.event)) close(key, event.atMs)
      const lane = laneOf(event)
      if (!pair.begins.has(event.event) || lane === undefined || open.has(key)) continue
      open.set(key, { pair, lane, fromMs: event.atMs, who })
    }
  }
  for (const key of [...open.keys()]) close(key, endMs)
  return bars
}

const seconds = (ms: number): string => String(Math.round(ms) / 1000)

const SENT: Readonly<Record<string, Arrow['kind']>> = { 'warning-sent': 'warning', tripped: 'told' }
const HEARD: ReadonlySet<string> = new Set(['warned', 'told', 'outage-expected'])

/** From who sent it to who acted on it, at both their times. */
function arrowsOf(events: readonly TraceEvent[], laneOf: (name: string) => number | undefined): Arrow[] {
  const sent = new Map<string, { readonly lane: number; readonly atMs: number; readonly kind: Arrow['kind'] }>()
  const arrows: Arrow[] = []
  for (const { by, event, atMs, id, origin } of events) {
    const lane = laneOf(by)
    if (lane === undefined) continue
    const kind = SENT[event]
    // A warning and a trip of one origin may bear the same number.
    if (kind !== undefined) sent.set(`${kind} ${by} ${String(id)}`, { lane, atMs, kind })
    if (!HEARD.has(event)) continue
    const from = sent.get(`${event === 'warned' ? 'warning' : 'told'} ${String(origin)} ${String(id)}`)
    if (from !== undefined)
      arrows.push({ fromLane: from.lane, toLane: lane, fromMs: from.atMs, toMs: atMs, kind: from.kind })
  }
  return arrows
}
