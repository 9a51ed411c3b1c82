// What an agent does about trust while it runs: takes revocations and passes them on, renews its own credential, says
// loudly when that ends or is taken back, when two peers carry one name, or one key runs twice, and has all of it, and who
// was admitted or refused, in the audit log. It belongs to every agent: no list of components leaves it out.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { duration, type Instant } from '../../topology/units.ts'
import type { Store } from '../aggregation/store.ts'
import { type Credential, isLive } from '../mesh/credential.ts'
import type { AdmissionDecision, Links } from '../mesh/links.ts'
import type { Messenger } from '../mesh/messenger.ts'
import { printable, type Refused } from '../mesh/refusal.ts'
import { hasEnded, type Revocation } from '../mesh/revocation.ts'
import type { RevocationList } from '../mesh/revocation-list.ts'
import { auditLimit } from './audit-limit.ts'
import { authorityTable } from './authority-table.ts'
import type { Clock } from './clock.ts'
import type { AuditEntry, AuditKind } from './component.ts'
import { credentialRenewal, type RenewalAction, type RenewalState } from './credential-renewal.ts'
import type { Log } from './log.ts'
import { revocationDesk, wordsOf } from './revocation-desk.ts'

/** What is brought to the agent by hand while it runs. */
export interface BroughtByHand {
  /** The own credential's file once it has changed: what it holds, checked as at the start. */
  credential(): Promise<Credential | Refused | undefined>
  /** The file of revocations once it has changed: its lines. */
  revocations(): Promise<readonly string[]>
}

export interface TrustOptions {
  readonly links: Links
  readonly messenger: Messenger
  readonly store: Store
  readonly list: RevocationList
  readonly clock: Clock
  readonly log: Log
  readonly credential: Credential
  /** Gossip topic of revocations. */
  readonly topic: string
  readonly alarmDays: number
  readonly checkSeconds: number
  readonly byHand: BroughtByHand | undefined
  checkRevocation(token: string): Promise<Revocation | Refused>
  report(event: string, fields: Record<string, unknown>): void
  audit(entry: AuditEntry): void
}

export interface Trust {
  /** Two peers have live credentials for one name. */
  rival(one: Credential, other: Credential): void
  /** This agent's own key seals somewhere else. */
  ownKeyElsewhere(where: string): void
  /** Whoever listens to the audit bus does so now; what came before is told. */
  listenersAreUp(): void
  stop(): Promise<void>
}

const PER_MINUTE = 20
const AGAIN_AFTER_MS = 3_600_000
const KEPT_BACK = 200
const GOSSIP_LIFETIME = duration(60_000)
/** Refusals that honest peers cause: by the way a message took, by time, or by what is not known yet. Counted, not audited. */
const NOBODY_DID_WRONG: ReadonlySet<string> = new Set([
  'own',
  'old',
  'expired',
  'from-the-future',
  'before-our-start',
  'unknown-origin',
  'unknown-type',
  'credential-differs',
  'feeder-differs',
  'own-credential-revoked',
])

const message = z.object({ token: z.string().max(1024) }).strict()
export const encodeRevocationMessage = (token: string): Uint8Array => toCbor({ token })
/** @throws when the bytes are none */
export const decodeRevocationMessage = (bytes: Uint8Array): { readonly token: string } => message.parse(fromCbor(bytes))

