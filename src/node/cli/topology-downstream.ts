// What hangs on one section or device, by a name that a person types.

import { totalOf } from '../../../topology/downstream.ts'
import type { Downstream, Feeder } from '../../../topology/feeder.ts'
import type { LoadEntry } from '../../../topology/feeder-file.ts'
import { nearestName } from '../../../topology/nearest-name.ts'
import { NodeError } from '../node-error.ts'

type Named = { readonly name: string }

/**
 * The name as the feeder has it: as typed, else in any case where only one fits.
 *
 * @throws NodeError BAD_INPUT with the nearest name
 */
export function nameIn(kind: string, typed: string, entries: readonly Named[]): string {
  if (entries.some(({ name }) => name === typed)) return typed
  const alike = [...new Set(entries.map(({ name }) => name))].filter(name => name.toLowerCase() === typed.toLowerCase())
  if (alike.length > 1) {
    throw new NodeError('BAD_INPUT', `"${typed}" — several of that name, want one of ${alike.join(', ')}`)
  }
  const [only] = alike
  if (only !== undefined) return only
  const names = entries.map(({ name }) => name)
  const near = nearestName(typed, names)
  const want = near === undefined ? some(names) : `"${near}"?`
  throw new NodeError('BAD_INPUT', `"${typed}" — no such ${kind}, want ${want}`)
}

function some(names: readonly string[]): string {
  return names.length === 0
    ? 'a feeder that has one'
    : `one of ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`
}

export interface DownstreamAnswer {
  readonly name: string
  readonly kind: 'section' | 'device'
  readonly buses: number
  readonly loads: number
  readonly loadKw: number
  readonly customers: number
  readonly ieds: readonly string[]
  readonly busNames: readonly string[]
  readonly sectionNames: readonly string[]
  readonly loadNames: readonly string[]
  readonly generatorNames: readonly string[]
}

/** @param typed a section, a device, or a transformer or regulator, which stands for its section */
export function downstreamOf(feeder: Feeder, typed: string): DownstreamAnswer {
  const { sections, devices, transformers, regulators } = feeder.file
  const name = nameIn('section or device', typed, [...sections, ...devices, ...transformers, ...regulators])
  const isOf = (list: readonly Named[]): boolean => list.some(entry => entry.name === name)
  const unit = [...transformers, ...regulators].find(entry => entry.name === name)
  if (isOf(sections)) return answer(name, 'section', feeder.downstream(name))
  if (unit !== undefined && !isOf(devices)) return answer(name, 'section', feeder.downstream(unit.section))
  return answer(name, 'device', feeder.downstreamOfDevice(name))
}

function answer(name: string, kind: DownstreamAnswer['kind'], lost: Downstream): DownstreamAnswer {
  return {
    name,
    kind,
    buses: lost.nodes.size,
    loads: lost.loads.size,
    loadKw: tidied(lost.loadKw),
    customers: lost.customers,
    ieds: [...lost.ieds].sort(),
    busNames: [...lost.nodes].sort(),
    sectionNames: [...lost.sections].sort(),
    loadNames: [...lost.loads].sort(),
    generatorNames: [...lost.generators].sort(),
  }
}

export function downstreamText(found: DownstreamAnswer): string {
  const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`
  const list = (title: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`${title.padEnd(11)} ${names.join(' ')}`]
  return `${[
    `${found.kind} ${found.name} feeds ${count(found.buses, 'bus', 'buses')}, ${count(found.loads, 'load')}, ${found.loadKw} kW, ${count(found.customers, 'customer')}, ${count(found.ieds.length, 'IED')}`,
    ...list('buses', found.busNames),
    ...list('loads', found.loadNames),
    ...list('generators', found.generatorNames),
    ...list('IEDs', found.ieds),
  ].join('\n')}\n`
}

/** Sums of decimal fractions, to the watt. */
export const tidied = (kw: number): number => Math.round(kw * 1000) / 1000
export const kwOf = (loads: readonly LoadEntry[]): number => tidied(loads.reduce((sum, { kw }) => sum + totalOf(kw), 0))
