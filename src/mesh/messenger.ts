// Signed messages over links: seals what this peer says, and checks what others say before it is used or forwarded.
//
// A message may come by several ways; the first copy is delivered, the rest are dropped. What is refused is counted
// under its reason: malformed, signature, expired, from-the-future, old (replayed), own (it came back), before-our-start,
// flood, unknown-origin, credential-expired, credential-differs, revoked, own-credential-revoked, unknown-type, topic,
// by-gossip, role, organisation, feeder-differs, or what the type's own claim check says.
//
// Over held links a frame goes on first and is read and checked after, see `relay-unread.ts` and `relay-ahead.ts`. How old it may be: `message-age.ts`.
// Replays within that time are stopped by the replay window, whose mark survives restarts. What only warns by gossip has a
// window of its own for that: the copy that may act is still to come.

import { duration } from '../../topology/units.ts'
import { type AuthorityRow, placeOf, refusedBy, refusedOnTopic } from './authority.ts'
import { clockAdvice } from './clock-advice.ts'
import { type Credential, decodeToken, encodeToken, isLive } from './credential.ts'
import { type Envelope, type ReadEnvelope, readEnvelope, sealEnvelope } from './envelope.ts'
import { floodGuard } from './flood-guard.ts'
import { verifyPeer } from './identity.ts'
import { labelFor, NO_LABEL } from './known-routes.ts'
import type { Verdict } from './links.ts'
import { ageAt, isSince, LONGEST_LIFETIME_MS, refusedForAge } from './message-age.ts'
import type { Messenger, MessengerOptions, Outgoing, Received } from './messenger-port.ts'
import { misconduct } from './misconduct.ts'
import { otherFeeder } from './other-feeder.ts'
import { ownEpoch } from './own-epoch.ts'
import { type RelayedFrame, relaying } from './relaying.ts'
import { type Freshness, type ReplayWindow, replayWindow } from './replay-window.ts'
import { unknownOrigins } from './unknown-origins.ts'

export type { Messenger, MessengerOptions, Outgoing, Received }

const CREDENTIAL_PROTOCOL = '/feedermesh/credential/1.0.0'

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
  'before-our-start',
  'own',
])

/** Of what a peer has signed itself: honest ones say none of it. */
const ITS_OWN_FAULT: ReadonlySet<string> = new Set(['malformed', 'signature', 'topic', 'by-gossip', 'role'])

/**
 * Whether the deliverer would not have sent this if it were honest. What others signed it may have passed on in good faith:
 * over held links before it was checked, and by another version or feeder file than this peer's.
 */
function isItsDeed(reason: string, origin: string, from: string, byGossip: boolean): boolean {
  if (reason === 'malformed' && origin === '') return true // no envelope at all
  return (origin === from && ITS_OWN_FAULT.has(reason)) || (byGossip && reason === 'signature')
}

type Copy = RelayedFrame & {
  readonly via: Received['via']
  /** Of a copy by gossip. */
  readonly topic?: string
}

