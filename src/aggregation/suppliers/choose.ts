// Which supplier a customer buys from, and when to use less because all of them are dear.
//
//   staying ──(another is cheaper by more than the margin, and the stay is over)──► switching ──(confirmed)──► staying
//      ▲                                                                               │
//      └───────────────(failed, or not confirmed in time: not again before retry)──────┘
//
// Costs are of the same measured intervals through each tariff, with its fixed charges, for the horizon given; what the
// switch itself costs counts in full. So a switch happens when it pays within one horizon, and by the margin more, which
// keeps two suppliers of like price from being switched between. While nothing is known of the present supplier's cost, or
// the usage compared is too short, nothing is switched.
//
// Beside it, by itself: when the price of the next kWh is above the limit that holds now with whomever we could be, usage is
// to be reduced; it is free again when the price is no longer above the limit. A price that is not known for `blindMs` frees
// it: dear energy costs money, but a load that stays off for want of news costs more.

import { after, type Duration, type Instant } from '../../../topology/units.ts'

/** Money in 1/100,000 of the currency. */
export type Money = bigint

export interface Offer {
  readonly supplier: string
  /** What the compared usage costs with it over the horizon, everything included. */
  readonly cost: Money
  /** Its price for the next kWh, where it has one. */
  readonly perKwh?: Money
  /** How it is changed to: another contract for the same wires, or another source by a transfer switch. */
  readonly by: 'contract' | 'source'
  /** Once, when it is changed to. */
  readonly switchingCost: Money
  /** From being chosen until it may be left again. */
  readonly minimumStay: Duration
}

export interface ChooseSettings {
  /** So much cheaper another must be: the larger of the two. */
  readonly marginPercent: number
  readonly margin: Money
  /** The least usage on which a comparison counts. */
  readonly leastUsage: Duration
  /** A switch that is not confirmed by then has failed. */
  readonly confirmWithin: Duration
  /** After a failed one, before the next. */
  readonly retryAfter: Duration
  readonly blind: Duration
}

export interface ChooseState {
  readonly supplier: string
  /** Until then it is not left. */
  readonly stayUntil: Instant
  readonly switching?: { readonly to: string; readonly stay: Duration; readonly deadline: Instant }
  /** No switch is begun before. */
  readonly notBefore: Instant
  readonly isReduced: boolean
  /** The last moment at which a price and its limit were known. */
  readonly knownAt: Instant
}

export type ChooseEvent =
  /** The same usage through each tariff. `usage`: how long a time it covers. */
  | { readonly kind: 'compared'; readonly offers: readonly Offer[]; readonly usage: Duration }
  /** Prices of the next kWh by supplier, of those that could be had now, and the limit that holds. */
  | { readonly kind: 'priced'; readonly offers: readonly Pick<Offer, 'supplier' | 'perKwh'>[]; readonly limit?: Money }
  | { readonly kind: 'switched'; readonly to: string }
  | { readonly kind: 'switchFailed'; readonly to: string; readonly why: string }
  /** A person chose, or the contract was changed elsewhere. */
  | { readonly kind: 'ordered'; readonly to: string; readonly stay: Duration }
  | { readonly kind: 'tick' }

export type ChooseAction =
  | {
      readonly kind: 'switch'
      readonly from: string
      readonly to: string
      readonly by: Offer['by']
      readonly saves: Money
      readonly costs: readonly { readonly supplier: string; readonly cost: Money }[]
    }
  | { readonly kind: 'stayed'; readonly why: StayReason; readonly best: string }
  | { readonly kind: 'failed'; readonly to: string; readonly why: string }
  | { readonly kind: 'chosen'; readonly supplier: string }
  | { readonly kind: 'reduce'; readonly perKwh: Money; readonly limit: Money }
  | { readonly kind: 'release'; readonly why: 'price' | 'notKnown' }
  | { readonly kind: 'wake'; readonly at: Instant }

export type StayReason =
  | 'cheapest'
  | 'margin'
  | 'minimumStay'
  | 'switching'
  | 'retryLater'
  | 'usageTooShort'
  | 'ownCostUnknown'

export interface ChooseStep {
  readonly state: ChooseState
  readonly actions: readonly ChooseAction[]
}

export const chooseStart = (supplier: string, stayUntil: Instant, now: Instant): ChooseState => ({
  supplier,
  stayUntil,
  notBefore: now,
  isReduced: false,
  knownAt: now,
})

