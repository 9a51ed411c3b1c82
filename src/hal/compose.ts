// From decoded points to the port's measurement and status: what was not read stays absent.

import type { Instant, UtcMs } from '../../topology/units.ts'
import type { Measurement, PerPhase, Position, Status } from './port.ts'
import type { Decoded } from './read-plan.ts'

type Values = ReadonlyMap<Decoded['feeds'], Decoded['value']>

export const valuesOf = (decoded: readonly Decoded[]): Values => new Map(decoded.map(d => [d.feeds, d.value]))

export function measurementOf(values: Values, at: Instant, utc: UtcMs): Measurement {
  return present({
    at,
    utc,
    volts: perPhase(values, 'volts'),
    amps: perPhase(values, 'amps'),
    kw: perPhase(values, 'kw'),
    kvar: perPhase(values, 'kvar'),
    frequencyHz: number(values, 'frequencyHz'),
    importWh: energy(values, 'importWh'),
    exportWh: energy(values, 'exportWh'),
    temperatureC: number(values, 'temperatureC'),
  })
}

export function statusOf(values: Values, at: Instant): Status {
  return present({
    at,
    position: position(values),
    shed: flag(values, 'shed'),
    pickup: flag(values, 'pickup'),
    tripped: flag(values, 'tripped'),
    sag: flag(values, 'sag'),
    dead: flag(values, 'dead'),
    entered: number(values, 'entered'),
    left: number(values, 'left'),
    residualPu: number(values, 'residualPu'),
  })
}

function perPhase(values: Values, quantity: 'volts' | 'amps' | 'kw' | 'kvar'): PerPhase | undefined {
  const phases = present({
    a: number(values, `${quantity}.a`),
    b: number(values, `${quantity}.b`),
    c: number(values, `${quantity}.c`),
  })
  return Object.keys(phases).length === 0 ? undefined : phases
}

function number(values: Values, feed: Decoded['feeds']): number | undefined {
  const value = values.get(feed)
  return typeof value === 'number' ? value : undefined
}

function energy(values: Values, feed: Decoded['feeds']): bigint | undefined {
  const value = values.get(feed)
  return typeof value === 'bigint' ? value : undefined
}

function flag(values: Values, feed: Decoded['feeds']): boolean | undefined {
  const value = values.get(feed)
  return typeof value === 'boolean' ? value : undefined
}

function position(values: Values): Position | undefined {
  const value = values.get('position')
  return value === 'open' || value === 'closed' || value === 'unknown' ? value : undefined
}

type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** The same object without its undefined fields. */
const present = <T extends object>(fields: T): Present<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>
