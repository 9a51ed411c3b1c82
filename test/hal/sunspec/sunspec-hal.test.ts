import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { type Hal, HalError } from '../../../src/hal/port.ts'
import { followAcc32 } from '../../../src/hal/sunspec/acc32.ts'
import { findChain, MOST_MODELS } from '../../../src/hal/sunspec/chain.ts'
import { decodeCommon } from '../../../src/hal/sunspec/common-model.ts'
import { decodeMeter, layoutOf } from '../../../src/hal/sunspec/meter-model.ts'
import { type SunspecHalOptions, sunspecHal } from '../../../src/hal/sunspec-hal.ts'
import { instant, utcMs } from '../../../topology/units.ts'
import { INPUTS } from '../../wire/inputs.ts'
import { imageAt, modelImage, type Shown, SUNS, WITHOUT } from './register-image.ts'
import { type SunspecDevice, startSunspecDevice } from './sunspec-device.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function serve(registers: ReadonlyMap<number, number>): Promise<SunspecDevice> {
  const device = await startSunspecDevice(registers)
  stops.push(() => device.stop())
  return device
}
function open(port: number, more: Partial<SunspecHalOptions> = {}): Hal {
  const hal = sunspecHal({
    host: '127.0.0.1',
    port,
    unitId: 1,
    timeoutMs: 2000,
    meter: 1,
    importIs: 'TotWhImp',
    reverse: false,
    now: () => instant(1000),
    utc: () => utcMs(2000),
    ...more,
  })
  stops.push(() => hal.close())
  return hal
}
const code = (expected: string) => expect.objectContaining({ name: 'HalError', code: expected })

const COMMON = { Mn: 'Meterworks', Md: 'M3', Opt: 'none', Vr: '2.1.0', SN: '0047-11' }

/** 230.1, 231.2 and 229.3 V; 10.5, 11 and 9.75 A; kW, kvar; 49.98 Hz. */
const wholeNumbers: Shown = {
  PhVphA: 2301,
  PhVphB: 2312,
  PhVphC: 2293,
  V_SF: -1,
  AphA: 1050,
  AphB: 1100,
  AphC: 975,
  A_SF: -2,
  WphA: 241,
  WphB: -254,
  WphC: 223,
  W_SF: 1,
  VARphA: 100,
  VARphB: -200,
  VARphC: 0,
  VAR_SF: 0,
  Hz: 4998,
  Hz_SF: -2,
  TotWhImp: 123_456,
  TotWhExp: 789,
  TotWh_SF: 2,
  Evt: 0,
}
const floats: Shown = {
  PhVphA: 230.125,
  PhVphB: 231.25,
  PhVphC: 229.5,
  AphA: 10.5,
  AphB: 11,
  AphC: 9.75,
  WphA: 2410,
  WphB: -2540,
  WphC: 2230,
  VARphA: 100,
  VARphB: -200,
  VARphC: 0,
  Hz: 49.5,
  TotWhImp: 12_345_600,
  TotWhExp: 78_900.75,
  Evt: 0,
}
const only = (shown: Shown, suffixes: string): Shown =>
  Object.fromEntries(
    Object.entries(shown).filter(([name]) => !/ph[ABC]$/.test(name) || suffixes.includes(name.slice(-1))),
  )
const kept = <T extends object>(phases: T, names: string) =>
  Object.fromEntries(Object.entries(phases).filter(([phase]) => names.includes(phase)))

