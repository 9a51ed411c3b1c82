// The impedances and capacitances of conductors above or in the earth, by Carson's equations.
//
// In their usual shortened form the earth is a return conductor at a depth of 658.5 √(ρ/f) m, which adds ω μ0 / 8 to each
// resistance. A cable brings its neutral or shield along as one more conductor; all that are not phases are at ground,
// and are reduced into the phases.
//
// Source: J. R. Carson, Bell System Technical Journal 5, 1926; Kersting, "Distribution System Modeling and Analysis", ch. 4.

import { inverse, picked, reduced, square } from './complex-matrix.ts'
import type { Conductor } from './conductor.ts'
import type { LineMatrices } from './line-matrices.ts'

export interface Strung {
  readonly conductor: Conductor
  readonly xM: number
  /** Height above the ground, negative in it. */
  readonly hM: number
}

const PERMEABILITY = 4e-7 * Math.PI
const PERMITTIVITY = 8.854187817e-12

/**
 * Per metre of line, for the first `phaseCount` of its conductors.
 *
 * @returns undefined when two conductors are in one place, or one is at the height of the ground
 */
export function lineConstants(
  strung: readonly Strung[],
  phaseCount: number,
  frequencyHz: number,
  earthOhmM: number,
): LineMatrices | undefined {
  const cables = strung.slice(0, phaseCount).filter(({ conductor }) => conductor.cable)
  const all = [...strung, ...cables.map(asSheath)]
  const omega = 2 * Math.PI * frequencyHz
  const depthM = 658.5 * Math.sqrt(earthOhmM / frequencyHz)
  const distance = (one: number, other: number): number => {
    const [first, second] = [all[one], all[other]]
    if (!first || !second) return Number.NaN
    if (one === other) return first.conductor.gmrM
    const apartM = Math.hypot(first.xM - second.xM, first.hM - second.hM)
    // A cable's own neutral lies around it, at the distance of its strands.
    return apartM === 0 ? ((first.conductor.cable ?? second.conductor.cable)?.sheath.distanceM ?? 0) : apartM
  }
  const re = square(all.length, (row, column) => {
    return (PERMEABILITY * omega) / 8 + (row === column ? (all[row]?.conductor.ohmPerM ?? 0) : 0)
  })
  const im = square(all.length, (row, column) => {
    return ((omega * PERMEABILITY) / (2 * Math.PI)) * Math.log(depthM / distance(row, column))
  })
  const kept = Array.from({ length: phaseCount }, (_, n) => n)
  const series = reduced({ re, im }, kept)
  const c = cables.length > 0 ? cableCapacitances(strung, phaseCount) : overheadCapacitances(strung, kept)
  if (!series || !c || ![series.re, series.im, c].flat(2).every(Number.isFinite)) return undefined
  return { r: series.re, x: series.im, c }
}

function asSheath({ conductor, xM, hM }: Strung): Strung {
  const { ohmPerM, gmrM } = conductor.cable?.sheath ?? conductor
  return { conductor: { ohmPerM, gmrM, radiusM: gmrM, normAmps: undefined }, xM, hM }
}

/** Between each conductor and its own grounded neutral alone, in nanofarad per metre. */
function cableCapacitances(strung: readonly Strung[], phaseCount: number): number[][] {
  return square(phaseCount, (row, column) => {
    return row === column ? (strung[row]?.conductor.cable?.faradPerM ?? 0) * 1e9 : 0
  })
}

/** From the potential coefficients of the conductors and their images in the ground. */
function overheadCapacitances(strung: readonly Strung[], kept: readonly number[]): number[][] | undefined {
  const coefficients = square(strung.length, (row, column) => {
    const [one, other] = [strung[row], strung[column]]
    if (!one || !other) return Number.NaN
    const toImageM = Math.hypot(one.xM - other.xM, one.hM + other.hM)
    const apartM = row === column ? one.conductor.radiusM : Math.hypot(one.xM - other.xM, one.hM - other.hM)
    return Math.log(toImageM / apartM) / (2 * Math.PI * PERMITTIVITY)
  })
  const farads = inverse(coefficients)
  return farads && picked(farads, kept).map(row => row.map(value => value * 1e9))
}
