// What goes on to the next ones, and when: over held links before it is checked, of things that are known before it is read
// (`relay-unread.ts`), and each envelope once. What was relayed is read, checked and used in a later turn.

import type { AuthorityRow } from './authority.ts'
import type { Credential } from './credential.ts'
import { type Envelope, type ReadEnvelope, readEnvelope } from './envelope.ts'
import type { VerifySignature } from './identity.ts'
import { aboutOf, type KnownRoute, knownRoutes, labelFor, labelOf } from './known-routes.ts'
import type { Links, Verdict } from './links.ts'
import { ageAt } from './message-age.ts'
import { relayAhead } from './relay-ahead.ts'
import { relayUnread } from './relay-unread.ts'
import type { Freshness } from './replay-window.ts'

export interface RelayedFrame {
  readonly raw: Uint8Array
  readonly from: string
  readonly ageMs: number | undefined
  /** When it came. */
  readonly at: number
  /** What its deliverer says that it is about. */
  readonly label: number
}

export interface RelayingOptions<Copy extends RelayedFrame> {
  row(type: string): AuthorityRow | undefined
  credentialOf(origin: string): Credential | undefined
  /** Why it may not be passed on, but for its signature. */
  refusedToRelay(envelope: Envelope, origin: Credential, copy: Copy): string | undefined
  /** Whether it has been used here. */
  seen(envelope: Envelope): Freshness
  /** This peer's own credential is revoked. */
  isSilenced(): boolean
  readonly send: Links['send']
  /** That neighbour's frames are checked first from now on, and the last one was not signed by its origin. */
  onUnsigned(from: string): void
  /** Checks it, and uses it. */
  receive(copy: Copy): Verdict
  readonly verifySignature: VerifySignature
  soon(run: () => void): void
  now(): number
  log(event: string, fields: Record<string, unknown>): void
}

export interface Relaying<Copy extends RelayedFrame> {
  /** Of a neighbour that is within its limits, over a held link. */
  arrive(copy: Copy): void
  /** Once each. What may go on was found out by the caller. */
  passOn(row: AuthorityRow, read: ReadEnvelope, copy: Copy): void
  /** A message that is new and was checked in every way, or one such as may come. */
  learn(row: AuthorityRow, message: Pick<Envelope, 'payload' | 'lifetime'>): void
  isVerified(read: ReadEnvelope): boolean
  verified(read: ReadEnvelope): void
  /** That neighbour is gone. */
  forget(from: string): void
}

const VERIFIED_KEPT = 2048
/** When they are forgotten, a late copy of an old envelope may be relayed again, once: replay windows end that. */
const PASSED_ON_KEPT = 4096
/** Each is of one of those: with the marks all of them go. */
const MARKS_KEPT = VERIFIED_KEPT + PASSED_ON_KEPT

