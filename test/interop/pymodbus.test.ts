// The Modbus adapter against a server that this project did not write.

import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/free-port.ts'
import { modbusHal, type OperatingHal, parseDeviceMap } from '../../src/hal/index.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { kill, PYMODBUS_MAP, startServer, wantPymodbus } from './pymodbus-process.ts'

describe('modbusHal with a pymodbus server', () => {
  let port: number
  let server: ChildProcess | undefined
  let hal: OperatingHal

  beforeAll(async () => {
    wantPymodbus()
    port = await freePort()
    server = await startServer(port)
    hal = modbusHal({
      host: '127.0.0.1',
      port,
      unitId: 1,
      map: parseDeviceMap(readFileSync(PYMODBUS_MAP, 'utf8'), 'pymodbus-device.yaml'),
      timeoutMs: 2_000,
      now: () => instant(performance.now()),
      utc: () => utcMs(0),
    })
  })
  afterAll(async () => {
    await hal?.close()
    await kill(server)
  })

  it('measures', async () => {
    const { at: _at, utc: _utc, ...shown } = await hal.measure()
    expect(shown).toEqual({
      volts: { a: 2401.5 },
      kw: { a: -12.34 },
      temperatureC: 25.3,
      importWh: 70_000_000n,
      rollsOverAt: { importWh: 2n ** 32n * 1000n },
    })
  })

  it('reads the status', async () => {
    expect(await hal.status()).toMatchObject({ position: 'closed' })
  })

  it('operates a breaker that takes its time', async () => {
    await hal.operate('open')
    expect(await hal.status()).toMatchObject({ position: 'open' })
    await hal.operate('close')
    expect(await hal.status()).toMatchObject({ position: 'closed' })
  })

  it('finds the server again after it was killed', async () => {
    await kill(server)
    await expect(hal.measure()).rejects.toMatchObject({ code: 'HAL_UNREACHABLE' })
    server = await startServer(port)
    for (let left = 200; ; left--) {
      const measured = await hal.measure().catch(() => undefined)
      if (measured !== undefined) break
      if (left === 0) throw new Error('not found again')
      await pause(50)
    }
    await hal.operate('open')
    expect(await hal.status()).toMatchObject({ position: 'open' })
  })
})
