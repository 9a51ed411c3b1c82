// Signed messages over links: seals what this peer says, and checks what others say before it is used or forwarded.
//
// A message may come by several ways; the first copy is delivered, the rest are dropped. What is refused is counted
// under its reason: malformed, signature, expired, from-the-future, old (replayed), unknown-origin, credential-expired,
// credential-differs, revoked, own-credential-revoked, unknown-type, role, organisation, feeder-differs, or what the
// type's own claim check says.
//
// Age: an envelope is believed for its lifetime plus the clock tolerance of two minutes, by UTC. Replays within that
// time are stopped by the replay window, whose mark survives restarts.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { type Duration, duration, type UtcMs } from '../../topology/units.ts'
import { type AuthorityPolicy, type AuthorityRow, refusedBy } from './authority.ts'
import { type Credential, isLive } from './credential.ts'
import { type Envelope, readEnvelope, sealEnvelope } from './envelope.ts'
import { type Identity, type VerifySignature, verifyPeer } from './identity.ts'
import type { Links, Verdict, Way } from './links.ts'
import { type ReplayMark, type ReplayWindow, replayWindow } from './replay-window.ts'

export interface Received {
  readonly origin: Credential
  readonly payload: Uint8Array
  readonly epoch: number
  readonly sequence: number
  readonly via: Way | 'gossip'
  /** How old this copy is at the most, ms, where the links measured it. */
  readonly ageMs: number | undefined
  /** The admitted peer that delivered this copy. */
  readonly from: string
  /** The envelope as it came, to relay unchanged. */
  readonly raw: Uint8Array
}

export interface Outgoing {
  readonly type: string
  readonly payload: Uint8Array
  readonly lifetime: Duration
  /** Peers to send to at once over held streams. */
  readonly to?: Iterable<string>
  readonly topics?: Iterable<string>
}

export interface Messenger {
  /** @returns to how many peers it went at once over held streams */
  say(message: Outgoing): number
  /** Passes a received envelope on unchanged. */
  relay(raw: Uint8Array, to: Iterable<string>): number
  /** Registers a type: its row of the authority table and what to do with a message. One handler a type. */
  on(row: AuthorityRow, handle: (message: Received) => void): void
  /** The rows registered so far. */
  table(): readonly AuthorityRow[]
  refusals(): ReadonlyMap<string, number>
  credentialOf(peerId: string): Credential | undefined
  /** By the SHA-256 that envelopes and batches carry. */
  credentialByHash(hash: Uint8Array): Credential | undefined
  /**
   * The peer of this name, a connected one if there is one, the one with the newest credential if there are several.
   * Names are unique within an organisation only: whoever sends records or secrets says in `fits` whom it means.
   */
  peerOf(name: string, fits?: (credential: Credential) => boolean): string | undefined
  /** Seals with this one of its own credentials from now on. */
  renew(credential: Credential): void
  /** How far each origin has been seen; only those that moved since the last call. */
  movedReplayMarks(): ReadonlyMap<string, ReplayMark>
}

export interface MessengerOptions {
  readonly links: Links
  readonly identity: Identity
  readonly credential: Credential
  readonly epoch: number
  /** First 16 bytes of the feeder's hash. */
  readonly feeder: Uint8Array
  readonly policy: AuthorityPolicy
  readonly replayMarks?: ReadonlyMap<string, ReplayMark>
  readonly verifySignature?: VerifySignature
  /** Checks a credential that a peer handed on for a third one. */
  verify(token: string): Promise<Credential | { readonly refused: string }>
  /** Whether its authority has taken a credential back. This peer's own too: it then says nothing and believes nothing. */
  isRevoked?(credential: Credential): boolean
  /** Two peers have live credentials for one name of one organisation. */
  onRival?(one: Credential, other: Credential): void
  /** Somebody else seals with this peer's own key: what this peer never said came in, signed with it. */
  onOwnKeyElsewhere?(): void
  utc(): UtcMs
  utcGood(): boolean
  log(event: string, fields: Record<string, unknown>): void
}

const CREDENTIAL_PROTOCOL = '/feedermesh/credential/1.0.0'
const CLOCK_TOLERANCE_MS = 120_000
const VERIFIED_KEPT = 2048
const AWAITING_KEPT = 32

/** Refusals that depend on what this peer knows, and when: an honest peer may have passed the message on. */
const NOT_THE_DELIVERERS_FAULT: ReadonlySet<string> = new Set([
  'unknown-origin',
  'unknown-type',
  'organisation',
  'feeder-differs',
  'credential-expired',
  'credential-differs',
  // The news travels; whoever delivered it may not have heard.
  'revoked',
  'own-credential-revoked',
  'expired',
  'from-the-future',
  'old',
])

type Copy = Pick<Received, 'raw' | 'via' | 'from' | 'ageMs'>

