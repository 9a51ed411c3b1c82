// A customer's choice of supplier, carried out: own readings through each tariff, a contract or the transfer switch when another
// is cheaper, and loads off while everybody's energy is dear. The decisions are in src/aggregation/suppliers.
//
// Silence changes nothing: with no offers, no readings or no good clock it stays with the supplier that it has, and what was
// taken off for a price that nobody knows any more comes back after `blindMinutes`. A contract holds from its record in the
// ledger on (`contracts.ts`): while that takes none, nothing is changed, with an alarm. A change of source counts once the
// switching devices show the other side.

import { duration, instant } from '../../topology/units.ts'
import { exact, placed, shown } from '../aggregation/billing/exact.ts'
import { serialQueue } from '../aggregation/serial-queue.ts'
import {
  type ChooseAction,
  type ChooseEvent,
  type ChooseState,
  chooseStart,
  chooseSupplier,
  type Money,
} from '../aggregation/suppliers/choose.ts'
import { contractIn, contractRecord } from '../aggregation/suppliers/contract.ts'
import type { UsageWord } from '../aggregation/suppliers/usage-range.ts'
import { valueAt } from '../protection/load/daily-course.ts'
import type { ComponentContext, ContractSpan } from './component.ts'
import { kwIn } from './components/load-management.ts'
import { type Contracts, keptContracts, type PendingContract } from './contracts.ts'
import { recordsAfter } from './listings.ts'
import { courseOf } from './load-config.ts'
import { type LoadReduction, loadReduction } from './load-reduction.ts'
import { type LoadTransfer, loadTransfer } from './load-transfer.ts'
import { localTimeIn } from './local-time.ts'
import { type OwnIntervals, ownIntervals } from './own-intervals.ts'
import type { SuppliersConfig } from './supplier-config.ts'
import { acceptedIn, type Cost, moneyOf, MONEY_PLACES as PLACES, stayMsOf, supplierQuotes } from './supplier-quotes.ts'
import { hexOf, type Shelved, type TariffShelf } from './tariff-shelf.ts'

const PART = 'suppliers'
const LOOK_MS = 5_000
const DAY_MS = 86_400_000

export interface SupplierChoice {
  readonly intervals: OwnIntervals
  state(): ChooseState
  spans(): readonly ContractSpan[]
  /** Of a contract that holds or held. */
  document(sha256Hex: string): Uint8Array | undefined
  /** The tariff that holds now; undefined before any was had. */
  own(): Shelved | undefined
  rows(): Promise<readonly Record<string, unknown>[]>
  facts(): Record<string, unknown>
  /** Something new was offered. */
  news(): void
  kw(): number | undefined
  keepUsage(usage: UsageWord): Promise<void>
  usage(): UsageWord
  begin(): void
  stop(): Promise<void>
}

interface Why {
  readonly saves: Money
  readonly costs: readonly { readonly supplier: string; readonly cost: Money }[]
}

