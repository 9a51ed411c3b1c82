// Suppliers and their customers. A back-end peer with a section `supplier` offers its tariffs and pushes its prices; an IED with
// a section `suppliers` keeps what those that it accepts offer, buys from the cheapest, and uses less while all are dear. All
// peers take part in passing on what is published and hand out the documents that they have.

import { z } from 'zod'
import { serialQueue } from '../../aggregation/serial-queue.ts'
import { pricePush, tariffOffer, tariffOffers, tariffQuestion } from '../../aggregation/suppliers/supplier-message.ts'
import { authorityTable } from '../authority-table.ts'
import type { Component, ComponentContext } from '../component.ts'
import { serveCollectedCost, serveOwnCost } from '../cost-answer.ts'
import { loadReduction } from '../load-reduction.ts'
import { NodeError } from '../node-error.ts'
import { type SupplierChoice, supplierChoice } from '../supplier-choice.ts'
import type { SuppliersConfig } from '../supplier-config.ts'
import type { SupplierDesk } from '../supplier-desk.ts'
import { supplierDesk } from '../supplier-desk.ts'
import { pollSuppliers } from '../supplier-polling.ts'
import { TARIFF_PROTOCOL, type TariffShelf, tariffShelf } from '../tariff-shelf.ts'
import { suppliersTopic } from '../topics.ts'
import { type UsageControl, usageControl } from '../usage-control.ts'
import { watchedUsage } from '../watched-usage.ts'

const pollField = z.looseObject({ poll: z.boolean().default(false) })

export const suppliersComponent: Component = {
  name: 'suppliers',
  async start(context) {
    const { bus, config, feeder, links, messenger } = context
    const topic = suppliersTopic(feeder.file.name)
    const stops: (() => Promise<void> | void)[] = []
    let shelf: TariffShelf | undefined
    let choice: SupplierChoice | undefined
    const desk: SupplierDesk | undefined =
      config.supplier === undefined ? undefined : supplierDesk(context, config.supplier)
    if (desk !== undefined) {
      stops.push(() => desk.stop())
      stops.push(watchedUsage(context, config.supplier?.watch ?? [], desk))
    }
    if (config.suppliers !== undefined) {
      const own = await customer(context, config.suppliers)
      shelf = own.shelf
      choice = own.choice
      stops.push(own.stop)
    }

    messenger.on(
      { ...authorityTable.tariffOffer, claim: payload => void tariffOffer.decode(payload) },
      ({ origin, payload, raw }) => shelf?.hear(origin, tariffOffer.decode(payload), raw),
    )
    messenger.on(
      { ...authorityTable.pricePush, claim: payload => void pricePush.decode(payload) },
      ({ origin, payload, raw }) => shelf?.hearPrices(origin, pricePush.decode(payload), raw),
    )
    stops.push(
      bus.on('tariff-document-asked', ({ sha256, answer }) => {
        const found = desk?.document(sha256) ?? shelf?.document(sha256)
        if (found !== undefined) answer(found)
      }),
      bus.on('prices-asked', ({ supplier, answer }) => {
        const found = supplier === config.supplier?.name ? desk?.series() : shelf?.prices(supplier)
        if (found !== undefined) answer(found)
      }),
    )
    stops.push(
      bus.on('supplier-words-asked', ({ answer }) => {
        if (shelf !== undefined) answer(shelf.words)
      }),
      bus.on('offers-asked', ({ answer }) => {
        if (desk !== undefined) answer(desk.offers())
      }),
    )
    links.subscribe(topic)
    links.serve(TARIFF_PROTOCOL, async (_, bytes) => {
      const question = tariffQuestion.decode(bytes)
      if (question.want === 'offers') return tariffOffers.encode(desk?.offers() ?? { offers: [] })
      const hex = Buffer.from(question.sha256).toString('hex')
      const found = desk?.document(hex) ?? shelf?.document(hex) ?? choice?.document(hex)
      if (found === undefined) throw new NodeError('BAD_INPUT', 'there is no such document here')
      return found
    })
    context.readout('suppliers', async parameters => {
      const { poll } = pollField.parse(parameters)
      const polled = poll && shelf !== undefined ? await shelf.poll() : new Map()
      const offers = desk?.offers()
      return {
        offers: (offers?.offers ?? []).map(({ sha256, fromUtcMs, toUtcMs, ...offer }) => ({
          ...offer,
          sha256: Buffer.from(sha256).toString('hex'),
          issuedUtc: new Date(offer.issuedUtcMs).toISOString(),
        })),
        suppliers: (await choice?.rows()) ?? [],
        polled: [...polled].map(([supplier, { words }]) => ({ supplier, words })),
        choice: choice?.facts() ?? null,
      }
    })
    const known = { choice: () => choice, shelf: () => shelf, desk: () => desk }
    stops.push(context.hal === undefined ? serveCollectedCost(context, known) : serveOwnCost(context, known))
    if (shelf !== undefined && config.suppliers !== undefined)
      stops.push(pollSuppliers(context, config.suppliers, shelf.poll))
    return {
      async stop() {
        links.unsubscribe(topic)
        for (const stop of stops.reverse()) await stop()
      },
    }
  },
}

async function customer(context: ComponentContext, config: SuppliersConfig) {
  const { bus, clock, ledger, log, name } = context
  let choice: SupplierChoice | undefined
  const shelf = await tariffShelf(context, config, () => choice?.news())
  const made = await supplierChoice(context, config, shelf)
  choice = made
  const inTurn = serialQueue()
  const reduction = config.reduceTo === undefined ? undefined : loadReduction(context, config.reduceTo, 'usage-range')
  const control: UsageControl = usageControl(
    context,
    name,
    made.usage(),
    config.reduceTo?.restIntervals ?? 1,
    async (action, words) => {
      await made.keepUsage(control.state())
      if (action.kind === 'reduce') {
        const off = reduction?.reduce(`usage above its range: ${words}`, made.kw()) ?? []
        return off.length === 0 ? `told: ${words}` : `off: ${off.join(', ')} (${words})`
      }
      if (action.kind === 'release') {
        reduction?.release()
        return `released (${words})`
      }
      return `told: ${words}`
    },
  )
  const judge = (): void => {
    inTurn(async () => {
      const own = made.own()
      if (own?.tariff.range === undefined || !clock.utcGood()) return
      await control.judge(await made.intervals.now(clock.utc()), own.tariff, shelf.prices(made.state().supplier))
    }).catch(error => log.warn('usage-not-judged', { reason: (error as Error).message }))
  }
  const cancels = [
    bus.on('appended', ({ number }) => {
      if (number === ledger.head().number) judge()
    }),
    bus.on('contracts-asked', ({ answer }) => answer(made.spans())),
    bus.on('components-started', () => {
      made.begin()
      if (made.usage() === 'excess') reduction?.reduce('as before the restart', undefined)
      reduction?.begin()
      made.news()
    }),
    clock.every(5_000, () => reduction?.tick()),
  ]
  return {
    shelf,
    choice: made,
    async stop() {
      for (const cancel of cancels) cancel()
      reduction?.stop()
      await inTurn(async () => {})
      await made.stop()
      await shelf.stop()
    },
  }
}
