// A fault as somebody gives it, checked and completed: where exactly, of what kind, on which phases.

import type { FeederFile, Phase } from '../../topology/feeder-file.ts'
import type { FaultAt } from '../solver/solver-port.ts'
import type { Fault, FaultKind } from './plant-port.ts'

/** What a fault is cleared by. */
export const nameOfFault = (fault: Fault): string => fault.name ?? fault.section ?? fault.node ?? ''

const PHASES_OF: Readonly<Record<FaultKind, number>> = {
  'line-ground': 1,
  'line-line': 2,
  'line-line-ground': 2,
  'three-phase': 3,
}
/** The most that so many phases can have. */
const WORST: Readonly<Record<number, FaultKind>> = { 1: 'line-ground', 2: 'line-line-ground', 3: 'three-phase' }

/** @throws RangeError naming what is wrong, and what would be right */
export function completeFault(places: FaultPlaces, fault: Fault): FaultAt {
  const { section, node, position, resistanceOhm = 0 } = fault
  if ((section === undefined) === (node === undefined)) throw new RangeError('fault: want a section or a node')
  if (node !== undefined && position !== undefined) {
    throw new RangeError(`fault at node ${node}: has a position, want one along a section only`)
  }
  const place = section === undefined ? `node ${node}` : `section ${section}`
  const available = section === undefined ? places.nodes.get(node ?? '') : places.sections.get(section)
  if (available === undefined) throw new RangeError(`${place}: not in the feeder file`)
  if (!(resistanceOhm >= 0 && resistanceOhm < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`fault at ${place}: ${resistanceOhm} ohm, want 0 or more`)
  }
  const along = position ?? 0.5
  if (!(along >= 0 && along <= 1)) throw new RangeError(`fault at ${place}: position ${along}, want 0 to 1`)
  const kind = fault.kind ?? WORST[fault.phases?.length ?? available.length] ?? 'line-ground'
  return {
    at: section === undefined ? { node: node ?? '' } : { section, position: along },
    kind,
    phases: phasesOf(place, available, kind, fault.phases),
    resistanceOhm,
  }
}

export interface FaultPlaces {
  readonly nodes: ReadonlyMap<string, readonly Phase[]>
  readonly sections: ReadonlyMap<string, readonly Phase[]>
}

export const faultPlaces = (file: FeederFile): FaultPlaces => ({
  nodes: new Map(file.nodes.map(({ name, phases }) => [name, phases])),
  sections: new Map(file.sections.map(({ name, phases }) => [name, phases])),
})

function phasesOf(
  place: string,
  available: readonly Phase[],
  kind: FaultKind,
  given: readonly Phase[] | undefined,
): readonly Phase[] {
  const count = PHASES_OF[kind]
  const phases = given ?? available.slice(0, count)
  const isFitting = new Set(phases).size === count && phases.every(phase => available.includes(phase))
  if (phases.length === count && isFitting) return phases
  throw new RangeError(
    `${kind} fault at ${place}: phases ${phases.join(', ')}, want ${count} different ones of ${available.join(', ')}`,
  )
}