export function relaying<Copy extends RelayedFrame>(options: RelayingOptions<Copy>): Relaying<Copy> {
  const { seen, send, receive, verifySignature, soon, now } = options
  /** Envelopes whose signature and authority have been checked: a second copy costs a hash only. */
  const checkedOnes = new Set<string>()
  /** Envelopes that went on to the next ones: each once, by whichever way it comes. */
  const passedOn = new Set<string>()
  /** Of both: an envelope whose mark is not among them is new, and need not be hashed before it goes on. */
  const marks = new Set<number>()
  /** Those that went on and will be checked soon. */
  const inHand = new Set<string>()
  const ahead = relayAhead()
  const routes = knownRoutes()
  const unread = relayUnread({ routes, ahead, marks, mark, isSilenced: options.isSilenced, send, now })

  function arrive(copy: Copy): void {
    const { raw, from } = copy
    if (unread.isWaiting(raw)) return
    const relayed = unread.relay(copy)
    if (relayed !== undefined) return soon(() => readRelayed(copy, relayed.route, relayed.isCarried))
    const read = readOf(raw)
    if (read === undefined) return void receive(copy)
    if (marks.has(read.mark) && inHand.has(read.id)) return
    if (!goesAhead(read, copy)) return void receive(copy)
    ahead.relayed(from)
    inHand.add(read.id)
    soon(() => {
      inHand.delete(read.id)
      checked(from, read.verify(), read)
      receive(copy)
    })
  }

  function readOf(raw: Uint8Array): ReadEnvelope | undefined {
    try {
      return readEnvelope(raw, verifySignature)
    } catch {
      return undefined
    }
  }

  /**
   * What went on by its label alone. Whatever else than its age would have kept it here counts against who sent it; at the end
   * of a branch, where it would not have gone on, a wrong signature alone.
   */
  function readRelayed(copy: Copy, route: KnownRoute, isCarried: boolean): void {
    unread.taken(copy.raw)
    const read = readOf(copy.raw)
    const isRight = read !== undefined && isAbout(read.envelope, route)
    // What is not of this thing has not gone where it belongs, and may go there yet.
    if (isRight) passed(read)
    const isNew = isRight && seen(read.envelope) === 'new'
    const isUsed = receive(copy) === 'accept'
    const isGood = isCarried
      ? isNew && (isUsed || (isExcused(read, copy) && read.verify()))
      : isUsed || read?.verify() === true
    checked(copy.from, isGood, read)
  }

  /** It got too old while it waited, or waits on for its origin's credential. */
  const isExcused = ({ envelope }: ReadEnvelope, copy: Copy): boolean =>
    (ageAt(copy, now()) ?? 0) > envelope.lifetime || options.credentialOf(envelope.origin) === undefined

  /** Counts what was relayed unchecked and proved wrong: of one who has delivered some, frames are checked first. */
  function checked(from: string, isGood: boolean, read: ReadEnvelope | undefined): void {
    if (!ahead.checked(from, isGood, now())) return
    options.log('checked-first', { from })
    if (read?.verify() !== true) options.onUnsigned(from)
  }

  const isAbout = ({ type, payload }: Envelope, route: KnownRoute): boolean =>
    options.row(type) === route.row && aboutOf(route.row, payload) === route.about

  /**
   * Relays what is right in everything but its signature, which has not been looked at.
   * @returns false when it has to be checked first, or has been here
   */
  function goesAhead(read: ReadEnvelope, copy: Copy): boolean {
    const { envelope } = read
    const origin = options.credentialOf(envelope.origin)
    const row = options.row(envelope.type)
    if (origin === undefined || row?.onward === undefined || isVerified(read)) return false
    if (!ahead.may(copy.from, copy.at) || options.refusedToRelay(envelope, origin, copy) !== undefined) return false
    return seen(envelope) !== 'duplicate' && passOn(row, read, copy)
  }

  /** @returns false when it has gone on before, or its type does not */
  function passOn(row: AuthorityRow, read: ReadEnvelope, copy: Copy): boolean {
    if (row.onward === undefined || (marks.has(read.mark) && passedOn.has(read.id))) return false
    const { raw, from } = copy
    const { payload } = read.envelope
    const age = ageAt(copy, now())
    const label = labelFor(row, payload)
    for (const peerId of whereTo(row, read, from)) if (peerId !== from) send(peerId, raw, age, label)
    // Hashed after it has gone: until then it is told from others by its mark.
    passed(read)
    return true
  }

  /** This is in the middle of a socket's event: a message about what is nowhere goes no way, and ends nobody. */
  function whereTo(row: AuthorityRow, { envelope: { type, origin, payload } }: ReadEnvelope, from: string) {
    try {
      return row.onward?.(payload)(from) ?? []
    } catch (error) {
      options.log('not-relayed', { type, origin, reason: (error as Error).message })
      return []
    }
  }

  function passed(read: ReadEnvelope): void {
    if (passedOn.size >= PASSED_ON_KEPT) passedOn.clear()
    passedOn.add(read.id)
    mark(read.mark)
  }

  function mark(itsMark: number): void {
    if (marks.size >= MARKS_KEPT) {
      marks.clear()
      passedOn.clear()
      checkedOnes.clear()
    }
    marks.add(itsMark)
  }

  const isVerified = (read: ReadEnvelope): boolean => marks.has(read.mark) && checkedOnes.has(read.id)

  return {
    arrive,
    passOn: (row, read, copy) => void passOn(row, read, copy),
    learn(row, { payload, lifetime }) {
      const about = row.onward && aboutOf(row, payload)
      if (row.onward === undefined || about === undefined) return
      const label = labelOf(row.type, about)
      const known = routes.find(label)
      if (known?.about === about && known.row === row) return
      routes.learn(label, { row, onward: row.onward(payload), lifetime, about })
    },
    isVerified,
    verified(read) {
      if (isVerified(read)) return
      if (checkedOnes.size >= VERIFIED_KEPT) checkedOnes.clear()
      checkedOnes.add(read.id)
      mark(read.mark)
    },
    forget: ahead.forget,
  }
}
