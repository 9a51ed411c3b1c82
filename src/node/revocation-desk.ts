// Where revocations come in, are kept, acted on and passed on.
//
//   by hand (a file), a person's tool, a neighbour ──► verify ──► durable in the store ──► list: refuses from now on
//                                                        │                                 └► live connections are cut
//                                                        └► at once to every connected machine but the one it came from
//
// Passing on does not wait for the disk, so a feeder's length costs one round trip and one signature check a hop. Each new
// connection begins with one side saying what it has; both then have what either had. What is lost, late or doubled is so
// made good. The authority's signature is what counts, so any admitted peer may bring one; a forged one is refused before
// anything is kept or passed on, and costs its bringer's question only.
//
// A disk that is full or does not answer must not keep a stolen key alive: after half a second the revocation counts
// anyway, with an alarm, and is written as soon as that works. Killed in between, this agent gets it back from any
// neighbour.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { after, duration } from '../../topology/units.ts'
import type { Store } from '../aggregation/store.ts'
import type { Credential } from '../mesh/credential.ts'
import type { Links } from '../mesh/links.ts'
import type { Refused } from '../mesh/refusal.ts'
import { isAbout, type Revocation, revocationId } from '../mesh/revocation.ts'
import type { RevocationList } from '../mesh/revocation-list.ts'
import type { Clock } from './clock.ts'

export const REVOCATIONS_PROTOCOL = '/feedermesh/revocations/1.0.0'

export interface RevocationDesk {
  /** Resolves once it counts here; `undefined` when it was known. @param from the peer that brought it */
  take(token: string, from?: string): Promise<Revocation | Refused | undefined>
  stop(): Promise<void>
}

export interface RevocationDeskOptions {
  readonly links: Links
  readonly store: Store
  readonly list: RevocationList
  readonly clock: Clock
  /** Against the trusted authorities and the time. */
  check(token: string): Promise<Revocation | Refused>
  /** It counts now. `cut`: the live connections that it ended. */
  onRevoked(revocation: Revocation, cut: readonly Credential[]): void
  onRefused(refused: Refused, from: string | undefined): void
  alarm(kind: 'revocation-not-saved' | 'revocation-list-full', words: string): void
  log(event: string, fields: Record<string, unknown>): void
}

const PREFIX = 'mesh/revocation/'
const END = 'mesh/revocation0' // the key after all that begin with the prefix
const DISK_PATIENCE_MS = 500
const LAST_WORD_MS = 100
const SAVE_AGAIN_MS = 5000
const SWEEP_EVERY_MS = 60_000
/** Over a link with seconds of delay; who has been told elsewhere meanwhile has lost nothing by the wait. */
const SLOW_LINK_MS = 20_000
const HAND_ON_AGAIN_MS = [0, 1000, 5000]
/** In one message; the rest comes with the next. */
const TOKENS_AT_ONCE = 64
const ID_BYTES = 8
const IDS_AT_MOST = 16_384

const tokens = z.array(z.string().max(1024)).max(TOKENS_AT_ONCE)
const ids = z
  .instanceof(Uint8Array)
  .refine(bytes => bytes.length <= IDS_AT_MOST * ID_BYTES && bytes.length % ID_BYTES === 0)
const question = z.union([z.object({ tokens }).strict(), z.object({ have: ids }).strict()])
const answer = z.object({ tokens, want: ids }).strict()

export const encodeRevocationQuestion = (value: z.infer<typeof question>): Uint8Array => toCbor(value)
/** @throws when the bytes are none */
export const decodeRevocationQuestion = (bytes: Uint8Array): z.infer<typeof question> => question.parse(fromCbor(bytes))
export const encodeRevocationAnswer = (value: z.infer<typeof answer>): Uint8Array => toCbor(value)
/** @throws when the bytes are none */
export const decodeRevocationAnswer = (bytes: Uint8Array): z.infer<typeof answer> => answer.parse(fromCbor(bytes))

