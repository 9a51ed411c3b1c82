// What is new, while thousands of records that a back end lacks come over the same slow line: by the roll-up of itself, and
// because the back end asks for them. In virtual time, so that the figures are the protocol's.

import { describe, expect, it } from 'vitest'
import { recordClasses } from '../../src/aggregation/record.ts'
import { askedSite } from './asked-site.ts'

/** A modem's. */
const LINE = { bitsPerSecond: 128_000, delayMs: 25 }
const EVERY_MS = 2_000
const LIVE = 15

/** From the append of a record of a class that goes at once until the back end has it, ms, in order. */
async function latencies(backlog: number, isAsked: boolean) {
  const site = await askedSite({ line: LINE, classes: ['event'] })
  const backEnd = await site.backEnd()
  await site.append(backlog)
  // Headers alone: readings are not for this back end yet.
  while (site.source.pending('BE1') > 0) await untilDone(site, site.roll(backEnd))
  const [lackedFrom, asked] = [site.scheduler.now(), site.asked.length]
  site.grant(['event', 'billing'])
  const id = isAsked
    ? await backEnd.asks.ask({
        ied: 'R3',
        range: { fromUtcMs: site.at(0), toUtcMs: site.at(lackedFrom + 1), classes: recordClasses },
        by: 'viewer',
      })
    : ''
  let isRolling = false
  const roll = (): void => {
    if (isRolling) return
    isRolling = true
    void site.roll(backEnd).finally(() => {
      isRolling = false
    })
  }
  site.inFlight.most = 0
  const appended = new Map<number, number>()
  for (let n = 0; n < LIVE; n++) {
    await site.scheduler.runUntil(site.scheduler.now() + EVERY_MS)
    appended.set(await site.append(1, 'event'), site.scheduler.now())
    roll()
  }
  const lackingMeanwhile = (await backEnd.collector.firstLacking(place(site), 0)) !== undefined
  await site.scheduler.runUntil(site.scheduler.now() + 20_000)
  const took = [...appended]
    .map(([number, at]) => (backEnd.arrived.get(number) ?? Number.NaN) - at)
    .sort((a, b) => a - b)
  // In the end all of it is there.
  for (let rounds = 0; rounds < 40 && (await backEnd.collector.firstLacking(place(site), 0)) !== undefined; rounds++) {
    roll()
    await site.scheduler.runUntil(site.scheduler.now() + 30_000)
  }
  return {
    took,
    lackingMeanwhile,
    lacking: await backEnd.collector.countAbsent(place(site)),
    state: backEnd.asks.of(id)?.state,
    answers: site.asked.length - asked,
    mostInFlight: site.inFlight.most,
  }
}

type Site = Awaited<ReturnType<typeof askedSite>>

const place = (site: Site) => ({
  ied: 'R3',
  ledgerId: site.ledger.ledgerId,
  range: { fromUtcMs: site.at(0), toUtcMs: site.at(1e12), classes: recordClasses },
})

async function untilDone(site: Site, done: Promise<unknown>): Promise<void> {
  let isDone = false
  void done.then(() => {
    isDone = true
  })
  while (!isDone) await site.scheduler.runUntil(site.scheduler.now() + 1000)
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.floor((sorted.length - 1) * share)] as number

describe('a new record beside a backfill of thousands over a slow line', () => {
  it('waits for what one batch and one answer take, and no longer', async () => {
    const alone = await latencies(0, false)
    expect(at(alone.took, 1)).toBeLessThan(150)
    for (const isAsked of [false, true]) {
      const beside = await latencies(2000, isAsked)
      expect(beside.lackingMeanwhile).toBe(true) // it was one, all the time
      // Half a second for a batch of the roll-up's backfill, a quarter for an asked answer, and its own way.
      expect(at(beside.took, 1)).toBeLessThan(at(alone.took, 1) + 500 + 250 + 100)
      expect(beside.lacking).toEqual({ lacking: 0, gone: 0 })
      if (isAsked) expect(beside.state).toBe('whole')
    }
  })
})
