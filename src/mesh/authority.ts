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
}

export interface AuthorityPolicy {
  /** Organisations whose protection messages this peer obeys, from its own configuration. */
  readonly protection: ReadonlySet<string>
  /** Of these organisations, only those types of protection messages; all types of the others. */
  readonly onlyTypes?: ReadonlyMap<string, ReadonlySet<string>>
}

/** Whether this peer obeys a protection message of this type from that organisation. */
export const obeys = ({ protection, onlyTypes }: AuthorityPolicy, organisation: string, type: string): boolean =>
  protection.has(organisation) && onlyTypes?.get(organisation)?.has(type) !== false

/** @returns why the message is refused, or undefined when its origin may send it */
export function refusedBy(
  row: AuthorityRow,
  origin: Credential,
  sameFeeder: boolean,
  payload: Uint8Array,
  policy: AuthorityPolicy,
): string | undefined {
  if (!row.roles.some(role => origin.roles.includes(role))) return 'role'
  if (row.from === 'protection' && !obeys(policy, origin.organisation, row.type)) return 'organisation'
  if (row.sameFeeder && !sameFeeder) return 'feeder-differs'
  try {
    return row.claim?.(payload, origin)
  } catch {
    return 'malformed'
  }
}
