// Seals parts of an order, and opens them: with the same library, and the same keys, as the portions of records.

import type { Sealing, SealingKey } from '../aggregation/portion.ts'
import {
  decodeOutcome,
  decodeWhat,
  encodeOutcome,
  encodeWhat,
  isOperationSealed,
  type Order,
  type Outcome,
  SEALED_OPERATION,
  type SignedWords,
  unsealable,
  type What,
} from '../protection/command.ts'
import {
  decodePortionWords,
  encodePortionWords,
  type OrderPart,
  type OrderPortion,
  type PortionReader,
  type PortionWords,
} from '../protection/order-portion.ts'

export interface PortionTo {
  readonly reader: PortionReader
  /** Of the IED, or of each of the reader's back ends. */
  readonly keys: readonly SealingKey[]
}

export type PortionContent =
  | { readonly part: 'operation'; readonly what: What }
  | { readonly part: Exclude<OrderPart, 'operation'>; readonly words: string }

export async function sealOrderPortion(
  order: Pick<SignedWords, 'by' | 'id'>,
  content: PortionContent,
  to: readonly PortionTo[],
  sealing: Pick<Sealing, 'seal'>,
): Promise<OrderPortion> {
  const { by, id } = order
  const given = content.part === 'operation' ? { what: encodeWhat(content.what) } : { words: content.words }
  const keys = [...new Map(to.flatMap(each => each.keys).map(key => [key.kid, key])).values()]
  const sealed = await sealing.seal(encodePortionWords({ by, id, part: content.part, ...given }), keys)
  return { part: content.part, for: to.map(({ reader }) => reader), sealed }
}

/**
 * @returns undefined when no key that is held here opens it
 * @throws Error when it opens and is not of this order: it was taken out of another one
 */
export async function openOrderPortion(
  { by, id }: Pick<SignedWords, 'by' | 'id'>,
  { part, sealed }: OrderPortion,
  open: Sealing['open'],
): Promise<PortionWords | undefined> {
  const bytes = await open(sealed)
  if (bytes === undefined) return undefined
  const words = decodePortionWords(bytes)
  if (words.by !== by || words.id !== id || words.part !== part) throw new Error(`its ${part} is of another order`)
  return words
}

/**
 * The order as the IED that it is for can read it.
 *
 * @throws Error in words, when what is ordered is sealed to others, is of another order, or may not be sealed
 */
export async function openedOrder(order: SignedWords, open: Sealing['open'] | undefined): Promise<Order> {
  const { what } = order
  if (what !== undefined) return { ...order, what }
  const portion = order.portions?.find(({ part }) => part === 'operation')
  const words = portion && open && (await openOrderPortion(order, portion, open))
  if (words?.what === undefined) throw new Error('what is ordered is sealed to a key that is not held here')
  const found = decodeWhat(words.what)
  const why = unsealable[found.verb]
  if (why !== undefined) throw new Error(`${found.verb} can't be sealed: ${why}; want it unsealed`)
  return { ...order, what: found }
}

/** For an order whose operation is sealed: those that pass the answer on see that there is one, and how it ended. */
export async function sealedOutcome(
  order: SignedWords,
  outcome: Outcome,
  keys: readonly SealingKey[],
  sealing: Pick<Sealing, 'seal'>,
): Promise<Outcome> {
  if (!isOperationSealed(order) || keys.length === 0) return outcome
  const { command, ied, result } = outcome
  return { command, ied, result, words: SEALED_OPERATION, sealed: await sealing.seal(encodeOutcome(outcome), keys) }
}

/** @throws Error when what is sealed is another outcome than the signed one around it */
export async function openedOutcome(outcome: Outcome, open: Sealing['open'] | undefined): Promise<Outcome> {
  const bytes = outcome.sealed && open && (await open(outcome.sealed))
  if (bytes === undefined) return outcome
  const found = decodeOutcome(bytes)
  const isSame =
    commandOf(found) === commandOf(outcome) && found.result === outcome.result && found.sealed === undefined
  if (!isSame) throw new Error('answer: what is sealed in it is another outcome')
  return found
}

const commandOf = ({ command, ied }: Outcome): string => `${ied} ${command}`
