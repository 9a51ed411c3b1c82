import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ReplayMark, replayWindow, WINDOW } from '../../src/mesh/replay-window.ts'

/** `epoch:sequence …` into the word for each: `n`ew, `d`uplicate, `o`ld. */
const take = (script: string, from?: ReplayMark): string => {
  const window = replayWindow(from)
  return script
    .split(' ')
    .map(pair => {
      const [epoch, sequence] = pair.split(':').map(Number)
      return window.take(epoch as number, sequence as number)[0]
    })
    .join('')
}

const cases = [
  { it: 'takes each pair once', given: '1:0 1:0 1:1 1:1', gives: 'ndnd' },
  { it: 'takes what comes out of order', given: '1:5 1:3 1:4 1:3', gives: 'nnnd' },
  { it: 'starts anew with a greater epoch', given: '1:5 2:0 2:5', gives: 'nnn' },
  { it: 'refuses a smaller epoch from then on', given: '1:5 2:0 1:6 1:5', gives: 'nnoo' },
  { it: 'takes what was sent before the first that came', given: `1:${WINDOW} 1:1`, gives: 'nn' },
  { it: 'but not further back than the window', given: `1:${WINDOW} 1:0`, gives: 'no' },
]
const restored = [
  { it: 'refuses all up to the mark: which of them came is not known', given: '3:9 3:10 2:99', gives: 'ooo' },
  { it: 'takes what comes after the mark', given: '3:11 3:11 3:12', gives: 'ndn' },
  { it: 'takes a greater epoch from its start', given: '4:0 3:11', gives: 'no' },
]

describe('a replay window', () => {
  for (const c of cases) it(c.it, () => expect(take(c.given)).toBe(c.gives))

  it('marks the greatest pair that came', () => {
    const window = replayWindow()
    for (const sequence of [4, 9, 2]) window.take(3, sequence)
    expect(window.mark()).toEqual({ epoch: 3, greatest: 9 })
  })

  it('takes no pair twice, in whatever order and however far apart they come', () => {
    const pair = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 5000 }))
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 4000, size: 'max' }), pairs => {
        const window = replayWindow()
        const taken = new Set<string>()
        for (const [epoch, sequence] of pairs) {
          if (window.take(epoch, sequence) !== 'new') continue
          expect(taken.has(`${epoch}:${sequence}`)).toBe(false)
          taken.add(`${epoch}:${sequence}`)
        }
      }),
      { numRuns: 20 },
    )
  })

  it('takes all that come late by less than the window', () => {
    const window = replayWindow()
    for (let sequence = 0; sequence < 5 * WINDOW; sequence += 2) expect(window.take(1, sequence)).toBe('new')
    for (let late = 4 * WINDOW + 1; late < 5 * WINDOW; late += 2) expect(window.take(1, late)).toBe('new')
    for (let old = 0; old < WINDOW; old++) expect(window.take(1, old)).toBe('old')
  })
})

describe('a replay window restored from epoch 3, sequence 10', () => {
  for (const c of restored) it(c.it, () => expect(take(c.given, { epoch: 3, greatest: 10 })).toBe(c.gives))

  it('refuses everything that the window before it had taken', () => {
    const pair = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3000 }))
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 500 }), pairs => {
        const before = replayWindow()
        const taken = pairs.filter(([epoch, sequence]) => before.take(epoch, sequence) === 'new')
        const after = replayWindow(before.mark())
        for (const [epoch, sequence] of taken) expect(after.take(epoch, sequence)).toBe('old')
      }),
    )
  })
})
