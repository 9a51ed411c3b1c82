// The serial driver against a server that this project did not write, over a pair of pseudo terminals.

import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modbusHal, type OperatingHal, parseDeviceMap } from '../../src/hal/index.ts'
import { modbusBus } from '../../src/hal/modbus-bus.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { noSerialLines, type SerialPair, serialPair } from '../hal/serial-line.ts'
import { kill, noPymodbus, PYMODBUS_MAP, startServer } from './pymodbus-process.ts'

const reason = noPymodbus() ?? noSerialLines
describe.skipIf(reason)(`a serial line with a pymodbus server${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let line: SerialPair
  let server: ChildProcess | undefined
  const lineOptions = { baudRate: 19_200, parity: 'none', dataBits: 8, stopBits: 1, timeoutMs: 3_000 } as const

  beforeAll(async () => {
    line = await serialPair()
    server = await startServer(line.far)
  })
  afterAll(async () => {
    await kill(server)
    await line?.cut()
  })

  function open(): OperatingHal {
    const map = parseDeviceMap(readFileSync(PYMODBUS_MAP, 'utf8'), 'pymodbus-device.yaml')
    const clock = { now: () => instant(performance.now()), utc: () => utcMs(0) }
    return modbusHal({ ...lineOptions, path: line.near, unitId: 1, map, ...clock })
  }

  it('measures, and operates a breaker that takes its time', async () => {
    const hal = open()
    try {
      const { at: _at, utc: _utc, rollsOverAt: _rollsOverAt, ...shown } = await hal.measure()
      expect(shown).toEqual({ volts: { a: 2401.5 }, kw: { a: -12.34 }, temperatureC: 25.3, importWh: 70_000_000n })
      expect(await hal.status()).toMatchObject({ position: 'closed' })
      await hal.operate('open')
      expect(await hal.status()).toMatchObject({ position: 'open' })
    } finally {
      await hal.close()
    }
  })

  it('writes registers, reads them back, and hears an exception', async () => {
    const bus = modbusBus({ ...lineOptions, path: line.near })
    try {
      await bus.write(1, 'holding', 7, 0xbeef)
      await bus.write(1, 'holding', 8, [1, 0x8000, 3])
      await bus.write(1, 'holding', 11, 0x0100, { mask: 0x0f00 })
      expect(await bus.read(1, 'holding', 7, 5)).toEqual([0xbeef, 1, 0x8000, 3, 0x0100])
      await expect(bus.read(1, 'holding', 5000, 2)).rejects.toMatchObject({ code: 'HAL_REFUSED' })
      await expect(bus.read(1, 'holding', 5000, 2)).rejects.toThrow(/exception 2/)
      expect(await bus.read(1, 'holding', 7, 1)).toEqual([0xbeef])
    } finally {
      await bus.close()
    }
  })

  it('is answered again after the server was killed', async () => {
    const hal = open()
    try {
      await hal.measure()
      await kill(server)
      await expect(hal.measure()).rejects.toMatchObject({ name: 'HalError' })
      server = await startServer(line.far)
      for (let left = 200; (await hal.measure().catch(() => undefined)) === undefined; left--) {
        if (left === 0) throw new Error('not answered again')
        await pause(50)
      }
    } finally {
      await hal.close()
    }
  })
})
