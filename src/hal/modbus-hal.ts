// A field device behind Modbus, over TCP or a serial line, described by a device map; and what else is on the same bus and
// belongs to it, each with a map of its own.

import type { Instant, UtcMs } from '../../topology/units.ts'
import { identityOf, measurementOf, statusOf } from './compose.ts'
import { configurationHash, type SettingsBlock } from './configuration-hash.ts'
import { type Decoded, decoderOf } from './decode.ts'
import type { DeviceMap, Point } from './device-map.ts'
import { isPeripheral, type PollClass } from './feeds.ts'
import { checkTogether, type MappedUnit } from './mapped-units.ts'
import { type ModbusBus, modbusBus } from './modbus-bus.ts'
import type { Place } from './modbus-link.ts'
import { operateOver } from './modbus-operate.ts'
import { driveOver } from './modbus-outputs.ts'
import { nothingSeen, plausibility } from './plausibility.ts'
import {
  type DeviceIdentity,
  type Doubts,
  type Hal,
  HalError,
  type OperatingHal,
  type Operation,
  type SlowClass,
} from './port.ts'
import { type Block, coverPoints } from './read-plan.ts'
import type { Urgency } from './turn-queue.ts'

export type ModbusHalOptions = Place & {
  /** 1..247 on a serial line or behind a gateway; a device of its own answers 1 or 255. */
  readonly unitId: number
  readonly map: DeviceMap
  /** Other units on the same bus that feed the same measurement and status: a meter beside a relay, a probe. */
  readonly also?: readonly MappedUnit[]
  /** For connecting, and for each answer. */
  readonly timeoutMs: number
  /** Built without a way to write. */
  readonly readOnly?: boolean
  readonly now: () => Instant
  readonly utc: () => UtcMs
}

const SLOW: readonly SlowClass[] = ['measurement', 'energy', 'rare']

/** One request, with the unit that it is for. */
interface UnitBlock extends Block {
  readonly unitId: number
  /** The device itself; without it there is no measurement. */
  readonly isMain: boolean
  readonly decode: (registers: readonly number[], into: Decoded[]) => void
}

/**
 * Connects on the first request. A reading's `at` is the moment before its first request: it is never newer than that.
 *
 * @throws DeviceMapError when maps of several units feed the same
 */
export function modbusHal(options: ModbusHalOptions & { readonly readOnly?: false }): OperatingHal
export function modbusHal(options: ModbusHalOptions): Hal
export function modbusHal(options: ModbusHalOptions): Hal {
  const { map, now, utc } = options
  const units: readonly MappedUnit[] = [{ unitId: options.unitId, map }, ...(options.also ?? [])]
  checkTogether(units)
  const bus = modbusBus(options)
  const planned = plans(units)
  const whoItIs = blocksOf(units.slice(0, 1), isIdentity)
  const judges = units.map(unit => ({ step: plausibility(unit.map), feeds: feedsOf(unit), state: nothingSeen }))
  let isClosed = false
  const operate = options.readOnly === true ? undefined : operateOver(bus, units, () => isClosed)
  const outputs = options.readOnly === true ? undefined : driveOver(bus, units, () => isClosed)

  // Without points of a class there is nothing to ask, but a closed device still says so.
  const insist = (): void => {
    if (isClosed) throw new HalError('HAL_UNREACHABLE', `${map.name}: closed`)
  }

  /** What is there, what is wrong with it, and what is not there because its unit did not answer. */
  async function look(classes: readonly PollClass[], at: Instant) {
    const { decoded, missing } = await readAll(bus, planned(classes), classes[0] === 'fast')
    const doubts: Record<string, Doubts[string]> = { ...missing }
    for (const judge of judges) {
      const { state, doubts: found } = judge.step(
        judge.state,
        judges.length === 1 ? decoded : decoded.filter(({ feeds }) => judge.feeds.has(feeds)),
        at,
      )
      judge.state = state
      Object.assign(doubts, found)
    }
    return { decoded, doubts }
  }

  return {
    async measure(classes = SLOW) {
      insist()
      const [at, utcNow] = [now(), utc()]
      const { decoded, doubts } = await look(classes, at)
      return measurementOf(decoded, at, utcNow, doubts)
    },
    async status() {
      insist()
      const at = now()
      const { decoded, doubts } = await look(['fast'], at)
      return statusOf(decoded, at, doubts)
    },
    async identity() {
      insist()
      return identify(bus, units, whoItIs)
    },
    ...(operate && {
      operations: units.flatMap(({ map }) => Object.keys(map.operations) as Operation[]),
      async operate(operation: Operation) {
        insist()
        await operate(operation)
      },
    }),
    ...(outputs !== undefined &&
      outputs.names.length > 0 && {
        outputs: outputs.names,
        async drive(output: string, on: boolean) {
          insist()
          await outputs.drive(output, on)
        },
      }),
    async close() {
      isClosed = true
      await bus.close()
    },
  }
}

