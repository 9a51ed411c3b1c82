// What a back end keeps of two histories of one ledger: of either the records from the first one that differs, as far as it is
// seen here, up to a head that the IED signed, and the credential of the key that signed it. Both signatures are the IED's, so
// whoever looks at them needs to trust nobody else (`equivocation.ts`). What comes first is kept; a device that goes on telling
// other histories adds nothing to what is known of it.

import { z } from 'zod'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import { recordKey } from './batch-place.ts'
import { anyBytesField, codec, countField, nameField } from './codec.ts'
import { headAtOrBehind, type KeptHead, keptHeadSchema } from './collected-heads.ts'
import { withBody } from './collected-records.ts'
import { type Batch, batchCodec, MAX_BATCH_RECORDS } from './delivery.ts'
import type { History, TwoHistories } from './equivocation.ts'
import {
  chainHash,
  headerCodec,
  type LedgerId,
  type LedgerRecord,
  ledgerIdField,
  MAX_CONTENT_BYTES,
  recordSchema,
  sameBytes,
} from './record.ts'
import type { Change, Store } from './store.ts'
import { below, key, numberIn } from './store-keys.ts'

/** A history and the credential, as its authority signed it, of the key that signed the history, and how that was named. */
export interface KeptHistory extends History {
  readonly credential?: string
  readonly credentialHash?: Uint8Array
}

export interface Evidence extends TwoHistories {
  readonly utcMs: UtcMs
  /** Of what is stored; absent where the store is of before heads were kept. */
  readonly first?: KeptHistory
  readonly second: KeptHistory
}

/** The text of the credential by this hash, or of the one that the IED has now. */
export type CredentialOf = (ied: string, credentialHash?: Uint8Array) => string | undefined

/** Of one ledger, and of one IED whatever ledgers it makes up. What comes after that is refused and not kept. */
export const MOST_EVIDENCE = 4
export const MOST_EVIDENCE_OF_IED = 16
/** Where the bodies take up more, only that of the record in question is kept: the headers alone prove the matter. */
const MOST_BODY_BYTES = 256 * 1024
const MOST_HEADER = 512
const MOST_TOKEN = 8_192

const tokenField = z.string().max(MOST_TOKEN)
const evidenceCodec = codec(
  'evidence',
  z.strictObject({
    ied: nameField,
    ledgerId: ledgerIdField,
    number: countField,
    utcMs: countField.transform(utcMs),
    batch: anyBytesField,
    credential: tokenField.exactOptional(),
    kept: keptHeadSchema.exactOptional(),
    /** From the record in question up to the kept head. */
    stored: z
      .array(recordSchema)
      .max(MAX_BATCH_RECORDS + 1)
      .exactOptional(),
    keptCredential: tokenField.exactOptional(),
  }),
  2 * (MAX_BATCH_RECORDS * MOST_HEADER + MAX_CONTENT_BYTES + MOST_BODY_BYTES + MOST_TOKEN),
)

/** @param meeting where the batch and the stored chain are known to differ. @returns nothing where as much is known already */
export async function keepEvidence(
  store: Store,
  batch: Batch,
  meeting: number,
  now: UtcMs,
  credentialOf: CredentialOf,
): Promise<Change[]> {
  const { ied, ledgerId, credentialHash } = batch
  const number = await firstDifference(store, batch, meeting)
  const { known, unmarked } = await knownOf(store, ied)
  const ofLedger = known.filter(each => each.ledgerId === ledgerId)
  const count = ofLedger.length
  if (known.length >= MOST_EVIDENCE_OF_IED || count >= MOST_EVIDENCE) return unmarked
  if (ofLedger.some(each => each.number === number)) return unmarked
  const kept = await headAtOrBehind(store, { ied, ledgerId, number })
  const [credential, keptCredential] = [credentialOf(ied, credentialHash), credentialOf(ied, kept?.credentialHash)]
  const value = evidenceCodec.encode({
    ied,
    ledgerId,
    number,
    utcMs: now,
    batch: batchCodec.encode(shortened(batch, number)),
    ...(credential === undefined ? {} : { credential }),
    ...(kept === undefined ? {} : { kept, stored: await storedUpTo(store, kept, number) }),
    ...(kept === undefined || keptCredential === undefined ? {} : { keptCredential }),
  })
  return [
    ...unmarked,
    { put: key('collector', 'evidence', ied, ledgerId, count), value },
    marked(ied, { ledgerId, number }),
  ]
}

