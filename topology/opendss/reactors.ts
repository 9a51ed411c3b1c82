// Reactor elements: those between two buses are branches.

import { type Branch, tidy } from './branch.ts'
import { inOrder, phaseOf, terminalOf } from './buses.ts'
import { square } from './complex-matrix.ts'
import { type Circuit, type Element, elementsOf, isEnabled, lastSet, setting } from './elements.ts'
import { fault } from './fault.ts'
import type { NoteList } from './note.ts'
import { countOf, isYes, matrixOf, numberOf, numbersOf } from './values.ts'

/** @throws TopologyError */
export function reactorBranches(circuit: Circuit, { note }: NoteList): Branch[] {
  return elementsOf(circuit, 'reactor').flatMap(element => branchOf(element) ?? [])

  function branchOf(element: Element): Branch | undefined {
    if (!isEnabled(element)) return leftOut(element, 'is disabled')
    const count = setting(element, 'phases', countOf) ?? 3
    const [from, to] = (['bus1', 'bus2'] as const).map(key => {
      return setting(element, key, value => terminalOf(value, count, count))
    })
    if (!from) throw fault(element.at, `${element.label}: has no bus1, want one`)
    if (!to || to.bus === from.bus) return leftOut(element, 'is no series element')
    const phases = inOrder(from.nodes.flatMap(node => phaseOf(node) ?? []))
    if (phases.length < count || from.nodes.some((node, n) => node !== to.nodes[n])) {
      return leftOut(element, 'has other nodes at its two ends, or neutrals')
    }
    const impedance = impedanceOf(element, count)
    if (!impedance) return leftOut(element, 'has an impedance that is given in another way than R and X in series')
    const order = from.nodes.map((_, n) => n).sort((a, b) => (from.nodes[a] ?? 0) - (from.nodes[b] ?? 0))
    const sorted = (matrix: readonly (readonly number[])[]): number[][] =>
      order.map(row => order.map(column => tidy(matrix[row]?.[column] ?? 0)))
    return {
      elements: [`reactor.${element.name}`],
      wantedName: element.name,
      kind: 'reactor',
      from: from.bus,
      to: to.bus,
      phases,
      at: element.at,
      section: { impedance: { rOhm: sorted(impedance.r), xOhm: sorted(impedance.x) } },
      transformers: [],
      regulators: [],
    }
  }

  function leftOut(element: Element, why: string): undefined {
    note(element.at, `${element.label} ${why}, left out`)
  }

  function impedanceOf(element: Element, count: number) {
    if (setting(element, 'parallel', isYes) || lastSet(element, 'rp', 'z1', 'z0')) return undefined
    const diagonal = (value: number): number[][] => square(count, (row, column) => (row === column ? value : 0))
    const [r = 0, x = 0] = setting(element, 'z', numbersOf) ?? []
    const henry = setting(element, 'lmh', numberOf)
    const byInductance = henry === undefined ? undefined : (henry / 1000) * 2 * Math.PI * circuit.frequencyHz
    const rOhm = setting(element, 'rmatrix', value => matrixOf(value, count))
    const xOhm = setting(element, 'xmatrix', value => matrixOf(value, count))
    if (!rOhm && !xOhm && !lastSet(element, 'z', 'r', 'x', 'lmh')) return undefined
    return {
      r: rOhm ?? diagonal(setting(element, 'r', numberOf) ?? r),
      x: xOhm ?? diagonal(setting(element, 'x', numberOf) ?? byInductance ?? x),
    }
  }
}
