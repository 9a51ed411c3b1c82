// Every form that a value takes in registers. The words are written down from the definition of the form, by hand.

import { describe, expect, it } from 'vitest'
import { decodeBlock } from '../../src/hal/decode.ts'
import { parseDeviceMap } from '../../src/hal/index.ts'
import { coverPoints } from '../../src/hal/read-plan.ts'

function decode(point: string, words: readonly number[], feeds = 'kw.a') {
  const text = `deviceMap: 1\nname: m\npoints:\n  - { feeds: ${feeds}, table: input, address: 7, ${point} }\n`
  const [block] = coverPoints(parseDeviceMap(text, 'm'), () => true)
  if (block === undefined) throw new Error('no block')
  expect(words).toHaveLength(block.count)
  return decodeBlock(block, words)[0]
}

const numbers: readonly { it: string; point: string; words: number[]; gives: number | undefined }[] = [
  { it: 'the high byte', point: 'type: uint8, byte: high', words: [0xfe05], gives: 254 },
  { it: 'the low byte', point: 'type: uint8, byte: low', words: [0xfe05], gives: 5 },
  { it: 'a signed byte', point: 'type: int8, byte: high', words: [0xfe05], gives: -2 },
  { it: 'uint16', point: 'type: uint16', words: [0xfffe], gives: 65_534 },
  { it: 'int16', point: 'type: int16', words: [0xfffe], gives: -2 },
  { it: 'uint32', point: 'type: uint32', words: [0x8000, 0x0001], gives: 2_147_483_649 },
  { it: 'int32', point: 'type: int32', words: [0x8000, 0x0001], gives: -2_147_483_647 },
  { it: 'uint48', point: 'type: uint48', words: [0x0001, 0x0000, 0x0002], gives: 4_294_967_298 },
  { it: 'int48', point: 'type: int48', words: [0xffff, 0xffff, 0xfffd], gives: -3 },
  { it: 'uint64', point: 'type: uint64', words: [0, 1, 0, 5], gives: 4_294_967_301 },
  { it: 'int64', point: 'type: int64', words: [0xffff, 0xffff, 0xffff, 0xfffc], gives: -4 },
  { it: 'float32', point: 'type: float32', words: [0x4366, 0x0000], gives: 230 },
  { it: 'float64', point: 'type: float64', words: [0x406c, 0xc000, 0, 0], gives: 230 },
  { it: 'float64, low word first', point: 'type: float64, wordOrder: CDAB', words: [0, 0, 0xc000, 0x406c], gives: 230 },
  { it: 'an infinite float as absent', point: 'type: float32', words: [0x7f80, 0x0000], gives: undefined },
  { it: 'a double that is none as absent', point: 'type: float64', words: [0x7ff8, 0, 0, 0], gives: undefined },
  {
    it: 'a float that the map calls invalid',
    point: 'type: float32, invalid: 0xC7C34F80',
    words: [0xc7c3, 0x4f80],
    gives: undefined,
  },
  { it: 'bcd16', point: 'type: bcd16', words: [0x1234], gives: 1234 },
  { it: 'bcd32', point: 'type: bcd32', words: [0x0012, 0x3456], gives: 123_456 },
  { it: 'sign and magnitude, positive', point: 'type: magnitude16', words: [0x0005], gives: 5 },
  { it: 'sign and magnitude, negative', point: 'type: magnitude16', words: [0x8005], gives: -5 },
  { it: 'sign and magnitude over two registers', point: 'type: magnitude32', words: [0x8000, 0x0101], gives: -257 },
  { it: 'modulo 10000', point: 'type: mod10k32', words: [123, 4567], gives: 1_234_567 },
  { it: 'modulo 10000, negative', point: 'type: mod10k32', words: [0xff85, 0xee29], gives: -1_234_567 },
  {
    it: 'modulo 10000, low word first',
    point: 'type: mod10k32, wordOrder: CDAB',
    words: [4567, 123],
    gives: 1_234_567,
  },
  { it: 'modulo 10000 over three registers', point: 'type: mod10k48', words: [1, 2, 3], gives: 100_020_003 },
  { it: 'modulo 10000 over four registers', point: 'type: mod10k64', words: [1, 2, 3, 4], gives: 1_000_200_030_004 },
  { it: 'a field of bits', point: 'type: bits16, bits: 4-7', words: [0b1010_1011_0000], gives: 11 },
  {
    it: 'a field over the middle of two registers',
    point: 'type: bits32, bits: 12-19',
    words: [0x000a, 0xb000],
    gives: 0xab,
  },
  { it: 'a scaled value', point: 'type: uint16, scale: 0.001', words: [2301], gives: 2.301 },
  { it: 'a scale and an offset', point: 'type: uint16, scale: 0.1, offset: -40', words: [653], gives: 25.3 },
  { it: 'an offset on a float', point: 'type: float32, offset: 0.5', words: [0x4366, 0x0000], gives: 230.5 },
  {
    it: 'a negative power of ten in a register',
    point: 'type: int16, scaleRegister: 9',
    words: [0xfffb, 0, 0xfffe],
    gives: -0.05,
  },
  {
    it: 'a positive power of ten before the value',
    point: 'type: uint16, scaleRegister: 6',
    words: [3, 12],
    gives: 12_000,
  },
  {
    it: 'no value while the power of ten is none',
    point: 'type: uint16, scaleRegister: 8',
    words: [12, 0x8000],
    gives: undefined,
  },
  {
    it: 'the first of several invalid values',
    point: 'type: int16, invalid: [0x7FFF, 0x8000]',
    words: [0x7fff],
    gives: undefined,
  },
  {
    it: 'the second of several invalid values',
    point: 'type: int16, invalid: [0x7FFF, 0x8000]',
    words: [0x8000],
    gives: undefined,
  },
  { it: 'a value beside them', point: 'type: int16, invalid: [0x7FFF, 0x8000]', words: [0x7ffe], gives: 32_766 },
  { it: 'bytes that are swapped', point: 'type: uint32, wordOrder: BADC', words: [0x0100, 0x0200], gives: 65_538 },
]

