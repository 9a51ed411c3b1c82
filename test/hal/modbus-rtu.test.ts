// Modbus RTU over a real serial port (a pseudo terminal): what the line can do wrong, and who shares it.

import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Hal, modbusHal, type OperatingHal, parseDeviceMap } from '../../src/hal/index.ts'
import { type ModbusBus, modbusBus } from '../../src/hal/modbus-bus.ts'
import { crc16, findAnswer, silenceMs } from '../../src/hal/rtu-port.ts'
import { instant, utcMs } from '../../topology/units.ts'
import {
  honest,
  noSerialLines,
  type RtuDevice,
  rtuDevice,
  type SerialPair,
  serialPair,
  withCrc,
} from './serial-line.ts'

const code = (expected: string) => expect.objectContaining({ name: 'HalError', code: expected })

describe('an RTU frame', () => {
  it('has the checksum of the standard', () => {
    expect(crc16(Buffer.from('010300000002', 'hex'))).toBe(0x0bc4) // C4 0B on the line, low byte first
    expect(crc16(Buffer.from('01039C400002', 'hex'))).toBe(0x8feb)
  })

  it('keeps 3.5 characters of silence, and 1.75 ms above 19200 Bd', () => {
    const line = { parity: 'even', dataBits: 8, stopBits: 1 } as const
    expect(silenceMs({ ...line, baudRate: 9600 })).toBeCloseTo(4.01, 2)
    expect(silenceMs({ ...line, baudRate: 19_200 })).toBeCloseTo(2.005, 3)
    expect(silenceMs({ ...line, baudRate: 38_400 })).toBe(1.75)
    expect(silenceMs({ ...line, parity: 'none', baudRate: 9600 })).toBeCloseTo(3.646, 3)
  })

  const request = withCrc(1, 3, 0, 0, 0, 1)
  const right = withCrc(1, 3, 2, 0x12, 0x34)
  const rows: readonly { it: string; received: Buffer; found: Buffer | undefined }[] = [
    { it: 'alone', received: right, found: right },
    { it: 'behind noise', received: Buffer.concat([Buffer.from([0, 1, 3, 0xff]), right]), found: right },
    { it: 'behind one of another unit', received: Buffer.concat([withCrc(2, 3, 2, 0, 1), right]), found: right },
    { it: 'that is an exception', received: withCrc(1, 0x83, 2), found: withCrc(1, 0x83, 2) },
    { it: 'that is cut off', received: right.subarray(0, 6), found: undefined },
    { it: 'of another function', received: withCrc(1, 4, 2, 0x12, 0x34), found: undefined },
    { it: 'of another length', received: withCrc(1, 3, 4, 0, 1, 0, 2), found: undefined },
    {
      it: 'with a wrong checksum',
      received: Buffer.from(right.map((b, i) => (i === 6 ? b ^ 1 : b))),
      found: undefined,
    },
    { it: 'of nothing', received: Buffer.alloc(0), found: undefined },
  ]
  for (const row of rows) {
    it(`${row.it} is ${row.found === undefined ? 'not ' : ''}found`, () => {
      expect(findAnswer(row.received, request)).toEqual(row.found)
    })
  }
})

const MAP = parseDeviceMap(
  `
deviceMap: 1
name: relay
points:
  - { feeds: kw.a, table: holding, address: 0, type: uint16 }
  - { feeds: position, table: holding, address: 20, type: uint16, values: { 100: closed, 0: open } }
operations:
  open: { table: coil, address: 0, value: true, confirm: { feeds: position, is: open }, timeoutMs: 3000 }
`,
  'relay.yaml',
)
const METER = parseDeviceMap(
  'deviceMap: 1\nname: meter\npoints:\n  - { feeds: kw.b, table: holding, address: 0, type: uint16 }\n',
  'meter.yaml',
)
const PROBE = parseDeviceMap(
  'deviceMap: 1\nname: probe\npoints:\n  - { feeds: temperatureC, table: input, address: 7, type: uint16, scale: 0.1 }\n',
  'probe.yaml',
)

