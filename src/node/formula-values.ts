// What formulas may name, and the present values under these names, from the last look at the field device.

import type { Measurement, Status } from '../hal/port.ts'
import type { FormulaType, FormulaValue, Names } from '../protection/formula.ts'
import { valueOfFeed } from './value-of-feed.ts'

const PHASES = ['a', 'b', 'c'] as const
const numbered = (letter: string, feed: string, count: number): [string, string][] =>
  Array.from({ length: count }, (_, n) => [`${letter}${n + 1}`, `${feed}.${n + 1}`])
const perPhase = (letter: string, feed: string): [string, string][] =>
  PHASES.map(phase => [`${letter}${phase}`, `${feed}.${phase}`])

/** As the device measures them; docs/alerts.md has the units. */
const MEASURED: ReadonlyMap<string, string> = new Map([
  ...perPhase('V', 'volts'),
  ['Vab', 'voltsLineToLine.ab'],
  ['Vbc', 'voltsLineToLine.bc'],
  ['Vca', 'voltsLineToLine.ca'],
  ...perPhase('I', 'amps'),
  ['In', 'amps.n'],
  ...perPhase('P', 'kw'),
  ['P', 'kw.total'],
  ...perPhase('Q', 'kvar'),
  ['Q', 'kvar.total'],
  ...perPhase('S', 'kva'),
  ['S', 'kva.total'],
  ['PF', 'powerFactor.total'],
  ['f', 'frequencyHz'],
  ['T', 'temperatureC'],
  ...numbered('T', 'temperaturesC', 8),
  ['Wh', 'importWh'],
  ['WhOut', 'exportWh'],
])
const STATUS: ReadonlyMap<string, string> = new Map([
  ['open', 'position'],
  ['pickup', 'pickup'],
  ['tripped', 'tripped'],
  ['sag', 'sag'],
  ['dead', 'dead'],
  ['shed', 'shed'],
  ...numbered('D', 'inputs', 16),
])

const entries = (from: ReadonlyMap<string, string>, type: FormulaType): [string, FormulaType][] =>
  [...from.keys()].map(name => [name, type])
export const measuredNames: Names = new Map([...entries(MEASURED, 'number'), ...entries(STATUS, 'condition')])
export const isOfStatus = (name: string): boolean => STATUS.has(name)

type Values = Map<string, FormulaValue>

export interface FormulaValues {
  measured(measurement: Measurement): void
  status(status: Status): void
  /** Nothing is known any more. */
  silent(): void
  /** Those that are there and not doubted. */
  now(): Values
}

/** Registers of energy are read less often than the rest. */
const ENERGY = ['Wh', 'WhOut']

/** @param energyMs how old a register of energy may be */
export function formulaValues(energyMs: number): FormulaValues {
  const energy = new Map<string, { readonly value: FormulaValue; readonly at: number }>()
  let fromMeasurement: Values = new Map()
  let fromStatus: Values = new Map()
  /** Phases that this device has ever shown, by quantity: one that is missing now is missing in the sum. */
  const phases = new Map<string, Set<string>>()

  function sum(values: Values, letter: string): number | undefined {
    const known = phases.get(letter) ?? new Set<string>()
    phases.set(letter, known)
    for (const phase of PHASES) if (values.has(`${letter}${phase}`)) known.add(phase)
    let total = 0
    for (const phase of known) {
      const value = values.get(`${letter}${phase}`)
      if (typeof value !== 'number') return undefined
      total += value
    }
    return known.size === 0 ? undefined : total
  }

  /** What the device does not show itself. */
  function derive(values: Values, { phasors, doubts }: Measurement): void {
    const set = (name: string, value: number | undefined): void => {
      const feed = MEASURED.get(name) ?? ''
      if (value !== undefined && !values.has(name) && doubts?.[feed] === undefined) values.set(name, value)
    }
    const number = (name: string): number | undefined => {
      const value = values.get(name)
      return typeof value === 'number' ? value : undefined
    }
    for (const phase of PHASES) {
      const [volts, amps] = [number(`V${phase}`), number(`I${phase}`)]
      if (volts !== undefined && amps !== undefined) set(`S${phase}`, (volts * amps) / 1000)
    }
    for (const letter of ['P', 'Q', 'S']) set(letter, sum(values, letter))
    const [power, apparent] = [number('P'), number('S')]
    if (power !== undefined && apparent !== undefined && apparent > 0) set('PF', power / apparent)
    set('In', phasors?.residualAmps)
  }

  function read(from: ReadonlyMap<string, string>, source: Measurement | Status, type: 'number' | 'boolean'): Values {
    const values: Values = new Map()
    for (const [name, feed] of from) {
      const { value, doubt } = valueOfFeed(source, feed)
      if (doubt !== undefined || typeof value !== type) continue
      if (value !== undefined && (type === 'boolean' || Number.isFinite(value))) values.set(name, value)
    }
    return values
  }

  return {
    measured(measurement) {
      fromMeasurement = read(MEASURED, measurement, 'number')
      for (const name of ENERGY) {
        const value = fromMeasurement.get(name)
        const before = energy.get(name)
        if (value !== undefined) energy.set(name, { value, at: measurement.at })
        else if (measurement.doubts?.[MEASURED.get(name) ?? ''] !== undefined) energy.delete(name)
        else if (before !== undefined && measurement.at - before.at <= energyMs) fromMeasurement.set(name, before.value)
      }
      derive(fromMeasurement, measurement)
    },
    status(status) {
      fromStatus = read(STATUS, status, 'boolean')
    },
    silent() {
      fromMeasurement = new Map()
      fromStatus = new Map()
      energy.clear()
    },
    now: () => new Map([...fromMeasurement, ...fromStatus]),
  }
}
