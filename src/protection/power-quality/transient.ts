// Transients: a crest far beyond the nominal one that was not there a cycle before, or a jump from one sample to the next
// that the wave did not have a cycle before. It ends when half a cycle brought neither. It takes 64 samples a cycle at least:
// with fewer, an ordinary slope looks like a jump.

import { placeOf, type SampleRing } from './sample-ring.ts'
import type { WaveEvent } from './wave-event.ts'

export const TRANSIENT_SAMPLES_PER_CYCLE = 64

export interface TransientSettings {
  /** All in the unit of the samples. */
  readonly crest: number
  /** Least difference to the cycle before that makes a high crest a new one. */
  readonly difference: number
  readonly step: number
  readonly quietSamples: number
  /** A cycle after a transient the difference shows it once more, the other way round: that is no news. */
  readonly samplesPerCycle: number
}

/** Holds the state of one channel: it is fed each sample once, in order. */
export function transient({ crest, difference, step, quietSamples, samplesPerCycle }: TransientSettings) {
  let before = 0
  let quiet = 0
  let extreme = 0
  let startedAt: number | undefined
  /** Where the echo of the last one lies. */
  let echoFrom = Number.POSITIVE_INFINITY
  let echoTo = Number.NEGATIVE_INFINITY
  const around = 0.02 * samplesPerCycle + 2

  return {
    /** @param first number of the sample that `differences[0]` is of */
    scan(ring: SampleRing, differences: Float64Array, count: number, first: number, found: WaveEvent[]): void {
      const { data } = ring
      const place = placeOf(ring, first)
      for (let n = 0; n < count; n++) {
        const value = data[place + n] as number
        const deviation = differences[n] as number
        const jump = deviation - before
        before = deviation
        const size = value < 0 ? -value : value
        if ((size > crest && (deviation > difference || deviation < -difference)) || jump > step || jump < -step) {
          const at = first + n
          if (startedAt === undefined && at >= echoFrom && at <= echoTo) continue
          quiet = 0
          if (size > extreme) extreme = size
          echoTo = at + samplesPerCycle + around
          if (startedAt !== undefined) continue
          startedAt = at
          echoFrom = at + samplesPerCycle - around
          found.push({ phase: 'begins', from: startedAt, to: startedAt + 1, extreme })
        } else if (startedAt !== undefined) {
          if (size > extreme) extreme = size
          if (++quiet < quietSamples) continue
          found.push({ phase: 'ends', from: startedAt, to: first + n + 1 - quiet, extreme })
          startedAt = undefined
          extreme = 0
        }
      }
    },
    /** Nothing more comes. */
    end(at: number, found: WaveEvent[]): void {
      if (startedAt !== undefined) found.push({ phase: 'ends', from: startedAt, to: at, extreme, isCutOff: true })
      startedAt = undefined
    },
  }
}
