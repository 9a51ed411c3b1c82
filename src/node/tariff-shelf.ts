// What the suppliers that are accepted here offer: the latest offer of each, its document, and its prices.
//
// A document is fetched from the supplier, or from any peer that has it: its hash says that it is the one. It counts once it
// is whole, sound and durable; until then the one before does. A supplier has one place, so the shelf has its bound. Where
// nobody answers in time, as when a thousand ask a busy supplier, it is tried again, later and later; what cannot be had at all
// is tried again when it is offered again, and with each poll.

import { createHash } from 'node:crypto'
import { instant } from '../../topology/units.ts'
import type { PriceSeries } from '../aggregation/billing/compile-tariff.ts'
import { serialQueue } from '../aggregation/serial-queue.ts'
import {
  type PricePush,
  type TariffOffer,
  tariffOffers,
  tariffQuestion,
} from '../aggregation/suppliers/supplier-message.ts'
import type { Credential } from '../mesh/credential.ts'
import type { MeshError } from '../mesh/mesh-error.ts'
import { announcedTariffs } from './announced-tariffs.ts'
import type { ComponentContext } from './component.ts'
import {
  type KeptOffer,
  type KeptPrices,
  keptOffer,
  keptPrices,
  MOST_PAST,
  putOffer,
  putPrices,
} from './kept-offers.ts'
import { evenPrices, type PastPrices, takePrices } from './past-prices.ts'
import type { AcceptedSupplier, SuppliersConfig } from './supplier-config.ts'
import { type SupplierWords, supplierWords } from './supplier-words.ts'
import { parseTariff } from './tariff-file.ts'

export const TARIFF_PROTOCOL = '/feedermesh/tariff/1.0.0'
const PATIENCE_MS = 10_000
/** A document may be long and the supplier busy, and who gives up and asks anew makes it busier. */
const DOCUMENT_PATIENCE_MS = 30_000
/** The first wait before a document is tried again, if the spread is shorter; each further one is twice as long. */
const AGAIN_MS = 10_000
const TRIES = 5
/** Beside the supplier itself, so many of the connected peers are asked for a document. */
const OTHERS_ASKED = 3
/** An offer from later than that is of a clock that is wrong, and would keep all others out. */
const MOST_AHEAD_MS = 3_600_000

export interface Shelved extends KeptOffer {
  /** It was offered before this time, at which it was to begin: it holds from then on, however late it came. */
  readonly announcedFor?: number
}

export interface Polled {
  readonly isAnswered: boolean
  readonly words: string
}

