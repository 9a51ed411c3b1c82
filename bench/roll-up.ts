// Records on their way: how long one takes from its IED to a back end's receipt, what a reading takes on the wire, three days
// without a back end, and what a backfill does to records that are new.
//
// The agents are whole in the first part, the cores and their real sealing in the others; the network is the simulator's, or
// a link of so many bits a second, in virtual time. So the figures are of the protocol, whatever the machine does.

import { createWorld } from '../sim/runtime/world.ts'
import { agentsFeeder } from './agents-feeder.ts'
import { BITS_PER_SECOND, openSite } from './roll-up-site.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { over, row, target } from './table.ts'

const DAYS = 3
const READING_SECONDS = 10
/** A backfill of three days takes longer than this. */
const LIVE_MS = 40_000
const LIVE_EVERY_MS = 2_000

export const rollUp: Section = {
  title: 'Roll-up: from a record to its receipt (virtual time)',
  withinMs: 180_000,
  measure,
}

async function measure({ quick, chance }: SectionOptions): Promise<SectionResult> {
  const minutes = quick ? 300 : DAYS * 24 * 60
  const agents = await wholeAgents(quick ? 60 : 180, chance)
  const stored = await storeAndForward(minutes)
  const alone = await live(0)
  const beside = await live(minutes)
  const plain = row('new record, nothing else to do', 'ms', alone)
  const busy = row(`new record, beside a backfill of ${minutes} readings`, 'ms', beside, plain)
  return {
    rows: [row('ten whole agents: reading to back end, in real time mode', 'ms', agents), plain, busy],
    targets: [target('new record beside a backfill, p99 over alone', over(busy, plain, 'p99'), 10)],
    notes: [
      `${minutes} readings kept without a back end arrive in ${stored.batches} batches and ` +
        `${Math.round(stored.virtualMs / 1000)} s of a link of ${BITS_PER_SECOND / 1000} kbit/s`,
      `${Math.round(stored.bytes / minutes)} bytes on the wire for each reading, sealed, header and receipt included: ×` +
        `${(stored.bytes / minutes / stored.contentBytes).toFixed(1)} of its own ${Math.round(stored.contentBytes)}; alone in its batch ${stored.single}`,
      `heap after all of them ${stored.heapMb.toFixed(1)} MB above before, the two ledgers in memory included`,
    ],
  }
}

/** From the end of a reading's interval until a back end has it, meter and disk included, through the group's aggregator. */
async function wholeAgents(seconds: number, chance: () => number): Promise<number[]> {
  const feeder = agentsFeeder(10, chance)
  const settings = new Map(
    feeder.ieds.map(({ name }) => [
      name,
      { forwarding: { intervalSeconds: 60, classes: { billing: { mode: 'realTime' } } } },
    ]),
  )
  const world = await createWorld({ feeder, seed: 'bench', readingSeconds: READING_SECONDS, settings })
  await world.runUntil(20_000 + seconds * 1000)
  await world.stop()
  // Intervals end at each tenth second of UTC, and the world began at one.
  return world.trace.events.flatMap(({ event, atMs }) =>
    event === 'collected' && atMs > 20_000 ? [atMs % (READING_SECONDS * 1000)] : [],
  )
}

async function storeAndForward(minutes: number) {
  const site = await openSite(['billing'])
  const heap = process.memoryUsage().heapUsed
  for (let n = 0; n < minutes; n++) await site.append()
  while (site.pending() > 0) await site.round()
  const { bytes, batches, now } = site.counts()
  await site.append()
  await site.round()
  return {
    bytes,
    batches,
    virtualMs: now,
    contentBytes: site.contentBytes(),
    single: site.counts().bytes - bytes,
    heapMb: (process.memoryUsage().heapUsed - heap) / 1e6,
  }
}

/** A new record each two seconds while a back end that was entitled lately gets what came before. */
async function live(before: number): Promise<number[]> {
  const site = await openSite(['event'])
  for (let n = 0; n < before; n++) await site.append()
  while (site.pending() > 0) await site.round() // headers alone
  await site.entitle(['event', 'billing'])
  site.appendEach(LIVE_EVERY_MS)
  const began = site.counts().now
  while (site.counts().now < began + LIVE_MS) {
    await site.round()
    await site.advance(50)
  }
  return site.took()
}
