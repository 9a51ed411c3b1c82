// Delivers for the aggregator of a group on a large feeder: through the feeder's aggregator while that works, straight to
// the back end otherwise, and never later than the next request.
//
// What comes back through it counts when the back end signed it, for this very ledger. A refusal bears no signature, so it
// is asked for again, straight, and believed only where the back end says it itself or is not to be reached.

import type { Instant } from '../../topology/units.ts'
import type { Batch, Destination, Outcome } from './delivery.ts'
import type { Receipt } from './receipt.ts'
import { goesThrough, type UpperWayEvent, type UpperWayState, upperWay, upperWayStart } from './upper-way.ts'

export interface UpperPorts {
  /** The feeder's aggregator, where there is one and it is not this IED. */
  above(): string | undefined
  through(above: string, to: Destination, batch: Batch): Promise<Outcome>
  straight(to: Destination, batch: Batch): Promise<Outcome>
  /** Whether the back end itself signed it. */
  isGenuine(to: Destination, receipt: Receipt): boolean
  now(): Instant
}

/** Back ends of which the way is remembered; the oldest gives way, and is tried through the aggregator again. */
const MAX_WAYS = 64

export interface UpperDelivery {
  deliver(to: Destination, batch: Batch): Promise<Outcome>
  /** Batches that went through the feeder's aggregator and were answered. */
  through(): number
}

export function throughUpper(ports: UpperPorts): UpperDelivery {
  const ways = new Map<string, UpperWayState>()
  let through = 0

  function turn(key: string, event: UpperWayEvent): void {
    const next = upperWay(ways.get(key) ?? upperWayStart, event, ports.now())
    ways.delete(key)
    ways.set(key, next)
    const [oldest] = ways.keys()
    if (ways.size > MAX_WAYS && oldest !== undefined) ways.delete(oldest)
  }

  async function deliver(to: Destination, batch: Batch): Promise<Outcome> {
    const above = ports.above()
    const key = `${to.organisation}/${to.backEnd}`
    if (above === undefined || !goesThrough(ways.get(key) ?? upperWayStart, ports.now())) {
      return ports.straight(to, batch)
    }
    let outcome: Outcome
    try {
      outcome = await ports.through(above, to, batch)
    } catch {
      turn(key, { kind: 'failed' })
      return ports.straight(to, batch)
    }
    const isOfThis = outcome.ied === batch.ied && outcome.ledgerId === batch.ledgerId && outcome.backEnd === to.backEnd
    if (outcome.kind === 'receipt') {
      const isGenuine = isOfThis && ports.isGenuine(to, outcome)
      turn(key, { kind: 'outcome', isGenuine })
      if (!isGenuine) return ports.straight(to, batch)
      through++
      return outcome
    }
    let own: Outcome
    try {
      own = await ports.straight(to, batch)
    } catch (error) {
      // Only the feeder's aggregator reaches the back end: a refusal makes the member send again, and harms nothing.
      if (isOfThis) return outcome
      turn(key, { kind: 'failed' })
      throw error
    }
    if (own.kind === 'receipt') turn(key, { kind: 'failed' })
    return own
  }

  return { deliver, through: () => through }
}
