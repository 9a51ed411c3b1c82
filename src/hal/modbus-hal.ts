// A field device behind Modbus TCP, described by a device map.

import type { Instant, UtcMs } from '../../topology/units.ts'
import { measurementOf, statusOf, valuesOf } from './compose.ts'
import type { DeviceMap, MappedOperation } from './device-map.ts'
import { type ModbusBus, modbusBus } from './modbus-bus.ts'
import { type Hal, HalError, type OperatingHal, type Operation } from './port.ts'
import { type Block, coverPoints, type Decoded, decodeBlock, planReads } from './read-plan.ts'

export interface ModbusHalOptions {
  readonly host: string
  readonly port: number
  /** 1..247 behind a gateway; a device of its own answers 1 or 255. */
  readonly unitId: number
  readonly map: DeviceMap
  /** For connecting, and for each answer. */
  readonly timeoutMs: number
  /** Built without a way to write. */
  readonly readOnly?: boolean
  readonly now: () => Instant
  readonly utc: () => UtcMs
}

/** Between two looks at a device that has not confirmed an operation yet. */
const READ_BACK_PAUSE_MS = 20

/** Connects on the first request. A reading's `at` is the moment before its first request: it is never newer than that. */
export function modbusHal(options: ModbusHalOptions & { readonly readOnly?: false }): OperatingHal
export function modbusHal(options: ModbusHalOptions): Hal
export function modbusHal(options: ModbusHalOptions): Hal {
  const { map, now, utc } = options
  const bus = modbusBus(options)
  const slow = planReads(map, 'slow')
  const fast = planReads(map, 'fast')
  let isClosed = false
  const operate = options.readOnly === true ? undefined : operateOver(bus, options, () => isClosed)

  const readAll = async (blocks: readonly Block[]) => {
    const decoded: Decoded[] = []
    for (const block of blocks) decoded.push(...(await readBlock(bus, options, block)))
    return valuesOf(decoded)
  }
  // Without points of a class there is nothing to ask, but a closed device still says so.
  const insist = (): void => {
    if (isClosed) throw new HalError('HAL_UNREACHABLE', `${map.name}: closed`)
  }

  return {
    async measure() {
      insist()
      const [at, utcNow] = [now(), utc()]
      return measurementOf(await readAll(slow), at, utcNow)
    },
    async status() {
      insist()
      const at = now()
      return statusOf(await readAll(fast), at)
    },
    ...(operate && {
      async operate(operation: Operation) {
        insist()
        await operate(operation)
      },
    }),
    async close() {
      isClosed = true
      await bus.close()
    },
  }
}

async function readBlock(bus: ModbusBus, { unitId, map }: ModbusHalOptions, block: Block): Promise<Decoded[]> {
  const registers = await bus.read(unitId, block.table, block.address, block.count)
  try {
    return decodeBlock(block, registers)
  } catch (cause) {
    throw new HalError('HAL_BAD_FRAME', `${map.name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    })
  }
}

const unsupported = (map: DeviceMap, operation: Operation, why: string): HalError =>
  new HalError('HAL_UNSUPPORTED', `${map.name}: ${operation}: ${why}`)

/** What need not wait for the end of the other. */
const OVERRIDES: Partial<Record<Operation, Operation>> = { open: 'close', shed: 'restore' }

interface Turn {
  readonly operation: Operation
  /** The opposite was asked for since: it writes nothing any more. */
  isOver: boolean
}

/**
 * Operations of one device run one after the other, each to its end; but an opening ends a closing that is not confirmed
 * yet, or waits: a trip waits for no device that takes its time over closing.
 */
function operateOver(bus: ModbusBus, options: ModbusHalOptions, isClosed: () => boolean) {
  let last: Promise<void> = Promise.resolve()
  const turns = new Set<Turn>()
  return (operation: Operation): Promise<void> => {
    const mapped = options.map.operations[operation]
    if (mapped === undefined) return Promise.reject(unsupported(options.map, operation, 'not in the device map'))
    for (const each of turns) if (each.operation === OVERRIDES[operation]) each.isOver = true
    const turn = { operation, isOver: false }
    turns.add(turn)
    const done = last.then(() => writeAndConfirm(bus, options, turn, mapped, isClosed))
    last = done.catch(() => {}).finally(() => void turns.delete(turn))
    return done
  }
}

async function writeAndConfirm(
  bus: ModbusBus,
  options: ModbusHalOptions,
  turn: Turn,
  mapped: MappedOperation,
  isClosed: () => boolean,
): Promise<void> {
  const { map, unitId } = options
  const { operation } = turn
  const { feeds, is } = mapped.confirm
  const readBack = coverPoints(map, point => point.feeds === feeds)
  const deadline = performance.now() + mapped.timeoutMs
  let write: 'to do' | 'perhaps done' | 'done' = 'to do'
  let shown: unknown = 'nothing'
  while (performance.now() < deadline && !turn.isOver) {
    try {
      // Functions 5 and 6 set a value; a second time changes nothing. So a write whose answer was lost is repeated.
      if (write !== 'done') await bus.write(unitId, mapped.table, mapped.address, mapped.value)
      write = 'done'
      for (const block of readBack) {
        const [point] = await readBlock(bus, options, block)
        if (point?.value === is) return
        shown = point?.value ?? 'nothing'
      }
    } catch (cause) {
      if (!(cause instanceof HalError) || isClosed()) throw cause
      // Until something was sent, out of reach and refused are the outcome. After that nothing but `status` is.
      if (write === 'to do' && (cause.code === 'HAL_UNREACHABLE' || cause.code === 'HAL_REFUSED')) throw cause
      if (write === 'to do') write = 'perhaps done'
      shown = `nothing (${cause.code})`
    }
    await new Promise(resolve => setTimeout(resolve, READ_BACK_PAUSE_MS))
  }
  if (turn.isOver && write === 'to do') {
    throw new HalError('HAL_REFUSED', `${map.name}: ${operation}: the opposite was asked for, so nothing was written`)
  }
  if (turn.isOver) {
    throw new HalError('HAL_TIMEOUT', `${map.name}: ${operation}: the opposite was asked for before it was confirmed`)
  }
  throw new HalError(
    'HAL_TIMEOUT',
    `${map.name}: ${operation}: ${feeds} read ${shown} for ${mapped.timeoutMs} ms, want ${is}: outcome unknown`,
  )
}
