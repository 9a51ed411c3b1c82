// What is asked and answered on the command protocol; see docs/messages.cddl.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { type Duration, utcMs } from '../../topology/units.ts'
import type { Credential } from '../mesh/credential.ts'
import { readEnvelope, sealEnvelope } from '../mesh/envelope.ts'
import { MeshError } from '../mesh/mesh-error.ts'
import { printable } from '../mesh/refusal.ts'
import { decodeOutcome, encodeOutcome, MAX_ORDER_BYTES, type Outcome } from '../protection/command.ts'
import { openedOutcome } from './order-sealing.ts'
import type { OrderChecks, OrderSigner } from './signed-order.ts'

export const COMMAND_PROTOCOL = '/feedermesh/command/1.0.0'
export const OUTCOME_TYPE = 'command-outcome'
/** How many agents may pass a question on. A feeder is longer than that only from end to end. */
export const MAX_HOPS = 8
/** Two orders with two signatures and credentials each fit in it; more is refused before it is decoded. */
export const MAX_QUESTION_BYTES = 96 * 1024

const name = z.string().min(1).max(64)
const bytes = (most: number) =>
  z
    .custom<Uint8Array>(value => value instanceof Uint8Array, 'want bytes')
    .refine(({ length }) => length <= most, `want ${most} bytes at most`)
const hops = z.number().int().min(0).max(MAX_HOPS)
const signed = z
  .object({
    envelopes: z
      .array(bytes(MAX_ORDER_BYTES + 2048))
      .min(1)
      .max(2),
    credentials: z.array(z.string().max(8192)).min(1).max(2),
  })
  .strict()
const question = z.discriminatedUnion('kind', [
  /** For a ticket. */
  z.object({ kind: z.literal('select'), to: name, by: z.string().min(1).max(128), hops }).strict(),
  z
    .object({
      kind: z.literal('order'),
      to: name,
      hops,
      order: signed,
      /** The order on whose authority an IED orders another one. */
      cited: signed.optional(),
    })
    .strict(),
])
export type CommandQuestion = z.infer<typeof question>

/** A file that a second person signs, or that is sent once more. */
export const encodeSigned = (order: z.infer<typeof signed>): Uint8Array => toCbor(signed.parse(order))
/** @throws when the bytes are no signed order */
export function decodeSigned(encoded: Uint8Array): z.infer<typeof signed> {
  if (encoded.length > MAX_QUESTION_BYTES) throw new Error(`want ${MAX_QUESTION_BYTES} bytes at most`)
  return signed.parse(fromCbor(encoded))
}

export const encodeQuestion = (asked: CommandQuestion): Uint8Array => toCbor(question.parse(asked))
/** @throws when the bytes are no question */
export function decodeQuestion(encoded: Uint8Array): CommandQuestion {
  if (encoded.length > MAX_QUESTION_BYTES) throw new Error(`want ${MAX_QUESTION_BYTES} bytes at most`)
  return question.parse(fromCbor(encoded))
}

const ticket = z.object({ ticket: bytes(160) }).strict()
export const encodeTicket = (given: Uint8Array): Uint8Array => toCbor(ticket.parse({ ticket: given }))
export const decodeTicket = (encoded: Uint8Array): Uint8Array => ticket.parse(fromCbor(encoded)).ticket

const answer = z.object({ envelope: bytes(64 * 1024), credential: z.string().max(8192) }).strict()

/**
 * Of who passed an order on and got no answer: it may have been carried out. A refusal would say that it was not, and a
 * question that breaks off would look like this peer's own failure. Nobody signs it: it says that nothing is known.
 */
const lost = z.object({ lost: z.string().max(400) }).strict()
export const encodeLost = (words: string): Uint8Array => toCbor({ lost: words.slice(0, 400) })

/** The outcome, signed by the IED: those that pass it on cannot change it. */
export function sealOutcome(outcome: Outcome, signer: OrderSigner): Uint8Array {
  const { credential, epoch, sequence, feeder, utc, utcGood } = signer
  const envelope = sealEnvelope(
    {
      type: OUTCOME_TYPE,
      origin: credential.peerId,
      credentialHash: credential.hash,
      epoch,
      sequence,
      utc: utcMs(Math.floor(utc)),
      utcGood,
      lifetime: 60_000 as Duration,
      feeder,
      payload: encodeOutcome(outcome),
    },
    signer,
  )
  return toCbor({ envelope, credential: credential.token })
}

/**
 * @param expected of whom, and about which order. Every order has a number of its own, so an answer cannot be an old one
 * @throws MeshError MESH_UNREACHABLE when it got lost on its way; Error when it is not the outcome that this IED signed
 */
export async function openOutcome(
  encoded: Uint8Array,
  expected: { readonly ied: string; readonly command: string },
  checks: Pick<OrderChecks, 'verify' | 'checkCredential' | 'open'>,
): Promise<Outcome> {
  const answered = z.union([answer, lost]).parse(fromCbor(encoded))
  if ('lost' in answered) throw new MeshError('MESH_UNREACHABLE', `answer: ${printable(answered.lost)}`)
  const { envelope: raw, credential: token } = answered
  const { envelope, verify } = readEnvelope(raw, checks.verify)
  if (envelope.type !== OUTCOME_TYPE || !verify()) throw new Error('answer: its signature is not valid')
  const credential: Credential | { readonly refused: string } = await checks.checkCredential(token)
  if ('refused' in credential) throw new Error(`answer: ${credential.refused}`)
  const isNamed = Buffer.compare(credential.hash, envelope.credentialHash) === 0
  const isMachine = credential.roles.includes('IED') || credential.roles.includes('BACKEND')
  if (!isNamed || credential.peerId !== envelope.origin || credential.name !== expected.ied || !isMachine) {
    throw new Error(`answer: by ${credential.name}, want ${expected.ied}`)
  }
  const outcome = decodeOutcome(envelope.payload)
  if (outcome.command !== expected.command || outcome.ied !== expected.ied) throw new Error('answer: to another order')
  return openedOutcome(outcome, checks.open)
}
