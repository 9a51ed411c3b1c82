// A SunSpec meter at the end of a serial line.

import { ServerSerial } from 'modbus-serial'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/node/clock.ts'
import { deviceSchema, openDevice } from '../../../src/node/device-config.ts'
import { noSerialLines, serialPair } from '../serial-line.ts'
import { imageAt, modelImage, WITHOUT } from './register-image.ts'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const reason = noSerialLines ?? WITHOUT
describe.skipIf(reason)(`a SunSpec meter on a serial line${reason ? ` (skipped: ${reason})` : ''}`, () => {
  it.each([203, 213])('is found and read by configuration alone: model %i', async model => {
    const line = await serialPair()
    stops.push(() => line.cut())
    const meter = { PhVphA: 230, WphA: 1500, Hz: 50, ...(model === 203 ? { V_SF: 0, W_SF: 0 } : {}) }
    const image = imageAt(40_000, modelImage(1, { Mn: 'Meterworks', SN: '0047-11' }), modelImage(model, meter))
    const getHoldingRegister = (address: number): number => {
      const register = image.get(address)
      if (register === undefined) throw { modbusErrorCode: 2 } // the library sends it as that exception
      return register
    }
    const server = new ServerSerial({ getHoldingRegister }, { path: line.far, baudRate: 19_200, unitID: 3 })
    stops.push(() => new Promise<void>(resolve => server.close(() => resolve())))
    await new Promise<void>(resolve => server.on('initialized', () => resolve()))
    const device = { driver: 'sunspec', path: line.near, baudRate: 19_200, unitId: 3, timeoutMs: 3000 }
    const hal = await openDevice(deviceSchema.parse(device), systemClock())
    stops.push(() => hal.close())
    expect(await hal.measure()).toMatchObject({ volts: { a: 230 }, kw: { a: 1.5 }, frequencyHz: 50 })
    expect(await hal.identity?.()).toMatchObject({ manufacturer: 'Meterworks', serialNumber: '0047-11' })
  })
})
