// Between which values the high-set element of the interlock's fast trip can be set, if there are such values: above all
// that is no fault below the device, below the least fault of its own stretch.

import { connectedAmps } from './connected.ts'
import type { Amps, FaultStudy, StudiedFault } from './fault-study.ts'
import { ownFaults } from './fault-study.ts'
import type { Stretch } from './stretches.ts'

/** Load that comes back after a long interruption, over what it was before. */
export const COLD_LOAD = 2
/**
 * Inrush over rated current, of the fundamental: the first peak of a transformer is 8 to 12 times, half a wave of it only,
 * and a relay that measures the fundamental sees about half.
 */
export const INRUSH = 4
/** Over what generators below bring to a fault elsewhere: their currents are known to so much. */
export const BACKWARD = 1.2

export interface Bound {
  readonly amps: number
  /** In words: `inrush of what lies below`. */
  readonly what: string
}

export interface Range {
  readonly above: Bound
  /** Absent without a fault that it could see, as to ground where nothing is grounded. */
  readonly below: Bound | undefined
}

export interface HighSetRange {
  readonly phase: Range
  readonly ground: Range
  /** Of one phase to ground: what the phase element has to see where there is no ground element. */
  readonly leastToGround: Bound | undefined
}

export function highSetRange(study: FaultStudy, stretch: Stretch): HighSetRange {
  const { device } = stretch
  const load = study.load.get(device.name) ?? { phase: 0, residual: 0 }
  const own = ownFaults(study, stretch).filter(({ fault }) => isAheadOfTransformers(study, stretch, fault))
  const level = Math.max(0, ...own.map(({ amps }) => amps.phase))
  const connected = connectedAmps(study.feeder, stretch, study.nominalVolts)
  const backward = backwardAmps(study, stretch)
  const least = (kinds: readonly StudiedFault['kind'][], of: (amps: Amps) => number): Bound | undefined =>
    own
      .filter(({ fault }) => kinds.includes(fault.kind))
      .map(({ fault, amps }) => ({ amps: of(amps), what: inWords(fault) }))
      .sort((one, other) => one.amps - other.amps)[0]
  return {
    phase: {
      above: largest([
        { amps: COLD_LOAD * load.phase, what: `${COLD_LOAD} times the load` },
        { amps: inrush(connected.phase, level), what: 'inrush of what lies below' },
        { amps: BACKWARD * backward.phase, what: 'what generators below bring to a fault elsewhere' },
      ]),
      below: least(['line-line', 'three-phase'], amps => amps.phase),
    },
    ground: {
      above: largest([
        { amps: COLD_LOAD * load.residual, what: `${COLD_LOAD} times the unbalance of the load` },
        { amps: inrush(connected.residual, level), what: 'inrush of what is grounded below' },
        { amps: BACKWARD * backward.residual, what: 'what lies below brings to a fault to ground elsewhere' },
      ]),
      below: least(['line-ground'], amps => amps.residual),
    },
    leastToGround: least(['line-ground'], amps => amps.phase),
  }
}

/** The network's impedance limits it: as of two impedances one behind the other. */
const inrush = (ratedAmps: number, faultAmps: number): number =>
  ratedAmps === 0 || faultAmps === 0 ? 0 : 1 / (1 / (INRUSH * ratedAmps) + 1 / faultAmps)

const largest = (bounds: readonly Bound[]): Bound =>
  bounds.reduce((most, each) => (each.amps > most.amps ? each : most), { amps: 0, what: 'no load at all' })

export const inWords = ({ kind, place, generation }: StudiedFault): string =>
  `${kind} at ${place}${generation === 'in' ? ' with generators' : ''}`

/** A fault behind a transformer is left to the curve, unless the whole stretch lies behind it. */
function isAheadOfTransformers(
  { nominalVolts, feeder }: FaultStudy,
  { nearNode }: Stretch,
  fault: StudiedFault,
): boolean {
  const node = feeder.file.nodes.some(({ name }) => name === fault.place) ? fault.place : undefined
  if (node === undefined) return true
  const here = nominalVolts(nearNode)
  return Math.abs(nominalVolts(node) - here) < 1e-6 * here
}

/** Of faults that are not below the device. */
function backwardAmps({ faults }: FaultStudy, { device, fed, ends, nodes }: Stretch): Amps {
  const below = new Set([...fed.nodes, ...nodes, ...ends.map(({ section, end }) => `${section} at ${end}`)])
  const currents = faults
    .filter(({ place }) => !below.has(place) && !fed.sections.has(place.split(' at ')[0] ?? ''))
    .map(({ through }) => through.get(device.name))
  return {
    phase: Math.max(0, ...currents.map(amps => amps?.phase ?? 0)),
    residual: Math.max(0, ...currents.map(amps => amps?.residual ?? 0)),
  }
}
