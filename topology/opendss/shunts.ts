// What hangs on a bus: loads, capacitors, generators of all kinds.

import type { FileInput } from './branch.ts'
import { tidy } from './branch.ts'
import { busOf, connectionsOf, phasesOf, terminalOf } from './buses.ts'
import { type Circuit, type Element, elementsOf, isEnabled, lastSet, setting, textSet } from './elements.ts'
import { fault } from './fault.ts'
import { shareOf } from './load-model.ts'
import type { NoteList } from './note.ts'
import { countOf, isDelta, numberOf, numbersOf, positiveOf } from './values.ts'

type Entry<K extends 'loads' | 'capacitors' | 'generators'> = NonNullable<FileInput[K]>[number]

/** An entry at a bus that still has OpenDSS's name; the feeder's names are given later. */
export interface Shunt<K extends 'loads' | 'capacitors' | 'generators'> {
  readonly element: Element
  readonly bus: string
  readonly entry: Omit<Entry<K>, 'name' | 'node'>
}

type Figures = Partial<Record<'a' | 'b' | 'c' | 'ab' | 'bc' | 'ca', number>>

/** @throws TopologyError */
export function loadsOf(circuit: Circuit, { note }: NoteList): Shunt<'loads'>[] {
  return elementsOf(circuit, 'load').flatMap(element => {
    if (!isEnabled(element)) return leftOut(note, element, 'is disabled')
    const { bus, keys, ratedKv } = connected(element, 12.47)
    const { kw, kvar } = demandOf(element)
    const said = setting(element, 'numcust', numberOf)
    if (said === undefined) note(element.at, 'Load: one without NumCust counts as one customer, as in OpenDSS')
    const customers = said ?? 1
    const model = shareOf(element, note)
    return keys.length === 0
      ? leftOut(note, element, 'stands between no phase and anything')
      : [{ element, bus, entry: { kw: spread(kw, keys), kvar: spread(kvar, keys), ratedKv, customers, model } }]
  })
}

/** Kilowatt and kilovar: of kW, kvar, kVA and pf what was set, the rest by OpenDSS's defaults. */
function demandOf(load: Element): { readonly kw: number; readonly kvar: number } {
  const size = lastSet(load, 'kw', 'kva', 'xfkva')?.property ?? 'kw'
  const pf = setting(load, 'pf', numberOf) ?? 0.88
  if (!(Math.abs(pf) <= 1) || pf === 0) throw fault(load.at, `${load.label}: pf of ${pf}, want 1 at most and not 0`)
  const allocated = size === 'xfkva' ? (setting(load, 'allocationfactor', numberOf) ?? 0.5) : 1
  const given = setting(load, size, numberOf) ?? 10
  const kw = size === 'kw' ? given : given * allocated * Math.abs(pf)
  return { kw: tidy(kw), kvar: tidy(reactive(load, kw, pf)) }
}

/** The last said of kvar and pf counts. A negative pf delivers kvar where it takes kW. */
function reactive(element: Element, kw: number, pf: number): number {
  const kvar = lastSet(element, 'kvar', 'pf')?.property === 'kvar' ? setting(element, 'kvar', numberOf) : undefined
  return kvar ?? kw * Math.sqrt(1 / pf ** 2 - 1) * Math.sign(pf)
}

/** @throws TopologyError */
export function capacitorsOf(circuit: Circuit, { note }: NoteList): Shunt<'capacitors'>[] {
  return elementsOf(circuit, 'capacitor').flatMap(element => {
    if (!isEnabled(element)) return leftOut(note, element, 'is disabled')
    const { bus, keys, ratedKv } = connected(element, 12.47)
    const other = setting(element, 'bus2', busOf)
    if (other !== undefined && other !== bus) return leftOut(note, element, `stands in series, toward bus ${other}`)
    if (lastSet(element, 'kvar', 'cuf')?.property === 'cuf') return leftOut(note, element, 'is given in microfarad')
    const steps = setting(element, 'kvar', numbersOf) ?? [1200]
    const states = setting(element, 'states', numbersOf) ?? []
    const kvar = steps.reduce((sum, step, n) => sum + (states[n] === 0 ? 0 : step), 0)
    if (states.includes(0)) note(element.at, `${element.label}: only the steps that are switched on count`)
    return [{ element, bus, entry: { kvar: spread(kvar, keys), ratedKv } }]
  })
}

