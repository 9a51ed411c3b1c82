// What holds up the voltage: sources and, during a fault, rotating machines, each as an electromotive force behind an
// impedance.

import type { GeneratorEntry, Phase, SourceEntry } from '../../topology/feeder-file.ts'
import { cosine, sine } from '../../topology/trigonometry.ts'
import { type Complex, complex, multiply, type PhaseComplex, ROTATION, triple } from './complex.ts'
import { addTo, entryOf, inverse, matrixOf, zeros } from './complex-matrix.ts'
import { type Element, slotOf } from './element.ts'
import { LEAST_OHM } from './line.ts'

/** Of a source about whose network the file says nothing: a usual distribution bus. */
const DEFAULT_FAULT_AMPS = 10_000
const DEFAULT_X_OVER_R = 10

/** An electromotive force behind an admittance that is part of the equations. */
export interface Supply {
  readonly kind: 'source' | 'machine'
  /** Place in the file's list of sources or generators. */
  readonly index: number
  readonly element: Element
  readonly emf: PhaseComplex
}

export const sourceEmf = ({ voltagePu, angleDegrees }: SourceEntry, nominalVolts: number): PhaseComplex => {
  const angle = (angleDegrees / 180) * Math.PI
  const turn = complex(voltagePu * nominalVolts * cosine(angle), voltagePu * nominalVolts * sine(angle))
  return triple(i => multiply(ROTATION[i], turn))
}

/**
 * The impedance that a source's voltage is held behind.
 *
 * @param isHeld the node itself has the voltage, whatever it feeds
 */
export function sourceElement(
  source: SourceEntry,
  phases: readonly Phase[],
  vertex: number,
  nominalVolts: number,
  isHeld: boolean,
): Element {
  const { r1Ohm, x1Ohm, r0Ohm, x0Ohm } = isHeld
    ? { r1Ohm: 0, x1Ohm: 0, r0Ohm: 0, x0Ohm: 0 }
    : (source.impedance ?? defaultImpedance(nominalVolts))
  const self = [(2 * r1Ohm + r0Ohm) / 3 + LEAST_OHM, (2 * x1Ohm + x0Ohm) / 3] as const
  const mutual = [(r0Ohm - r1Ohm) / 3, (x0Ohm - x1Ohm) / 3] as const
  const admittance = inverse(matrixOf(phases.length, (row, column) => (row === column ? self : mutual)))
  return grounded(phases, vertex, admittance)
}

function defaultImpedance(nominalVolts: number) {
  const r = nominalVolts / DEFAULT_FAULT_AMPS / Math.sqrt(1 + DEFAULT_X_OVER_R * DEFAULT_X_OVER_R)
  return { r1Ohm: r, x1Ohm: DEFAULT_X_OVER_R * r, r0Ohm: r, x0Ohm: DEFAULT_X_OVER_R * r }
}

function grounded(phases: readonly Phase[], vertex: number, admittance: Element['admittance']): Element {
  const places = phases.map((_, n) => n)
  return { slots: phases.map(phase => slotOf(vertex, phase)), admittance, joined: [], conducts: [], grounded: places }
}

/** Rating in VA, all phases together. */
export const ratedVa = ({ kva, kw, kind }: GeneratorEntry): number =>
  1000 * (kva ?? (kind === 'synchronous' ? kw / 0.8 : kw))

/** A machine's subtransient reactance, the same in each phase and to ground. */
export function machineElement(
  generator: GeneratorEntry,
  phases: readonly Phase[],
  vertex: number,
  nominalVolts: number,
): Element {
  const vaEach = ratedVa(generator) / phases.length
  const ohm = (generator.subtransientPercent / 100) * ((nominalVolts * nominalVolts) / vaEach)
  const admittance = zeros(phases.length)
  phases.forEach((_, n) => {
    addTo(admittance, n, n, 0, -1 / ohm)
  })
  return grounded(phases, vertex, admittance)
}

/** What the element takes from its slots at these voltages to ground, by phase. */
export function currentInto({ slots, admittance }: Element, volts: (slot: number) => Complex): PhaseComplex {
  const re = [0, 0, 0]
  const im = [0, 0, 0]
  slots.forEach((slot, row) => {
    slots.forEach((other, column) => {
      const [conductance, susceptance] = entryOf(admittance, row, column)
      const v = volts(other)
      re[slot % 3] = (re[slot % 3] ?? 0) + conductance * v.re - susceptance * v.im
      im[slot % 3] = (im[slot % 3] ?? 0) + conductance * v.im + susceptance * v.re
    })
  })
  return triple(i => complex(re[i] ?? 0, im[i] ?? 0))
}

/**
 * The electromotive force behind an element that gives a node its voltage while it delivers `amps`. Phases that the
 * element does not have keep the node's.
 */
export function emfBehind(element: Element, volts: PhaseComplex, amps: PhaseComplex): PhaseComplex {
  const { size } = element.admittance
  const impedance = inverse(element.admittance)
  const places = element.slots.map(slot => slot % 3)
  return triple(i => {
    const row = places.indexOf(i)
    let { re, im } = volts[i]
    for (let column = 0; row >= 0 && column < size; column++) {
      const [ohmRe, ohmIm] = entryOf(impedance, row, column)
      const current = amps[(places[column] ?? 0) as 0 | 1 | 2]
      re += ohmRe * current.re - ohmIm * current.im
      im += ohmRe * current.im + ohmIm * current.re
    }
    return complex(re, im)
  })
}
