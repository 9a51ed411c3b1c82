// Which slots are alive, their equations, and the factors that solve them.
//
// Alive is what conducting elements join to a source; the rest is dark and has no equations. Where no winding, source
// or earth fault ties a part to ground (behind a delta), a tiny admittance does: its voltages to ground mean little,
// but those between its phases come out as they are.

import { type Element, GROUND, shunt, vertexOf } from './element.ts'
import { eliminationOrder } from './ordering.ts'
import { type Factors, factorise, type SymmetricMatrix } from './sparse-ldl.ts'

/** In siemens: less than a milliampere at 600 V. */
const TIE_TO_GROUND = 1e-6

export interface Equations {
  /** Number of unknowns. */
  readonly size: number
  /** By slot: number of its unknown, -1 where dark. */
  readonly unknownOf: Int32Array
  readonly factors: Factors
}

/**
 * @param conducting elements that energise what they join
 * @param hanging all others: sources, loads, capacitors, faults
 * @param fed slots that a source feeds
 * @throws RangeError for equations without a single solution
 */
export function equationsOf(
  vertices: number,
  conducting: readonly Element[],
  hanging: readonly Element[],
  fed: readonly number[],
): Equations {
  const slots = 3 * vertices
  const isAlive = aliveSlots(slots, conducting, fed)
  const elements = conducting.concat(hanging)
  for (const tie of tiesToGround(slots, elements, isAlive)) elements.push(tie)

  const order = eliminationOrder(vertices, edgesOf(conducting))
  const unknownOf = new Int32Array(slots).fill(-1)
  let size = 0
  for (const vertex of order) {
    for (let slot = 3 * vertex; slot < 3 * vertex + 3; slot++) if (isAlive[slot] === 1) unknownOf[slot] = size++
  }
  return { size, unknownOf, factors: factorise(matrixOf(size, elements, unknownOf)) }
}

/** Pairs of vertices that elements join, one after the other. */
export function edgesOf(elements: readonly Element[]): number[] {
  const edges: number[] = []
  for (const { slots } of elements) {
    const first = vertexOf(slots[0] ?? 0)
    const last = vertexOf(slots[slots.length - 1] ?? 0)
    if (first !== last) edges.push(first, last)
  }
  return edges
}

function aliveSlots(slots: number, conducting: readonly Element[], fed: readonly number[]): Uint8Array {
  const groups = groupsOf(slots)
  for (const element of conducting) for (const places of element.conducts) groups.join(element.slots, places)
  const alive = new Set(fed.map(groups.of))
  const isAlive = new Uint8Array(slots)
  for (let slot = 0; slot < slots; slot++) isAlive[slot] = alive.has(groups.of(slot)) ? 1 : 0
  return isAlive
}

/** One for each slot of the first vertex of each part that nothing ties to ground. */
function tiesToGround(slots: number, elements: readonly Element[], isAlive: Uint8Array): Element[] {
  const groups = groupsOf(slots)
  for (const element of elements) for (const places of element.joined) groups.join(element.slots, places)
  const grounded = new Set<number>()
  for (const { slots: own, grounded: places } of elements) {
    for (const place of places) grounded.add(groups.of(own[place] as number))
  }
  const first = new Map<number, number>()
  const ties: Element[] = []
  for (let slot = 0; slot < slots; slot++) {
    if (isAlive[slot] !== 1) continue
    const group = groups.of(slot)
    if (grounded.has(group)) continue
    const vertex = first.get(group) ?? vertexOf(slot)
    first.set(group, vertex)
    if (vertexOf(slot) === vertex) ties.push(shunt(slot, GROUND, 0, TIE_TO_GROUND))
  }
  return ties
}

/** Sets of slots that grow together (union-find). */
function groupsOf(count: number) {
  const above = new Int32Array(count)
  for (let n = 0; n < count; n++) above[n] = n
  const of = (slot: number): number => {
    let top = slot
    while (above[top] !== top) {
      above[top] = above[above[top] as number] as number
      top = above[top] as number
    }
    return top
  }
  return {
    of,
    join(slots: readonly number[], places: readonly number[]): void {
      const first = of(slots[places[0] ?? 0] as number)
      for (const place of places) above[of(slots[place] as number)] = first
    },
  }
}

/** Entries on and above the diagonal, by column. */
function matrixOf(size: number, elements: readonly Element[], unknownOf: Int32Array): SymmetricMatrix {
  const start = new Int32Array(size + 1)
  visit((_, column) => {
    start[column + 1] = (start[column + 1] as number) + 1
  })
  for (let n = 0; n < size; n++) start[n + 1] = (start[n + 1] as number) + (start[n] as number)
  const entries = start[size] as number
  const next = start.slice(0, size)
  const row = new Int32Array(entries)
  const values = new Float64Array(2 * entries)
  visit((at, column, element, entry) => {
    const place = next[column] as number
    next[column] = place + 1
    row[place] = at
    values[2 * place] = element.admittance.values[entry] as number
    values[2 * place + 1] = element.admittance.values[entry + 1] as number
  })
  return { size, start, row, values }

  function visit(each: (row: number, column: number, element: Element, entry: number) => void): void {
    for (const element of elements) {
      const count = element.slots.length
      for (let i = 0; i < count; i++) {
        const one = unknownOf[element.slots[i] as number] as number
        if (one < 0) continue
        for (let j = 0; j < count; j++) {
          const other = unknownOf[element.slots[j] as number] as number
          if (other >= one) each(one, other, element, 2 * (i * count + j))
        }
      }
    }
  }
}
