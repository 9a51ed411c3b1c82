// An order as it travels: its bytes in the envelope of each who signed it, and their credentials, because who orders need
// not be connected to the IED that is ordered.

import { createHash } from 'node:crypto'
import { type Duration, type UtcMs, utcMs } from '../../topology/units.ts'
import type { Sealing } from '../aggregation/portion.ts'
import type { Credential } from '../mesh/credential.ts'
import { type ReadEnvelope, readEnvelope, sealEnvelope } from '../mesh/envelope.ts'
import type { VerifySignature } from '../mesh/identity.ts'
import { decodeOrder, type Order } from '../protection/command.ts'
import { openedOrder } from './order-sealing.ts'

export const ORDER_TYPE = 'command'

export interface SignedOrder {
  readonly envelopes: readonly Uint8Array[]
  /** Tokens, in the same order. */
  readonly credentials: readonly string[]
}

export interface OrderSigner {
  readonly credential: Pick<Credential, 'peerId' | 'hash' | 'token'>
  readonly epoch: number
  readonly sequence: number
  /** First 16 bytes of the feeder's hash; zeros where the signer has no feeder file. */
  readonly feeder: Uint8Array
  readonly utc: UtcMs
  readonly utcGood: boolean
  sign(bytes: Uint8Array): Uint8Array
}

export const NO_FEEDER = new Uint8Array(16)

export function signOrder(payload: Uint8Array, signer: OrderSigner): Uint8Array {
  const { credential, epoch, sequence, feeder, utc, utcGood } = signer
  return sealEnvelope(
    {
      type: ORDER_TYPE,
      origin: credential.peerId,
      credentialHash: credential.hash,
      epoch,
      sequence,
      utc: utcMs(Math.floor(utc)),
      utcGood,
      lifetime: decodeOrder(payload).lifetimeMs as Duration,
      feeder,
      payload,
    },
    signer,
  )
}

export interface CheckedOrder {
  readonly order: Order
  /** SHA-256 of the order's bytes, in hexadecimal. */
  readonly digest: string
  /** In the order of signing; the first one is the issuer. */
  readonly signers: readonly Credential[]
  /** The issuer's own word on its clock. */
  readonly utcGood: boolean
}

export interface OrderChecks {
  readonly verify: VerifySignature
  /** This peer's own: the feeder of a signer that has one must be the same. Absent where it is checked afterwards, offline. */
  readonly feeder?: Uint8Array
  checkCredential(token: string): Promise<Credential | { readonly refused: string }>
  /** With the keys that are held here. */
  readonly open?: Sealing['open']
}

/**
 * Checks who signed an order, not whether they may order it. @throws Error when it is no order, not signed by those who it
 * says, or by somebody whose credential does not count here; the message says which, for whoever sent it
 */
export async function checkSignedOrder(signed: SignedOrder, checks: OrderChecks): Promise<CheckedOrder> {
  const read = signed.envelopes.map(raw => readEnvelope(raw, checks.verify))
  const [first] = read
  if (first === undefined || signed.credentials.length !== read.length) throw new Error('order: no signature')
  const { payload, origin, utcGood } = first.envelope
  const words = decodeOrder(payload)
  if (words.by !== origin) throw new Error('order: not signed by whom it names as its issuer')
  const signers: Credential[] = []
  for (const [index, each] of read.entries()) signers.push(await signerOf(each, signed.credentials[index] as string))
  if (new Set(signers.map(({ peerId }) => peerId)).size !== signers.length)
    throw new Error('order: signed twice by one')
  // Last: what nobody signed is not opened.
  const order = await openedOrder(words, checks.open).catch((error: Error) => {
    throw new Error(`order: ${error.message}`)
  })
  return { order, digest: createHash('sha256').update(payload).digest('hex'), signers, utcGood }

  async function signerOf({ envelope, verify }: ReadEnvelope, token: string): Promise<Credential> {
    if (envelope.type !== ORDER_TYPE || Buffer.compare(envelope.payload, payload) !== 0) {
      throw new Error('order: signatures over different orders')
    }
    if (!isSameFeeder(envelope.feeder)) throw new Error('order: its issuer has another feeder file')
    if (!verify()) throw new Error('order: a signature is not valid')
    const credential = await checks.checkCredential(token)
    if ('refused' in credential) throw new Error(`order: ${credential.refused}`)
    if (credential.peerId !== envelope.origin || Buffer.compare(credential.hash, envelope.credentialHash) !== 0) {
      throw new Error('order: the credential is not that of its signer')
    }
    return credential
  }

  function isSameFeeder(feeder: Uint8Array): boolean {
    return (
      checks.feeder === undefined || feeder.every(byte => byte === 0) || Buffer.compare(feeder, checks.feeder) === 0
    )
  }
}
