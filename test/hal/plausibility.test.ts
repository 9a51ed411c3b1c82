import { describe, expect, it } from 'vitest'
import type { Decoded } from '../../src/hal/decode.ts'
import { parseDeviceMap } from '../../src/hal/index.ts'
import { nothingSeen, plausibility } from '../../src/hal/plausibility.ts'

const MAP = parseDeviceMap(
  `
deviceMap: 1
name: m
freshness: { heartbeatMs: 1000, unchangedMs: 60000 }
points:
  - { feeds: heartbeat, table: input, address: 0, type: uint16 }
  - { feeds: pickup, table: input, address: 1, type: bits16, bit: 0 }
  - { feeds: volts.a, table: input, address: 2, type: uint16, limits: { max: 300, maxPerSecond: 100 } }
  - { feeds: powerFactor.a, table: input, address: 3, type: int16, scale: 0.001 }
  - { feeds: importWh, table: input, address: 4, type: uint32 }
  - { feeds: temperatureC, table: input, address: 6, type: int16, limits: { min: -40 } }
`,
  'm.yaml',
)
const ROLLS = 4_294_967_296n

/** Looks at `at` ms, each with what was read; what was doubted in each. */
function doubtsOf(...looks: readonly (readonly [at: number, read: readonly Decoded[]])[]): object[] {
  const step = plausibility(MAP)
  let state = nothingSeen
  return looks.map(([at, read]) => {
    const look = step(state, read, at)
    state = look.state
    return look.doubts
  })
}
const volts = (value: number): Decoded[] => [{ feeds: 'volts.a', value }]
const energy = (value: bigint, rollsOverAt: bigint = ROLLS): Decoded[] => [{ feeds: 'importWh', value, rollsOverAt }]
const beat = (value: number): Decoded[] => [
  { feeds: 'heartbeat', value },
  { feeds: 'pickup', value: true },
]

describe('plausibility', () => {
  it('doubts what is beyond the limits of the map, and not what is on them', () => {
    expect(doubtsOf([0, volts(300)])).toEqual([{}])
    expect(doubtsOf([0, volts(300.1)])).toEqual([{ 'volts.a': ['outOfRange'] }])
    expect(doubtsOf([0, [{ feeds: 'temperatureC', value: -40.1 }]])).toEqual([{ temperatureC: ['outOfRange'] }])
  })

  it('doubts what cannot be anywhere', () => {
    expect(doubtsOf([0, [{ feeds: 'powerFactor.a', value: 1.001 }]])).toEqual([{ 'powerFactor.a': ['outOfRange'] }])
    expect(doubtsOf([0, [{ feeds: 'powerFactor.a', value: -1 }]])).toEqual([{}])
  })

  it('hands on that a value could not be decoded', () => {
    expect(doubtsOf([0, [{ feeds: 'importWh', doubt: 'failure' }]])).toEqual([{ importWh: ['failure'] }])
  })

  it('doubts a jump that is gone at the next look, and then believes again', () => {
    expect(doubtsOf([0, volts(230)], [1000, volts(0)], [2000, volts(231)])).toEqual([
      {},
      { 'volts.a': ['inconsistent'] },
      {},
    ])
  })

  it('believes a jump when three looks agree on it', () => {
    expect(doubtsOf([0, volts(230)], [1000, volts(0)], [2000, volts(1)], [3000, volts(0)], [4000, volts(0)])).toEqual([
      {},
      { 'volts.a': ['inconsistent'] },
      { 'volts.a': ['inconsistent'] },
      {},
      {},
    ])
  })

  it('never believes a value that jumps about', () => {
    const looks = [290, 150, 290, 150, 290].map((value, i) => [100 * (i + 1), volts(value)] as const)
    const doubts = doubtsOf([0, volts(0)], ...looks)
    expect(doubts.slice(1).every(each => 'volts.a' in each)).toBe(true)
  })

  it('takes the time into account', () => {
    expect(doubtsOf([0, volts(0)], [2301, volts(230)])).toEqual([{}, {}])
    expect(doubtsOf([0, volts(0)], [2299, volts(230)])).toEqual([{}, { 'volts.a': ['inconsistent'] }])
  })

  it('takes a register that came round for one that goes on', () => {
    expect(doubtsOf([0, energy(ROLLS - 10n)], [1000, energy(5n)])).toEqual([{}, {}])
  })

  it('doubts one that went backwards, until three looks agree that it was reset', () => {
    const doubted = { importWh: ['inconsistent'] }
    expect(
      doubtsOf([0, energy(65_000n)], [1000, energy(3n)], [2000, energy(4n)], [3000, energy(5n)], [4000, energy(6n)]),
    ).toEqual([{}, doubted, doubted, {}, {}])
    expect(doubtsOf([0, energy(65_000n)], [1000, energy(0n)], [2000, energy(65_001n)])).toEqual([{}, doubted, {}])
  })

  it('doubts everything when the heartbeat stands still', () => {
    expect(doubtsOf([0, beat(7)], [1000, beat(7)], [1001, beat(7)], [1020, beat(8)])).toEqual([
      {},
      {},
      { pickup: ['oldData'] },
      {},
    ])
    // The heartbeat is of the whole device: values that are read at another time are as old.
    expect(doubtsOf([0, beat(7)], [1500, volts(230)])).toEqual([{}, { 'volts.a': ['oldData'] }])
  })

  it('doubts values that all stand still while there is voltage, and not those of a dead line', () => {
    expect(doubtsOf([0, volts(230)], [60_000, volts(230)], [60_001, volts(230)], [61_000, volts(231)])).toEqual([
      {},
      {},
      { 'volts.a': ['oldData'] },
      {},
    ])
    expect(doubtsOf([0, volts(0)], [100_000, volts(0)], [200_000, volts(0)])).toEqual([{}, {}, {}])
  })
})
