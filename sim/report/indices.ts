// Reliability indices of IEEE 1366-2012, from interruptions.
//
// An interruption of more than five minutes is sustained and counts in SAIFI, SAIDI and CAIDI; a shorter one is momentary
// and counts in MAIFI. Momentary interruptions that begin within five minutes of a first one are one event with it
// (MAIFI_E), and none when a sustained one was among them: that is what they led to.

export interface Outage {
  /** Whoever is interrupted and restored together, such as a load: events are told apart by it. */
  readonly group: string
  readonly customers: number
  readonly fromMinutes: number
  readonly minutes: number
}

export interface Indices {
  readonly customersServed: number
  /** CI and CMI, of sustained interruptions. */
  readonly customersInterrupted: number
  readonly customerMinutes: number
  /** Per customer served. */
  readonly saifi: number
  /** Minutes per customer served. */
  readonly saidi: number
  /** Minutes per interruption of a customer; absent when nobody was interrupted. */
  readonly caidi?: number
  readonly maifi: number
  readonly maifiE: number
}

/** IEEE 1366-2012, clause 2: more than this is sustained. */
export const MOMENTARY_MINUTES = 5

/** @param customersServed NT, more than none */
export function indicesOf(outages: readonly Outage[], customersServed: number): Indices {
  const sustained = outages.filter(isSustained)
  const customersInterrupted = sum(sustained, ({ customers }) => customers)
  const customerMinutes = sum(sustained, ({ customers, minutes }) => customers * minutes)
  const momentary = outages.filter(outage => !isSustained(outage))
  return {
    customersServed,
    customersInterrupted,
    customerMinutes,
    saifi: customersInterrupted / customersServed,
    saidi: customerMinutes / customersServed,
    ...(customersInterrupted === 0 ? {} : { caidi: customerMinutes / customersInterrupted }),
    maifi: sum(momentary, ({ customers }) => customers) / customersServed,
    maifiE: momentaryEvents(outages) / customersServed,
  }
}

const isSustained = ({ minutes }: Outage): boolean => minutes > MOMENTARY_MINUTES
const sum = (outages: readonly Outage[], figure: (outage: Outage) => number): number =>
  outages.reduce((total, outage) => total + figure(outage), 0)

/** Customers of each event, added up. */
function momentaryEvents(outages: readonly Outage[]): number {
  const groups = new Map<string, Outage[]>()
  for (const outage of outages) groups.set(outage.group, [...(groups.get(outage.group) ?? []), outage])
  let customers = 0
  for (const group of groups.values()) {
    const inOrder = [...group].sort((one, other) => one.fromMinutes - other.fromMinutes)
    let rest: readonly Outage[] = inOrder
    for (let first = rest[0]; first !== undefined; first = rest[0]) {
      const { fromMinutes } = first
      const event = rest.filter(each => each.fromMinutes - fromMinutes <= MOMENTARY_MINUTES)
      if (!event.some(isSustained)) customers += first.customers
      rest = rest.slice(event.length)
    }
  }
  return customers
}
