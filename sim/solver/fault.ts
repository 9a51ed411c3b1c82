// A fault as admittances between the phases and ground.

import type { Phase } from '../../topology/feeder-file.ts'
import { addTo, zeros } from './complex-matrix.ts'
import { type Element, slotOf } from './element.ts'
import type { FaultAt, FaultKind } from './solver-port.ts'

/** What a bolted fault keeps, and conductors that touch: 0.1 V at 10 kA. */
const LEAST_FAULT_OHM = 1e-5

const PHASES_OF: Readonly<Record<FaultKind, number>> = {
  'line-ground': 1,
  'line-line': 2,
  'line-line-ground': 2,
  'three-phase': 3,
}

/** @throws RangeError for a fault on phases that are not there or do not fit its kind */
export function checkFault(fault: FaultAt, there: readonly Phase[]): void {
  const { kind, phases, at, resistanceOhm } = fault
  const where = 'node' in at ? `node ${at.node}` : `section ${at.section}`
  const wanted = PHASES_OF[kind]
  if (phases.length !== wanted || new Set(phases).size !== wanted) {
    throw new RangeError(`fault ${kind} at ${where}: phases ${phases.join(', ')}, want ${wanted} different`)
  }
  const missing = phases.filter(phase => !there.includes(phase))
  if (missing.length > 0) {
    throw new RangeError(`fault ${kind} at ${where}: no phase ${missing.join(', ')} there, want ${there.join(', ')}`)
  }
  if (!(resistanceOhm >= 0)) throw new RangeError(`fault at ${where}: ${resistanceOhm} ohm, want 0 or more`)
  if (!('node' in at) && !(at.position >= 0 && at.position <= 1)) {
    throw new RangeError(`fault at ${where}: position ${at.position}, want 0 to 1`)
  }
}

export function faultElement({ kind, phases, resistanceOhm }: FaultAt, vertex: number): Element {
  const size = phases.length
  const admittance = zeros(size)
  const toGround = (of: number, siemens: number): void => addTo(admittance, of, of, siemens, 0)
  const between = (siemens: number): void => {
    addTo(admittance, 0, 0, siemens, 0)
    addTo(admittance, 1, 1, siemens, 0)
    addTo(admittance, 0, 1, -siemens, 0)
    addTo(admittance, 1, 0, -siemens, 0)
  }
  const siemens = 1 / Math.max(resistanceOhm, LEAST_FAULT_OHM)
  if (kind === 'line-line') between(siemens)
  else if (kind === 'line-line-ground') {
    between(1 / LEAST_FAULT_OHM)
    toGround(0, siemens / 2)
    toGround(1, siemens / 2)
  } else for (const n of phases.keys()) toGround(n, siemens)
  const isGrounded = kind !== 'line-line'
  const places = phases.map((_, n) => n)
  return {
    slots: phases.map(phase => slotOf(vertex, phase)),
    admittance,
    joined: [],
    conducts: [],
    grounded: isGrounded ? places : [],
  }
}