export function startTrust(options: TrustOptions): Trust {
  const { links, messenger, list, clock, log, report } = options
  const limit = auditLimit(PER_MINUTE)
  /** Until somebody listens; then undefined. When it is full the oldest give way, counted by nobody: a start of seconds. */
  let early: AuditEntry[] | undefined = []
  /** When a person was last told of something, by what it is. */
  const told = new Map<string, Instant>()
  let renewal: RenewalState = { current: options.credential }
  const step = credentialRenewal({ alarmDays: options.alarmDays })

  function put(entry: AuditEntry): void {
    if (early === undefined) return options.audit(entry)
    early.push(entry)
    if (early.length > KEPT_BACK) early.shift()
  }

  function audit(kind: AuditKind, key: string, subject: string, allowed: boolean, words: string): void {
    if (!limit.pass(`${kind}: ${key}`, clock.now())) return
    put({ kind, subject: printable(subject), allowed, words: printable(words) })
  }

  /** Once an hour for each subject; when there are too many subjects, all may be told again. */
  function alarm(kind: string, subject: string, fields: Record<string, unknown>): void {
    const key = `${kind} ${subject}`
    const last = told.get(key)
    if (last !== undefined && clock.now() - last < AGAIN_AFTER_MS) return
    if (told.size >= KEPT_BACK) told.clear()
    told.set(key, clock.now())
    report('alarm', { alarm: kind, ...fields })
  }

  // Revocations ------------------------------------------------------------------------------------------------------

  const desk = revocationDesk({
    links,
    store: options.store,
    list,
    clock,
    check: options.checkRevocation,
    onRevoked,
    onRefused: ({ reason, refused }, from) => {
      // What has ended is brought in good faith, and as often as somebody likes.
      const say = reason === 'revocation has expired' ? log.debug : log.warn
      say('revocation-refused', { reason, words: refused, from: from ?? 'by hand' })
      const bringer = from === undefined ? 'by hand' : from
      audit('revocation', reason, bringer, false, `revocation refused: ${refused}`)
    },
    alarm: (kind, words) => alarm(kind, words, { words }),
    log: log.debug,
  })

  function onRevoked(revocation: Revocation, cut: readonly Credential[]): void {
    const words = `${wordsOf(revocation)}; cut ${cut.map(({ name }) => name).join(', ') || 'nobody'}`
    report('revoked', { peerId: revocation.peerId, organisation: revocation.organisation, words })
    audit('revocation', 'counts', revocation.peerId, true, words)
    tellOfOwn()
  }

  function tellOfOwn(): void {
    const own = list.of(renewal.current)
    if (own === undefined) return
    const words = `this agent's own credential is revoked: it neither says nor believes anything; ${wordsOf(own)}`
    alarm('own-credential-revoked', own.id, { words })
  }

  const isOne = (payload: Uint8Array): undefined => void decodeRevocationMessage(payload)
  messenger.on(
    { ...authorityTable.revocation, claim: isOne },
    ({ payload, from }) => void take(decodeRevocationMessage(payload).token, from),
  )
  links.subscribe(options.topic)

  async function take(token: string, from: string): Promise<void> {
    await desk.take(token, from).catch(error => log.error('trust-failed', { reason: (error as Error).message }))
  }

  /** What comes in by hand goes out by gossip too, beside the way from neighbour to neighbour. */
  async function takeByHand(token: string): Promise<void> {
    const taken = await desk.take(token)
    if (taken === undefined || 'refused' in taken || hasEnded(taken, clock.utc())) return
    messenger.say({
      type: authorityTable.revocation.type,
      payload: encodeRevocationMessage(token),
      lifetime: GOSSIP_LIFETIME,
      topics: [options.topic],
    })
  }

  // The own credential -----------------------------------------------------------------------------------------------

  const counts = (credential: Credential): boolean =>
    isLive(credential, clock.utc()) && list.of(credential) === undefined

  function perform(action: RenewalAction): void {
    switch (action.kind) {
      case 'show':
        links.show(action.credential.token)
        report('credential-renewed', { until: new Date(action.credential.expires * 1000).toISOString() })
        return audit(
          'credential',
          'renewed',
          action.credential.name,
          true,
          'own credential renewed, shown to all peers',
        )
      case 'seal':
        return messenger.renew(action.credential)
      case 'refused':
        report('alarm', { alarm: 'credential-refused', words: printable(action.words) })
        return audit('credential', 'refused', options.credential.name, false, `credential file: ${action.words}`)
      case 'alarm':
        return report('alarm', { alarm: 'credential-expires', days: Math.max(0, Math.floor(action.daysLeft)) })
    }
  }

  function feed(event: Parameters<typeof step>[1]): void {
    const next = step(renewal, event, clock.now())
    renewal = next.state
    for (const action of next.actions) perform(action)
  }

  async function look(): Promise<void> {
    const found = await options.byHand?.credential()
    if (found !== undefined) feed({ kind: 'found', credential: found })
    for (const token of (await options.byHand?.revocations()) ?? []) await takeByHand(token)
  }

  /** By reason: how many of the messages refused for it are in the audit log, and since when. */
  const refusedMessages = new Map<string, { told: number; at: Instant }>()

  /** What was said without the right to: the first at once, then once an hour how many. Their senders are in the log. */
  function auditRefusedMessages(): void {
    for (const [reason, count] of messenger.refusals()) {
      const { told: before, at } = refusedMessages.get(reason) ?? { told: 0, at: undefined }
      const isDue = at === undefined || clock.now() - at >= AGAIN_AFTER_MS
      if (NOBODY_DID_WRONG.has(reason) || count === before || !isDue) continue
      refusedMessages.set(reason, { told: count, at: clock.now() })
      put({
        kind: 'role-use',
        subject: 'several',
        allowed: false,
        words: `messages refused: ${count - before}, ${reason}`,
      })
    }
  }

  function tick(): void {
    const { current } = renewal
    const daysLeft = clock.utcGood() ? (current.expires - clock.utc() / 1000) / 86_400 : undefined
    feed({ kind: 'tick', daysLeft, counts: counts(current) })
    tellOfOwn()
    auditRefusedMessages()
    for (const { key, count } of limit.held(clock.now())) {
      const [kind = '', what = ''] = key.split(': ')
      put({ kind: kind as AuditKind, subject: 'several', allowed: false, words: `${count} more: ${what}` })
    }
  }

  let looking = false
  const cancels = [
    clock.every(options.checkSeconds * 1000, () => {
      tick()
      if (looking || options.byHand === undefined) return
      looking = true
      look()
        .catch(error => log.error('trust-failed', { reason: (error as Error).message }))
        .finally(() => {
          looking = false
        })
    }),
  ]

  // Who is admitted --------------------------------------------------------------------------------------------------

  links.onDecision(({ peerId, name, organisation, admitted, reason, words }: AdmissionDecision) => {
    const who = name === undefined ? peerId : `${name} of ${organisation ?? '?'} (${peerId})`
    audit('admission', reason ?? 'admitted', who, admitted, words)
    if (reason === 'this is our own key, running twice') ownKeyElsewhere(words)
    // Nobody signed that: it changes nothing here, but a person should look.
    if (words === 'refused by the other side: credential is revoked') alarm('said-to-be-revoked', '', { by: peerId })
  })

  function ownKeyElsewhere(where: string): void {
    const words = `this agent's key is in use elsewhere: ${where}`
    alarm('key-runs-twice', '', { words })
    audit('credential', 'key runs twice', links.peerId, false, words)
  }

  return {
    rival(one, other) {
      const peers = [one.peerId, other.peerId].sort()
      const words = `two live credentials for ${one.name} of ${one.organisation}: ${peers.join(' and ')}`
      alarm('two-credentials', peers.join(), { name: one.name, peers, words })
      audit('credential', 'two credentials', one.name, false, words)
    },
    ownKeyElsewhere,
    listenersAreUp() {
      const waiting = early ?? []
      early = undefined
      for (const entry of waiting) options.audit(entry)
      tick()
    },
    async stop() {
      for (const cancel of cancels) cancel()
      await desk.stop()
    },
  }
}
