// What a run leaves for its expectations to be judged by, and the questions that several of them ask of it.

import type { FeederFile } from '../../topology/feeder-file.ts'
import type { TraceEvent } from '../runtime/trace.ts'
import type { Played } from './director.ts'
import type { Registers } from './ledger-watch.ts'
import type { SupplyChange } from './result.ts'
import type { SimScenario } from './scenario-schema.ts'

export interface Evidence {
  readonly scenario: Pick<SimScenario, 'steps' | 'expect'>
  readonly feeder: FeederFile
  /** All that was kept, in order, up to the end of settling. */
  readonly events: readonly TraceEvent[]
  readonly steps: ReadonlyMap<string, Played>
  readonly supply: readonly SupplyChange[]
  /** When the scenario's time was over. */
  readonly endMs: number
  /** Who ran then. */
  readonly running: ReadonlySet<string>
  readonly agents: readonly string[]
  /** What each IED had in its ledger then. */
  readonly readings: ReadonlyMap<string, ReadonlyMap<number, Registers>>
  /** What each back end's store has at the end of settling, by IED. Absent: it does not run. */
  readonly stored: ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<number, Registers>>>
  readonly energy: (meter: string) => { readonly trueWh: bigint; readonly registeredWh: bigint }
}

/** Whether it is met, and the measured figure in words. */
export interface Verdict {
  readonly ok: boolean
  readonly measured: string
}

/** From a step's beginning. */
export interface Window {
  readonly fromMs: number
  readonly toMs: number
}

/** @throws RangeError for a step that was not played: the run was ended before it */
export function stepOf(evidence: Evidence, name: string): Played {
  const step = evidence.steps.get(name)
  if (step === undefined) throw new RangeError(`step ${name}: the run ended before it`)
  return step
}

export function windowOf(evidence: Evidence, after: string | undefined, lengthMs: number | undefined): Window {
  const fromMs = after === undefined ? 0 : stepOf(evidence, after).atMs
  return { fromMs, toMs: Math.min(evidence.endMs, lengthMs === undefined ? evidence.endMs : fromMs + lengthMs) }
}

export const within = ({ atMs }: { readonly atMs: number }, { fromMs, toMs }: Window): boolean =>
  atMs >= fromMs && atMs <= toMs

/** Of the devices in the field. */
export function fieldEvents(
  evidence: Evidence,
  window: Window,
  kinds: ReadonlySet<string>,
  device?: string,
): readonly TraceEvent[] {
  return evidence.events.filter(
    event =>
      event.by === 'field' &&
      kinds.has(event.event) &&
      within(event, window) &&
      (device === undefined || event.device === device),
  )
}

/** Times without supply of a load, as [from, to]; to infinity when it had none to the last. */
export function outagesOf({ supply }: Evidence, load: string): readonly (readonly [number, number])[] {
  const outages: [number, number][] = []
  let darkSince: number | undefined
  for (const change of supply) {
    if (change.load !== load) continue
    if (!change.supplied) darkSince ??= change.atMs
    else if (darkSince !== undefined) {
      outages.push([darkSince, change.atMs])
      darkSince = undefined
    }
  }
  if (darkSince !== undefined) outages.push([darkSince, Number.POSITIVE_INFINITY])
  return outages
}

export const inMs = (value: number): string => `${value.toFixed(1)} ms`
export const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 3 : 1)} s`
export const listOf = (names: Iterable<string>): string => [...names].sort().join(', ') || 'none'
