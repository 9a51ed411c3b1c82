// The indices of IEEE 1366 over outages, each a count of customers (or kVA) without supply for some time. A restoration in
// steps is one outage for each group that came back together.
//
// Exactly five minutes are momentary. An index whose divisor is zero is undefined, never zero or infinite. What is planned,
// and what belongs to a major event, is for the caller to split off: `indices` of each part says what that part did.

import { MOMENTARY_MS } from './interruption.ts'

export interface Outage {
  /** Of one interruption: its groups in step restoration share it, and count one interruption each. */
  readonly startUtcMs: number
  readonly lengthMs: number
  readonly customers: number
  /** Who, where it is known: CAIFI, CEMI and CELID count them. Each stands for `customers` alike. */
  readonly who?: string
  readonly kva?: number
  /** A momentary one that the lockout of a longer one followed is part of that. */
  readonly ledToLockout?: boolean
}

export interface Served {
  readonly customers: number
  readonly kva?: number
  readonly periodMs: number
  /** By `who` of the outages: how many customers each is. Without it CEMI and CELID are undefined. */
  readonly customersOf?: ReadonlyMap<string, number>
}

export interface Indices {
  readonly customers: number
  readonly customerInterruptions: number
  readonly customerMinutes: number
  readonly saifi: number | undefined
  readonly saidiMinutes: number | undefined
  readonly caidiMinutes: number | undefined
  readonly caifi: number | undefined
  readonly asai: number | undefined
  readonly maifi: number | undefined
  readonly maifiE: number | undefined
  readonly asifi: number | undefined
  readonly asidiMinutes: number | undefined
}

const MINUTE = 60_000

export const isSustainedOutage = ({ lengthMs }: Outage): boolean => lengthMs > MOMENTARY_MS

export function indices(outages: readonly Outage[], served: Served): Indices {
  const sustained = outages.filter(isSustainedOutage)
  const { customers, kva, periodMs } = served
  const ci = sum(sustained, each => each.customers)
  const cmi = sum(sustained, each => (each.lengthMs / MINUTE) * each.customers)
  const momentary = outages.filter(each => !isSustainedOutage(each))
  const hit = new Map(sustained.flatMap(each => (each.who === undefined ? [] : [[each.who, each.customers] as const])))
  const isKnown = sustained.every(({ who }) => who !== undefined)
  return {
    customers,
    customerInterruptions: ci,
    customerMinutes: cmi,
    saifi: ratio(ci, customers),
    saidiMinutes: ratio(cmi, customers),
    caidiMinutes: ratio(cmi, ci),
    caifi: isKnown
      ? ratio(
          ci,
          sum([...hit.values()], each => each),
        )
      : undefined,
    // What began in the period may end behind it: all of its hours may be gone, and not more.
    asai: customers > 0 && periodMs > 0 ? Math.max(0, 1 - cmi / (customers * (periodMs / MINUTE))) : undefined,
    maifi: ratio(
      sum(momentary, each => each.customers),
      customers,
    ),
    maifiE: ratio(
      sum(momentaryEvents(outages), each => each.customers),
      customers,
    ),
    asifi: ratio(
      sum(sustained, each => each.kva ?? 0),
      kva ?? 0,
    ),
    asidiMinutes: ratio(
      sum(sustained, each => (each.lengthMs / MINUTE) * (each.kva ?? 0)),
      kva ?? 0,
    ),
  }
}

/**
 * All operations within five minutes of the first are one event, of the same customers. One that a sustained interruption
 * of theirs began within is none: it led to the lockout.
 */
function momentaryEvents(outages: readonly Outage[]): Outage[] {
  const events: Outage[] = []
  const inOrder = [...outages].sort((one, other) => one.startUtcMs - other.startUtcMs)
  const lastOf = new Map<string, Outage>()
  for (const each of inOrder) {
    if (isSustainedOutage(each) || each.ledToLockout === true) continue
    const who = each.who ?? `#${each.customers}`
    const last = lastOf.get(who)
    if (last !== undefined && each.startUtcMs - last.startUtcMs <= MOMENTARY_MS) continue
    lastOf.set(who, each)
    events.push(each)
  }
  return events.filter(
    ({ startUtcMs, who, customers }) =>
      !inOrder.some(
        other =>
          isSustainedOutage(other) &&
          (other.who ?? `#${other.customers}`) === (who ?? `#${customers}`) &&
          other.startUtcMs >= startUtcMs &&
          other.startUtcMs - startUtcMs <= MOMENTARY_MS,
      ),
  )
}

/** CEMI_n: the share of customers with at least `n` sustained interruptions ("≥ n", as said beside it). */
export function cemi(outages: readonly Outage[], served: Served, n: number): number | undefined {
  const counts = new Map<string, number>()
  for (const { who } of outages.filter(isSustainedOutage))
    if (who !== undefined) counts.set(who, (counts.get(who) ?? 0) + 1)
  return shareOf(counts, served, count => count >= n)
}

/** CELID: the share of customers with one interruption (`single`) or a sum of them (`total`) of at least so many hours. */
export function celid(
  outages: readonly Outage[],
  served: Served,
  hours: number,
  of: 'single' | 'total',
): number | undefined {
  const longest = new Map<string, number>()
  for (const { who, lengthMs } of outages.filter(isSustainedOutage)) {
    if (who === undefined) continue
    const before = longest.get(who) ?? 0
    longest.set(who, of === 'single' ? Math.max(before, lengthMs) : before + lengthMs)
  }
  return shareOf(longest, served, ms => ms >= hours * 60 * MINUTE)
}

function shareOf(
  values: ReadonlyMap<string, number>,
  served: Served,
  isIn: (value: number) => boolean,
): number | undefined {
  const { customersOf, customers } = served
  if (customersOf === undefined) return undefined
  return ratio(
    sum([...values], ([who, value]) => (isIn(value) ? (customersOf.get(who) ?? 0) : 0)),
    customers,
  )
}

const sum = <T>(of: readonly T[], value: (each: T) => number): number =>
  of.reduce((total, each) => total + value(each), 0)
const ratio = (value: number, by: number): number | undefined => (by > 0 ? value / by : undefined)
