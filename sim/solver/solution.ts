// Reads currents, powers and losses out of solved voltages. Nothing is computed before it is asked for.

import {
  add,
  type Complex,
  complex,
  multiply,
  NONE,
  type PhaseComplex,
  powerOf,
  scaleBy,
  subtract,
  type Triple,
  triple,
  ZERO,
} from './complex.ts'
import { type Demand, drawFactor } from './demand.ts'
import { type Element, GROUND, phaseNumber, slotOf, vertexOf } from './element.ts'
import type { Grid } from './grid.ts'
import type { Network } from './network.ts'
import type { Feed } from './production.ts'
import type { End, OperatingState, Solution, Terminal } from './solver-port.ts'
import type { Supply } from './supply.ts'
import { currentInto } from './supply.ts'

export interface Solved {
  readonly network: Network
  readonly supplies: readonly Supply[]
  readonly demand: Demand
  readonly feeds: readonly Feed[]
  /** By feed, amperes; real and imaginary parts side by side, as in `volts`. */
  readonly produced: Float64Array
  /** By unknown, real and imaginary parts side by side. */
  readonly volts: Float64Array
  readonly converged: boolean
  readonly iterations: number
}

const NOTHING: Terminal = { amps: NONE, power: NONE }

export function createSolution(grid: Grid, state: OperatingState, solved: Solved): Solution {
  const { network, supplies, demand, feeds, produced, volts } = solved
  const { numbers } = grid

  const at = (slot: number): Complex => {
    const unknown = slot === GROUND ? -1 : (network.unknownOf[slot] as number)
    return unknown < 0 ? ZERO : complex(volts[2 * unknown] as number, volts[2 * unknown + 1] as number)
  }
  const voltsAt = (vertex: number): PhaseComplex => triple(i => at(3 * vertex + i))

  /** Into the elements at one of a section's ends, from that end's vertex alone. */
  const current = (name: string, end: End): PhaseComplex => {
    const n = grid.sectionNumber.get(name) ?? -1
    const section = grid.sections[n]
    if (section === undefined) return NONE
    const own = (network.chains[n]?.atEnd[end] ?? []).map(element => intoFrom(element, section[end], at))
    return own.reduce(addPhases, NONE)
  }
  const powerInto = (name: string, end: End): PhaseComplex => {
    const section = grid.sections[grid.sectionNumber.get(name) ?? -1]
    return section === undefined ? NONE : powerOf(voltsAt(section[end]), current(name, end))
  }

  /** Amps and power of one part of a load. */
  const drawnBy = (n: number): Terminal => {
    const part = grid.loadParts[demand.part[n] as number]
    if (part === undefined) return NOTHING
    const vertex = 'vertex' in part.at ? part.at.vertex : (network.loadPoints.get(part.at.section) ?? 0)
    const [one = 'a', other] = part.phases
    const across = subtract(at(slotOf(vertex, one)), other === undefined ? ZERO : at(slotOf(vertex, other)))
    const factor = drawFactor(demand, n, across.re * across.re + across.im * across.im)
    const amps = multiply(scaleBy(complex(demand.watts[n] as number, -(demand.vars[n] as number)), factor), across)
    const lines = triple(i => {
      if (i === phaseNumber(one)) return amps
      return other !== undefined && i === phaseNumber(other) ? scaleBy(amps, -1) : ZERO
    })
    return { amps: lines, power: powerOf(voltsAt(vertex), lines) }
  }
  const drawnByLoad = lazily(() => {
    const sums = new Map<number, Terminal>()
    const alongSection = new Map<number, PhaseComplex>()
    for (let n = 0; n < demand.count; n++) {
      const part = grid.loadParts[demand.part[n] as number]
      if (part === undefined) continue
      const drawn = drawnBy(n)
      const before = sums.get(part.load) ?? NOTHING
      sums.set(part.load, { amps: addPhases(before.amps, drawn.amps), power: addPhases(before.power, drawn.power) })
      if (!('section' in part.at)) continue
      const { section } = part.at
      alongSection.set(section, addPhases(alongSection.get(section) ?? NONE, drawn.power))
    }
    return { sums, alongSection }
  })

  const fromSupply = ({ element, emf }: Supply): Terminal => {
    const amps = currentInto(element, slot => subtract(emf[(slot % 3) as 0 | 1 | 2], at(slot)))
    return { amps, power: powerOf(voltsAt(vertexOf(element.slots[0] ?? 0)), amps) }
  }

  return {
    converged: solved.converged,
    iterations: solved.iterations,
    isEnergised: node => {
      const vertex = grid.nodeNumber.get(node)
      return vertex !== undefined && [0, 1, 2].some(i => (network.unknownOf[3 * vertex + i] as number) >= 0)
    },
    volts: node => {
      const vertex = grid.nodeNumber.get(node)
      return vertex === undefined ? NONE : voltsAt(vertex)
    },
    current,
    powerInto,
    losses: name => {
      const n = grid.sectionNumber.get(name) ?? -1
      const put = addPhases(powerInto(name, 'from'), powerInto(name, 'to'))
      const drawn = drawnByLoad().alongSection.get(n) ?? NONE
      return triple(i => subtract(put[i], drawn[i]))
    },
    faultAmps: index => {
      const element = network.faults[index]
      return element === undefined ? NONE : currentInto(element, at)
    },
    faultVolts: index => {
      const element = network.faults[index]
      return element === undefined ? NONE : voltsAt(vertexOf(element.slots[0] ?? 0))
    },
    faultNominalVolts: index => {
      const vertex = vertexOf(network.faults[index]?.slots[0] ?? 0)
      return grid.nominalVolts[network.nodeOf[vertex] ?? 0] ?? 0
    },
    load: name => drawnByLoad().sums.get(numbers.load.get(name) ?? -1) ?? NOTHING,
    capacitor: name => {
      if (!state.isConnected(name)) return NOTHING
      const n = numbers.capacitor.get(name)
      const parts = grid.capacitorParts.filter(({ capacitor }) => capacitor === n)
      const amps = parts.map(({ element }) => currentInto(element, at)).reduce(addPhases, NONE)
      const vertex = vertexOf(parts[0]?.element.slots[0] ?? 0)
      return { amps, power: powerOf(voltsAt(vertex), amps) }
    },
    generator: name => {
      const n = numbers.generator.get(name)
      const machine = supplies.find(({ kind, index }) => kind === 'machine' && index === n)
      if (machine !== undefined) return fromSupply(machine)
      const own = feeds.flatMap((feed, place) => (feed.generator === n ? [{ ...feed, place }] : []))
      const amps = triple(i => {
        const place = own.find(({ slot }) => slot % 3 === i)?.place
        return place === undefined ? ZERO : complex(produced[2 * place] as number, produced[2 * place + 1] as number)
      })
      const vertex = vertexOf(own[0]?.slot ?? 0)
      return own.length === 0 ? NOTHING : { amps, power: powerOf(voltsAt(vertex), amps) }
    },
    source: name => {
      const n = numbers.source.get(name)
      const supply = supplies.find(({ kind, index }) => kind === 'source' && index === n)
      return supply === undefined ? NOTHING : fromSupply(supply)
    },
  }
}

const addPhases = (one: PhaseComplex, other: PhaseComplex): Triple<Complex> => triple(i => add(one[i], other[i]))

function intoFrom(element: Element, vertex: number, at: (slot: number) => Complex): PhaseComplex {
  const { slots, admittance } = element
  const re = [0, 0, 0]
  const im = [0, 0, 0]
  slots.forEach((slot, row) => {
    if (vertexOf(slot) !== vertex) return
    slots.forEach((other, column) => {
      const entry = 2 * (row * slots.length + column)
      const conductance = admittance.values[entry] as number
      const susceptance = admittance.values[entry + 1] as number
      const v = at(other)
      re[slot % 3] = (re[slot % 3] as number) + conductance * v.re - susceptance * v.im
      im[slot % 3] = (im[slot % 3] as number) + conductance * v.im + susceptance * v.re
    })
  })
  return triple(i => complex(re[i] as number, im[i] as number))
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
