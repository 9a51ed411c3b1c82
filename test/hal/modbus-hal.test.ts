import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { modbusHal, type OperatingHal, parseDeviceMap } from '../../src/hal/index.ts'
import { type ModbusBus, modbusBus } from '../../src/hal/modbus-bus.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { stopwatch } from '../stalls.ts'
import { exception, frame, type RawDevice, type RawRequest, startRawDevice } from './raw-device.ts'

const MAP = parseDeviceMap(
  `
deviceMap: 1
name: breaker
points:
  - { feeds: kw.a, table: input, address: 0, type: int16 }
  - { feeds: position, table: coil, address: 9, type: bool }
operations:
  open: { table: coil, address: 0, value: true, confirm: { feeds: position, is: open }, timeoutMs: 1000 }
  close: { table: coil, address: 1, value: true, confirm: { feeds: position, is: closed }, timeoutMs: 5000 }
`,
  'breaker.yaml',
)

let device: RawDevice
let hal: OperatingHal
const halFor = (port: number): OperatingHal => modbusHal(optionsFor(port))
const optionsFor = (port: number) => ({
  host: '127.0.0.1',
  port,
  unitId: 3,
  map: MAP,
  timeoutMs: 500,
  now: () => instant(performance.now()),
  utc: () => utcMs(0),
})
const code = (expected: string) => expect.objectContaining({ name: 'HalError', code: expected })

/** Asks until it is answered: for a device that comes back. */
async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  for (let left = 100; ; left--) {
    try {
      return await ask()
    } catch (error) {
      if (left === 0) throw error
      await pause(50)
    }
  }
}

beforeEach(async () => {
  device = await startRawDevice()
  device.registers.set(0, 42)
  device.coils.set(9, true)
  device.onWrite = () => device.coils.set(9, false)
  hal = halFor(device.port)
})
afterEach(async () => {
  await hal.close()
  await device.stop()
})

const garbage: { it: string; answer: (request: RawRequest) => Buffer; code: string }[] = [
  { it: 'too few registers', answer: r => frame(r, 4, 0), code: 'HAL_BAD_FRAME' },
  { it: 'a count of bytes that is not true', answer: r => frame(r, 4, 0, 0, 0), code: 'HAL_BAD_FRAME' },
  { it: 'more than was asked', answer: r => frame(r, 4, 4, 0, 1, 0, 2), code: 'HAL_BAD_FRAME' },
  { it: 'another function', answer: r => frame(r, 3, 2, 0, 1), code: 'HAL_BAD_FRAME' },
  { it: 'another unit', answer: r => frame({ ...r, unit: 4 }, 4, 2, 0, 1), code: 'HAL_BAD_FRAME' },
  { it: 'an empty frame', answer: r => frame(r), code: 'HAL_BAD_FRAME' },
  { it: 'a frame of no length', answer: r => frame(r, 4, 2, 0, 1).fill(0, 4, 6), code: 'HAL_BAD_FRAME' },
  {
    it: 'the answer to another question',
    answer: r => frame({ ...r, transaction: 77 }, 4, 2, 0, 1),
    code: 'HAL_TIMEOUT',
  },
  { it: 'noise', answer: () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), code: 'HAL_TIMEOUT' },
  { it: 'exception 2', answer: r => exception(r, 2), code: 'HAL_REFUSED' },
  { it: 'an exception without meaning', answer: r => exception(r, 99), code: 'HAL_REFUSED' },
  { it: 'the exception of a gateway whose device is dead', answer: r => exception(r, 11), code: 'HAL_UNREACHABLE' },
]

