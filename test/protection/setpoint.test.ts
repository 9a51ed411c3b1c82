// A setpoint, played from scripts: what its condition is, with the time in s, and what comes of it.
//
//   yes, no, unknown      the condition; `hold` is within the hysteresis: it would not begin, and does not end

import { describe, expect, it } from 'vitest'
import { type SetpointEvent, type SetpointSettings, setpoint, setpointStart } from '../../src/protection/setpoint.ts'
import { instant } from '../../topology/units.ts'

const EVENTS: Readonly<Record<string, SetpointEvent>> = {
  yes: { kind: 'looked', begins: true, holds: true },
  no: { kind: 'looked', begins: false, holds: false },
  hold: { kind: 'looked', begins: false, holds: true },
  unknown: { kind: 'looked', begins: undefined, holds: undefined },
  reset: { kind: 'reset' },
}

function play(script: string, changes: Partial<SetpointSettings> = {}, latched = false): string {
  const step = setpoint({ delayMs: 5000, dropoutMs: 2000, latches: false, ...changes })
  let state = setpointStart(latched)
  const said: string[] = []
  for (const each of script.split(' ')) {
    const [word = '', at = '0'] = each.split('@')
    const next = step(state, EVENTS[word] as SetpointEvent, instant(Number(at) * 1000))
    state = next.state
    for (const action of next.actions) {
      if (action.kind === 'answer') said.push(action.done ? 'done' : 'refused')
      else if (action.kind === 'begins' || action.kind === 'ends') said.push(action.kind)
      else said.push(`${action.stands ? '' : 'not-'}${action.kind}`)
    }
  }
  return said.join(' ')
}

const cases: { it: string; given: string; gives: string; settings?: Partial<SetpointSettings>; latched?: boolean }[] = [
  { it: 'begins after the delay, and not before', given: 'yes@0 yes@4.9 yes@5 yes@9', gives: 'begins' },
  { it: 'begins at the first look without a delay', given: 'yes@0', gives: 'begins', settings: { delayMs: 0 } },
  { it: 'counts anew when it was false in between', given: 'yes@0 yes@4 no@4.5 yes@5 yes@9.9 yes@10', gives: 'begins' },
  { it: 'counts anew when it was not known in between', given: 'yes@0 unknown@4 yes@5 yes@9.9', gives: '' },
  { it: 'does not begin on one look, however long ago', given: 'yes@0 no@100 yes@200', gives: '' },
  { it: 'ends after the drop-out time', given: 'yes@0 yes@5 no@6 no@7.9 no@8', gives: 'begins ends' },
  {
    it: 'holds within the hysteresis, and does not begin there',
    given: 'hold@0 hold@5 yes@6 yes@11 hold@20 hold@99',
    gives: 'begins',
  },
  {
    it: 'neither ends nor begins while it is not known',
    given: 'yes@0 yes@5 no@6 unknown@7 no@8 no@9.9',
    gives: 'begins',
  },
  {
    it: 'says after a minute that it sees nothing, and when it sees again',
    given: 'unknown@0 unknown@59.9 unknown@60 unknown@200 no@201 unknown@202 unknown@261',
    gives: 'blind not-blind',
  },
  {
    it: 'stands when it has latched, until a person has reset it',
    given: 'yes@0 yes@5 reset@5.5 no@6 no@8 no@60 reset@61 reset@62',
    gives: 'latch begins refused not-latch ends done done',
    settings: { latches: true },
  },
  {
    it: 'begins again while it is latched, without latching again',
    given: 'yes@0 yes@5 no@6 no@8 yes@20 yes@25',
    gives: 'latch begins begins',
    settings: { latches: true },
  },
  {
    it: 'is latched still after a restart',
    given: 'no@0 no@100 reset@101',
    gives: 'not-latch ends done',
    settings: { latches: true },
    latched: true,
  },
]

describe('setpoint', () => {
  for (const { it: name, given, gives, settings, latched } of cases) {
    it(name, () => expect(play(given, settings, latched)).toBe(gives))
  }
})
