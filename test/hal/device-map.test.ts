import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DeviceMapError, deviceMapJsonSchema, parseDeviceMap } from '../../src/hal/index.ts'

const HEAD = 'deviceMap: 1\nname: m\npoints:\n' // so the first point is on line 4
const map = (...lines: string[]): string => HEAD + lines.map(line => `${line}\n`).join('')

function faultsOf(text: string): readonly string[] {
  try {
    parseDeviceMap(text, 'm.yaml')
    return []
  } catch (error) {
    if (error instanceof DeviceMapError) return error.faults
    throw error
  }
}

const POSITION = '  - { feeds: position, table: discrete, address: 0, type: bool }'

const good = [
  {
    it: 'takes the last register of a table',
    text: map('  - { feeds: kw.a, table: input, address: 65534, type: float32 }'),
  },
  {
    it: 'takes bits that share a register',
    text: map(
      '  - { feeds: sag, table: input, address: 0, type: bits16, bit: 0 }',
      '  - { feeds: dead, table: input, address: 0, type: bits16, bit: 15 }',
    ),
  },
  {
    it: 'takes neighbours without overlap, and one address in two tables',
    text: map(
      '  - { feeds: kw.a, table: input, address: 0, type: float32 }',
      '  - { feeds: kw.b, table: input, address: 2, type: uint64 }',
      '  - { feeds: kw.c, table: holding, address: 0, type: int16 }',
    ),
  },
  {
    it: 'takes energy counted in kWh',
    text: map('  - { feeds: importWh, table: input, address: 0, type: uint32, scale: 1e3 }'),
  },
  {
    it: 'takes the lowest int16 as invalid',
    text: map('  - { feeds: kw.a, table: input, address: 0, type: int16, invalid: -32768 }'),
  },
]

