import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import modbus from 'modbus-serial'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type DeviceHost, startDeviceHost } from '../../sim/devices/device-host.ts'
import type { RemoteDeviceHost } from '../../sim/devices/device-host-client.ts'
import { type Hal, modbusHal, type OperatingHal, parseDeviceMap, type Status } from '../../src/hal/index.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { stopwatch } from '../stalls.ts'
import { smallFeeder } from './small-feeder.ts'

const MAP_FILE = 'sim/maps/feedermesh-device.yaml'
const MAP = parseDeviceMap(readFileSync(MAP_FILE, 'utf8'), MAP_FILE)

const hals: Hal[] = []
function halFor(ports: ReadonlyMap<string, number>, ied: string): OperatingHal {
  const hal = modbusHal({
    host: '127.0.0.1',
    port: ports.get(ied) ?? 0,
    unitId: 1,
    map: MAP,
    timeoutMs: 2_000,
    now: () => instant(performance.now()),
    utc: () => utcMs(0),
  })
  hals.push(hal)
  return hal
}

async function until(hal: Hal, wanted: (status: Status) => boolean): Promise<Status> {
  for (let left = 500; left > 0; left--) {
    const status = await hal.status()
    if (wanted(status)) return status
    await pause(10)
  }
  throw new Error('not seen')
}

/** Nothing listens there any more. */
const isClosed = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })

let host: DeviceHost
beforeEach(async () => {
  host = await startDeviceHost({ file: smallFeeder() })
})
afterEach(async () => {
  await Promise.all(hals.splice(0).map(hal => hal.close()))
  await host.stop()
})

