// A ledger as lines of JSON: first who wrote it and where it ends, then each record. Bytes are base64url. What a line says
// is hashed and signed, so a file may pass through anybody's hands.

import { z } from 'zod'
import { utcMs } from '../../topology/units.ts'
import {
  type LedgerRecord,
  ledgerIdField,
  recordClasses,
  recordSchema,
  type SignedHead,
  signedHeadSchema,
  utcQualities,
} from '../aggregation/record.ts'
import { NodeError } from './node-error.ts'

export interface LedgerHeadLine {
  readonly ied: string
  readonly ledgerId: string
  /** By whose key it is signed: whoever verifies has to know that this is the IED's. */
  readonly peerId?: string
  readonly number: number
  readonly chainHash: Uint8Array
  readonly signed?: SignedHead
}

const base64 = z.string().regex(/^[A-Za-z0-9_-]*$/)
const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64url'))
const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

export const headRowSchema = z.strictObject({
  feedermesh: z.literal('ledger 1'),
  ied: z.string().max(64),
  ledgerId: ledgerIdField,
  peerId: z.string().max(128).optional(),
  number: z.int().nonnegative(),
  chainHash: base64,
  signedUtcMs: z.int().nonnegative().optional(),
  signature: base64.optional(),
  /** In evidence: of the key that signed. */
  credential: z.string().max(8_192).optional(),
})
export type HeadRow = z.infer<typeof headRowSchema>

export const recordRowSchema = z.strictObject({
  number: z.int().min(1),
  class: z.enum(recordClasses),
  utcMs: z.int().nonnegative(),
  utcQuality: z.enum(utcQualities),
  previousHash: base64,
  commitment: base64,
  salt: base64.optional(),
  content: base64.optional(),
})
export type RecordRow = z.infer<typeof recordRowSchema>

export const headRow = ({ ied, ledgerId, peerId, number, chainHash, signed }: LedgerHeadLine): HeadRow => ({
  feedermesh: 'ledger 1',
  ied,
  ledgerId,
  ...(peerId === undefined ? {} : { peerId }),
  number,
  chainHash: toText(chainHash),
  ...(signed === undefined ? {} : { signedUtcMs: signed.utcMs, signature: toText(signed.signature) }),
})

/** @throws Error when it is none */
export function readHeadRow(row: unknown): LedgerHeadLine {
  const { ied, ledgerId, peerId, number, chainHash, signedUtcMs, signature } = headRowSchema.parse(row)
  const head = { ied, ledgerId, number, chainHash: toBytes(chainHash) }
  const isSigned = signature !== undefined && signedUtcMs !== undefined
  return {
    ...head,
    ...(peerId === undefined ? {} : { peerId }),
    ...(isSigned
      ? { signed: signedHeadSchema.parse({ ...head, utcMs: signedUtcMs, signature: toBytes(signature) }) }
      : {}),
  }
}

export const recordRow = ({ header, body }: LedgerRecord): RecordRow => ({
  number: header.number,
  class: header.class,
  utcMs: header.utcMs,
  utcQuality: header.utcQuality,
  previousHash: toText(header.previousHash),
  commitment: toText(header.commitment),
  ...(body === undefined ? {} : { salt: toText(body.salt), content: toText(body.content) }),
})

/** @throws Error when it is none */
export function readRecordRow(row: unknown, { ied, ledgerId }: Pick<LedgerHeadLine, 'ied' | 'ledgerId'>): LedgerRecord {
  const { salt, content, previousHash, commitment, utcMs: utc, ...rest } = recordRowSchema.parse(row)
  const hashes = { previousHash: toBytes(previousHash), commitment: toBytes(commitment) }
  return recordSchema.parse({
    header: { ...rest, ied, ledgerId, utcMs: utcMs(utc), ...hashes },
    ...(salt === undefined || content === undefined
      ? {}
      : { body: { salt: toBytes(salt), content: toBytes(content) } }),
  })
}

/** @throws NodeError BAD_INPUT, with the line */
export function parseLine<T>(file: string, line: number, text: string, read: (value: unknown) => T): T {
  try {
    return read(JSON.parse(text))
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `${file}:${line}: is not of a ledger's export, want what "ledger export" wrote`, {
      cause,
    })
  }
}
