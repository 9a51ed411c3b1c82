// A back-end peer as a supplier: says what it offers, hands out the documents by their hash, and pushes the prices of the next
// hours to all customers at once.
//
// A file that is not sound is told and left out; the one before it goes on being offered. What is said is said again, so one
// that was away or lost a message hears it later. The count of an offer is the time when its document was first seen, kept
// over restarts by nothing: a restart says the same with a later count, which changes nothing at those who have it.

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { duration } from '../../topology/units.ts'
import { compileTariff, type PriceSeries, priceSeries } from '../aggregation/billing/compile-tariff.ts'
import type { Tariff } from '../aggregation/billing/tariff.ts'
import {
  MAX_PRICES,
  MAX_TARIFF_BYTES,
  type PricePush,
  priceField,
  pricePush,
  type TariffOffer,
  type TariffOffers,
  tariffOffer,
} from '../aggregation/suppliers/supplier-message.ts'
import { LONGEST_LIFETIME_MS } from '../mesh/message-age.ts'
import { authorityTable } from './authority-table.ts'
import { changedFile } from './changed-file.ts'
import type { ComponentContext } from './component.ts'
import { parseYaml } from './config.ts'
import { NodeError } from './node-error.ts'
import { readText } from './read-text.ts'
import type { SupplierConfig } from './supplier-config.ts'
import { parseTariff } from './tariff-file.ts'
import { suppliersTopic } from './topics.ts'

/** How often files are looked at. */
const LOOK_MS = 5_000

type Prices = Exclude<NonNullable<SupplierConfig['prices']>, string>

const pricesFile = z.strictObject({
  currency: z.string().regex(/^[A-Z]{3}$/),
  minutes: z.int().min(1).max(1440),
  prices: z.array(z.strictObject({ from: z.iso.datetime({ offset: true }), perKwh: priceField })).max(20_000),
})

export interface SupplierDesk {
  offers(): TariffOffers
  document(sha256Hex: string): Uint8Array | undefined
  /** By the name of the tariff. */
  tariff(name: string): Tariff | undefined
  /** Of all prices that it has. */
  series(): PriceSeries | undefined
  stop(): void
}