/** What the store has, into the list: before the links are up. */
export async function readRevocations(
  store: Store,
  list: RevocationList,
  check: (token: string) => Promise<Revocation | Refused>,
): Promise<void> {
  const gone: string[] = []
  for await (const { key, value } of store.range(PREFIX, END)) {
    // Checked again: an authority that is not trusted any more revokes nothing, and what has ended is forgotten.
    const revocation = await check(new TextDecoder().decode(value))
    if (!('refused' in revocation)) list.add(revocation)
    else if (revocation.reason === 'revocation has expired') gone.push(key)
  }
  if (gone.length > 0)
    await store.batch(
      gone.map(del => ({ del })),
      { durable: false },
    )
}

export function revocationDesk(options: RevocationDeskOptions): RevocationDesk {
  const { links, store, list, clock, check, log } = options
  /** On their way into the store. */
  const taking = new Map<string, Promise<void>>()
  const unsaved = new Map<string, Revocation>()
  let stopped = false

  async function take(token: string, from?: string): Promise<Revocation | Refused | undefined> {
    // Neighbours tell what they have each time that they meet: that costs no signature check.
    if (list.has(revocationId(token))) return undefined
    const revocation = await check(token)
    if ('refused' in revocation) {
      options.onRefused(revocation, from)
      return revocation
    }
    if (list.has(revocation.id)) return undefined
    const already = taking.get(revocation.id)
    if (already !== undefined) return void (await already)
    const told: Promise<void>[] = []
    for (const { peerId, credential } of links.peers()) {
      if (peerId === from || !isMachine(credential)) continue
      const handed = handOn(peerId, [token])
      if (isAbout(revocation, credential)) told.push(handed)
    }
    // An honest agent that is revoked shall know why it is cut off; it gets a moment to hear it, and no more.
    const heard = told.length === 0 ? Promise.resolve() : within(Promise.all(told), LAST_WORD_MS)
    const counted = Promise.all([save(revocation), heard]).then(() => count(revocation))
    taking.set(revocation.id, counted)
    await counted.finally(() => taking.delete(revocation.id))
    return revocation
  }

  async function save(revocation: Revocation): Promise<void> {
    unsaved.set(revocation.id, revocation)
    await within(write(), DISK_PATIENCE_MS)
    if (unsaved.has(revocation.id)) {
      options.alarm('revocation-not-saved', `${wordsOf(revocation)}: counts, but is not on disk yet`)
    }
  }

  async function within(work: Promise<unknown>, ms: number): Promise<void> {
    let cancel = (): void => {}
    const patience = new Promise<void>(over => {
      cancel = clock.wakeAt(after(clock.now(), duration(ms)), over)
    })
    await Promise.race([work, patience])
    cancel()
  }

  async function write(): Promise<void> {
    const batch = [...unsaved.values()]
    const changes = batch.map(({ id, token }) => ({ put: PREFIX + id, value: new TextEncoder().encode(token) }))
    try {
      await store.batch(changes, { durable: true })
      for (const { id } of batch) unsaved.delete(id)
    } catch (error) {
      log('revocations-not-saved', { reason: (error as Error).message })
    }
  }

  function count(revocation: Revocation): void {
    const gaveWay = list.add(revocation)
    if (gaveWay.length > 0) {
      options.alarm('revocation-list-full', `${gaveWay.map(wordsOf).join('; ')}: does not count any more`)
      void forget(gaveWay)
    }
    const cut = links.peers().filter(({ credential }) => list.of(credential) !== undefined)
    for (const { peerId } of cut) links.expel(peerId, 'credential is revoked')
    options.onRevoked(
      revocation,
      cut.map(({ credential }) => credential),
    )
  }

  async function forget(ended: readonly Revocation[]): Promise<void> {
    if (ended.length === 0) return
    for (const { id } of ended) unsaved.delete(id)
    await store
      .batch(
        ended.map(({ id }) => ({ del: PREFIX + id })),
        { durable: false },
      )
      .catch(error => log('revocations-not-forgotten', { reason: (error as Error).message }))
  }

  async function handOn(peerId: string, some: readonly string[]): Promise<void> {
    for (const waitMs of HAND_ON_AGAIN_MS) {
      if (waitMs > 0) await new Promise<void>(wake => clock.wakeAt(after(clock.now(), duration(waitMs)), wake))
      if (stopped || !links.peers().some(peer => peer.peerId === peerId)) return
      try {
        const question = encodeRevocationQuestion({ tokens: [...some] })
        return void (await links.request(peerId, REVOCATIONS_PROTOCOL, question, { timeoutMs: SLOW_LINK_MS }))
      } catch (error) {
        log('revocation-not-handed-on', { peerId, reason: (error as Error).message })
        if ((error as { code?: string }).code === 'MESH_REFUSED') return
      }
    }
  }

  /** Both then have what either had. */
  async function compare(peerId: string): Promise<void> {
    try {
      for (;;) {
        const ask = encodeRevocationQuestion({ have: idsOf(list.all()) })
        const bytes = await links.request(peerId, REVOCATIONS_PROTOCOL, ask, { timeoutMs: SLOW_LINK_MS })
        const { tokens: theirs, want } = decodeRevocationAnswer(bytes)
        const wanted = new Set(textsOf(want))
        const ours = list.all().filter(({ id }) => wanted.has(id))
        for (let at = 0; at < ours.length; at += TOKENS_AT_ONCE) {
          await handOn(
            peerId,
            ours.slice(at, at + TOKENS_AT_ONCE).map(({ token }) => token),
          )
        }
        let taken = 0
        for (const token of theirs) {
          const result = await take(token, peerId)
          if (result !== undefined && !('refused' in result)) taken++
        }
        // Again only while that brought something: a peer that repeats itself is not asked for ever.
        if (theirs.length < TOKENS_AT_ONCE || taken === 0) return
      }
    } catch (error) {
      log('revocations-not-compared', { peerId, reason: (error as Error).message })
    }
  }

  links.serve(REVOCATIONS_PROTOCOL, async (from, bytes) => {
    const asked = decodeRevocationQuestion(bytes)
    if ('have' in asked) return encodeRevocationAnswer(missing(list, asked.have))
    for (const token of asked.tokens) {
      const result = await take(token, from.peerId)
      if (result !== undefined && 'refused' in result && result.reason !== 'revocation has expired') {
        throw new Error(result.refused)
      }
    }
    return encodeRevocationAnswer({ tokens: [], want: new Uint8Array() })
  })
  links.onPeer(({ peerId, credential }, state) => {
    // One of the two asks; persons' tools come and go, and are told nothing.
    if (state === 'up' && isMachine(credential) && links.peerId < peerId) void compare(peerId)
  })
  const cancels = [
    clock.every(SWEEP_EVERY_MS, () => void forget(list.sweep(clock.utc()))),
    clock.every(SAVE_AGAIN_MS, () => {
      if (unsaved.size > 0) void write()
    }),
  ]

  return {
    take,
    async stop() {
      stopped = true
      for (const cancel of cancels) cancel()
      await Promise.allSettled(taking.values())
      if (unsaved.size > 0) await write()
    },
  }
}