export function messenger(options: MessengerOptions): Messenger {
  const { links, identity, utc, log, verifySignature = verifyPeer } = options
  const isRevoked = options.isRevoked ?? (() => false)
  let { credential } = options
  const rows = new Map<string, { row: AuthorityRow; handle: (message: Received) => void }>()
  const credentials = new Map<string, Credential>([[identity.peerId, credential]])
  /** The last one before that, while it lives: what was sealed with it may still be on its way. */
  const former = new Map<string, Credential>()
  const windows = new Map<string, ReplayWindow>()
  for (const [peerId, mark] of options.replayMarks ?? []) windows.set(peerId, replayWindow(mark))
  /** Whose windows moved since their marks were last asked for. */
  const moved = new Map<string, ReplayWindow>()
  const refusals = new Map<string, number>()
  /** Envelopes whose signature and authority have been checked: a second copy costs a hash only. */
  const verified = new Set<string>()
  const awaiting = new Map<string, Copy[]>()
  let sequence = 0

  function refuse(reason: string, type: string, origin: string, from: string): Verdict {
    refusals.set(reason, (refusals.get(reason) ?? 0) + 1)
    log('message-refused', { reason, type, origin, from })
    return NOT_THE_DELIVERERS_FAULT.has(reason) ? 'ignore' : 'reject'
  }

  function receive(copy: Copy, hasAsked = false): Verdict {
    const { raw, from } = copy
    let read: ReturnType<typeof readEnvelope>
    try {
      read = readEnvelope(raw, verifySignature)
    } catch {
      return refuse('malformed', '', '', from)
    }
    const { envelope, id } = read
    const { type, origin: peerId } = envelope
    if (peerId === identity.peerId) {
      if (isFromElsewhere(envelope) && read.verify()) options.onOwnKeyElsewhere?.()
      return 'ignore'
    }
    const origin = credentialNamed(envelope)
    if (origin === undefined || (!hasAsked && !isNamed(origin, envelope))) {
      // The peer id is the key, so that nobody is asked about what its origin never said.
      if (!read.verify()) return refuse('signature', type, peerId, from)
      fetchCredential(peerId, copy).catch(error => {
        log('message-failed', { type, origin: peerId, reason: (error as Error).message })
      })
      return refuse('unknown-origin', type, peerId, from)
    }
    const reason = check(envelope, origin) ?? (verified.has(id) || read.verify() ? undefined : 'signature')
    if (reason !== undefined) return refuse(reason, type, peerId, from)
    if (!verified.has(id)) {
      if (verified.size >= VERIFIED_KEPT) verified.clear()
      verified.add(id)
    }
    return deliver(envelope, origin, copy)
  }

  /** An own message comes back by gossip; one of a later start, or that was not yet sealed, is not an own one. */
  const isFromElsewhere = ({ epoch, sequence: number }: Envelope): boolean =>
    epoch > options.epoch || (epoch === options.epoch && number >= sequence)

  /** The origin's credential that the envelope names; else the newest of the origin that is known. */
  function credentialNamed(envelope: Envelope): Credential | undefined {
    const before = former.get(envelope.origin)
    return before !== undefined && isNamed(before, envelope) ? before : credentials.get(envelope.origin)
  }

  function check(envelope: Envelope, origin: Credential): string | undefined {
    if (isRevoked(credential)) return 'own-credential-revoked'
    if (isRevoked(origin)) return 'revoked'
    const entry = rows.get(envelope.type)
    if (entry === undefined) return 'unknown-type'
    if (!isLive(origin, utc())) return 'credential-expired'
    if (!isNamed(origin, envelope)) return 'credential-differs'
    // A clock that was never set says nothing about age; the replay window and the lifetimes of what the message starts
    // still hold.
    if (envelope.utcGood && options.utcGood()) {
      if (utc() - envelope.utc > envelope.lifetime + CLOCK_TOLERANCE_MS) return 'expired'
      if (envelope.utc - utc() > CLOCK_TOLERANCE_MS) return 'from-the-future'
    }
    const sameFeeder = Buffer.compare(options.feeder, envelope.feeder) === 0
    return refusedBy(entry.row, origin, sameFeeder, envelope.payload, options.policy)
  }

  function deliver(envelope: Envelope, origin: Credential, copy: Copy): Verdict {
    const window = windows.get(envelope.origin) ?? replayWindow()
    windows.set(envelope.origin, window)
    switch (window.take(envelope.epoch, envelope.sequence)) {
      case 'duplicate':
        return 'accept'
      case 'old':
        return refuse('old', envelope.type, envelope.origin, copy.from)
      case 'new':
        moved.set(envelope.origin, window)
        rows.get(envelope.type)?.handle({
          origin,
          payload: envelope.payload,
          epoch: envelope.epoch,
          sequence: envelope.sequence,
          ...copy,
        })
        return 'accept'
    }
  }

  /**
   * Asks the deliverer for the origin's credential, and when it has none, those that deliver further copies meanwhile. The
   * envelopes wait, and are neither used nor forwarded.
   */
  async function fetchCredential(peerId: string, copy: Copy): Promise<void> {
    const waiting = awaiting.get(peerId)
    if (waiting !== undefined) {
      if (waiting.length < AWAITING_KEPT) waiting.push(copy)
      return
    }
    if (awaiting.size >= AWAITING_KEPT) return
    const queue = [copy]
    awaiting.set(peerId, queue)
    const asked = new Set<string>()
    let found: Credential | undefined
    for (const { from } of queue) {
      if (asked.has(from)) continue
      asked.add(from)
      found = await askFor(peerId, from)
      if (found !== undefined) break
    }
    awaiting.delete(peerId)
    if (found === undefined) return
    learnCredential(found)
    for (const each of queue) receive(each, true)
  }

  /** Never throws: a deliverer that does not answer, or answers nonsense, is logged. */
  async function askFor(peerId: string, from: string): Promise<Credential | undefined> {
    try {
      const question = new TextEncoder().encode(peerId)
      const answer = await links.request(from, CREDENTIAL_PROTOCOL, question, { timeoutMs: 2000 })
      const result = await options.verify(z.string().parse(fromCbor(answer)))
      const reason = 'refused' in result ? result.refused : result.peerId === peerId ? undefined : 'another peer’s'
      const older = !('refused' in result) && result.notBefore < (credentials.get(peerId)?.notBefore ?? 0)
      if (reason === undefined && !older) return result as Credential
      log('credential-refused', { peerId, from, reason: reason ?? 'older than the one known' })
    } catch (error) {
      log('credential-unanswered', { peerId, from, reason: (error as Error).message })
    }
    return undefined
  }

  /** The first learnt of those that fit. A back end knows thousands, and asks this for each batch and each new peer. */
  function knownWhere(fits: (credential: Credential) => boolean): Credential | undefined {
    for (const known of credentials.values()) if (fits(known)) return known
    return undefined
  }

  function learnCredential(learnt: Credential): void {
    const rival = knownWhere(
      ({ name, peerId, organisation }) =>
        name === learnt.name && organisation === learnt.organisation && peerId !== learnt.peerId,
    )
    if (rival !== undefined && isLive(rival, utc()) && !isRevoked(rival) && !isRevoked(learnt)) {
      log('two-credentials', { name: learnt.name, peers: [rival.peerId, learnt.peerId] })
      options.onRival?.(rival, learnt)
    }
    const known = credentials.get(learnt.peerId)
    if (known !== undefined && known.token !== learnt.token) former.set(learnt.peerId, known)
    credentials.set(learnt.peerId, learnt)
  }

  links.onPeer(({ credential: learnt }, state) => {
    if (state === 'up') learnCredential(learnt)
  })
  links.onRenewed(({ credential: learnt }) => learnCredential(learnt))
  links.onAnnounced(learnCredential)
  links.onFrame((from, frame, { way, ageMs }) => void receive({ raw: frame, via: way, from, ageMs }))
  links.onPublished((from, _topic, frame) => receive({ raw: frame, via: 'gossip', from, ageMs: undefined }))
  links.serve(CREDENTIAL_PROTOCOL, async (_from, question) => {
    const known = credentials.get(new TextDecoder().decode(question))
    if (known === undefined) throw new Error('not known here')
    return toCbor(known.token)
  })

  const isNamed = (known: Credential, { credentialHash }: Envelope): boolean =>
    Buffer.compare(known.hash, credentialHash) === 0

  const sendTo = (raw: Uint8Array, to: Iterable<string>): number => {
    let sent = 0
    for (const peerId of to) if (links.send(peerId, raw) !== false) sent++
    return sent
  }

  return {
    say({ type, payload, lifetime, to = [], topics = [] }) {
      if (isRevoked(credential)) {
        log('message-not-said', { type, reason: 'own credential is revoked' })
        return 0
      }
      const raw = sealEnvelope(
        {
          type,
          origin: identity.peerId,
          credentialHash: credential.hash,
          epoch: options.epoch,
          sequence: sequence++,
          utc: utc(),
          utcGood: options.utcGood(),
          lifetime: duration(lifetime),
          feeder: options.feeder,
          payload,
        },
        identity,
      )
      const sent = sendTo(raw, to)
      for (const topic of topics) {
        links.publish(topic, raw).catch(error => log('publish-failed', { topic, reason: (error as Error).message }))
      }
      return sent
    },
    relay: sendTo,
    on: (row, handle) => void rows.set(row.type, { row, handle }),
    table: () => [...rows.values()].map(({ row }) => row),
    refusals: () => refusals,
    credentialOf: peerId => credentials.get(peerId),
    credentialByHash: hash =>
      knownWhere(known => Buffer.compare(known.hash, hash) === 0) ??
      [...former.values()].find(known => Buffer.compare(known.hash, hash) === 0),
    renew(renewed) {
      former.set(identity.peerId, credential)
      credential = renewed
      credentials.set(identity.peerId, renewed)
    },
    peerOf(name, fits = () => true) {
      const newestOf = (some: readonly Credential[]): Credential | undefined =>
        some
          .filter(each => each.name === name && !isRevoked(each) && fits(each))
          .sort((a, b) => b.notBefore - a.notBefore)[0]
      const connected = newestOf(links.peers().map(({ credential: shown }) => shown))
      return (connected ?? newestOf([...credentials.values()]))?.peerId
    },
    movedReplayMarks() {
      const marks = new Map([...moved].map(([peerId, window]) => [peerId, window.mark()]))
      moved.clear()
      return marks
    },
  }
}
