// What back-end peers say to each other about the documents that they exchange, see docs/billing.md. A document is a JWS; the
// peer that brings it is not believed for anything.

import { z } from 'zod'
import { codec } from '../aggregation/codec.ts'
import { type ExchangeDocument, exchangeDocumentSchema } from '../aggregation/exchange/exchange-document.ts'
import type { VerifySignature } from '../mesh/identity.ts'
import { type JwsSigner, type ReadJws, readJws, signJws } from './compact-jws.ts'

export const EXCHANGE_PROTOCOL = '/feedermesh/exchange/1.0.0'
/** A bill of five hundred lines with its notes. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024
/** As many as go into one answer; the next question names the last one. */
export const MAX_ANSWERED = 64
/** Of one answer: a further document waits for the next. */
export const MAX_ANSWER_BYTES = 2 * 1024 * 1024

const TYPE = 'feedermesh-exchange+jws'

const jws = z.string().min(1).max(MAX_DOCUMENT_BYTES)
const subject = z.string().max(300)
const question = z.union([
  z.strictObject({ want: z.literal('take'), document: jws }),
  /** All that is for the asker, behind this one in order of their subjects. */
  z.strictObject({ want: z.literal('documents'), after: subject }),
])
export type ExchangeQuestion = z.output<typeof question>
export const exchangeQuestion = codec('exchange-question', question, MAX_DOCUMENT_BYTES + 1_024)

const taken = z.strictObject({
  /** `kept` is durable. `refused` is final for this very document. */
  result: z.enum(['kept', 'known', 'older', 'refused']),
  words: z.string().max(500),
})
export type ExchangeTaken = z.output<typeof taken>
export const exchangeTaken = codec('exchange-taken', taken, 2_048)

const documents = z.strictObject({
  documents: z.array(z.strictObject({ subject, document: jws })).max(MAX_ANSWERED),
  more: z.boolean(),
})
export const exchangeDocuments = codec(
  'exchange-documents',
  documents,
  MAX_ANSWER_BYTES + MAX_DOCUMENT_BYTES + 64 * 1024,
)

export const signDocument = (document: ExchangeDocument, signer: JwsSigner): string => signJws(TYPE, document, signer)

export interface SignedDocument extends Omit<ReadJws, 'payload'> {
  readonly document: ExchangeDocument
}

/** Says nothing of whether it counts. @returns in words why it is none */
export function readDocument(jws: string, verifySignature: VerifySignature): SignedDocument | string {
  const read = readJws(jws, TYPE, MAX_DOCUMENT_BYTES, verifySignature)
  if (typeof read === 'string') return read
  const { payload, ...rest } = read
  const document = exchangeDocumentSchema.safeParse(payload)
  if (document.success) return { ...rest, document: document.data }
  const [issue] = document.error.issues
  return `no exchange document: ${[...(issue?.path ?? []).map(String), issue?.message].join(': ')}`
}