export const wordsOf = ({ organisation, peerId, credential, reason }: Revocation): string =>
  `${organisation} revoked ${credential === undefined ? `the key ${peerId}` : `credential ${credential} of ${peerId}`}${reason === '' ? '' : ` (${reason})`}`

const isMachine = ({ roles }: Credential): boolean => roles.includes('IED') || roles.includes('BACKEND')

const idsOf = (some: readonly Revocation[]): Uint8Array<ArrayBuffer> =>
  Buffer.concat(some.slice(0, IDS_AT_MOST).map(({ id }) => Buffer.from(id, 'hex')))

function textsOf(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes).toString('hex')
  return Array.from({ length: bytes.length / ID_BYTES }, (_, at) =>
    text.slice(at * 2 * ID_BYTES, (at + 1) * 2 * ID_BYTES),
  )
}

/** What the asker lacks, and what it has that is lacking here. */
function missing(list: RevocationList, have: Uint8Array): z.infer<typeof answer> {
  const theirs = new Set(textsOf(have))
  const lacking = list.all().filter(({ id }) => !theirs.has(id))
  const want = [...theirs].filter(id => !list.has(id))
  return {
    tokens: lacking.slice(0, TOKENS_AT_ONCE).map(({ token }) => token),
    want: Buffer.concat(want.map(id => Buffer.from(id, 'hex'))),
  }
}
