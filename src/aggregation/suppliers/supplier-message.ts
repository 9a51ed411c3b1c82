// What a supplier's back-end peer says to its customers, and how they ask for the rest.
//
// An offer names a tariff by the SHA-256 of its document, which is too large to be published; whoever has the document hands
// it on, and whoever gets it checks the hash. Prices of the next hours are small, and go whole. What is newer by its own
// count replaces what is older, so that a copy that comes late changes nothing back.

import { z } from 'zod'
import { codec, countField, hashField, nameField } from '../codec.ts'

export const MAX_TARIFF_BYTES = 200_000
/** Two days of half hours, a day of quarters. */
export const MAX_PRICES = 96
/** Documents that one supplier offers at one time. */
export const MAX_OFFERS = 16

const label = z.string().min(1).max(80)
/** A price as it can be said. */
export const priceField = z
  .string({ error: 'want a decimal number in quotes, such as "0.1234"' })
  .regex(/^-?\d{1,9}(\.\d{1,9})?$/, 'want a decimal number in quotes, such as "0.1234"')

const offer = z.strictObject({
  supplier: nameField,
  /** As the document names it. */
  tariff: label,
  sha256: hashField,
  bytes: z.int().min(1).max(MAX_TARIFF_BYTES),
  fromUtcMs: countField,
  toUtcMs: countField.exactOptional(),
  /** When it was issued: a later one of the same name replaces it. */
  issuedUtcMs: countField,
})
export type TariffOffer = z.output<typeof offer>
export const tariffOffer = codec('tariff-offer', offer, 1_024)

const prices = z.strictObject({
  supplier: nameField,
  currency: z.string().regex(/^[A-Z]{3}$/),
  issuedUtcMs: countField,
  startUtcMs: countField,
  /** Each price holds for so long, one after the other. */
  minutes: z.int().min(1).max(1440),
  perKwh: z.array(priceField).min(1).max(MAX_PRICES),
})
export type PricePush = z.output<typeof prices>
export const pricePush = codec('price-push', prices, 4_096)

const question = z.union([
  z.strictObject({ want: z.literal('offers') }),
  z.strictObject({ want: z.literal('document'), sha256: hashField }),
])
export const tariffQuestion = codec('tariff-question', question, 128)

const offers = z.strictObject({ offers: z.array(offer).max(MAX_OFFERS), prices: prices.exactOptional() })
export type TariffOffers = z.output<typeof offers>
export const tariffOffers = codec('tariff-offers', offers, 16_384)
