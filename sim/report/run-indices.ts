// The indices of a run. A run ends when it ends, so some interruptions have a beginning only: what they will count as is
// said twice, as if the run's end were all there is, and as if they last.

import type { FeederFile } from '../../topology/feeder-file.ts'
import { type Indices, indicesOf, MOMENTARY_MINUTES, type Outage } from './indices.ts'
import type { Interruption } from './interruptions.ts'

export interface RunIndices {
  /** Without the interruptions that are not over and not yet longer than five minutes: nobody knows what they become. */
  readonly known: Indices
  /** Customers that are still without supply at the end, their interruptions five minutes old or less. */
  readonly undecidedCustomers: number
  /** As if those lasted; their minutes up to the end of the run alone, so times are a lower bound. */
  readonly ifTheyLast: Indices
}

/** @returns undefined for a feeder whose loads have no customers */
export function runIndices(
  file: FeederFile,
  interruptions: readonly Interruption[],
  endMs: number,
): RunIndices | undefined {
  const served = file.loads.reduce((total, { customers }) => total + customers, 0)
  if (served === 0) return undefined
  const outageOf = ({ load, customers, fromMs, toMs }: Interruption): Outage => ({
    group: load,
    customers,
    fromMinutes: fromMs / 60_000,
    minutes: ((toMs ?? endMs) - fromMs) / 60_000,
  })
  const isUndecided = (each: Interruption): boolean =>
    each.toMs === undefined && outageOf(each).minutes <= MOMENTARY_MINUTES
  const undecided = interruptions.filter(isUndecided)
  const known = indicesOf(interruptions.filter(each => !isUndecided(each)).map(outageOf), served)
  const undecidedCustomers = undecided.reduce((total, { customers }) => total + customers, 0)
  return {
    known,
    undecidedCustomers,
    ifTheyLast: lasting(interruptions.map(outageOf), undecided.map(outageOf), served),
  }
}

function lasting(all: readonly Outage[], undecided: readonly Outage[], served: number): Indices {
  const isTheSame = (one: Outage) => (other: Outage) =>
    one.group === other.group && one.fromMinutes === other.fromMinutes
  const grown = all.map(each => (undecided.some(isTheSame(each)) ? { ...each, minutes: Number.MAX_VALUE } : each))
  const { maifi, maifiE, saifi, customersInterrupted } = indicesOf(grown, served)
  const isSustained = (each: Outage): boolean => each.minutes > MOMENTARY_MINUTES || undecided.some(isTheSame(each))
  const customerMinutes = all.filter(isSustained).reduce((sum, each) => sum + each.customers * each.minutes, 0)
  return {
    customersServed: served,
    customersInterrupted,
    customerMinutes,
    saifi,
    saidi: customerMinutes / served,
    ...(customersInterrupted === 0 ? {} : { caidi: customerMinutes / customersInterrupted }),
    maifi,
    maifiE,
  }
}
