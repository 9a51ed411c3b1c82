import { describe, expect, it } from 'vitest'
import { over, row, table, target, targetLine } from '../../bench/table.ts'

describe('a target', () => {
  it('is met at its limit and missed just above', () => {
    expect(target('a over b', 1.5, 1.5).ok).toBe(true)
    expect(target('a over b', 1.5001, 1.5).ok).toBe(false)
  })
  it('says what was measured and what was wanted', () => {
    expect(targetLine(target('a over b', 1.2, 1.5))).toBe('target ok     a over b: ×1.20, at most ×1.50')
    expect(targetLine(target('growth', 2.5, 1, 'MB'))).toBe('target NOT ok growth: 2.50 MB, at most 1.00 MB')
  })
})

describe('a row', () => {
  const base = row('base', 'ms', [1, 2, 3, 4])
  const other = row('other', 'ms', [2, 4, 6, 12], base)
  it('is compared quantile by quantile with another one of the same run', () => {
    expect(other.ratio).toEqual({ to: 'base', p50: 2, p99: 3, max: 3 })
    expect(over(other, base, 'max')).toBe(3)
  })
  it('is printed with what it is compared to', () => {
    expect(table([base, other])).toContain('×2.00 / ×3.00 / ×3.00 of base')
  })
})
