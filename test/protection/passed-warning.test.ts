import { describe, expect, it } from 'vitest'
import {
  type PassedAction,
  type PassedEvent,
  type PassedState,
  passedWarnings,
} from '../../src/protection/passed-warning.ts'
import { duration } from '../../topology/units.ts'
import { play } from './script.ts'

// `m1:e1` IED m1 says that it is warned, severe; `m1:e1:catastrophic`; `m1:e1:over`.
function eventOf([ied = '', event = '', what = 'severe']: readonly string[]): PassedEvent {
  if (ied === 'tick') return { kind: 'tick' }
  const severity = what === 'catastrophic' ? 'catastrophic' : 'severe'
  return { kind: 'said', ied, warning: { event, stands: what !== 'over', severity, kind: 'sag' } }
}
function write(action: PassedAction): string {
  switch (action.kind) {
    case 'warned':
      return `warned:${action.ied}:${action.warning.severity}`
    case 'ended':
      return `ended:${action.ied}:${action.event}`
    case 'wake':
      return `wake@${action.at}`
    case 'all-clear':
      return 'all-clear'
  }
}
const start: PassedState = new Map()
const run = (script: string): string => play(passedWarnings(duration(30_000)), start, script, eventOf, write)

describe('a back-end peer that is told of warnings', () => {
  const cases = [
    {
      it: 'passes one on once, however often it is said',
      given: 'm1:e1@0 m1:e1@10000',
      does: 'warned:m1:severe wake@30000 wake@40000',
    },
    {
      it: 'passes it on again when it grows worse, and no milder',
      given: 'm1:e1@0 m1:e1:catastrophic@5 m1:e1@9',
      does: 'warned:m1:severe wake@30000 warned:m1:catastrophic wake@30005 wake@30009',
    },
    {
      it: 'gives the all-clear when nobody is warned any more',
      given: 'm1:e1@0 m2:e1@1 m1:e1:over@2 m2:e1:over@3',
      does: 'warned:m1:severe wake@30000 warned:m2:severe wake@30001 ended:m1:e1 ended:m2:e1 all-clear',
    },
    {
      it: 'ends by itself when nothing more is heard',
      given: 'm1:e1@0 tick@29999 tick@30000',
      does: 'warned:m1:severe wake@30000 ended:m1:e1 all-clear',
    },
    { it: 'knows no end of what it never heard', given: 'm1:e1:over@0', does: '' },
  ]
  for (const c of cases) it(c.it, () => expect(run(c.given)).toBe(c.does))

  it('keeps so many at the most, and the others as they were', () => {
    const step = passedWarnings(duration(30_000))
    let state = start
    for (let n = 0; n < 2000; n++) state = step(state, eventOf(['m1', `e${n}`]), 0 as never).state
    expect(state.size).toBe(1024)
    expect(state.has('m1 e0')).toBe(true)
  })
})
