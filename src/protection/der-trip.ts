// The local abnormal-voltage and abnormal-frequency trip of a generator (27, 59, 81O, 81U), by the tables of IEEE 1547.
//
// Each stage times for itself while the value is beyond its limit, and begins anew when it was back. The trip is given so
// long before the clearing time as the contactor takes to open. A value that is not known times nothing: it is neither good
// nor bad, so a stage that was running stands still, and what was known before does not trip later. No message can stop it,
// and one alone changes it: while the transfer trip is not heard, the stages are tighter.

import type { Instant } from '../../topology/units.ts'
import { type DerStage, isBeyond, type Stage } from './der-ride-through.ts'

export interface DerTripSettings {
  readonly stages: readonly Stage[]
  /** From the order to open contacts. */
  readonly openingMs: number
  /** Between two values that are farther apart nothing is known. */
  readonly staleMs: number
}

export interface DerTripState {
  /** How long each stage has been beyond its limit, ms. */
  readonly beyond: ReadonlyMap<DerStage, number>
  readonly lastAt: Instant | undefined
  readonly tripped: boolean
}
export const derAtRest: DerTripState = { beyond: new Map(), lastAt: undefined, tripped: false }

export interface DerSeen {
  /** The lowest and the highest phase, per unit of nominal. */
  readonly least?: number | undefined
  readonly greatest?: number | undefined
  readonly hz?: number | undefined
}

export type DerTripAction = { readonly kind: 'trip'; readonly stage: DerStage; readonly value: number }

/** Below this no frequency is measured (81 security). */
const FREQUENCY_BLOCK_PU = 0.5

export const derTrip = (state: DerTripState, seen: DerSeen, settings: DerTripSettings, now: Instant) => {
  const { stages, openingMs, staleMs } = settings
  const since = state.lastAt === undefined ? Number.POSITIVE_INFINITY : now - state.lastAt
  const beyond = new Map<DerStage, number>()
  let trip: DerTripAction | undefined
  for (const each of stages) {
    const value = valueFor(each, seen)
    const before = state.beyond.get(each.stage)
    if (value === undefined) {
      if (before !== undefined && since <= staleMs) beyond.set(each.stage, before)
      continue
    }
    if (!isBeyond(each, value)) continue
    const lasted = before === undefined || since > staleMs ? 0 : before + since
    beyond.set(each.stage, lasted)
    if (lasted >= Math.max(0, each.clearingSeconds * 1000 - openingMs))
      trip ??= { kind: 'trip', stage: each.stage, value }
  }
  const next: DerTripState = { beyond, lastAt: now, tripped: beyond.size > 0 && (state.tripped || trip !== undefined) }
  // Once for each abnormal stretch: what could not be opened is the shell's to try again.
  return { state: next, actions: trip === undefined || state.tripped ? [] : [trip] }
}

function valueFor({ stage }: Stage, { least, greatest, hz }: DerSeen): number | undefined {
  const value = stage.startsWith('OV') ? greatest : stage.startsWith('UV') ? least : hz
  if (value === undefined || !Number.isFinite(value)) return undefined
  if (stage[1] === 'F' && (least === undefined || least < FREQUENCY_BLOCK_PU)) return undefined
  return value
}
