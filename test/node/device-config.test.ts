// The section `device` of a configuration, by its drivers.

import { describe, expect, it } from 'vitest'
import { deviceAt, deviceSchema, openDevice } from '../../src/node/device-config.ts'
import { steppedClock, tenCycles, writtenFile } from '../hal/comtrade/recorded.ts'

const complaints = (given: unknown): string[] => {
  const result = deviceSchema.safeParse(given)
  return result.success ? [] : result.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '))
}

describe('a recording as the device', () => {
  it('needs its file alone; the rest has defaults', () => {
    expect(deviceSchema.parse({ driver: 'comtrade', file: 'sag.cfg' })).toMatchObject({
      speed: 1,
      loop: false,
      startAfterMs: 0,
      valuesPollMs: 1000,
    })
  })
  it('takes channels by name or number, a scale, a status', () => {
    const whole = {
      driver: 'comtrade',
      file: 'sag.cfg',
      speed: 'fast',
      startAfterMs: 5000,
      channels: { volts: { a: 'F5-VA', b: 6 }, amps: { c: 3 } },
      status: { pickup: '51', closed: 2 },
      scaleTo: { volts: 2401.8, amps: 100 },
      nominalHz: 50,
    }
    expect(complaints(whole)).toEqual([])
  })
  it('says what cannot be', () => {
    const file = 'sag.cfg'
    expect(complaints({ driver: 'comtrade' })).toEqual([expect.stringMatching(/^file: /)])
    expect(complaints({ driver: 'comtrade', file, speed: 'fast', loop: true })).toEqual([
      'loop: only at speed 1: at once it would never end',
    ])
    expect(complaints({ driver: 'comtrade', file, speed: 2 })).toEqual([expect.stringMatching(/^speed: /)])
    expect(complaints({ driver: 'comtrade', file, channels: { volts: { d: 1 } } })).toHaveLength(1)
    expect(complaints({ driver: 'comtrade', file, scaleTo: { volts: 0 } })).toEqual([
      expect.stringMatching(/^scaleTo: volts: /),
    ])
  })
  it('has its path made absolute, and opens', async () => {
    const device = deviceSchema.parse({ driver: 'comtrade', file: 'sag.cfg' })
    expect(deviceAt(device, path => `/etc/${path}`)).toMatchObject({ file: '/etc/sag.cfg' })
    const file = writtenFile(tenCycles())
    const hal = await openDevice(
      deviceSchema.parse({ driver: 'comtrade', file, scaleTo: { volts: 230 } }),
      steppedClock(),
    )
    expect((await hal.measure()).volts?.a).toBeCloseTo(230, 2)
    expect(hal.operate).toBeUndefined()
    await hal.close()
    const gone = deviceSchema.parse({ driver: 'comtrade', file: `${file}.cfg` })
    await expect(openDevice(gone, steppedClock())).rejects.toThrow(/can't read this recording/)
  })
})
