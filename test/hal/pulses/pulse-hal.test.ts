// The driver over real sockets: an input module as a Modbus TCP server.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ServerTCP } from 'modbus-serial'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Hal } from '../../../src/hal/port.ts'
import { type PulseHalOptions, pulseHal } from '../../../src/hal/pulse-hal.ts'
import { totalFile } from '../../../src/hal/pulses/total-file.ts'
import { duration, instant, utcMs } from '../../../topology/units.ts'

const stops: (() => Promise<unknown>)[] = []
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pulses-'))
})
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
  rmSync(folder, { recursive: true })
})

interface InputModule {
  readonly port: number
  readonly registers: Map<number, number>
  readonly inputs: Map<number, boolean>
  reads: number
  stop(): Promise<void>
}

async function startModule(): Promise<InputModule> {
  const registers = new Map<number, number>()
  const inputs = new Map<number, boolean>()
  const count = <T>(value: T | undefined): T => {
    module.reads++
    if (value === undefined) throw { modbusErrorCode: 2 }
    return value
  }
  const vector = {
    getInputRegister: (address: number) => count(registers.get(address)),
    getDiscreteInput: (address: number) => count(inputs.get(address)),
  }
  const server = new ServerTCP(vector, { host: '127.0.0.1', port: '0' as unknown as number, unitID: 255 })
  server.on('socketError', () => {})
  server.on('error', () => {})
  await new Promise<void>(resolve => server.on('initialized', () => resolve()))
  const module: InputModule = {
    port: ((Reflect.get(server, '_server') as Server).address() as AddressInfo).port,
    registers,
    inputs,
    reads: 0,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of server.socks.keys() as IterableIterator<Socket>) socket.destroy()
      }),
  }
  stops.push(() => module.stop())
  return module
}

function open(port: number, more: Partial<PulseHalOptions>): Hal {
  const hal = pulseHal({
    host: '127.0.0.1',
    port,
    unitId: 1,
    timeoutMs: 500,
    source: { kind: 'counter', table: 'input', address: 4, words: 1, lowWordFirst: false },
    settings: {
      counterRange: 65_536n,
      mostPerSecond: 1000,
      debounce: duration(1),
      faultAfter: duration(100),
      contact: 'formC',
      bothEdges: true,
      doubtFor: duration(60_000),
    },
    wattHoursPerPulse: { numerator: 9n, denominator: 5n },
    feeds: 'importWh',
    demandWindow: duration(200),
    phases: ['a', 'b', 'c'],
    memory: totalFile(join(folder, 'total.json')),
    now: () => instant(performance.now()),
    utc: () => utcMs(Date.now()),
    ...more,
  })
  stops.push(() => hal.close())
  return hal
}
const code = (expected: string) => expect.objectContaining({ name: 'HalError', code: expected })

async function until<T>(look: () => Promise<T | undefined | false>, ms = 10_000): Promise<T> {
  for (const end = performance.now() + ms; performance.now() < end; await pause(5)) {
    const seen = await look()
    if (seen) return seen
  }
  throw new Error('did not come')
}