describe.skipIf(WITHOUT)(`a SunSpec meter${WITHOUT === undefined ? '' : ` (${WITHOUT})`}`, () => {
  const wirings = [
    { name: 'split phase', whole: 202, float: 212, has: 'AB', phases: 'ab' },
    { name: 'wye', whole: 203, float: 213, has: 'ABC', phases: 'abc' },
    { name: 'delta, with phases', whole: 204, float: 214, has: 'ABC', phases: 'abc' },
  ]
  it.each(wirings)('of $name in whole numbers: model $whole', async ({ whole, has, phases }) => {
    const device = await serve(imageAt(40_000, modelImage(1, COMMON), modelImage(whole, only(wholeNumbers, has))))
    expect(await open(device.port).measure()).toEqual({
      at: 1000,
      utc: 2000,
      volts: kept({ a: 230.1, b: 231.2, c: 229.3 }, phases),
      amps: kept({ a: 10.5, b: 11, c: 9.75 }, phases),
      kw: kept({ a: 2.41, b: -2.54, c: 2.23 }, phases),
      kvar: kept({ a: 0.1, b: -0.2, c: 0 }, phases),
      frequencyHz: 49.98,
      importWh: 12_345_600n,
      exportWh: 78_900n,
    })
  })
  it.each(wirings)('of $name in floating point: model $float', async ({ float, has, phases }) => {
    const device = await serve(imageAt(40_000, modelImage(1, COMMON), modelImage(float, only(floats, has))))
    expect(await open(device.port).measure()).toEqual({
      at: 1000,
      utc: 2000,
      volts: kept({ a: 230.125, b: 231.25, c: 229.5 }, phases),
      amps: kept({ a: 10.5, b: 11, c: 9.75 }, phases),
      kw: kept({ a: 2.41, b: -2.54, c: 2.23 }, phases),
      kvar: kept({ a: 0.1, b: -0.2, c: 0 }, phases),
      frequencyHz: 49.5,
      importWh: 12_345_600n,
      exportWh: 78_900n,
    })
  })
  it('of a single phase shows its totals as phase a: models 201 and 211', async () => {
    const whole = modelImage(201, {
      PhV: 2301,
      V_SF: -1,
      A: 50,
      A_SF: -1,
      W: 1000,
      W_SF: 0,
      Hz: 50,
      TotWhImp: 7,
      TotWh_SF: 0,
    })
    const device = await serve(
      imageAt(40_000, modelImage(1, COMMON), whole, modelImage(211, { PhVphA: 240.5, W: 500 })),
    )
    const { volts, amps, kw, kvar, importWh, exportWh, frequencyHz } = await open(device.port).measure()
    expect({ volts, amps, kw, kvar, importWh, exportWh, frequencyHz }).toEqual({
      volts: { a: 230.1 },
      amps: { a: 5 },
      kw: { a: 1 },
      importWh: 7n,
      frequencyHz: 50, // the scale factor may be left out with the frequency alone
    })
    expect(await open(device.port, { meter: 2 }).measure()).toEqual({
      at: 1000,
      utc: 2000,
      volts: { a: 240.5 },
      kw: { a: 0.5 },
      total: { kw: 0.5 },
    })
  })
  const sums = {
    PhVphAB: 3994,
    PhVphBC: 4001,
    W: 210,
    VA: 221,
    VAphA: 110,
    VA_SF: 1,
    VAR: -500,
    PF: -95,
    PFphA: 88,
    PF_SF: 0,
  }
  it.each([203, 204])('shows its totals, power factor and volts line to line: model %i', async model => {
    const device = await serve(imageAt(40_000, modelImage(model, { ...wholeNumbers, ...sums })))
    expect(await open(device.port).measure()).toMatchObject({
      voltsLineToLine: { ab: 399.4, bc: 400.1 },
      kva: { a: 1.1 },
      powerFactor: { a: 0.88 },
      total: { kw: 2.1, kva: 2.21, kvar: -0.5, powerFactor: -0.95 },
    })
    const turned = await open(device.port, { reverse: true }).measure()
    expect(turned.total).toEqual({ kw: -2.1, kva: 2.21, kvar: 0.5, powerFactor: -0.95 })
  })
  it('in delta shows what it has: no volts line to neutral, and power in all', async () => {
    const shown = { PPVphAB: 400.5, PPVphBC: 401, PPVphCA: 399.5, AphA: 5, W: 3000, VA: 3125, VAR: 875, PF: 0.96 }
    const device = await serve(imageAt(40_000, modelImage(214, shown)))
    expect(await open(device.port).measure()).toEqual({
      at: 1000,
      utc: 2000,
      voltsLineToLine: { ab: 400.5, bc: 401, ca: 399.5 },
      amps: { a: 5 },
      total: { kw: 3, kva: 3.125, kvar: 0.875, powerFactor: expect.closeTo(0.96, 6) },
    })
  })
  it('doubts a power factor beyond 1', async () => {
    const device = await serve(
      imageAt(40_000, modelImage(203, { ...wholeNumbers, ...sums, PF: 100, PFphA: -101 }), modelImage(213, { PF: 96 })),
    )
    expect((await open(device.port).measure()).doubts).toEqual({ 'powerFactor.a': ['outOfRange'] })
    expect((await open(device.port, { meter: 2 }).measure()).doubts).toEqual({ 'powerFactor.total': ['outOfRange'] })
  })
  it('shows nothing that it does not have, least of all a zero', async () => {
    const device = await serve(imageAt(40_000, modelImage(1, COMMON), modelImage(203, {})))
    const hal = open(device.port)
    expect(await hal.measure()).toEqual({ at: 1000, utc: 2000 })
    expect(await hal.status()).toEqual({ at: 1000 })
    device.registers = imageAt(40_000, modelImage(1, COMMON), modelImage(213, {}))
    expect(await hal.measure()).toEqual({ at: 1000, utc: 2000 })
  })
  it('lacks what has no scale factor, or an absurd one', async () => {
    const { V_SF: _, ...without } = wholeNumbers
    const device = await serve(imageAt(40_000, modelImage(203, { ...without, A_SF: 11, TotWh_SF: -11 })))
    const shown = await open(device.port).measure()
    expect([shown.volts, shown.amps, shown.importWh, shown.frequencyHz]).toEqual([
      undefined,
      undefined,
      undefined,
      49.98,
    ])
  })
  it('may change its scale factors between two looks', async () => {
    const device = await serve(imageAt(40_000, modelImage(203, wholeNumbers)))
    const hal = open(device.port)
    await hal.measure()
    device.registers = imageAt(
      40_000,
      modelImage(203, { ...wholeNumbers, PhVphA: 23_010, V_SF: -2, TotWhImp: 12_345, TotWh_SF: 3 }),
    )
    const { volts, importWh } = await hal.measure()
    expect([volts?.a, importWh]).toEqual([230.1, 12_345_000n])
  })
  it('is read in one request once it is found', async () => {
    const device = await serve(imageAt(40_000, modelImage(1, COMMON), modelImage(213, floats)))
    const hal = open(device.port)
    await hal.measure()
    const before = device.reads()
    await hal.measure()
    expect(device.reads()).toBe(before + 1)
  })

  it.each([40_000, 50_000, 0])('is found at %i', async base => {
    const device = await serve(imageAt(base, modelImage(1, COMMON), modelImage(203, wholeNumbers)))
    expect((await open(device.port).measure()).volts?.a).toBe(230.1)
  })
  it('is taken from 40000 where it is at 0 as well', async () => {
    const both = [
      ...imageAt(0, modelImage(203, { ...wholeNumbers, PhVphA: 1 })),
      ...imageAt(40_000, modelImage(203, wholeNumbers)),
    ]
    expect((await open((await serve(new Map(both))).port).measure()).volts?.a).toBe(230.1)
  })
  it('is found behind models that nobody here knows', async () => {
    const others = [modelImage(1, COMMON), [64_999, 3, 1, 2, 3], [12_345, 0], modelImage(701, {}).slice(0, 155)]
    const lengths = others.map(model => [model[0] ?? 0, model.length - 2, ...model.slice(2)])
    const device = await serve(imageAt(40_000, ...lengths, modelImage(213, floats)))
    expect((await open(device.port).measure()).volts?.a).toBe(230.125)
  })
  it('is found again where it has moved to, in the same look', async () => {
    const device = await serve(imageAt(40_000, modelImage(1, COMMON), modelImage(203, wholeNumbers)))
    const hal = open(device.port)
    await hal.measure()
    device.registers = imageAt(0, modelImage(1, COMMON), modelImage(203, wholeNumbers))
    expect((await hal.measure()).volts?.a).toBe(230.1)
    device.registers = imageAt(0, modelImage(1, COMMON), [700, 1, 5], modelImage(213, floats))
    expect((await hal.measure()).volts?.a).toBe(230.125)
  })

  it('says who it is', async () => {
    const device = await serve(imageAt(50_000, modelImage(1, COMMON), modelImage(203, wholeNumbers)))
    const hal = open(device.port)
    const who = { manufacturer: 'Meterworks', model: 'M3', firmware: '2.1.0', serialNumber: '0047-11' }
    expect(await hal.identity?.()).toEqual(who)
    device.registers = imageAt(50_000, modelImage(1, { ...COMMON, SN: '0815' }), modelImage(203, wholeNumbers))
    expect(await hal.identity?.()).toEqual({ ...who, serialNumber: '0815' })
    device.registers = imageAt(50_000, modelImage(203, wholeNumbers))
    expect(await hal.identity?.()).toEqual({})
  })

  it('counts as it is mounted', async () => {
    const device = await serve(imageAt(40_000, modelImage(203, wholeNumbers)))
    const { kw, kvar, importWh, exportWh, volts } = await open(device.port, {
      importIs: 'TotWhExp',
      reverse: true,
    }).measure()
    expect([kw?.a, kvar?.b, importWh, exportWh, volts?.a]).toEqual([-2.41, 0.2, 78_900n, 12_345_600n, 230.1])
  })
  it('goes on counting when its counter begins again', async () => {
    const show = (raw: number) => imageAt(40_000, modelImage(203, { ...wholeNumbers, TotWhImp: raw, TotWh_SF: 0 }))
    const device = await serve(show(2 ** 32 - 5))
    const hal = open(device.port)
    expect((await hal.measure()).importWh).toBe(2n ** 32n - 5n)
    device.registers = show(7)
    expect((await hal.measure()).importWh).toBe(2n ** 32n + 7n)
  })

  it.each([
    [1 << 2, true, undefined],
    [1 << 3, true, undefined],
    [1 << 5, false, undefined],
    [1 << 7, false, ['failure']],
    [0x7fff_ff80, false, ['failure']],
    [0x7fff_ff00, false, undefined],
  ])('tells of its events: %i', async (bits, sag, doubts) => {
    for (const model of [modelImage(203, { ...wholeNumbers, Evt: bits }), modelImage(214, { ...floats, Evt: bits })]) {
      const device = await serve(imageAt(40_000, model))
      const hal = open(device.port)
      expect(await hal.status()).toEqual({ at: 1000, sag })
      const shown = await hal.measure()
      expect(shown.doubts?.['volts.b']).toEqual(doubts)
      expect(shown.doubts?.importWh).toEqual(doubts)
      expect(shown.doubts?.frequencyHz).toBeUndefined()
    }
  })

  it.each<[string, () => Map<number, number>, string, RegExp]>([
    [
      'no SunS',
      () =>
        new Map([
          [40_000, 1],
          [40_001, 2],
        ]),
      'HAL_REFUSED',
      /"SunS" is at none of 40000, 50000, 0/,
    ],
    ['no meter', () => imageAt(40_000, modelImage(1, COMMON)), 'HAL_REFUSED', /no meter 1: models 1, want one of 201/],
    [
      'a meter that is cut short',
      () => imageAt(40_000, [203, 50, ...new Array(50).fill(0)]),
      'HAL_BAD_FRAME',
      /50 registers, want 105/,
    ],
    [
      'a chain that breaks off',
      () => new Map([...SUNS, 1, 9999].map((r, i) => [40_000 + i, r])),
      'HAL_BAD_FRAME',
      /breaks off at register 50003/,
    ],
    ['a model of absurd length', () => imageAt(40_000, [1, 65_000]), 'HAL_BAD_FRAME', /65000 registers, beyond 65535/],
    [
      'a chain that never ends',
      () =>
        new Map(
          [...SUNS, ...Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? 7 : 0))].map((r, i) => [40_000 + i, r]),
        ),
      'HAL_BAD_FRAME',
      /more than 64 models/,
    ],
  ])('is refused with %s', async (_, image, expected, words) => {
    const device = await serve(image())
    const hal = open(device.port)
    await expect(hal.measure()).rejects.toEqual(code(expected))
    await expect(hal.measure()).rejects.toThrow(words)
    expect(device.reads()).toBeLessThan(5 * (MOST_MODELS + 5))
  })

  it('is out of reach when it has gone, and after the end', async () => {
    const device = await serve(imageAt(40_000, modelImage(203, wholeNumbers)))
    const hal = open(device.port)
    await hal.measure()
    await device.stop()
    await expect(hal.measure()).rejects.toEqual(code('HAL_UNREACHABLE'))
    await hal.close()
    await hal.close()
    for (const ask of [hal.measure, hal.status, hal.identity ?? hal.status])
      await expect(ask()).rejects.toEqual(code('HAL_UNREACHABLE'))
  })
})

