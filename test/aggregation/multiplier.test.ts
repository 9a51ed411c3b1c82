// Registers times their multipliers are energy: exact, from the time on at which they hold, with what the registers said.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { meterBills, rawInterval, tariffSchema, vee } from '../../src/aggregation/billing/index.ts'
import { zoneClock } from '../../src/aggregation/local-time.ts'
import { factorOf, type Multiplier, multiplied, multiplierOf } from '../../src/aggregation/multiplier.ts'
import {
  decodeReading,
  encodeReading,
  intervalReading,
  type Reading,
  readingDefaults,
  withMultiplier,
} from '../../src/aggregation/reading.ts'
import { meteringConfigSchema } from '../../src/node/asset-config.ts'
import { readingRow } from '../../src/node/reading-rows.ts'
import { duration, utcMs } from '../../topology/units.ts'
import { reading } from './fixtures.ts'

const QUARTER = 900_000
const ct40: Multiplier = { ctRatio: '40', vtRatio: '1', constant: '1' }
const ct80: Multiplier = { ...ct40, ctRatio: '80' }
const utc = zoneClock('UTC') as NonNullable<ReturnType<typeof zoneClock>>

describe('multipliers', () => {
  it.each([
    [ct40, 5n, 200n],
    [{ ...ct40, vtRatio: '110', constant: '0.5' }, 3n, 6_600n],
    // Transformers that show 0.2 % too much: 1002 shown are 1000.
    [{ ...ct40, ctRatio: '1', ratioErrorPercent: '0.2' }, 1_002n, 1_000n],
    [{ ...ct40, ratioErrorPercent: '-0.5' }, 995n, 40_000n],
    [{ ctRatio: '1', vtRatio: '1', constant: '0.001' }, 499n, 0n],
    [{ ctRatio: '1', vtRatio: '1', constant: '0.001' }, 500n, 1n],
  ])('%o make of a register %s', (multiplier, register, energy) =>
    expect(multiplied(register, factorOf(multiplier))).toBe(energy),
  )

  it.each([
    ['five digits that come round, times 40', 99_990n, 12n, 100_000n, ct40, 880n, 'rollover'],
    [
      '32 bits of half watt-hours',
      4_294_967_290n,
      4n,
      1n << 32n,
      { ...ct40, ctRatio: '1', constant: '0.5' },
      5n,
      'rollover',
    ],
    ['further than can have flowed', 500n, 12n, 100_000n, ct40, 0n, 'registerReset'],
  ])('of a register: %s', (_, from, to, rollsOverAt, multiplier, energy, flag) => {
    const settings = { ...readingDefaults, interval: duration(QUARTER), maxKw: 100, multiplier }
    const before = { ...reading(0, 0n, from), multiplier }
    const look = { utcMs: utcMs(before.endUtcMs + QUARTER), importWh: to, rollsOverAt: { importWh: rollsOverAt } }
    const found = intervalReading(before, look, settings) as Reading
    expect(rawInterval(found).importWh).toBe(energy)
    expect(found.flags).toEqual([flag])
  })

  it('lose no watt-hour to rounding, however the register is divided into readings', () => {
    const multiplier = { ...ct40, ratioErrorPercent: '0.37' }
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 5_000n }), { minLength: 1, maxLength: 50 }), steps => {
        let at = 123n
        let sum = 0n
        for (const [n, step] of steps.entries()) {
          sum += rawInterval({ ...reading(n, at, step), multiplier }).importWh
          at += step
        }
        const factor = factorOf(multiplier)
        expect(sum).toBe(multiplied(at, factor) - multiplied(123n, factor))
      }),
      { seed: 7, numRuns: 100 },
    )
  })

  it('stand in the reading as it is stored, and are shown beside what the registers said', () => {
    const stored = decodeReading(encodeReading({ ...reading(0, 100n, 25n), multiplier: ct40 }))
    expect(stored.multiplier).toEqual(ct40)
    const raw = { importWh: 25n, exportWh: 0n }
    expect(rawInterval(stored)).toMatchObject({ importWh: 1_000n, onRegisters: raw, importRegisterWh: 5_000n })
    expect(readingRow('R3', 1, stored)).toMatchObject({
      importKwh: '1.000',
      rawImportKwh: '0.025',
      multiplier: '40',
      importRegisterKwh: '0.125',
    })
    expect(readingRow('R3', 1, reading(0, 100n, 25n))).not.toHaveProperty('multiplier')
  })
})

