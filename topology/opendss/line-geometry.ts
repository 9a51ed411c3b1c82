// LineGeometry, or LineSpacing with wires: where which conductor hangs, and the impedances that follow.

import { type Conductor, conductorOf } from './conductor.ts'
import { asValue, type Circuit, type Element, setting } from './elements.ts'
import { fault, shown } from './fault.ts'
import { metresOf } from './length-units.ts'
import { lineConstants, type Strung } from './line-constants.ts'
import type { LineMatrices } from './line-matrices.ts'
import { countOf, numberOf, numbersOf, positiveOf, type Value, wordsOf } from './values.ts'

export interface LineGeometry {
  readonly phaseCount: number
  /** Phases first. */
  readonly strung: readonly Strung[]
  readonly normAmps: number | undefined
}

interface Position {
  conductor?: Conductor
  x?: number
  h?: number
  unitM?: number
}

/** In which places are given unless they say otherwise. */
const FOOT_M = 0.3048

/** @throws TopologyError */
export function lineGeometryOf(geometry: Element, circuit: Circuit): LineGeometry {
  const count = setting(geometry, 'nconds', countOf) ?? 3
  const phaseCount = setting(geometry, 'nphases', countOf) ?? count
  let positions: Position[] = Array.from({ length: count }, () => ({}))
  let current = 0
  let unitM = FOOT_M
  for (const entry of geometry.settings) {
    const value = asValue(geometry, entry)
    const position = positions[current] ?? {}
    switch (entry.property) {
      case 'cond':
        current = countOf(value) - 1
        if (!positions[current]) throw fault(value.at, `${value.label}: ${current + 1}, want ${count} at most (nconds)`)
        break
      case 'x':
      case 'h':
        position[entry.property] = numberOf(value)
        position.unitM = unitM
        break
      case 'units':
        unitM = metresOf(value) ?? FOOT_M
        position.unitM = unitM
        break
      case 'wire':
      case 'cncable':
      case 'tscable':
        position.conductor = conductorNamed(value, kindOf(entry.property), circuit)
        break
      case 'wires':
      case 'cncables':
      case 'tscables':
        assign(positions, value, kindOf(entry.property), circuit)
        break
      case 'spacing':
        positions = spacingOf(value, circuit).map((place, n) => ({ ...positions[n], ...place }))
        break
    }
  }
  const normAmps = setting(geometry, 'normamps', positiveOf)
  return { phaseCount, strung: strungOf(geometry, positions), normAmps: normAmps ?? positions[0]?.conductor?.normAmps }
}

/** From a line's own `spacing` and `wires`, `cncables` or `tscables`. @throws TopologyError */
export function spacedGeometry(line: Element, circuit: Circuit): LineGeometry {
  let positions: Position[] = []
  let phaseCount = 3
  for (const entry of line.settings) {
    const value = asValue(line, entry)
    if (entry.property === 'spacing') {
      positions = spacingOf(value, circuit)
      phaseCount = setting(find('linespacing', value, circuit), 'nphases', countOf) ?? positions.length
    } else if (['wires', 'cncables', 'tscables'].includes(entry.property)) {
      assign(positions, value, kindOf(entry.property), circuit)
    }
  }
  return { phaseCount, strung: strungOf(line, positions), normAmps: positions[0]?.conductor?.normAmps }
}

/** Per metre. @throws TopologyError naming `element` */
export function constantsOf(
  element: Element,
  { strung, phaseCount }: LineGeometry,
  frequencyHz: number,
  earthOhmM: number,
): LineMatrices {
  const constants = lineConstants(strung, phaseCount, frequencyHz, earthOhmM)
  if (constants) return constants
  throw fault(
    element.at,
    `${element.label}: its conductors have no finite impedance, want them apart and off the ground`,
  )
}

function kindOf(property: string): string {
  if (property.startsWith('wire')) return 'wiredata'
  return property.startsWith('cn') ? 'cndata' : 'tsdata'
}

/** Cables take the phases; wires named after them take what is left. */
function assign(positions: Position[], value: Value, kind: string, circuit: Circuit): void {
  const names = wordsOf(value)
  const free = positions.filter(({ conductor }) => conductor === undefined)
  const places = kind === 'wiredata' && free.length === names.length ? free : positions
  names.slice(0, places.length).forEach((text, n) => {
    const place = places[n]
    if (place) place.conductor = conductorNamed({ ...value, text }, kind, circuit)
  })
}

function spacingOf(value: Value, circuit: Circuit): Position[] {
  const spacing = find('linespacing', value, circuit)
  const count = setting(spacing, 'nconds', countOf) ?? 3
  const unitM = setting(spacing, 'units', metresOf) ?? FOOT_M
  const x = setting(spacing, 'x', numbersOf) ?? []
  const h = setting(spacing, 'h', numbersOf) ?? []
  return Array.from({ length: count }, (_, n) => ({ x: x[n] ?? 0, h: h[n] ?? 0, unitM }))
}

function conductorNamed(value: Value, kind: string, circuit: Circuit): Conductor {
  return conductorOf(find(kind, value, circuit))
}

function find(kind: string, { text, label, at }: Value, circuit: Circuit): Element {
  const found = circuit.elements.get(kind)?.get(text.toLowerCase())
  if (!found) throw fault(at, `${label}: ${shown(text)}, no such ${kind}, want one that New made`)
  return found
}

function strungOf(element: Element, positions: readonly Position[]): Strung[] {
  return positions.map(({ conductor, x, h, unitM = FOOT_M }, n) => {
    if (!conductor || x === undefined || h === undefined) {
      const missing = conductor ? 'place' : 'wire'
      throw fault(element.at, `${element.label}: its conductor ${n + 1} has no ${missing}, want one`)
    }
    return { conductor, xM: x * unitM, hM: h * unitM }
  })
}
