// Expectations about the trace itself: that something is in it, or is not; and who runs at the end.

import type { TraceEvent } from '../runtime/trace.ts'
import { type Evidence, inMs, listOf, type Verdict, windowOf, within } from './evidence.ts'
import type { EventMatcher, ExpectationOf } from './expectation-schema.ts'

export function judgeHappens(evidence: Evidence, entry: ExpectationOf<'happens'>): Verdict {
  const { happens, after, withinMs, atLeast, atMost = Number.POSITIVE_INFINITY } = entry
  const window = windowOf(evidence, after, withinMs)
  const found = evidence.events.filter(event => within(event, window) && matches(event, happens))
  const [first] = found
  return {
    ok: found.length >= atLeast && found.length <= atMost,
    measured:
      first === undefined ? 'it did not happen' : `${times(found)}, first ${sinceOf(first, window.fromMs, after)}`,
  }
}

export function judgeDoesNotHappen(evidence: Evidence, entry: ExpectationOf<'doesNotHappen'>): Verdict {
  const { doesNotHappen, after, withinMs } = entry
  const window = windowOf(evidence, after, withinMs)
  const found = evidence.events.filter(event => within(event, window) && matches(event, doesNotHappen))
  const [first] = found
  return {
    ok: first === undefined,
    measured:
      first === undefined
        ? 'it did not'
        : `${times(found)}, first ${sinceOf(first, window.fromMs, after)} by ${first.by}`,
  }
}

export function judgeRunning({ running, agents }: Evidence, entry: ExpectationOf<'running'>): Verdict {
  const want = entry.running === 'all' ? agents : entry.running
  const down = want.filter(agent => !running.has(agent))
  return { ok: down.length === 0, measured: down.length === 0 ? `${want.length} run` : `not running: ${listOf(down)}` }
}

/** Fields are compared as they stand in the trace. */
export function matches(event: TraceEvent, { event: kind, by, where = {} }: EventMatcher): boolean {
  if (event.event !== kind || (by !== undefined && event.by !== by)) return false
  return Object.entries(where).every(
    ([key, value]) => Object.hasOwn(event, key) && String(event[key]) === String(value),
  )
}

const times = (found: readonly unknown[]): string => (found.length === 1 ? 'once' : `${found.length} times`)

const sinceOf = ({ atMs }: TraceEvent, fromMs: number, after: string | undefined): string =>
  after === undefined ? `at ${(atMs / 1000).toFixed(3)} s` : `after ${inMs(atMs - fromMs)}`
