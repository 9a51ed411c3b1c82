// A device's grants, as scripts: `event:…@ms`. Numbers are written down before they are said.

import { describe, expect, it } from 'vitest'
import {
  fenceRefusal,
  type GrantAction,
  type GrantEvent,
  type GrantState,
  grantAfterStart,
  stepGrant,
} from '../../../src/protection/restoration/grant.ts'
import { duration, type Instant, instant } from '../../../topology/units.ts'
import { cues, play } from '../script.ts'

const noGrant: GrantState = { fence: 0 }

const LIFETIME = duration(1000)

/** `reserve:A:1`: incident A/1, which A leads. */
function eventOf([word, leader = '', count = '', fence = '0']: readonly string[]): GrantEvent {
  const incident = `${leader}/${count}`
  switch (word) {
    case 'reserve':
      return { kind: 'reserve', incident, leader, lifetime: LIFETIME }
    case 'barred':
      return { kind: 'reserve', incident, leader, lifetime: LIFETIME, barred: 'tagged' }
    case 'release':
      return { kind: 'release', incident, leader, fence: Number(fence) }
    case 'stranger':
      return { kind: 'release', incident, leader: 'X', fence: Number(fence) }
    case 'confirmed':
      return { kind: 'confirmed', incident, leader, fence: Number(fence) }
    case 'raise':
      return { kind: 'raise', incident }
    default:
      return { kind: 'reset' }
  }
}

function write(action: GrantAction): string {
  if (action.kind === 'persist')
    return `persist:${action.kept.fence}${action.kept.grant === undefined ? '' : `:${action.kept.grant.incident}`}`
  if (action.kind === 'confirm') return `confirm:${action.of.incident}`
  const { answer } = action
  return answer.kind === 'granted' ? `granted:${answer.fence}` : answer.kind
}

const cases = [
  { it: 'draws a number, writes it down, then says it', given: 'reserve:A:1@0', does: 'persist:1:A/1 granted:1' },
  {
    it: 'gives the same number to who asks again, as when the answer was lost',
    given: 'reserve:A:1@0 reserve:A:1@500',
    does: 'persist:1:A/1 granted:1 granted:1',
  },
  {
    it: 'refuses another incident while the grant lasts, and asks nobody',
    given: 'reserve:A:1@0 reserve:B:1@999',
    does: 'persist:1:A/1 granted:1 refused',
  },
  {
    it: 'asks the leader once its time is over, and refuses until he has answered',
    given: 'reserve:A:1@0 reserve:B:1@1000 confirmed:A:1:1@1010 reserve:B:1@1020',
    does: 'persist:1:A/1 granted:1 confirm:A/1 refused persist:1 done persist:2:B/1 granted:2',
  },
  {
    it: 'stays granted for as long as the leader is silent',
    given: 'reserve:A:1@0 reserve:B:1@1000 reserve:B:1@99999',
    does: 'persist:1:A/1 granted:1 confirm:A/1 refused confirm:A/1 refused',
  },
  {
    it: 'is free after a release by its leader, and the next number is greater',
    given: 'reserve:A:1@0 release:A:1:1@10 reserve:B:1@20',
    does: 'persist:1:A/1 granted:1 persist:1 done persist:2:B/1 granted:2',
  },
  {
    it: 'is not freed by somebody else, by an old number, or for another incident',
    given: 'reserve:A:1@0 stranger:A:1:1@1 release:A:1:2@2 release:A:2:1@3 reserve:B:1@4',
    does: 'persist:1:A/1 granted:1 done done done refused',
  },
  {
    it: 'takes a confirmation of an earlier grant for nothing',
    given: 'reserve:A:1@0 release:A:1:1@1 reserve:A:2@2 confirmed:A:1:1@3 reserve:B:1@4',
    does: 'persist:1:A/1 granted:1 persist:1 done persist:2:A/2 granted:2 refused',
  },
  {
    it: 'raises its number, which ends what it was granted to itself',
    given: 'reserve:A:1@0 raise:A:1@1 reserve:B:1@2',
    does: 'persist:1:A/1 granted:1 persist:2 done persist:3:B/1 granted:3',
  },
  {
    it: 'raises its number for an incident of its own and keeps what another one was granted',
    given: 'reserve:B:1@0 raise:A:1@1 reserve:A:2@2',
    does: 'persist:1:B/1 granted:1 persist:2:B/1 done refused',
  },
  { it: 'grants nothing where the device takes part in nothing', given: 'barred:A:1@0', does: 'refused' },
  {
    it: 'is free once a person says so',
    given: 'reserve:A:1@0 reset@1 reserve:B:1@2',
    does: 'persist:1:A/1 granted:1 persist:2 done persist:3:B/1 granted:3',
  },
]

describe('a grant', () => {
  for (const { it: what, given, does } of cases) {
    it(what, () =>
      expect(play<GrantState, GrantEvent, GrantAction>(stepGrant, noGrant, given, eventOf, write)).toBe(does),
    )
  }

  it('stands after a start, and its time counts as over: who wants it asks the leader', () => {
    const kept = { fence: 7, grant: { incident: 'A/1', leader: 'A', fence: 7 } }
    const start = grantAfterStart(kept, instant(50))
    expect(play<GrantState, GrantEvent, GrantAction>(stepGrant, start, 'reserve:B:1@60', eventOf, write)).toBe(
      'confirm:A/1 refused',
    )
    expect(fenceRefusal(start, kept.grant, instant(50))).toBe('the grant is overdue')
  })

  describe('opens the device', () => {
    const granted = stateAfter('reserve:A:1@0')
    const shown = { incident: 'A/1', leader: 'A', fence: 1 }
    it('under its number until its time is over', () => {
      expect(fenceRefusal(granted, shown, instant(999))).toBeUndefined()
      expect(fenceRefusal(granted, shown, instant(1000))).toBe('the grant is overdue')
    })
    it.each([
      ['another number', { ...shown, fence: 2 }],
      ['another incident', { ...shown, incident: 'A/2' }],
      ['another leader', { ...shown, leader: 'B' }],
    ])('not under %s', (_, other) => expect(fenceRefusal(granted, other, instant(1))).toBeDefined())
    it('not after a release', () => {
      expect(fenceRefusal(stateAfter('reserve:A:1@0 release:A:1:1@1'), shown, instant(2))).toBe(
        'nothing is granted here',
      )
    })
  })
})

function stateAfter(script: string): GrantState {
  return cues(script).reduce(
    (state: GrantState, { parts, at }: { parts: readonly string[]; at: Instant }) =>
      stepGrant(state, eventOf(parts), at).state,
    noGrant,
  )
}
