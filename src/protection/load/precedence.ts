// Who decides about one load when several have something to say about it: the one of the highest rank. The others are not
// lost: when the first one lets go, the next one's word counts, without being said again.
//
//   rank        who says it                                             what it can say
//   local       the device's own switch "local"                         nothing from afar moves it, either way
//   latched     a peripheral or setpoint that has latched, an inhibit   not back on
//   person      a person's order, or a hand at the device: the later    on or off
//   protection  an early warning, a setpoint                            on or off
//   central     an order of a back end or a master IED                  on or off
//   rule        load and generation management of this IED              on or off
//   nobody                                                              on again, if it was this agent that took it off
//
// The first two are conditions of the device and of the agent, see `load-desk.ts`; the others are holds, kept here. Within
// a rank off goes before on, but a person's word replaces the person's before it: people see what they do.
//
// An "on" without a time lasts as long as somebody below wants it off, and no longer: who orders a load on during a
// warning overrides this warning, and not the next. An "off" without a time lasts until it is released or replaced.

import type { Instant } from '../../../topology/units.ts'

/** The first one goes first. */
export const ranks = ['person', 'protection', 'central', 'rule'] as const
export type Rank = (typeof ranks)[number]
export type Wish = 'on' | 'off'

export interface Hold {
  readonly rank: Rank
  /** A person, a peer, or a part of this agent. One has one hold in its rank, the last that it said. */
  readonly by: string
  readonly wish: Wish
  /** For reports and read-outs: a cause, an event's id, a price. */
  readonly why: string
  /** Of the power-system event that it is for. */
  readonly id?: string
  readonly since: Instant
  readonly until?: Instant
  /** Number of the order that it is from. */
  readonly order?: string
  /** An "on" with no time of its own. */
  readonly whileContested?: boolean
  /** The desk does no more about it: it was carried out, or tried, or is carried out by who says it. */
  readonly isTried?: boolean
}

/** Machines that may order are few, and named in the configuration; beyond this the oldest of the rank gives way. */
const MAX_IN_RANK = 8

const weaker = (one: Rank, other: Rank): boolean => ranks.indexOf(one) > ranks.indexOf(other)

/** The holds with this one among them. */
export function withHold(holds: readonly Hold[], hold: Hold): Hold[] {
  const replaced = ({ rank, by }: Hold): boolean => rank === hold.rank && (rank === 'person' || by === hold.by)
  const others = holds.filter(each => !replaced(each))
  const peers = others.filter(({ rank }) => rank === hold.rank)
  const oldest = peers.length >= MAX_IN_RANK ? peers[0] : undefined
  return [...others.filter(each => each !== oldest), hold]
}

export const withoutHold = (holds: readonly Hold[], rank: Rank, by?: string): Hold[] =>
  holds.filter(each => each.rank !== rank || (by !== undefined && each.by !== by))

/** Those that still count. @param isOn what is to be on while somebody wants it off has to come on first */
export function standing(holds: readonly Hold[], now: Instant, isOn: boolean): Hold[] {
  const inTime = holds.filter(({ until }) => until === undefined || now < until)
  const isContested = ({ rank }: Hold): boolean => inTime.some(each => each.wish === 'off' && weaker(each.rank, rank))
  return inTime.filter(each => each.whileContested !== true || !isOn || isContested(each))
}

/** Whose word counts now. */
export function deciding(holds: readonly Hold[]): Hold | undefined {
  for (const rank of ranks) {
    const peers = holds.filter(each => each.rank === rank)
    const first = peers.find(({ wish }) => wish === 'off') ?? peers[0]
    if (first !== undefined) return first
  }
  return undefined
}

/** Who keeps this wish from counting, if it were said now. */
export function against(
  holds: readonly Hold[],
  { rank, by, wish }: Pick<Hold, 'rank' | 'by' | 'wish'>,
): Hold | undefined {
  const others = withoutHold(holds, rank, rank === 'person' ? undefined : by)
  const first = deciding(others.filter(each => !weaker(each.rank, rank)))
  if (first === undefined || first.wish === wish) return undefined
  // Within the rank off goes before on.
  return first.rank === rank && wish === 'off' ? undefined : first
}

export const wordsOfHold = ({ rank, by, wish, why }: Hold): string =>
  `${by} (${rank}) holds it ${wish}${why === '' ? '' : `: ${why}`}`
