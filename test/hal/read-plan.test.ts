import { describe, expect, it } from 'vitest'
import { measurementOf, statusOf } from '../../src/hal/compose.ts'
import { decodeBlock } from '../../src/hal/decode.ts'
import type { PollClass } from '../../src/hal/feeds.ts'
import { parseDeviceMap } from '../../src/hal/index.ts'
import { coverPoints, planReads } from '../../src/hal/read-plan.ts'
import { instant, utcMs } from '../../topology/units.ts'

const mapOf = (reads: string, ...points: string[]) =>
  parseDeviceMap(`deviceMap: 1\nname: m\nreads: ${reads}\npoints:\n${points.map(p => `  - { ${p} }\n`).join('')}`, 'm')
const kw = (phase: string, address: number, type = 'uint16') =>
  `feeds: kw.${phase}, table: input, address: ${address}, type: ${type}`

const plans = [
  { it: 'reads neighbours together', points: [kw('a', 0), kw('b', 1)], gives: 'input 0+2' },
  { it: 'bridges a gap up to the limit', points: [kw('a', 0), kw('b', 9)], gives: 'input 0+10' },
  { it: 'reads twice across one register more', points: [kw('a', 0), kw('b', 10)], gives: 'input 0+1 input 10+1' },
  {
    it: 'fills a block to the limit',
    reads: '{ maxGap: 100, maxRegisters: 50 }',
    points: [kw('a', 0), kw('b', 46, 'uint64')],
    gives: 'input 0+50',
  },
  {
    it: 'never splits a value over two blocks',
    reads: '{ maxGap: 100, maxRegisters: 50 }',
    points: [kw('a', 0), kw('b', 47, 'uint64')],
    gives: 'input 0+1 input 47+4',
  },
  {
    it: 'asks each table for itself',
    points: [kw('a', 0), 'feeds: kw.b, table: holding, address: 1, type: int16'],
    gives: 'holding 1+1 input 0+1',
  },
  { it: 'sorts the points of a file', points: [kw('b', 4, 'float32'), kw('a', 0, 'float32')], gives: 'input 0+6' },
  {
    it: 'leaves the other class out',
    points: [kw('a', 0), 'feeds: dead, table: input, address: 1, type: bits16, bit: 0'],
    gives: 'input 0+1',
  },
]

describe('a read plan', () => {
  for (const c of plans) {
    it(c.it, () => {
      const blocks = planReads(mapOf(c.reads ?? '{ maxGap: 8 }', ...c.points), 'measurement')
      expect(blocks.map(b => `${b.table} ${b.address}+${b.count}`).join(' ')).toBe(c.gives)
    })
  }
})

// 230.0 as a float is 0x43660000, 49.98 is 0x4247EB85 (IEEE 754, worked by hand).
const values = [
  { it: 'ABCD float', point: 'type: float32', words: [0x4366, 0x0000], gives: 230 },
  { it: 'CDAB float', point: 'type: float32, wordOrder: CDAB', words: [0x0000, 0x4366], gives: 230 },
  { it: 'BADC float', point: 'type: float32, wordOrder: BADC', words: [0x6643, 0x0000], gives: 230 },
  { it: 'DCBA float', point: 'type: float32, wordOrder: DCBA', words: [0x0000, 0x6643], gives: 230 },
  { it: 'NaN as absent', point: 'type: float32', words: [0x7fc0, 0x0000], gives: undefined },
  { it: 'infinity as absent', point: 'type: float32', words: [0x7f80, 0x0000], gives: undefined },
  { it: 'tenths without a rounding tail', point: 'type: uint16, scale: 0.1', words: [2301], gives: 230.1 },
  { it: 'a third', point: 'type: uint16, scale: 1/3', words: [9], gives: 3 },
  { it: 'a negative int16', point: 'type: int16', words: [0xffff], gives: -1 },
  { it: 'the same bits unsigned', point: 'type: uint16', words: [0xffff], gives: 65535 },
  { it: 'a negative CDAB int32', point: 'type: int32, wordOrder: CDAB', words: [0xfffe, 0xffff], gives: -2 },
  { it: 'a negative int64', point: 'type: int64', words: [0xffff, 0xffff, 0xffff, 0xfffd], gives: -3 },
  {
    it: 'int16 0x8000 as absent where the map says so',
    point: 'type: int16, invalid: 0x8000',
    words: [0x8000],
    gives: undefined,
  },
  { it: 'the value next to it', point: 'type: int16, invalid: 0x8000', words: [0x8001], gives: -32767 },
]

