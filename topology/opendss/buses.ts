// `650.1.2.3` as a bus and its nodes: which phase each conductor of an element goes to.

import type { Phase } from '../feeder-file.ts'
import { fault, shown } from './fault.ts'
import { MOST_CONDUCTORS } from './limits.ts'
import type { Value } from './values.ts'

export interface Terminal {
  /** Lower case. */
  readonly bus: string
  /** By conductor: 1, 2, 3 are the phases, 0 is ground, what is above 3 a neutral of its own. */
  readonly nodes: readonly number[]
}

const PHASES: readonly Phase[] = ['a', 'b', 'c']

export const phaseOf = (node: number | undefined): Phase | undefined =>
  node === undefined ? undefined : PHASES[node - 1]

/** In the order of the alphabet, each once. */
export function phasesOf(nodes: Iterable<number>): Phase[] {
  const there = new Set(nodes)
  return PHASES.filter((_, n) => there.has(n + 1))
}

export const inOrder = (phases: Iterable<Phase>): Phase[] => {
  const there = new Set(phases)
  return PHASES.filter(phase => there.has(phase))
}

/**
 * The terminal that a bus specification means.
 *
 * @param phaseCount conductors that go to nodes 1, 2, 3, … unless told otherwise
 * @param conductorCount all of them; those above the phases go to ground unless told otherwise
 * @throws TopologyError for a node that is no number
 */
export function terminalOf({ text, label, at }: Value, phaseCount: number, conductorCount: number): Terminal {
  const [bus = '', ...written] = text.toLowerCase().split('.', MOST_CONDUCTORS + 2)
  if (bus.trim() === '') throw fault(at, `${label}: ${shown(text)} names no bus, want one`)
  const nodes = Array.from({ length: conductorCount }, (_, n) => (n < phaseCount ? n + 1 : 0))
  written.forEach((node, n) => {
    if (!/^\d{1,3}$/.test(node)) throw fault(at, `${label}: ${shown(text)} has a node ${shown(node)}, want numbers`)
    if (n < conductorCount) nodes[n] = Number(node)
  })
  return { bus: bus.trim(), nodes }
}

/** The bus alone. */
export function busOf(value: Value): string {
  return terminalOf(value, 0, 0).bus
}

const PAIRS: Readonly<Record<string, 'ab' | 'bc' | 'ca'>> = {
  ab: 'ab',
  ba: 'ab',
  bc: 'bc',
  cb: 'bc',
  ca: 'ca',
  ac: 'ca',
}

/** The key of `PerConnection` for what stands between two nodes; undefined when both are ground, neutral or the same. */
export function connectionKey(one: number, other: number): 'a' | 'b' | 'c' | 'ab' | 'bc' | 'ca' | undefined {
  const first = phaseOf(one)
  const second = phaseOf(other)
  if (first && second) return PAIRS[first + second]
  return first ?? second
}

/**
 * The parts of an element of so many phases: one from each phase to neutral in wye, one between each two in delta. A delta
 * of two phases is open.
 */
export function connectionsOf(nodes: readonly number[], phaseCount: number, isDelta: boolean) {
  const parts = Array.from({ length: phaseCount }, (_, n) => {
    if (!isDelta || phaseCount === 1) return [nodes[n], phaseCount === 1 ? nodes[1] : 0]
    return [nodes[n], nodes[(n + 1) % Math.max(phaseCount, nodes.length)]]
  })
  return parts.map(([one = 0, other = 0]) => connectionKey(one, other))
}
