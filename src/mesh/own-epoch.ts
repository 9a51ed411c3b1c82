// The boot epoch of this peer, and how it gets above one that it has forgotten.
//
// The epoch is persisted before anything is said. A peer whose store was wiped while its clock is not set begins below
// what the others have heard of it, and they refuse all that it says as replayed. Whoever refuses it shows it its own newest
// envelope. It believes that for its own signature alone, raises its epoch above it, persists that, and goes on from there.
// So nobody can raise another's epoch but with what that one has signed, and an epoch only grows.

import { type ReadEnvelope, readEnvelope } from './envelope.ts'
import type { VerifySignature } from './identity.ts'
import type { Links } from './links.ts'

export const EPOCH_PROTOCOL = '/feedermesh/epoch/1.0.0'
/** Each peer is shown its envelope so often at the most. */
const SHOW_EVERY_MS = 5000
const SHOWN_KEPT = 256
const NEWEST_KEPT = 4096
/** Larger ones are not kept to be shown: what everybody says all the time is far smaller. */
const MAX_SHOWN = 4096

export interface OwnEpochOptions {
  readonly links: Links
  readonly verifySignature: VerifySignature
  readonly epoch: number
  /** Makes a greater epoch durable. Rejects when it can't: then the old one stays, and the next showing tries again. */
  persist(epoch: number): Promise<void>
  now(): number
  log(event: string, fields: Record<string, unknown>): void
}

export interface OwnEpoch {
  epoch(): number
  /** The number of the next envelope of this epoch. */
  next(): number
  /** Whether that number has been used by now: in this epoch, or an earlier one may have been. */
  isUsed(epoch: number, number: number): boolean
  /** Remembers the newest envelope of a peer. */
  heard(read: ReadEnvelope, raw: Uint8Array): void
  /** A peer has said something of an earlier epoch than one that it has used before. */
  showNewest(peerId: string): void
}

export function ownEpoch({ links, verifySignature, persist, now, log, ...options }: OwnEpochOptions): OwnEpoch {
  let { epoch } = options
  let sequence = 0
  const newest = new Map<string, Uint8Array>()
  const shownAt = new Map<string, number>()
  let raising: Promise<void> | undefined

  async function raiseAbove(other: number): Promise<void> {
    await raising?.catch(() => {}) // one at a time; whether the last one failed is its asker's
    if (other < epoch) return
    await persist(other + 1)
    log('epoch-raised', { from: epoch, to: other + 1 })
    epoch = other + 1
    sequence = 0
  }

  const isUsed = (of: number, number: number): boolean => of < epoch || (of === epoch && number < sequence)

  links.serve(EPOCH_PROTOCOL, async (_from, raw) => {
    const read = readEnvelope(raw, verifySignature)
    const { origin, epoch: shown, sequence: number } = read.envelope
    if (origin !== links.peerId) throw new Error('want an envelope of mine')
    if (isUsed(shown, number)) return new Uint8Array()
    if (!read.verify()) throw new Error('I have not signed that')
    raising = raiseAbove(shown)
    await raising
    return new Uint8Array()
  })

  return {
    epoch: () => epoch,
    next: () => sequence++,
    isUsed,
    heard({ envelope: { origin } }, raw) {
      if (raw.length > MAX_SHOWN) return
      const [first] = newest.keys()
      if (newest.size >= NEWEST_KEPT && !newest.has(origin) && first !== undefined) newest.delete(first)
      newest.set(origin, raw)
    },
    showNewest(peerId) {
      const raw = newest.get(peerId)
      const last = shownAt.get(peerId)
      if (raw === undefined || (last !== undefined && now() - last < SHOW_EVERY_MS)) return
      if (shownAt.size >= SHOWN_KEPT) shownAt.clear()
      shownAt.set(peerId, now())
      links
        .request(peerId, EPOCH_PROTOCOL, raw, { timeoutMs: 2000 })
        .catch(error => log('epoch-not-taken', { peerId, reason: (error as Error).message }))
    },
  }
}
