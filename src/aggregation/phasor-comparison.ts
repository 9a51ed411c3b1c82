// Phasors of several places at one moment, compared: symmetrical components of each, and its angle against one of them.
//
// An angle of one place against another means something when both clocks are right: with an error of 100 µs it is off by
// 1.8 degrees at 50 Hz, and with the milliseconds of a clock set over a network by anything. So there is an angle where the
// clock's error is at most that of time class T2 of IEC 61850-5, and else magnitudes and components alone, which need no
// clock.

import { sequenceOf, wrapDegrees } from '../../topology/phasor-math.ts'
import type { AlignedMoment } from './phasor-alignment.ts'
import type { PhasorPair, PhasorPairs, PlacePhasors } from './phasor-message.ts'

/** Time class T2. */
const MOST_TIME_ERROR_MICROS = 100

/** `missing` has not arrived in time, `doubtful` is doubted by its own place, `unsynchronised` has no right time. */
export const PHASOR_QUALITIES = ['good', 'unsynchronised', 'doubtful', 'missing'] as const
export type PhasorQuality = (typeof PHASOR_QUALITIES)[number]

export interface ShownPhasor {
  readonly magnitude: number
  /** Against UTC; null where the clock does not allow it. */
  readonly degrees: number | null
}
export interface ShownPhases {
  readonly a?: ShownPhasor
  readonly b?: ShownPhasor
  readonly c?: ShownPhasor
}

export interface ComparedPlace {
  readonly place: string
  readonly quality: PhasorQuality
  readonly volts: ShownPhases
  readonly amps: ShownPhases
  readonly positiveVolts: number | null
  /** Of the positive sequence; null without all three voltages. */
  readonly negativePercent: number | null
  readonly zeroPercent: number | null
  /** Of the positive-sequence voltage against that of the reference: positive leads. */
  readonly angleDegrees: number | null
  readonly frequencyHz: number | null
  readonly rocofHzPerS: number | null
  readonly timeErrorMicros: number | null
}

/** @param reference one of the places */
export function comparePlaces(
  { frames }: AlignedMoment,
  places: readonly string[],
  reference: string,
): readonly ComparedPlace[] {
  const against = angleOf(frames.get(reference))
  return places.map(place => {
    const frame = frames.get(place)
    if (frame === undefined) return { ...NOTHING, place }
    const quality = qualityOf(frame)
    const hasAngles = quality === 'good'
    const angle = angleOf(frame)
    return {
      place,
      quality,
      volts: shown(frame.volts, hasAngles),
      amps: shown(frame.amps, hasAngles),
      ...unbalanceOf(frame.volts),
      angleDegrees: angle === undefined || against === undefined ? null : wrapDegrees(angle - against),
      frequencyHz: frame.frequencyHz ?? null,
      rocofHzPerS: frame.rocofHzPerS ?? null,
      timeErrorMicros: frame.timeErrorMicros ?? null,
    }
  })
}

const NOTHING: Omit<ComparedPlace, 'place'> = {
  quality: 'missing',
  volts: {},
  amps: {},
  positiveVolts: null,
  negativePercent: null,
  zeroPercent: null,
  angleDegrees: null,
  frequencyHz: null,
  rocofHzPerS: null,
  timeErrorMicros: null,
}

function qualityOf({ doubtful, timeErrorMicros }: PlacePhasors): PhasorQuality {
  if (doubtful) return 'doubtful'
  return timeErrorMicros !== undefined && timeErrorMicros <= MOST_TIME_ERROR_MICROS ? 'good' : 'unsynchronised'
}

const phasorOf = ([magnitude, degrees]: PhasorPair) => ({ magnitude, degrees })

function sequence({ a, b, c }: PhasorPairs) {
  return a === undefined || b === undefined || c === undefined
    ? undefined
    : sequenceOf({ a: phasorOf(a), b: phasorOf(b), c: phasorOf(c) })
}

/** Of the positive sequence, where there are three voltages; else of one that there is, as if they were balanced. */
function angleOf(frame: PlacePhasors | undefined): number | undefined {
  if (frame === undefined || qualityOf(frame) !== 'good') return undefined
  const whole = sequence(frame.volts)
  if (whole !== undefined) return whole.positive.magnitude === 0 ? undefined : whole.positive.degrees
  const { a, b, c } = frame.volts
  if (a !== undefined) return a[1]
  if (b !== undefined) return b[1] + 120
  return c === undefined ? undefined : c[1] - 120
}

function unbalanceOf(volts: PhasorPairs) {
  const whole = sequence(volts)
  if (whole === undefined) return { positiveVolts: null, negativePercent: null, zeroPercent: null }
  const { zero, positive, negative } = whole
  const percent = (part: number): number | null => (positive.magnitude === 0 ? null : (100 * part) / positive.magnitude)
  return {
    positiveVolts: positive.magnitude,
    negativePercent: percent(negative.magnitude),
    zeroPercent: percent(zero.magnitude),
  }
}

function shown(pairs: PhasorPairs, hasAngles: boolean): ShownPhases {
  const phases = Object.entries(pairs) as [keyof PhasorPairs, PhasorPair][]
  return Object.fromEntries(
    phases.map(([phase, [magnitude, degrees]]) => [phase, { magnitude, degrees: hasAngles ? degrees : null }]),
  )
}