describe('a value in registers', () => {
  for (const c of numbers) {
    it(`reads ${c.it}`, () => expect(decode(c.point, c.words)?.value).toBe(c.gives))
  }

  for (const [what, point, words] of [
    ['BCD that is none', 'type: bcd16', [0x12a4]],
    ['modulo 10000 beyond its digits', 'type: mod10k32', [0, 10_000]],
    ['an absurd power of ten', 'type: uint16, scaleRegister: 8', [1, 11]],
  ] as const) {
    it(`doubts ${what}`, () => expect(decode(point, words)).toEqual({ feeds: 'kw.a', doubt: 'failure' }))
  }

  it('spoils nothing beside it when it cannot be decoded', () => {
    const map = parseDeviceMap(
      `deviceMap: 1
name: m
points:
  - { feeds: kw.a, table: input, address: 0, type: bcd16 }
  - { feeds: kw.b, table: input, address: 1, type: bcd16 }
`,
      'm',
    )
    const [block] = coverPoints(map, () => true)
    if (block === undefined) throw new Error('no block')
    expect(decodeBlock(block, [0xffff, 0x0042])).toEqual([
      { feeds: 'kw.a', doubt: 'failure' },
      { feeds: 'kw.b', value: 42 },
    ])
  })
})

describe('energy in registers', () => {
  const energy = (point: string, words: readonly number[]) => decode(point, words, 'importWh')

  it('says where it rolls over: at its type, in its unit', () => {
    expect(energy('type: uint32, scale: 100', [0, 5])).toMatchObject({ value: 500n, rollsOverAt: 429_496_729_600n })
    expect(energy('type: int32', [0, 5])).toMatchObject({ rollsOverAt: 2_147_483_648n })
    expect(energy('type: bcd32, scale: 1000', [0x0012, 0x3456])).toMatchObject({
      value: 123_456_000n,
      rollsOverAt: 100_000_000_000n,
    })
  })

  it('rolls over where the map says, never where it says so, and never in 64 bits', () => {
    expect(energy('type: uint32, scale: 1000, rollsOverAt: 1000000', [0, 5])).toMatchObject({
      rollsOverAt: 1_000_000_000n,
    })
    expect(energy('type: uint32, rollsOverAt: never', [0, 5])).toEqual({ feeds: 'importWh', value: 5n })
    expect(energy('type: uint64', [0, 0, 0, 5])).toEqual({ feeds: 'importWh', value: 5n })
  })

  it('takes a power of ten from a register, exactly', () => {
    expect(energy('type: uint32, scaleRegister: 9', [0x0001, 0x0000, 3])).toMatchObject({ value: 65_536_000n })
  })

  it('rounds what the device shows no better', () => {
    expect(energy('type: float32, scale: 1000, inexact: true', [0x449a, 0x5000])).toMatchObject({ value: 1_234_500n })
    expect(energy('type: uint32, scale: 0.1, inexact: true', [0, 25])).toMatchObject({ value: 3n })
    expect(energy('type: float32, inexact: true', [0xbf80, 0])).toEqual({ feeds: 'importWh', doubt: 'failure' })
  })
})

describe('text in registers', () => {
  const text = (point: string, words: readonly number[]) => decode(point, words, 'identity.model')?.value

  it('ends at the first zero, without blanks at its ends', () => {
    expect(text('type: string, length: 3', [0x2041, 0x4220, 0x0043])).toBe('AB')
  })
  it('has the second character first in swapped bytes', () => {
    expect(text('type: string, length: 2, wordOrder: BADC', [0x4241, 0x0043])).toBe('ABC')
  })
  it('is absent when nothing printable is there', () => {
    expect(text('type: string, length: 2', [0, 0])).toBeUndefined()
    expect(text('type: string, length: 2', [0x0101, 0x0202])).toBeUndefined()
  })
  it('may be a number, or a code that the map spells out', () => {
    expect(text('type: uint32', [0x0001, 0xe240])).toBe('123456')
    expect(text('type: uint16, values: { 112: SDM630 }', [112])).toBe('SDM630')
    expect(text('type: uint16, values: { 112: SDM630 }', [113])).toBe('113')
  })
})

describe('a state in registers', () => {
  it('is spelled out for a field of bits', () => {
    const point = 'type: bits16, bits: 2-3, values: { 1: open, 2: closed }'
    expect(decode(point, [0b0100], 'position')?.value).toBe('open')
    expect(decode(point, [0b1000], 'position')?.value).toBe('closed')
    expect(decode(point, [0b1100], 'position')?.value).toBe('unknown')
  })
  it('of a flag is absent for a value that the map does not spell out', () => {
    expect(decode('type: uint16, values: { 1: true, 2: false }', [3], 'shed')).toBeUndefined()
  })
})
