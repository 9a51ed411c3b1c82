// What every adapter of the port must do. The device behind it shows 230.1 V on phase a, a register beyond 2^53 Wh, no
// phase b, and has a breaker that is closed, but nothing to shed.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryHal, modbusHal, type OperatingHal, parseDeviceMap } from '../../src/hal/index.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { startRawDevice } from './raw-device.ts'

interface Subject {
  readonly hal: OperatingHal
  /** The breaker accepts commands and does not move. */
  jam(): void
  /** The device is gone from the network. */
  vanish(): Promise<void>
  stop(): Promise<void>
}

const WH = 9_007_199_254_740_993n
const clock = { now: () => instant(1000), utc: () => utcMs(2000) }

const MAP = parseDeviceMap(
  `
deviceMap: 1
name: conformance
points:
  - { feeds: volts.a, table: input, address: 0, type: uint16, scale: 0.1 }
  - { feeds: volts.b, table: input, address: 1, type: uint16, scale: 0.1, invalid: 0xFFFF }
  - { feeds: importWh, table: input, address: 2, type: uint64 }
  - { feeds: position, table: coil, address: 9, type: bool }
operations:
  open: { table: coil, address: 0, value: true, confirm: { feeds: position, is: open }, timeoutMs: 1000 }
  close: { table: coil, address: 1, value: true, confirm: { feeds: position, is: closed }, timeoutMs: 1000 }
`,
  'conformance.yaml',
)

async function modbusSubject(): Promise<Subject> {
  const device = await startRawDevice()
  for (const [address, value] of [2301, 0xffff, 0x0020, 0, 0, 1].entries()) device.registers.set(address, value)
  device.coils.set(9, true)
  device.onWrite = address => {
    if (address < 2) device.coils.set(9, address === 1)
  }
  const hal = modbusHal({ host: '127.0.0.1', port: device.port, unitId: 1, map: MAP, timeoutMs: 500, ...clock })
  return {
    hal,
    jam() {
      device.onWrite = undefined
    },
    vanish: () => device.stop(),
    async stop() {
      await hal.close()
      await device.stop()
    },
  }
}

async function memorySubject(): Promise<Subject> {
  const hal = memoryHal({ ...clock, operations: ['open', 'close'] })
  hal.show({ measurement: { volts: { a: 230.1 }, importWh: WH }, status: { position: 'closed' } })
  return {
    hal,
    jam: () => hal.jam(true),
    vanish: async () => hal.fail('HAL_UNREACHABLE'),
    stop: () => hal.close(),
  }
}

const code = (expected: string) => expect.objectContaining({ name: 'HalError', code: expected })

for (const [name, start] of [
  ['modbusHal', modbusSubject],
  ['memoryHal', memorySubject],
] as const) {
  describe(`the hal port of ${name}`, () => {
    let subject: Subject
    beforeEach(async () => {
      subject = await start()
    })
    afterEach(() => subject.stop())

    it('measures what is there and leaves out what is not', async () => {
      expect(await subject.hal.measure()).toEqual({ at: 1000, utc: 2000, volts: { a: 230.1 }, importWh: WH })
    })

    it('reads the status', async () => {
      expect(await subject.hal.status()).toEqual({ at: 1000, position: 'closed' })
    })

    it('operates until the status confirms, there and back', async () => {
      await subject.hal.operate('open')
      expect((await subject.hal.status()).position).toBe('open')
      await subject.hal.operate('close')
      expect((await subject.hal.status()).position).toBe('closed')
    })

    it('does again what is done already', async () => {
      await subject.hal.operate('close')
      expect((await subject.hal.status()).position).toBe('closed')
    })

    it('has no operation that the device lacks', async () => {
      await expect(subject.hal.operate('shed')).rejects.toEqual(code('HAL_UNSUPPORTED'))
    })

    it('calls the outcome unknown when the breaker does not move', async () => {
      subject.jam()
      await expect(subject.hal.operate('open')).rejects.toEqual(code('HAL_TIMEOUT'))
    })

    it('answers many questions at once', async () => {
      const asked = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? subject.hal.measure() : subject.hal.status()))
      expect(await Promise.all(asked)).toHaveLength(20)
    })

    it('says that a device that has gone is out of reach', async () => {
      await subject.vanish()
      await expect(subject.hal.measure()).rejects.toEqual(code('HAL_UNREACHABLE'))
      await expect(subject.hal.operate('open')).rejects.toEqual(code('HAL_UNREACHABLE'))
    })

    it('closes twice, and is out of reach from then on', async () => {
      await subject.hal.close()
      await subject.hal.close()
      await expect(subject.hal.measure()).rejects.toEqual(code('HAL_UNREACHABLE'))
      await expect(subject.hal.status()).rejects.toEqual(code('HAL_UNREACHABLE'))
      await expect(subject.hal.operate('open')).rejects.toEqual(code('HAL_UNREACHABLE'))
    })
  })
}
