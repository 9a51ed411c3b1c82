// A section as a chain of elements from one end to the other: regulators and transformers stand at its `from`, the line
// lies behind them, and points inside it (faults, loads spread along it) cut the line into pieces.

import type { FeederFile, Phase, SectionEntry, TransformerEntry } from '../../topology/feeder-file.ts'
import { addTo, congruent, entryOf, zeros } from './complex-matrix.ts'
import { type Element, phaseNumber, vertexOf } from './element.ts'
import { type Line, lineElement, lineOf, noLine } from './line.ts'
import { ratioMatrix, regulatorOhm } from './regulator.ts'
import type { End } from './solver-port.ts'
import { transformerElement } from './transformer.ts'

export interface SectionModel {
  readonly entry: SectionEntry
  readonly units: readonly TransformerEntry[]
  readonly line: Line
  /** Behind the section's transformers; the same as the section's own without one. */
  readonly farPhases: readonly Phase[]
  /** Voltages behind the regulators over those at `from`; absent without regulators. */
  readonly ratios?: readonly (readonly number[])[]
}

/** A point inside a section: 0 at its `from`, 1 at its `to`. */
export interface Cut {
  readonly position: number
  readonly vertex: number
}

export interface Chain {
  readonly elements: readonly Element[]
  /** Those that touch each end. */
  readonly atEnd: Readonly<Record<End, readonly Element[]>>
}

export function sectionModels(file: FeederFile, nominalVolts: ReadonlyMap<string, number>): SectionModel[] {
  const unitsOn = grouped(file.transformers)
  const regulatorsOn = grouped(file.regulators)
  const codes = new Map(file.lineCodes.map(code => [code.name, code]))
  return file.sections.map(entry => {
    const units = unitsOn.get(entry.name) ?? []
    const regulators = regulatorsOn.get(entry.name)
    const line = lineOf(entry, codes.get(entry.lineCode ?? ''))
    const farPhases = units.some(unit => unit.secondary === 'center-tapped') ? (['a', 'b'] as const) : entry.phases
    if (regulators === undefined) return { entry, units, line, farPhases }
    const seriesOhm = { size: line.seriesOhm.size, values: line.seriesOhm.values.slice() }
    entry.phases.forEach((phase, n) => {
      addTo(seriesOhm, n, n, ...regulatorOhm(regulators, phase, nominalVolts.get(entry.to) ?? 0))
    })
    const ratios = ratioMatrix(regulators, entry.phases)
    return { entry, units, line: { ...line, seriesOhm }, farPhases, ratios }
  })
}

function grouped<T extends { readonly section: string }>(entries: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const entry of entries) {
    const group = groups.get(entry.section)
    if (group === undefined) groups.set(entry.section, [entry])
    else group.push(entry)
  }
  return groups
}

/**
 * @param cuts by rising position; a section that is nothing but a transformer has those below 0.5 before it
 * @param inner makes a vertex where the chain needs one of its own
 * @throws RangeError when the section's impedance matrix cannot be inverted
 */
export function chainOf(
  model: SectionModel,
  from: number,
  to: number,
  cuts: readonly Cut[],
  inner: () => number,
): Chain {
  const { entry, units, line, farPhases } = model
  const hasUnits = units.length > 0
  const isBefore = ({ position }: Cut): boolean => hasUnits && !line.isReal && position < 0.5
  const before = cuts.filter(isBefore)
  const behind = cuts.filter(cut => !isBefore(cut))
  const hasLine = !hasUnits || line.isReal || behind.length > 0

  const near = before.at(-1)?.vertex ?? from
  const far = hasUnits && hasLine ? inner() : to
  const elements = [
    ...pieces(noLine(entry.name, entry.phases), from, before),
    ...units.map(unit => transformerElement(unit, entry, near, far)),
    ...(hasLine
      ? pieces(hasUnits && !line.isReal ? noLine(entry.name, farPhases) : line, hasUnits ? far : from, behind, to)
      : []),
  ].map(element => withRatios(element, model, from))
  const touching = (vertex: number): Element[] =>
    elements.filter(({ slots }) => slots.some(slot => vertexOf(slot) === vertex))
  return { elements, atEnd: { from: touching(from), to: touching(to) } }
}

/** The line from a vertex through the cuts, and on to `end` if there is one. */
function pieces(line: Line, start: number, cuts: readonly Cut[], end?: number): Element[] {
  const points = end === undefined ? cuts : [...cuts, { position: 1, vertex: end }]
  let before: Cut = { position: 0, vertex: start }
  return points.map(point => {
    const piece = lineElement(line, point.position - before.position, before.vertex, point.vertex)
    before = point
    return piece
  })
}

function withRatios(element: Element, { entry, ratios }: SectionModel, from: number): Element {
  if (ratios === undefined) return element
  const at = (slot: number): number =>
    vertexOf(slot) === from ? entry.phases.findIndex(phase => phaseNumber(phase) === slot % 3) : -1
  if (!element.slots.some(slot => at(slot) >= 0)) return element
  const change = element.slots.map((row, n) =>
    element.slots.map((column, m): number => {
      if (at(row) >= 0 && at(column) >= 0) return ratios[at(row)]?.[at(column)] ?? 0
      return n === m ? 1 : 0
    }),
  )
  return { ...element, admittance: congruent(element.admittance, change) }
}

/** The element with everything at one vertex seen through an ideal ratio: behind it, `ratio` times the voltage before. */
export function through(element: Element, vertex: number, ratio: number): Element {
  const { size } = element.admittance
  const admittance = zeros(size)
  const factor = (n: number): number => (vertexOf(element.slots[n] ?? 0) === vertex ? ratio : 1)
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [re, im] = entryOf(element.admittance, row, column)
      addTo(admittance, row, column, re * factor(row) * factor(column), im * factor(row) * factor(column))
    }
  }
  return { ...element, admittance }
}
