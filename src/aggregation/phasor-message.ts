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

const finite = z.number().refine(Number.isFinite, 'want a finite number')
const pair = z.tuple([finite, finite])
const pairs = z.strictObject({ a: pair.exactOptional(), b: pair.exactOptional(), c: pair.exactOptional() })

const placePhasors = z.strictObject({
  utcMicros: countField,
  timeErrorMicros: finite.nonnegative().exactOptional(),
  volts: pairs,
  amps: pairs,
  frequencyHz: finite.exactOptional(),
  rocofHzPerS: finite.exactOptional(),
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