interface Place {
  readonly ledgerId: LedgerId
  readonly number: number
}

const marked = (ied: string, { ledgerId, number }: Place): Change => ({
  put: key('collector', 'evidence-of', ied, ledgerId, number),
  value: Uint8Array.of(1),
})

/**
 * Of which records there is evidence, by marks beside it: a device may tell the same as often as it likes, and to read what it
 * has told takes a thousand times as long. Earlier programs left none: these are `unmarked`.
 */
async function knownOf(store: Store, ied: string): Promise<{ known: Place[]; unmarked: Change[] }> {
  const known: Place[] = []
  for await (const { key: at } of store.range(...below('collector', 'evidence-of', ied)))
    known.push({ ledgerId: at.split('/').at(-2) ?? '', number: numberIn(at) })
  if (known.length > 0) return { known, unmarked: [] }
  for await (const { value } of store.range(...below('collector', 'evidence', ied))) {
    const { ledgerId, number } = evidenceCodec.decode(value)
    known.push({ ledgerId, number })
  }
  return { known, unmarked: known.map(each => marked(ied, each)) }
}

export async function* evidenceIn(store: Store, ied?: string): AsyncGenerator<Evidence> {
  const [from, to] = ied === undefined ? below('collector', 'evidence') : below('collector', 'evidence', ied)
  for await (const { value } of store.range(from, to)) {
    const { batch, kept, stored = [], credential, keptCredential, ...rest } = evidenceCodec.decode(value)
    const second = batchCodec.decode(batch)
    yield {
      ...rest,
      ...(kept === undefined ? {} : { first: historyOf(kept, stored, keptCredential) }),
      second: historyOf(second, second.records, credential),
    }
  }
}

const historyOf = (
  { head, credentialHash }: KeptHead,
  records: readonly LedgerRecord[],
  credential: string | undefined,
): KeptHistory => ({
  head,
  records,
  ...(credential === undefined ? {} : { credential }),
  ...(credentialHash === undefined ? {} : { credentialHash }),
})

/** The first record of the batch that is another one than is stored; else the place where they are known to differ. */
async function firstDifference(store: Store, { records }: Batch, meeting: number): Promise<number> {
  for (const { header } of records) {
    if (header.number > meeting) break
    const bytes = await store.get(recordKey('header', header))
    if (bytes !== undefined && !sameBytes(chainHash(headerCodec.decode(bytes)), chainHash(header))) return header.number
  }
  return meeting
}

/** What leads from the record in question to the signed head; sealed parts prove nothing to whoever can't open them. */
function shortened({ portions: _, ...batch }: Batch, number: number): Batch {
  const records = batch.records.filter(({ header }) => header.number >= number)
  const bytes = records.reduce((sum, { body }) => sum + (body?.content.length ?? 0), 0)
  const isKept = ({ header }: LedgerRecord): boolean => bytes <= MOST_BODY_BYTES || header.number === number
  return { ...batch, records: records.map(record => (isKept(record) ? record : { header: record.header })) }
}

/** Empty where the signed head is further away than that: it is of before heads were kept, and proves nothing then. */
async function storedUpTo(store: Store, { head }: KeptHead, number: number): Promise<LedgerRecord[]> {
  if (head.number - number > MAX_BATCH_RECORDS) return []
  const at = (place: number): string => recordKey('header', { ied: head.ied, ledgerId: head.ledgerId, number: place })
  const records: LedgerRecord[] = []
  for await (const { value } of store.range(at(number), at(head.number + 1))) {
    const header = headerCodec.decode(value)
    records.push(header.number === number ? await withBody(store, header) : { header })
  }
  return records
}
