// A SunSpec meter over Modbus TCP or a serial line: found by its 'SunS', its models by their chain. What was found is kept, and held against
// the model's id and length at each look: a device that has moved its models is looked for again, once in that look.

import type { Instant, UtcMs } from '../../topology/units.ts'
import { modbusBus } from './modbus-bus.ts'
import { nameOf, type Place } from './modbus-link.ts'
import { type Doubts, type Hal, HalError, type Measurement, type QualityDetail } from './port.ts'
import { type Acc32State, followAcc32 } from './sunspec/acc32.ts'
import { type Chain, findChain, type Model, type ReadRegisters } from './sunspec/chain.ts'
import { COMMON, COMMON_REGISTERS, decodeCommon } from './sunspec/common-model.ts'
import {
  decodeMeter,
  type EnergyRegister,
  layoutOf,
  METER_MODELS,
  type MeterEvents,
  type MeterLayout,
  type MeterValues,
} from './sunspec/meter-model.ts'

export type SunspecHalOptions = Place & {
  readonly unitId: number
  /** For connecting, and for each answer. */
  readonly timeoutMs: number
  /** Which of the device's meters, from 1. */
  readonly meter: number
  /** The register that counts what is delivered to the customer: it depends on how the meter is mounted. */
  readonly importIs: 'TotWhImp' | 'TotWhExp'
  /** Power counts the other way. */
  readonly reverse: boolean
  readonly now: () => Instant
  readonly utc: () => UtcMs
}

interface Found {
  readonly chain: Chain
  readonly meter: Model
  readonly layout: MeterLayout
}

/** A model is not where it was. */
class Moved extends Error {}

/** Connects on the first request. A reading's `at` is the moment before its first request: it is never newer than that. */
export function sunspecHal(options: SunspecHalOptions): Hal {
  const { unitId, now, utc } = options
  const place = `${nameOf(options)} unit ${unitId}`
  const bus = modbusBus(options)
  const read: ReadRegisters = (address, count) => bus.read(unitId, 'holding', address, count)
  let finding: Promise<Found> | undefined
  const counters = new Map<'TotWhImp' | 'TotWhExp', Acc32State>()
  let isClosed = false

  /** One search at a time: who asks while one is under way waits for it. */
  function find(): Promise<Found> {
    finding ??= findChain(read, place).then(chain => chosen(chain, options.meter, place))
    const mine = finding
    mine.catch(() => {
      if (finding === mine) finding = undefined
    })
    return mine
  }

  /** @throws HalError as `measure` of the port */
  async function looking<T>(look: (found: Found) => Promise<T>): Promise<T> {
    if (isClosed) throw new HalError('HAL_UNREACHABLE', `${place}: closed`)
    const used = find()
    try {
      return await look(await used)
    } catch (error) {
      const isGone = error instanceof Moved || (error instanceof HalError && error.code === 'HAL_REFUSED')
      if (!isGone) throw error
    }
    if (finding === used) finding = undefined
    try {
      return await look(await find())
    } catch (error) {
      if (error instanceof Moved) throw new HalError('HAL_BAD_FRAME', `${place}: SunSpec: ${error.message}`)
      throw error
    }
  }

  /** In one block, scale factors and all. Floats leave no room for the id in one request: their length stands for it. */
  const readMeter = ({ meter, layout }: Found): Promise<MeterValues> =>
    layout.isFloat
      ? readModel(meter, 1, layout.length + 1).then(registers => decodeMeter(meter.id, layout, [0, ...registers]))
      : readModel(meter, 0, layout.length + 2).then(registers => decodeMeter(meter.id, layout, registers))

  async function readModel({ id, at, length }: Model, from: 0 | 1, count: number): Promise<readonly number[]> {
    const registers = await read(at + from, count)
    const head = [id, length].slice(from)
    if (head.some((expected, index) => registers[index] !== expected))
      throw new Moved(`register ${at + from} read ${registers.slice(0, head.length)}, want ${head} of model ${id}`)
    return registers
  }

  function wattHours(name: 'TotWhImp' | 'TotWhExp', register: EnergyRegister | undefined): bigint | undefined {
    if (register === undefined) return undefined
    if ('wattHours' in register) return register.wattHours
    const { state, wattHours } = followAcc32(counters.get(name), register)
    counters.set(name, state)
    return wattHours
  }

  function measurementOf(values: MeterValues, at: Instant, utcMs: UtcMs): Measurement {
    const forward = wattHours('TotWhImp', values.importWh)
    const backward = wattHours('TotWhExp', values.exportWh)
    const [importWh, exportWh] = options.importIs === 'TotWhImp' ? [forward, backward] : [backward, forward]
    const kilo = (options.reverse ? -1 : 1) * 1000
    const shown = present({
      volts: divided(values.volts, 1),
      voltsLineToLine: divided(values.lineToLine, 1),
      amps: divided(values.amps, 1),
      kw: divided(values.watts, kilo),
      kvar: divided(values.vars, kilo),
      kva: divided(values.voltAmperes, 1000),
      powerFactor: divided(values.powerFactor, 1),
      total: totalOf(values.total, kilo),
      frequencyHz: values.hertz,
      importWh,
      exportWh,
    })
    return { at, utc: utcMs, ...shown, ...doubtsOf(values.events, shown) }
  }

  return {
    measure: () =>
      looking(async found => {
        const [at, utcNow] = [now(), utc()]
        return measurementOf(await readMeter(found), at, utcNow)
      }),
    status: () =>
      looking(async found => {
        const at = now()
        const { events } = await readMeter(found)
        // "Loss of power or phase" is one bit: a phase at least is down.
        return { at, ...(events === undefined ? {} : { sag: events.underVoltage || events.powerFailure }) }
      }),
    identity: () =>
      looking(async ({ chain }) => {
        const common = chain.models.find(({ id }) => id === COMMON)
        if (common === undefined || common.length < COMMON_REGISTERS) return {}
        return decodeCommon((await readModel(common, 0, COMMON_REGISTERS + 2)).slice(2))
      }),
    async close() {
      isClosed = true
      await bus.close()
    },
  }
}