describe('a decoded point', () => {
  for (const c of values) {
    it(`reads ${c.it}`, () => {
      const [block] = planReads(mapOf('{}', `feeds: kw.a, table: input, address: 7, ${c.point}`), 'measurement')
      if (block === undefined) throw new Error('no block')
      expect(decodeBlock(block, c.words)[0]?.value).toBe(c.gives)
    })
  }

  it('keeps every watt-hour of a 64-bit register', () => {
    const [block] = planReads(
      mapOf('{}', 'feeds: importWh, table: input, address: 0, type: uint64, scale: 1000'),
      'energy',
    )
    if (block === undefined) throw new Error('no block')
    const [read] = decodeBlock(block, [0x0020, 0x0000, 0x0000, 0x0001]) // 2^53 + 1, which no double holds
    expect(read?.value).toBe(9_007_199_254_740_993_000n)
  })

  it('says so when a register that only grows reads negative', () => {
    const [block] = planReads(mapOf('{}', 'feeds: importWh, table: input, address: 3, type: int32'), 'energy')
    if (block === undefined) throw new Error('no block')
    expect(decodeBlock(block, [0xffff, 0xffff])).toEqual([{ feeds: 'importWh', doubt: 'failure' }])
  })
})

// A meter with a recloser's contacts, as its manual would print it.
const METER = mapOf(
  '{ maxGap: 4 }',
  'feeds: volts.a, table: input, address: 0, type: uint16, scale: 0.1, unit: V',
  'feeds: volts.b, table: input, address: 1, type: uint16, scale: 0.1, invalid: 0xFFFF',
  'feeds: kw.a, table: input, address: 4, type: int32, wordOrder: CDAB, scale: 0.001, unit: kW',
  'feeds: frequencyHz, table: input, address: 6, type: float32',
  'feeds: importWh, table: input, address: 8, type: uint32, scale: 10',
  'feeds: position, table: input, address: 20, type: uint16, "values": { 1: open, 2: closed }',
  'feeds: pickup, table: input, address: 21, type: bits16, bit: 9',
  'feeds: dead, table: input, address: 21, type: bits16, bit: 0, invert: true',
  'feeds: entered, table: input, address: 22, type: bits16',
  'feeds: shed, table: coil, address: 3, type: bool',
)
const DUMP: Record<string, number[]> = {
  'input 0+10': [
    2391, // 239.1 V
    0xffff, // phase b is not there
    0xaaaa, // not used
    0xaaaa,
    0xe9f8, // -5.64 kW, low word first
    0xffff,
    0x4247, // 49.98 Hz
    0xeb85,
    0x0001, // 65 546 counts of 10 Wh
    0x000a,
  ],
  'input 20+3': [
    2, // closed
    0x0201, // bit 9: picked up; bit 0 set: not dead
    0b1010, // sections 1 and 3
  ],
  'coil 3+1': [1],
}

describe('an annotated dump', () => {
  const read = (...classes: PollClass[]) =>
    coverPoints(METER, p => classes.includes(p.class)).flatMap(b =>
      decodeBlock(b, DUMP[`${b.table} ${b.address}+${b.count}`] ?? []),
    )

  it('gives the measurement', () => {
    expect(measurementOf(read('measurement', 'energy'), instant(5), utcMs(7))).toEqual({
      at: 5,
      utc: 7,
      volts: { a: 239.1 },
      kw: { a: -5.64 },
      frequencyHz: expect.closeTo(49.98, 5),
      importWh: 655_460n,
      rollsOverAt: { importWh: 42_949_672_960n }, // 2^32 counts of 10 Wh
    })
  })

  it('gives the status', () => {
    expect(statusOf(read('fast'), instant(5))).toEqual({
      at: 5,
      position: 'closed',
      pickup: true,
      dead: false,
      entered: 10,
      shed: true,
    })
  })

  it('gives an unknown position for a value that the map does not list', () => {
    const [block] = planReads(
      mapOf('{}', 'feeds: position, table: input, address: 0, type: uint16, "values": { 1: open }'),
      'fast',
    )
    if (block === undefined) throw new Error('no block')
    expect(decodeBlock(block, [3])).toEqual([{ feeds: 'position', value: 'unknown' }])
  })
})
