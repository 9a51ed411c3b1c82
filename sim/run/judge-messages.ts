// Expectations about what agents tell each other: warnings, announcements of trips, and who aggregates.

import type { TraceEvent } from '../runtime/trace.ts'
import type { Played } from './director.ts'
import { type Evidence, inMs, listOf, stepOf, type Verdict, windowOf, within } from './evidence.ts'
import type { ExpectationOf } from './expectation-schema.ts'

/** A fault that stays is warned of when it begins; what comes later is about reclosing or another event. */
const ONSET_MS = 5000

export function judgeWarned(evidence: Evidence, { warned, after, withinMs }: ExpectationOf<'warned'>): Verdict {
  const step = stepOf(evidence, after)
  const window = { fromMs: step.atMs, toMs: Math.min(step.endMs ?? step.atMs + ONSET_MS, step.atMs + ONSET_MS) }
  const others = sectionsOfOthers(evidence, step)
  const sent = evidence.events.filter(
    event => event.event === 'warning-sent' && within(event, window) && !others.has(String(event.section)),
  )
  const origins = new Map(sent.map(event => [String(event.id), event]))
  const heard = evidence.events.filter(event => event.event === 'warned' && origins.has(String(event.id)))
  const receivers = new Set(heard.map(({ by }) => by))
  const senders = new Set(sent.map(({ by }) => by))
  const want = warned === 'downstream' ? [...step.fed].filter(ied => !senders.has(ied)) : warned
  if (sent.length === 0 && want.length > 0) return { ok: false, measured: 'nobody warned' }
  const slowest = Math.max(0, ...heard.map(event => event.atMs - (origins.get(String(event.id))?.atMs ?? 0)))
  return sets(want, receivers, slowest, withinMs)
}

export function judgeTold(evidence: Evidence, { told, after, withinMs }: ExpectationOf<'told'>): Verdict {
  const window = windowOf(evidence, after, undefined)
  const tripped = evidence.events.find(event => event.event === 'tripped' && within(event, window))
  if (tripped === undefined) return { ok: told.length === 0, measured: 'nobody announced a trip' }
  const heard = evidence.events.filter(event => event.event === 'told' && event.id === tripped.id)
  const slowest = Math.max(0, ...heard.map(({ atMs }) => atMs - tripped.atMs))
  return sets(told, new Set(heard.map(({ by }) => by)), slowest, withinMs)
}

function sets(want: readonly string[], got: ReadonlySet<string>, slowestMs: number, withinMs: number): Verdict {
  const missing = want.filter(ied => !got.has(ied))
  const extra = [...got].filter(ied => !want.includes(ied))
  const isExact = missing.length + extra.length === 0
  const last = got.size === 0 ? '' : `, last after ${inMs(slowestMs)}`
  return {
    ok: isExact && slowestMs <= withinMs,
    measured: isExact
      ? `${got.size} of ${want.length} and nobody else${last}`
      : `missing: ${listOf(missing)}; not meant: ${listOf(extra)}${last}`,
  }
}

/** Sections that other faults and disturbances, at work at the same time, have a right to be warned of. */
function sectionsOfOthers({ scenario, steps }: Evidence, own: Played): ReadonlySet<string> {
  const sections = scenario.steps.flatMap((step, index) => {
    const section = 'fault' in step ? step.fault.section : 'disturb' in step ? step.disturb.section : undefined
    const played = steps.get(step.name ?? `step-${index + 1}`)
    if (section === undefined || played === undefined || played.name === own.name) return []
    const isMeanwhile = played.atMs <= own.atMs + ONSET_MS && (played.endMs ?? Number.POSITIVE_INFINITY) >= own.atMs
    return isMeanwhile ? [section] : []
  })
  const owns = scenario.steps.find((step, index) => (step.name ?? `step-${index + 1}`) === own.name)
  const section =
    owns === undefined
      ? undefined
      : 'fault' in owns
        ? owns.fault.section
        : 'disturb' in owns
          ? owns.disturb.section
          : undefined
  return new Set(sections.filter(each => each !== section))
}

export function judgeReplaced(evidence: Evidence, { after, withinMs }: ExpectationOf<'aggregatorReplaced'>): Verdict {
  const { agent, atMs } = stepOf(evidence, after)
  if (agent === undefined) return { ok: false, measured: 'nobody aggregated then' }
  const isAggregating = (event: TraceEvent): boolean => event.event === 'aggregator' && event.self === true
  const was = evidence.events.findLast(
    event => event.by === agent && event.event === 'aggregator' && event.atMs <= atMs,
  )
  if (was === undefined || !isAggregating(was)) return { ok: false, measured: `${agent} did not aggregate then` }
  const group = groupOf(evidence, agent)
  const next = evidence.events.find(
    event => isAggregating(event) && event.atMs > atMs && event.by !== agent && groupOf(evidence, event.by) === group,
  )
  if (next === undefined) return { ok: false, measured: `nobody aggregates in place of ${agent}` }
  const afterMs = next.atMs - atMs
  return {
    ok: afterMs <= withinMs,
    measured: `${next.by} in place of ${agent}, term ${String(next.term)}, after ${inMs(afterMs)}`,
  }
}

const groupOf = ({ feeder }: Evidence, agent: string): string =>
  feeder.ieds.find(({ name }) => name === agent)?.group ?? feeder.name
