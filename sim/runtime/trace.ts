// What happened in a run, in order: one line of JSON for each event. Two runs are the same when their traces are, byte for
// byte.

import { createHash } from 'node:crypto'

export interface TraceEvent {
  /** Virtual time since the run began. */
  readonly atMs: number
  /** Who says so: an agent's name, `field` for a device that works by itself, `world` for what the scenario does. */
  readonly by: string
  readonly event: string
  readonly [field: string]: unknown
}

export interface Trace {
  add(by: string, event: string, fields?: Readonly<Record<string, unknown>>): void
  readonly events: readonly TraceEvent[]
  onEvent(run: (event: TraceEvent) => void): void
  /** SHA-256 of all lines, in hex. */
  hash(): string
}

/** @param keep which events are kept; the others are told to listeners and forgotten */
export function createTrace(now: () => number, keep: (event: TraceEvent) => boolean = () => true): Trace {
  const events: TraceEvent[] = []
  const listeners: ((event: TraceEvent) => void)[] = []
  return {
    add(by, event, fields = {}) {
      // A report's own `by`, as the stage that tripped, is not who says so.
      const { by: told, ...rest } = fields
      const own = told === undefined ? rest : { ...rest, toldBy: told }
      const entry: TraceEvent = { ...own, atMs: Math.round(now() * 1000) / 1000, by, event }
      if (keep(entry)) events.push(entry)
      for (const listener of listeners) listener(entry)
    },
    events,
    onEvent: run => void listeners.push(run),
    hash() {
      const hash = createHash('sha256')
      for (const event of events) hash.update(`${traceLine(event)}\n`)
      return hash.digest('hex')
    },
  }
}

/** With the time, who and what in front. */
export function traceLine({ atMs, by, event, ...fields }: TraceEvent): string {
  return JSON.stringify({ atMs, by, event, ...fields }, (_, value) =>
    typeof value === 'bigint' ? String(value) : value,
  )
}
