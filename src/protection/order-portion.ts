// Parts of an order that only some may read: what is to be done for the IED alone, the reason for one organisation, the
// contract and price for a department of another. They stand in the order's own bytes, so its signature is over them as well:
// whoever has the order verifies all of it, whatever of it he can read, and nobody can leave one out, change or exchange it.
//
// What is sealed names the order that it is made for. Otherwise somebody who may order could put the sealed part of another
// one's order into his own, unread.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/)
const bytes = z.custom<Uint8Array>(value => value instanceof Uint8Array, 'want bytes')

/** `operation`: what is ordered. The others are for people. */
export const orderParts = ['operation', 'reason', 'commercial'] as const
export type OrderPart = (typeof orderParts)[number]

/** Of one order. */
export const MAX_ORDER_PORTIONS = 6
/** Readers of one. */
export const MAX_PORTION_READERS = 8
export const MAX_PORTION_BYTES = 4096
export const MAX_PORTION_WORDS = 400

const portionReader = z.union([
  z.object({ ied: name }).strict(),
  z.object({ organisation: name, department: z.string().min(1).max(64).optional() }).strict(),
])
/** A name for people: who opens it is who has the key. */
export type PortionReader = z.infer<typeof portionReader>

export const orderPortion = z
  .object({
    part: z.enum(orderParts),
    for: z.array(portionReader).min(1).max(MAX_PORTION_READERS),
    sealed: bytes.refine(({ length }) => length <= MAX_PORTION_BYTES, `want ${MAX_PORTION_BYTES} bytes at most`),
  })
  .strict()
export type OrderPortion = z.infer<typeof orderPortion>

/** What is sealed, for the order of this `by` and `id`. */
const sealedWords = z
  .object({
    by: z.string().min(1).max(128),
    id: z.string().regex(/^[0-9a-f]{32}$/),
    part: z.enum(orderParts),
    /** CBOR of what is ordered. */
    what: bytes.refine(({ length }) => length <= 1024, 'want 1024 bytes at most').optional(),
    words: z.string().min(1).max(MAX_PORTION_WORDS).optional(),
  })
  .strict()
  .refine(
    ({ part, what, words }) =>
      (part === 'operation') === (what !== undefined) && (what === undefined) === (words !== undefined),
    {
      message: 'want what is ordered in an operation, and words in the others',
    },
  )
export type PortionWords = z.infer<typeof sealedWords>

export const encodePortionWords = (given: PortionWords): Uint8Array => toCbor(sealedWords.parse(given))
/** @throws when the bytes are none */
export const decodePortionWords = (encoded: Uint8Array): PortionWords => sealedWords.parse(fromCbor(encoded))

export const readerText = (reader: PortionReader): string => {
  if ('ied' in reader) return reader.ied
  const { organisation, department } = reader
  return department === undefined ? organisation : `${department} of ${organisation}`
}