describe('a 32-bit counter', () => {
  const play = (...looks: [raw: number, exponent: number][]): string[] => {
    let state: Parameters<typeof followAcc32>[0]
    return looks.map(([raw, exponent]) => {
      const next = followAcc32(state, { raw, exponent })
      state = next.state
      return String(next.wattHours)
    })
  }
  it('in tenths and in tens, exact', () => {
    expect(play([19, -1], [20, -1], [29, -1])).toEqual(['1', '2', '2'])
    expect(play([4_000_000_000, 10])).toEqual(['40000000000000000000'])
  })
  it('has begun again below half its range, and was exchanged above it', () => {
    expect(play([2 ** 31 + 1, 0], [0, 0])).toEqual(['2147483649', '4294967296'])
    expect(play([2 ** 31, 0], [0, 0])).toEqual(['2147483648', '0'])
  })
  it('keeps its rounds when its power of ten changes', () => {
    expect(play([2 ** 32 - 1, 0], [10, 0], [1, 1], [2, 1])).toEqual([
      '4294967295',
      '4294967306',
      '4294967306',
      '4294967316',
    ])
  })
})

describe('what a hostile device sends', () => {
  const register = fc.integer({ min: 0, max: 65_535 })
  it(`is a meter's values or none, ${INPUTS} times`, () => {
    fc.assert(
      fc.property(fc.constantFrom(201, 203, 211, 214), fc.array(register, { maxLength: 130 }), (id, registers) => {
        const layout = layoutOf(id)
        if (layout === undefined) throw new Error('no layout')
        const { amps, volts, watts, vars, hertz } = decodeMeter(id, layout, registers)
        const numbers = [amps, volts, watts, vars].flatMap(phases => Object.values(phases)).concat(hertz ?? 0)
        expect(numbers.every(Number.isFinite)).toBe(true)
      }),
      { numRuns: INPUTS },
    )
  })
  it(`is a name without control characters, ${INPUTS} times`, () => {
    fc.assert(
      fc.property(fc.array(register, { maxLength: 70 }), registers => {
        for (const text of Object.values(decodeCommon(registers))) {
          expect(text).not.toMatch(/\p{Cc}/u)
          expect(text.length).toBeLessThanOrEqual(32)
        }
      }),
      { numRuns: INPUTS },
    )
  })
  it(`is a chain with an end, or refused, ${INPUTS} times`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.oneof(register, fc.nat({ max: 80 }))), async registers => {
        let reads = 0
        const read = async (address: number, count: number): Promise<number[]> => {
          reads++
          expect(address + count).toBeLessThanOrEqual(65_536)
          return reads === 1 ? SUNS : [...registers.take(count)]
        }
        try {
          const { models } = await findChain(read, 'device')
          expect(models.length).toBeLessThanOrEqual(MOST_MODELS)
        } catch (error) {
          expect(error).toBeInstanceOf(HalError)
        }
        expect(reads).toBeLessThanOrEqual(MOST_MODELS + 2)
      }),
      { numRuns: INPUTS },
    )
  })
})
