// Phasors as read-outs show them: a row for each place and moment.

import type { AlignedMoment } from '../aggregation/phasor-alignment.ts'
import { comparePlaces, type ShownPhases } from '../aggregation/phasor-comparison.ts'
import type { PhasorPair, PhasorPairs, PlacePhasors } from '../aggregation/phasor-message.ts'
import type { PerPhase, Phasor, PhasorFrame } from '../hal/port.ts'
import type { Row } from './readout-rows.ts'

/** Single precision is far finer than any transformer, and half as long on the wire. */
const pairOf = ({ magnitude, degrees }: Phasor): PhasorPair => [Math.fround(magnitude), Math.fround(degrees)]

function pairsOf(phases: PerPhase<Phasor>): PhasorPairs {
  const sound = Object.entries(phases).filter(
    ([, phasor]) => Number.isFinite(phasor.magnitude) && Number.isFinite(phasor.degrees),
  )
  return Object.fromEntries(sound.map(([phase, phasor]) => [phase, pairOf(phasor)]))
}

/** What is not finite is left out. */
export function placePhasors(frame: PhasorFrame): PlacePhasors {
  const { utcMicros, timeErrorSeconds, volts, amps, frequencyHz, rocofHzPerS, doubts = [] } = frame
  return {
    utcMicros: Number(utcMicros),
    ...(Number.isFinite(timeErrorSeconds) ? { timeErrorMicros: timeErrorSeconds * 1e6 } : {}),
    volts: pairsOf(volts),
    amps: pairsOf(amps),
    ...(Number.isFinite(frequencyHz) ? { frequencyHz } : {}),
    ...(Number.isFinite(rocofHzPerS) ? { rocofHzPerS } : {}),
    doubtful: doubts.length > 0,
  }
}

export const phasorRows = (moment: AlignedMoment, places: readonly string[], reference: string): Row[] =>
  comparePlaces(moment, places, reference).map(({ place, quality, volts, amps, ...numbers }) => ({
    utc: utcText(moment.utcMicros),
    ied: place,
    quality,
    volts: roundedPhases(volts),
    amps: roundedPhases(amps),
    ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, rounded(value)])),
  }))

/** To the microsecond. */
function utcText(micros: number): string {
  const ms = Math.floor(micros / 1000)
  return new Date(ms).toISOString().replace('Z', `${String(micros - ms * 1000).padStart(3, '0')}Z`)
}

const rounded = (value: number | null): number | null => (value === null ? null : Math.round(value * 1e4) / 1e4)

const roundedPhases = (phases: ShownPhases): ShownPhases =>
  Object.fromEntries(
    Object.entries(phases).map(([phase, { magnitude, degrees }]) => [
      phase,
      { magnitude: rounded(magnitude), degrees: rounded(degrees) },
    ]),
  )
