// One round of an aggregator: fetch from each member what each back end has not receipted yet, deliver it, and carry the
// receipts back.
//
// The round keeps nothing. Whatever it has fetched and not delivered, the next one fetches again, so it may be killed at
// any instant, and two of them may run at once. A member that aggregates for itself runs it with itself as only member.

import type { Batch, Destination, Outcome, Pull, PullRefusal } from './delivery.ts'

/** Every port call ends: its adapter gives up after a time-out by rejecting. */
export interface RollUpPorts {
  readonly pull: (member: string, pull: Pull) => Promise<Batch | PullRefusal>
  readonly deliver: (destination: Destination, batch: Batch) => Promise<Outcome>
  readonly carry: (member: string, outcomes: readonly Outcome[]) => Promise<void>
  readonly log: (event: RollUpEvent) => void
}

export interface RollUpLimits {
  /** Batches for one member and destination in one round; the rest waits for the next. */
  readonly batches: number
  /** Of one batch: small, so that its making and checking are over before anything urgent has waited for long. */
  readonly records: number
  readonly bytes: number
  /** Of the first batch of a member; further ones are up to twice the last, so that a slow link gets something over. */
  readonly firstBytes: number
  /** Whoever delivers for longer takes less next time: what is new then waits no longer than that behind a backfill. */
  readonly deliverWithinMs: number
  /** Members served at once for one destination. */
  readonly concurrency: number
  /** After so many failed deliveries without one between them that worked, the round leaves a back end alone. */
  readonly deliveryFailures: number
}

export const rollUpLimits: RollUpLimits = {
  batches: 80,
  records: 100,
  bytes: 64 * 1024,
  firstBytes: 8 * 1024,
  deliverWithinMs: 500,
  concurrency: 16,
  deliveryFailures: 2,
}

export interface RollUpRound extends RollUpPorts {
  readonly members: readonly string[]
  readonly destinations: readonly Destination[]
  readonly limits?: RollUpLimits
  /** Monotonic, ms. Without it batches grow, whatever time they take. */
  readonly now?: () => number
}

export type RollUpEvent =
  | {
      readonly event: 'memberSilent' | 'carryFailed'
      readonly member: string
      readonly backEnd: string
      readonly cause: unknown
    }
  | { readonly event: 'deliveryFailed'; readonly member: string; readonly backEnd: string; readonly cause: unknown }
  | { readonly event: 'refused'; readonly member: string; readonly backEnd: string; readonly reason: string }

export interface RollUpCounts {
  /** Delivered and receipted, summed over destinations. A record that had to be sent again counts again. */
  readonly records: number
  readonly receipts: number
  readonly refusals: number
  /** Members, by destination, that did not answer. */
  readonly silent: number
  readonly deliveryFailures: number
  /** Members, by destination, that have more than the round could take. */
  readonly unfinished: number
}

type Counts = { -readonly [each in keyof RollUpCounts]: number }

/** Never rejects: a member or back end that fails is counted, and does not hold up the others. */
export async function rollUpRound(round: RollUpRound): Promise<RollUpCounts> {
  const counts: Counts = { records: 0, receipts: 0, refusals: 0, silent: 0, deliveryFailures: 0, unfinished: 0 }
  await Promise.all(round.destinations.map(destination => serve(round, destination, counts)))
  return counts
}

/** A lane of its own for each destination, so that a dead one stops only its own traffic. */
async function serve(round: RollUpRound, destination: Destination, counts: Counts): Promise<void> {
  const { concurrency, deliveryFailures } = round.limits ?? rollUpLimits
  const waiting = [...round.members]
  const lane = { failuresInARow: 0 }
  const worker = async (): Promise<void> => {
    while (lane.failuresInARow < deliveryFailures) {
      const member = waiting.shift()
      if (member === undefined) return
      await forward(round, member, destination, lane, counts)
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, waiting.length) }, worker))
}

async function forward(
  round: RollUpRound,
  member: string,
  destination: Destination,
  lane: { failuresInARow: number },
  counts: Counts,
): Promise<void> {
  const { log, limits = rollUpLimits, now = () => 0 } = round
  const { backEnd } = destination
  let outcomes: Outcome[] = []
  let reached = -1
  let bytes = limits.firstBytes
  for (let batches = 0; batches < limits.batches; batches++) {
    const want = { records: limits.records, bytes }
    const batch = await round.pull(member, { recipient: destination, want, outcomes }).catch((cause: unknown) => {
      log({ event: 'memberSilent', member, backEnd, cause })
    })
    if (!batch) return void counts.silent++
    outcomes = [] // the pull has carried them
    if (batch.kind === 'pullRefusal') return log({ event: 'refused', member, backEnd, reason: batch.reason })
    if (batch.ied !== member) return log({ event: 'refused', member, backEnd, reason: `answered as ${batch.ied}` })
    if (batch.records.length === 0 || batch.head.number === reached) return

    const began = now()
    const outcome = await round.deliver(destination, batch).catch((cause: unknown) => {
      log({ event: 'deliveryFailed', member, backEnd, cause })
    })
    lane.failuresInARow = outcome ? 0 : lane.failuresInARow + 1
    if (!outcome) return void counts.deliveryFailures++
    outcomes = [outcome]
    bytes = nextBytes(bytes, now() - began, limits)
    if (outcome.kind === 'receipt') {
      reached = batch.head.number
      counts.receipts++
      counts.records += batch.records.length
      if (batch.remaining === 0) break
    } else {
      counts.refusals++
      log({ event: 'refused', member, backEnd, reason: outcome.reason })
      if (outcome.reason !== 'gap') break
    }
    if (batches === limits.batches - 1) counts.unfinished++
  }
  await round.carry(member, outcomes).catch((cause: unknown) => {
    log({ event: 'carryFailed', member, backEnd, cause }) // the next round's delivery brings a receipt again
  })
}

/** A link may be as slow as it likes: less than a quarter of the first one is not worth a batch. */
function nextBytes(bytes: number, tookMs: number, { bytes: most, firstBytes, deliverWithinMs }: RollUpLimits): number {
  if (tookMs <= deliverWithinMs / 2) return Math.min(most, bytes * 2)
  if (tookMs <= deliverWithinMs) return bytes
  return Math.max(Math.floor(firstBytes / 4), Math.floor((bytes * deliverWithinMs) / tookMs))
}
