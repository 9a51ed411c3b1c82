// Expectations about switching devices, judged by what the field's relays, fuses and contacts did.

import { type Evidence, fieldEvents, inMs, listOf, type Verdict, windowOf } from './evidence.ts'
import type { ExpectationOf } from './expectation-schema.ts'

const TRIPS = new Set(['trip', 'fuse blown'])
const OPENS = new Set(['open', 'fuse blown'])
const CLOSES = new Set(['close', 'reclose'])
const LOCKOUT = new Set(['lockout'])

export function judgeTrips(
  evidence: Evidence,
  { trips, after, withinMs, notBeforeMs }: ExpectationOf<'trips'>,
): Verdict {
  const { measured, afterMs } = first(evidence, { device: trips, after, kinds: TRIPS, lacking: 'it did not trip' })
  return { ok: afterMs !== undefined && afterMs <= withinMs && afterMs >= notBeforeMs, measured }
}

export function judgeOpens(evidence: Evidence, { opens, after, withinMs }: ExpectationOf<'opens'>): Verdict {
  const { measured, afterMs } = first(evidence, { device: opens, after, kinds: OPENS, lacking: 'it did not open' })
  return { ok: afterMs !== undefined && afterMs <= withinMs, measured }
}

export function judgeCloses(evidence: Evidence, { closes, after, withinMs }: ExpectationOf<'closes'>): Verdict {
  const { measured, afterMs } = first(evidence, { device: closes, after, kinds: CLOSES, lacking: 'it did not close' })
  return { ok: afterMs !== undefined && afterMs <= withinMs, measured }
}

export function judgeLockout(evidence: Evidence, { locksOut, after, withinMs }: ExpectationOf<'locksOut'>): Verdict {
  const lacking = 'it did not lock out'
  const { measured, afterMs } = first(evidence, { device: locksOut, after, kinds: LOCKOUT, lacking })
  return { ok: afterMs !== undefined && afterMs <= withinMs, measured }
}

export function judgeStaysClosed(
  evidence: Evidence,
  { staysClosed, after, forSeconds }: ExpectationOf<'staysClosed'>,
): Verdict {
  const devices = new Set(staysClosed === 'others' ? othersThan(evidence, after) : staysClosed)
  const window = windowOf(evidence, after, forSeconds === undefined ? undefined : forSeconds * 1000)
  const opened = fieldEvents(evidence, window, OPENS).filter(({ device }) => devices.has(String(device)))
  const said = opened.map(({ device, atMs }) => `${String(device)} after ${inMs(atMs - window.fromMs)}`)
  return {
    ok: opened.length === 0,
    measured: opened.length === 0 ? `none of ${devices.size} opened` : `opened: ${said.join(', ')}`,
  }
}

/** All devices but those that the step is expected to open. */
export function othersThan({ scenario, feeder }: Evidence, after: string): readonly string[] {
  const named = new Set(
    scenario.expect.flatMap(entry => {
      if (!('after' in entry) || entry.after !== after) return []
      if ('trips' in entry) return [entry.trips]
      if ('opens' in entry) return [entry.opens]
      return 'locksOut' in entry ? [entry.locksOut] : []
    }),
  )
  return feeder.devices.map(({ name }) => name).filter(name => !named.has(name))
}

function first(
  evidence: Evidence,
  wanted: {
    readonly device: string
    readonly after: string
    readonly kinds: ReadonlySet<string>
    readonly lacking: string
  },
): { readonly measured: string; readonly afterMs: number | undefined } {
  const window = windowOf(evidence, wanted.after, undefined)
  const [event] = fieldEvents(evidence, window, wanted.kinds, wanted.device)
  if (event === undefined) {
    const others = fieldEvents(evidence, window, wanted.kinds).map(({ device }) => String(device))
    return {
      afterMs: undefined,
      measured: others.length === 0 ? wanted.lacking : `${wanted.lacking}; in its place: ${listOf(new Set(others))}`,
    }
  }
  const afterMs = event.atMs - window.fromMs
  return { afterMs, measured: `after ${inMs(afterMs)}` }
}