/** Generators, and of inverters those that deliver now. @throws TopologyError */
export function generatorsOf(circuit: Circuit, { note }: NoteList): Shunt<'generators'>[] {
  return ['generator', 'pvsystem', 'storage'].flatMap(className =>
    elementsOf(circuit, className).flatMap(element => {
      if (!isEnabled(element)) return leftOut(note, element, 'is disabled')
      const { kw, kva } = className === 'generator' ? machine(element) : inverter(element)
      if (!(kw > 0)) return leftOut(note, element, `delivers nothing now (${textSet(element, 'state') ?? '0 kW'})`)
      const { bus, nodes, phaseCount } = terminal(element)
      const phases = phasesOf(nodes.slice(0, phaseCount))
      const pf = setting(element, 'pf', numberOf) ?? (className === 'generator' ? 0.88 : 1)
      if (!(Math.abs(pf) <= 1) || pf === 0)
        throw fault(element.at, `${element.label}: pf of ${pf}, want 1 at most, not 0`)
      const xdpp = setting(element, 'xdpp', positiveOf)
      const entry = {
        kind: className === 'generator' ? ('synchronous' as const) : ('inverter' as const),
        kw: tidy(kw),
        kvar: tidy(reactive(element, kw, pf)),
        ...(phases.length === 3 ? {} : { phases }),
        ...(kva === undefined ? {} : { kva }),
        ...(xdpp === undefined ? {} : { subtransientPercent: tidy(xdpp * 100) }),
      }
      return [{ element, bus, entry }]
    }),
  )
}

function machine(element: Element): { readonly kw: number; readonly kva: number | undefined } {
  const mva = setting(element, 'mva', positiveOf)
  const kva =
    lastSet(element, 'kva', 'mva')?.property === 'mva' && mva ? mva * 1000 : setting(element, 'kva', positiveOf)
  return { kw: setting(element, 'kw', numberOf) ?? 1000, kva }
}

function inverter(element: Element): { readonly kw: number; readonly kva: number } {
  if (element.className === 'storage') {
    const rated = setting(element, 'kwrated', positiveOf) ?? 25
    const discharges = textSet(element, 'state')?.startsWith('d') ?? false
    const delivered = rated * ((setting(element, '%discharge', numberOf) ?? 100) / 100)
    return {
      kw: discharges ? (setting(element, 'kw', numberOf) ?? delivered) : 0,
      kva: setting(element, 'kva', positiveOf) ?? rated,
    }
  }
  const kva = setting(element, 'kva', positiveOf) ?? 500
  const irradiance = setting(element, 'irradiance', numberOf) ?? 1
  const share = (setting(element, '%pmpp', numberOf) ?? 100) / 100
  return { kw: Math.min((setting(element, 'pmpp', numberOf) ?? 500) * irradiance * share, kva), kva }
}

interface Connected {
  readonly bus: string
  readonly keys: (keyof Figures)[]
  /** Across each part. */
  readonly ratedKv: number
}

function terminal(element: Element) {
  const phaseCount = setting(element, 'phases', countOf) ?? 3
  const delta = setting(element, 'conn', isDelta) ?? false
  const conductors = delta ? Math.max(phaseCount, 2) + (phaseCount === 2 ? 1 : 0) : phaseCount + 1
  const at = setting(element, 'bus1', value => terminalOf(value, phaseCount, conductors))
  if (!at) throw fault(element.at, `${element.label}: has no bus1, want one`)
  return { ...at, phaseCount, delta }
}

function connected(element: Element, defaultKv: number): Connected {
  const { bus, nodes, phaseCount, delta } = terminal(element)
  const keys = connectionsOf(nodes, phaseCount, delta).flatMap(key => key ?? [])
  const kv = setting(element, 'kv', positiveOf) ?? defaultKv
  // Line to line for two and three phases; then a wye has it between phase and neutral divided by √3.
  return { bus, keys, ratedKv: tidy(delta || phaseCount === 1 ? kv : kv / Math.sqrt(3)) }
}

function spread(total: number, keys: readonly (keyof Figures)[]): Figures {
  const figures: Figures = {}
  for (const key of keys) figures[key] = tidy((figures[key] ?? 0) + total / keys.length)
  return figures
}

function leftOut(note: NoteList['note'], element: Element, why: string): [] {
  note(element.at, `${element.label} ${why}, left out`)
  return []
}
