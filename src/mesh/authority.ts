// Who may send what to whom: one row per message type, checked before a message is used or forwarded. The rows of all
// types together are the authority table of docs/security.md; `src/node/authority-table.ts` has them.

import type { Credential, Role } from './credential.ts'

/** Where something stands in the receiver's own live feeder, seen from the receiver. */
export type Place = 'upstream' | 'downstream' | 'elsewhere' | 'undecided'

/**
 * What a copy that came by gossip may do. Its age is known by UTC alone, to two minutes, so it may warn, but never permit,
 * close or operate. `used`: all that one over a held link may. `newer`: the same, but just after the start only what was
 * sealed after it. `warns`: people are told, and nothing is done. `refused`: nothing.
 */
export type OverGossip = 'used' | 'newer' | 'warns' | 'refused'

export type TopicKind = 'zone' | 'state' | 'group' | 'revocations' | 'degradation' | 'outage' | 'suppliers'

/** Given the peer that a copy came from, whom it goes on to. */
export type Onward = (from: string) => Iterable<string>

export interface AuthorityRow {
  readonly type: string
  /** Whom the receiver obeys in this other type he obeys in this one too: a site test's messages are as the real ones. */
  readonly as?: string
  /** The origin must hold one of these. */
  readonly roles: readonly Role[]
  /** `protection`: from organisations named for protection here; `trusted`: from any with a trusted authority. */
  readonly from: 'protection' | 'trusted'
  /** Refused from an origin whose feeder file differs in protection content. */
  readonly sameFeeder: boolean
  /** Where it is published; on a topic of another kind it is refused. `none`: it goes over held links alone. */
  readonly topic?: TopicKind | 'none'
  /** `used` when absent. */
  readonly overGossip?: OverGossip
  /**
   * Where the receiver's own live feeder must put the thing that the message is about. From elsewhere it is passed on and
   * not used. While undecided it is handed on as such: an alarm, and no action. Absent: anywhere.
   */
  readonly places?: readonly Place[]
  readonly where?: (payload: Uint8Array, origin: Credential) => Place
  /** The claim in words that follow "when it". */
  readonly claims?: string
  /**
   * What the feeder file must say of the origin for this very message, or in words why it is refused. Throws when the
   * payload is no message of this type.
   */
  readonly claim?: (payload: Uint8Array, origin: Credential) => string | undefined
  /**
   * The peers to which a copy that came over a held link from `from` goes on, at once and before its signature has been
   * checked: few, known without looking at the whole feeder, and asked anew for each copy, as the feeder is live. Absent:
   * this type is not relayed. Throws when the payload is no message of this type.
   */
  readonly onward?: (payload: Uint8Array) => Onward
  /**
   * The thing by which alone `onward` knows them, in words: of two messages about the same one the second goes on before it
   * has been read, see `known-routes.ts`. Absent: each is read first.
   */
  readonly about?: (payload: Uint8Array) => string
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

/**
 * @param policy absent for what is passed on only: whom others obey is theirs to say
 * @returns why the message is refused, or undefined when its origin may send it
 */
export function refusedBy(
  row: AuthorityRow,
  origin: Credential,
  sameFeeder: boolean,
  payload: Uint8Array,
  policy: AuthorityPolicy | undefined,
): string | undefined {
  if (!row.roles.some(role => origin.roles.includes(role))) return 'role'
  if (policy !== undefined && row.from === 'protection' && !obeys(policy, origin.organisation, row.as ?? row.type))
    return 'organisation'
  if (row.sameFeeder && !sameFeeder) return 'feeder-differs'
  try {
    return row.claim?.(payload, origin)
  } catch {
    return 'malformed'
  }
}

/** Topics are `feedermesh/1/<feeder>/<kind>` and what belongs to the kind. */
const kindOf = (topic: string): string => topic.split('/')[3] ?? ''

/** @returns why a copy that was published on this topic is refused */
export function refusedOnTopic({ topic: kind, overGossip }: AuthorityRow, topic: string): string | undefined {
  if (overGossip === 'refused') return 'by-gossip'
  return kind === undefined || kind === kindOf(topic) ? undefined : 'topic'
}

/** @returns where the thing stands, and whether the message is used there */
export function placeOf(row: AuthorityRow, payload: Uint8Array, origin: Credential): { place: Place; counts: boolean } {
  if (row.places === undefined || row.where === undefined) return { place: 'elsewhere', counts: true }
  const place = row.where(payload, origin)
  return { place, counts: place === 'undecided' || row.places.includes(place) }
}
