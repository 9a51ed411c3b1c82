// Which key is sealed to for whom, as the readers themselves have said; see `key-announcement.ts`.
//
//   rotated here, a person's tool, a neighbour ──► signature, signer, epoch ──► durable in the store ──► counts from now on
//                                                                                  └► to every connected machine but the
//                                                                                     one that it came from
//
// Each new connection begins with what either side knows, so what was lost on the way, or said while an agent was away, is
// made good. Nothing is sent where nobody has ever rotated a key. A word counts on when its signer's credential ends, and no
// more once that is revoked: the key of a stolen back end is sealed to no longer than the back end is a reader at all.
//
// A reader's own word goes before a key that the owner's policy names for it, which goes before that of its peer id.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { announcedFor, judgeKey, type KeyAnnouncement, nextEpoch } from '../aggregation/key-announcement.ts'
import type { SealingKey } from '../aggregation/portion.ts'
import { serialQueue } from '../aggregation/serial-queue.ts'
import type { Reader } from '../aggregation/sharing-policy.ts'
import type { Store } from '../aggregation/store.ts'
import { below, key } from '../aggregation/store-keys.ts'
import type { Credential } from '../mesh/credential.ts'
import type { VerifySignature } from '../mesh/identity.ts'
import type { Revocable } from '../mesh/revocation.ts'
import { whoIs } from './command-authority.ts'
import type { JwsSigner } from './compact-jws.ts'
import type { AuditEntry } from './component.ts'
import { sealingKey } from './jose-sealing.ts'
import type { KeyRing } from './key-ring.ts'
import { NodeError } from './node-error.ts'
import { MAX_KEY_BYTES, notTheReader, readKey, type SignedKey, signKey } from './signed-key.ts'

/** Of one organisation: its departments and back ends. More is refused; nobody gives way to somebody else. */
export const MAX_KEYS_EACH = 64

export interface KnownKey {
  readonly announcement: KeyAnnouncement
  /** As it travels. */
  readonly jws: string
  readonly signedBy: string
  readonly isHeldHere: boolean
}

export interface TakenKey {
  /** Nobody honest passes that on: whatever else came with it is not looked at. */
  readonly isForged?: true
  readonly verdict: 'new' | 'known' | 'older' | 'refused'
  readonly words: string
}

export interface KeyDesk {
  /** What the reader has said; of this back end first, then of the reader whichever its back end is. */
  keyOf(reader: Reader, backEnd?: string): SealingKey | undefined
  known(): readonly KnownKey[]
  /** Durable before it resolves, where it is new. Never rejects for what it is given. */
  take(jws: string, from: string): Promise<TakenKey>
  /** A new key of this agent, as a back-end peer. @throws NodeError REFUSED; StoreError */
  rotate(by: string): Promise<KeyAnnouncement>
  /** The own word under the credential that this agent has by now. */
  renew(): Promise<void>
}

export interface KeyDeskPorts {
  readonly store: Store
  readonly ring: KeyRing
  readonly verifySignature: VerifySignature
  checkCredential(token: string): Promise<Credential | { readonly refused: string }>
  isRevoked(credential: Revocable): boolean
  /** This agent's own. */
  credential(): Credential
  sign(bytes: Uint8Array): Uint8Array
  utcNow(): number
  utcGood(): boolean
  audit(entry: AuditEntry): void
  /** It counts from now on: tell others. */
  changed(known: KnownKey, from: string): void
}

const keptSchema = z.strictObject({ jws: z.string().max(MAX_KEY_BYTES), by: z.string() })
interface Kept {
  readonly signed: SignedKey
  readonly jws: string
  readonly by: string
  /** Absent for a word of before the start whose signer's credential does not count any more. */
  readonly signer: Credential | undefined
}

/** A word counts for its organisation alone, and only by the signature of somebody who is of it. */
const whoSigned = ({ announcement: { organisation }, peerId, token }: SignedKey): Revocable => ({
  organisation,
  peerId,
  token,
})

