// Outputs beside the switching device: a level, written and read back; and maps whose outputs would reach further.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Hal, modbusHal, parseDeviceMap } from '../../src/hal/index.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { exception, type RawDevice, startRawDevice } from './raw-device.ts'

const mapOf = (outputs: string) =>
  parseDeviceMap(
    `deviceMap: 1
name: panel
settings: [{ table: holding, address: 90, count: 4 }]
points:
  - { feeds: position, table: coil, address: 9, type: bool }
  - { feeds: inputs.1, table: coil, address: 10, type: bool }
operations:
  open: { table: coil, address: 0, value: true, confirm: { feeds: position, is: open } }
  close: { table: holding, address: 50, value: 4, mask: 4, confirm: { feeds: position, is: closed } }
outputs: ${outputs}
`,
    'panel.yaml',
  )
const code = (expected: string) => expect.objectContaining({ name: 'HalError', code: expected })

let device: RawDevice
let hal: Hal | undefined
const halFor = (outputs: string, readOnly = false): Hal => {
  const place = { host: '127.0.0.1', port: device.port, unitId: 1, timeoutMs: 150 }
  hal = modbusHal({ ...place, map: mapOf(outputs), readOnly, now: () => instant(0), utc: () => utcMs(0) })
  return hal
}
const writes = () =>
  device.requests.filter(r => r.code !== 1 && r.code !== 3).map(r => `${r.code}:${r.address}:${r.operand}`)

beforeEach(async () => {
  device = await startRawDevice()
})
afterEach(async () => {
  await hal?.close()
  await device.stop()
})

describe('an output', () => {
  it('is a coil that is written on and off', async () => {
    const panel = halFor('{ lamp1: { table: coil, address: 20 } }')
    expect(panel.outputs).toEqual(['lamp1'])
    await panel.drive?.('lamp1', true)
    expect(device.coils.get(20)).toBe(true)
    await panel.drive?.('lamp1', false)
    expect(device.coils.get(20)).toBe(false)
  })

  it('is a bit of a register, of which the others stay', async () => {
    device.holding.set(50, 0b1000)
    await halFor('{ horn: { table: holding, address: 50, mask: 2, on: 2, off: 0 } }').drive?.('horn', true)
    expect(device.holding.get(50)).toBe(0b1010)
  })

  it('is shown by the device where the map says how, and the opposite while it is off', async () => {
    const panel = halFor('{ lamp1: { table: coil, address: 20, confirm: { feeds: inputs.1 }, timeoutMs: 300 } }')
    device.onWrite = (_, value) => void device.coils.set(10, value)
    await panel.drive?.('lamp1', true)
    await panel.drive?.('lamp1', false)
    device.onWrite = undefined
    await expect(panel.drive?.('lamp1', true)).rejects.toEqual(code('HAL_TIMEOUT'))
  })

  it('is written again when the answer was lost', async () => {
    let lost = 0
    device.answer = (request, _, honest) => (request.code === 5 && lost++ === 0 ? undefined : honest())
    await halFor('{ lamp1: { table: coil, address: 20 } }').drive?.('lamp1', true)
    expect(writes().length).toBeGreaterThan(1)
    expect(device.coils.get(20)).toBe(true)
  })

  it('that the device refuses is refused, and an unknown one unsupported', async () => {
    device.answer = request => exception(request, 2)
    const panel = halFor('{ lamp1: { table: coil, address: 20 } }')
    await expect(panel.drive?.('lamp1', true)).rejects.toEqual(code('HAL_REFUSED'))
    await expect(panel.drive?.('toString', true)).rejects.toEqual(code('HAL_UNSUPPORTED'))
    await panel.close()
    await expect(panel.drive?.('lamp1', true)).rejects.toEqual(code('HAL_UNREACHABLE'))
  })

  it('is absent from a driver that was built read only', () => {
    const panel = halFor('{ lamp1: { table: coil, address: 20 } }', true)
    expect([panel.outputs, panel.drive]).toEqual([undefined, undefined])
  })
})

describe('a map with an output', () => {
  it.each([
    ['{ a: { table: coil, address: 0 } }', /outputs\.a\.address: 0, want another place: operations\.open writes there/],
    ['{ a: { table: holding, address: 50, mask: 6, on: 6 } }', /operations\.close writes there/],
    ['{ a: { table: holding, address: 93 } }', /settings\[0\] writes there/],
    ['{ a: { table: coil, address: 20 }, b: { table: coil, address: 20 } }', /outputs\.a writes there/],
    ['{ a: { table: coil, address: 20, on: 1 } }', /outputs\.a\.on: 1, want true or false for a coil/],
    ['{ a: { table: holding, address: 20, on: 0 } }', /outputs\.a\.off: 0, want another value than for on/],
    ['{ a: { table: holding, address: 20, mask: 2 } }', /outputs\.a\.on: 1, want only bits of the mask 2/],
    ['{ a: { table: coil, address: 20, confirm: { feeds: position } } }', /confirm\.feeds: position, want a flag/],
    ['{ a: { table: coil, address: 20, confirm: { feeds: sag } } }', /sag, want a feed that one of the points reads/],
    ['{ "1": { table: coil, address: 20 } }', /outputs\.1: want a letter/],
  ])('%s is refused', (outputs, says) => expect(() => mapOf(outputs)).toThrow(says))

  it('reaches no operation of another unit on the bus', () => {
    const place = {
      host: '127.0.0.1',
      port: device.port,
      unitId: 1,
      timeoutMs: 150,
      now: () => instant(0),
      utc: () => utcMs(0),
    }
    const lamps = (address: number) =>
      parseDeviceMap(
        `deviceMap: 1
name: lamps
points: [{ feeds: temperatureC, table: input, address: 0, type: int16 }]
outputs: { lamp1: { unitId: 1, table: coil, address: ${address} } }
`,
        'lamps.yaml',
      )
    const both = (address: number) =>
      modbusHal({ ...place, map: mapOf('{}'), also: [{ unitId: 7, map: lamps(address) }] })
    expect(() => both(0)).toThrow(/unit 7 \(lamps\): output lamp1: operations\.open writes there/)
    expect(both(20).outputs).toEqual(['lamp1'])
  })

  it('shares a register with others by disjoint masks', () => {
    expect(
      mapOf('{ a: { table: holding, address: 50, mask: 1 }, b: { table: holding, address: 50, mask: 2, on: 2 } }')
        .outputs.size,
    ).toBe(2)
  })
})
