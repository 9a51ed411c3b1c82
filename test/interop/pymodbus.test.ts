// The Modbus adapter against a server that this project did not write.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Hal, modbusHal, parseDeviceMap } from '../../src/hal/index.ts'
import { instant, utcMs } from '../../topology/units.ts'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Resolves once it accepts connections. */
async function startServer(port: number): Promise<ChildProcess> {
  const server = spawn('/usr/bin/python3', [here('pymodbus_server.py'), String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await Promise.race([
    once(server.stdout as NodeJS.ReadableStream, 'data'),
    once(server, 'exit').then(([status]) => Promise.reject(new Error(`pymodbus_server.py ended with ${status}`))),
  ])
  return server
}

async function kill(server: ChildProcess | undefined): Promise<void> {
  if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
  server.kill('SIGKILL')
  await once(server, 'exit')
}

describe('modbusHal with a pymodbus server', () => {
  let port: number
  let server: ChildProcess | undefined
  let hal: Hal

  beforeAll(async () => {
    const found = spawnSync('/usr/bin/python3', ['-c', 'import pymodbus.server, serial_asyncio'])
    if (found.status !== 0) throw new Error('pymodbus is missing: run `bash scripts/install-test-tools.sh`')
    port = await freePort()
    server = await startServer(port)
    hal = modbusHal({
      host: '127.0.0.1',
      port,
      unitId: 1,
      map: parseDeviceMap(readFileSync(here('pymodbus-device.yaml'), 'utf8'), 'pymodbus-device.yaml'),
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
    expect(shown).toEqual({ volts: { a: 2401.5 }, kw: { a: -12.34 }, temperatureC: 25.3, importWh: 70_000_000n })
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