describe('a counter register of an input module', () => {
  it('is energy, and the mean power of a window', async () => {
    const module = await startModule()
    module.registers.set(4, 100)
    const hal = open(module.port, {})
    expect((await hal.measure()).importWh).toBe(180n)
    await pause(250)
    module.registers.set(4, 105)
    const { importWh, kw, doubts } = await hal.measure()
    expect([importWh, doubts]).toEqual([189n, undefined])
    // 9 Wh within 0.25 s or a little more, a third on each phase.
    expect(kw?.a).toBeGreaterThan(1)
    expect(kw?.a).toBeLessThanOrEqual((9 * 3.6) / 0.25 / 3)
    expect(kw?.b).toBe(kw?.a)
    expect(Object.keys(await hal.status())).toEqual(['at'])
  })
  it('of two words comes in either order', async () => {
    const module = await startModule()
    module.registers.set(4, 1).set(5, 2)
    const wide = { kind: 'counter', table: 'input', address: 4, words: 2 } as const
    const whole = { wattHoursPerPulse: { numerator: 1n, denominator: 1n } }
    const memory = (name: string) => ({ memory: totalFile(join(folder, name)) })
    const high = open(module.port, { ...whole, ...memory('high'), source: { ...wide, lowWordFirst: false } })
    const low = open(module.port, { ...whole, ...memory('low'), source: { ...wide, lowWordFirst: true } })
    expect([(await high.measure()).importWh, (await low.measure()).importWh]).toEqual([65_538n, 131_073n])
  })
  it('counts what is given, with power the other way', async () => {
    const module = await startModule()
    module.registers.set(4, 10)
    const hal = open(module.port, { feeds: 'exportWh', phases: ['b'] })
    await hal.measure()
    await pause(150)
    module.registers.set(4, 12)
    const { exportWh, importWh, kw } = await hal.measure()
    expect([exportWh, importWh, Object.keys(kw ?? {})]).toEqual([21n, undefined, ['b']])
    expect(kw?.b).toBeLessThan(0)
  })
  it('goes on after a restart, round its end', async () => {
    const module = await startModule()
    module.registers.set(4, 65_530)
    const first = open(module.port, {})
    await first.measure()
    await first.close()
    module.registers.set(4, 4)
    await pause(20)
    const { importWh, doubts } = await open(module.port, {}).measure()
    expect([importWh, doubts]).toEqual([(65_540n * 9n) / 5n, undefined])
  })
  it('is not begun anew when what was kept cannot be read', async () => {
    const module = await startModule()
    module.registers.set(4, 1)
    writeFileSync(join(folder, 'total.json'), '{"pulses": "-4"}')
    const hal = open(module.port, {})
    await expect(hal.measure()).rejects.toThrow(/total.json: no count of pulses/)
    expect(readFileSync(join(folder, 'total.json'), 'utf8')).toBe('{"pulses": "-4"}')
    writeFileSync(join(folder, 'total.json'), '{"pulses": "40", "utcMs": 0}')
    expect((await hal.measure()).importWh).toBe((41n * 9n) / 5n)
  })
  it('casts doubt on a count that cannot be kept, and counts', async () => {
    const module = await startModule()
    module.registers.set(4, 7)
    let full = true
    const memory = {
      load: async () => undefined,
      save: async () => {
        if (full) throw new Error('no space left on device')
      },
    }
    const hal = open(module.port, { memory })
    await hal.measure()
    expect(await hal.measure()).toMatchObject({ importWh: 12n, doubts: { importWh: ['inaccurate'] } })
    full = false
    await until(async () => (await hal.measure()).doubts === undefined)
  })
  it('that is not there is refused; a module that has gone is out of reach, and so is a closed one', async () => {
    const module = await startModule()
    const hal = open(module.port, {})
    await expect(hal.measure()).rejects.toEqual(code('HAL_REFUSED'))
    await module.stop()
    await expect(hal.measure()).rejects.toEqual(code('HAL_UNREACHABLE'))
    await hal.close()
    await hal.close()
    await expect(hal.measure()).rejects.toEqual(code('HAL_UNREACHABLE'))
    await expect(hal.status()).rejects.toEqual(code('HAL_UNREACHABLE'))
  })
})

describe('contacts on digital inputs', () => {
  const kyz = {
    source: {
      kind: 'contacts',
      y: { table: 'discrete', address: 8 },
      z: { table: 'discrete', address: 9 },
      pollMs: duration(5),
    },
    wattHoursPerPulse: { numerator: 1n, denominator: 1n },
  } as const
  const show = ({ inputs }: InputModule, y: boolean, z: boolean): void => void inputs.set(8, y).set(9, z)
  /** The module has been looked at, twice: what it shows was seen. */
  async function seen(module: InputModule): Promise<void> {
    const before = module.reads
    await until(async () => module.reads >= before + 4)
  }

  it('are seen to change, and are at fault when they show what they cannot', async () => {
    const module = await startModule()
    show(module, true, false)
    const hal = open(module.port, kyz)
    expect((await hal.measure()).importWh).toBe(0n)
    for (let i = 0; i < 6; i++) {
      show(module, i % 2 === 1, i % 2 === 0)
      await seen(module)
    }
    expect((await hal.measure()).importWh).toBe(6n)
    show(module, true, true)
    await until(async () => (await hal.measure()).doubts?.importWh?.includes('failure'))
    expect((await hal.measure()).importWh).toBe(6n)
  })
  it('keep their count over a restart, and say that some may be missing', async () => {
    const module = await startModule()
    show(module, true, false)
    const first = open(module.port, kyz)
    await first.measure()
    show(module, false, true)
    await seen(module)
    await first.close()
    const { importWh, doubts } = await open(module.port, kyz).measure()
    expect([importWh, doubts?.importWh]).toEqual([1n, ['inaccurate']])
  })
  it('on bits of a register, and of form A', async () => {
    const module = await startModule()
    module.registers.set(2, 0)
    const y = { table: 'input', address: 2, bit: 3 } as const
    const hal = open(module.port, {
      ...kyz,
      source: { kind: 'contacts', y, pollMs: duration(5) },
      settings: {
        counterRange: 2n ** 16n,
        mostPerSecond: 50,
        debounce: duration(1),
        faultAfter: duration(100),
        contact: 'formA',
        bothEdges: false,
        doubtFor: duration(1000),
      },
    })
    await hal.measure()
    for (const value of [8, 7, 0xffff, 0]) {
      module.registers.set(2, value)
      await seen(module)
    }
    expect((await hal.measure()).importWh).toBe(2n)
  })
  it('are out of reach with their module, and say that some may be missing when it is back', async () => {
    const module = await startModule()
    show(module, true, false)
    const hal = open(module.port, { ...kyz, timeoutMs: 100 })
    await hal.measure()
    module.inputs.clear()
    await until(() =>
      hal.measure().then(
        () => false,
        error => error.code === 'HAL_REFUSED',
      ),
    )
    show(module, true, false)
    await until(() =>
      hal.measure().then(
        ({ doubts }) => doubts?.importWh?.includes('inaccurate'),
        () => false,
      ),
    )
  })
})
