import { describe, expect, it } from 'vitest'
import { judgeKey, MAX_AHEAD_SECONDS, nextEpoch } from '../../src/aggregation/key-announcement.ts'

const NOW = 1_780_000_000
const [a = '', b = ''] = ['a', 'b'].map(each => each.repeat(43))
const word = (epoch: number, sealingKey = a) => ({ organisation: 'c', epoch, sealingKey })

describe('a word on a sealing key', () => {
  const cases = [
    { it: 'counts where none is known', known: undefined, next: word(5), verdict: 'new' },
    { it: 'counts when its epoch is later', known: word(5), next: word(6, b), verdict: 'new' },
    { it: 'that is repeated is known', known: word(5), next: word(5), verdict: 'known' },
    { it: 'of an earlier epoch is old, whatever its key', known: word(5, b), next: word(4), verdict: 'older' },
    { it: 'of the same epoch with another key is refused', known: word(5), next: word(5, b), verdict: 'refused' },
    { it: 'a day ahead counts', known: undefined, next: word(NOW + MAX_AHEAD_SECONDS), verdict: 'new' },
    {
      it: 'a second further is refused',
      known: undefined,
      next: word(NOW + MAX_AHEAD_SECONDS + 1),
      verdict: 'refused',
    },
  ]
  for (const { it: title, known, next, verdict } of cases) {
    it(title, () => expect(judgeKey(known, next, NOW).verdict).toBe(verdict))
  }
  it('is not measured by a clock that is not good', () => {
    expect(judgeKey(undefined, word(NOW * 2), undefined).verdict).toBe('new')
  })
  it('has the time as its epoch, and never one that is not later than the last', () => {
    expect(nextEpoch(undefined, NOW + 0.7)).toBe(NOW)
    expect(nextEpoch(word(NOW + 3), NOW)).toBe(NOW + 4)
  })
})
