// The two sides of a switching device from one frame of synchrophasors to the next, as sync check (25) takes them: each phase
// that is measured beyond the device, against the same phase on its own side.
//
// One unit measures both by one clock. The far side's frequency is the own side's and what the angle between the two turns
// meanwhile: 0.1 Hz is 0.72 degrees in 20 ms.

import { wrapDegrees } from '../../../topology/phasor-math.ts'
import { cosine, sine } from '../../../topology/trigonometry.ts'
import type { Complex } from '../power-quality/phasor.ts'
import { leads } from './phasor-plane.ts'
import { type Side, type SyncSettings, type SyncState, syncCheck } from './sync-check.ts'

type Phase = 'a' | 'b' | 'c'
const PHASES: readonly Phase[] = ['a', 'b', 'c']

interface Polar {
  readonly magnitude: number
  readonly degrees: number
}
type PolarPhases = { readonly [phase in Phase]?: Polar }

/** Of a frame, what is looked at. */
export interface BothSides {
  readonly utcMicros: bigint
  readonly volts: PolarPhases
  readonly farVolts?: PolarPhases
  readonly frequencyHz: number
  readonly doubts?: readonly unknown[]
}

interface Pair {
  readonly phase: Phase
  readonly near: Complex
  readonly far: Complex
}

/** A moment at which both sides were measured. */
export interface Sides {
  readonly utcMicros: bigint
  readonly hz: number
  readonly pairs: readonly Pair[]
}

/** @returns undefined when the frame is doubted, lacks a phase on the own side, or shows nothing beyond the device */
export function sidesOfFrame(frame: BothSides): Sides | undefined {
  const { utcMicros, volts, farVolts = {}, frequencyHz: hz, doubts = [] } = frame
  const pairs = PHASES.flatMap(phase => {
    const [near, far] = [volts[phase], farVolts[phase]]
    return near === undefined || far === undefined ? [] : [{ phase, near: complex(near), far: complex(far) }]
  })
  const isWhole = pairs.length === Object.keys(farVolts).length && pairs.length > 0
  return isWhole && doubts.length === 0 && Number.isFinite(hz) ? { utcMicros, hz, pairs } : undefined
}

export interface SidesState {
  readonly last?: Sides
  readonly phases: { readonly [phase in Phase]?: SyncState }
}
export const noSides: SidesState = { phases: {} }

/**
 * @param mostMs between two frames, for what the angle turns in that time to be the far side's frequency
 * @returns the state, and whether every phase has been in step for long enough
 */
export function sidesInStep(settings: SyncSettings, mostMs: number) {
  const check = syncCheck(settings)
  return (state: SidesState, sides: Sides, now: Parameters<typeof check>[3]) => {
    const { last } = state
    const results = sides.pairs.map(({ phase, near, far }) => {
      const before = last?.pairs.find(each => each.phase === phase)
      const slip = before && turnHz(before, { near, far }, elapsedMs(last as Sides, sides), mostMs)
      const line: Side = { volts: far, hz: slip === undefined ? undefined : sides.hz + slip }
      return { phase, ...check(state.phases[phase] ?? {}, { volts: near, hz: sides.hz }, line, now) }
    })
    const phases = Object.fromEntries(results.map(each => [each.phase, each.state]))
    return { state: { last: sides, phases }, inStep: results.every(({ permits }) => permits === 'sync') }
  }
}

const elapsedMs = (from: Sides, to: Sides): number => Number(to.utcMicros - from.utcMicros) / 1000

function turnHz(before: Omit<Pair, 'phase'>, now: Omit<Pair, 'phase'>, ms: number, mostMs: number): number | undefined {
  if (ms <= 0 || ms > mostMs) return undefined
  const turned = wrapDegrees(leads(now.far, now.near) - leads(before.far, before.near))
  return (turned / 360 / ms) * 1000
}

const complex = ({ magnitude, degrees }: Polar): Complex => {
  const radians = (degrees * Math.PI) / 180
  return { re: magnitude * cosine(radians), im: magnitude * sine(radians) }
}