describe.skipIf(noSerialLines)(
  `modbusHal on a serial line${noSerialLines ? ` (skipped: ${noSerialLines})` : ''}`,
  () => {
    let line: SerialPair
    let device: RtuDevice
    let hal: OperatingHal
    let isStopped = false
    const common = { parity: 'none', dataBits: 8, stopBits: 1, baudRate: 115_200 } as const
    const clock = { now: () => instant(performance.now()), utc: () => utcMs(0) }
    const halAt = (options: Partial<Parameters<typeof modbusHal>[0]> = {}): Hal =>
      modbusHal({ path: line.near, ...common, unitId: 1, map: MAP, timeoutMs: 400, ...clock, ...options } as never)

    beforeEach(async () => {
      line = await serialPair()
      device = await rtuDevice(line.far)
      hal = halAt() as OperatingHal
      isStopped = false
    })
    afterEach(async () => {
      await hal.close()
      if (!isStopped) await device.stop()
      await line.cut()
    })

    it('measures', async () => {
      expect((await hal.measure()).kw).toEqual({ a: 100 })
      expect(await hal.status()).toMatchObject({ position: 'closed' })
    })

    it('reads several units on the line as one device', async () => {
      await hal.close()
      hal = halAt({
        also: [
          { unitId: 5, map: METER },
          { unitId: 9, map: PROBE },
        ],
      }) as OperatingHal
      expect(await hal.measure()).toMatchObject({ kw: { a: 100, b: 500 }, temperatureC: 90 })
      expect(device.requests.map(({ unit }) => unit)).toEqual([1, 5, 9])
    })

    it('writes, and reads back', async () => {
      let isOpen = false
      device.answer = (request, send) => {
        if (request.code === 5) isOpen = true
        send(request.code === 3 && isOpen ? withCrc(1, 3, 2, 0, 0) : honest(request))
      }
      await hal.operate('open')
      expect(await hal.status()).toMatchObject({ position: 'open' })
    })

    const wrong: readonly { it: string; answer: RtuDevice['answer']; code: string }[] = [
      {
        it: 'a wrong checksum',
        answer: (request, send) =>
          send(Buffer.from(honest(request).map((b, i, all) => (i === all.length - 1 ? b ^ 1 : b)))),
        code: 'HAL_BAD_FRAME',
      },
      {
        it: 'an answer that is cut off',
        answer: (request, send) => send(honest(request).subarray(0, 4)),
        code: 'HAL_BAD_FRAME',
      },
      {
        it: 'an exception',
        answer: ({ unit, code: c }, send) => send(withCrc(unit, c | 0x80, 2)),
        code: 'HAL_REFUSED',
      },
      { it: 'the answer of another unit', answer: (r, send) => send(honest({ ...r, unit: 7 })), code: 'HAL_TIMEOUT' },
      { it: 'silence', answer: () => {}, code: 'HAL_TIMEOUT' },
      { it: 'noise without end', answer: (_, send) => send(Buffer.alloc(4096, 0x55)), code: 'HAL_TIMEOUT' },
    ]
    for (const each of wrong) {
      it(`turns ${each.it} into ${each.code}, and asks again`, async () => {
        device.answer = each.answer
        await expect(hal.measure()).rejects.toEqual(code(each.code))
        device.answer = (request, send) => send(honest(request))
        expect((await eventually(() => hal.measure())).kw).toEqual({ a: 100 })
      })
    }

    it('finds an answer that comes in pieces, behind noise', async () => {
      device.answer = async (request, send) => {
        const frame = honest(request)
        send(Buffer.from([0xff, 0, 1, 3]))
        for (const byte of frame) {
          send(Buffer.from([byte]))
          await pause(2)
        }
      }
      expect((await hal.measure()).kw).toEqual({ a: 100 })
    })

    it('does not take an answer that comes too late for the next one', async () => {
      const bus: ModbusBus = modbusBus({ path: line.near, ...common, timeoutMs: 250 })
      let sendLate: (() => void) | undefined
      device.answer = (request, send) => {
        sendLate = () => send(honest(request))
      }
      await expect(bus.read(1, 'holding', 0, 1)).rejects.toEqual(code('HAL_TIMEOUT'))
      device.answer = ({ unit }, send) => send(withCrc(unit, 3, 2, 0x12, 0x34))
      // The same unit, function and length: nothing in the frame could tell. So the unit is left alone for a while.
      await expect(bus.read(1, 'holding', 8, 1)).rejects.toEqual(code('HAL_UNREACHABLE'))
      sendLate?.()
      expect(await eventually(() => bus.read(1, 'holding', 8, 1))).toEqual([0x1234])
      await bus.close()
    })

    it('keeps the other units in step while one is silent', async () => {
      const bus = modbusBus({ path: line.near, ...common, timeoutMs: 250 })
      device.answer = (request, send) => {
        if (request.unit !== 6) send(honest(request))
      }
      let failed = 0
      let answered = 0
      const until = performance.now() + 4_000
      async function poll(unit: number): Promise<void> {
        while (performance.now() < until) {
          await bus.read(unit, 'holding', 0, 1, unit === 6 ? 'values' : 'status').then(
            () => answered++,
            () => failed++,
          )
          await pause(50)
        }
      }
      await Promise.all([poll(1), poll(2), poll(6)])
      const asked = device.requests.filter(({ unit }) => unit === 6).length
      expect(failed).toBeGreaterThan(10) // refused at once, for the most part
      expect(asked).toBeLessThanOrEqual(5) // 250 ms each, and longer and longer pauses between them
      expect(answered).toBeGreaterThan(60) // of about 2 × 65 without the silent one
      await bus.close()
    })

    it('says that another agent has the line, and gets it when that one has gone', async () => {
      await hal.measure()
      const second = halAt()
      await expect(second.measure()).rejects.toThrow(/another program or agent has this serial line open/)
      await expect(second.measure()).rejects.toEqual(code('HAL_UNREACHABLE'))
      expect((await hal.measure()).kw).toEqual({ a: 100 })
      await hal.close()
      expect((await eventually(() => second.measure())).kw).toEqual({ a: 100 })
      await second.close()
    })

    it('says that there is no such line', async () => {
      const lost = halAt({ path: `${line.near}-not` } as never)
      await expect(lost.measure()).rejects.toEqual(code('HAL_UNREACHABLE'))
      await lost.close()
    })

    it('finds the line again after it was pulled out', async () => {
      await hal.measure()
      await device.stop()
      isStopped = true
      await line.cut()
      await expect(hal.measure()).rejects.toEqual(code('HAL_UNREACHABLE'))
      await line.join()
      device = await rtuDevice(line.far)
      isStopped = false
      expect((await eventually(() => hal.measure())).kw).toEqual({ a: 100 })
    })

    it('ends what is under way when it is closed', async () => {
      device.answer = () => {}
      const outcome = Promise.allSettled([hal.measure(), hal.operate('open')])
      await pause(50)
      await hal.close()
      const unreachable = { status: 'rejected', reason: code('HAL_UNREACHABLE') }
      expect(await outcome).toEqual([unreachable, unreachable])
    })
  },
)

async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  for (let left = 400; ; left--) {
    try {
      return await ask()
    } catch (error) {
      if (left === 0) throw error
      await pause(25)
    }
  }
}
