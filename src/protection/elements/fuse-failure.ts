// Failure of a voltage transformer's fuse (60): a phase has lost its voltage, and no current says that anything happened.
//
//   sound ─ a phase below LOST_PU, and all currents as before ─► failed ─ all phases above BACK_PU, for long enough ─► sound
//
// A fault, a switching and an outage change the currents with the voltages, and both are taken from the same samples, so that one
// does not come before the other. A load goes on drawing what it drew with a fifth of its voltage in no network; so what looks
// like that is the measurement's fault. Where less than `leastAmps` flows nothing can be told, and a dead line is taken for one.
//
// It blocks what goes by voltage (27, 47, 59N, 81), and nothing that goes by current. While both are lost at the very first look,
// as after a start, the voltage counts as measured.

import { type Duration, type Instant, since } from '../../../topology/units.ts'
import type { Complex } from '../power-quality/phasor.ts'
import { magnitude } from '../power-quality/sequence.ts'
import type { Quantities } from './quantities.ts'

/** Of nominal: what a blown fuse leaves at the most, and what is a voltage again. */
const LOST_PU = 0.2
const BACK_PU = 0.85
/** By no more than this share, and a little, the currents may differ from before. */
const SAME_SHARE = 0.1
const BACK_FOR = 200 as Duration

export interface FuseFailureSettings {
  /** Line to neutral. */
  readonly nominalVolts: number
  /** Below this in every phase nothing is told. */
  readonly leastAmps: number
}

type Sizes = Readonly<Partial<Record<'a' | 'b' | 'c', number>>>

export interface FuseFailureState {
  /** Amperes when all voltages were sound last. */
  readonly before?: Sizes
  readonly failed: boolean
  /** Since when all of them are back. */
  readonly soundSince?: Instant
}

export const soundFuses: FuseFailureState = { failed: false }

export function fuseFailure({ nominalVolts, leastAmps }: FuseFailureSettings) {
  return (state: FuseFailureState, { volts, amps }: Quantities, now: Instant): FuseFailureState => {
    const shown = Object.values(sizesOf(volts))
    const flows = sizesOf(amps)
    if (shown.length === 0 || Object.keys(flows).length === 0) return state
    const isSound = shown.every(each => each > BACK_PU * nominalVolts)
    if (state.failed) {
      if (!isSound) return { failed: true }
      const soundSince = state.soundSince ?? now
      return since(soundSince, now) >= BACK_FOR ? { failed: false, before: flows } : { failed: true, soundSince }
    }
    if (isSound) return { failed: false, before: flows }
    const isLost = shown.some(each => each < LOST_PU * nominalVolts)
    if (isLost && state.before !== undefined && isAsBefore(state.before, flows)) return { failed: true }
    return state
  }

  function isAsBefore(before: Sizes, flows: Sizes): boolean {
    const phases = ['a', 'b', 'c'] as const
    const most = Math.max(...phases.map(phase => before[phase] ?? 0))
    return (
      most >= leastAmps &&
      phases.every(phase => Math.abs((flows[phase] ?? 0) - (before[phase] ?? 0)) <= SAME_SHARE * most)
    )
  }
}

function sizesOf(of: { readonly a?: Complex; readonly b?: Complex; readonly c?: Complex }): Sizes {
  const known = Object.entries(of).filter(([, each]) => each !== undefined && Number.isFinite(each.re + each.im))
  return Object.fromEntries(known.map(([phase, each]) => [phase, magnitude(each)]))
}
