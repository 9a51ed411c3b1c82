// A record of a few cycles around a change of state, as a fault recorder keeps it: steady before, steady after.
//
// Voltages step. A current through an inductance cannot, so what it would have to jump stays as a direct current that
// dies away. Its time constant is that of X/R = 10, a usual figure for a distribution feeder; the model does not know
// the true one of each place. Where contacts have opened or a fuse has blown nothing flows any more: the change is when
// the arc is out.

import type { PerPhase, Waveform } from '../../src/hal/port.ts'
import { cosine, sine } from '../../topology/trigonometry.ts'
import { magnitude, type PhaseComplex, type Triple } from '../solver/complex.ts'
import { perPhase } from './per-phase.ts'
import type { WaveformRequest } from './plant-port.ts'

const X_OVER_R = 10
/** Less than any current transformer shows: no way for a direct current either. */
const INTERRUPTED_AMPS = 1e-6

export interface AroundChange {
  readonly before: { readonly volts: PhaseComplex; readonly amps: PhaseComplex }
  readonly after: { readonly volts: PhaseComplex; readonly amps: PhaseComplex }
}

/** @throws RangeError for more or less than a recorder keeps */
export function waveformOf(
  has: Triple<boolean>,
  frequencyHz: number,
  { before, after }: AroundChange,
  { cycles, samplesPerCycle }: WaveformRequest,
): Waveform {
  checkCount('cycles', cycles, 1, 64)
  checkCount('samplesPerCycle', samplesPerCycle, 4, 1024)
  const count = cycles * samplesPerCycle
  const changeAt = Math.floor(count / 2)
  const turns = Array.from({ length: samplesPerCycle }, (_, n) => {
    const radians = (2 * Math.PI * n) / samplesPerCycle
    return { cos: cosine(radians), sin: sine(radians) }
  })
  /** Instantaneous value at a sample, which counts from the change. */
  const at = (phasor: { readonly re: number; readonly im: number }, sample: number): number => {
    const turn = turns[((sample % samplesPerCycle) + samplesPerCycle) % samplesPerCycle]
    return Math.SQRT2 * (phasor.re * (turn?.cos ?? 0) - phasor.im * (turn?.sin ?? 0))
  }
  const decay = 1 / (1 + (2 * Math.PI) / samplesPerCycle / X_OVER_R)
  const samples = (of: 'volts' | 'amps', hasOffset: boolean): PerPhase<number[]> =>
    perPhase(has, i => {
      const then = before[of][i]
      const now = after[of][i]
      const isInterrupted = magnitude(now) < INTERRUPTED_AMPS
      let offset = hasOffset && !isInterrupted ? at(then, 0) - at(now, 0) : 0
      return Array.from({ length: count }, (_, n) => {
        if (n < changeAt) return at(then, n - changeAt)
        const value = at(now, n - changeAt) + offset
        offset *= decay
        return value
      })
    })
  return {
    samplesPerSecond: frequencyHz * samplesPerCycle,
    changeAt,
    volts: samples('volts', false),
    amps: samples('amps', true),
  }
}

function checkCount(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new RangeError(`waveform: ${name} ${value}, want a whole number from ${least} to ${most}`)
}
