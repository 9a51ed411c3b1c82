// A client that this project did not write reads what the agent reads, and operates what the agent then sees.

import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { ServerSerial } from 'modbus-serial'
import { afterEach, describe, expect, it } from 'vitest'
import { startDeviceHost } from '../../sim/devices/device-host.ts'
import { type Hal, modbusHal, parseDeviceMap } from '../../src/hal/index.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { noSerialLines, serialPair } from '../hal/serial-line.ts'
import { smallFeeder } from '../sim/small-feeder.ts'
import { DEVICE_MAP } from '../system/site.ts'
import { mbpoll, noMbpoll } from './mbpoll.ts'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})
const clock = { now: () => instant(performance.now()), utc: () => utcMs(0) }
function closedAtEnd<H extends Hal>(hal: H): H {
  stops.push(() => hal.close())
  return hal
}

describe.skipIf(noMbpoll)(`mbpoll over TCP${noMbpoll ? ` (skipped: ${noMbpoll})` : ''}`, () => {
  it('reads a simulated device as the agent does, and opens its breaker', async () => {
    const host = await startDeviceHost({ file: smallFeeder() })
    stops.push(() => host.stop())
    const port = host.ports.get('recloser') ?? 0
    const map = parseDeviceMap(readFileSync(DEVICE_MAP, 'utf8'), DEVICE_MAP)
    const hal = closedAtEnd(modbusHal({ host: '127.0.0.1', port, unitId: 1, map, timeoutMs: 3000, ...clock }))
    const at = ['-m', 'tcp', '-p', String(port), '-a', '1', '127.0.0.1']

    const { volts, frequencyHz, temperatureC } = await hal.measure()
    const floats = await mbpoll(...at, '-t', '3:float', '-B', '-r', '0', '-c', '14')
    expect(Number(floats.get(0))).toBeCloseTo(volts?.a ?? Number.NaN, -1) // the load of the day goes on between the two
    expect([floats.get(24), floats.get(26)].map(Number)).toEqual([frequencyHz, temperatureC])

    expect((await mbpoll(...at, '-t', '3', '-r', '100', '-c', '1')).get(100)).toBe('2')
    expect((await hal.status()).position).toBe('closed')
    await mbpoll(...at, '-t', '0', '-r', '0', '1')
    for (let left = 200; (await hal.status()).position !== 'open'; left--) {
      if (left === 0) throw new Error('the breaker did not open')
      await pause(20) // it takes its time
    }
    expect((await mbpoll(...at, '-t', '3', '-r', '100', '-c', '1')).get(100)).toBe('1')
  })
})

const reason = noMbpoll ?? noSerialLines
describe.skipIf(reason)(`mbpoll over a serial line${reason ? ` (skipped: ${reason})` : ''}`, () => {
  it('reads what the agent reads', async () => {
    const line = await serialPair()
    stops.push(() => line.cut())
    const image = [0x4366, 0x4000, 0xfb2e, 17]
    const getInputRegister = (address: number): number => image[address] ?? 0
    const server = new ServerSerial({ getInputRegister }, { path: line.far, baudRate: 19_200, unitID: 7 })
    stops.push(() => new Promise<void>(resolve => server.close(() => resolve())))
    await new Promise<void>(resolve => server.on('initialized', () => resolve()))

    const at = ['-m', 'rtu', '-b', '19200', '-P', 'none', '-a', '7', line.near]
    expect((await mbpoll(...at, '-t', '3:float', '-B', '-r', '0', '-c', '1')).get(0)).toBe('230.25')
    expect([...(await mbpoll(...at, '-t', '3', '-r', '2', '-c', '2')).values()]).toEqual(['-1234', '17'])

    const text = `
deviceMap: 1
name: meter
points:
  - { feeds: volts.a, table: input, address: 0, type: float32 }
  - { feeds: kw.a, table: input, address: 2, type: int16 }
  - { feeds: temperatureC, table: input, address: 3, type: uint16 }
`
    const serial = { path: line.near, baudRate: 19_200, parity: 'none', dataBits: 8, stopBits: 1 } as const
    const map = parseDeviceMap(text, 'meter.yaml')
    const hal = closedAtEnd(modbusHal({ ...serial, unitId: 7, map, timeoutMs: 3000, ...clock }))
    expect(await hal.measure()).toMatchObject({ volts: { a: 230.25 }, kw: { a: -1234 }, temperatureC: 17 })
  })
})