describe('modbusHal', () => {
  for (const c of garbage) {
    it(`turns ${c.it} into ${c.code}, and asks again next time`, async () => {
      device.answer = c.answer
      await expect(hal.measure()).rejects.toEqual(code(c.code))
      device.answer = undefined
      expect((await hal.measure()).kw).toEqual({ a: 42 })
    })
  }

  it('takes an answer that comes byte by byte', async () => {
    device.answer = (_, socket, honest) => {
      void (async () => {
        for (const byte of honest()) {
          socket.write(Buffer.from([byte]))
          await pause(2)
        }
      })()
      return undefined
    }
    expect((await hal.measure()).kw).toEqual({ a: 42 })
  })

  it('finds its answer behind those to older questions', async () => {
    device.answer = (r, _, honest) =>
      Buffer.concat([frame({ ...r, transaction: r.transaction - 1 }, 4, 2, 0, 9), honest(), frame(r, 4, 2, 0, 8)])
    expect((await hal.measure()).kw).toEqual({ a: 42 })
    expect((await hal.measure()).kw).toEqual({ a: 42 })
  })

  it('reads what is asked for together in one request', async () => {
    const text = `
deviceMap: 1
name: meter
points:
  - { feeds: kw.a, table: input, address: 0, type: int16 }
  - { feeds: importWh, table: input, address: 2, type: uint32 }
`
    const meter = modbusHal({ ...optionsFor(device.port), map: parseDeviceMap(text, 'meter.yaml') })
    for (const [address, value] of [0, 0, 7].entries()) device.registers.set(address + 1, value)
    expect(await meter.measure(['measurement', 'energy'])).toMatchObject({ kw: { a: 42 }, importWh: 7n })
    expect(device.requests.map(r => [r.address, r.operand])).toEqual([[0, 4]])
    expect(await meter.measure(['energy'])).toMatchObject({ importWh: 7n })
    expect(device.requests.map(r => [r.address, r.operand])).toEqual([
      [0, 4],
      [2, 2],
    ])
    await meter.close()
  })

  it('gives up on a silent device after its time-out', async () => {
    device.answer = () => undefined
    await expect(hal.measure()).rejects.toEqual(code('HAL_TIMEOUT'))
  })

  it('keeps one connection while all goes well, exceptions included', async () => {
    await hal.measure()
    device.answer = r => exception(r, 2)
    await hal.measure().catch(() => {})
    device.answer = undefined
    await hal.measure()
    expect(device.connections()).toBe(1)
  })

  it('does not wait for the time-out when the device hangs up', async () => {
    device.answer = (_, socket) => {
      socket.resetAndDestroy()
      return undefined
    }
    const patient = modbusHal({
      host: '127.0.0.1',
      port: device.port,
      unitId: 1,
      map: MAP,
      timeoutMs: 15_000,
      now: () => instant(0),
      utc: () => utcMs(0),
    })
    await expect(patient.measure()).rejects.toEqual(code('HAL_UNREACHABLE'))
    await patient.close()
  })

  it('finds a device that restarts', async () => {
    await hal.measure()
    const { port } = device
    await device.stop()
    await expect(hal.measure()).rejects.toEqual(code('HAL_UNREACHABLE'))
    device = await startRawDevice(port)
    device.registers.set(0, 43)
    expect((await eventually(() => hal.measure())).kw).toEqual({ a: 43 })
  })

  it('is patient with a busy device, within bounds', async () => {
    let busy = 3
    device.answer = (r, _, honest) => (busy-- > 0 ? exception(r, 6) : honest())
    expect((await hal.measure()).kw).toEqual({ a: 42 })
    device.answer = r => exception(r, 5)
    device.requests.length = 0
    await expect(hal.measure()).rejects.toEqual(code('HAL_REFUSED'))
    expect(device.requests).toHaveLength(5)
  })

  it('repeats a write whose answer was lost', async () => {
    let isLost = false
    device.answer = (request, _, honest) => {
      if (request.code !== 5 || isLost) return honest()
      isLost = true
      return undefined
    }
    await hal.operate('open')
    expect(device.requests.filter(r => r.code === 5)).toHaveLength(2)
  })

  it('goes on reading back through a dropped connection', async () => {
    let drops = 2
    device.answer = (request, socket, honest) => {
      if (request.code !== 1 || drops-- <= 0) return honest()
      socket.destroy()
      return undefined
    }
    await hal.operate('open')
    expect(device.requests.filter(r => r.code === 5)).toHaveLength(1)
  })

  it('is refused by the device at once', async () => {
    device.answer = (request, _, honest) => (request.code === 5 ? exception(request, 4) : honest())
    await expect(hal.operate('open')).rejects.toEqual(code('HAL_REFUSED'))
  })

  it('does not take a false echo for done', async () => {
    device.onWrite = undefined
    device.answer = (request, _, honest) => (request.code === 5 ? frame(request, 5, 0, 1, 0xff, 0) : honest())
    await expect(hal.operate('open')).rejects.toEqual(code('HAL_TIMEOUT'))
  })

  it('opens at once though a closing is not confirmed, and writes that one no more', async () => {
    device.coils.set(9, false)
    device.onWrite = undefined
    const elapsed = stopwatch()
    const closings = Promise.allSettled([hal.operate('close'), hal.operate('close')])
    await pause(100)
    await hal.operate('open')
    expect(elapsed()).toBeLessThan(2000)
    const [first, second] = await closings
    expect(first).toEqual({ status: 'rejected', reason: code('HAL_TIMEOUT') })
    expect(second).toEqual({ status: 'rejected', reason: code('HAL_REFUSED') })
    expect(device.requests.filter(r => r.code === 5)).toHaveLength(2)
  })

  it('has no way to write when it is read only', async () => {
    const reader = modbusHal({ ...optionsFor(device.port), readOnly: true })
    expect(reader).not.toHaveProperty('operate')
    await reader.measure()
    expect(device.requests.map(r => r.code)).toEqual([4])
    await reader.close()
  })

  it('ends what is under way when it is closed', async () => {
    device.answer = () => undefined
    const outcomes = Promise.allSettled([hal.measure(), hal.operate('open')])
    await hal.close()
    const unreachable = { status: 'rejected', reason: code('HAL_UNREACHABLE') }
    expect(await outcomes).toEqual([unreachable, unreachable])
  })
})

describe('a modbus bus', () => {
  let bus: ModbusBus
  beforeEach(() => {
    bus = modbusBus({ host: '127.0.0.1', port: device.port, timeoutMs: 500 })
  })
  afterEach(() => bus.close())

  it('asks each unit its own question, one after the other', async () => {
    device.answer = r => frame(r, 4, 2, 0, r.unit)
    const answers = await Promise.all([1, 2, 3, 4].map(unit => bus.read(unit, 'input', 0, 1)))
    expect(answers).toEqual([[1], [2], [3], [4]])
  })

  it('lets a write go before reads that wait', async () => {
    const reads = [1, 2, 3].map(() => bus.read(1, 'input', 0, 1))
    await Promise.all([...reads, bus.write(1, 'coil', 0, true)])
    expect(device.requests.map(r => r.code)).toEqual([4, 5, 4, 4])
  })

  it('refuses more than its queue holds', async () => {
    const reads = Array.from({ length: 100 }, () => bus.read(1, 'input', 0, 1))
    const results = await Promise.allSettled(reads)
    expect(results.filter(r => r.status === 'fulfilled')).toHaveLength(65) // one under way and 64 that wait
  })

  it('does not hammer a closed port', async () => {
    const { port } = device
    await device.stop()
    await expect(bus.read(1, 'input', 0, 1)).rejects.toThrow(/ECONNREFUSED/)
    await expect(bus.read(1, 'input', 0, 1)).rejects.toThrow(/next attempt in \d+ ms/)
    device = await startRawDevice(port)
  })
})