const feedsOf = ({ map }: MappedUnit): ReadonlySet<string> => new Set(map.points.map(({ feeds }) => feeds))

const isIdentity = ({ feeds }: Point): boolean => feeds.startsWith('identity.')

/** What is asked for together is read together: a block may hold values of several classes. */
function plans(units: readonly MappedUnit[]): (classes: readonly PollClass[]) => readonly UnitBlock[] {
  const known = new Map<string, readonly UnitBlock[]>() // of four classes, so there are few
  return classes => {
    const key = classes.join()
    const blocks = known.get(key) ?? blocksOf(units, p => classes.includes(p.class) && !isIdentity(p))
    known.set(key, blocks)
    return blocks
  }
}

const blocksOf = (units: readonly MappedUnit[], wanted: (point: Point) => boolean): UnitBlock[] =>
  units.flatMap(({ unitId, map }, index) =>
    coverPoints(map, wanted).map(block => ({
      ...block,
      decode: decoderOf(block),
      unitId: block.unitId ?? unitId,
      isMain: index === 0 && block.unitId === undefined,
    })),
  )

/**
 * A unit beside the main one that does not answer costs its own values, and is asked no further in this poll. But nothing
 * stands in for a status that protection acts on: then there is none.
 * @throws HalError of the main unit, or of what protection acts on
 */
async function readAll(bus: ModbusBus, blocks: readonly UnitBlock[], isStatus: boolean) {
  const urgency: Urgency = isStatus ? 'status' : 'values'
  const decoded: Decoded[] = []
  const missing: Record<string, Doubts[string]> = {}
  const silent = new Set<number>()
  for (const block of blocks) {
    try {
      if (silent.has(block.unitId)) missed(block)
      else block.decode(await bus.read(block.unitId, block.table, block.address, block.count, urgency), decoded)
    } catch (cause) {
      if (!(cause instanceof HalError) || block.isMain || !block.points.every(canLack)) throw cause
      silent.add(block.unitId)
      missed(block)
    }
  }
  function missed({ points }: UnitBlock): void {
    for (const { feeds } of points) missing[feeds] = ['failure']
  }
  return { decoded, missing }
}

const canLack = ({ class: pollClass, feeds }: Point): boolean => pollClass !== 'fast' || isPeripheral(feeds)

/** Of the main unit; what its map says where no register does. What the device refuses to show is absent. */
async function identify(
  bus: ModbusBus,
  units: readonly MappedUnit[],
  blocks: readonly UnitBlock[],
): Promise<DeviceIdentity> {
  const decoded: Decoded[] = []
  for (const block of blocks) {
    const registers = await ifShown(bus.read(block.unitId, block.table, block.address, block.count))
    if (registers !== undefined) block.decode(registers, decoded)
  }
  const settings: SettingsBlock[] = []
  let lacking = 0
  for (const { unitId, map } of units) {
    for (const { table, address, count } of map.settings) {
      const registers = await ifShown(bus.read(unitId, table, address, count))
      if (registers === undefined) lacking++
      else settings.push({ unitId, table, address, registers })
    }
  }
  const { manufacturer, model } = units[0]?.map.identity ?? {}
  return {
    ...(manufacturer === undefined ? {} : { manufacturer }),
    ...(model === undefined ? {} : { model }),
    ...identityOf(decoded),
    ...(settings.length === 0 || lacking > 0 ? {} : { configurationHash: configurationHash(settings) }),
  }
}

async function ifShown(read: Promise<number[]>): Promise<number[] | undefined> {
  try {
    return await read
  } catch (error) {
    if (error instanceof HalError && error.code === 'HAL_REFUSED') return undefined
    throw error
  }
}
