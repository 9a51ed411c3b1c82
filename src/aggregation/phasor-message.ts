// Phasors on their way to a back-end peer: what it asks for, and the items of the streamed answer.

import { z } from 'zod'
import { codec, countField } from './codec.ts'

export const PHASORS_PROTOCOL = '/feedermesh/phasors/1.0.0'

/** RMS magnitude in V or A, and angle in degrees against a cosine of nominal frequency at the full second of UTC. */
export type PhasorPair = readonly [magnitude: number, degrees: number]
export interface PhasorPairs {
  readonly a?: PhasorPair
  readonly b?: PhasorPair
  readonly c?: PhasorPair
}

/** What one place measured at one moment. */
export interface PlacePhasors {
  readonly utcMicros: number
  /** Bound of its clock's error. Absent: its clock is not in step with UTC, and its angles mean nothing elsewhere. */
  readonly timeErrorMicros?: number
  readonly volts: PhasorPairs
  readonly amps: PhasorPairs
  readonly frequencyHz?: number
  readonly rocofHzPerS?: number
  /** The place doubts it itself. */
  readonly doubtful: boolean
}

/** Far beyond anything on a feeder, and small enough to compute with. */
export const MOST = { magnitude: 1e9, degrees: 360, frequencyHz: 1e4, rocofHzPerS: 1e6, timeErrorMicros: 1e12 } as const

const within = (most: number) => z.number().min(-most).max(most)
const positive = (most: number) => z.number().min(0).max(most)
const pair = z.tuple([positive(MOST.magnitude), within(MOST.degrees)])
const pairs = z.strictObject({ a: pair.exactOptional(), b: pair.exactOptional(), c: pair.exactOptional() })

const placePhasors = z.strictObject({
  utcMicros: countField,
  timeErrorMicros: positive(MOST.timeErrorMicros).exactOptional(),
  volts: pairs,
  amps: pairs,
  frequencyHz: within(MOST.frequencyHz).exactOptional(),
  rocofHzPerS: within(MOST.rocofHzPerS).exactOptional(),
  doubtful: z.boolean(),
})

/** One item of the answer holds so many frames at the most. */
export const MOST_FRAMES = 64

const questionSchema = z.strictObject({ framesPerSecond: z.int().min(1).max(120) })
export const phasorQuestionCodec = codec<z.output<typeof questionSchema>>('phasor question', questionSchema, 64)

const framesSchema = z.strictObject({
  frames: z.array(placePhasors).max(MOST_FRAMES),
  /** Since the item before: the way was too slow for them. */
  lost: countField,
})
export const phasorFramesCodec = codec<z.output<typeof framesSchema>>('phasor frames', framesSchema, 48 * 1024)
