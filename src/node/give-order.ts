// The ordering side, of people's tools and of agents: asks the IED for a ticket, signs, sends, and asks again with the same
// bytes until it has an answer. An order that comes again is never carried out again, so asking again is harmless.

import { MeshError } from '../mesh/mesh-error.ts'
import {
  commandId,
  decodeOrder,
  encodeOrder,
  isOperationSealed,
  type Outcome,
  type SignedWords,
  type What,
} from '../protection/command.ts'
import type { OrderPortion } from '../protection/order-portion.ts'
import { type CommandQuestion, decodeTicket, MAX_HOPS, openOutcome } from './command-protocol.ts'
import { type OrderChecks, type OrderSigner, type SignedOrder, signOrder } from './signed-order.ts'

export interface OrderWay extends Pick<OrderChecks, 'verify' | 'checkCredential' | 'open'> {
  /** One question toward the IED, one answer. @throws MeshError MESH_UNREACHABLE, MESH_REFUSED */
  ask(question: CommandQuestion, timeoutMs: number): Promise<Uint8Array>
  /** Monotonic, ms. */
  now(): number
  pause(ms: number): Promise<void>
}

export interface WantedOrder {
  readonly to: string
  readonly what: What
  readonly cause?: string
  /** How long it may be carried out, from the ticket on. */
  readonly lifetimeMs?: number
  readonly timeoutMs?: number
  /** What only some may read of it. With the operation among them, the order itself does not say what is ordered. */
  readonly portions?: (order: Pick<SignedWords, 'by' | 'id'>) => Promise<readonly OrderPortion[]>
}

/** A live order is for now. */
export const LIFETIME_MS = 60_000
export const TIMEOUT_MS = 20_000
const ASK_AGAIN_MS = 300
const ONE_QUESTION_MS = 9500

/** @param id 32 hexadecimal digits that nobody can guess @throws MeshError MESH_UNREACHABLE, MESH_REFUSED */
export async function signedOrder(
  way: OrderWay,
  signer: OrderSigner,
  { to, what, cause, portions: portionsFor, lifetimeMs = LIFETIME_MS, timeoutMs = TIMEOUT_MS }: WantedOrder,
  id: string,
): Promise<{ readonly payload: Uint8Array; readonly signed: SignedOrder }> {
  const by = signer.credential.peerId
  const select = { kind: 'select' as const, to, by, hops: MAX_HOPS }
  const ticket = decodeTicket(await way.ask(select, Math.min(timeoutMs, ONE_QUESTION_MS)))
  const portions = [...((await portionsFor?.({ by, id })) ?? [])]
  const order: SignedWords = {
    to,
    by,
    id,
    ticket,
    utcMs: Math.floor(signer.utc),
    lifetimeMs,
    ...(isOperationSealed({ portions }) ? {} : { what }),
    ...(portions.length === 0 ? {} : { portions }),
    ...(cause === undefined ? {} : { cause }),
  }
  const payload = encodeOrder(order)
  return { payload, signed: { envelopes: [signOrder(payload, signer)], credentials: [signer.credential.token] } }
}

/** The same order, which another one signs too. */
export const cosigned = (signed: SignedOrder, payload: Uint8Array, signer: OrderSigner): SignedOrder => ({
  envelopes: [...signed.envelopes, signOrder(payload, signer)],
  credentials: [...signed.credentials, signer.credential.token],
})

/**
 * @param payload the order's bytes, as in its envelopes
 * @returns the outcome; `unknown` when it was sent and no answer came in time
 * @throws MeshError MESH_UNREACHABLE when it did not get as far as the IED, MESH_REFUSED when it was turned away unread
 */
export async function sendOrder(
  way: OrderWay,
  payload: Uint8Array,
  signed: SignedOrder,
  { cited, timeoutMs = TIMEOUT_MS }: { readonly cited?: SignedOrder; readonly timeoutMs?: number } = {},
): Promise<Outcome> {
  const order = decodeOrder(payload)
  const command = commandId(order)
  const question = {
    kind: 'order' as const,
    to: order.to,
    hops: MAX_HOPS,
    order: { envelopes: [...signed.envelopes], credentials: [...signed.credentials] },
    ...(cited === undefined ? {} : { cited: { envelopes: [...cited.envelopes], credentials: [...cited.credentials] } }),
  }
  const deadline = way.now() + timeoutMs
  let failure = new MeshError('MESH_UNREACHABLE', `${order.to}: no answer`)
  /** Some question may have got there, though no answer came back. */
  let mayHaveArrived = false
  for (let left = timeoutMs; left > 0; left = deadline - way.now()) {
    try {
      const answer = await way.ask(question, Math.min(left, ONE_QUESTION_MS))
      return await openOutcome(answer, { ied: order.to, command }, way)
    } catch (error) {
      // A refusal comes from somebody on the way, or from an agent that did not get so far as to read the order.
      if (error instanceof MeshError) failure = error
      if (!(error instanceof MeshError && error.code === 'MESH_REFUSED')) mayHaveArrived = true
    }
    await way.pause(ASK_AGAIN_MS)
  }
  if (!mayHaveArrived) throw failure
  const words = `no answer within ${timeoutMs / 1000} s: ask again with the same order, which never repeats it`
  return { command, ied: order.to, result: 'unknown', words }
}
