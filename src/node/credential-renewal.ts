// When an agent's own credential is renewed: what is shown, what seals, and when a person is told that it ends.
//
//   found a newer one ──► show it to all peers ──(3 s)──► seal with it
//
// Peers see the new one first, so that no message has to wait until its receiver has asked for it. When the old one does
// not count any more there is nothing to wait for. A file that holds something else, an older one, or half of one, changes
// nothing: the agent goes on with what it has.

import { type Instant, instant } from '../../topology/units.ts'
import type { Credential } from '../mesh/credential.ts'
import type { Refused } from '../mesh/refusal.ts'

export interface RenewalSettings {
  readonly alarmDays: number
}

export interface RenewalState {
  /** Seals what this agent says. */
  readonly current: Credential
  /** Shown, and seals from then on. */
  readonly next?: { readonly credential: Credential; readonly sealAt: Instant } | undefined
  readonly alarmedAt?: Instant | undefined
}

export type RenewalEvent =
  /** What the file holds, checked as at the start. */
  | { readonly kind: 'found'; readonly credential: Credential | Refused }
  /** `daysLeft` of the current one; undefined when the clock says nothing. `counts`: it is live and not revoked. */
  | { readonly kind: 'tick'; readonly daysLeft: number | undefined; readonly counts: boolean }

export type RenewalAction =
  | { readonly kind: 'show'; readonly credential: Credential }
  | { readonly kind: 'seal'; readonly credential: Credential }
  | { readonly kind: 'refused'; readonly words: string }
  | { readonly kind: 'alarm'; readonly daysLeft: number }

interface Step {
  readonly state: RenewalState
  readonly actions: readonly RenewalAction[]
}

export const SEAL_AFTER_MS = 3000
const DAY_MS = 86_400_000

export const credentialRenewal =
  ({ alarmDays }: RenewalSettings) =>
  (state: RenewalState, event: RenewalEvent, now: Instant): Step => {
    switch (event.kind) {
      case 'found':
        return find(state, event.credential, now)
      case 'tick':
        return tick(state, event, alarmDays, now)
    }
  }

function find(state: RenewalState, found: Credential | Refused, now: Instant): Step {
  const newest = state.next?.credential ?? state.current
  if ('refused' in found) return { state, actions: [{ kind: 'refused', words: found.refused }] }
  if (found.token === newest.token) return { state, actions: [] }
  if (found.notBefore <= newest.notBefore) {
    return { state, actions: [{ kind: 'refused', words: 'it is not newer than the one in use' }] }
  }
  const next = { credential: found, sealAt: instant(now + SEAL_AFTER_MS) }
  return { state: { ...state, next, alarmedAt: undefined }, actions: [{ kind: 'show', credential: found }] }
}

function tick(
  state: RenewalState,
  { daysLeft, counts }: Extract<RenewalEvent, { kind: 'tick' }>,
  alarmDays: number,
  now: Instant,
): Step {
  if (state.next !== undefined) {
    const { credential, sealAt } = state.next
    if (counts && now < sealAt) return { state, actions: [] }
    return { state: { current: credential }, actions: [{ kind: 'seal', credential }] }
  }
  const isTold = state.alarmedAt !== undefined && now - state.alarmedAt < DAY_MS
  if (daysLeft === undefined || daysLeft > alarmDays || isTold) return { state, actions: [] }
  return { state: { ...state, alarmedAt: now }, actions: [{ kind: 'alarm', daysLeft }] }
}
