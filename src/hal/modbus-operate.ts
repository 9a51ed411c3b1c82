// Operations of a device behind Modbus: written, then read back until the device shows them.
//
// Operations of one device run one after the other, each to its end; but an opening ends a closing that is not confirmed
// yet, or waits: a trip waits for no device that takes its time over closing.
//
// A write whose answer was lost may have been done. One that sets a value is sent again, since a second time changes
// nothing; one that is not repeatable (a pulse, a toggle, an operation that was selected) is not, and the device's status
// alone says what became of it.

import { setTimeout as pause } from 'node:timers/promises'
import { decodeBlock } from './decode.ts'
import type { DeviceMap, MappedOperation } from './device-map.ts'
import type { Feed } from './feeds.ts'
import type { MappedUnit } from './mapped-units.ts'
import type { ModbusBus } from './modbus-bus.ts'
import { HalError, type Operation } from './port.ts'
import { type Block, coverPoints } from './read-plan.ts'

/** Between two looks at a device that has not confirmed an operation yet. */
export const READ_BACK_PAUSE_MS = 20
/** The end of a pulse is tried this often: the output must not stay on. */
const PULSE_END_ATTEMPTS = 5

/** What need not wait for the end of the other. */
const OVERRIDES: Partial<Record<Operation, Operation>> = { open: 'close', trip: 'close', shed: 'restore' }

interface Turn {
  readonly operation: Operation
  /** The opposite was asked for since: it writes nothing any more. */
  isOver: boolean
}

/** Where an operation is written, and where it shows. */
interface Target {
  readonly bus: ModbusBus
  readonly unitId: number
  readonly map: DeviceMap
  readonly mapped: MappedOperation
  readonly readBack: UnitBlocks
}

/** How far the write of an operation has come. */
type Progress = 'to do' | 'perhaps done' | 'done'

export function operateOver(bus: ModbusBus, units: readonly MappedUnit[], isClosed: () => boolean) {
  let last: Promise<void> = Promise.resolve()
  const turns = new Set<Turn>()
  return (operation: Operation): Promise<void> => {
    const unit = units.find(({ map }) => map.operations[operation] !== undefined)
    const mapped = unit?.map.operations[operation]
    if (unit === undefined || mapped === undefined) {
      const name = units[0]?.map.name
      return Promise.reject(new HalError('HAL_UNSUPPORTED', `${name}: ${operation}: not in the device map`))
    }
    const target: Target = {
      bus,
      unitId: mapped.unitId ?? unit.unitId,
      map: unit.map,
      mapped,
      readBack: blocksThatFeed(unit, mapped.confirm.feeds),
    }
    for (const each of turns) if (each.operation === OVERRIDES[operation]) each.isOver = true
    const turn = { operation, isOver: false }
    // With nothing under way the write is on its way before this returns: a trip waits for nobody else's work.
    const begin = (): Promise<void> => writeAndConfirm(target, turn, isClosed)
    const done = turns.size === 0 ? begin() : last.then(begin)
    turns.add(turn)
    last = done.catch(() => {}).finally(() => void turns.delete(turn))
    return done
  }
}