function chosen(chain: Chain, wanted: number, place: string): Found {
  const meters = chain.models.filter(({ id }) => METER_MODELS.includes(id))
  const meter = meters[wanted - 1]
  const layout = meter && layoutOf(meter.id)
  if (meter === undefined || layout === undefined) {
    const has = chain.models.map(({ id }) => id).join(', ') || 'none'
    throw new HalError(
      'HAL_REFUSED',
      `${place}: SunSpec: no meter ${wanted}: models ${has}, want one of ${METER_MODELS.join(', ')}`,
    )
  }
  if (meter.length < layout.length) {
    throw new HalError(
      'HAL_BAD_FRAME',
      `${place}: SunSpec: model ${meter.id} at ${meter.at} has ${meter.length} registers, want ${layout.length}`,
    )
  }
  return { chain, meter, layout }
}

function divided<T extends object>(values: T, divisor: number): T | undefined {
  const scaled = Object.entries(values).map(([part, value]) => [part, value / divisor])
  return scaled.length === 0 ? undefined : (Object.fromEntries(scaled) as T)
}

function totalOf({ watts, vars, voltAmperes, powerFactor }: MeterValues['total'], kilo: number): Measurement['total'] {
  const total = present({
    ...divided(present({ kw: watts, kvar: vars }), kilo),
    ...divided(present({ kva: voltAmperes }), 1000),
    powerFactor,
  })
  return Object.keys(total).length === 0 ? undefined : total
}

/**
 * A meter that misses a sensor does not say which: nothing that it shows is to be trusted but the frequency. And a power
 * factor beyond 1 is none: some meters take a ratio for a percentage, or the other way round.
 */
function doubtsOf(events: MeterEvents | undefined, shown: object): { doubts?: Doubts } {
  const isFailing = events?.missingSensor === true
  const doubts: Record<string, readonly QualityDetail[]> = {}
  for (const [feed, value] of feedsOf(shown)) {
    const details: QualityDetail[] = [
      ...(isFailing && feed !== 'frequencyHz' ? (['failure'] as const) : []),
      ...(feed.startsWith('powerFactor.') && Math.abs(Number(value)) > 1 ? (['outOfRange'] as const) : []),
    ]
    if (details.length > 0) doubts[feed] = details
  }
  return Object.keys(doubts).length === 0 ? {} : { doubts }
}

/** By the names of `feeds.ts`: a total is `kw.total`. */
const feedsOf = (shown: object): [feed: string, value: unknown][] =>
  Object.entries(shown).flatMap(([name, value]): [string, unknown][] =>
    typeof value !== 'object'
      ? [[name, value]]
      : Object.entries(value).map(([part, each]) => [name === 'total' ? `${part}.total` : `${name}.${part}`, each]),
  )

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }
const present = <T extends object>(fields: T): Present<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>
