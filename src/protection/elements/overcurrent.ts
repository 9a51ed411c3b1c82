// The overcurrent elements of one device: 50 and 51 on the largest phase current, 50N and 51N on the sum of the phases.
//
// Any number of stages beside each other, each with its own time; the first whose time is used up trips. Stages marked
// `fast` belong to a recloser's fast shots and see nothing while those are spent: the slow stages run all the time.

import type { Instant } from '../../../topology/units.ts'
import { restingStage, type StageSettings, type StageState, stage, stageDeadline } from './stage.ts'

export interface OvercurrentStage {
  /** For records: 51P, 50N, … */
  readonly name: string
  readonly quantity: 'phase' | 'ground'
  readonly isFast?: boolean
  /** A 50: neither raised for cold load nor restrained by inrush. */
  readonly isHigh?: boolean
  readonly stage: StageSettings
}
export type OvercurrentSettings = readonly OvercurrentStage[]

/** One for each stage, in their order. */
export type OvercurrentState = readonly StageState[]

export type OvercurrentEvent =
  | {
      readonly kind: 'currents'
      /** The largest, and the sum of the three: 3I0. Primary amperes RMS; undefined where it can't be measured. */
      readonly phase: number | undefined
      readonly ground: number | undefined
      readonly isFast: boolean
      /** What pickups are multiplied by now, for cold load; 1 by default. */
      readonly factor?: number
      /** By inrush: the stages see nothing. */
      readonly isRestrained?: boolean
      /** The fault lies the other way, or nobody knows where and the setting is to block. */
      readonly isBlocked?: { readonly phase: boolean; readonly ground: boolean }
    }
  | { readonly kind: 'tick' }

export type OvercurrentAction =
  | { readonly kind: 'pickup' | 'dropout' }
  | { readonly kind: 'trip'; readonly stage: string; readonly quantity: 'phase' | 'ground' }

export interface OvercurrentStep {
  readonly state: OvercurrentState
  readonly actions: readonly OvercurrentAction[]
}

export const restingOvercurrent = (settings: OvercurrentSettings, at: Instant): OvercurrentState =>
  settings.map(() => restingStage(at))

export const isPickedUp = (state: OvercurrentState): boolean => state.some(each => each.isPickedUp)

/** When the next stage trips if the currents stay as they are. */
export function overcurrentDeadline(state: OvercurrentState): Instant | undefined {
  let first: Instant | undefined
  for (const each of state) {
    const due = stageDeadline(each)
    if (due !== undefined && (first === undefined || due < first)) first = due
  }
  return first
}

export function overcurrent(settings: OvercurrentSettings) {
  const steps = settings.map(each => stage(each.stage))
  return (state: OvercurrentState, event: OvercurrentEvent, now: Instant): OvercurrentStep => {
    const trips: OvercurrentAction[] = []
    const next = settings.map((each, n) => {
      const { name, quantity } = each
      const was = state[n] ?? restingStage(now)
      const value = seenBy(each, event)
      const done = steps[n]?.(was, event.kind === 'tick' ? event : { kind: 'value', value }, now)
      if (done?.actions.includes('trip')) trips.push({ kind: 'trip', stage: name, quantity })
      return done?.state ?? was
    })
    const [before, after] = [isPickedUp(state), isPickedUp(next)]
    const rise: OvercurrentAction[] = !before && (after || trips.length > 0) ? [{ kind: 'pickup' }] : []
    const fall: OvercurrentAction[] = (before || rise.length > 0) && !after ? [{ kind: 'dropout' }] : []
    return { state: next, actions: [...rise, ...trips, ...fall] }
  }
}

function seenBy(
  { quantity, isFast = false, isHigh = false }: OvercurrentStage,
  event: OvercurrentEvent,
): number | undefined {
  if (event.kind === 'tick' || (isFast && !event.isFast)) return undefined
  if (event.isBlocked?.[quantity] === true) return undefined
  const amps = event[quantity]
  if (isHigh || amps === undefined) return amps
  return event.isRestrained === true ? undefined : amps / (event.factor ?? 1)
}
