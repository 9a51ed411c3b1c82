import { describe, expect, it } from 'vitest'
import { fromCbor, toCbor } from '../../topology/cbor.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

// Encodings from RFC 8949, appendix A and section 4.2.1.
describe('CBOR in deterministic encoding', () => {
  it('sorts keys and takes the shortest form', () => {
    expect(toCbor({ b: [2, 3], a: 1 })).toEqual(hex('a26161016162820203'))
    expect(fromCbor(hex('a26161016162820203'))).toEqual({ a: 1, b: [2, 3] })
    expect(toCbor(1000000000000)).toEqual(hex('1b000000e8d4a51000'))
  })

  for (const [what, bytes] of [
    ['unsorted keys', 'a2616202616101'],
    ['a key twice', 'a2616101616102'],
    ['a long integer', '1801'],
    ['an indefinite length', '9f01ff'],
    ['bytes after the value', '0101'],
    ['undefined', 'f7'],
    ['a value cut short', '8201'],
  ] as const) {
    it(`refuses ${what}`, () => expect(() => fromCbor(hex(bytes))).toThrow(Error))
  }
})
