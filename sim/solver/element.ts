// What the network's equations are made of: admittances between slots. A slot is one phase of one vertex, and a vertex a
// node of the feeder file or a point inside a section.

import type { Phase } from '../../topology/feeder-file.ts'
import { addTo, type ComplexMatrix, zeros } from './complex-matrix.ts'

export const phaseNumber = (phase: Phase): 0 | 1 | 2 => (phase === 'a' ? 0 : phase === 'b' ? 1 : 2)
export const slotOf = (vertex: number, phase: Phase): number => 3 * vertex + phaseNumber(phase)
export const vertexOf = (slot: number): number => Math.floor(slot / 3)
/** In place of a slot. */
export const GROUND = -1

export interface Element {
  readonly slots: readonly number[]
  /** Symmetric, in siemens: currents that flow from the slots into the element, per volt to ground. */
  readonly admittance: ComplexMatrix
  /**
   * Groups of slots, by place in `slots`, that have one potential as far as the ground is concerned: an earth fault on
   * one shifts the others. A transformer keeps its sides apart.
   */
  readonly joined: readonly (readonly number[])[]
  /** Groups of slots, by place, that energise one another. */
  readonly conducts: readonly (readonly number[])[]
  /** Places in `slots` that the element ties to ground. */
  readonly grounded: readonly number[]
}

/** An admittance between two slots, or one slot and ground. */
export function shunt(one: number, other: number, re: number, im: number): Element {
  if (other === GROUND) {
    const admittance = zeros(1)
    addTo(admittance, 0, 0, re, im)
    return { slots: [one], admittance, joined: [], conducts: [], grounded: [0] }
  }
  const admittance = zeros(2)
  addTo(admittance, 0, 0, re, im)
  addTo(admittance, 1, 1, re, im)
  addTo(admittance, 0, 1, -re, -im)
  addTo(admittance, 1, 0, -re, -im)
  return { slots: [one, other], admittance, joined: [[0, 1]], conducts: [], grounded: [] }
}