export async function openKeyDesk(ports: KeyDeskPorts): Promise<KeyDesk> {
  const { store, ring } = ports
  const known = new Map<string, Kept>()
  const inTurn = serialQueue()
  for await (const { value } of store.range(...below('sealing', 'announced'))) {
    const { jws, by } = keptSchema.parse(fromCbor(value))
    const signed = readKey(jws, ports.verifySignature)
    if (typeof signed === 'string' || !signed.verify()) continue
    known.set(announcedFor(signed.announcement), { signed, jws, by, signer: await signerOf(signed) })
  }

  /** That its credential counted then is what accepting it said. */
  async function signerOf({ token, peerId }: SignedKey): Promise<Credential | undefined> {
    const checked = await ports.checkCredential(token)
    return 'refused' in checked || checked.peerId !== peerId ? undefined : checked
  }

  function live(where: string): Kept | undefined {
    const found = known.get(where)
    if (found === undefined || !ports.isRevoked(whoSigned(found.signed))) return found
    // For good: the revocation is forgotten when the credential would have ended, and a word has no end.
    known.delete(where)
    void forget(found)
    return undefined
  }

  /** What does not go now is found revoked again at the next start. */
  const forget = (word: Kept): Promise<void> =>
    store.batch([{ del: kept(word).put }], { durable: false }).catch(() => {})

  const nowSeconds = (): number => Math.floor(ports.utcNow() / 1000)
  const kept = ({ signed, jws, by }: Kept) => ({
    put: key('sealing', 'announced', ...announcedFor(signed.announcement).split('/')),
    value: toCbor({ jws, by }),
  })
  const shown = ({ signed, jws, by }: Kept): KnownKey => ({
    announcement: signed.announcement,
    jws,
    signedBy: by,
    isHeldHere: ring.holds(signed.announcement.sealingKey),
  })
  const audit = (subject: string, allowed: boolean, words: string): void =>
    ports.audit({ kind: 'configuration', subject, allowed, words: words.slice(0, 200) })

  async function judge(jws: string, from: string): Promise<TakenKey> {
    const refused = (words: string, verdict: 'older' | 'refused' = 'refused'): TakenKey => {
      audit(from, false, `sealing key: ${words}`)
      return { verdict, words: words.slice(0, 400) }
    }
    const signed = readKey(jws, ports.verifySignature)
    if (typeof signed === 'string') return { ...refused(signed), isForged: true }
    const { announcement } = signed
    const where = announcedFor(announcement)
    const before = live(where)
    // No signature is checked for what is known: neighbours tell it each time that they meet.
    if (before?.jws === jws) return { verdict: 'known', words: '' }
    // Neither of what is old: a neighbour that was away tells it in good faith.
    const seconds = ports.utcGood() ? nowSeconds() : undefined
    const early = judgeKey(before?.signed.announcement, announcement, seconds)
    if (early.verdict === 'older') return refused(early.words, 'older')
    if (!signed.verify()) return { ...refused('the signature is not by the key that it names'), isForged: true }
    const signer = await ports.checkCredential(signed.token)
    if ('refused' in signer) return refused(signer.refused)
    if (signer.peerId !== signed.peerId) return refused('the credential is not that of its signer')
    const stranger = notTheReader(signer, announcement)
    if (stranger !== undefined) return refused(stranger)
    const { verdict, words } = early
    if (verdict === 'refused') return refused(words)
    const next: Kept = { signed, jws, by: whoIs(signer), signer }
    if (verdict === 'known') {
      // The same word under a renewed credential: that one goes on, since the other's will be refused some day.
      if (before?.signer === undefined || signer.notBefore > before.signer.notBefore) await keep(next)
      return { verdict, words }
    }
    const others = [...known.keys()].filter(each => each.startsWith(`${announcement.organisation}/`))
    if (!known.has(where) && others.length >= MAX_KEYS_EACH) {
      return refused(`${MAX_KEYS_EACH} keys of ${announcement.organisation} are known here, want no more`)
    }
    await keep(next)
    audit(next.by, true, `sealing key of ${where}, epoch ${announcement.epoch}, brought by ${from}`)
    ports.changed(shown(next), from)
    return { verdict, words }
  }

  async function keep(next: Kept): Promise<void> {
    await store.batch([kept(next)], { durable: true })
    known.set(announcedFor(next.signed.announcement), next)
  }

  function ownSigner(): JwsSigner {
    const { peerId, token } = ports.credential()
    return { peerId, token, sign: ports.sign }
  }

  function ownPlace() {
    const { organisation, department, name: backEnd } = ports.credential()
    return { organisation, ...(department === undefined ? {} : { department }), backEnd }
  }

  function ownWord(announcement: KeyAnnouncement): Kept {
    const jws = signKey(announcement, ownSigner())
    const signed = readKey(jws, ports.verifySignature)
    if (typeof signed === 'string') throw new Error(`invariant: the own word is one: ${signed}`)
    const signer = ports.credential()
    return { signed, jws, by: whoIs(signer), signer }
  }

  for (const where of [...known.keys()]) live(where)

  return {
    keyOf(reader, backEnd) {
      const own = backEnd === undefined ? undefined : live(announcedFor({ ...reader, backEnd }))
      const found = own ?? live(announcedFor(reader))
      return found && sealingKey(found.signed.announcement.sealingKey)
    },
    known: () =>
      [...known.keys()].sort().flatMap(where => {
        const found = live(where)
        return found === undefined ? [] : [shown(found)]
      }),
    take: (jws, from) => inTurn(() => judge(jws, from)),
    rotate: by =>
      inTurn(async () => {
        const own = ports.credential()
        if (!own.roles.includes('BACKEND')) throw new NodeError('REFUSED', `${own.name} is no back-end peer`)
        const about = ownPlace()
        const before = live(announcedFor(about))?.signed.announcement
        let next: Kept | undefined
        await ring.add(x => {
          next = ownWord({ ...about, epoch: nextEpoch(before, nowSeconds()), sealingKey: x })
          return [kept(next)]
        })
        if (next === undefined) throw new Error('invariant: a key that is added has its word')
        known.set(announcedFor(about), next)
        audit(by, true, `sealing key rotated: epoch ${next.signed.announcement.epoch}`)
        ports.changed(shown(next), '')
        return next.signed.announcement
      }),
    renew: () =>
      inTurn(async () => {
        const before = live(announcedFor(ownPlace()))
        if (before === undefined || !ring.holds(before.signed.announcement.sealingKey)) return
        if (before.signed.token !== ports.credential().token) await keep(ownWord(before.signed.announcement))
      }),
  }
}