async function writeAndConfirm(target: Target, turn: Turn, isClosed: () => boolean): Promise<void> {
  const { map, mapped } = target
  const { operation } = turn
  const { feeds, is } = mapped.confirm
  const deadline = performance.now() + mapped.timeoutMs
  let write: Progress = 'to do'
  let shown: unknown = 'nothing'
  let isStuck = false
  while (performance.now() < deadline && !turn.isOver) {
    try {
      if (write === 'to do' && mapped.select !== undefined) await select(target, operation)
      if (write === 'to do' || (write === 'perhaps done' && mapped.repeatable)) {
        const before: Progress = write
        write = 'perhaps done' // whatever goes wrong from here on: the device may have it
        isStuck = !(await writeOnce(target).catch(error => {
          if (isNotDone(error)) write = before
          throw error
        }))
        write = 'done'
      }
      shown = (await readBack(target.bus, target.readBack)) ?? 'nothing'
      if (shown === is && !isStuck) return
    } catch (cause) {
      if (!(cause instanceof HalError) || isClosed()) throw cause
      // Until something was sent, out of reach and refused are the outcome. After that nothing but `status` is.
      if (write === 'to do' && isNotDone(cause)) throw cause
      shown = `nothing (${cause.code})`
    }
    await pause(READ_BACK_PAUSE_MS)
  }
  if (turn.isOver && write === 'to do') {
    throw new HalError('HAL_REFUSED', `${map.name}: ${operation}: the opposite was asked for, so nothing was written`)
  }
  if (turn.isOver) {
    throw new HalError('HAL_TIMEOUT', `${map.name}: ${operation}: the opposite was asked for before it was confirmed`)
  }
  if (isStuck) throw new HalError('HAL_TIMEOUT', `${map.name}: ${operation}: its pulse may not have ended`)
  throw new HalError(
    'HAL_TIMEOUT',
    `${map.name}: ${operation}: ${feeds} read ${shown} for ${mapped.timeoutMs} ms, want ${is}: outcome unknown`,
  )
}

const isNotDone = (error: unknown): boolean =>
  error instanceof HalError && (error.code === 'HAL_UNREACHABLE' || error.code === 'HAL_REFUSED')

/** @returns false when a pulse has begun, and its end was not answered */
async function writeOnce({ bus, unitId, mapped }: Target): Promise<boolean> {
  const { table, address, value, values, mask, pulse, repeatable } = mapped
  const masked = mask === undefined ? {} : { mask }
  try {
    await bus.write(unitId, table, address, values ?? value ?? 0, { ...masked, once: !repeatable })
  } catch (error) {
    // An answer that was lost: the output may be on, and has to go off again.
    if (pulse !== undefined && !isNotDone(error)) await endPulse()
    throw error
  }
  if (pulse === undefined) return true
  await pause(pulse.ms)
  return endPulse()

  async function endPulse(): Promise<boolean> {
    for (let left = PULSE_END_ATTEMPTS; pulse !== undefined && left > 0; left--) {
      try {
        await bus.write(unitId, table, address, pulse.rest, masked)
        return true
      } catch {
        await pause(READ_BACK_PAUSE_MS)
      }
    }
    return false
  }
}

/** @throws HalError HAL_REFUSED when the device does not show itself selected: then nothing is operated */
async function select({ bus, unitId, map, mapped: { select: given } }: Target, operation: Operation): Promise<void> {
  if (given === undefined) return
  const { table, address, value, check, cancel } = given
  const giveUp = async (why: string, cause?: unknown): Promise<never> => {
    if (cancel !== undefined) await bus.write(unitId, table, address, cancel).catch(() => {})
    throw new HalError('HAL_REFUSED', `${map.name}: ${operation}: not selected: ${why}`, { cause })
  }
  try {
    await bus.write(unitId, table, address, value)
    const [shown] = await bus.read(unitId, check.table, check.address, 1, 'status')
    if (shown !== check.is) return await giveUp(`${check.table} ${check.address} read ${shown}, want ${check.is}`)
  } catch (cause) {
    if (!(cause instanceof HalError) || cause.code === 'HAL_REFUSED' || cause.code === 'HAL_UNREACHABLE') throw cause
    return giveUp(cause.message, cause)
  }
}

type UnitBlocks = readonly (Block & { readonly unitId: number })[]

export const blocksThatFeed = ({ map, unitId }: MappedUnit, feeds: Feed): UnitBlocks =>
  coverPoints(map, point => point.feeds === feeds).map(block => ({ ...block, unitId: block.unitId ?? unitId }))

/** @returns undefined where the device shows nothing valid there */
export async function readBack(bus: ModbusBus, blocks: UnitBlocks): Promise<unknown> {
  for (const block of blocks) {
    const [point] = decodeBlock(block, await bus.read(block.unitId, block.table, block.address, block.count, 'status'))
    if (point?.value !== undefined) return point.value
  }
  return undefined
}
