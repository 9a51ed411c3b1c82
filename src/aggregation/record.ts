// A ledger is a chain of records. The header of each is public and holds the hash of the header before it; the content
// is only committed to. So whoever has the headers can verify the whole chain, and whoever also has a body (the content
// and the random bytes that keep it from being guessed) can verify that too, class by class.

import { hash } from 'node:crypto'
import { z } from 'zod'
import { toCbor } from '../../topology/cbor.ts'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import {
  anyBytesField,
  bytesField,
  type Codec,
  codec,
  countField,
  hashField,
  nameField,
  signatureField,
} from './codec.ts'
import { bodyBytes, headerBytes, isPlainBody, isPlainHeader } from './record-bytes.ts'

/**
 * What may be shared or withheld by itself. `billing`: registers, intervals and what is computed of them for money;
 * `loadProfile`: power, volts and probes beside them; `powerQuality`, `waveform`: events, and the records of samples;
 * `reliability`: interruptions and availability; `status`: what state device and agent are in; `inventory`, `maintenance`:
 * what the device is, and who did what to it.
 */
export const recordClasses = [
  'billing',
  'loadProfile',
  'powerQuality',
  'waveform',
  'reliability',
  'status',
  'operation',
  'event',
  'tamper',
  'audit',
  'inventory',
  'maintenance',
] as const
export type RecordClass = (typeof recordClasses)[number]

/** How far the UTC of a record can be trusted: disciplined, running free since then, never set. */
export const utcQualities = ['good', 'uncertain', 'unset'] as const
export type UtcQuality = (typeof utcQualities)[number]

export interface UtcTime {
  readonly utcMs: UtcMs
  readonly quality: UtcQuality
}

/** 16 random bytes in hexadecimal, made with the ledger. */
export type LedgerId = string

export interface Header {
  readonly ledgerId: LedgerId
  readonly ied: string
  /** From 1, without gaps. */
  readonly number: number
  readonly class: RecordClass
  readonly utcMs: UtcMs
  readonly utcQuality: UtcQuality
  /** Chain hash of the record before; zeros in the first. */
  readonly previousHash: Uint8Array
  /** SHA-256(salt ‖ content) */
  readonly commitment: Uint8Array
}

export interface Body {
  /** 32 random bytes. */
  readonly salt: Uint8Array
  readonly content: Uint8Array
}

/** Without a body where the holder is not entitled to one. */
export interface LedgerRecord {
  readonly header: Header
  readonly body?: Body
}

/** A place in a chain: the last record so far and the hash over everything up to it. */
export interface ChainPosition {
  readonly number: number
  readonly chainHash: Uint8Array
}

export const SALT_BYTES = 32
/** A record is a reading or an event. Waveforms are files of their own; a record holds their hash. */
export const MAX_CONTENT_BYTES = 256 * 1024

export const chainStart: ChainPosition = { number: 0, chainHash: new Uint8Array(32) }

const sha256 = (bytes: Uint8Array): Uint8Array => {
  const { buffer, byteOffset, byteLength } = hash('sha256', bytes, 'buffer')
  return new Uint8Array(buffer, byteOffset, byteLength)
}

export const commitmentTo = ({ salt, content }: Body): Uint8Array => sha256(Buffer.concat([salt, content]))

/** Hash over this header, and through `previousHash` over all before it. */
export const chainHash = (header: Header): Uint8Array => sha256(headerCodec.encode(header))

export const sameBytes = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && Buffer.compare(one, other) === 0

export type ChainFault = 'number' | 'owner' | 'previousHash' | 'commitment'

export type ChainCheck =
  | { readonly ok: true; readonly end: ChainPosition }
  | { readonly ok: false; readonly fault: ChainFault; readonly number: number }

/** Do these records follow each other, the first one after `start`, all of one ledger, with bodies that fit? */
export function checkChain(
  start: ChainPosition,
  owner: { readonly ied: string; readonly ledgerId: LedgerId },
  records: readonly LedgerRecord[],
): ChainCheck {
  let end = start
  for (const { header, body } of records) {
    const fault = faultOf(end, owner, header, body)
    if (fault) return { ok: false, fault, number: header.number }
    end = { number: header.number, chainHash: chainHash(header) }
  }
  return { ok: true, end }
}

