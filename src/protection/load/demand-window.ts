// Demand as it is billed: mean power over a window of so many minutes, block by block or rolling in steps, and what it
// will be at the end of the window that runs, if the load goes on as it is now.
//
// Energy is added up from the mean of two measurements and the time between them. What is missing is not guessed: after a
// gap longer than `maxGapMs` the window does not know itself, and says so, until a whole window has been seen again. A
// block is counted from UTC, as meters do; without a good clock it counts from the first measurement, which is told.

import type { Instant } from '../../../topology/units.ts'

export interface DemandSettings {
  readonly kind: 'block' | 'rolling'
  readonly windowMs: number
  /** Of a rolling window: divides it. */
  readonly stepMs: number
  readonly maxGapMs: number
}

export interface DemandState {
  /** kW·ms of the steps that are over, the oldest first; `undefined` for one that was not seen whole. */
  readonly steps: readonly (number | undefined)[]
  /** Of the step that runs. */
  readonly energy: number
  readonly isWhole: boolean
  /** Which step that is, and since when. */
  readonly step: number
  readonly last:
    | { readonly kw: number; readonly at: Instant; readonly stepTimeMs: number; readonly intoStepMs: number }
    | undefined
}

export interface Demand {
  /** Mean over the window, if the load goes on as it is; undefined when part of the window was not seen. */
  readonly predictedKw: number | undefined
  /** Until the window ends. */
  readonly leftMs: number
  readonly windowMs: number
}

export const demandStart: DemandState = { steps: [], energy: 0, isWhole: false, step: -1, last: undefined }

/** @param stepTimeMs runs on with time, by UTC where it is good: steps begin where it is a multiple of the step */
export function demandWindow(
  { kind, windowMs, stepMs, maxGapMs }: DemandSettings,
  state: DemandState,
  { kw, at, stepTimeMs }: { readonly kw: number; readonly at: Instant; readonly stepTimeMs: number },
): DemandState {
  const length = kind === 'block' ? windowMs : stepMs
  const keep = kind === 'block' ? 1 : windowMs / stepMs
  const step = Math.floor(stepTimeMs / length)
  const intoStepMs = stepTimeMs - step * length
  const { last } = state
  const gap = last === undefined ? Number.POSITIVE_INFINITY : at - last.at
  const next = { step, last: { kw, at, stepTimeMs, intoStepMs } }
  // Nothing is known of a gap; a clock that was set makes other steps.
  const isSet = last !== undefined && Math.abs(stepTimeMs - last.stepTimeMs - gap) > maxGapMs
  const isBroken =
    isSet || gap > maxGapMs || gap < 0 || step < state.step || step > state.step + 1 || last === undefined
  if (isBroken) {
    const isAtStart = intoStepMs <= Math.min(1000, maxGapMs)
    const lost = step - state.step <= keep && step >= state.step ? state.steps : []
    const missing = step > state.step ? [undefined] : []
    return { ...next, steps: [...lost, ...missing].slice(-keep), energy: 0, isWhole: isAtStart }
  }
  const mean = (kw + last.kw) / 2
  if (step === state.step)
    return { ...next, steps: state.steps, energy: state.energy + mean * gap, isWhole: state.isWhole }
  const before = Math.min(gap, Math.max(0, length - last.intoStepMs))
  const ended = state.isWhole ? state.energy + mean * before : undefined
  return { ...next, steps: [...state.steps, ended].slice(-keep), energy: mean * (gap - before), isWhole: true }
}

/** @param kw as it is now */
export function predictedDemand({ kind, windowMs, stepMs }: DemandSettings, state: DemandState, kw: number): Demand {
  const { last } = state
  const length = kind === 'block' ? windowMs : stepMs
  const leftMs = last === undefined ? length : length - last.intoStepMs
  const before = kind === 'block' ? [] : state.steps.slice(1 - windowMs / stepMs)
  const isKnown =
    last !== undefined &&
    state.isWhole &&
    (kind === 'block' || (before.length === windowMs / stepMs - 1 && before.every(each => each !== undefined)))
  if (!isKnown) return { predictedKw: undefined, leftMs, windowMs }
  const energy = before.reduce<number>((sum, each) => sum + (each ?? 0), state.energy)
  return { predictedKw: (energy + kw * leftMs) / windowMs, leftMs, windowMs }
}

/**
 * What that means for loads: so much has to go off now for the window to end at its limit, or so much may come on. What comes
 * on has to fit into the next window as well, and leave a margin: else it would go off again. A window that was not seen
 * whole counts as if the load had been all the time what it is now.
 */
export function demandRoom(
  demand: Demand,
  kw: number,
  { limitKw, marginKw }: { readonly limitKw: number; readonly marginKw: number },
): { readonly tooMuchKw: number; readonly headroomKw: number } {
  const { windowMs } = demand
  const predicted = demand.predictedKw ?? kw
  const left = demand.predictedKw === undefined ? windowMs : Math.max(1000, demand.leftMs)
  const share = windowMs / left
  const wanted = limitKw - marginKw
  return {
    tooMuchKw: (predicted - limitKw) * share,
    headroomKw: Math.min((wanted - predicted) * share, wanted - kw),
  }
}

/** Of the window that ended last; undefined while a part of it was not measured. */
export function lastDemandKw({ kind, windowMs, stepMs }: DemandSettings, { steps }: DemandState): number | undefined {
  const wanted = kind === 'block' ? 1 : windowMs / stepMs
  const own = steps.slice(-wanted)
  if (own.length < wanted || own.some(each => each === undefined)) return undefined
  return own.reduce<number>((sum, each) => sum + (each ?? 0), 0) / windowMs
}
