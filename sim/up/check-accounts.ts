// What the final accounts of the back-end peers must say: the bills are of the energy that the registers show, both parties
// bill a meter alike, whom a fault has left without supply was interrupted, and nobody reads what is not for him.

import type { Feeder } from '../../topology/feeder.ts'
import type { Account } from './account.ts'
import { sumOf } from './account-lines.ts'
import type { Expectation } from './expectations.ts'

export interface Delivered {
  /** By meter, in watt-hours: what its register shows beyond where the billed time begins. */
  readonly wattHours: ReadonlyMap<string, bigint>
}

export function checkBills({ backEnd, bills }: Account, { wattHours }: Delivered): Expectation {
  const wrong = [...wattHours].flatMap(([meter, want]) => {
    const bill = bills.find(each => each.meter === meter)
    if (bill === undefined) return [`${meter}: no bill`]
    const has = BigInt(bill.importKwh.replace('.', ''))
    return has === want ? [] : [`${meter}: ${has} Wh billed, ${want} Wh delivered`]
  })
  const extra = bills.filter(({ meter }) => !wattHours.has(meter)).map(({ meter }) => `${meter}: not its own`)
  const faults = [...wrong, ...extra]
  const [first] = bills
  return {
    name: `${backEnd}: bills of its ${wattHours.size} meters, for the energy delivered to the watt-hour`,
    ok: faults.length === 0 && first !== undefined,
    measured:
      faults.length === 0 && first !== undefined
        ? `${sumOf(bills.map(each => each.importKwh))} kWh, ${sumOf(bills.map(each => each.consumerPays))} ${first.currency}`
        : faults.join('; ') || 'no bill',
  }
}

/** Both compute a bill of what they have themselves; to the cent it is the same one. */
export function checkSameBills(accounts: readonly Account[]): Expectation[] {
  const all = accounts.flatMap(({ backEnd, bills }) => bills.map(bill => ({ backEnd, ...bill })))
  const shared = [...new Set(all.map(({ meter }) => meter))].filter(
    meter => all.filter(each => each.meter === meter).length > 1,
  )
  if (shared.length === 0) return []
  const apart = shared.filter(
    meter => new Set(all.filter(each => each.meter === meter).map(each => each.consumerPays)).size > 1,
  )
  return [
    {
      name: `bills of ${shared.length} meters are the same at each back end that has their readings`,
      ok: apart.length === 0,
      measured:
        apart.length === 0
          ? shared.map(meter => `${meter} ${all.find(each => each.meter === meter)?.consumerPays}`).join(', ')
          : apart
              .flatMap(meter => all.filter(each => each.meter === meter))
              .map(({ backEnd, meter, consumerPays }) => `${meter} ${consumerPays} at ${backEnd}`)
              .join(', '),
    },
  ]
}

/** @param dead IEDs that a fault has left without supply, of those whose records the peer has */
export function checkInterrupted({ backEnd, reliability }: Account, dead: readonly string[]): Expectation {
  const interrupted = reliability.ieds
    .filter(({ sustained, momentary }) => sustained + momentary > 0)
    .map(({ ied }) => ied)
  const missing = dead.filter(ied => !interrupted.includes(ied))
  const worst = reliability.blamed.find(({ name }) => name === reliability.leastReliable)
  return {
    name: `${backEnd}: reliability shows the interruption of ${dead.join(', ')}, and whose it was`,
    ok: missing.length === 0 && worst !== undefined,
    measured:
      missing.length > 0
        ? `not interrupted by its account: ${missing.join(', ')}`
        : worst === undefined
          ? 'nothing is blamed'
          : `least reliable: ${worst.kind} ${worst.name}, ${(worst.downMs / 1000).toFixed(1)} s`,
  }
}

/**
 * Of others' IEDs a peer has what is granted to it, and no audit record of anybody else's can be read.
 *
 * @param entitled IEDs whose readings go to this peer
 */
export function checkPortions({ backEnd, organisation, readable }: Account, entitled: readonly string[]): Expectation {
  const strangers = [...new Set(readable.filter(({ ied }) => !entitled.includes(ied)).map(({ ied }) => ied))]
  const others = readable.filter(each => each.organisation !== organisation)
  const opened = others.filter(each => each.class === 'audit' && each.readable > 0).map(({ ied }) => ied)
  const own = readable.filter(each => each.organisation === organisation && each.readable > 0)
  const sealed = others.reduce((sum, each) => sum + (each.class === 'audit' ? each.headersOnly : 0), 0)
  const faults = [
    ...strangers.map(ied => `records of ${ied}`),
    ...opened.map(ied => `audit records of ${ied}`),
    ...(own.length === 0 ? ['nothing of its own'] : []),
  ]
  return {
    name: `${backEnd}: reads no portion that is another's alone`,
    ok: faults.length === 0,
    measured:
      faults.length === 0
        ? `${others.length === 0 ? 'nothing of others' : `${sealed} audit records of others by their headers alone`}; ${own.reduce((sum, each) => sum + each.readable, 0)} records of its own`
        : `reads ${faults.join(', ')}`,
  }
}

/** IEDs that lose the source when these devices trip. */
export function leftDead(feeder: Feeder, devices: readonly string[]): string[] {
  const dead = devices.flatMap(device => [...feeder.fedThrough(device).certain])
  return [...new Set(dead)].sort()
}
