// Back-end peers of two organisations exchange bills, prices and reliability directly. Who gets what stands in the section
// `exchange` of the configuration; without it nothing is given or taken. How a document goes and when it counts is in
// `exchange-desk.ts`, which bills are due in `issued-bills.ts`.

import { z } from 'zod'
import { duration, instant } from '../../../topology/units.ts'
import type { Collector } from '../../aggregation/collector.ts'
import type { ExchangeContent } from '../../aggregation/exchange/exchange-document.ts'
import { serialQueue } from '../../aggregation/serial-queue.ts'
import type { TariffOffers } from '../../aggregation/suppliers/supplier-message.ts'
import type { ReadingSource } from '../bill-answer.ts'
import type { Component, ComponentContext, ReliabilityKnown } from '../component.ts'
import type { ExchangeConfig } from '../exchange-config.ts'
import { type ExchangeDesk, exchangeDesk } from '../exchange-desk.ts'
import { exchangedBill, receivedRows } from '../exchange-rows.ts'
import { type ExchangeShelf, openExchangeShelf } from '../exchange-shelf.ts'
import { NodeError } from '../node-error.ts'

/** Peers are to be found first. */
const FIRST_LOOK_MS = 2_000
const DAY_MS = 86_400_000

const parametersSchema = z.looseObject({
  ask: z.boolean().default(false),
  /** One document, by its subject. */
  about: z.string().max(300).optional(),
  limit: z.number().int().min(1).max(10_000).default(100),
})

export const exchangeComponent: Component = {
  name: 'exchange',
  async start(context) {
    const { config, readout } = context
    if (config.exchange === undefined) return { stop: () => {} }
    const shelf = await openExchangeShelf(context.store)
    const desk = exchangeDesk(context, config.exchange, shelf)
    const issuing = whatIsDue(context, config.exchange, shelf, desk)
    readout('exchange', async given => {
      const { ask, about, limit } = parametersSchema.parse(given)
      if (ask) await issuing.lookNow()
      const asked = ask ? await desk.poll() : new Map<string, string>()
      const { partners } = config.exchange as ExchangeConfig
      if (about !== undefined) return { document: await documentOf(about) }
      return {
        partners: partners.map(partner => ({
          organisation: partner.organisation,
          backEnd: partner.backEnd,
          connected: desk.isConnected(partner),
          gives: partner.gives,
          takes: partner.takes,
          ...(asked.has(partner.organisation) ? { asked: asked.get(partner.organisation) } : {}),
        })),
        issued: partners
          .flatMap(({ organisation }) => shelf.issued(organisation).map(row => ({ to: organisation, row })))
          .slice(-limit)
          .map(({ to, row: { subject, revision, issuedUtc, state, words } }) => ({
            to,
            about: subject,
            revision,
            issuedUtc,
            state,
            words,
          })),
        received: await receivedRows(shelf, partners, limit, sourceOf(context)),
      }
    })

    async function documentOf(about: string): Promise<unknown> {
      for (const { organisation } of (config.exchange as ExchangeConfig).partners) {
        const jws = await shelf.receivedJws(organisation, about)
        if (jws !== undefined) return { from: organisation, about, jws }
      }
      throw new NodeError('BAD_INPUT', `exchange: nothing about "${about}" was received here`)
    }

    const cancels = [
      context.bus.on('exchanged', ({ organisation, document }) => {
        if (document.kind !== 'bill') return
        exchangedBill(document, sourceOf(context))
          .then(own => {
            if (own !== undefined && own !== document.bill.importKwh)
              context.report('alarm', {
                alarm: 'billDiffers',
                from: organisation,
                meter: document.meter,
                billedKwh: document.bill.importKwh,
                ownKwh: own,
              })
          })
          .catch(error => context.log.warn('bill-not-compared', { reason: (error as Error).message }))
      }),
    ]
    return {
      async stop() {
        for (const cancel of cancels) cancel()
        await issuing.stop()
        await desk.stop()
      },
    }
  },
}

function sourceOf({ bus }: Pick<ComponentContext, 'bus'>): ReadingSource | undefined {
  let found: ReadingSource | undefined
  bus.emit('reading-source-asked', {
    answer: source => {
      found = source
    },
  })
  return found
}

