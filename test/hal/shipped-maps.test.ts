// Each shipped map against a register image on a real Modbus server. The values beside the registers are computed by hand
// from the meter's manual: floats by IEEE 754 (0x43660000 is 230.0), whole numbers by their factor.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { modbusHal, parseDeviceMap } from '../../src/hal/index.ts'
import { shippedMapFile, shippedMaps } from '../../src/hal/shipped-maps.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { type Image, registers, serveImage } from './modbus-server.ts'

interface Case {
  readonly map: string
  readonly image: Image
  readonly measurement: object
  readonly identity: object
  readonly status?: object
}

const near = (value: number) => expect.closeTo(value, 4)

const cases: readonly Case[] = [
  {
    map: 'eastron-sdm630',
    image: {
      input: registers({
        0: '4366 0000 4367 0000 4365 0000', // 230, 231, 229 V
        6: '40A0 0000 4120 0000 0000 0000', // 5, 10, 0 A
        12: '447A 0000 C37A 0000 0000 0000', // 1000, -250, 0 W
        18: '4489 8000 437A 0000 0000 0000', // 1100, 250, 0 VA
        24: '43E1 0000 0000 0000 0000 0000', // 450 var
        30: '3F68 0000 BF80 0000 3F80 0000', // 0.90625, -1, 1
        52: '443B 8000', // 750 W
        56: '44A8 C000', // 1350 VA
        60: '43E1 0000', // 450 var
        62: '3F00 0000', // 0.5
        70: '4247 EB85', // 49.98 Hz
        72: '449A 5000 3F80 0000 4248 0000 0000 0000', // 1234.5 kWh, 1 kWh, 50 kvarh, 0
        234: '4000 0000 4020 0000 4040 0000', // 2, 2.5, 3 %
      }),
      holding: registers({ 64512: '0134 9A2B' }), // 20224555
    },
    measurement: {
      volts: { a: 230, b: 231, c: 229 },
      amps: { a: 5, b: 10, c: 0 },
      kw: { a: 1, b: -0.25, c: 0 },
      kva: { a: 1.1, b: 0.25, c: 0 },
      kvar: { a: 0.45, b: 0, c: 0 },
      powerFactor: { a: 0.90625, b: -1, c: 1 },
      total: { kw: 0.75, kva: 1.35, kvar: 0.45, powerFactor: 0.5 },
      frequencyHz: near(49.98),
      importWh: 1_234_500n,
      exportWh: 1_000n,
      importVarh: 50_000n,
      exportVarh: 0n,
      thdVoltsPercent: { a: 2, b: 2.5, c: 3 },
    },
    identity: { manufacturer: 'Eastron', model: 'SDM630', serialNumber: '20224555' },
  },
  {
    map: 'eastron-sdm120',
    image: {
      input: registers({
        0: '4366 0000', // 230 V
        6: '40A0 0000', // 5 A
        12: '447A 0000', // 1000 W
        18: '4489 8000', // 1100 VA
        24: '43E1 0000', // 450 var
        30: '3F68 0000', // 0.90625
        70: '4248 0000 449A 5000 0000 0000 4248 0000 3F80 0000', // 50 Hz, 1234.5 kWh, 0, 50 kvarh, 1 kvarh
      }),
    },
    measurement: {
      volts: { a: 230 },
      amps: { a: 5 },
      kw: { a: 1 },
      kva: { a: 1.1 },
      kvar: { a: 0.45 },
      powerFactor: { a: 0.90625 },
      frequencyHz: 50,
      importWh: 1_234_500n,
      exportWh: 0n,
      importVarh: 50_000n,
      exportVarh: 1_000n,
    },
    identity: { manufacturer: 'Eastron', model: 'SDM120' }, // one that refuses its serial number
  },
  {
    map: 'schneider-iem3000',
    image: {
      holding: registers({
        49: '6945 4D33 3235 3500 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000', // iEM3255
        129: '0001 E240', // 123456
        2999: '40A0 0000 4120 0000 7FC0 0000', // 5 A, 10 A, phase c is not there
        3027: '4366 0000 4367 0000 7FC0 0000', // 230, 231 V
        3053: '3F80 0000 C000 0000 7FC0 0000 BF80 0000', // 1, -2 kW; -1 kW in all
        3067: '3F00 0000', // 0.5 kvar
        3075: '4010 0000', // 2.25 kVA
        3109: '4247 EB85', // 49.98 Hz
        3203: '0000 0002 540B E400', // 10 000 000 000 Wh
        3207: '0000 0000 0000 0001', // 1 Wh
        3219: '0000 0000 0001 0000', // 65 536 varh
        3223: '8000 0000 0000 0000', // not available
      }),
    },
    measurement: {
      volts: { a: 230, b: 231 },
      amps: { a: 5, b: 10 },
      kw: { a: 1, b: -2 },
      total: { kw: -1, kvar: 0.5, kva: 2.25 },
      frequencyHz: near(49.98),
      importWh: 10_000_000_000n,
      exportWh: 1n,
      importVarh: 65_536n,
    },
    identity: { manufacturer: 'Schneider Electric', model: 'iEM3255', serialNumber: '123456' },
  },
  {
    map: 'abb-b23',
    image: {
      holding: registers({
        20480: '0000 0000 0000 3039', // 12 345 × 10 Wh
        20484: 'FFFF FFFF FFFF FFFF', // not supported
        20492: '0000 0000 0000 0064 0000 0000 0000 0000', // 100 × 10 varh, 0
        23296: '0000 08FC 0000 0906 0000 08F2', // 230.0, 231.0, 229.0 V
        23302: '0000 0F96 0000 0F97 0000 0F98', // 399.0, 399.1, 399.2 V
        23308: '0000 01F4 0000 03E8 0000 0000 FFFF FFFF', // 5.00, 10.00, 0 A, no neutral
        23316: '0001 24F8 0001 86A0 FFFF 9E58 0000 0000', // 750.00 W: 1000.00, -250.00, 0
        23324: '0000 AFC8 0000 AFC8 0000 0000 0000 0000', // 450.00 var
        23332: '0002 0F58 0001 ADB0 0000 61A8 0000 0000', // 1350.00 VA: 1100.00, 250.00, 0
        23340: '1386', // 49.98 Hz
        23354: '01F4 038A FC18 7FFF', // 0.5, 0.906, -1, not supported
        35072: '0012 D687', // 1234567
        35080: '4231 2E31 3000 0000 0000 0000 0000 0000', // B1.10
        35168: '4232 3320 3131 322D 3130 3000', // B23 112-100
      }),
    },
    measurement: {
      volts: { a: 230, b: 231, c: 229 },
      voltsLineToLine: { ab: 399, bc: near(399.1), ca: near(399.2) },
      amps: { a: 5, b: 10, c: 0 },
      kw: { a: near(1), b: near(-0.25), c: 0 },
      kvar: { a: near(0.45), b: 0, c: 0 },
      kva: { a: near(1.1), b: near(0.25), c: 0 },
      total: { kw: near(0.75), kvar: near(0.45), kva: near(1.35), powerFactor: 0.5 },
      powerFactor: { a: near(0.906), b: -1 },
      frequencyHz: near(49.98),
      importWh: 123_450n,
      importVarh: 1_000n,
      exportVarh: 0n,
    },
    identity: { manufacturer: 'ABB', model: 'B23 112-100', serialNumber: '1234567', firmware: 'B1.10' },
  },
  {
    map: 'carlo-gavazzi-em24',
    image: {
      holding: registers({
        0: '08FC 0000 0906 0000 08F2 0000', // 230.0, 231.0, 229.0 V, low word first
        6: '0F96 0000 0F97 0000', // 399.0, 399.1 V
        11: '0673', // 1651
        12: '1388 0000 2710 0000 0000 0000', // 5.000, 10.000, 0 A
        18: '2710 0000 F63C FFFF 0000 0000', // 1000.0, -250.0, 0 W
        24: '2AF8 0000 09C4 0000 0000 0000', // 1100.0, 250.0, 0 VA
        30: '1194 0000 0000 0000 0000 0000', // 450.0 var
        40: '1D4C 0000 34BC 0000 1194 0000', // 750.0 W, 1350.0 VA, 450.0 var
        46: '038A FC18 03E8 01F4', // 0.906, -1, 1; 0.5
        51: '01F4', // 50.0 Hz
        52: '3039 0000 0064 0000', // 1234.5 kWh, 10.0 kvarh
        78: '000A 0000 FFFF 7FFF', // 1.0 kWh; over range
        772: '1203', // 4611
        20480: '4B4A 3132 3334 3536 3738 3941 4200', // KJ123456789AB
      }),
    },
    measurement: {
      volts: { a: 230, b: 231, c: 229 },
      voltsLineToLine: { ab: 399, bc: near(399.1) },
      amps: { a: 5, b: 10, c: 0 },
      kw: { a: 1, b: -0.25, c: 0 },
      kva: { a: near(1.1), b: 0.25, c: 0 },
      kvar: { a: near(0.45), b: 0, c: 0 },
      total: { kw: 0.75, kva: near(1.35), kvar: near(0.45), powerFactor: 0.5 },
      powerFactor: { a: near(0.906), b: -1, c: 1 },
      frequencyHz: 50,
      importWh: 1_234_500n,
      importVarh: 10_000n,
      exportWh: 1_000n,
    },
    identity: {
      manufacturer: 'Carlo Gavazzi',
      model: 'EM24DINAV53XE1X',
      firmware: '4611',
      serialNumber: 'KJ123456789AB',
    },
  },
  {
    map: 'siemens-pac3200',
    image: {
      holding: registers({
        1: '4366 0000 4367 0000 4365 0000', // 230, 231, 229 V
        7: '43C8 0000 43C8 8000 43C7 8000', // 400, 401, 399 V
        13: '40A0 0000 4120 0000 0000 0000', // 5, 10, 0 A
        19: '4489 8000 437A 0000 0000 0000', // 1100, 250, 0 VA
        25: '447A 0000 C37A 0000 0000 0000', // 1000, -250, 0 W
        31: '43E1 0000 0000 0000 0000 0000', // 450 var
        37: '3F68 0000 BF80 0000 3F80 0000', // 0.90625, -1, 1
        43: '4000 0000 4020 0000 4040 0000', // 2, 2.5, 3 %
        49: '4080 0000 40A0 0000 7FC0 0000', // 4, 5 %, none without current
        55: '4248 0000', // 50 Hz
        63: '44A8 C000 443B 8000 43E1 0000 3F00 0000 3F80 0000 4000 0000', // 1350 VA, 750 W, 450 var, 0.5; 1 %, 2 %
        801: '419D 6F34 5400 0000', // 123 456 789 Wh
        809: '3FF0 0000 0000 0000', // 1 Wh
        817: '40F0 0000 0000 0000', // 65 536 varh
        825: '0000 0000 0000 0000',
      }),
    },
    measurement: {
      volts: { a: 230, b: 231, c: 229 },
      voltsLineToLine: { ab: 400, bc: 401, ca: 399 },
      amps: { a: 5, b: 10, c: 0 },
      kva: { a: 1.1, b: 0.25, c: 0 },
      kw: { a: 1, b: -0.25, c: 0 },
      kvar: { a: 0.45, b: 0, c: 0 },
      powerFactor: { a: 0.90625, b: -1, c: 1 },
      thdVoltsPercent: { a: 2, b: 2.5, c: 3 },
      thdAmpsPercent: { a: 4, b: 5 },
      frequencyHz: 50,
      total: { kva: 1.35, kw: 0.75, kvar: 0.45, powerFactor: 0.5 },
      unbalanceVoltsPercent: 1,
      unbalanceAmpsPercent: 2,
      importWh: 123_456_789n,
      exportWh: 1n,
      importVarh: 65_536n,
      exportVarh: 0n,
    },
    identity: { manufacturer: 'Siemens', model: 'PAC3200' },
  },
  {
    map: 'sel-751a',
    image: {
      holding: registers({
        273: '0078 0078 00B4 0000 00B4 0000 0001 2EE0 0000', // 120, 120, 180.00, 180.00, wye, 120.00 V
        650: '0190 0000 0195 0000 018B 0000 0003 0000', // 400, 405, 395, 3 A, each with its angle
        663: '000C', // 1.2 %
        667: '30D4 0000 30D5 0000 30D6 0000', // 12 500, 12 501, 12 502 V
        674: '1C30 0000 1C31 0000 1C32 0000', // 7216, 7217, 7218 V
        684: '0005', // 0.5 %
        685: '2134 F448 23F0', // 8500 kW, -3000 kvar, 9200 kVA
        688: '005C 176F', // 0.92; 59.99 Hz
        690: '0001 86A0 0000 0000 0000 03E8', // 100 MWh out; 0 in; 1 Mvarh out
        714: '7FF0', // no such probe
        1805: '0080 0001', // enabled, not tripped; 52A
        1814: '0082', // 27P1, 51G1P
        1818: '0001', // FAULT
      }),
    },
    measurement: {
      amps: { a: 400, b: 405, c: 395 },
      neutralAmps: 3,
      unbalanceAmpsPercent: near(1.2),
      voltsLineToLine: { ab: 12_500, bc: 12_501, ca: 12_502 },
      volts: { a: 7216, b: 7217, c: 7218 },
      unbalanceVoltsPercent: 0.5,
      total: { kw: 8500, kvar: -3000, kva: 9200, powerFactor: 0.92 },
      frequencyHz: near(59.99),
      importWh: 100_000_000n,
      exportVarh: 0n,
      importVarh: 1_000_000n,
    },
    identity: {
      manufacturer: 'Schweitzer Engineering Laboratories',
      model: 'SEL-751A',
      configurationHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    },
    status: { tripped: false, position: 'closed', sag: true, groundPickup: true, pickup: true },
  },
]

