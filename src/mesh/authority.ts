// Who may send what to whom: one row per message type, checked before a message is used or forwarded. The rows of all
// types together are the authority table of docs/security.md.

import type { Credential, Role } from './credential.ts'

export interface AuthorityRow {
  readonly type: string
  /** The origin must hold one of these. */
  readonly roles: readonly Role[]
  /** `protection`: from organisations named for protection here; `trusted`: from any with a trusted authority. */
  readonly from: 'protection' | 'trusted'
  /** Refused from an origin whose feeder file differs in protection content. */
  readonly sameFeeder: boolean
  /**
   * What the feeder file must say of the origin for this very message, or in words why it is refused. Throws when the
   * payload is no message of this type.
   */
  readonly claim?: (payload: Uint8Array, origin: Credential) => string | undefined
  /**
   * The peers to which a copy that came over a held link from `from` goes on, at once and before its signature has been
   * checked: few, known without looking at the whole feeder. Absent: this type is not relayed.
   */
  readonly onward?: (payload: Uint8Array, from: string) => Iterable<string>
}

export interface AuthorityPolicy {
  /** Organisations whose protection messages this peer obeys, from its own configuration. */
  readonly protection: ReadonlySet<string>
}

/** @returns why the message is refused, or undefined when its origin may send it */
export function refusedBy(
  row: AuthorityRow,
  origin: Credential,
  sameFeeder: boolean,
  payload: Uint8Array,
  policy: AuthorityPolicy,
): string | undefined {
  if (!row.roles.some(role => origin.roles.includes(role))) return 'role'
  if (row.from === 'protection' && !policy.protection.has(origin.organisation)) return 'organisation'
  if (row.sameFeeder && !sameFeeder) return 'feeder-differs'
  try {
    return row.claim?.(payload, origin)
  } catch {
    return 'malformed'
  }
}