/** Looks every `everyMinutes`, and at once when the last look is over and something has come. */
function whatIsDue(context: ComponentContext, config: ExchangeConfig, shelf: ExchangeShelf, desk: ExchangeDesk) {
  const { bus, clock, feeder, log } = context
  const inTurn = serialQueue()
  /** Meters of which something came since they were looked at; all at the start. */
  const changed = new Set(config.partners.flatMap(partner => [...desk.metersOf(partner)]))
  let reliabilityAt = Number.NEGATIVE_INFINITY
  let stopped = false
  let cancel = (): void => {}

  async function issueAll(kind: 'bill' | 'prices' | 'reliability', content: ExchangeContent): Promise<void> {
    for (const partner of config.partners) if (partner.gives.includes(kind)) await desk.issue(partner, content)
  }
  const isGiven = (kind: 'bill' | 'prices' | 'reliability'): boolean =>
    config.partners.some(({ gives }) => gives.includes(kind))

  async function bills(): Promise<void> {
    const source = sourceOf(context)
    // Whoever reads a wrong clock would bill a wrong time.
    if (source === undefined || !clock.utcGood()) return
    const { billsDue } = await import('../issued-bills.ts')
    let collector: Collector | undefined
    bus.emit('collector-asked', {
      answer: given => {
        collector = given
      },
    })
    const looked = new Set(changed)
    changed.clear()
    for (const partner of config.partners.filter(({ gives }) => gives.includes('bill'))) {
      for (const meter of desk.metersOf(partner)) {
        if (stopped || !looked.has(meter)) continue
        try {
          const issued = async () => {
            const rows = shelf
              .issued(partner.organisation)
              .filter(({ subject }) => subject.startsWith(`bill ${meter} `))
            const found = []
            for (const { subject } of rows.slice(-MOST_LOOKED_AT)) {
              const document = await shelf.issuedDocument(partner.organisation, subject)
              if (document?.kind === 'bill') found.push(document.bill)
            }
            return found
          }
          const ports = {
            source,
            configured: context.config.billing?.tariff,
            cycle: config.cycle,
            waitMs: config.waitHours * 3_600_000,
            issued,
            ledgersOf: async () =>
              ((await collector?.heads(meter)) ?? []).map(({ ledgerId, number }) => ({ ledgerId, number })),
          }
          for (const content of await billsDue(meter, ports, clock.utc())) await desk.issue(partner, content)
        } catch (error) {
          const reason = (error as Error).message.slice(0, 300)
          log.warn('bill-not-issued', { meter, reason })
          changed.add(meter)
          context.report('alarm', { alarm: 'billNotIssued', meter, to: partner.organisation, reason })
        }
      }
    }
  }

  async function prices(): Promise<void> {
    let offers: TariffOffers | undefined
    bus.emit('offers-asked', {
      answer: given => {
        offers = given
      },
    })
    const [first] = offers?.offers ?? []
    if (offers === undefined || first === undefined) return
    const iso = (utcMs: number): string => new Date(utcMs).toISOString()
    const next = offers.prices
    await issueAll('prices', {
      kind: 'prices',
      supplier: first.supplier,
      offers: offers.offers.map(({ tariff, sha256, fromUtcMs, toUtcMs }) => ({
        tariff,
        sha256: Buffer.from(sha256).toString('hex'),
        fromUtc: iso(fromUtcMs),
        ...(toUtcMs === undefined ? {} : { toUtc: iso(toUtcMs) }),
      })),
      ...(next === undefined
        ? {}
        : {
            next: {
              currency: next.currency,
              startUtc: iso(next.startUtcMs),
              minutes: next.minutes,
              perKwh: [...next.perKwh],
            },
          }),
    })
  }

  async function reliability(): Promise<void> {
    if (clock.now() < reliabilityAt || !clock.utcGood()) return
    reliabilityAt = clock.now() + config.reliabilityEveryMinutes * 60_000
    const toUtcMs = Math.floor(clock.utc())
    let known: Promise<ReliabilityKnown> | undefined
    bus.emit('reliability-asked', {
      fromUtcMs: Math.max(0, toUtcMs - Math.floor(config.reliabilityDays * DAY_MS)),
      toUtcMs,
      answer: given => {
        known ??= given
      },
    })
    const found = await known
    if (found === undefined) return
    await issueAll('reliability', {
      kind: 'reliability',
      feeder: feeder.file.name,
      fromUtc: new Date(found.fromUtcMs).toISOString(),
      toUtc: new Date(found.toUtcMs).toISOString(),
      indices: indicesOf(found.indices),
      planned: indicesOf(found.planned),
      power: {
        observedMs: found.power.observedMs,
        downMs: found.power.downMs,
        ...(found.power.nines === undefined ? {} : { nines: found.power.nines }),
        isAtLeast: found.power.isAtLeast,
      },
      ...(found.leastReliable === null ? {} : { leastReliable: found.leastReliable }),
      heard: found.ieds.length,
      unheard: found.unanswered.length,
    })
  }

  const look = (): Promise<void> =>
    inTurn(async () => {
      const parts = [
        ['bill', bills],
        ['prices', prices],
        ['reliability', reliability],
      ] as const
      for (const [kind, run] of parts) {
        if (stopped || !isGiven(kind)) continue
        await run().catch(error => log.warn('exchange-not-issued', { kind, reason: (error as Error).message }))
      }
      if (clock.now() - lookedAllAt >= ALL_AGAIN_MS) {
        lookedAllAt = clock.now()
        for (const partner of config.partners) for (const meter of desk.metersOf(partner)) changed.add(meter)
      }
    })
  let lookedAllAt: number = clock.now()

  function schedule(waitMs: number): void {
    if (stopped) return
    cancel = clock.wakeAt(instant(clock.now() + duration(waitMs)), () => {
      void look().finally(() => schedule(config.everyMinutes * 60_000))
    })
  }
  const cancelStored = bus.on('stored', ({ ied }) => void changed.add(ied))
  schedule(Math.min(FIRST_LOOK_MS, config.everyMinutes * 60_000))
  return {
    lookNow: look,
    async stop() {
      stopped = true
      cancel()
      cancelStored()
      await inTurn(async () => {})
    },
  }
}

/** All meters are looked at so often, whether something came of them or not: a period may be over without readings. */
const ALL_AGAIN_MS = 3_600_000
/** Issued bills of one meter that are looked at for the credit that goes on. */
const MOST_LOOKED_AT = 32

const indicesOf = ({
  customers,
  customerInterruptions,
  customerMinutes,
  saifi,
  saidiMinutes,
  caidiMinutes,
  asai,
  maifiE,
}: ReliabilityKnown['indices']) => ({
  customers,
  customerInterruptions,
  customerMinutes,
  ...defined({ saifi, saidiMinutes, caidiMinutes, asai, maifiE }),
})

const defined = <T extends Record<string, number | undefined>>(given: T): { [K in keyof T]?: number } =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: number }
