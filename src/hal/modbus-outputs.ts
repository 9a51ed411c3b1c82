// Outputs of a device behind Modbus: a level is written, and read back where the map says how.
//
// A level may be written twice, so a write whose answer was lost is sent again. One output of a device is written at a time:
// an operation of the switching device, which has a queue of its own, waits behind one such write at the most.

import { setTimeout as pause } from 'node:timers/promises'
import type { DeviceMap, MappedOutput } from './device-map.ts'
import type { MappedUnit } from './mapped-units.ts'
import type { ModbusBus } from './modbus-bus.ts'
import { blocksThatFeed, READ_BACK_PAUSE_MS, readBack } from './modbus-operate.ts'
import { HalError } from './port.ts'

interface Target {
  readonly bus: ModbusBus
  readonly unitId: number
  readonly map: DeviceMap
  readonly mapped: MappedOutput
  readonly shows: ReturnType<typeof blocksThatFeed>
}

export function driveOver(bus: ModbusBus, units: readonly MappedUnit[], isClosed: () => boolean) {
  const targets = new Map<string, Target>(
    units.flatMap(unit => [...unit.map.outputs].map(([name, mapped]) => [name, targetOf(unit, mapped)] as const)),
  )
  let last: Promise<void> = Promise.resolve()

  function targetOf(unit: MappedUnit, mapped: MappedOutput): Target {
    const shows = mapped.confirm === undefined ? [] : blocksThatFeed(unit, mapped.confirm.feeds)
    return { bus, unitId: mapped.unitId ?? unit.unitId, map: unit.map, mapped, shows }
  }

  return {
    names: [...targets.keys()],
    drive(output: string, on: boolean): Promise<void> {
      const target = targets.get(output)
      if (target === undefined) {
        const name = units[0]?.map.name
        return Promise.reject(new HalError('HAL_UNSUPPORTED', `${name}: output ${output}: not in the device map`))
      }
      const done = last.then(() => writeLevel(target, output, on, isClosed))
      last = done.catch(() => {})
      return done
    },
  }
}

async function writeLevel(target: Target, output: string, on: boolean, isClosed: () => boolean): Promise<void> {
  const { bus, unitId, map, shows } = target
  const { table, address, mask, confirm, timeoutMs, ...levels } = target.mapped
  const deadline = performance.now() + timeoutMs
  const masked = mask === undefined ? {} : { mask }
  let isWritten = false
  let shown: unknown = 'nothing'
  do {
    try {
      if (!isWritten) await bus.write(unitId, table, address, on ? levels.on : levels.off, masked)
      isWritten = true
      if (confirm === undefined) return
      shown = (await readBack(bus, shows)) ?? 'nothing'
      if (shown === (on ? confirm.is : !confirm.is)) return
    } catch (cause) {
      if (!(cause instanceof HalError) || isClosed()) throw cause
      if (!isWritten && (cause.code === 'HAL_UNREACHABLE' || cause.code === 'HAL_REFUSED')) throw cause
      shown = `nothing (${cause.code})`
    }
    await pause(READ_BACK_PAUSE_MS)
  } while (performance.now() < deadline && !isClosed())
  const what = confirm === undefined ? 'the write' : confirm.feeds
  throw new HalError(
    'HAL_TIMEOUT',
    `${map.name}: output ${output} ${on ? 'on' : 'off'}: ${what} read ${shown} for ${timeoutMs} ms: outcome unknown`,
  )
}
