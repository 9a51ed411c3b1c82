// The strict decoder against cborg: it takes exactly what cborg decodes and encodes to the same bytes again.

import { decode, encode, rfc8949EncodeOptions } from 'cborg'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeCbor } from '../../topology/cbor-decode.ts'

const RUNS = Number(process.env.FUZZ_INPUTS ?? 2000)
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

function byCborg(bytes: Uint8Array): { readonly value: unknown } | 'refused' {
  try {
    const value: unknown = decode(bytes, {
      strict: true,
      allowIndefinite: false,
      allowUndefined: false,
      rejectDuplicateMapKeys: true,
    })
    return Buffer.compare(encode(value, rfc8949EncodeOptions), bytes) === 0 ? { value } : 'refused'
  } catch {
    return 'refused'
  }
}

function byUs(bytes: Uint8Array): { readonly value: unknown } | 'refused' {
  try {
    return { value: decodeCbor(bytes) }
  } catch (error) {
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toBeInstanceOf(RangeError)
    return 'refused'
  }
}

const { value } = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.nat({ max: 300 }),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }),
    fc.double(),
    fc.float(),
    fc.integer({ min: -4096, max: 4096 }).map(number => number * 2 ** -25),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ maxLength: 30 }), tie('value'), { maxKeys: 5 }),
  ),
}))
const encoded = value.map(each => encode(each, rfc8949EncodeOptions))

describe('the strict decoder', () => {
  it('reads what is encoded as cborg does', () => {
    fc.assert(
      fc.property(encoded, bytes => {
        expect(byUs(bytes)).toEqual(byCborg(bytes))
      }),
      { numRuns: RUNS },
    )
  })

  it('takes and refuses the same bytes as cborg, when some are changed, cut off or put in', () => {
    const changes = fc.array(fc.record({ at: fc.nat(), byte: fc.nat({ max: 255 }), how: fc.nat({ max: 2 }) }), {
      minLength: 1,
      maxLength: 3,
    })
    fc.assert(
      fc.property(encoded, changes, (good, spoiling) => {
        const bytes = [...good]
        for (const { at, byte, how } of spoiling)
          bytes.splice(at % (bytes.length + 1), how === 0 ? 0 : 1, ...(how === 2 ? [] : [byte]))
        const spoiled = Uint8Array.from(bytes)
        expect(byUs(spoiled)).toEqual(byCborg(spoiled))
      }),
      { numRuns: RUNS },
    )
  })

  it('takes and refuses the same bytes as cborg, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
        expect(byUs(bytes)).toEqual(byCborg(bytes))
      }),
      { numRuns: RUNS },
    )
  })

  it('reads bytes in the midst of a larger buffer, as copies', () => {
    const buffer = Buffer.from('ffff4301020340', 'hex')
    const read = decodeCbor(buffer.subarray(2, 6)) as Uint8Array
    buffer.fill(0)
    expect(read).toEqual(Uint8Array.of(1, 2, 3))
    expect(read.constructor).toBe(Uint8Array)
    expect(() => decodeCbor(buffer.subarray(2, 4))).toThrow()
  })

  for (const [what, bytes] of [
    ['nothing', ''],
    ['a number in 2 bytes that fits 1', '1817'],
    ['a number in 3 bytes that fits 2', '1900ff'],
    ['a number in 5 bytes that fits 3', '1a0000ffff'],
    ['a number in 9 bytes that fits 5', '1b00000000ffffffff'],
    ['a float for a whole number', 'f93c00'],
    ['a double that fits a half', 'fb3ff8000000000000'],
    ['a double that fits a single', 'fb3ff0000020000000'],
    ['another NaN', 'fa7fc00000'],
    ['a text that is no UTF-8', '61ff'],
    ['an array of more items than bytes', '9affffffff01'],
    ['bytes that are not there', '5affffffff01'],
    ['a map of more keys than bytes', 'baffffffff6161'],
    ['a key that is a number', 'a10102'],
    ['a tag', 'c101'],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(byUs(hex(bytes))).toBe('refused')
      expect(byCborg(hex(bytes))).toBe('refused')
    })
  }

  it('takes a key "__proto__" for a key like any other', () => {
    const read = decodeCbor(hex('a1695f5f70726f746f5f5fa0')) as object
    expect([Object.keys(read), Object.getPrototypeOf(read)]).toEqual([['__proto__'], Object.prototype])
  })

  it('goes 64 levels deep and no deeper', () => {
    const nested = (depth: number): Uint8Array => Uint8Array.from([...Array(depth).fill(0x81), 0x00])
    expect(byUs(nested(64))).not.toBe('refused')
    expect(byUs(nested(65))).toBe('refused')
    expect(byUs(nested(100_000))).toBe('refused')
  })
})
