// What a customer's store has of each supplier: the tariff that counts with its document, and the prices. So the shelf has them
// again after a restart, and whoever wants to know what an IED has while it is off reads the same.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Tariff } from '../aggregation/billing/tariff.ts'
import type { Change, Store } from '../aggregation/store.ts'
import { type PricePush, pricePush, type TariffOffer, tariffOffer } from '../aggregation/suppliers/supplier-message.ts'
import type { PastPrices } from './past-prices.ts'
import { parseTariff } from './tariff-file.ts'

/** Prices that are remembered of a supplier, for bills: two months of quarter hours. The oldest give way. */
export const MOST_PAST = 6_000

const offerKey = (supplier: string): string => `suppliers/offer/${supplier}`
const pricesKey = (supplier: string): string => `suppliers/prices/${supplier}`
const offerSchema = z.strictObject({ offer: z.instanceof(Uint8Array), text: z.string() })
const pricesSchema = z.strictObject({
  push: z.instanceof(Uint8Array),
  /** From when on, how much, for how many minutes. Earlier programs left these out: all are as the last push says. */
  past: z.array(z.tuple([z.number(), z.string(), z.number().optional()])).max(MOST_PAST),
})

export interface KeptOffer {
  readonly offer: TariffOffer
  readonly tariff: Tariff
  readonly text: string
}

export interface KeptPrices {
  /** The last one that was taken. */
  readonly push: PricePush
  readonly past: PastPrices
}

/** @throws StoreError; what the store has was written by `putOffer`, so anything else there is a fault and throws too */
export async function keptOffer(store: Store, supplier: string): Promise<KeptOffer | undefined> {
  const found = await store.get(offerKey(supplier))
  if (found === undefined) return undefined
  const { offer, text } = offerSchema.parse(fromCbor(found))
  return { offer: tariffOffer.decode(offer), text, tariff: parseTariff(text, `tariff of ${supplier}`) }
}

/** @throws as `keptOffer` */
export async function keptPrices(store: Store, supplier: string): Promise<KeptPrices | undefined> {
  const found = await store.get(pricesKey(supplier))
  if (found === undefined) return undefined
  const { push, past } = pricesSchema.parse(fromCbor(found))
  const last = pricePush.decode(push)
  return {
    push: last,
    past: new Map(past.map(([from, perKwh, minutes = last.minutes]) => [from, { perKwh, minutes }])),
  }
}

export const putOffer = ({ offer, text }: Pick<KeptOffer, 'offer' | 'text'>): Change => ({
  put: offerKey(offer.supplier),
  value: toCbor({ offer: tariffOffer.encode(offer), text }),
})

export const putPrices = ({ push, past }: KeptPrices): Change => ({
  put: pricesKey(push.supplier),
  value: toCbor({
    push: pricePush.encode(push),
    past: [...past].map(([from, { perKwh, minutes }]) => [from, perKwh, minutes]),
  }),
})