export async function supplierChoice(
  context: ComponentContext,
  config: SuppliersConfig,
  shelf: TariffShelf,
): Promise<SupplierChoice> {
  const { bus, clock, ledger, log, report, store } = context
  const contracts: Contracts = await keptContracts(store)
  // Where the disk takes nothing now, what is about to be agreed is looked at again with the first comparison.
  await contracts.settle(isRecorded).catch(notSettled)
  const limits = courseOf(config.limits)
  const local = localTimeIn(config.timeZone)
  const accepted = (supplier: string) => acceptedIn(config, supplier)
  const stayMs = (supplier: string): number => stayMsOf(config, supplier)
  const before = contracts.state()
  const step = chooseSupplier({
    marginPercent: config.marginPercent,
    margin: moneyOf(config.margin),
    leastUsage: duration(config.leastUsageHours * 3_600_000),
    confirmWithin: duration(config.confirmWithinMinutes * 60_000),
    retryAfter: duration(config.retryAfterMinutes * 60_000),
    blind: duration(config.blindMinutes * 60_000),
  })
  const now = clock.now()
  const isKnown = before !== undefined && accepted(before.supplier) !== undefined
  const current = isKnown ? before.supplier : config.current
  // Without a good clock nobody knows how much of the stay is over: it begins anew.
  const leftMs = !isKnown ? 0 : clock.utcGood() ? before.stayUntilUtcMs - clock.utc() : stayMs(current)
  let state: ChooseState = {
    ...chooseStart(current, instant(now + Math.max(0, leftMs)), now),
    isReduced: before?.isReduced ?? false,
  }
  let usage: UsageWord = before?.usage ?? 'within'
  let kw: number | undefined
  let costs: ReadonlyMap<string, Cost> = new Map()
  let stayed = ''
  /** Why the source is being changed. */
  let sourceWhy: Why | undefined
  let stopped = false
  let cancelWake = (): void => {}
  const inTurn = serialQueue()
  const reduction: LoadReduction | undefined =
    config.reduceTo === undefined ? undefined : loadReduction(context, config.reduceTo, PART)
  const transfer: LoadTransfer | undefined =
    config.transfer === undefined
      ? undefined
      : await loadTransfer(context, config.transfer, 'suppliers.transfer', accepted(current)?.side)
  const intervals = ownIntervals(ledger, {
    keepMs: (config.horizonDays + 32) * DAY_MS,
    timeZone: config.timeZone,
    hasGenerator: true,
  })
  const quotes = supplierQuotes({ clock, log }, config, shelf, intervals)

  function notSettled(error: Error): void {
    log.warn('contract-not-settled', { reason: error.message })
  }

  async function isRecorded({ supplier, sha256, fromUtcMs, after }: PendingContract): Promise<boolean> {
    await ledger.ready()
    for await (const { header, body } of recordsAfter(ledger, after)) {
      const found = header.class === 'billing' && body ? contractIn(body.content) : undefined
      if (found?.to === supplier && hexOf(found.sha256) === sha256 && Date.parse(found.fromUtc) === fromUtcMs)
        return true
    }
    return false
  }

  const kept = () => ({
    supplier: state.supplier,
    stayUntilUtcMs: clock.utc() + Math.max(0, state.stayUntil - clock.now()),
    isReduced: state.isReduced,
    usage,
  })
  const keep = (): Promise<void> => inTurn(() => contracts.keep(kept()))

  function feed(event: ChooseEvent): void {
    if (stopped) return
    const was = state
    const next = step(state, event, clock.now())
    state = next.state
    for (const action of next.actions) perform(action)
    if (was.isReduced !== state.isReduced) keep().catch(notKept)
  }
  const notKept = (error: Error): void => log.error('choice-not-kept', { reason: error.message })

  function perform(action: ChooseAction): void {
    switch (action.kind) {
      case 'switch':
        report('supplier-switch', {
          from: action.from,
          to: action.to,
          way: action.by,
          saves: placed(action.saves, PLACES),
          costs: action.costs.map(({ supplier, cost }) => `${supplier} ${placed(cost, PLACES)}`).join(', '),
        })
        stayed = ''
        return changeTo(action)
      case 'stayed':
        stayed = action.why
        return
      case 'failed':
        return void report('alarm', { alarm: 'supplier-switch-failed', to: action.to, reason: action.why })
      case 'chosen':
        return void report('supplier', { supplier: action.supplier, tariff: own()?.offer.tariff ?? '' })
      case 'reduce': {
        const why = `a kWh costs ${placed(action.perKwh, PLACES)}, limit ${placed(action.limit, PLACES)}`
        const off = reduction?.reduce(why, kw) ?? []
        return void report('too-dear', {
          perKwh: placed(action.perKwh, PLACES),
          limit: placed(action.limit, PLACES),
          off: off.join(', '),
        })
      }
      case 'release':
        reduction?.release()
        return void report('no-longer-dear', { why: action.why })
      case 'wake':
        cancelWake()
        cancelWake = clock.wakeAt(action.at, () => feed({ kind: 'tick' }))
    }
  }

  function changeTo({ from, to, by, saves, costs: compared }: Extract<ChooseAction, { kind: 'switch' }>): void {
    if (!config.switch) return feed({ kind: 'switchFailed', to, why: 'the configuration only has it said' })
    const target = accepted(to)
    if (by === 'source' && transfer !== undefined && target?.side !== undefined) {
      const at = transfer.state()
      if (at.phase !== 'resting') return feed({ kind: 'switchFailed', to, why: `the transfer switch: ${at.phase}` })
      sourceWhy = { saves, costs: compared }
      if (at.on !== target.side) transfer.go(target.side)
      return // `look` sees whether it arrives
    }
    changed(from, to, { saves, costs: compared }).then(
      () => feed({ kind: 'switched', to }),
      (error: Error) => feed({ kind: 'switchFailed', to, why: error.message }),
    )
  }

  /** The switching devices show the side of another supplier, which is what was wanted, or was done elsewhere. */
  function hasArrived(to: string, wanted: string | undefined): boolean {
    const { transfer: switches } = config
    const side = accepted(to)?.side
    if (isArriving || to === state.supplier || (wanted !== undefined && wanted !== to)) return false
    if (accepted(state.supplier)?.by !== 'source' && wanted !== to) return false
    if (switches === undefined || side === undefined || shelf.known(to) === undefined) return false
    const other = side === 'first' ? 'second' : 'first'
    return context.feeder.position(switches[side]) === 'closed' && context.feeder.position(switches[other]) !== 'closed'
  }

  let isArriving = false
  /** The source has changed: the contract with whom it is follows. */
  function arrived(to: string): void {
    const isOurs = state.switching?.to === to
    isArriving = true
    changed(state.supplier, to, isOurs ? sourceWhy : undefined)
      .then(
        () => feed(isOurs ? { kind: 'switched', to } : { kind: 'ordered', to, stay: duration(0) }),
        (error: Error) => feed({ kind: 'switchFailed', to, why: error.message }),
      )
      .finally(() => {
        isArriving = false
      })
  }

  let untold = ''
  /** In turn. @throws when the ledger takes no record of it */
  async function agree(
    from: string,
    to: string,
    fromUtcMs: number,
    why: Why | undefined,
    words: string,
  ): Promise<void> {
    const shelved = shelf.known(to)
    if (shelved === undefined) throw new Error(`the tariff of ${to} is not here`)
    const stayUntilUtcMs = from === to ? kept().stayUntilUtcMs : clock.utc() + stayMs(to)
    const { text, offer } = shelved
    const after = ledger.head().number
    const next = { supplier: to, stayUntilUtcMs, sha256: hexOf(offer.sha256), text, fromUtcMs, after }
    try {
      await contracts.agree(next, () => record(from, to, next, why, words), isRecorded)
      untold = ''
    } catch (error) {
      const reason = (error as Error).message
      // It is tried again and again.
      if (untold !== reason) report('alarm', { alarm: 'contract-not-recorded', supplier: to, reason })
      untold = reason
      throw error
    }
  }
  const changed = (from: string, to: string, why: Why | undefined): Promise<void> => {
    const words = why === undefined ? 'the source was changed' : 'cheaper on the usage compared'
    return inTurn(() => agree(from, to, clock.utc(), why, words))
  }

  async function record(
    from: string,
    to: string,
    { sha256, fromUtcMs }: { readonly sha256: string; readonly fromUtcMs: number },
    why: Why | undefined,
    words: string,
  ): Promise<void> {
    const tariff = shelf.known(to)?.tariff
    const content = contractRecord.encode({
      kind: 'contract',
      from,
      to,
      by: accepted(to)?.by ?? 'contract',
      tariff: tariff?.tariff ?? '',
      sha256: new Uint8Array(Buffer.from(sha256, 'hex')),
      fromUtc: new Date(fromUtcMs).toISOString(),
      currency: tariff?.currency ?? 'XXX',
      ...(why === undefined ? {} : { saves: placed(why.saves, PLACES) }),
      costs: (why?.costs ?? []).map(({ supplier, cost }) => ({ supplier, cost: placed(cost, PLACES) })),
      why: words,
    })
    const { number } = await ledger.append('billing', content)
    bus.emit('appended', { number })
  }

  /** Its latest: a supplier that changes its tariff changes it for its customers. */
  const own = (): Shelved | undefined => shelf.known(state.supplier)

  async function compareNow(): Promise<void> {
    await firstContract()
    const compared = stopped ? undefined : await quotes.compare(state.supplier)
    if (compared === undefined) return
    costs = compared.costs
    feed({ kind: 'compared', offers: compared.offers, usage: compared.usage })
  }

  function look(): void {
    if (stopped) return
    reduction?.tick()
    if (
      state.isReduced &&
      reduction !== undefined &&
      config.reduceTo?.kw !== undefined &&
      kw !== undefined &&
      kw > config.reduceTo.kw
    ) {
      reduction.reduce('still above the level', kw)
    }
    if (transfer !== undefined) {
      const at = transfer.state()
      const side = at.phase === 'resting' ? at.on : undefined
      const there = config.accept.find(each => each.by === 'source' && each.side === side)
      const wanted = state.switching?.to
      if (at.phase === 'stopped' && wanted !== undefined && accepted(wanted)?.by === 'source')
        feed({ kind: 'switchFailed', to: wanted, why: at.why })
      else if (there !== undefined && hasArrived(there.name, wanted)) arrived(there.name)
    }
    const limit = clock.utcGood() ? valueAt(limits, local(clock.utc())) : undefined
    if (limit === undefined) return void feed({ kind: 'tick' })
    // Nobody can be changed to while the stay lasts.
    const mine = clock.now() < state.stayUntil ? [state.supplier] : config.accept.map(({ name }) => name)
    const offers = mine.map(supplier => {
      const perKwh = quotes.price(supplier)
      return { supplier, ...(perKwh === undefined ? {} : { perKwh }) }
    })
    feed({ kind: 'priced', offers, limit: (limit as bigint) / 10n })
  }

  const cancels = [
    bus.on('measurement', measurement => {
      kw = kwIn(measurement)
    }),
    bus.on('device', ({ answering }) => {
      if (!answering) kw = undefined
    }),
    clock.every(LOOK_MS, look),
    clock.every(config.compareEveryMinutes * 60_000, () => void compareNow().catch(failed)),
  ]
  const failed = (error: Error): void => log.warn('not-compared', { reason: error.message })

  /** The first tariff of the present supplier begins the list: bills go by it from the start. */
  async function firstContract(): Promise<void> {
    try {
      const to = await inTurn(begun)
      if (to !== undefined && to !== state.supplier) feed({ kind: 'ordered', to, stay: duration(stayMs(to)) })
    } catch (error) {
      log.warn('no-contract', { reason: (error as Error).message })
    }
  }

  /** @returns the supplier of a contract that turned out to hold */
  async function begun(): Promise<string | undefined> {
    const settled = await contracts.settle(isRecorded)
    if (settled !== undefined) return settled
    const shelved = shelf.known(state.supplier)
    const last = contracts.spans().at(-1)
    if (shelved === undefined || (last?.supplier === state.supplier && last.text === shelved.text)) return undefined
    // One that is not accepted here any more, and that the configuration has replaced, is not billed by any longer.
    if (last !== undefined && last.supplier !== state.supplier) {
      if (accepted(last.supplier) !== undefined) return undefined
      await agree(last.supplier, state.supplier, clock.utc(), undefined, 'the configuration names another supplier')
      return undefined
    }
    // Of the first one nobody knows an earlier: it holds for what came before, too. A changed one holds from now on, or from
    // when it was to begin, where that was announced before.
    const since = Math.max(shelved.announcedFor ?? clock.utc(), (last?.fromUtcMs ?? 0) + 1)
    const fromUtcMs = last === undefined ? 0 : since
    const words = last === undefined ? 'the first tariff that is known' : 'the supplier has changed its tariff'
    await agree(state.supplier, state.supplier, fromUtcMs, undefined, words)
    if (last !== undefined) report('tariff-changed', { supplier: state.supplier, tariff: shelved.offer.tariff })
    return undefined
  }

  return {
    intervals,
    state: () => state,
    spans: () => contracts.spans().map(span => ({ ...span, prices: shelf.prices(span.supplier) })),
    document: hex => contracts.document(hex),
    own,
    kw: () => kw,
    usage: () => usage,
    keepUsage(next) {
      usage = next
      return keep()
    },
    news() {
      compareNow().then(look).catch(failed)
    },
    async rows() {
      await intervals.now(clock.utc())
      return config.accept.map(({ name, organisation, by, minimumStayDays, switchingCost }) => {
        const shelved = shelf.known(name)
        const price = quotes.price(name)
        const cost = costs.get(name)
        return {
          supplier: name,
          organisation,
          current: name === state.supplier,
          by,
          ...(shelved === undefined
            ? {}
            : { tariff: shelved.offer.tariff, sha256: hexOf(shelved.offer.sha256), currency: shelved.tariff.currency }),
          ...(price === undefined ? {} : { perKwh: shown(exact(price, 10n ** BigInt(PLACES)), 2) }),
          ...(cost === undefined
            ? {}
            : {
                cost: placed(cost.cost, PLACES),
                fromUtc: new Date(cost.fromUtcMs).toISOString(),
                toUtc: new Date(cost.toUtcMs).toISOString(),
              }),
          switchingCost,
          minimumStayDays,
        }
      })
    },
    facts: () => ({
      supplier: state.supplier,
      stayed,
      stayUntilUtc: new Date(clock.utc() + Math.max(0, state.stayUntil - clock.now())).toISOString(),
      switchingTo: state.switching?.to ?? null,
      reduced: state.isReduced,
      off: reduction?.off() ?? [],
      usage,
    }),
    begin() {
      if (state.isReduced) reduction?.reduce('as before the restart', undefined)
      reduction?.begin()
      transfer?.begin()
      look()
    },
    async stop() {
      stopped = true
      for (const cancel of [...cancels, cancelWake]) cancel()
      reduction?.stop()
      await transfer?.stop()
      await inTurn(async () => {})
    },
  }
}
