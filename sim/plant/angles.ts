// Phasors as instruments show them, and their symmetrical components.
//
// Components after C. L. Fortescue, with phase a as reference: I0 = (Ia + Ib + Ic) / 3, I1 = (Ia + a Ib + a² Ic) / 3 and
// I2 = (Ia + a² Ib + a Ic) / 3, where a turns by 120 degrees.

import type { Phasor, Phasors, Sequence } from '../../src/hal/port.ts'
import { arctangent } from '../../topology/trigonometry.ts'
import {
  add,
  type Complex,
  magnitude,
  multiply,
  type PhaseComplex,
  ROTATION,
  scaleBy,
  type Triple,
} from '../solver/complex.ts'
import { perPhase } from './per-phase.ts'

export function phasorsOf(
  has: Triple<boolean>,
  { volts, amps }: { readonly volts: PhaseComplex; readonly amps: PhaseComplex },
): Phasors {
  return {
    volts: perPhase(has, i => phasorOf(volts[i])),
    amps: perPhase(has, i => phasorOf(amps[i])),
    sequence: { volts: sequenceOf(volts), amps: sequenceOf(amps) },
    residualAmps: magnitude(residual(amps)),
  }
}

/** The sum of the three phases. */
export const residual = ([a, b, c]: PhaseComplex): Complex => add(add(a, b), c)

/** Angle 0 for a magnitude of zero. */
function phasorOf(value: Complex): Phasor {
  return { magnitude: magnitude(value), degrees: (arctangent(value.im, value.re) * 180) / Math.PI }
}

function sequenceOf(of: PhaseComplex): Sequence {
  const [, backward, forward] = ROTATION
  const component = (onB: Complex, onC: Complex): Phasor =>
    phasorOf(scaleBy(add(add(of[0], multiply(onB, of[1])), multiply(onC, of[2])), 1 / 3))
  return {
    zero: phasorOf(scaleBy(residual(of), 1 / 3)),
    positive: component(forward, backward),
    negative: component(backward, forward),
  }
}
