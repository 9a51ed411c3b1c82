// From decoded points to the port's measurement, status and identity: what was not read stays absent.

import type { Instant, UtcMs } from '../../topology/units.ts'
import type { Decoded } from './decode.ts'
import type { Feed } from './feeds.ts'
import type { DeviceIdentity, Doubts, EnergyRegister, Measurement, PerPhase, Position, Status } from './port.ts'

type Values = ReadonlyMap<Feed, NonNullable<Decoded['value']>>

export const valuesOf = (decoded: readonly Decoded[]): Values =>
  new Map(decoded.flatMap(d => (d.value === undefined ? [] : [[d.feeds, d.value] as const])))

const ENERGIES: readonly EnergyRegister[] = ['importWh', 'exportWh', 'importVarh', 'exportVarh']

export function measurementOf(decoded: readonly Decoded[], at: Instant, utc: UtcMs, doubts: Doubts = {}): Measurement {
  const values = valuesOf(decoded)
  return present({
    at,
    utc,
    volts: perPhase(values, 'volts'),
    amps: perPhase(values, 'amps'),
    kw: perPhase(values, 'kw'),
    kvar: perPhase(values, 'kvar'),
    frequencyHz: number(values, 'frequencyHz'),
    voltsLineToLine: filled({
      ab: number(values, 'voltsLineToLine.ab'),
      bc: number(values, 'voltsLineToLine.bc'),
      ca: number(values, 'voltsLineToLine.ca'),
    }),
    neutralAmps: number(values, 'amps.n'),
    kva: perPhase(values, 'kva'),
    powerFactor: perPhase(values, 'powerFactor'),
    total: filled({
      kw: number(values, 'kw.total'),
      kvar: number(values, 'kvar.total'),
      kva: number(values, 'kva.total'),
      powerFactor: number(values, 'powerFactor.total'),
    }),
    thdVoltsPercent: perPhase(values, 'thdVolts'),
    thdAmpsPercent: perPhase(values, 'thdAmps'),
    unbalanceVoltsPercent: number(values, 'unbalanceVolts'),
    unbalanceAmpsPercent: number(values, 'unbalanceAmps'),
    importWh: energy(values, 'importWh'),
    exportWh: energy(values, 'exportWh'),
    importVarh: energy(values, 'importVarh'),
    exportVarh: energy(values, 'exportVarh'),
    rollsOverAt: rollovers(decoded),
    temperatureC: number(values, 'temperatureC'),
    temperaturesC: numbered(values, 'temperaturesC.', value => (typeof value === 'number' ? value : undefined)),
    doubts: filled({ ...doubts }),
  })
}

export function statusOf(decoded: readonly Decoded[], at: Instant, doubts: Doubts = {}): Status {
  const values = valuesOf(decoded)
  return present({
    at,
    position: position(values),
    shed: flag(values, 'shed'),
    pickup: flag(values, 'pickup'),
    groundPickup: flag(values, 'groundPickup'),
    tripped: flag(values, 'tripped'),
    sag: flag(values, 'sag'),
    dead: flag(values, 'dead'),
    entered: number(values, 'entered'),
    left: number(values, 'left'),
    residualPu: number(values, 'residualPu'),
    inputs: numbered(values, 'inputs.', value => (typeof value === 'boolean' ? value : undefined)),
    doubts: filled({ ...doubts }),
  })
}

export function identityOf(decoded: readonly Decoded[]): DeviceIdentity {
  const values = valuesOf(decoded)
  return present({
    manufacturer: text(values, 'identity.manufacturer'),
    model: text(values, 'identity.model'),
    serialNumber: text(values, 'identity.serialNumber'),
    firmware: text(values, 'identity.firmware'),
  })
}

function perPhase(
  values: Values,
  quantity: 'volts' | 'amps' | 'kw' | 'kvar' | 'kva' | 'powerFactor' | 'thdVolts' | 'thdAmps',
): PerPhase | undefined {
  return filled({
    a: number(values, `${quantity}.a`),
    b: number(values, `${quantity}.b`),
    c: number(values, `${quantity}.c`),
  })
}

function rollovers(decoded: readonly Decoded[]): Measurement['rollsOverAt'] {
  const found = decoded.flatMap(({ feeds, rollsOverAt }) =>
    rollsOverAt !== undefined && ENERGIES.includes(feeds as EnergyRegister) ? [[feeds, rollsOverAt] as const] : [],
  )
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

/** What is numbered in the device map, by its number. */
function numbered<T>(
  values: Values,
  prefix: string,
  as: (value: unknown) => T | undefined,
): { [number: string]: T } | undefined {
  const found: { [number: string]: T } = {}
  for (const [feed, value] of values) {
    const fit = feed.startsWith(prefix) ? as(value) : undefined
    if (fit !== undefined) found[feed.slice(prefix.length)] = fit
  }
  return Object.keys(found).length === 0 ? undefined : found
}

function number(values: Values, feed: Feed): number | undefined {
  const value = values.get(feed)
  return typeof value === 'number' ? value : undefined
}

function energy(values: Values, feed: Feed): bigint | undefined {
  const value = values.get(feed)
  return typeof value === 'bigint' ? value : undefined
}

function flag(values: Values, feed: Feed): boolean | undefined {
  const value = values.get(feed)
  return typeof value === 'boolean' ? value : undefined
}

function text(values: Values, feed: Feed): string | undefined {
  const value = values.get(feed)
  return typeof value === 'string' ? value : undefined
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

/** As `present`; nothing when nothing is left. */
function filled<T extends object>(fields: T): Present<T> | undefined {
  const left = present(fields)
  return Object.keys(left).length === 0 ? undefined : left
}
