import { describe, expect, it } from 'vitest'
import { lastAfter } from '../../bench/reach.ts'

const sent = new Map([
  [0, 100],
  [1, 200],
])

describe('the time until a message has reached everybody', () => {
  it('is that of the last receiver’s first copy', () => {
    const noted = [
      [[0, 105] as const, [0, 190] as const, [1, 203] as const],
      [[0, 108] as const, [1, 202] as const],
    ]
    expect(lastAfter(sent, noted)).toEqual([8, 3])
  })
  it('is not known of one that somebody did not get', () => {
    expect(lastAfter(sent, [[[0, 105]], [[1, 202]]])).toEqual([])
  })
  it('takes a copy for its own message, however late it is', () => {
    expect(
      lastAfter(sent, [
        [
          [1, 201],
          [0, 250],
        ],
      ]),
    ).toEqual([150, 1])
  })
})
