// Orders with parts for several readers, as the records of class `operation` keep them: signed and sealed as they came. Whoever
// has such a record verifies the whole order; this peer opens what its own keys open, and gives it to the reader's people alone.

import { z } from 'zod'
import { fromCbor } from '../../topology/cbor.ts'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import type { Collector } from '../aggregation/collector.ts'
import type { Ledger } from '../aggregation/ledger.ts'
import type { Sealing } from '../aggregation/portion.ts'
import type { LedgerRecord } from '../aggregation/record.ts'
import type { Credential } from '../mesh/credential.ts'
import { readEnvelope } from '../mesh/envelope.ts'
import type { VerifySignature } from '../mesh/identity.ts'
import { decodeOrder, decodeWhat, type SignedWords, wordsOf } from '../protection/command.ts'
import type { OrderPortion, PortionWords } from '../protection/order-portion.ts'
import { recordsAfter } from './listings.ts'
import { NodeError } from './node-error.ts'
import { openOrderPortion } from './order-sealing.ts'

const bytes = z.instanceof(Uint8Array)
/** Of what the command desk records, the parts that are looked at here. */
const recordedSchema = z.object({
  event: z.literal('order'),
  by: z.string(),
  signed: z.object({ envelopes: z.array(bytes).min(1).max(2), credentials: z.array(z.string()).min(1).max(2) }),
})

export interface PortionedOrder {
  readonly ied: string
  readonly number: number
  readonly order: SignedWords
  /** By the record. */
  readonly by: string
  readonly envelopes: readonly Uint8Array[]
  readonly credentials: readonly string[]
}

/** @returns undefined when this is no record of such an order */
export function portionedOrderIn({ header, body }: LedgerRecord): PortionedOrder | undefined {
  if (header.class !== 'operation' || body === undefined) return undefined
  try {
    const { by, signed } = recordedSchema.parse(fromCbor(body.content))
    const order = decodeOrder(readEnvelope(signed.envelopes[0] as Uint8Array).envelope.payload)
    return { ied: header.ied, number: header.number, order, by, ...signed }
  } catch {
    return undefined
  }
}

/**
 * Whether the order, sealed parts included, is what those signed who the credentials say, at the time that it names. Whether
 * they might order it, the IED decided.
 *
 * @returns in words why not
 */
export async function checkSignatures(
  { ied, order, envelopes, credentials }: Omit<PortionedOrder, 'number' | 'by'>,
  verify: VerifySignature,
  checkCredential: (token: string, at: UtcMs) => Promise<Credential | { readonly refused: string }>,
): Promise<string | undefined> {
  const read = envelopes.map(raw => readEnvelope(raw, verify))
  const payload = read[0]?.envelope.payload ?? new Uint8Array()
  if (order.to !== ied) return `it is for ${order.to}`
  if (order.by !== read[0]?.envelope.origin) return 'not signed by whom it names as its issuer'
  if (credentials.length !== read.length) return 'a signature without its credential'
  for (const [n, { envelope, verify: isSigned }] of read.entries()) {
    if (Buffer.compare(envelope.payload, payload) !== 0) return 'signatures over different orders'
    if (!isSigned()) return 'the signature does not hold: it was altered'
    const credential = await checkCredential(credentials[n] ?? '', utcMs(order.utcMs))
    if ('refused' in credential) return credential.refused
    if (credential.peerId !== envelope.origin) return 'the credential is not that of its signer'
  }
  return undefined
}

export const portionText = ({ what, words = '' }: PortionWords): string =>
  what === undefined ? words : wordsOf(decodeWhat(what))

/** Whom a part is for may have it read out to him: an IED's own to people of its owner, a department's to its people alone. */
export const isForPerson = ({ for: readers }: OrderPortion, { organisation, department }: Credential, owner: string) =>
  readers.some(reader =>
    'ied' in reader
      ? owner === organisation && department === undefined
      : reader.organisation === organisation && reader.department === department,
  )

const parametersSchema = z.strictObject({
  ied: z.string().max(64).exactOptional(),
  limit: z.int().min(1).max(200).default(20),
})
/** Records of a ledger that are looked at, from its end: of all IEDs, and of one that is named. */
const LOOKED_AT = { all: 500, one: 20_000 }

export interface PortionedOrdersPorts {
  readonly ledger: Ledger
  /** Of a peer that collects. */
  collector(): Collector | undefined
  readonly sealing: Pick<Sealing, 'open'>
  /** Of this peer, and of others' IEDs. */
  ownerOf(ied: string): string
}

/** @throws NodeError BAD_INPUT */
export async function portionedOrders(ports: PortionedOrdersPorts, given: Record<string, unknown>, from: Credential) {
  const parsed = parametersSchema.safeParse(given)
  if (!parsed.success) throw new NodeError('BAD_INPUT', 'order-portions: want an IED, and a limit of 1 to 200')
  const { ied, limit } = parsed.data
  const found: PortionedOrder[] = []
  for await (const record of recordsOf(ports, ied)) {
    const order = portionedOrderIn(record)
    if (order !== undefined) found.push(order)
    // Of a long ledger the latest alone: memory stays what the answer takes.
    if (found.length > limit * 2) found.splice(0, found.length - limit)
  }
  return { orders: await Promise.all(found.slice(-limit).map(each => rowOf(each, ports, from))) }
}

async function* recordsOf({ ledger, collector }: PortionedOrdersPorts, ied: string | undefined) {
  const most = ied === undefined ? LOOKED_AT.all : LOOKED_AT.one
  if (ied === undefined || ied === ledger.ied) yield* recordsAfter(ledger, Math.max(0, ledger.head().number - most))
  const collected = collector()
  for (const head of (await collected?.heads(ied)) ?? []) {
    if (head.ied === ledger.ied) continue
    const { ledgerId, number } = head
    yield* collected?.records({ ied: head.ied, ledgerId, after: Math.max(0, number - most) }) ?? []
  }
}

async function rowOf(given: PortionedOrder, { sealing, ownerOf }: PortionedOrdersPorts, from: Credential) {
  const { ied, number, order, by, envelopes, credentials } = given
  const portions = (order.portions ?? []).map(async portion => {
    const opened = isForPerson(portion, from, ownerOf(ied))
      ? await openOrderPortion(order, portion, sealing.open).catch(() => undefined)
      : undefined
    const { part, for: readers, sealed } = portion
    return { part, for: readers, bytes: sealed.length, text: opened === undefined ? null : portionText(opened) }
  })
  return {
    ied,
    number,
    utc: new Date(order.utcMs).toISOString(),
    by,
    envelopes: envelopes.map(each => Buffer.from(each).toString('base64url')),
    credentials: [...credentials],
    portions: await Promise.all(portions),
  }
}
