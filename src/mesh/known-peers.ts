// Who knows whom: peers hand announcements on when asked (`/feedermesh/peers/1.0.0`), gossip new ones, and remember them
// over a restart. Each one is checked before it is kept, handed on or used; a stranger's is not.

import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { UtcMs } from '../../topology/units.ts'
import {
  type Announced,
  type CheckCredential,
  checkAnnouncement,
  MAX_ANNOUNCEMENT,
  readAnnouncement,
  sealAnnouncement,
} from './announcement.ts'
import { announcementLimits, announcementList, type Cursor, type HandedOn } from './announcements.ts'
import { type Credential, isLive } from './credential.ts'
import { type Identity, verifyPeer } from './identity.ts'
import type { Verdict } from './links.ts'
import { MOST_REMEMBERED } from './most-peers.ts'
import type { RefusalReason } from './refusal.ts'

export const PEERS_PROTOCOL = '/feedermesh/peers/1.0.0'
export const ANNOUNCE_TOPIC = 'feedermesh/1/announce'

/** Where announcements outlive the process. Best effort: what is lost is learnt again from the seeds and the LAN. */
export interface PeerMemory {
  /** By peer id. */
  load(): Promise<ReadonlyMap<string, Uint8Array>>
  /** Undefined removes. */
  save(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void>
}

/**
 * Of a feeder with a thousand peers each hears of all others: at the start, and then each ten minutes, some 12 kbit/s. A peer at
 * the end of a slow link can do without: with `own` it announces itself and neither takes nor hands on what others announce.
 * Then it reaches whom its configuration, the LAN and those who come to it name; whose credential it lacks it asks for.
 */
export type Announcements = 'all' | 'own'

export interface KnownPeersOptions {
  readonly identity: Identity
  /** What this peer shows now; who has none announces nothing. */
  token(): string | undefined
  /** The same, checked. */
  own(): Promise<Credential | undefined>
  addresses(): readonly string[]
  readonly check: CheckCredential
  readonly isRevoked?: ((credential: Credential) => boolean) | undefined
  readonly memory: PeerMemory | undefined
  now(): number
  utc(): UtcMs
  /** A peer was announced, or anew. */
  heard(credential: Credential, addresses: readonly string[]): void
  gossip(raw: Uint8Array): Promise<unknown>
  readonly takes?: Announcements
  log(event: string, fields: Record<string, unknown>): void
}

/** In one answer: at most some 100 kB, four times that with the longest credentials. */
const HANDED_AT_ONCE = 64
/** Fewer than are connected, and each would be asked for all that it knows, again and again. */
const CURSORS_KEPT = MOST_REMEMBERED
/** For who asks only whether somebody answers. */
const AT_THE_END: Cursor = { list: '', after: Number.MAX_SAFE_INTEGER }
/** Of one peer no more is taken: each costs a signature and a credential to check. */
const LEAST_GAP_MS = 1000
/** Refusals that depend on whom this peer trusts, and when: an honest peer may have passed the announcement on. */
const NOT_THE_DELIVERERS_FAULT: ReadonlySet<RefusalReason> = new Set([
  'authority is not trusted here',
  'authority is not trusted for this feeder',
  'authority may not grant these roles here',
  'credential has expired',
  'credential is revoked',
  'credential is not valid',
  'credential is not for this feeder',
  'name is that of an IED',
  'no such IED',
  'IED belongs to another organisation',
])

const cursorSchema = z.object({ list: z.string().max(32), after: z.number().int().nonnegative() }).strict()
const handedSchema = z
  .object({
    list: z.string().max(32),
    upTo: z.number().int().nonnegative(),
    announcements: z.array(z.instanceof(Uint8Array).refine(raw => raw.length <= MAX_ANNOUNCEMENT)).max(HANDED_AT_ONCE),
  })
  .strict()

export const encodeCursor = (cursor: Cursor): Uint8Array => toCbor({ ...cursor })
/** @throws when the bytes are none; no bytes ask for all */
export const decodeCursor = (raw: Uint8Array): Cursor | undefined =>
  raw.length === 0 ? undefined : cursorSchema.parse(fromCbor(raw))
export const encodeHandedOn = ({ list, upTo, announcements }: HandedOn): Uint8Array =>
  toCbor({ list, upTo, announcements: [...announcements] })
/** @throws when the bytes are none */
export const decodeHandedOn = (raw: Uint8Array): HandedOn => handedSchema.parse(fromCbor(raw))

/** People and their tools come to peers, and are not looked for. */
export const isMachine = ({ roles }: Credential): boolean => roles.includes('IED') || roles.includes('BACKEND')

export function knownPeers(options: KnownPeersOptions) {
  const { identity, memory, log } = options
  const list = announcementList(randomBytes(8).toString('hex'), announcementLimits, dropped)
  /** Up to where each peer's list has been heard. The oldest go first; then that peer tells all once more. */
  const cursors = new Map<string, Cursor>()
  const unsaved = new Map<string, Uint8Array | undefined>()
  /** The number of our own last announcement. */
  let number = 0
  let announced = ''
  /** When each peer's last one came, monotonic ms; of those in the list. */
  const lastHeard = new Map<string, number>()

  function dropped(peerId: string): void {
    lastHeard.delete(peerId)
    remember(peerId, undefined)
  }

  async function hear(raw: Uint8Array): Promise<Verdict> {
    let claimed: { readonly peerId: string; readonly number: number }
    try {
      claimed = readAnnouncement(raw).announcement
    } catch {
      return 'reject'
    }
    if (claimed.peerId === identity.peerId) return hearOwn(raw)
    if (!list.isNews(claimed.peerId, claimed.number)) return 'ignore'
    const last = lastHeard.get(claimed.peerId)
    if (last !== undefined && options.now() - last < LEAST_GAP_MS) return 'ignore'
    const result = await checkAnnouncement(raw, options.check, verifyPeer)
    if ('reason' in result) {
      log('announcement-refused', { peerId: claimed.peerId, reason: result.reason })
      return NOT_THE_DELIVERERS_FAULT.has(result.reason) ? 'ignore' : 'reject'
    }
    return isMachine(result.credential) && keep(result) ? 'accept' : 'ignore'
  }

  /** An own one comes back. Is it newer than this life's, an earlier life has forgotten its number: go above it. */
  function hearOwn(raw: Uint8Array): Verdict {
    const { announcement, verify } = readAnnouncement(raw)
    if (announcement.number > number && verify(verifyPeer)) {
      number = announcement.number
      announced = ''
    }
    return 'ignore'
  }

  function keep(result: Announced): boolean {
    const before = list.of(result.announcement.peerId)
    if (!list.take(result)) return false
    lastHeard.set(result.announcement.peerId, options.now())
    remember(result.announcement.peerId, result.raw)
    const same = before !== undefined && before.announcement.addresses.join() === result.announcement.addresses.join()
    if (!same || before.credential.token !== result.credential.token) {
      log('announced', { peer: result.credential.name, addresses: result.announcement.addresses.join(' ') })
    }
    options.heard(result.credential, result.announcement.addresses)
    return true
  }

  function remember(peerId: string, raw: Uint8Array | undefined): void {
    if (memory !== undefined) unsaved.set(peerId, raw)
  }

  function forget(peerId: string): void {
    list.remove(peerId)
    dropped(peerId)
  }

  return {
    hear,
    /** Reads what was remembered, and checks it again. Never rejects. */
    async recall(): Promise<number> {
      const remembered = await memory?.load().catch(error => {
        log('peers-not-remembered', { reason: (error as Error).message })
        return undefined
      })
      const own = remembered?.get(identity.peerId)
      if (own !== undefined) await hear(own).catch(() => {})
      let count = 0
      for (const [peerId, raw] of remembered ?? []) {
        if (peerId === identity.peerId) continue
        const verdict = await hear(raw).catch(() => 'reject')
        if (verdict === 'accept') count++
        else remember(peerId, undefined)
      }
      return count
    },
    /** Writes what is new. Never rejects. */
    async save(): Promise<void> {
      if (memory === undefined || unsaved.size === 0) return
      const changes = new Map(unsaved)
      unsaved.clear()
      try {
        await memory.save(changes)
      } catch (error) {
        // As on a full disk: they go with the next, unless something newer takes their place.
        for (const [peerId, raw] of changes) if (!unsaved.has(peerId)) unsaved.set(peerId, raw)
        log('peers-not-remembered', { reason: (error as Error).message })
      }
    },
    /** Announces this peer, when its addresses or its credential have changed, or anyway. Never rejects. */
    async announce({ anyway }: { readonly anyway: boolean }): Promise<void> {
      const addresses = options.addresses()
      const said = [options.token(), ...addresses].join()
      if (addresses.length === 0 || (said === announced && !anyway)) return
      announced = said
      const credential = await options.own()
      if (credential === undefined || !isMachine(credential)) return
      const { token } = credential
      number = Math.max(number + 1, options.utc())
      const raw = sealAnnouncement({ token, addresses, number }, identity)
      list.take({ ...readAnnouncement(raw), credential, raw })
      remember(identity.peerId, raw)
      await options.gossip(raw).catch(error => log('announce-failed', { reason: (error as Error).message }))
    },
    /** @throws when the question is none */
    answer(question: Uint8Array): Uint8Array {
      return encodeHandedOn(list.since(decodeCursor(question), HANDED_AT_ONCE))
    },
    question(peerId: string): Uint8Array {
      if (options.takes === 'own') return encodeCursor(AT_THE_END)
      const cursor = cursors.get(peerId)
      return cursor === undefined ? new Uint8Array() : encodeCursor(cursor)
    },
    /** @returns whether there is more to ask for; `malformed` for an answer that no honest peer gives */
    async heardFrom(peerId: string, answer: Uint8Array): Promise<'more' | 'all' | 'malformed'> {
      let handed: HandedOn
      try {
        handed = decodeHandedOn(answer)
      } catch {
        return 'malformed'
      }
      const { list: theirs, upTo, announcements } = handed
      if (options.takes === 'own') return 'all'
      // Each peer checks an announcement before it hands it on. Nothing after a false one is read.
      for (const raw of announcements) if ((await hear(raw)) === 'reject') return 'malformed'
      cursors.delete(peerId)
      cursors.set(peerId, { list: theirs, after: upTo })
      for (const oldest of cursors.keys()) {
        if (cursors.size <= CURSORS_KEPT) break
        cursors.delete(oldest)
      }
      return announcements.length === HANDED_AT_ONCE ? 'more' : 'all'
    },
    of: list.of,
    all: list.all,
    /** Drops those whose credential has expired or is revoked. */
    sweep(): void {
      for (const { credential } of list.all()) {
        const counts = isLive(credential, options.utc()) && options.isRevoked?.(credential) !== true
        if (!counts) forget(credential.peerId)
      }
    },
    forget,
    get size() {
      return list.size
    },
  }
}
