// Which generators run, at which of their levels, and which loads are on their second source, so that cost, revenue,
// consumption or usage is least or greatest. Pure and exact: money is whole, and every plan there is has been compared.
//
// All figures are for the next hour as things are now. Of two plans the better one is, in this order: the one that keeps
// the export limit; the import limit and the islanding reserve; the goal; the cost; the fewer changes. A plan replaces the
// present one only where it mends a limit, or gains at least `leastGain`: what is worth little is not switched for.

import type { Money, Price } from './price.ts'

export const quantities = ['cost', 'revenue', 'consumption', 'usage'] as const
/**
 * `cost` of all energy: bought, generated, from second sources, less what is sold. `revenue`: what is sold.
 * `consumption`: what is bought. `usage`: what of the own generation is used here.
 */
export type Quantity = (typeof quantities)[number]

export interface Unit {
  readonly name: string
  /** What it can be set to, W, without 0: it can always be stopped, unless it is held. */
  readonly levelsW: readonly number[]
  readonly fuel: Price
  readonly wearPerHour: Money
  /** Spread over the hours that it then runs at least. */
  readonly startCost: Money
  readonly leastRunHours: number
  /** Now; 0 is stopped. */
  readonly nowW: number
  /** It has not run, or rested, long enough, or somebody else decides about it. */
  readonly isHeld: boolean
}

export interface Transfer {
  readonly load: string
  readonly watts: number
  readonly secondPerKwh: Price
  readonly isOnSecond: boolean
  readonly isHeld: boolean
}

export interface DispatchInput {
  readonly goal: { readonly quantity: Quantity; readonly least: boolean }
  readonly buy: Price
  readonly sell: Price
  /** Of the site, without what its generators give, with all transferable loads. */
  readonly loadW: number
  readonly units: readonly Unit[]
  readonly transfers: readonly Transfer[]
  readonly importLimitW?: number | undefined
  readonly exportLimitW?: number | undefined
  /** Generators that run must be able to give so much, for when the supply fails. */
  readonly reserveW: number
  /** In the goal's unit: thousand-millionths of the currency, or watts, an hour. */
  readonly leastGain: bigint
}

export interface Plan {
  readonly watts: ReadonlyMap<string, number>
  readonly onSecond: ReadonlySet<string>
  readonly value: bigint
  readonly cost: Money
  /** Limits that it breaks, in watts. */
  readonly exportOverW: number
  readonly shortW: number
  readonly changes: number
}

/** More combinations than that are not compared; the configuration is refused before. */
export const MAX_PLANS = 65_536

export const planCount = (levels: readonly number[], transfers: number): number =>
  levels.reduce((product, count) => product * (count + 1), 1) * 2 ** transfers

/** @returns the best plan, or that of now where nothing better is worth it */
export function dispatch(input: DispatchInput): {
  readonly plan: Plan
  readonly now: Plan
  readonly isBetter: boolean
} {
  const now = judged(
    input,
    input.units.map(({ nowW }) => nowW),
    input.transfers.map(({ isOnSecond }) => isOnSecond),
  )
  let best = now
  for (const watts of combinations(input.units.map(optionsOf))) {
    for (const second of combinations(
      input.transfers.map(({ isOnSecond, isHeld }) => (isHeld ? [isOnSecond] : [false, true])),
    )) {
      const plan = judged(input, watts, second)
      if (isBefore(input, plan, best)) best = plan
    }
  }
  const mends = best.exportOverW < now.exportOverW || (best.exportOverW === now.exportOverW && best.shortW < now.shortW)
  const gain = input.goal.least ? now.value - best.value : best.value - now.value
  const isWorthIt = best !== now && (mends || (gain > 0n && gain >= input.leastGain))
  return { plan: isWorthIt ? best : now, now, isBetter: isWorthIt }
}

const optionsOf = ({ levelsW, nowW, isHeld }: Unit): readonly number[] => {
  if (!isHeld) return [0, ...levelsW]
  // Held running it may still be curtailed; held stopped it stays so.
  return nowW === 0 ? [0] : levelsW
}

function judged(input: DispatchInput, watts: readonly number[], second: readonly boolean[]): Plan {
  const { units, transfers, buy, sell } = input
  let generatedW = 0
  let canW = 0
  let cost = 0n
  let changes = 0
  for (const [n, unit] of units.entries()) {
    const own = watts[n] as number
    generatedW += own
    if (own !== unit.nowW) changes++
    if (own === 0) continue
    canW += Math.max(0, ...unit.levelsW)
    cost += unit.fuel * BigInt(own) + unit.wearPerHour
    if (unit.nowW === 0) cost += unit.startCost / BigInt(Math.max(1, Math.round(unit.leastRunHours)))
  }
  let awayW = 0
  for (const [n, transfer] of transfers.entries()) {
    if (second[n] !== transfer.isOnSecond) changes++
    if (second[n] !== true) continue
    awayW += transfer.watts
    cost += transfer.secondPerKwh * BigInt(transfer.watts)
  }
  const netW = input.loadW - awayW - generatedW
  const bought = BigInt(Math.max(0, netW))
  const sold = BigInt(Math.max(0, -netW))
  cost += buy * bought - sell * sold
  const used = BigInt(Math.min(generatedW, Math.max(0, input.loadW - awayW)))
  const values = { cost, revenue: sell * sold, consumption: bought, usage: used }
  const importOverW = Math.max(0, netW - (input.importLimitW ?? Number.POSITIVE_INFINITY))
  return {
    watts: new Map(units.map(({ name }, n) => [name, watts[n] as number])),
    onSecond: new Set(transfers.filter((_, n) => second[n] === true).map(({ load }) => load)),
    value: values[input.goal.quantity],
    cost: cost as Money,
    exportOverW: Math.max(0, -netW - (input.exportLimitW ?? Number.POSITIVE_INFINITY)),
    shortW: importOverW + Math.max(0, input.reserveW - canW),
    changes,
  }
}

/** Strictly: of two that are alike the first one stays. */
function isBefore({ goal }: DispatchInput, one: Plan, other: Plan): boolean {
  if (one.exportOverW !== other.exportOverW) return one.exportOverW < other.exportOverW
  if (one.shortW !== other.shortW) return one.shortW < other.shortW
  if (one.value !== other.value) return goal.least ? one.value < other.value : one.value > other.value
  if (one.cost !== other.cost) return one.cost < other.cost
  return one.changes < other.changes
}

function* combinations<T>(options: readonly (readonly T[])[]): Generator<readonly T[]> {
  const [first, ...rest] = options
  if (first === undefined) return yield []
  for (const one of first) for (const others of combinations(rest)) yield [one, ...others]
}
