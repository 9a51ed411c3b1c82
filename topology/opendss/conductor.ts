// WireData, CNData and TSData: conductors, bare or in a cable, in metres and ohms per metre.

import { asValue, type Element, lastSet, setting } from './elements.ts'
import { fault } from './fault.ts'
import { metresOf } from './length-units.ts'
import { positiveOf } from './values.ts'

export interface Conductor {
  /** Alternating current, per metre. */
  readonly ohmPerM: number
  readonly gmrM: number
  readonly radiusM: number
  readonly normAmps: number | undefined
  /** Only of a cable: the metal around the insulation, which is at ground, and the insulation itself. */
  readonly cable?: Cable
}

export interface Cable {
  readonly sheath: {
    readonly ohmPerM: number
    readonly gmrM: number
    /** From the middle of the cable to the middle of its neutral strands or tape. */
    readonly distanceM: number
  }
  readonly faradPerM: number
}

const VACUUM_FARAD_PER_M = 8.854187817e-12
/** Of the tape of a shield, as OpenDSS takes it: copper with its lapping. */
const TAPE_OHM_M = 2.3718e-8

/** @throws TopologyError */
export function conductorOf(data: Element): Conductor {
  const radius = lengthSet(data, ['radius', 'diam'], 'radunits')
  const halved = lastSet(data, 'radius', 'diam')?.property === 'diam' ? 0.5 : 1
  const radiusM = radius === undefined ? undefined : radius * halved
  const gmrM = lengthSet(data, ['gmrac'], 'gmrunits') ?? (radiusM === undefined ? undefined : 0.7788 * radiusM)
  if (gmrM === undefined) throw fault(data.at, `${data.label}: has neither GMRac nor a radius, want one`)
  const rac = setting(data, 'rac', positiveOf) ?? times(setting(data, 'rdc', positiveOf), 1.02)
  if (rac === undefined) throw fault(data.at, `${data.label}: has neither Rac nor Rdc, want one`)
  const ohmPerM = rac / (setting(data, 'runits', metresOf) ?? 1)
  const bare = { ohmPerM, gmrM, radiusM: radiusM ?? gmrM / 0.7788, normAmps: setting(data, 'normamps', positiveOf) }
  if (data.className === 'wiredata') return bare
  return { ...bare, cable: data.className === 'cndata' ? concentric(data) : shielded(data) }
}

/** Concentric neutral: the strands as one conductor. Source: Kersting, "Distribution System Modeling and Analysis", ch. 4. */
function concentric(data: Element): Cable {
  const strands = setting(data, 'k', strandsOf) ?? 2
  const strandM = needed(data, 'diastrand')
  const gmrStrandM = lengthSet(data, ['gmrstrand'], 'gmrunits') ?? (0.7788 * strandM) / 2
  const distanceM = (needed(data, 'diacable') - strandM) / 2
  const gmrM = (gmrStrandM * strands * distanceM ** (strands - 1)) ** (1 / strands)
  const rStrand = setting(data, 'rstrand', positiveOf)
  if (rStrand === undefined) throw fault(data.at, `${data.label}: has no Rstrand, want one`)
  const ohmPerM = rStrand / (setting(data, 'runits', metresOf) ?? 1) / strands
  return { sheath: { ohmPerM, gmrM, distanceM }, faradPerM: insulation(data) }
}

/** Tape shield. Same source. */
function shielded(data: Element): Cable {
  const outerM = needed(data, 'diashield')
  const tapeM = needed(data, 'tapelayer')
  const lap = setting(data, 'tapelap', positiveOf) ?? 20
  const ohmPerM = (0.3183 * TAPE_OHM_M) / (outerM * tapeM * Math.sqrt(50 / (100 - lap)))
  const distanceM = (outerM - tapeM) / 2
  return { sheath: { ohmPerM, gmrM: distanceM, distanceM }, faradPerM: insulation(data) }
}

/** Between the conductor and what is around its insulation. */
function insulation(data: Element): number {
  const outerM = needed(data, 'diains') / 2
  const innerM = outerM - needed(data, 'inslayer')
  if (!(innerM > 0))
    throw fault(data.at, `${data.label}: InsLayer is thicker than the cable, want less than half of DiaIns`)
  return (2 * Math.PI * VACUUM_FARAD_PER_M * (setting(data, 'epsr', positiveOf) ?? 2.3)) / Math.log(outerM / innerM)
}

function needed(data: Element, property: string): number {
  const length = lengthSet(data, [property], 'radunits')
  if (length === undefined) throw fault(data.at, `${data.label}: has no ${property}, want one`)
  return length
}

function lengthSet(data: Element, properties: readonly string[], unit: string): number | undefined {
  const last = lastSet(data, ...properties)
  return (
    last &&
    positiveOf(asValue(data, last)) * (setting(data, unit, metresOf) ?? setting(data, otherUnit(unit), metresOf) ?? 1)
  )
}

/** OpenDSS takes the one for the other where only one is given. */
const otherUnit = (unit: string): string => (unit === 'radunits' ? 'gmrunits' : 'radunits')
const strandsOf = positiveOf
const times = (value: number | undefined, factor: number): number | undefined => value && value * factor
