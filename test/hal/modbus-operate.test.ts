// How operations are written: masks, several registers, select before operate, pulses, and what is never sent twice.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { modbusHal, type OperatingHal, parseDeviceMap } from '../../src/hal/index.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { exception, type RawDevice, startRawDevice } from './raw-device.ts'

const mapOf = (...operation: string[]) =>
  parseDeviceMap(
    `deviceMap: 1
name: breaker
points:
  - { feeds: position, table: coil, address: 9, type: bool }
operations:
  open:
    confirm: { feeds: position, is: open }
    timeoutMs: 600
${operation.map(line => `    ${line}\n`).join('')}`,
    'breaker.yaml',
  )
const code = (expected: string) => expect.objectContaining({ name: 'HalError', code: expected })

let device: RawDevice
let hal: OperatingHal | undefined
const halFor = (...operation: string[]): OperatingHal => {
  hal = modbusHal({
    host: '127.0.0.1',
    port: device.port,
    unitId: 1,
    map: mapOf(...operation),
    timeoutMs: 150,
    now: () => instant(0),
    utc: () => utcMs(0),
  })
  return hal
}
const writes = () => device.requests.filter(r => r.code !== 1 && r.code !== 3).map(r => `${r.code}:${r.address}`)
const open = () => void device.coils.set(9, false)

beforeEach(async () => {
  device = await startRawDevice()
  device.coils.set(9, true)
  device.holding.set(40, 0b1000_0001)
})
afterEach(async () => {
  await hal?.close()
  await device.stop()
})

describe('an operation', () => {
  it('changes the bits of its mask alone, in one request', async () => {
    device.onRegister = open
    await halFor('table: holding', 'address: 40', 'value: 0x0010', 'mask: 0x0011').operate('open')
    expect(device.holding.get(40)).toBe(0b1001_0000)
    expect(writes()).toEqual(['22:40'])
  })

  it('writes several registers at once', async () => {
    device.onRegister = open
    await halFor('table: holding', 'address: 40', 'values: [0xAA55, 2]').operate('open')
    expect([device.holding.get(40), device.holding.get(41)]).toEqual([0xaa55, 2])
    expect(writes()).toEqual(['16:40'])
  })

  it('that may not be repeated is never sent twice: the status says what became of it', async () => {
    device.answer = (request, _, honest) => {
      if (request.code !== 5) return honest()
      honest() // done, and the answer is lost
      return undefined
    }
    device.onWrite = open
    await halFor('table: coil', 'address: 0', 'value: true', 'repeatable: false').operate('open')
    expect(writes()).toEqual(['5:0'])
  })

  it('that may not be repeated is unknown when the status never shows it', async () => {
    device.answer = (request, _, honest) => (request.code === 5 ? undefined : honest())
    const operated = halFor('table: coil', 'address: 0', 'value: true', 'repeatable: false').operate('open')
    await expect(operated).rejects.toEqual(code('HAL_TIMEOUT'))
    expect(writes()).toEqual(['5:0'])
  })

  it('that the device is still doing (exception 5) is not sent again either', async () => {
    device.answer = (request, _, honest) => {
      if (request.code !== 5) return honest()
      open()
      return exception(request, 5)
    }
    await halFor('table: coil', 'address: 0', 'value: true', 'repeatable: false').operate('open')
    expect(writes()).toEqual(['5:0'])
  })

  it('that a busy device did not begin (exception 6) is sent again', async () => {
    let busy = 2
    device.answer = (request, _, honest) => (request.code === 5 && busy-- > 0 ? exception(request, 6) : honest())
    device.onWrite = open
    await halFor('table: coil', 'address: 0', 'value: true', 'repeatable: false').operate('open')
    expect(writes()).toEqual(['5:0', '5:0', '5:0'])
  })

  it('is refused at once when the device refuses it', async () => {
    device.answer = (request, _, honest) => (request.code === 22 ? exception(request, 1) : honest())
    const operated = halFor('table: holding', 'address: 40', 'value: 1', 'mask: 1').operate('open')
    await expect(operated).rejects.toEqual(code('HAL_REFUSED'))
  })
})

const PULSE = ['table: coil', 'address: 0', 'value: true', 'pulse: { ms: 50, rest: false }']

describe('a pulse', () => {
  it('is switched on once, and off again', async () => {
    const written: boolean[] = []
    device.onWrite = (_, value) => {
      written.push(value)
      open()
    }
    await halFor(...PULSE).operate('open')
    expect(written).toEqual([true, false])
  })

  it('whose beginning was not answered is ended all the same, and not begun again', async () => {
    const written: boolean[] = []
    device.onWrite = (_, value) => void written.push(value)
    let isLost = false
    device.answer = (request, _, honest) => {
      const answer = honest()
      if (request.code !== 5 || isLost) return answer
      isLost = true
      return undefined
    }
    await expect(halFor(...PULSE).operate('open')).rejects.toEqual(code('HAL_TIMEOUT'))
    expect(written).toEqual([true, false])
  })

  it('whose end is lost is ended again', async () => {
    const written: boolean[] = []
    device.onWrite = (_, value) => {
      written.push(value)
      open()
    }
    let lost = 2
    device.answer = (request, _, honest) => {
      const answer = honest()
      return request.code === 5 && request.operand === 0 && lost-- > 0 ? undefined : answer
    }
    await halFor(...PULSE).operate('open')
    expect(written).toEqual([true, false, false, false])
  })
})

const SELECT = [
  'table: coil',
  'address: 0',
  'value: true',
  'select: { table: holding, address: 50, value: 7, check: { table: holding, address: 51, is: 7 }, cancel: 0 }',
]

describe('select before operate', () => {
  it('operates what shows itself selected', async () => {
    device.onRegister = (address, value) => void device.holding.set(address + 1, value)
    device.onWrite = open
    await halFor(...SELECT).operate('open')
    expect(writes()).toEqual(['6:50', '5:0'])
  })

  it('operates nothing that does not, and cancels', async () => {
    device.holding.set(51, 3)
    await expect(halFor(...SELECT).operate('open')).rejects.toThrow(/not selected: holding 51 read 3, want 7/)
    expect(writes()).toEqual(['6:50', '6:50'])
    expect(device.holding.get(50)).toBe(0)
  })

  it('operates nothing when the selection is not answered, and cancels', async () => {
    device.answer = (request, _, honest) => (request.code === 6 && request.operand === 7 ? undefined : honest())
    await expect(halFor(...SELECT).operate('open')).rejects.toEqual(code('HAL_REFUSED'))
    expect(writes()).toEqual(['6:50', '6:50'])
  })

  it('selects once: what was operated and not answered is read back, not selected again', async () => {
    device.onRegister = (address, value) => void device.holding.set(address + 1, value)
    device.onWrite = open
    device.answer = (request, _, honest) => {
      const answer = honest()
      return request.code === 5 ? undefined : answer
    }
    await halFor(...SELECT).operate('open')
    expect(writes()).toEqual(['6:50', '5:0'])
  })
})
