// Wave shape: the wave differs from its previous cycle by more than a share of the nominal crest for longer than an impulse.
// It catches notches, oscillations, and the first milliseconds of a sag. It ends when a whole cycle was like the one before.

import type { WaveEvent } from './wave-event.ts'

export interface WaveShapeSettings {
  /** In the unit of the samples. */
  readonly limit: number
  readonly leastSamples: number
  readonly quietSamples: number
}

/** Holds the state of one channel: it is fed each difference once, in order. */
export function waveShape({ limit, leastSamples, quietSamples }: WaveShapeSettings) {
  let beyond = 0
  let quiet = 0
  let extreme = 0
  let startedAt: number | undefined

  return {
    /** @param first number of the sample that `differences[0]` is of */
    scan(differences: Float64Array, count: number, first: number, found: WaveEvent[]): void {
      for (let n = 0; n < count; n++) {
        const difference = differences[n] as number
        const size = difference < 0 ? -difference : difference
        if (size > limit) {
          beyond++
          quiet = 0
          if (size > extreme) extreme = size
          if (startedAt !== undefined || beyond < leastSamples) continue
          startedAt = first + n - beyond + 1
          found.push({ phase: 'begins', from: startedAt, to: first + n + 1, extreme })
        } else {
          beyond = 0
          if (startedAt === undefined) extreme = 0
          else if (++quiet >= quietSamples) {
            found.push({ phase: 'ends', from: startedAt, to: first + n + 1 - quiet, extreme })
            startedAt = undefined
            extreme = 0
          }
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