describe('a change of multipliers', () => {
  const settings = { ...readingDefaults, interval: duration(QUARTER), maxKw: 40, multiplier: ct80 }
  const before: Reading = { ...reading(0, 100n, 25n), multiplier: ct40 }
  const look = { utcMs: utcMs(QUARTER + 300_000), importWh: 130n }
  const closing = intervalReading(before, look, settings) as Reading
  const begins = withMultiplier(closing, ct80) as Reading

  it('ends the time of the ones before, doubtful, and begins that of the others without energy', () => {
    expect(closing).toMatchObject({ multiplier: ct40, importWhEnd: 130n, flags: ['multiplierChanged'] })
    expect(begins).toMatchObject({ startUtcMs: closing.endUtcMs, endUtcMs: closing.endUtcMs, multiplier: ct80 })
    expect([begins.importWhStart, begins.importWhEnd]).toEqual([130n, 130n])
    const next = intervalReading(begins, { utcMs: utcMs(2 * QUARTER), importWh: 131n }, settings)
    expect(next).toMatchObject({ multiplier: ct80, importWhStart: 130n, flags: [] })
    expect(withMultiplier(begins, ct80)).toBeUndefined()
  })

  it('counts from its time on the bill, which shows both with their registers, and finds no error in the register', () => {
    const readings = [
      before,
      closing,
      begins,
      { ...reading(1, 130n, 10n), startUtcMs: begins.endUtcMs, multiplier: ct80 },
      { ...reading(2, 140n, 10n), multiplier: ct80 },
    ]
    const tariff = tariffSchema.parse({
      tariff: 'Flat',
      currency: 'EUR',
      timeZone: 'UTC',
      energy: [{ name: 'Energy', perKwh: '1' }],
    })
    const raw = readings.map(rawInterval).filter(({ startUtcMs, endUtcMs }) => endUtcMs > startUtcMs)
    const { bills } = meterBills('R3', raw, { tariff, cycle: 'once', from: '1970-01-01', to: '1970-01-02' })
    // 25 and 5 by 40; 10 and 10 by 80.
    expect(bills[0]?.importWh).toBe(2_800n)
    expect(bills[0]?.quality.questionable).toBe(1)
    expect(bills[0]?.metering).toMatchObject([
      { multiplier: ct40, rawImportWh: 30n, importWh: 1_200n, toUtcMs: closing.endUtcMs },
      { multiplier: ct80, rawImportWh: 20n, importWh: 1_600n, fromUtcMs: closing.endUtcMs },
    ])
    const { findings } = vee(raw, { intervalMs: QUARTER }, utc)
    expect(findings.map(({ check }) => check)).toEqual(['multiplierChanged'])
  })

  it('leaves what can flow through the service a limit of the primary side', () => {
    const service = { ...settings, multiplier: ct40 }
    const at = (importWh: bigint) => intervalReading(before, { utcMs: utcMs(2 * QUARTER), importWh }, service)?.flags
    // 40 kW are 10 kWh in a quarter hour: 250 steps at the registers, and 1 kWh of coarseness.
    expect(at(125n + 1_250n)).toEqual([])
    expect(at(125n + 1_251n)).toEqual(['registerReset'])
  })
})

describe('the configuration of metering', () => {
  const of = (given: object) => meteringConfigSchema.safeParse({ accuracyClass: 0.5, ...given })
  it.each([
    [{}, undefined],
    [{ registers: 'primary', ctRatio: 40 }, undefined],
    [
      { registers: 'primary', ctRatio: 40, ratioErrorPercent: 0.2 },
      { ctRatio: '1', vtRatio: '1', constant: '1', ratioErrorPercent: '0.2' },
    ],
    [
      { registers: 'secondary', ctRatio: 40, vtRatio: 110 },
      { ctRatio: '40', vtRatio: '110', constant: '1' },
    ],
    [{ multiplier: 40 }, { ctRatio: '1', vtRatio: '1', constant: '40' }],
  ])('%o multiplies by %o', (given, multiplier) => {
    const read = of(given)
    expect(read.error).toBeUndefined()
    expect(multiplierOf(read.data)).toEqual(multiplier)
  })
  it.each([
    [{ ctRatio: 40 }, 'registers', 'want secondary'],
    [{ registers: 'primary', ctRatio: 40, multiplier: 40 }, 'multiplier', 'want 1'],
    [{ registers: 'secondary', ctRatio: 40, multiplier: 40 }, 'multiplier', 'multiplied by already'],
    [{ multiplier: 0.000_000_1 }, 'multiplier', 'no more than six places'],
  ])('%o contradicts itself', (given, key, words) => {
    const [issue] = of(given).error?.issues ?? []
    expect([issue?.path, issue?.message]).toEqual([[key], expect.stringContaining(words)])
  })
})
