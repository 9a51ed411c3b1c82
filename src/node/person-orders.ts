// A person's orders: joins with the person's login at one agent, which passes the order on to the IED that it is for.

import { createHash, randomBytes } from 'node:crypto'
import { hrtime } from 'node:process'
import { utcMs } from '../../topology/units.ts'
import { verifyCredential } from '../mesh/credential.ts'
import { readEnvelope } from '../mesh/envelope.ts'
import { verifyPeer } from '../mesh/identity.ts'
import { MeshError } from '../mesh/mesh-error.ts'
import { ownSealingKey } from '../mesh/sealing-key.ts'
import { decodeOrder, isOperationSealed, type Outcome, orderWords, type What, wordsOf } from '../protection/command.ts'
import type { PortionReader } from '../protection/order-portion.ts'
import { COMMAND_PROTOCOL, decodeSigned, encodeQuestion, encodeSigned } from './command-protocol.ts'
import { cosigned, type OrderWay, sendOrder, signedOrder, type WantedOrder } from './give-order.ts'
import { joseSealing } from './jose-sealing.ts'
import { SEALING_PROTOCOL } from './key-protocol.ts'
import { NodeError } from './node-error.ts'
import { readerKeys } from './reader-keys.ts'
import { joinAs, type Login, readLogin } from './readout-client.ts'
import { NO_FEEDER, type OrderSigner, type SignedOrder } from './signed-order.ts'
import { sealWanted, type WantedPortions } from './wanted-portions.ts'

export interface PersonOrder {
  /** A new order, or the bytes of one that was saved. */
  readonly order: { readonly ied: string; readonly what: What } | { readonly saved: Uint8Array }
  readonly login: string
  /** Login of a second person at the same place. */
  readonly second?: string
  /** The person signs what was saved. */
  readonly cosign: boolean
  /** Sign it only. */
  readonly save?: boolean
  readonly cause?: string
  /** Parts that only some may read, of a new order. */
  readonly portions?: WantedPortions
  readonly lifetimeMs: number
  readonly timeoutMs: number
  readonly addressOf: (ied: string) => string
}

export type Given =
  /** `words`: what was ordered, as far as it can be read here. */
  | { readonly outcome: Outcome; readonly words: string }
  | { readonly saved: Uint8Array; readonly to: string; readonly words: string; readonly lifetimeMs: number }

/** @throws NodeError BAD_INPUT, UNREACHABLE, REFUSED */
export async function giveOrder(options: PersonOrder): Promise<Given> {
  const login = await readLogin(options.login)
  const second = options.second === undefined ? undefined : await readLogin(options.second)
  const before = 'saved' in options.order ? savedOrder(options.order.saved) : undefined
  const to = before?.to ?? ('ied' in options.order ? options.order.ied : '')
  const address = options.addressOf(to)
  const { links, peerId, leave } = await joinAs(login, address)
  const way: OrderWay = {
    ask: (question, timeoutMs) => links.request(peerId, COMMAND_PROTOCOL, encodeQuestion(question), { timeoutMs }),
    checkCredential: token => verifyCredential(token, login.authorities, utcMs(Date.now())),
    verify: verifyPeer,
    open: joseSealing([ownSealingKey(login.identity)]).open,
    now: () => Number(hrtime.bigint()) / 1e6,
    pause: ms => new Promise(wake => setTimeout(wake, ms)),
  }
  try {
    let { payload, signed } = before ?? (await newOrder(way, login))
    if ((options.cosign || second !== undefined) && signed.envelopes.length > 1) {
      throw new NodeError('BAD_INPUT', 'two people have signed it already, want --send')
    }
    if (options.cosign && isOperationSealed(decodeOrder(payload))) {
      throw new NodeError('BAD_INPUT', 'what it orders is sealed: a second person signs nothing that he cannot read')
    }
    if (options.cosign) signed = cosigned(signed, payload, signerOf(login))
    if (second !== undefined) signed = cosigned(signed, payload, signerOf(second))
    const order = decodeOrder(payload)
    const words = 'what' in options.order ? wordsOf(options.order.what) : orderWords(order)
    if (options.save === true) {
      return { saved: encodeSigned(mutable(signed)), to, words, lifetimeMs: order.lifetimeMs }
    }
    return { outcome: await sendOrder(way, payload, signed, { timeoutMs: options.timeoutMs }), words }
  } catch (cause) {
    if (!(cause instanceof MeshError)) throw cause
    // What the IED itself refuses is an outcome: this is somebody on the way, or nobody.
    throw new NodeError('UNREACHABLE', `${to} by way of ${address}: ${cause.message}`, { cause })
  } finally {
    await leave()
  }

  function portionsFor(ied: string, what: What): NonNullable<WantedOrder['portions']> {
    const { portions } = options
    const ask = (question: Uint8Array) => links.request(peerId, SEALING_PROTOCOL, question, { timeoutMs: 10_000 })
    const keysOf = (reader: PortionReader) => readerKeys(reader, { ...way, ask })
    return async order => (portions === undefined ? [] : sealWanted(portions, { ...order, to: ied, what }, keysOf))
  }

  function newOrder(by: OrderWay, who: Login) {
    const { ied, what } = options.order as { readonly ied: string; readonly what: What }
    const { cause, lifetimeMs, timeoutMs } = options
    const wanted = {
      to: ied,
      what,
      lifetimeMs,
      timeoutMs,
      portions: portionsFor(ied, what),
      ...(cause === undefined ? {} : { cause }),
    }
    return signedOrder(by, signerOf(who), wanted, randomBytes(16).toString('hex'))
  }
}

const mutable = ({ envelopes, credentials }: SignedOrder) => ({
  envelopes: [...envelopes],
  credentials: [...credentials],
})

/** @throws NodeError BAD_INPUT */
function savedOrder(bytes: Uint8Array) {
  try {
    const signed = decodeSigned(bytes)
    const { payload } = readEnvelope(signed.envelopes[0] as Uint8Array).envelope
    return { payload, signed: signed as SignedOrder, to: decodeOrder(payload).to }
  } catch (cause) {
    throw new NodeError('BAD_INPUT', 'not an order that "command --save" wrote', { cause })
  }
}

export function signerOf({ identity, token }: Login): OrderSigner {
  return {
    credential: { peerId: identity.peerId, token, hash: createHash('sha256').update(token).digest().subarray(0, 16) },
    epoch: Math.floor(Date.now() / 1000),
    sequence: 0,
    feeder: NO_FEEDER,
    utc: utcMs(Date.now()),
    utcGood: true,
    sign: identity.sign,
  }
}
