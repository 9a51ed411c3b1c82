import { describe, expect, it } from 'vitest'
import type { Credential } from '../../src/mesh/credential.ts'
import { refusal } from '../../src/mesh/refusal.ts'
import { credentialRenewal, type RenewalEvent, type RenewalState } from '../../src/node/credential-renewal.ts'
import { instant } from '../../topology/units.ts'

const credential = (token: string, notBefore: number): Credential => ({
  ...{ peerId: 'p', organisation: 'u', name: 'n', roles: ['IED' as const], feeders: ['f'] },
  ...{ notBefore, expires: notBefore + 1000, token, hash: new Uint8Array(16) },
})
const [old, next, newest] = [credential('old', 10), credential('next', 20), credential('newest', 30)]
const DAY_MS = 86_400_000

/** `what@ms` in turn. @returns what was done, and when */
function play(script: readonly [number, RenewalEvent][]): string {
  const step = credentialRenewal({ alarmDays: 14 })
  let state: RenewalState = { current: old }
  const done: string[] = []
  for (const [ms, event] of script) {
    const { state: after, actions } = step(state, event, instant(ms))
    state = after
    for (const action of actions) {
      const what = 'credential' in action ? action.credential.token : 'words' in action ? action.words : action.daysLeft
      done.push(`${action.kind}:${what}@${ms}`)
    }
  }
  return done.join(' ')
}
const found = (some: Extract<RenewalEvent, { kind: 'found' }>['credential']): RenewalEvent => ({
  kind: 'found',
  credential: some,
})
const tick = (daysLeft: number | undefined = 100, counts = true): RenewalEvent => ({ kind: 'tick', daysLeft, counts })

const cases: { it: string; given: [number, RenewalEvent][]; does: string }[] = [
  {
    it: 'does nothing while its file holds what it has',
    given: [
      [0, found(old)],
      [5, tick()],
    ],
    does: '',
  },
  {
    it: 'shows a newer one at once, and seals with it three seconds later',
    given: [
      [0, found(next)],
      [2999, tick()],
      [3000, tick()],
      [9000, tick()],
    ],
    does: 'show:next@0 seal:next@3000',
  },
  {
    it: 'does not wait when the one in use does not count any more',
    given: [
      [0, found(next)],
      [1, tick(-1, false)],
    ],
    does: 'show:next@0 seal:next@1',
  },
  {
    it: 'goes over to a still newer one before it sealed with the first',
    given: [
      [0, found(next)],
      [1000, found(newest)],
      [3500, tick()],
      [4000, tick()],
    ],
    does: 'show:next@0 show:newest@1000 seal:newest@4000',
  },
  {
    it: 'goes on with what it has when the file holds an older one, or what does not count',
    given: [
      [0, found(next)],
      [3000, tick()],
      [4000, found(old)],
      [5000, found(refusal('credential is malformed'))],
    ],
    does: 'show:next@0 seal:next@3000 refused:it is not newer than the one in use@4000 refused:credential is malformed@5000',
  },
  { it: 'raises no alarm more than 14 days before the end', given: [[0, tick(14.01)]], does: '' },
  {
    it: 'raises one each day from 14 days before the end on, and after it',
    given: [
      [0, tick(14)],
      [DAY_MS - 1, tick(13)],
      [DAY_MS, tick(13)],
      [2 * DAY_MS, tick(-1, false)],
    ],
    does: `alarm:14@0 alarm:13@${DAY_MS} alarm:-1@${2 * DAY_MS}`,
  },
  {
    it: 'says nothing of the end while its clock says nothing',
    given: [[0, { kind: 'tick', daysLeft: undefined, counts: true }]],
    does: '',
  },
  {
    it: 'raises none once the next one is there, and again when that ends',
    given: [
      [0, tick(3)],
      [1, found(next)],
      [3001, tick(3)],
      [4000, tick(300)],
      [5000, tick(2)],
    ],
    does: 'alarm:3@0 show:next@1 seal:next@3001 alarm:2@5000',
  },
]
describe('the renewal of a credential', () => {
  for (const c of cases) it(c.it, () => expect(play(c.given)).toBe(c.does))
})
