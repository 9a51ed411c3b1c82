// What admission decided, for `peers --why`, the counters and the audit log.

import type { Credential } from './credential.ts'
import type { AdmissionDecision, Links } from './links.ts'
import { printable, type RefusalReason, type Refused } from './refusal.ts'

/** As far as a credential was read. */
export type Claimed = Partial<Pick<Credential, 'name' | 'organisation'>>

export interface AdmissionRecord extends Pick<Links, 'onDecision' | 'decisions' | 'refusals' | 'lastRefusal'> {
  admitted(peerId: string, who: Claimed, words: string): void
  /** @returns the words as they may be printed: some of them are the peer's */
  refused(peerId: string, why: Refused, who?: Claimed): string
}

/** The oldest go first; the audit log keeps them all. */
const DECISIONS_KEPT = 200

export function admissionRecord(now: () => number): AdmissionRecord {
  const counts = new Map<RefusalReason, number>()
  let last: string | undefined
  const kept: AdmissionDecision[] = []
  const listeners: Parameters<Links['onDecision']>[0][] = []

  function keep(decision: AdmissionDecision): void {
    kept.push(decision)
    if (kept.length > DECISIONS_KEPT) kept.shift()
    for (const listener of listeners) listener(decision)
  }

  return {
    admitted(peerId, { name, organisation }, words) {
      keep({ peerId, name, organisation, admitted: true, reason: undefined, words, atMs: now() })
    },
    refused(peerId, { reason, refused }, { name, organisation } = {}) {
      const words = printable(refused)
      counts.set(reason, (counts.get(reason) ?? 0) + 1)
      last = words
      keep({ peerId, name, organisation, admitted: false, reason, words, atMs: now() })
      return words
    },
    onDecision: listener => void listeners.push(listener),
    decisions: () => kept,
    refusals: () => counts,
    lastRefusal: () => last,
  }
}
