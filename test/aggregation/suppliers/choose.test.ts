import { describe, expect, it } from 'vitest'
import {
  type ChooseAction,
  type ChooseEvent,
  type ChooseSettings,
  chooseStart,
  chooseSupplier,
  type Offer,
} from '../../../src/aggregation/suppliers/choose.ts'
import { duration, instant } from '../../../topology/units.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const settings: ChooseSettings = {
  marginPercent: 5,
  margin: 200_000n,
  leastUsage: duration(7 * DAY),
  confirmWithin: duration(HOUR),
  retryAfter: duration(DAY),
  blind: duration(2 * HOUR),
}
const dollars = (amount: number): bigint => BigInt(Math.round(amount * 100_000))
const offer = (supplier: string, cost: number, more: Partial<Offer> = {}): Offer => ({
  supplier,
  cost: dollars(cost),
  by: 'contract',
  switchingCost: 0n,
  minimumStay: duration(30 * DAY),
  ...more,
})
const compared = (...offers: Offer[]): ChooseEvent => ({ kind: 'compared', offers, usage: duration(30 * DAY) })

function customer(supplier = 'Red', stayUntil = 0) {
  const step = chooseSupplier(settings)
  let state = chooseStart(supplier, instant(stayUntil), instant(0))
  return {
    at(ms: number, event: ChooseEvent): ChooseAction[] {
      const next = step(state, event, instant(ms))
      state = next.state
      return next.actions.filter(({ kind }) => kind !== 'wake')
    },
    get state() {
      return state
    },
  }
}
const stayed = (why: string, best: string) => [{ kind: 'stayed', why, best }]

describe('which supplier', () => {
  it('is the cheapest for what was really used, when it is so by more than the margin', () => {
    const { at } = customer()
    // 5 % of 100 are 5: at exactly the margin nothing happens.
    expect(at(1, compared(offer('Red', 100), offer('Blue', 95)))).toEqual(stayed('margin', 'Blue'))
    expect(at(2, compared(offer('Red', 100), offer('Blue', 94.99), offer('Green', 97)))).toMatchObject([
      { kind: 'switch', from: 'Red', to: 'Blue', by: 'contract', saves: dollars(5.01) },
    ])
  })

  it('counts what the switch costs, and the least worth having where the bill is small', () => {
    const { at } = customer()
    const dear = { switchingCost: dollars(20) }
    expect(at(1, compared(offer('Red', 100), offer('Blue', 81, dear)))).toEqual(stayed('cheapest', 'Red'))
    expect(at(2, compared(offer('Red', 100), offer('Blue', 76, dear)))).toEqual(stayed('margin', 'Blue'))
    expect(at(3, compared(offer('Red', 4), offer('Blue', 2)))).toEqual(stayed('margin', 'Blue'))
    expect(at(4, compared(offer('Red', 4), offer('Blue', 1.99)))).toMatchObject([{ kind: 'switch', to: 'Blue' }])
  })

  it('is not left before its stay is over, to the millisecond', () => {
    const { at } = customer('Red', 10 * DAY)
    const better = compared(offer('Red', 100), offer('Blue', 50))
    expect(at(10 * DAY - 1, better)).toEqual(stayed('minimumStay', 'Blue'))
    expect(at(10 * DAY, better)).toMatchObject([{ kind: 'switch' }])
  })

  it('is the new one once that is confirmed, which is then kept for its own stay', () => {
    const customerNow = customer()
    const { at } = customerNow
    at(0, compared(offer('Red', 100), offer('Blue', 50)))
    expect(customerNow.state.supplier).toBe('Red')
    expect(at(1, compared(offer('Red', 100), offer('Green', 10)))).toEqual(stayed('switching', 'Green'))
    expect(at(HOUR - 1, { kind: 'switched', to: 'Green' })).toEqual([]) // nobody asked for that
    expect(at(HOUR - 1, { kind: 'switched', to: 'Blue' })).toEqual([{ kind: 'chosen', supplier: 'Blue' }])
    expect(at(2 * DAY, compared(offer('Red', 1), offer('Blue', 50)))).toEqual(stayed('minimumStay', 'Red'))
  })

  it('stays the old one when the switch fails or nobody confirms it, and is not tried again at once', () => {
    const { at } = customer()
    const better = compared(offer('Red', 100), offer('Blue', 50, { by: 'source' }))
    expect(at(0, better)).toMatchObject([{ kind: 'switch', by: 'source' }])
    expect(at(5, { kind: 'switchFailed', to: 'Blue', why: 'the breaker did not move' })).toEqual([
      { kind: 'failed', to: 'Blue', why: 'the breaker did not move' },
    ])
    expect(at(DAY + 4, better)).toEqual(stayed('retryLater', 'Blue'))
    expect(at(DAY + 5, better)).toMatchObject([{ kind: 'switch' }])
    expect(at(DAY + 5 + HOUR, { kind: 'tick' })).toEqual([{ kind: 'failed', to: 'Blue', why: 'not confirmed in time' }])
    // A confirmation that comes too late changes nothing: it has failed, and whoever compares next will see.
    expect(at(DAY + 6 + HOUR, { kind: 'switched', to: 'Blue' })).toEqual([])
  })

  it('is left to itself while its own cost is not known, or the usage is too short to judge by', () => {
    const { at } = customer()
    expect(at(1, compared(offer('Blue', 1)))).toEqual(stayed('ownCostUnknown', 'Blue'))
    const short = {
      kind: 'compared',
      offers: [offer('Red', 100), offer('Blue', 1)],
      usage: duration(7 * DAY - 1),
    } as const
    expect(at(2, short)).toEqual(stayed('usageTooShort', 'Blue'))
    expect(at(3, compared())).toEqual([])
  })

  it('does not go to and fro between two that are alike', () => {
    const { at } = customer()
    let switches = 0
    for (let day = 0; day < 365; day++) {
      const [red, blue] = day % 2 === 0 ? [100, 97] : [97, 100]
      const actions = at(day * DAY, compared(offer('Red', red), offer('Blue', blue)))
      switches += actions.filter(({ kind }) => kind === 'switch').length
    }
    expect(switches).toBe(0)
  })

  it('is whom a person chooses, whatever was under way', () => {
    const customerNow = customer()
    customerNow.at(0, compared(offer('Red', 100), offer('Blue', 50)))
    expect(customerNow.at(1, { kind: 'ordered', to: 'Green', stay: duration(DAY) })).toEqual([
      { kind: 'chosen', supplier: 'Green' },
    ])
    expect(customerNow.at(2, { kind: 'switched', to: 'Blue' })).toEqual([])
    expect(customerNow.state).toMatchObject({ supplier: 'Green', stayUntil: DAY + 1 })
  })
})

