// s = sound (live, quiet), f = fault current, F = fault current and no voltage, d = dead, x = the device is silent;
// `word@ms`.

import { describe, expect, it } from 'vitest'
import {
  type PassageLatch,
  passageOf,
  passedAgoMs,
  stepPassage,
  unwatched,
} from '../../../src/protection/restoration/passage-latch.ts'
import { type Instant, instant } from '../../../topology/units.ts'
import { cues } from '../script.ts'

function after(script: string): { state: PassageLatch; at: Instant } {
  const all = cues(script)
  const state = all.reduce(
    (before: PassageLatch, { parts: [word = ''], at }) =>
      stepPassage(
        before,
        word === 'x' ? { kind: 'silent' } : { kind: 'status', passes: /f/i.test(word), dead: /[dF]/.test(word) },
        at,
      ),
    unwatched,
  )
  return { state, at: all.at(-1)?.at ?? instant(0) }
}

function passageAfter(script: string): PassageLatch['passage'] {
  const { state, at } = after(script)
  return passageOf(state, at)
}

describe('how long ago fault current was seen', () => {
  it.each([
    ['never', 's@0 d@1100', undefined],
    ['it passes', 's@0 f@1100', 0],
    ['it passes, and died with it', 's@0 f@100 d@1400', 0],
    ['it opened, and what feeds it died later without it', 's@0 f@100 d@150 s@900 d@1400', 1250],
    ['the device was silent since', 'f@0 x@10 d@20', undefined],
  ])('when %s', (_, script, ms) => {
    const { state, at } = after(script)
    expect(passedAgoMs(state, at)).toBe(ms)
  })
})

describe('the latched passage of fault current', () => {
  it.each([
    ['nobody has watched', 'd@0', 'unknown'],
    ['it was well and then only died', 's@0 d@1100 d@9000', 'no'],
    ['fault current passed until it died', 's@0 f@1100 d@2000 d@90000', 'yes'],
    ['a fault close by took the voltage at once', 's@0 F@1100 d@2000', 'yes'],
    ['nobody had watched before fault current passed', 'f@0 d@100', 'yes'],
    ['current and voltage ended together and showed in two polls', 's@0 f@100 s@900 d@1050', 'yes'],
    ['the fault had ended a while before it died', 's@0 f@100 s@200 d@351', 'unknown'],
    ['the fault had ended just not long enough before', 's@0 f@100 s@200 d@2699', 'unknown'],
    ['the fault had ended long before it died of another one', 's@0 f@100 s@200 d@2700', 'no'],
    ['a shot closed onto the fault again', 's@0 f@1100 d@1200 s@3200 f@3220 d@4000', 'yes'],
    ['a shot closed onto a fault close by', 's@0 F@1100 d@1200 F@3220 d@4000', 'yes'],
    [
      'a fuse had cleared the fault, and a shot closed onto another one',
      's@0 f@100 s@160 d@900 s@2900 d@3800',
      'unknown',
    ],
    ['a shot showed another fault than the one before', 's@0 d@900 s@2900 f@2910 d@3800', 'unknown'],
    [
      'two shots showed two faults, and a third one one of them',
      's@0 d@9 s@2000 f@2010 d@3000 s@5000 f@5010 d@6000',
      'unknown',
    ],
    ['all was well between two faults', 's@0 f@100 d@900 s@2900 f@5400 d@6000', 'yes'],
    ['all was well between two faults, the second one elsewhere', 's@0 f@100 d@900 s@2900 d@5400', 'no'],
    ['all was not well for long enough between two faults', 's@0 f@100 d@900 s@2900 d@5399', 'unknown'],
    ['the device was silent meanwhile', 's@0 x@1100 d@1200', 'unknown'],
    ['the device was silent after fault current had passed', 'f@0 x@10 d@20', 'unknown'],
    ['it watches a later shot after a silence', 'f@0 x@10 d@20 s@2000 f@2010 d@2900', 'yes'],
  ])('when %s', (_, script, passage) => expect(passageAfter(script)).toBe(passage))
})