describe('the device host', () => {
  it('serves every IED by the shipped map', async () => {
    const meter = await halFor(host.ports, 'meter').measure()
    expect(meter).toMatchObject({ kw: { a: expect.closeTo(100, 3) }, frequencyHz: 50, temperatureC: 25 })
    expect(meter.volts?.a).toBeGreaterThan(2000)
    expect(meter.exportWh).toBe(0n)
    expect(await halFor(host.ports, 'meter').status()).toEqual({
      at: expect.any(Number),
      shed: false,
      pickup: false,
      highSet: false,
      tripped: false,
      lockedOut: false,
      sag: false,
      dead: false,
      farDead: false,
      inSync: false,
      entered: 0,
      left: 0,
    })
    expect(await halFor(host.ports, 'tie').status()).toMatchObject({ position: 'open' })
  })

  it('shows a disturbance at the next read', async () => {
    const recloser = halFor(host.ports, 'recloser')
    await recloser.status()
    const before = process.hrtime.bigint()
    const at = host.disturb({ section: 's2', residualPu: 0.5 })
    expect(await recloser.status()).toMatchObject({ entered: 1, left: 0, residualPu: 0.5 })
    expect(at >= before && at <= process.hrtime.bigint()).toBe(true)
    host.clearDisturbance('s2')
    const status = await recloser.status()
    expect(status).toMatchObject({ entered: 0 })
    expect(status.residualPu).toBeUndefined()
  })

  it('trips the relay nearest the fault by its definite time', async () => {
    const recloser = halFor(host.ports, 'recloser')
    host.fault({ section: 's2' })
    expect(await recloser.status()).toMatchObject({ pickup: true, tripped: false, position: 'closed' })
    expect(await until(recloser, s => s.position === 'open')).toMatchObject({ pickup: false, tripped: true })
    expect(await halFor(host.ports, 'relay').status()).toMatchObject({
      position: 'closed',
      tripped: false,
      pickup: false,
    })
    expect(await halFor(host.ports, 'meter').status()).toMatchObject({ dead: true })
    expect(host.snapshot()).toMatchObject({ deadNodes: ['N2'], positions: { R2: 'open', CB: 'closed' } })
    host.clearFault('s2')
    await recloser.operate('close')
    expect(await recloser.status()).toMatchObject({ position: 'closed', tripped: false })
  })

  it('leaves a stuck breaker to the one above', async () => {
    host.stickBreaker('R2', true)
    host.fault({ section: 's2' })
    const relay = halFor(host.ports, 'relay')
    await until(relay, s => s.position === 'open')
    expect(await relay.status()).toMatchObject({ tripped: true })
    expect(await halFor(host.ports, 'recloser').status()).toMatchObject({
      position: 'closed',
      tripped: true,
      dead: true,
    })
  })

  it('operates a breaker, a contactor and a load', async () => {
    const recloser = halFor(host.ports, 'recloser')
    await recloser.operate('open')
    expect(await recloser.status()).toMatchObject({ position: 'open', tripped: false })
    await recloser.operate('close')
    const generator = halFor(host.ports, 'generator')
    await generator.operate('open')
    expect(host.snapshot().disconnected).toEqual(['G2'])
    const meter = halFor(host.ports, 'meter')
    await meter.operate('shed')
    expect((await meter.measure()).kw?.a).toBeCloseTo(60, 3)
    await meter.operate('restore')
    expect(host.snapshot().shed).toEqual([])
  })

  it('refuses what the device lacks', async () => {
    await expect(halFor(host.ports, 'meter').operate('open')).rejects.toMatchObject({ code: 'HAL_REFUSED' })
    await expect(halFor(host.ports, 'relay').operate('shed')).rejects.toMatchObject({ code: 'HAL_REFUSED' })
  })

  it('probes a temperature', async () => {
    host.probeTemperature('bank', 81.5)
    expect((await halFor(host.ports, 'bank').measure()).temperatureC).toBe(81.5)
  })

  it('counts energy until the load scale is 0', async () => {
    const fast = await startDeviceHost({ file: smallFeeder(), speed: 36_000 }) // 10 h in each second
    const meter = halFor(fast.ports, 'meter')
    while (fast.registers('meter').importWh < 100_000n) await pause(5)
    while (fast.registers('generator').exportWh < 100_000n) await pause(5)
    fast.setLoadScale(0)
    const stopped = fast.registers('meter')
    await pause(30)
    expect(fast.registers('meter')).toEqual(stopped)
    expect(await meter.measure()).toMatchObject(stopped)
    await fast.stop()
  })

  it('takes the ports it is given, and closes all when one is taken', async () => {
    const taken = host.ports.get('meter') ?? 0
    await expect(startDeviceHost({ file: smallFeeder(), ports: new Map([['rtu', taken]]) })).rejects.toThrow(
      /EADDRINUSE/,
    )
  })

  it('stops twice, with clients connected, within a second', async () => {
    await halFor(host.ports, 'meter').status()
    const elapsed = stopwatch()
    await Promise.all([host.stop(), host.stop()])
    expect(elapsed()).toBeLessThan(1000)
    for (const port of host.ports.values()) expect(await isClosed(port)).toBe(true)
  })
})

const requests = [
  { it: 'a register between the blocks', ask: (c: Client) => c.readInputRegisters(50, 1), code: 2 },
  { it: 'a block that begins well and ends outside', ask: (c: Client) => c.readInputRegisters(100, 8), code: 2 },
  { it: 'the register before a block', ask: (c: Client) => c.readInputRegisters(99, 2), code: 2 },
  { it: 'the last address there is', ask: (c: Client) => c.readInputRegisters(65_535, 2), code: 2 },
  { it: 'more than 125 registers', ask: (c: Client) => c.readInputRegisters(0, 126), code: 3 },
  { it: 'a holding register', ask: (c: Client) => c.readHoldingRegisters(0, 1), code: 2 },
  { it: 'two holding registers', ask: (c: Client) => c.readHoldingRegisters(0, 2), code: 2 },
  { it: 'a discrete input', ask: (c: Client) => c.readDiscreteInputs(0, 1), code: 2 },
  { it: 'a coil that no device has', ask: (c: Client) => c.writeCoil(4, true), code: 2 },
  { it: 'a register write', ask: (c: Client) => c.writeRegister(0, 1), code: 2 },
  { it: 'a write of many registers', ask: (c: Client) => c.writeRegisters(0, [1, 2]), code: 2 },
]
type Client = InstanceType<typeof modbus.default>

