// What is seen at once to be a reading is what the general check makes of it, and nothing else is.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { plainReading } from '../../src/aggregation/plain-reading.ts'
import { readingSchema } from '../../src/aggregation/reading.ts'

const register = fc.oneof(fc.nat(), fc.constantFrom(0, 2 ** 53 - 1, 2n ** 53n, 2n ** 63n - 1n))
const time = fc.nat({ max: 2 ** 45 })
const good = fc
  .record(
    {
      kind: fc.constant('reading'),
      startUtcMs: time,
      endUtcMs: time,
      importWhStart: register,
      importWhEnd: register,
      exportWhStart: register,
      exportWhEnd: register,
      importVarhStart: register,
      importVarhEnd: register,
      exportVarhStart: register,
      exportVarhEnd: register,
      hasVoltage: fc.boolean(),
      kw: fc.constant({ a: 1.5 }),
      flags: fc.array(fc.string({ minLength: 1, maxLength: 32 }), { maxLength: 16 }),
    },
    {
      requiredKeys: [
        'kind',
        'startUtcMs',
        'endUtcMs',
        'importWhStart',
        'importWhEnd',
        'exportWhStart',
        'exportWhEnd',
        'flags',
      ],
    },
  )
  .map(({ startUtcMs, endUtcMs, ...rest }) => ({
    ...rest,
    startUtcMs: Math.min(startUtcMs, endUtcMs),
    endUtcMs: Math.max(startUtcMs, endUtcMs),
  }))
const wrong = fc.constantFrom(
  -1,
  1.5,
  2 ** 53,
  -1n,
  2n ** 63n,
  Number.NaN,
  '',
  null,
  undefined,
  [''],
  ['x'.repeat(33)],
  {},
)
const field = fc.constantFrom('startUtcMs', 'importWhEnd', 'exportVarhStart', 'hasVoltage', 'flags', 'kind', 'more')

const usual = {
  kind: 'reading',
  startUtcMs: 0,
  endUtcMs: 900_000,
  importWhStart: 10,
  importWhEnd: 10,
  exportWhStart: 0n,
  exportWhEnd: 2n ** 60n,
  hasVoltage: true,
  flags: ['first'],
}

describe('a plain reading', () => {
  it('is what the general check makes of it', () => {
    expect(plainReading(usual)).toEqual(readingSchema.parse(usual))
    fc.assert(
      fc.property(good, value => {
        const seen = plainReading(value)
        if (seen !== undefined) expect(seen).toEqual(readingSchema.parse(value))
      }),
    )
  })

  it('is seen at once for every shape that a meter of this program writes without multipliers', () => {
    const reactive = { importVarhStart: 1, importVarhEnd: 2, exportVarhStart: 3, exportVarhEnd: 4n }
    expect(plainReading(usual)).toBeDefined()
    expect(plainReading({ ...usual, ...reactive })).toEqual(readingSchema.parse({ ...usual, ...reactive }))
  })

  it('is nothing that the general check refuses', () => {
    fc.assert(
      fc.property(good, field, wrong, (value, name, instead) => {
        const changed = { ...value, [name]: instead }
        if (!readingSchema.safeParse(changed).success) expect(plainReading(changed)).toBeUndefined()
      }),
      { numRuns: 500 },
    )
    const backwards = { ...usual, importWhStart: 11 }
    expect(readingSchema.safeParse(backwards).success).toBe(false)
    expect(plainReading(backwards)).toBeUndefined()
  })
})
