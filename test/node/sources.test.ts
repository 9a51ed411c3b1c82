// The sources of docs/sources.md: its examples are configurations, and each driver is opened by configuration alone.

import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import { startPmuServer } from '../../sim/devices/pmu-server.ts'
import { systemClock } from '../../src/node/clock.ts'
import { agentConfigSchema, parseAgentConfig } from '../../src/node/config.ts'
import { type DeviceConfig, deviceAt, deviceSchema, openDevice } from '../../src/node/device-config.ts'
import { exampleConfig } from '../../src/node/example-config.ts'
import { imageAt, modelImage, WITHOUT } from '../hal/sunspec/register-image.ts'
import { startSunspecDevice } from '../hal/sunspec/sunspec-device.ts'

const text = readFileSync(fileURLToPath(new URL('../../docs/sources.md', import.meta.url)), 'utf8')
const examples = [...text.matchAll(/^```yaml\n(device:[\s\S]*?)^```/gm)].map(([, block = '']) => block)
const withoutDevice = exampleConfig.replace(/^device:\n(?:[ #].*\n)*/m, '')

describe('the examples of sources.md', () => {
  it('are there for each driver', () => {
    expect(examples.map(block => /driver: (\S+)/.exec(block)?.[1])).toEqual(['sunspec', 'c37118', 'pulses', 'pulses'])
  })
  it.each(examples)('are configurations: %s', block => {
    const config = parseAgentConfig(`${withoutDevice}\n${block}`, 'ied.yaml')
    expect(config.device?.driver).toBe(/driver: (\S+)/.exec(block)?.[1])
  })
})

const refused = (device: object): string => {
  try {
    parseAgentConfig(`${withoutDevice}\n${stringify({ device })}`, 'ied.yaml')
    return 'taken'
  } catch (error) {
    return (error as Error).message
  }
}

describe('a device of the configuration', () => {
  const counter = { address: 1 }
  const contacts = { y: { table: 'discrete', address: 0 } }
  const pulses = { driver: 'pulses', host: 'h', totalFile: 't', wattHoursPerPulse: 1 }
  it.each<[object, RegExp]>([
    [{ driver: 'sunspec', host: 'h', meter: 0 }, /device\.meter/],
    [{ driver: 'sunspec' }, /want one of host, path/],
    [{ driver: 'sunspec', host: 'h', path: '/dev/ttyUSB0' }, /want one of host, path/],
    [{ driver: 'sunspec', host: 'h', importIs: 'TotWh' }, /device\.importIs/],
    [{ driver: 'c37118', host: 'h', idCode: 65_535, phasors: { volts: { a: 0 } } }, /device\.idCode/],
    [{ driver: 'c37118', host: 'h', idCode: 1, phasors: {} }, /device\.phasors.*want at least one phasor/],
    [{ driver: 'c37118', host: 'h', idCode: 1, phasors: { volts: { d: 'VD' } } }, /device\.phasors\.volts/],
    [pulses, /want one of counter, contacts/],
    [{ ...pulses, counter, contacts }, /want one of counter, contacts/],
    [{ ...pulses, counter, wattHoursPerPulse: 0 }, /wattHoursPerPulse.*want a number above 0/],
    [{ ...pulses, counter, wattHoursPerPulse: '1/0' }, /wattHoursPerPulse.*want a number above 0/],
    [{ ...pulses, contacts: { y: { table: 'input', address: 0 } } }, /a bit for a register/],
    [{ ...pulses, contacts: { y: { table: 'discrete', address: 0, bit: 1 } } }, /a bit for a register/],
    [{ driver: 'telepathy' }, /device/],
  ])('is refused in words: %o', (device, words) => expect(refused(device)).toMatch(words))

  it('is in the JSON Schema for editors, with all its drivers', () => {
    const schema = JSON.stringify(z.toJSONSchema(agentConfigSchema, { io: 'input' }))
    for (const driver of ['modbus-tcp', 'sunspec', 'c37118', 'pulses']) expect(schema).toContain(`"const":"${driver}"`)
  })

  it('has its files where its configuration is', () => {
    const device = deviceSchema.parse({ ...pulses, counter })
    expect(deviceAt(device, path => `/etc/${path}`)).toMatchObject({ totalFile: '/etc/t' })
  })
})

describe('a source that is opened by configuration alone', () => {
  const stops: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
  })
  const clock = systemClock()
  async function open(device: object) {
    const hal = await openDevice(deviceSchema.parse(device) as DeviceConfig, clock)
    stops.push(() => hal.close())
    return hal
  }

  it.skipIf(WITHOUT)('is a SunSpec meter', async () => {
    const device = await startSunspecDevice(
      imageAt(50_000, modelImage(1, { SN: '7' }), modelImage(213, { PhVphA: 231 })),
    )
    stops.push(() => device.stop())
    const hal = await open({ driver: 'sunspec', host: '127.0.0.1', port: device.port })
    expect((await hal.measure()).volts).toEqual({ a: 231 })
    expect(await hal.identity?.()).toEqual({ serialNumber: '7' })
    expect(hal.operate).toBeUndefined()
  })
  it('is a stream of synchrophasors', async () => {
    const phasor = { name: 'VA', kind: 'volts', perBit: 1, turnRadians: 0 } as const
    const unit = { station: 'S', idCode: 4, polar: true, phasorsFloat: true, analogsFloat: false, frequencyFloat: true }
    const server = await startPmuServer({
      port: 0,
      idCode: 4,
      stream: {
        timeBase: 1_000_000,
        framesPerSecond: 50,
        pmus: [{ ...unit, phasors: [phasor], analogs: 0, digitals: 0, nominalHz: 50, changes: 0 }],
      },
      course: () => [{ stat: 0, phasors: [{ magnitude: 229, radians: 1 }], frequencyHz: 50, rocofHzPerS: 0 }],
      utc: Date.now,
    })
    stops.push(() => server.stop())
    const hal = await open({
      driver: 'c37118',
      host: '127.0.0.1',
      port: server.port,
      idCode: 4,
      phasors: { volts: { b: 'VA' } },
    })
    expect((await hal.measure()).volts).toEqual({ b: 229 })
  })
  it('is a counter of pulses', async () => {
    const device = await startSunspecDevice(new Map([[3, 41]]))
    stops.push(() => device.stop())
    const totalFile = join(mkdtempSync(join(tmpdir(), 'pulses-')), 'total.json')
    const counter = { table: 'holding', address: 3 }
    const hal = await open({
      driver: 'pulses',
      host: '127.0.0.1',
      port: device.port,
      counter,
      wattHoursPerPulse: '1/2',
      totalFile,
    })
    expect((await hal.measure()).importWh).toBe(20n)
    await hal.close()
    expect(JSON.parse(readFileSync(totalFile, 'utf8'))).toMatchObject({ pulses: '41', register: '41' })
  })
})
