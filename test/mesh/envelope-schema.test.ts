// The hand-written check of an envelope's body against a schema that says the same.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readEnvelope } from '../../src/mesh/envelope.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'

const RUNS = Number(process.env.FUZZ_INPUTS ?? 2000)
const bytes = z.instanceof(Uint8Array)
const whole = z.number().int().nonnegative()
const body = z
  .object({
    v: z.literal(1),
    t: z.string().min(1).max(32),
    o: z.string().min(1).max(128),
    c: bytes,
    e: whole,
    s: whole,
    u: whole,
    q: z.boolean(),
    l: whole.max(86_400_000),
    f: bytes,
    p: bytes,
  })
  .strict()

const some = fc.uint8Array({ maxLength: 20 })
const good = {
  v: fc.constant(1),
  t: fc.string({ minLength: 1, maxLength: 32 }),
  o: fc.string({ minLength: 1, maxLength: 128 }),
  c: some,
  e: fc.maxSafeNat(),
  s: fc.maxSafeNat(),
  u: fc.maxSafeNat(),
  q: fc.boolean(),
  l: fc.nat({ max: 86_400_000 }),
  f: some,
  p: some,
}
const anything = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, 1, 2, 86_400_000, 86_400_001, 2 ** 53 - 1, -1, 0.5, null, '', true, 2n ** 60n, [], {}),
  fc.string({ minLength: 31, maxLength: 34 }),
  fc.string({ minLength: 127, maxLength: 130 }),
  some,
)
const key = fc.oneof(fc.constantFrom(...Object.keys(good)), fc.string({ maxLength: 2 }))
const spoiled = fc
  .tuple(fc.record(good), fc.array(fc.tuple(key, fc.option(anything)), { maxLength: 2 }))
  .map(([right, changes]) => {
    const changed: Record<string, unknown> = { ...right }
    for (const [name, value] of changes) {
      if (value === null) delete changed[name]
      else changed[name] = value
    }
    return changed
  })

const takes = (read: () => unknown): boolean => {
  try {
    read()
    return true
  } catch {
    return false
  }
}

describe('an envelope', () => {
  it('is read when the schema takes it, and only then', () => {
    let taken = 0
    fc.assert(
      fc.property(spoiled, map => {
        const raw = toCbor([toCbor(map), new Uint8Array(64)])
        const isTaken = body.safeParse(fromCbor(toCbor(map))).success
        if (isTaken) taken++
        expect(takes(() => readEnvelope(raw))).toBe(isTaken)
        if (!isTaken) return
        const { envelope } = readEnvelope(raw)
        const { type: t, origin: o, credentialHash: c, epoch: e, sequence: s, utc: u, utcGood: q } = envelope
        const { lifetime: l, feeder: f, payload: p } = envelope
        expect({ v: 1, t, o, c, e, s, u, q, l, f, p }).toEqual(map)
      }),
      { numRuns: RUNS },
    )
    expect(taken).toBeGreaterThan(RUNS / 20)
    expect(taken).toBeLessThan(RUNS)
  })

  it('has two parts, both of them bytes', () => {
    const map = toCbor({ v: 1 })
    for (const outer of [map, [map], [map, map, map], [map, 'x'], ['x', map], { 0: map, 1: map }]) {
      expect(() => readEnvelope(toCbor(outer))).toThrow('not an envelope')
    }
  })

  it('is read in one pass as the general decoder and the schema read it, whatever byte is changed, put in or left out', () => {
    const whole = fc.record(good).map(map => toCbor([toCbor(map), new Uint8Array(64).fill(5)]))
    const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }), fc.constantFrom('set', 'insert', 'delete'))
    let taken = 0
    fc.assert(
      fc.property(whole, fc.array(change, { maxLength: 2 }), (raw, changes) => {
        const spoilt = [...raw]
        for (const [where, byte, how] of changes) {
          const at = where % spoilt.length
          spoilt.splice(at, how === 'insert' ? 0 : 1, ...(how === 'delete' ? [] : [byte]))
        }
        const changed = Uint8Array.from(spoilt)
        const isTaken = takes(() => {
          const [map, signature, ...more] = z.array(bytes).parse(fromCbor(changed))
          if (map === undefined || signature === undefined || more.length > 0) throw new Error('want two parts')
          body.parse(fromCbor(map))
        })
        if (isTaken) taken++
        expect(takes(() => readEnvelope(changed))).toBe(isTaken)
      }),
      { numRuns: RUNS },
    )
    expect(taken).toBeGreaterThan(RUNS / 20)
    expect(taken).toBeLessThan(RUNS)
  })
})