describe('a simulated device', () => {
  for (const c of requests) {
    it(`answers ${c.it} with exception ${c.code}`, async () => {
      const client = new modbus.default()
      await client.connectTCP('127.0.0.1', { port: host.ports.get('recloser') ?? 0 })
      client.setTimeout(2_000)
      await expect(c.ask(client)).rejects.toMatchObject({ modbusCode: c.code })
      expect((await client.readCoils(0, 2)).data.slice(0, 2)).toEqual([false, true])
      await new Promise<void>(resolve => client.close(() => resolve()))
    })
  }

  it('is described by its README as by its map', () => {
    const readme = readFileSync('sim/devices/README.md', 'utf8').replaceAll(/ +/g, ' ')
    for (const { feeds, table, address, type } of MAP.points) {
      expect(readme).toContain(`| ${table} | ${address} | ${type} | \`${feeds}\``)
    }
  })
})

describe('the device host in a process of its own', () => {
  const CLIENT = fileURLToPath(new URL('../../dist/sim/devices/device-host-client.js', import.meta.url))
  const fork = async (ports?: ReadonlyMap<string, number>): Promise<RemoteDeviceHost> => {
    if (!existsSync(CLIENT)) throw new Error('dist is missing: run `npm run build`')
    const { forkDeviceHost } = (await import(CLIENT)) as typeof import('../../sim/devices/device-host-client.ts')
    return forkDeviceHost({ file: smallFeeder(), ...(ports === undefined ? {} : { ports }) })
  }

  it('offers the same methods, and is gone after stop', async () => {
    const remote = await fork()
    const recloser = halFor(remote.ports, 'recloser')
    expect(await remote.registers('meter')).toMatchObject({ exportWh: 0n })
    const before = process.hrtime.bigint()
    const at = await remote.disturb({ section: 's2', residualPu: 0.5 })
    expect(at >= before && at <= process.hrtime.bigint()).toBe(true)
    expect(await recloser.status()).toMatchObject({ entered: 1 })
    expect((await remote.snapshot()).disturbances).toEqual([{ section: 's2', residualPu: 0.5 }])
    await expect(remote.fault({ section: 'nowhere' })).rejects.toThrow('section nowhere: not in the feeder file')
    await remote.stop()
    await remote.stop()
    expect(await isClosed(remote.ports.get('recloser') ?? 0)).toBe(true)
    await expect(remote.snapshot()).rejects.toThrow('device host: ended')
  })

  it('says why it cannot start', async () => {
    await expect(fork(new Map([['meter', host.ports.get('meter') ?? 0]]))).rejects.toThrow(/EADDRINUSE/)
  })
})

describe('a hand at a device', () => {
  it('opens and closes it, and what happened is told with who lost supply', async () => {
    const file = smallFeeder()
    const host = await startDeviceHost({ file })
    try {
      const device = file.devices.find(({ kind, normal }) => kind === 'recloser' && normal !== 'open')?.name as string
      host.operate(device, 'open')
      for (let n = 0; n < 200 && !host.history().events.some(({ kind }) => kind === 'open'); n++) await pause(10)
      expect(host.history().supply.some(({ supplied }) => !supplied)).toBe(true)
      host.operate(device, 'closed')
      const { events, supply } = host.history()
      expect(events.filter(each => each.device === device).map(({ kind }) => kind)).toEqual(['open', 'close'])
      const dark = new Set(supply.filter(({ supplied }) => !supplied).map(({ load }) => load))
      const back = new Set(supply.filter(({ supplied }) => supplied).map(({ load }) => load))
      expect(back).toEqual(dark)
      expect(() => host.operate('nothing', 'open')).toThrow(RangeError)
    } finally {
      await host.stop()
    }
  })
})
