import { describe, expect, it } from 'vitest'
import { minuteOf, valueAt } from '../../../src/protection/load/daily-course.ts'
import { type Money, moneyText, type Price, priceOf, priceText } from '../../../src/protection/load/price.ts'

describe('a price', () => {
  it.each([
    ['0.80', '0.80'],
    ['0.8', '0.80'],
    ['1', '1.00'],
    ['-0.012345', '-0.012345'],
    ['0.1234', '0.1234'],
  ])('%s is exact', (text, shown) => expect(priceText(priceOf(text) as Price)).toBe(shown))
  it.each(['', '1e3', '.5', '1.', '0.1234567', '1234567890', 'NaN', '0x1', ' 1', '--1'])('"%s" is none', text =>
    expect(priceOf(text)).toBeUndefined(),
  )
  it('adds up as on paper', () => {
    expect(((priceOf('0.1') as bigint) + (priceOf('0.2') as bigint)) as Price).toBe(priceOf('0.3'))
    // 0.80 a kWh and 1234 Wh are 0.9872.
    expect(moneyText(((priceOf('0.80') as bigint) * 1234n) as Money)).toBe('0.9872')
    expect(moneyText(priceOf('-0.000001') as bigint as Money)).toBe('-0.000000001')
  })
})

describe('a course over the day', () => {
  const course = [
    { fromMinute: 360, value: 'day' },
    { fromMinute: 1080, value: 'night' },
    { fromMinute: 720, weekdays: new Set([7]), value: 'sunday' },
  ]
  it.each([
    [359, 1, 'night'],
    [360, 1, 'day'],
    [1079, 1, 'day'],
    [1080, 1, 'night'],
    [719, 7, 'day'],
    [720, 7, 'sunday'],
    [0, 1, 'night'],
  ])('at minute %i of day %i: %s', (minuteOfDay, weekday, value) =>
    expect(valueAt(course, { minuteOfDay, weekday })).toBe(value),
  )
  it('has nothing where no day says anything', () =>
    expect(
      valueAt([{ fromMinute: 0, weekdays: new Set([3]), value: 1 }], { minuteOfDay: 5, weekday: 1 }),
    ).toBeUndefined())
  it.each([
    ['00:00', 0],
    ['23:59', 1439],
    ['24:00', undefined],
    ['6:00', undefined],
  ])('%s', (text, minute) => expect(minuteOf(text)).toBe(minute))
})
