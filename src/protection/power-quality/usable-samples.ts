// Which stretches of samples can be judged.

import { type PerPhase, type PhaseName, phaseNames, type Samples } from './samples.ts'
import { LEAST_SAMPLES_PER_CYCLE, MOST_SAMPLES_PER_CYCLE } from './wave-stream.ts'

export const phasesOf = (of: PerPhase<Float64Array>): PhaseName[] => phaseNames.filter(phase => of[phase] !== undefined)

/** @returns samples in each channel; 0 when it cannot be judged for its rate or its sizes */
export function usableSize({ volts, amps, samplesPerSecond }: Samples, nominalHz: number): number {
  const perCycle = samplesPerSecond / nominalHz
  if (!(perCycle >= LEAST_SAMPLES_PER_CYCLE && perCycle <= MOST_SAMPLES_PER_CYCLE)) return 0
  const sizes = [volts, amps].flatMap(of => phasesOf(of).map(phase => of[phase]?.length ?? 0))
  const [size = 0] = sizes
  return sizes.every(each => each === size) ? size : 0
}
