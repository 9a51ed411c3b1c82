// The documents that a back-end peer has issued and received, in its store. An index of them is in memory; a document is read
// when it is wanted. Each organisation has its own room, so no partner can take another one's.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import {
  type ExchangeDocument,
  exchangeDocumentSchema,
  exchangeKinds,
  subjectOf,
} from '../aggregation/exchange/exchange-document.ts'
import type { Exchanged } from '../aggregation/exchange/judge-document.ts'
import type { Change, Store } from '../aggregation/store.ts'
import { below, key } from '../aggregation/store-keys.ts'

/** Of one organisation, each way. Of what was issued the oldest delivered bill gives way; what comes beyond it is refused. */
export const MOST_DOCUMENTS = 20_000

const indexed = z.strictObject({
  kind: z.enum(exchangeKinds),
  subject: z.string(),
  revision: z.number(),
  digest: z.string(),
  issuedUtc: z.string(),
})
const issued = z.strictObject({
  ...indexed.shape,
  /** JSON. It is signed anew each time that it goes: a credential may be renewed while a partner is away. */
  document: z.string(),
  state: z.enum(['waiting', 'delivered', 'refused']),
  words: z.string(),
})
const received = z.strictObject({
  ...indexed.shape,
  jws: z.string(),
  signer: z.string(),
  receivedUtcMs: z.number(),
})
export type Issued = z.output<typeof issued>
export type Received = z.output<typeof received>
type Row<T extends Issued | Received> = Omit<T, 'document' | 'jws'>

export interface ExchangeShelf {
  issued(organisation: string): readonly Row<Issued>[]
  received(organisation: string): readonly Row<Received>[]
  issuedDocument(organisation: string, subject: string): Promise<ExchangeDocument | undefined>
  receivedJws(organisation: string, subject: string): Promise<string | undefined>
  /** Durable before it resolves. @returns false when there is no room */
  putIssued(organisation: string, entry: Issued): Promise<boolean>
  putReceived(organisation: string, entry: Received): Promise<boolean>
  /** What contradicts a document that is here: the first of each subject, as it came. */
  keepEvidence(organisation: string, subject: string, jws: string): Promise<void>
}

export async function openExchangeShelf(store: Store): Promise<ExchangeShelf> {
  const out = await indexOf(store, 'issued', issued)
  const back = await indexOf(store, 'received', received)
  const inOrder = <T extends Exchanged>(of: ReadonlyMap<string, T> | undefined): T[] =>
    [...(of?.values() ?? [])].sort((a, b) => (a.subject < b.subject ? -1 : 1))

  return {
    issued: organisation => inOrder(out.get(organisation)),
    received: organisation => inOrder(back.get(organisation)),
    async issuedDocument(organisation, subject) {
      const bytes = await store.get(keyOf('issued', organisation, subject))
      return bytes && exchangeDocumentSchema.parse(JSON.parse(issued.parse(fromCbor(bytes)).document))
    },
    async receivedJws(organisation, subject) {
      const bytes = await store.get(keyOf('received', organisation, subject))
      return bytes && received.parse(fromCbor(bytes)).jws
    },
    async putIssued(organisation, entry) {
      const known = out.get(organisation) ?? new Map<string, Row<Issued>>()
      const changes: Change[] = [{ put: keyOf('issued', organisation, entry.subject), value: toCbor(entry) }]
      let gone: Row<Issued> | undefined
      if (!known.has(entry.subject) && known.size >= MOST_DOCUMENTS) {
        gone = [...known.values()]
          .filter(({ kind, state }) => kind === 'bill' && state === 'delivered')
          .sort((a, b) => (a.issuedUtc < b.issuedUtc ? -1 : 1))[0]
        if (gone === undefined) return false
        changes.push({ del: keyOf('issued', organisation, gone.subject) })
      }
      await store.batch(changes, { durable: true })
      if (gone !== undefined) known.delete(gone.subject)
      const { document: _, ...row } = entry
      known.set(entry.subject, row)
      out.set(organisation, known)
      return true
    },
    async putReceived(organisation, entry) {
      const known = back.get(organisation) ?? new Map<string, Row<Received>>()
      if (!known.has(entry.subject) && known.size >= MOST_DOCUMENTS) return false
      await store.batch([{ put: keyOf('received', organisation, entry.subject), value: toCbor(entry) }], {
        durable: true,
      })
      const { jws: _, ...row } = entry
      known.set(entry.subject, row)
      back.set(organisation, known)
      return true
    },
    async keepEvidence(organisation, subject, jws) {
      const at = key('exchange', 'evidence', organisation, subject)
      if ((await store.get(at)) !== undefined) return
      await store.batch([{ put: at, value: new TextEncoder().encode(jws) }], { durable: true })
    },
  }
}

const keyOf = (part: 'issued' | 'received', organisation: string, subject: string): string =>
  key('exchange', part, organisation, subject)

async function indexOf<T extends Issued | Received>(store: Store, part: 'issued' | 'received', schema: z.ZodType<T>) {
  const found = new Map<string, Map<string, Row<T>>>()
  for await (const { key: at, value } of store.range(...below('exchange', part))) {
    const organisation = at.split('/')[2] ?? ''
    const { document: _, jws: __, ...row } = schema.parse(fromCbor(value)) as T & { document?: string; jws?: string }
    const known = found.get(organisation) ?? new Map<string, Row<T>>()
    found.set(organisation, known.set(row.subject, row as unknown as Row<T>))
  }
  return found
}

export const rowOf = (document: ExchangeDocument, digest: string) => ({
  kind: document.kind,
  subject: subjectOf(document),
  revision: document.revision,
  digest,
  issuedUtc: document.issuedUtc,
})