export function messenger(options: MessengerOptions): Messenger {
  const { links, identity, now, utc, log, verifySignature = verifyPeer, soon = run => run() } = options
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
  /** Answers of `peerOf` until somebody comes, goes or is heard of: messages are addressed by them. */
  const byName = new Map<string, string | undefined>()
  const refusals = new Map<string, number>()
  const relay = relaying<Copy>({
    row: type => rows.get(type)?.row,
    credentialOf: origin => credentials.get(origin),
    refusedToRelay: (envelope, origin, copy) =>
      envelope.origin === identity.peerId ? 'own' : check(envelope, origin, copy, true),
    seen: ({ origin, epoch, sequence }) => windows.get(origin)?.look(epoch, sequence) ?? 'new',
    isSilenced: () => isRevoked(credential),
    send: links.send,
    onUnsigned: from => alarm('relays-unsigned', { peer: credentials.get(from)?.name ?? from }),
    receive,
    verifySignature,
    soon,
    now,
    log,
  })
  const strangers = unknownOrigins<Copy, Credential>({
    ask: askFor,
    learnt(found, copies) {
      learnCredential(found)
      for (const each of copies) receive(each, true)
    },
  })
  const { alarm = () => {}, persistEpoch = () => Promise.reject(new Error('nowhere to keep an epoch')) } = options
  const differing = otherFeeder((name, organisation) => alarm('feeder-differs', { peer: name, organisation }))
  const own = ownEpoch({ links, verifySignature, epoch: options.epoch, persist: persistEpoch, now, log })
  const flood = floodGuard(options.floodLimits)
  const deeds = misconduct(options.misconductLimits)
  const start = { at: now(), utc: utc(), utcGood: options.utcGood() }
  /** Of copies by gossip that only warn. */
  const warnings = new Map<string, ReplayWindow>()
  const tellTheTime = clockAdvice({
    links,
    now,
    utc,
    utcGood: options.utcGood,
    alarm: (offsetMs, peers) => alarm('clock-differs', { offsetSeconds: Math.round(offsetMs / 1000), peers }),
    log,
  })

  function refuse(reason: string, type: string, origin: string, { from, topic }: Copy): Verdict {
    refusals.set(reason, (refusals.get(reason) ?? 0) + 1)
    log('message-refused', { reason, type, origin, from })
    if (isItsDeed(reason, origin, from, topic !== undefined)) blame(from)
    return NOT_THE_DELIVERERS_FAULT.has(reason) ? 'ignore' : 'reject'
  }

  /** It has sent what no honest peer sends. */
  function blame(from: string): void {
    if (!deeds.did(from, now())) return
    alarm('peer-misbehaves', { peer: credentials.get(from)?.name ?? from })
    links.expel(from, 'sends what no peer may')
  }

  // Over held links: on to the next ones first, and then checked and used. ---------------------------------------------

  /** Drops what a neighbour sends beyond its limits, unread. @returns whether it may pass */
  function admit(from: string, bytes: number, at: number): boolean {
    const verdict = flood.take(from, bytes, at)
    if (verdict === 'pass') return true
    refusals.set('flood', (refusals.get('flood') ?? 0) + 1)
    if (verdict === 'cut') {
      alarm('peer-floods', { peer: credentials.get(from)?.name ?? from })
      links.expel(from, 'sends more than it may')
    }
    return false
  }

  function arrive(copy: Copy): void {
    if (admit(copy.from, copy.raw.length, copy.at)) relay.arrive(copy)
  }

  const ageOf = (copy: Copy): number | undefined => ageAt(copy, now())

  function receive(copy: Copy, hasAsked = false): Verdict {
    const { raw } = copy
    let read: ReadEnvelope
    try {
      read = readEnvelope(raw, verifySignature)
    } catch {
      return refuse('malformed', '', '', copy)
    }
    const { envelope } = read
    const { type, origin: peerId } = envelope
    if (peerId === identity.peerId) {
      if (isFromElsewhere(envelope) && read.verify()) options.onOwnKeyElsewhere?.()
      return refuse('own', type, peerId, copy)
    }
    const origin = credentialNamed(envelope)
    if (origin === undefined || (!hasAsked && !isNamed(origin, envelope))) {
      // The peer id is the key, so that nobody is asked about what its origin never said.
      if (!read.verify()) return refuse('signature', type, peerId, copy)
      strangers.wait(peerId, copy).catch(error => {
        log('message-failed', { type, origin: peerId, reason: (error as Error).message })
      })
      return refuse('unknown-origin', type, peerId, copy)
    }
    const reason = check(envelope, origin, copy) ?? (relay.isVerified(read) || read.verify() ? undefined : 'signature')
    if (reason === 'organisation' && copy.topic === undefined) passOnUnused(read, origin, copy)
    if (reason !== undefined) {
      if (reason === 'feeder-differs') differing.refused(origin, read.verify)
      if ((reason === 'expired' || reason === 'from-the-future') && copy.ageMs === undefined) tellTheTime(peerId)
      return refuse(reason, type, peerId, copy)
    }
    relay.verified(read)
    if (Buffer.compare(options.feeder, envelope.feeder) === 0) differing.used(origin.peerId)
    return deliver(read, origin, copy)
  }

  /** Whether a message reaches those below is for their own files to say, not for that of a relay. */
  function passOnUnused(read: ReadEnvelope, origin: Credential, copy: Copy): void {
    const row = rows.get(read.envelope.type)?.row
    if (row === undefined || check(read.envelope, origin, copy, true) !== undefined || !read.verify()) return
    relay.passOn(row, read, copy)
  }

  /** An own message comes back by gossip; one of a later start, or that was not yet sealed, is not an own one. */
  const isFromElsewhere = ({ epoch, sequence }: Envelope): boolean => !own.isUsed(epoch, sequence)

  /** The origin's credential that the envelope names; else the newest of the origin that is known. */
  function credentialNamed(envelope: Envelope): Credential | undefined {
    const before = former.get(envelope.origin)
    return before !== undefined && isNamed(before, envelope) ? before : credentials.get(envelope.origin)
  }

  /** @param asRelay whether it may be passed on, though this peer itself may not obey that organisation */
  function check(envelope: Envelope, origin: Credential, copy: Copy, asRelay = false): string | undefined {
    if (isRevoked(credential)) return 'own-credential-revoked'
    if (isRevoked(origin)) return 'revoked'
    const row = rows.get(envelope.type)?.row
    if (row === undefined) return 'unknown-type'
    if (!isLive(origin, utc())) return 'credential-expired'
    if (!isNamed(origin, envelope)) return 'credential-differs'
    const late = refusedForAge(envelope, { ageMs: ageOf(copy), utc: utc(), utcGood: options.utcGood() })
    if (late !== undefined) return late
    if (copy.topic !== undefined) {
      const misplaced = refusedOnTopic(row, copy.topic)
      if (misplaced !== undefined) return misplaced
      const isSettling = now() - start.at < LONGEST_LIFETIME_MS
      if (row.overGossip === 'newer' && isSettling && !isSince(envelope, start)) return 'before-our-start'
    }
    const sameFeeder = Buffer.compare(options.feeder, envelope.feeder) === 0
    return refusedBy(row, origin, sameFeeder, envelope.payload, asRelay ? undefined : options.policy)
  }

  function deliver(read: ReadEnvelope, origin: Credential, copy: Copy): Verdict {
    const { envelope } = read
    const entry = rows.get(envelope.type)
    if (entry === undefined) return 'ignore'
    const mayAct = copy.topic === undefined || entry.row.overGossip !== 'warns'
    switch (take(envelope, mayAct)) {
      case 'duplicate':
        return 'accept'
      case 'old':
        if (envelope.epoch < (windows.get(envelope.origin)?.mark().epoch ?? 0)) own.showNewest(envelope.origin)
        return refuse('old', envelope.type, envelope.origin, copy)
      case 'new': {
        own.heard(read, copy.raw)
        relay.learn(entry.row, envelope)
        if (copy.topic === undefined || (entry.row.overGossip ?? 'used') === 'used') relay.passOn(entry.row, read, copy)
        return hand(entry, envelope, origin, copy, mayAct)
      }
    }
  }

  /** What fails over one message must not end the agent, which is in the middle of a socket's event here. */
  function hand(
    { row, handle }: { readonly row: AuthorityRow; handle(message: Received): void },
    { type, payload, epoch, sequence, lifetime }: Envelope,
    origin: Credential,
    copy: Copy,
    mayAct: boolean,
  ): Verdict {
    const { raw, via, from } = copy
    try {
      const { place, counts } = placeOf(row, payload, origin)
      const ageMs = ageOf(copy)
      if (counts) handle({ origin, payload, epoch, sequence, lifetime, raw, via, from, ageMs, mayAct, place })
      return 'accept'
    } catch (error) {
      log('message-failed', { type, origin: origin.peerId, reason: (error as Error).message })
      return 'ignore'
    }
  }

  /** What only warns leaves the number free for the copy that acts. */
  function take({ origin, epoch, sequence }: Envelope, mayAct: boolean): Freshness {
    const window = windows.get(origin) ?? replayWindow()
    windows.set(origin, window)
    if (mayAct) {
      const freshness = window.take(epoch, sequence)
      if (freshness === 'new') moved.set(origin, window)
      return freshness
    }
    const freshness = window.look(epoch, sequence)
    if (freshness !== 'new') return freshness
    const warned = warnings.get(origin) ?? replayWindow()
    warnings.set(origin, warned)
    return warned.take(epoch, sequence)
  }

  /** Never throws: a deliverer that does not answer, or answers nonsense, is logged. */
  async function askFor(peerId: string, from: string): Promise<Credential | undefined> {
    try {
      const question = new TextEncoder().encode(peerId)
      const rttMs = links.peers().find(({ peerId: each }) => each === from)?.rttMs ?? 0
      const timeoutMs = Math.max(2000, 4 * rttMs)
      const answer = await links.request(from, CREDENTIAL_PROTOCOL, question, { timeoutMs })
      const result = await options.verify(decodeToken(answer))
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
    byName.clear()
  }

  links.onPeer(({ peerId, credential: learnt }, state) => {
    byName.clear()
    if (state === 'up' && flood.isAway(peerId, now())) return links.expel(peerId, 'sends more than it may')
    if (state === 'up' && deeds.isAway(peerId, now())) return links.expel(peerId, 'sends what no peer may')
    if (state === 'up') learnCredential(learnt)
    else relay.forget(peerId)
  })
  links.onFrame((from, frame, { way, ageMs, label = NO_LABEL }) =>
    arrive({ raw: frame, via: way, from, ageMs, at: now(), label }),
  )
  links.onPublished((from, topic, frame) => {
    const at = now()
    if (!admit(from, frame.length, at)) return 'reject'
    return receive({ raw: frame, via: 'gossip', from, ageMs: undefined, at, label: NO_LABEL, topic })
  })
  links.onRenewed(({ credential: learnt }) => learnCredential(learnt))
  links.onAnnounced(learnCredential)
  links.serve(CREDENTIAL_PROTOCOL, async (_from, question) => {
    const known = credentials.get(new TextDecoder().decode(question))
    if (known === undefined) throw new Error('not known here')
    return encodeToken(known.token)
  })

  const isNamed = (known: Credential, { credentialHash }: Envelope): boolean =>
    Buffer.compare(known.hash, credentialHash) === 0

  const sendTo = (raw: Uint8Array, to: Iterable<string>, label: number): number => {
    let sent = 0
    for (const peerId of to) if (links.send(peerId, raw, 0, label) !== false) sent++
    return sent
  }

  function findPeer(name: string, fits: (credential: Credential) => boolean): string | undefined {
    const newestOf = (some: readonly Credential[]): Credential | undefined =>
      some
        .filter(each => each.name === name && !isRevoked(each) && fits(each))
        .sort((a, b) => b.notBefore - a.notBefore)[0]
    const connected = newestOf(links.peers().map(({ credential: shown }) => shown))
    return (connected ?? newestOf([...credentials.values()]))?.peerId
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
          epoch: own.epoch(),
          sequence: own.next(),
          utc: utc(),
          utcGood: options.utcGood(),
          lifetime: duration(lifetime),
          feeder: options.feeder,
          payload,
        },
        identity,
      )
      const sent = sendTo(raw, to, labelFor(rows.get(type)?.row, payload))
      for (const topic of topics) {
        links.publish(topic, raw).catch(error => log('publish-failed', { topic, reason: (error as Error).message }))
      }
      return sent
    },
    on: (row, handle) => void rows.set(row.type, { row, handle }),
    expects({ type, payload, lifetime }) {
      const row = rows.get(type)?.row
      if (row !== undefined) relay.learn(row, { payload, lifetime })
    },
    table: () => [...rows.values()].map(({ row }) => row),
    policy: () => options.policy,
    epoch: own.epoch,
    blame,
    refusals: () => refusals,
    otherFeeder: differing.names,
    credentialOf: peerId => credentials.get(peerId),
    credentialByHash: hash =>
      knownWhere(known => Buffer.compare(known.hash, hash) === 0) ??
      [...former.values()].find(known => Buffer.compare(known.hash, hash) === 0),
    credential: () => credential,
    renew(renewed) {
      former.set(identity.peerId, credential)
      credential = renewed
      credentials.set(identity.peerId, renewed)
    },
    peerOf(name, fits) {
      if (fits !== undefined) return findPeer(name, fits)
      const cached = byName.get(name)
      const known = cached === undefined ? undefined : credentials.get(cached)
      if (known !== undefined && !isRevoked(known)) return cached
      if (!byName.has(name) || known !== undefined) {
        byName.set(
          name,
          findPeer(name, () => true),
        )
      }
      return byName.get(name)
    },
    movedReplayMarks() {
      const marks = new Map([...moved].map(([peerId, window]) => [peerId, window.mark()]))
      moved.clear()
      return marks
    },
  }
}
