// s = sound (live, quiet), f = fault current, d = dead, x = the device is silent; `word@ms`.

import { describe, expect, it } from 'vitest'
import { type PassageLatch, stepPassage, unwatched } from '../../../src/protection/restoration/passage-latch.ts'
import { cues } from '../script.ts'

const passageAfter = (script: string): PassageLatch['passage'] =>
  cues(script).reduce(
    (state: PassageLatch, { parts: [word], at }) =>
      stepPassage(
        state,
        word === 'x' ? { kind: 'silent' } : { kind: 'status', passes: word === 'f', dead: word === 'd' },
        at,
      ),
    unwatched,
  ).passage

describe('the latched passage of fault current', () => {
  it.each([
    ['nobody has watched', 'd@0', 'unknown'],
    ['it was live and quiet for less than a second', 's@0 s@999', 'unknown'],
    ['it was live and quiet for a second', 's@0 s@1000', 'no'],
    ['it was well and then only died', 's@0 s@1000 d@1100 d@9000', 'no'],
    // A device that tells of changes says nothing while all is well.
    ['it was well without a word, and died', 's@0 d@60000', 'no'],
    ['fault current passed', 's@0 s@1000 f@1100', 'yes'],
    ['fault current passed and then it died', 's@0 s@1000 f@1100 d@1200 d@90000', 'yes'],
    ['nobody had watched before fault current passed', 'f@0 d@100', 'yes'],
    ['a shot closed onto the fault again', 's@0 s@1000 f@1100 d@1200 s@3200 f@3220 d@4000', 'yes'],
    ['a fault was cleared and all was well for a second', 'f@0 s@100 s@1100 d@1200', 'no'],
    ['a fault was cleared, and the next one took the voltage before a second was over', 'f@0 s@100 d@1000', 'yes'],
    ['the device was silent meanwhile', 's@0 s@1000 x@1100 d@1200', 'unknown'],
    ['the device was silent after fault current had passed', 'f@0 x@10 d@20', 'unknown'],
  ])('when %s', (_, script, passage) => expect(passageAfter(script)).toBe(passage))
})