const bad = [
  {
    it: 'a heartbeat that nobody waits for',
    text: map('  - { feeds: heartbeat, table: input, address: 0, type: uint16 }'),
    says: ['m.yaml:1: freshness: no heartbeatMs, want how often the heartbeat changes at least'],
  },
  {
    it: 'a string without its length',
    text: map('  - { feeds: identity.model, table: input, address: 0, type: string }'),
    says: ['m.yaml:4: points[0].length: missing, want the registers of the string'],
  },
  {
    it: 'a byte without which one',
    text: map('  - { feeds: kw.a, table: input, address: 0, type: uint8 }'),
    says: ['m.yaml:4: points[0].byte: missing, want high or low for uint8'],
  },
  {
    it: 'a field whose bits run backwards',
    text: map('  - { feeds: kw.a, table: input, address: 0, type: bits16, bits: 7-4 }'),
    says: ['m.yaml:4: points[0].bits: 7-4, want the lower bit first, of 0..15'],
  },
  {
    it: 'a field beyond the register',
    text: map('  - { feeds: kw.a, table: input, address: 0, type: bits16, bits: 12-16 }'),
    says: ['m.yaml:4: points[0].bits: 12-16, want the lower bit first, of 0..15'],
  },
  {
    it: 'a fast class for what is no status',
    text: map('  - { feeds: kw.a, class: fast, table: input, address: 0, type: int16 }'),
    says: ['m.yaml:4: points[0].class: fast, want measurement, energy or rare for kw.a: no status'],
  },
  {
    it: 'a power of ten inside the value',
    text: map('  - { feeds: kw.a, table: input, address: 0, type: int32, scaleRegister: 1 }'),
    says: ["m.yaml:4: points[0].scaleRegister: 1, want a register outside the value's own"],
  },
  {
    it: 'a power of ten too far away',
    text: map('  - { feeds: kw.a, table: input, address: 0, type: int16, scaleRegister: 125 }'),
    says: ['m.yaml:4: points[0].scaleRegister: 125, want it within 125 registers: both are read at once'],
  },
  {
    it: 'an offset on a register of energy',
    text: map('  - { feeds: importWh, table: input, address: 0, type: uint32, offset: 5 }'),
    says: ['m.yaml:4: points[0].offset: 5, want none for importWh: a register of energy is as the meter shows it'],
  },
  {
    it: 'limits that leave nothing',
    text: map('  - { feeds: kw.a, table: input, address: 0, type: int16, limits: { min: 5, max: 5 } }'),
    says: ['m.yaml:4: points[0].limits: min 5 and max 5, want min below max'],
  },
  {
    it: 'a rollover of a float',
    text: map('  - { feeds: importWh, table: input, address: 0, type: float32, inexact: true, rollsOverAt: 1000 }'),
    says: ['m.yaml:4: points[0].rollsOverAt: 1000, want none on float32 for importWh'],
  },
  {
    it: 'bits that two points use',
    text: map(
      '  - { feeds: kw.a, table: input, address: 0, type: bits16, bits: 0-7 }',
      '  - { feeds: sag, table: input, address: 0, type: bits16, bit: 7 }',
    ),
    says: ['m.yaml:5: points[1].address: 0, want registers that points[0] does not use'],
  },
  {
    it: 'a power of ten in the middle of another value',
    text: map(
      '  - { feeds: kw.a, table: input, address: 0, type: int16, scaleRegister: 3 }',
      '  - { feeds: kw.b, table: input, address: 2, type: int32 }',
    ),
    says: ['m.yaml:5: points[1].address: 2..3, want registers that points[0] does not use'],
  },
  {
    it: 'a mask that does not cover the value, and a value beside values',
    text: map(
      POSITION,
      'operations:',
      '  open: { table: holding, address: 0, value: 6, mask: 4, confirm: { feeds: position, is: open } }',
      '  close: { table: holding, address: 0, value: 1, values: [1], confirm: { feeds: position, is: closed } }',
    ),
    says: [
      'm.yaml:6: operations.open.value: 6, want only bits of the mask 4',
      'm.yaml:7: operations.close.value: given, want either value or values',
    ],
  },
  {
    it: 'a pulse that may be repeated, or that ends as it begins',
    text: map(
      POSITION,
      'operations:',
      '  open: { table: coil, address: 0, value: true, repeatable: true, pulse: { ms: 100, rest: true }, confirm: { feeds: position, is: open } }',
    ),
    says: [
      'm.yaml:6: operations.open.pulse.rest: true, want another value than true',
      'm.yaml:6: operations.open.repeatable: true, want none on a pulse: twice is not once',
    ],
  },
  {
    it: 'an operation that selects with a number on a coil',
    text: map(
      POSITION,
      'operations:',
      '  open: { table: coil, address: 0, value: true, select: { table: coil, address: 1, value: 1, check: { table: discrete, address: 1, is: 2 } }, confirm: { feeds: position, is: open } }',
    ),
    says: [
      'm.yaml:6: operations.open.select.value: 1, want true or false for a coil',
      'm.yaml:6: operations.open.select.check.is: 2, want 0 or 1',
    ],
  },
  {
    it: 'a float on a coil',
    text: map('  - { feeds: sag, table: coil, address: 0, type: float32 }'),
    says: [
      'm.yaml:4: points[0].type: float32, want bool in table coil',
      'm.yaml:4: points[0].type: float32, want bool, uint8, uint16, uint32, bits16, bits32 for sag',
    ],
  },
  {
    it: 'a bool in a register',
    text: map('  - { feeds: sag, table: input, address: 0, type: bool }'),
    says: ['m.yaml:4: points[0].type: bool, want bits16 with a `bit` in table input'],
  },
  {
    it: 'four registers over the end of the table',
    text: map('  - { feeds: importWh, table: input, address: 65533, type: uint64 }'),
    says: ['m.yaml:4: points[0].address: 65533, want at most 65532 for uint64: the table ends at 65535'],
  },
  {
    it: 'an address past the end',
    text: map('  - { feeds: kw.a, table: input, address: 65536, type: int16 }'),
    says: ['m.yaml:4: points[0].address: 65536, want 65535 or less'],
  },
  {
    it: 'a bit out of range',
    text: map('  - { feeds: sag, table: input, address: 0, type: bits16, bit: 16 }'),
    says: ['m.yaml:4: points[0].bit: 16, want 0..15 of bits16'],
  },
  {
    it: 'a flag of a register without its bit',
    text: map('  - { feeds: sag, table: input, address: 0, type: bits16 }'),
    says: ['m.yaml:4: points[0].bit: missing, want 0..15 for sag'],
  },
  {
    it: 'a word order on 16 bits',
    text: map('  - { feeds: kw.a, table: input, address: 0, type: int16, wordOrder: CDAB }'),
    says: ['m.yaml:4: points[0].wordOrder: CDAB, want none on int16'],
  },
  {
    it: 'an unknown feed',
    text: map('  - { feeds: volts.d, table: input, address: 0, type: int16 }'),
    says: [expect.stringMatching(/^m\.yaml:4: points\[0\]\.feeds: volts\.d, want one of volts\.a, /)],
  },
  {
    it: 'two points for one feed',
    text: map(
      '  - { feeds: kw.a, table: input, address: 0, type: int16 }',
      '  - { feeds: kw.a, table: input, address: 1, type: int16 }',
    ),
    says: ['m.yaml:5: points[1].feeds: kw.a, want it once: points[0] feeds it already'],
  },
  {
    it: 'registers that overlap by one',
    text: map(
      '  - { feeds: kw.a, table: input, address: 0, type: float32 }',
      '  - { feeds: kw.b, table: input, address: 1, type: float32 }',
    ),
    says: ['m.yaml:5: points[1].address: 1..2, want registers that points[0] does not use'],
  },
  {
    it: 'one bit for two flags',
    text: map(
      '  - { feeds: sag, table: input, address: 0, type: bits16, bit: 1 }',
      '  - { feeds: dead, table: input, address: 0, type: bits16, bit: 1 }',
    ),
    says: ['m.yaml:5: points[1].address: 0, want registers that points[0] does not use'],
  },
  {
    it: 'energy as a float',
    text: map('  - { feeds: importWh, table: input, address: 0, type: float32 }'),
    says: [
      expect.stringMatching(/want uint8, .* for importWh: energy is never a binary float, or `inexact: true` where/),
    ],
  },
  {
    it: 'energy in tenths of a watt-hour',
    text: map('  - { feeds: importWh, table: input, address: 0, type: uint32, scale: 0.1 }'),
    says: ['m.yaml:4: points[0].scale: 0.1, want a whole number of Wh for each count: energy is exact'],
  },
  {
    it: 'a scale that is no number',
    text: map('  - { feeds: kw.a, table: input, address: 0, type: int16, scale: 1/0 }'),
    says: ['m.yaml:4: points[0].scale: 1/0, want a number other than 0, such as 10, 0.001 or 1/3'],
  },
  {
    it: 'another unit than the measurement has',
    text: map('  - { feeds: kw.a, table: input, address: 0, type: int16, unit: W }'),
    says: ['m.yaml:4: points[0].unit: W, want kW: `scale` brings the raw value there'],
  },
  {
    it: 'an invalid value that does not fit',
    text: map('  - { feeds: kw.a, table: input, address: 0, type: int16, invalid: 65536 }'),
    says: ['m.yaml:4: points[0].invalid: 65536, want a value of 16 bits'],
  },
  {
    it: 'a status polled slowly',
    text: map('  - { feeds: sag, class: energy, table: discrete, address: 0, type: bool }'),
    says: ['m.yaml:4: points[0].class: energy, want fast for sag'],
  },
  {
    it: 'an unknown key',
    text: map('  - { feeds: kw.a, table: input, address: 0, type: int16, ofset: 3 }'),
    says: ['m.yaml:4: points[0].ofset: not a known key'],
  },
  {
    it: 'an operation that nothing confirms',
    text: `${map(POSITION)}operations:\n  open: { table: coil, address: 0, value: true }\n`,
    says: [
      'm.yaml:6: operations.open.confirm: missing, want the status to read back, as in { feeds: position, is: open }',
    ],
  },
  {
    it: 'an operation confirmed by what is not read',
    text: `${map(POSITION)}operations:\n  shed: { table: coil, address: 0, value: true, confirm: { feeds: shed, is: true } }\n`,
    says: ['m.yaml:6: operations.shed.confirm.feeds: shed, want a feed that one of the points reads'],
  },
  {
    it: 'a number for a coil',
    text: `${map(POSITION)}operations:\n  open: { table: coil, address: 0, value: 1, confirm: { feeds: position, is: open } }\n`,
    says: ['m.yaml:6: operations.open.value: 1, want true or false for a coil'],
  },
  { it: 'broken YAML', text: 'deviceMap: 1\nname: [', says: [expect.stringMatching(/^m\.yaml:\d+: /)] },
  { it: 'an empty file', text: '', says: [expect.stringMatching(/^m\.yaml:1: device map: /)] },
]

describe('a device map', () => {
  for (const c of good) it(c.it, () => expect(faultsOf(c.text)).toEqual([]))
  for (const c of bad) it(`refuses ${c.it}`, () => expect(faultsOf(c.text)).toEqual(c.says))

  it('has a JSON Schema for editors', () => {
    expect(deviceMapJsonSchema()).toMatchObject({ type: 'object', required: expect.arrayContaining(['points']) })
  })

  it('is shipped without a fault for the simulated device', () => {
    const text = readFileSync('sim/maps/feedermesh-device.yaml', 'utf8')
    expect(parseDeviceMap(text, 'feedermesh-device.yaml').points).toHaveLength(29)
  })
})
