// What back-end peers of two organisations hand each other directly: a meter's bill, a supplier's prices, reliability indices.
// Each is a document of its own that its issuer signs; this is its content. It says to whom it is, so that one that leaks is of
// no use with anybody else, and has a revision, so that a corrected one replaces the one before it and never the other way round.

import { z } from 'zod'
import { billRowSchema } from '../billing/bill-record.ts'
import { nameField } from '../codec.ts'
import { MAX_OFFERS, MAX_PRICES } from '../suppliers/supplier-message.ts'

export const exchangeKinds = ['bill', 'prices', 'reliability'] as const
export type ExchangeKind = (typeof exchangeKinds)[number]

const utc = z.iso.datetime()
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const label = z.string().min(1).max(80)
const price = z.string().regex(/^-?\d{1,9}(\.\d{1,9})?$/)
const share = z.number().min(0)

const head = {
  /** Organisations: who issues it, and to whom alone. */
  from: nameField,
  to: nameField,
  issuedUtc: utc,
  /** From 1: a later one about the same replaces it. */
  revision: z.int().min(1).max(1_000_000_000),
}

const bill = z.strictObject({
  kind: z.literal('bill'),
  ...head,
  meter: nameField,
  bill: billRowSchema,
  /** Of the tariff's document. */
  tariffSha256: sha256,
  /** Of the readings: the meter's ledgers and how far they were there. */
  ledgers: z.array(z.strictObject({ ledgerId: z.string().max(64), number: z.int().min(0) })).max(64),
})

const prices = z.strictObject({
  kind: z.literal('prices'),
  ...head,
  supplier: nameField,
  offers: z.array(z.strictObject({ tariff: label, sha256, fromUtc: utc, toUtc: utc.exactOptional() })).max(MAX_OFFERS),
  /** Of the next hours, where it has such. */
  next: z
    .strictObject({
      currency: z.string().regex(/^[A-Z]{3}$/),
      startUtc: utc,
      minutes: z.int().min(1).max(1440),
      perKwh: z.array(price).min(1).max(MAX_PRICES),
    })
    .exactOptional(),
})

/** What cannot be divided is absent. */
const indices = z.strictObject({
  customers: z.int().min(0),
  customerInterruptions: share,
  customerMinutes: share,
  saifi: share.exactOptional(),
  saidiMinutes: share.exactOptional(),
  caidiMinutes: share.exactOptional(),
  asai: share.exactOptional(),
  maifiE: share.exactOptional(),
})
const reliability = z.strictObject({
  kind: z.literal('reliability'),
  ...head,
  feeder: z.string().min(1).max(64),
  fromUtc: utc,
  toUtc: utc,
  indices,
  planned: indices,
  /** `nines` is a bound when no down time was seen. */
  power: z.strictObject({ observedMs: share, downMs: share, nines: share.exactOptional(), isAtLeast: z.boolean() }),
  leastReliable: z.string().max(128).exactOptional(),
  /** IEDs that were heard, and that were not. */
  heard: z.int().min(0),
  unheard: z.int().min(0),
})

export const exchangeDocumentSchema = z.discriminatedUnion('kind', [bill, prices, reliability])
export type ExchangeDocument = z.output<typeof exchangeDocumentSchema>
export type ExchangeContent =
  | Omit<z.output<typeof bill>, keyof typeof head>
  | Omit<z.output<typeof prices>, keyof typeof head>
  | Omit<z.output<typeof reliability>, keyof typeof head>

/** What it is about: of each there is one that counts. Sorts by kind, and bills by meter and time. Has no `/`. */
export function subjectOf(document: ExchangeDocument | ExchangeContent): string {
  switch (document.kind) {
    case 'bill':
      return `bill ${document.meter} ${document.bill.fromUtc} ${document.bill.toUtc}`
    case 'prices':
      return `prices ${document.supplier}`
    case 'reliability':
      return `reliability ${encodeURIComponent(document.feeder)}`
  }
}
