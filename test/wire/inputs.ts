// What a hostile peer sends: any bytes, valid messages with a few bytes changed, and well-formed CBOR of any shape.
//
// FUZZ_INPUTS says how many inputs each entry point gets: 500 unless said otherwise; `npm run fuzz:wire` gives 100,000.

import fc from 'fast-check'
import { fromCbor, toCbor } from '../../topology/cbor.ts'

export const INPUTS = Number(process.env.FUZZ_INPUTS ?? 500)
export const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)

/** A valid frame with some bytes overwritten, some taken out and some put in. */
export const mutated = (valid: Uint8Array): fc.Arbitrary<Uint8Array> => {
  const edit = fc.record({
    at: fc.nat({ max: Math.max(0, valid.length - 1) }),
    remove: fc.integer({ min: 0, max: 4 }),
    insert: fc.uint8Array({ maxLength: 4 }),
  })
  return fc.array(edit, { minLength: 1, maxLength: 3 }).map(edits => {
    const bytes = [...valid]
    for (const { at, remove, insert } of edits) bytes.splice(at, remove, ...insert)
    return Uint8Array.from(bytes)
  })
}

/** Well-formed CBOR of any shape, keys that JavaScript holds special among them. */
export const anyShape = (keys: readonly string[] = []): fc.Arbitrary<unknown> => {
  const key = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom('__proto__', 'constructor', 'toString', 'event', 'section', ...keys),
  )
  return fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.integer(),
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array({ maxLength: 40 }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    ),
  })).value
}

/** A valid value with one of its parts, at any depth, taken out or put in place by something else. */
const reshaped = (valid: unknown): fc.Arbitrary<unknown> =>
  fc.record({ path: fc.array(fc.nat(8), { maxLength: 4 }), put: anyShape() }).map(({ path, put }) => {
    const copy = structuredClone(valid)
    let at: unknown = copy
    for (const [depth, step] of path.entries()) {
      if (typeof at !== 'object' || at === null || at instanceof Uint8Array) return copy
      const keys = Object.keys(at)
      const key = keys[step % Math.max(1, keys.length)]
      if (key === undefined) return copy
      if (depth === path.length - 1) Reflect.set(at, key, put)
      else at = Reflect.get(at, key)
    }
    return path.length === 0 ? put : copy
  })

function decoded(bytes: Uint8Array): unknown {
  try {
    return fromCbor(bytes)
  } catch {
    return undefined
  }
}

/** Inputs for an entry point of which these are valid examples. */
export function hostile(examples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const encode = (shape: fc.Arbitrary<unknown>): fc.Arbitrary<Uint8Array> => shape.map(value => toCbor(value))
  const known = examples.map(decoded).filter(value => typeof value === 'object' && value !== null)
  return fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
    { weight: 1, arbitrary: encode(anyShape()) },
    ...examples.slice(0, 6).map(example => ({ weight: 1, arbitrary: mutated(example) })),
    ...known.slice(0, 6).map(value => ({ weight: 1, arbitrary: encode(reshaped(value)) })),
  )
}