function faultOf(
  before: ChainPosition,
  owner: { readonly ied: string; readonly ledgerId: LedgerId },
  header: Header,
  body: Body | undefined,
): ChainFault | undefined {
  if (header.ied !== owner.ied || header.ledgerId !== owner.ledgerId) return 'owner'
  if (header.number !== before.number + 1) return 'number'
  if (!sameBytes(header.previousHash, before.chainHash)) return 'previousHash'
  if (body && !sameBytes(header.commitment, commitmentTo(body))) return 'commitment'
  return undefined
}

/** The member's word that its ledger has exactly this chain up to here. */
export interface LedgerHead extends ChainPosition {
  readonly ied: string
  readonly ledgerId: LedgerId
  readonly utcMs: UtcMs
}

export interface SignedHead extends LedgerHead {
  /** Ed25519, by the IED. */
  readonly signature: Uint8Array
}

export type Sign = (message: Uint8Array) => Uint8Array
export type Verify = (message: Uint8Array, signature: Uint8Array) => boolean

const HEAD_CONTEXT = 'feedermesh ledger head 1'

/** What the signature covers. The context keeps it from ever being taken for a signature over something else. */
const headBytes = ({ ied, ledgerId, number, chainHash, utcMs }: LedgerHead): Uint8Array =>
  toCbor([HEAD_CONTEXT, { ied, ledgerId, number, chainHash, utcMs }])

export const signHead = (head: LedgerHead, sign: Sign): SignedHead => ({ ...head, signature: sign(headBytes(head)) })

export const isHeadGenuine = (head: SignedHead, verify: Verify): boolean => verify(headBytes(head), head.signature)

export const ledgerIdField = z.string().regex(/^[0-9a-f]{32}$/)

export const headerSchema = z.strictObject({
  ledgerId: ledgerIdField,
  ied: nameField,
  number: countField.min(1),
  class: z.enum(recordClasses),
  utcMs: countField.transform(utcMs),
  utcQuality: z.enum(utcQualities),
  previousHash: hashField,
  commitment: hashField,
})

export const bodySchema = z.strictObject({
  salt: bytesField(SALT_BYTES),
  content: anyBytesField.refine(content => content.length <= MAX_CONTENT_BYTES, 'content too large'),
})

const words = { classes: new Set<unknown>(recordClasses), qualities: new Set<unknown>(utcQualities) }
const sizes = { saltBytes: SALT_BYTES, mostContent: MAX_CONTENT_BYTES }

const wholeRecord = z.strictObject({ header: headerSchema, body: bodySchema.exactOptional() })
/** A batch has a hundred of them: those of exactly this shape are seen to be at once, and of the others is said what is wrong. */
export const recordSchema: z.ZodType<LedgerRecord> = z.unknown().transform((value, context): LedgerRecord => {
  if (isPlainRecord(value)) return value
  const result = wholeRecord.safeParse(value)
  if (result.success) return result.data
  for (const { path, message } of result.error.issues) context.addIssue({ code: 'custom', path, message })
  return z.NEVER
})

function isPlainRecord(value: unknown): value is LedgerRecord {
  if (typeof value !== 'object' || value === null) return false
  const { header, body } = value as LedgerRecord
  const keys = Object.keys(value).length
  return isPlainHeader(header, words) && (body === undefined ? keys === 1 : keys === 2 && isPlainBody(body, sizes))
}

export const signedHeadSchema = z.strictObject({
  ied: nameField,
  ledgerId: ledgerIdField,
  number: countField,
  chainHash: hashField,
  utcMs: countField.transform(utcMs),
  signature: signatureField,
})

const plainHeader = codec<Header>('record header', headerSchema, 1_024)
/** A header is hashed, then kept: it is encoded once. Whoever gets the bytes must not change them. */
const encodedHeaders = new WeakMap<Header, Uint8Array>()
export const headerCodec: Codec<Header> = {
  decode: plainHeader.decode,
  encode(header) {
    const known = encodedHeaders.get(header)
    if (known !== undefined) return known
    const bytes = headerBytes(header, words) ?? plainHeader.encode(header)
    encodedHeaders.set(header, bytes)
    return bytes
  },
}
const plainBody = codec<Body>('record body', bodySchema, MAX_CONTENT_BYTES + 256)
export const bodyCodec: Codec<Body> = {
  decode: plainBody.decode,
  encode: body => bodyBytes(body, sizes) ?? plainBody.encode(body),
}