/** @throws NodeError BAD_INPUT for a file that is no tariff */
export function supplierDesk(context: ComponentContext, config: SupplierConfig): SupplierDesk {
  const { clock, feeder, log, messenger, report } = context
  const topic = suppliersTopic(feeder.file.name)
  const slots = config.tariffs.map((each, n) => {
    const text = typeof each === 'string' ? readText(each, 'tariff') : JSON.stringify(each)
    return { ...offered(text, typeof each === 'string' ? each : `supplier.tariffs[${n}]`), file: each }
  })
  const names = slots.map(({ tariff }) => tariff.tariff)
  if (new Set(names).size < names.length)
    throw new NodeError('BAD_INPUT', 'supplier.tariffs: two have one name, want each name once')
  let pricesText = typeof config.prices === 'string' ? readText(config.prices, 'prices') : ''
  let prices: Prices | undefined =
    typeof config.prices === 'string' ? readPrices(pricesText, config.prices) : config.prices

  function offered(text: string, file: string) {
    const bytes = new TextEncoder().encode(text)
    if (bytes.length > MAX_TARIFF_BYTES)
      throw new NodeError('BAD_INPUT', `${file}: ${bytes.length} bytes, want ${MAX_TARIFF_BYTES} at most`)
    const tariff = parseTariff(text, file)
    const { zone } = compileTariff(tariff)
    const sha256 = new Uint8Array(createHash('sha256').update(bytes).digest())
    const offer: TariffOffer = {
      supplier: config.name,
      tariff: tariff.tariff,
      sha256,
      bytes: bytes.length,
      fromUtcMs: tariff.from === undefined ? 0 : (zone.midnight(tariff.from) ?? 0),
      ...(tariff.to === undefined ? {} : { toUtcMs: (zone.midnight(tariff.to) ?? 0) + 86_400_000 }),
      issuedUtcMs: clock.utc(),
    }
    return { tariff, bytes, offer }
  }

  function readPrices(text: string, file: string): Prices {
    return parseYaml(text, file, pricesFile)
  }

  /** Those that hold now and later, as many as go into one message, without a gap. */
  function push(): PricePush | undefined {
    if (prices === undefined) return undefined
    const { currency, minutes } = prices
    const byStart = new Map(prices.prices.map(({ from, perKwh }) => [Date.parse(from), perKwh]))
    const first = [...byStart.keys()].sort((a, b) => a - b).find(start => start + minutes * 60_000 > clock.utc())
    if (first === undefined) return undefined
    const perKwh: string[] = []
    for (let at = first; perKwh.length < MAX_PRICES; at += minutes * 60_000) {
      const price = byStart.get(at)
      if (price === undefined) break
      perKwh.push(price)
    }
    return { supplier: config.name, currency, issuedUtcMs: clock.utc(), startUtcMs: first, minutes, perKwh }
  }

  /** @returns how many messages that are */
  function say(): number {
    const lifetime = duration(LONGEST_LIFETIME_MS)
    for (const { offer } of slots)
      messenger.say({
        type: authorityTable.tariffOffer.type,
        payload: tariffOffer.encode(offer),
        lifetime,
        topics: [topic],
      })
    const now = push()
    if (now === undefined) return slots.length
    messenger.say({ type: authorityTable.pricePush.type, payload: pricePush.encode(now), lifetime, topics: [topic] })
    return slots.length + 1
  }

  const looks = [
    ...slots.map((slot, n) => {
      if (typeof slot.file !== 'string') return async () => false
      const { file } = slot
      const changed = changedFile(file, MAX_TARIFF_BYTES)
      return async (): Promise<boolean> => {
        const text = await changed()
        if (text === undefined || Buffer.from(slots[n]?.bytes ?? []).equals(Buffer.from(text))) return false
        slots[n] = { ...offered(text, file), file }
        report('tariff-offered', { tariff: slots[n].tariff.tariff })
        return true
      }
    }),
    ...(typeof config.prices === 'string'
      ? [
          (() => {
            const file = config.prices
            const changed = changedFile(file, 4_000_000)
            return async (): Promise<boolean> => {
              const text = await changed()
              if (text === undefined || text === pricesText) return false
              prices = readPrices(text, file)
              pricesText = text
              report('prices-offered', { supplier: config.name, prices: prices.prices.length })
              return true
            }
          })(),
        ]
      : []),
  ]
  const hasFiles = slots.some(({ file }) => typeof file === 'string') || typeof config.prices === 'string'
  const lookAll = async (): Promise<void> => {
    const found = await Promise.all(
      looks.map(each =>
        each().catch((error: Error) => {
          log.warn('offer-not-read', { reason: error.message })
          report('alarm', { alarm: 'offerNotRead', reason: error.message.slice(0, 300) })
          return false
        }),
      ),
    )
    if (found.includes(true)) report('offers-said', { supplier: config.name, messages: say() })
  }
  const cancels = [
    clock.every(config.announceSeconds * 1000, say),
    ...(hasFiles ? [clock.every(LOOK_MS, () => void lookAll())] : []),
    context.bus.on('components-started', say),
  ]
  return {
    offers() {
      const now = push()
      return { offers: slots.map(({ offer }) => offer), ...(now === undefined ? {} : { prices: now }) }
    },
    document: hex => slots.find(({ offer }) => Buffer.from(offer.sha256).toString('hex') === hex)?.bytes,
    series: () =>
      prices === undefined
        ? undefined
        : priceSeries(
            prices.prices.map(({ from, perKwh }) => ({ fromUtcMs: Date.parse(from), perKwh })),
            prices.minutes * 60_000,
          ),
    tariff: wanted => slots.find(({ tariff }) => tariff.tariff === wanted)?.tariff,
    stop() {
      for (const cancel of cancels) cancel()
    },
  }
}
