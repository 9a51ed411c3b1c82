import { describe, expect, it } from 'vitest'
import { parseRational } from '../../src/hal/rational.ts'

const cases = [
  { text: '10', gives: '10/1' },
  { text: 0.001, gives: '1/1000' },
  { text: '1e-3', gives: '1/1000' },
  { text: '2.50e2', gives: '250/1' },
  { text: '1/3', gives: '1/3' },
  { text: '-2/-4', gives: '1/2' },
  { text: '1/0', gives: undefined },
  { text: '1/2/3', gives: undefined },
  { text: '', gives: undefined },
  { text: 'ten', gives: undefined },
  { text: Number.NaN, gives: undefined },
]

describe('an exact scale', () => {
  for (const { text, gives } of cases) {
    it(`reads ${JSON.stringify(text)} as ${gives ?? 'nothing'}`, () => {
      const r = parseRational(text)
      expect(r && `${r.numerator}/${r.denominator}`).toBe(gives)
    })
  }
})
