// What suppliers signed, kept as it was signed: for the proof of a bill, which shows whose tariff and whose prices it was made of.
//
// Offers are kept by the hash of their tariff. Of prices, which are said again and again in windows that move on, so few
// messages are kept that each price whose time has begun, as it counts here, stands in one of them. What was only polled comes
// over an admitted link and without a signature of its own; it is said by gossip as well, and kept when it comes so.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Change, Store } from '../aggregation/store.ts'
import { below, key } from '../aggregation/store-keys.ts'
import { type PricePush, pricePush, type TariffOffer } from '../aggregation/suppliers/supplier-message.ts'
import { readEnvelope } from '../mesh/envelope.ts'
import type { Bus } from './component.ts'

/** An envelope, and the credential of who signed it. */
export interface SignedWord {
  readonly envelope: Uint8Array
  readonly credential: string
}
const signedWord = z.strictObject({ envelope: z.instanceof(Uint8Array), credential: z.string().max(8_192) })

export interface SupplierWords {
  offered(offer: TariffOffer, word: SignedWord): Promise<void>
  /** @param counts the price of a time as it counts here @param nowUtcMs what has begun by then stays */
  priced(
    push: PricePush,
    word: SignedWord,
    counts: (utcMs: number) => string | undefined,
    nowUtcMs: number,
  ): Promise<void>
  offer(sha256Hex: string): SignedWord | undefined
  prices(supplier: string, fromUtcMs: number, toUtcMs: number): readonly SignedWord[]
}

/** Tariffs that were ever offered, and messages of prices of each supplier: two months of quarter hours. The oldest give way. */
const MOST_OFFERS = 48
const MOST_PUSHES = 128

const offerKey = (hex: string) => key('suppliers', 'word-offer', hex)
const pushKey = (supplier: string, push: PricePush) =>
  key('suppliers', 'word-prices', supplier, push.startUtcMs, push.issuedUtcMs)

interface Said {
  readonly push: PricePush
  readonly word: SignedWord
}

/** What the push says of this moment; undefined where it says nothing. */
export const priceAt = ({ startUtcMs, minutes, perKwh }: PricePush, utcMs: number): string | undefined =>
  perKwh[Math.floor((utcMs - startUtcMs) / (minutes * 60_000))]

const startsOf = ({ startUtcMs, minutes, perKwh }: PricePush): number[] =>
  perKwh.map((_, n) => startUtcMs + n * minutes * 60_000)

export async function supplierWords(store: Store): Promise<SupplierWords> {
  const offers = new Map<string, SignedWord>()
  /** The last one may still be replaced: a later one may hold all that it does. */
  const pushes = new Map<string, Said[]>()
  for await (const { key: at, value } of store.range(...below('suppliers', 'word-offer')))
    offers.set(at.split('/').at(-1) ?? '', signedWord.parse(fromCbor(value)))
  for await (const { key: at, value } of store.range(...below('suppliers', 'word-prices'))) {
    const word = signedWord.parse(fromCbor(value))
    const supplier = at.split('/').at(-3) ?? ''
    const push = pricePush.decode(readEnvelope(word.envelope).envelope.payload)
    pushes.set(supplier, [...(pushes.get(supplier) ?? []), { push, word }])
  }
  for (const all of pushes.values()) all.sort((a, b) => a.push.issuedUtcMs - b.push.issuedUtcMs)

  return {
    async offered({ sha256 }, word) {
      const hex = Buffer.from(sha256).toString('hex')
      if (offers.has(hex)) return
      offers.set(hex, word)
      const changes: Change[] = [{ put: offerKey(hex), value: toCbor({ ...word }) }]
      for (const old of [...offers.keys()].slice(0, Math.max(0, offers.size - MOST_OFFERS))) {
        offers.delete(old)
        changes.push({ del: offerKey(old) })
      }
      await store.batch(changes, { durable: false })
    },
    async priced(push, word, counts, nowUtcMs) {
      const all = pushes.get(push.supplier) ?? []
      const last = all.at(-1)
      const isSaid = (each: Said): boolean =>
        each.push.startUtcMs === push.startUtcMs &&
        each.push.minutes === push.minutes &&
        each.push.perKwh.join() === push.perKwh.join()
      if ((last !== undefined && last.push.issuedUtcMs >= push.issuedUtcMs) || all.some(isSaid)) return
      const others = [...all.slice(0, -1).map(each => each.push), push]
      const isNeeded =
        last !== undefined &&
        startsOf(last.push).some(start => {
          const price = counts(start)
          const isOwn = start <= nowUtcMs && priceAt(last.push, start) === price
          return isOwn && !others.some(each => priceAt(each, start) === price)
        })
      const kept = [...(isNeeded || last === undefined ? all : all.slice(0, -1)), { push, word }]
      const gone = [
        ...all.filter(each => !kept.includes(each)),
        ...kept.splice(0, Math.max(0, kept.length - MOST_PUSHES)),
      ]
      pushes.set(push.supplier, kept)
      await store.batch(
        [
          ...gone.map(each => ({ del: pushKey(push.supplier, each.push) })),
          { put: pushKey(push.supplier, push), value: toCbor({ ...word }) },
        ],
        { durable: false },
      )
    },
    offer: hex => offers.get(hex),
    prices: (supplier, fromUtcMs, toUtcMs) =>
      (pushes.get(supplier) ?? [])
        .filter(({ push }) =>
          startsOf(push).some(start => start + push.minutes * 60_000 > fromUtcMs && start < toUtcMs),
        )
        .map(({ word }) => word),
  }
}

/** Those that this agent keeps; none where it hears no supplier. */
export function supplierWordsOf(bus: Pick<Bus, 'emit'>): SupplierWords | undefined {
  let found: SupplierWords | undefined
  bus.emit('supplier-words-asked', {
    answer: words => {
      found = words
    },
  })
  return found
}