describe('the shipped map', () => {
  for (const { map, image, measurement, identity, status = {} } of cases) {
    it(`${map} reads a known register image`, async () => {
      const file = shippedMapFile(`shipped:${map}`)
      if (file === undefined) throw new Error(`${map} is not shipped`)
      const server = await serveImage(image)
      const hal = modbusHal({
        host: '127.0.0.1',
        port: server.port,
        unitId: 1,
        map: parseDeviceMap(readFileSync(file, 'utf8'), file),
        timeoutMs: 5_000,
        now: () => instant(0),
        utc: () => utcMs(0),
      })
      try {
        const { at: _at, utc: _utc, rollsOverAt: _rollsOverAt, ...shown } = await hal.measure()
        expect(shown).toEqual(measurement)
        expect(await hal.identity?.()).toEqual(identity)
        expect(await hal.status()).toEqual({ at: 0, ...status })
      } finally {
        await hal.close()
        await server.stop()
      }
    })
  }

  it('of every name has a test here, and says where its addresses are from', () => {
    expect(shippedMaps().map(({ name }) => name)).toEqual(cases.map(({ map }) => map).sort())
    for (const { file } of shippedMaps()) expect(readFileSync(file, 'utf8')).toMatch(/^source: .+/m)
  })

  it('of another name is none', () => {
    expect(shippedMapFile('shipped:../package')).toBeUndefined()
    expect(shippedMapFile('own.yaml')).toBe('own.yaml')
  })
})