describe('when all are too dear', () => {
  const priced = (limit: number | undefined, ...prices: (number | undefined)[]): ChooseEvent => ({
    kind: 'priced',
    offers: prices.map((price, n) => ({
      supplier: `S${n}`,
      ...(price === undefined ? {} : { perKwh: dollars(price) }),
    })),
    ...(limit === undefined ? {} : { limit: dollars(limit) }),
  })

  it('less is used, until one no longer is', () => {
    const { at } = customer()
    expect(at(1, priced(0.8, 0.9, 0.8))).toEqual([])
    expect(at(2, priced(0.8, 0.9, 0.81))).toEqual([{ kind: 'reduce', perKwh: dollars(0.81), limit: dollars(0.8) }])
    expect(at(3, priced(0.8, 0.95, 0.9))).toEqual([])
    expect(at(4, priced(0.8, 0.95, 0.8))).toEqual([{ kind: 'release', why: 'price' }])
  })

  it('goes by the limit of the hour', () => {
    const { at } = customer()
    expect(at(1, priced(0.8, 0.7))).toEqual([])
    expect(at(2, priced(0.6, 0.7))).toMatchObject([{ kind: 'reduce' }])
  })

  it('ends when prices have not been known for a while', () => {
    const { at } = customer()
    at(1, priced(0.6, 0.7))
    expect(at(HOUR, priced(0.6, undefined))).toEqual([])
    expect(at(HOUR, priced(undefined, 0.7))).toEqual([])
    expect(at(2 * HOUR, { kind: 'tick' })).toEqual([])
    expect(at(2 * HOUR + 1, { kind: 'tick' })).toEqual([{ kind: 'release', why: 'notKnown' }])
  })
})