export const chooseSupplier =
  (settings: ChooseSettings) =>
  (before: ChooseState, event: ChooseEvent, now: Instant): ChooseStep => {
    const actions: ChooseAction[] = []
    let state = expire(settings, before, now, actions)
    switch (event.kind) {
      case 'compared':
        state = compared(settings, state, event, now, actions)
        break
      case 'priced':
        state = priced(settings, state, event, now, actions)
        break
      case 'switched':
        if (state.switching?.to === event.to) state = settled(state, event.to, state.switching.stay, now, actions)
        break
      case 'switchFailed':
        if (state.switching?.to === event.to) state = failed(settings, state, event.why, now, actions)
        break
      case 'ordered':
        state = settled(state, event.to, event.stay, now, actions)
        break
      case 'tick':
        break
    }
    const deadlines = [state.switching?.deadline, state.isReduced ? after(state.knownAt, settings.blind) : undefined]
    const wake = deadlines.filter(each => each !== undefined).sort((a, b) => a - b)[0]
    if (wake !== undefined) actions.push({ kind: 'wake', at: wake })
    return { state, actions }
  }

/** What is over by now. */
function expire(settings: ChooseSettings, state: ChooseState, now: Instant, actions: ChooseAction[]): ChooseState {
  let next = state
  if (next.switching !== undefined && now >= next.switching.deadline) {
    next = failed(settings, next, 'not confirmed in time', now, actions)
  }
  if (next.isReduced && now >= after(next.knownAt, settings.blind)) {
    actions.push({ kind: 'release', why: 'notKnown' })
    next = { ...next, isReduced: false }
  }
  return next
}

function compared(
  settings: ChooseSettings,
  state: ChooseState,
  { offers, usage }: Extract<ChooseEvent, { kind: 'compared' }>,
  now: Instant,
  actions: ChooseAction[],
): ChooseState {
  const own = offers.find(({ supplier }) => supplier === state.supplier)
  const total = ({ supplier, cost, switchingCost }: Offer): Money =>
    supplier === state.supplier ? cost : cost + switchingCost
  // At equal cost the present one, then by name: two who compare the same come to the same.
  const best = [...offers].sort(
    (a, b) =>
      compareMoney(total(a), total(b)) ||
      Number(b.supplier === state.supplier) - Number(a.supplier === state.supplier) ||
      (a.supplier < b.supplier ? -1 : 1),
  )[0]
  if (best === undefined) return state
  const stay = (why: StayReason): ChooseState => {
    actions.push({ kind: 'stayed', why, best: best.supplier })
    return state
  }
  if (own === undefined) return stay('ownCostUnknown')
  if (best.supplier === state.supplier) return stay('cheapest')
  if (usage < settings.leastUsage) return stay('usageTooShort')
  const saves = own.cost - total(best)
  if (saves <= marginOf(settings, own.cost)) return stay('margin')
  if (state.switching !== undefined) return stay('switching')
  if (now < state.stayUntil) return stay('minimumStay')
  if (now < state.notBefore) return stay('retryLater')
  actions.push({
    kind: 'switch',
    from: state.supplier,
    to: best.supplier,
    by: best.by,
    saves,
    costs: offers.map(({ supplier, cost }) => ({ supplier, cost })),
  })
  const switching = { to: best.supplier, stay: best.minimumStay, deadline: after(now, settings.confirmWithin) }
  return { ...state, switching }
}

function marginOf({ marginPercent, margin }: ChooseSettings, cost: Money): Money {
  const share = ((cost < 0n ? -cost : cost) * BigInt(Math.round(marginPercent * 100))) / 10_000n
  return share > margin ? share : margin
}

function priced(
  _settings: ChooseSettings,
  state: ChooseState,
  { offers, limit }: Extract<ChooseEvent, { kind: 'priced' }>,
  now: Instant,
  actions: ChooseAction[],
): ChooseState {
  const prices = offers.flatMap(({ perKwh }) => (perKwh === undefined ? [] : [perKwh]))
  if (limit === undefined || prices.length === 0) return state
  const least = prices.reduce((a, b) => (b < a ? b : a))
  const isReduced = least > limit
  if (isReduced && !state.isReduced) actions.push({ kind: 'reduce', perKwh: least, limit })
  if (!isReduced && state.isReduced) actions.push({ kind: 'release', why: 'price' })
  return { ...state, isReduced, knownAt: now }
}

function settled(
  { switching: _, ...state }: ChooseState,
  supplier: string,
  stay: Duration,
  now: Instant,
  actions: ChooseAction[],
): ChooseState {
  actions.push({ kind: 'chosen', supplier })
  return { ...state, supplier, stayUntil: after(now, stay) }
}

function failed(
  settings: ChooseSettings,
  { switching, ...state }: ChooseState,
  why: string,
  now: Instant,
  actions: ChooseAction[],
): ChooseState {
  if (switching !== undefined) actions.push({ kind: 'failed', to: switching.to, why })
  return { ...state, notBefore: after(now, settings.retryAfter) }
}

const compareMoney = (a: Money, b: Money): number => (a < b ? -1 : a > b ? 1 : 0)
