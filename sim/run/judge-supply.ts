// Expectations about customers: who lost supply, for how long, and who had it back in time.

import { type Evidence, inSeconds, listOf, outagesOf, type Verdict, type Window, windowOf } from './evidence.ts'
import type { ExpectationOf } from './expectation-schema.ts'

export function judgeRestored(evidence: Evidence, entry: ExpectationOf<'restored'>): Verdict {
  const { restored, after, withinSeconds } = entry
  const loads = restored === 'all' ? evidence.feeder.loads.map(({ name }) => name) : restored
  const whole = windowOf(evidence, after, undefined)
  const deadline = Math.min(whole.fromMs + withinSeconds * 1000, whole.toMs)
  // An outage that the step itself ends counts as one that was.
  const outages = loads.map(load => ({ load, times: outagesOf(evidence, load).filter(([, to]) => to >= whole.fromMs) }))
  const dark = outages.filter(({ times }) => times.some(([from, to]) => from <= deadline && to > deadline))
  const backAt = outages.flatMap(({ times }) => times.map(([, to]) => to).filter(to => to <= deadline))
  const last =
    backAt.length === 0 ? 'none was interrupted' : `last after ${inSeconds(Math.max(...backAt) - whole.fromMs)}`
  return {
    ok: dark.length === 0,
    measured:
      dark.length === 0
        ? `${loads.length} of ${loads.length} have supply, ${last}`
        : `without supply: ${listOf(dark.map(({ load }) => load))}`,
  }
}

export function judgeInterrupted(evidence: Evidence, entry: ExpectationOf<'interrupted'>): Verdict {
  const { interrupted, after, withinSeconds, forAtLeastSeconds } = entry
  const window = windowOf(evidence, after, withinSeconds === undefined ? undefined : withinSeconds * 1000)
  const found = interruptedIn(evidence, window, forAtLeastSeconds)
  const missing = interrupted.filter(load => !found.has(load))
  const extra = [...found.keys()].filter(load => !interrupted.includes(load))
  const isExact = missing.length + extra.length === 0
  return {
    ok: isExact,
    measured: isExact
      ? `${found.size} loads${found.size === 0 ? '' : `, the longest for ${inSeconds(Math.max(...found.values()))}`}`
      : `not interrupted: ${listOf(missing)}; interrupted as well: ${listOf(extra)}`,
  }
}

export function judgeCustomers(evidence: Evidence, entry: ExpectationOf<'customersInterrupted'>): Verdict {
  const { customersInterrupted, after, forAtLeastSeconds } = entry
  const found = interruptedIn(evidence, windowOf(evidence, after, undefined), forAtLeastSeconds)
  const customers = evidence.feeder.loads.reduce((sum, load) => sum + (found.has(load.name) ? load.customers : 0), 0)
  return {
    ok: customers <= customersInterrupted.atMost,
    measured: `${customers} customers at ${found.size} loads`,
  }
}

/** Loads with an outage of that length at least, with their longest. */
function interruptedIn(evidence: Evidence, window: Window, forAtLeastSeconds: number): ReadonlyMap<string, number> {
  const longest = new Map<string, number>()
  for (const { name } of evidence.feeder.loads) {
    const lengths = outagesOf(evidence, name).map(
      ([from, to]) => Math.min(to, window.toMs) - Math.max(from, window.fromMs),
    )
    const most = Math.max(0, ...lengths)
    if (most > 0 && most >= forAtLeastSeconds * 1000) longest.set(name, most)
  }
  return longest
}
