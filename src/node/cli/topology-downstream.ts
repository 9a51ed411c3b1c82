// What hangs on one section or device, by a name that a person types.

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
  const feeding = [...sections, ...devices, ...transformers, ...regulators]
  if (!feeding.some(entry => isAlike(entry.name, typed))) refuseWhatIsFed(feeder, typed)
  const name = nameIn('section or device', typed, feeding)
  const isOf = (list: readonly Named[]): boolean => list.some(entry => entry.name === name)
  if (isOf(devices) && !isOf(sections)) return answer(name, 'device', feeder.downstreamOfDevice(name))
  return answer(name, 'section', feeder.downstream(sectionOf(feeder, name)))
}

const isAlike = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/** A node, and what hangs on one, feeds nothing: the section that feeds it is most likely meant. */
function refuseWhatIsFed(feeder: Feeder, typed: string): void {
  const { loads, generators, capacitors, ieds } = feeder.file
  const nodes = feeder.file.nodes.map(({ name }) => ({ name, node: name }))
  const kinds: Readonly<Record<string, readonly (Named & Pick<LoadEntry, 'node' | 'along'>)[]>> = {
    node: nodes,
    load: loads,
    generator: generators,
    capacitor: capacitors,
    IED: ieds,
  }
  for (const [kind, entries] of Object.entries(kinds)) {
    const entry = entries.find(({ name }) => isAlike(name, typed))
    if (entry === undefined) continue
    const section = entry.node === undefined ? entry.along : feeder.upstream(entry.node).sections[0]
    const which = section === undefined ? '' : `, as "${section}", by which it is fed`
    const what = kind === 'IED' ? 'an IED' : `a ${kind}`
    throw new NodeError('BAD_INPUT', `"${typed}" — is ${what}, want a section or device${which}`)
  }
}

function answer(name: string, kind: DownstreamAnswer['kind'], lost: Downstream): DownstreamAnswer {
  return {
    name,
    kind,
    buses: lost.nodes.size,
    loads: lost.loads.size,
    loadKw: lost.loadKw,
    customers: lost.customers,
    ieds: [...lost.ieds].sort(),
    busNames: [...lost.nodes].sort(),
    sectionNames: [...lost.sections].sort(),
    loadNames: [...lost.loads].sort(),
    generatorNames: [...lost.generators].sort(),
  }
}

/** A sentence for an answer that would surprise: nothing at all. */
export function whyNothing(feeder: Feeder, { name, kind, buses, loads }: DownstreamAnswer): string | undefined {
  if (buses > 0 || loads > 0) return undefined
  const section = kind === 'device' ? feeder.device(name).section : sectionOf(feeder, name)
  const { from, to } = feeder.section(section)
  const ends = [feeder.energised(from), feeder.energised(to)]
  if (ends.every(answer => answer === 'yes'))
    return 'either of its ends has a source without it: a loop, or a second source'
  return ends.every(answer => answer === 'no') ? 'it is without voltage in this state' : undefined
}

/** A transformer or regulator stands for its section. */
function sectionOf({ file }: Feeder, name: string): string {
  if (file.sections.some(section => section.name === name)) return name
  return [...file.transformers, ...file.regulators].find(unit => unit.name === name)?.section ?? name
}

export function downstreamText(found: DownstreamAnswer, why: string | undefined): string {
  const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`
  const list = (title: string, names: readonly string[]): string[] =>
    names.length === 0 ? [] : [`${title.padEnd(11)} ${names.join(' ')}`]
  return `${[
    `${found.kind} ${found.name} feeds ${count(found.buses, 'bus', 'buses')}, ${count(found.loads, 'load')}, ${found.loadKw} kW, ${count(found.customers, 'customer')}, ${count(found.ieds.length, 'IED')}`,
    ...(why === undefined ? [] : [why]),
    ...list('buses', found.busNames),
    ...list('loads', found.loadNames),
    ...list('generators', found.generatorNames),
    ...list('IEDs', found.ieds),
  ].join('\n')}\n`
}
