// Records written straight down are what the general encoder makes of them, and nothing else is written so.

import { describe, expect, it } from 'vitest'
import {
  type Body,
  bodyCodec,
  type Header,
  headerCodec,
  MAX_CONTENT_BYTES,
  recordClasses,
  utcQualities,
} from '../../src/aggregation/record.ts'
import { toCbor } from '../../topology/cbor.ts'
import { utcMs } from '../../topology/units.ts'
import { randomBytesOf } from './fixtures.ts'
import { random } from './random.ts'

const chance = random(5)
const some = randomBytesOf(6)
const below = (count: number): number => Math.floor(chance() * count)
/** Both sides of each length that an integer may have. */
const EDGES = [0, 1, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]
const count = (least: number): number => {
  const edge = EDGES[below(EDGES.length)] as number
  return Math.max(least, chance() < 0.5 ? edge : below(2 ** 45))
}

const header = (): Header => ({
  ledgerId: Buffer.from(some(16)).toString('hex'),
  ied: `R${'x'.repeat(below(64))}`,
  number: count(1),
  class: recordClasses[below(recordClasses.length)] as Header['class'],
  utcMs: utcMs(count(0)),
  utcQuality: utcQualities[below(utcQualities.length)] as Header['utcQuality'],
  previousHash: some(32),
  commitment: some(32),
})
const lengths = [0, 23, 24, 255, 256, 65_535, 65_536]
const body = (): Body => ({ salt: some(32), content: new Uint8Array(lengths[below(7)] as number).fill(below(256)) })

describe('a record as bytes', () => {
  it('is the one deterministic encoding of its header and its body', () => {
    for (let n = 0; n < 500; n++) {
      const [one, other] = [header(), body()]
      expect(Buffer.from(headerCodec.encode(one)).equals(toCbor(one))).toBe(true)
      expect(headerCodec.decode(headerCodec.encode(one))).toEqual(one)
      expect(Buffer.from(bodyCodec.encode(other)).equals(toCbor(other))).toBe(true)
    }
  })

  it.each<[string, Partial<Record<keyof Header, unknown>> & { more?: number }]>([
    ['a number of 0', { number: 0 }],
    ['a broken number', { number: 1.5 }],
    ['no name', { ied: '' }],
    ['a name that is not ASCII', { ied: 'Zähler' }],
    ['a name that is too long', { ied: 'x'.repeat(65) }],
    ['a ledger in capitals', { ledgerId: 'A'.repeat(32) }],
    ['a class that there is not', { class: 'gossip' }],
    ['a quality that there is not', { utcQuality: 'fine' }],
    ['a time before 1970', { utcMs: -1 }],
    ['a short hash', { previousHash: new Uint8Array(31) }],
    ['no bytes as a commitment', { commitment: 'x'.repeat(32) }],
    ['a key too many', { more: 1 }],
    ['a key too few', { number: undefined }],
  ])('with %s is refused, in words', (_, wrong) => {
    const broken: Record<string, unknown> = { ...header(), ...wrong }
    if (wrong.number === undefined && 'number' in wrong) delete broken.number
    expect(() => headerCodec.encode(broken as never)).toThrow(/^record header: /)
  })

  it.each<[string, Record<string, unknown>]>([
    ['a salt of another length', { salt: new Uint8Array(31) }],
    ['too much content', { content: new Uint8Array(MAX_CONTENT_BYTES + 1) }],
    ['text for content', { content: 'text' }],
    ['a key too many', { more: 1 }],
  ])('body with %s is refused, in words', (_, wrong) => {
    expect(() => bodyCodec.encode({ ...body(), ...wrong } as never)).toThrow(/^record body: /)
  })
})