export interface TariffShelf {
  known(supplier: string): Shelved | undefined
  prices(supplier: string): PriceSeries | undefined
  document(sha256Hex: string): Uint8Array | undefined
  /** @param raw the envelope, where it came in one */
  hear(from: Credential, offer: TariffOffer, raw?: Uint8Array): void
  hearPrices(from: Credential, push: PricePush, raw?: Uint8Array): void
  readonly words: SupplierWords
  /** Asks all suppliers what they offer, or those of this back end. Never rejects. @returns for each what came of it */
  poll(at?: Pick<Credential, 'name' | 'organisation'>): Promise<ReadonlyMap<string, Polled>>
  stop(): Promise<void>
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export async function tariffShelf(
  context: ComponentContext,
  { accept, fetchSpreadSeconds }: SuppliersConfig,
  changed: (supplier: string, what: 'tariff' | 'prices') => void,
): Promise<TariffShelf> {
  const { chance, clock, links, log, messenger, report, store } = context
  const shelf = new Map<string, Shelved>()
  const pushes = new Map<string, KeptPrices & { readonly series: PriceSeries }>()
  /** By supplier: the newest offer whose document is on its way. */
  const wanted = new Map<string, TariffOffer>()
  const cancels = new Map<string, () => void>()
  const announced = announcedTariffs(clock)
  /** Suppliers whose prices are in another currency than their tariff: told once. */
  const foreign = new Set<string>()
  const inTurn = serialQueue()
  let stopped = false
  const words = await supplierWords(store)
  const wordsKept = (job: () => Promise<void>): void => {
    inTurn(job).catch(error => log.warn('supplier-words-not-kept', { reason: (error as Error).message }))
  }

  for (const { name } of accept) {
    const before = await keptOffer(store, name)
    if (before !== undefined) shelf.set(name, before)
    const said = await keptPrices(store, name)
    if (said === undefined) continue
    pushes.set(name, { ...said, series: evenPrices(said.past, MOST_PAST) })
    shelvePrices(said.push)
  }

  /** What has begun stays as it was said then: nobody changes a price afterwards. @returns whether something is new */
  function shelvePrices(push: PricePush): boolean {
    const { supplier } = push
    const before = pushes.get(supplier)
    const past: PastPrices = before?.push.currency === push.currency ? before.past : new Map()
    const isNew = takePrices(past, push, clock.utc())
    const oldest = [...past.keys()].sort((a, b) => a - b).slice(0, Math.max(0, past.size - MOST_PAST))
    for (const from of oldest) past.delete(from)
    pushes.set(supplier, { push, past, series: evenPrices(past, MOST_PAST) })
    return isNew
  }

  const acceptedOf = (from: Credential, supplier: string): AcceptedSupplier | undefined =>
    accept.find(
      ({ name, organisation, backEnd }) =>
        name === supplier && organisation === from.organisation && backEnd === from.name,
    )

  function hear(from: Credential, offer: TariffOffer, raw?: Uint8Array): void {
    const own = acceptedOf(from, offer.supplier)
    if (own === undefined || (own.tariff !== undefined && own.tariff !== offer.tariff)) return
    if (offer.issuedUtcMs > clock.utc() + MOST_AHEAD_MS && clock.utcGood()) return
    if (raw !== undefined) wordsKept(() => words.offered(offer, { envelope: raw.slice(), credential: from.token }))
    if (offer.toUtcMs !== undefined && offer.toUtcMs <= clock.utc() && clock.utcGood()) return
    const before = shelf.get(offer.supplier)?.offer
    if (before !== undefined && before.issuedUtcMs >= offer.issuedUtcMs) return
    if (offer.fromUtcMs > clock.utc()) {
      // Until then the one before holds. It is said again meanwhile, and looked at again when it begins.
      if (clock.utcGood() || announced.has(offer)) return announced.wait(offer, () => hear(from, offer))
      if (before !== undefined) return // while nobody knows the time, what holds goes on
    }
    announced.heard(offer)
    if (before !== undefined && hexOf(before.sha256) === hexOf(offer.sha256)) return
    const coming = wanted.get(offer.supplier)
    if (coming !== undefined && coming.issuedUtcMs >= offer.issuedUtcMs) return
    wanted.set(offer.supplier, offer)
    if (coming !== undefined) return // what is due fetches the newest
    fetchAfter(chance() * fetchSpreadSeconds * 1000, offer.supplier, from.peerId, 1)
  }

  function fetchAfter(waitMs: number, supplier: string, origin: string, attempt: number): void {
    const wake = (): void => void inTurn(() => fetch(supplier, origin, attempt))
    cancels.set(supplier, clock.wakeAt(instant(clock.now() + waitMs), wake))
  }

  /** The newest offer of the supplier that is on its way. Never rejects. */
  async function fetch(supplier: string, origin: string, attempt: number): Promise<void> {
    const offer = wanted.get(supplier)
    wanted.delete(supplier)
    if (offer === undefined || stopped) return
    const hex = hexOf(offer.sha256)
    const before = shelf.get(supplier)?.offer
    if (before !== undefined && hexOf(before.sha256) === hex) return // offered again while it was on its way
    const question = tariffQuestion.encode({ want: 'document', sha256: offer.sha256 })
    const others = links.peers().map(({ peerId }) => peerId)
    const asked = [origin, ...others.filter(each => each !== origin).slice(0, OTHERS_ASKED)]
    let reason = 'nobody has it'
    let isTooLate = false
    for (const peerId of asked) {
      try {
        const patience = { timeoutMs: DOCUMENT_PATIENCE_MS, lane: 'bulk' } as const
        const bytes = await links.request(peerId, TARIFF_PROTOCOL, question, patience)
        if (bytes.length !== offer.bytes || createHash('sha256').update(bytes).digest('hex') !== hex) {
          reason = `${bytes.length} bytes came whose SHA-256 is not ${hex}`
          continue
        }
        const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
        const tariff = parseTariff(text, `tariff of ${supplier}`)
        if (tariff.tariff !== offer.tariff) throw new Error(`it is named "${tariff.tariff}", want "${offer.tariff}"`)
        await store.batch([putOffer({ offer, text })], { durable: true })
        const announcedFor = announced.taken(offer)
        shelf.set(supplier, { offer, tariff, text, ...(announcedFor === undefined ? {} : { announcedFor }) })
        report('tariff-received', { supplier, tariff: offer.tariff, sha256: hex, from: peerId })
        context.bus.emit('audit', {
          kind: 'configuration',
          subject: supplier,
          allowed: true,
          words: `tariff ${offer.tariff}, SHA-256 ${hex}`,
        })
        changed(supplier, 'tariff')
        return
      } catch (error) {
        reason = (error as Error).message
        isTooLate ||= peerId === origin && (error as Partial<MeshError>).code === 'MESH_UNREACHABLE'
      }
    }
    log.warn('tariff-not-fetched', { supplier, reason, attempt })
    if (isTooLate && attempt < TRIES && !stopped) {
      if (wanted.has(supplier)) return // offered meanwhile, and due
      wanted.set(supplier, offer)
      const waitMs = Math.max(AGAIN_MS, fetchSpreadSeconds * 1000) * 2 ** (attempt - 1) * (0.5 + chance())
      return fetchAfter(waitMs, supplier, origin, attempt + 1)
    }
    report('alarm', { alarm: 'tariffNotFetched', supplier, tariff: offer.tariff, reason: reason.slice(0, 300) })
  }

  function hearPrices(from: Credential, push: PricePush, raw?: Uint8Array): void {
    if (acceptedOf(from, push.supplier) === undefined) return
    if (push.issuedUtcMs > clock.utc() + MOST_AHEAD_MS && clock.utcGood()) return
    const before = pushes.get(push.supplier)?.push
    if (before !== undefined && before.issuedUtcMs > push.issuedUtcMs) return
    const currency = shelf.get(push.supplier)?.tariff.currency ?? push.currency
    if (currency !== push.currency) {
      const reason = `prices in ${push.currency}, its tariff is in ${currency}`
      if (!foreign.has(push.supplier)) report('alarm', { alarm: 'pricesNotTaken', supplier: push.supplier, reason })
      foreign.add(push.supplier)
      return
    }
    foreign.delete(push.supplier)
    const isNew = (before === undefined || before.issuedUtcMs < push.issuedUtcMs) && shelvePrices(push)
    const counts = (at: number): string | undefined => pushes.get(push.supplier)?.past.get(at)?.perKwh
    if (raw !== undefined) {
      const word = { envelope: raw.slice(), credential: from.token }
      wordsKept(() => words.priced(push, word, counts, clock.utc()))
    }
    // What was said again is not written again.
    if (!isNew) return
    const kept = putPrices({ push, past: pushes.get(push.supplier)?.past ?? new Map() })
    inTurn(() => store.batch([kept], { durable: false })).catch(error =>
      log.warn('prices-not-kept', { reason: (error as Error).message }),
    )
    report('prices-received', { supplier: push.supplier, prices: push.perKwh.length, perKwh: push.perKwh[0] })
    changed(push.supplier, 'prices')
  }

  async function poll(at?: Pick<Credential, 'name' | 'organisation'>): Promise<ReadonlyMap<string, Polled>> {
    const question = tariffQuestion.encode({ want: 'offers' })
    const asked = accept.filter(
      ({ backEnd, organisation }) => at === undefined || (backEnd === at.name && organisation === at.organisation),
    )
    const found = await Promise.all(
      asked.map(async ({ name, organisation, backEnd }): Promise<[string, Polled]> => {
        const peerId = messenger.peerOf(backEnd, credential => credential.organisation === organisation)
        const credential = peerId === undefined ? undefined : messenger.credentialOf(peerId)
        if (peerId === undefined || credential === undefined)
          return [name, { isAnswered: false, words: `${backEnd} of ${organisation} is not known` }]
        try {
          const answer = tariffOffers.decode(
            await links.request(peerId, TARIFF_PROTOCOL, question, { timeoutMs: PATIENCE_MS }),
          )
          for (const offer of answer.offers) hear(credential, offer)
          if (answer.prices !== undefined) hearPrices(credential, answer.prices)
          return [name, { isAnswered: true, words: `${answer.offers.length} offers` }]
        } catch (error) {
          return [name, { isAnswered: false, words: (error as Error).message }]
        }
      }),
    )
    return new Map(found)
  }

  return {
    known: supplier => shelf.get(supplier),
    prices(supplier) {
      const found = pushes.get(supplier)
      const tariff = shelf.get(supplier)?.tariff
      // A tariff that came later may be in another currency: then they are not its prices.
      return tariff === undefined || tariff.currency === found?.push.currency ? found?.series : undefined
    },
    document(hex) {
      const found = [...shelf.values()].find(({ offer }) => hexOf(offer.sha256) === hex)
      return found === undefined ? undefined : new TextEncoder().encode(found.text)
    },
    hear,
    hearPrices,
    words,
    poll,
    async stop() {
      stopped = true
      for (const cancel of cancels.values()) cancel()
      announced.stop()
      await inTurn(async () => {})
    },
  }
}
