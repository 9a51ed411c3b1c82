// What the report makes of each event of a trace: which kind of thing it is, on whose lane it stands, how it reads.

import type { FeederFile } from '../../topology/feeder-file.ts'
import { sentenceOf } from '../run/narrate.ts'
import type { TraceEvent } from '../runtime/trace.ts'

/** `background` goes on all the time, whatever happens. */
export type EventKind =
  | 'scenario'
  | 'pickup'
  | 'trip'
  | 'open'
  | 'close'
  | 'warning'
  | 'told'
  | 'clear'
  | 'operation'
  | 'sag'
  | 'alarm'
  | 'agent'
  | 'background'

const FIELD: Readonly<Record<string, EventKind>> = {
  pickup: 'pickup',
  dropout: 'pickup',
  trip: 'trip',
  open: 'open',
  lockout: 'open',
  'fuse blown': 'open',
  close: 'close',
  reclose: 'close',
  stuck: 'alarm',
}
const AGENT: Readonly<Record<string, EventKind>> = {
  'warning-sent': 'warning',
  warned: 'warning',
  'own-measurement': 'warning',
  'all-clear-sent': 'clear',
  'warning-ended': 'clear',
  tripped: 'told',
  told: 'told',
  'outage-expected': 'told',
  operated: 'operation',
  'restoration-begins': 'operation',
  isolated: 'operation',
  'restoration-closes': 'operation',
  restored: 'operation',
  'restoration-waits': 'background',
  'shed-already': 'operation',
  position: 'background',
  'position-unknown': 'alarm',
  'sag-begins': 'sag',
  'sag-ends': 'sag',
  alarm: 'alarm',
  'device-silent': 'alarm',
  fallback: 'agent',
  'stepped-down': 'agent',
}

export function kindOf({ by, event, self }: TraceEvent): EventKind {
  if (by === 'field') return FIELD[event] ?? 'background'
  if (by === 'world') return event === 'crashed' || event === 'restarted' ? 'agent' : 'scenario'
  if (event === 'aggregator') return self === true ? 'agent' : 'background'
  return AGENT[event] ?? 'background'
}

/** The lane of an event: the IED that says it or operates the device, else the device itself. None for the scenario. */
export function laneNames(file: FeederFile): (event: TraceEvent) => string | undefined {
  const operators = new Map(
    file.ieds.flatMap(({ name, operates }) => (operates === undefined ? [] : [[operates, name]])),
  )
  return ({ by, device, ied }) => {
    if (by === 'field') return operators.get(String(device)) ?? String(device)
    if (by === 'world') return typeof ied === 'string' ? ied : undefined
    return by
  }
}

const LONGEST = 240

/** A sentence where there is one, otherwise the event's name and fields. */
export function textOf(event: TraceEvent): string {
  const sentence = sentenceOf(event).replace(/^>>> /, '')
  if (sentence !== '') return sentence
  const { atMs: _, by, event: name, ...fields } = event
  const said = Object.entries(fields).map(([key, value]) => `${key} ${inWords(value)}`)
  const text = `${by === 'field' || by === 'world' ? '' : `${by}: `}${name}${said.length > 0 ? `, ${said.join(', ')}` : ''}`
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
}

function inWords(value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value * 1000) / 1000)
  if (typeof value === 'bigint') return String(value)
  return typeof value === 'object'
    ? JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v))
    : String(value)
}
