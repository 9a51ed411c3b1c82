// The inhibit that stands at an IED: no automatic operation of this agent, and no remote closing, until it is ended or its
// time is over. Protection is not among what it blocks: trips and the backing-up of a failed breaker go on.
//
// It is durable before it counts, and outlives a restart. How long it still has is then known by UTC alone; without a
// good clock, then or when it was set, it stands until somebody ends it. Changes go one after the other: the time of an
// inhibit that runs out while a new one is written ends the old one only.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { instant } from '../../topology/units.ts'
import type { ComponentContext } from './component.ts'

const KEY = 'commands/inhibit'
/** `untilUtcMs` is absent where the clock was not good. */
const kept = z.object({ untilUtcMs: z.number().optional(), by: z.string() }).strict()

export interface StandingInhibit {
  stands(): boolean
  /** @param minutes 0 ends it */
  set(minutes: number, by: string): Promise<void>
  stop(): void
}

export async function standingInhibit({
  store,
  clock,
  bus,
  report,
  log,
}: Pick<ComponentContext, 'store' | 'clock' | 'bus' | 'report' | 'log'>): Promise<StandingInhibit> {
  let standing: z.infer<typeof kept> | undefined
  let cancel = (): void => {}
  let last: Promise<unknown> = Promise.resolve()

  function inTurn(change: () => Promise<void>): Promise<void> {
    const done = last.then(change)
    last = done.catch(() => {})
    return done
  }

  function stand(next: typeof standing): void {
    standing = next
    cancel()
    bus.emit('inhibited', { stands: next !== undefined })
  }

  function endAfter(ms: number): void {
    const which = standing
    cancel = clock.wakeAt(instant(clock.now() + ms), () => {
      inTurn(async () => {
        if (standing === which) await end('time')
      }).catch(error => log.error('inhibit-not-ended', { reason: (error as Error).message }))
    })
  }

  async function end(by: string): Promise<void> {
    await store.batch([{ del: KEY }], { durable: true })
    if (standing === undefined) return
    stand(undefined)
    report('inhibit-ended', { by })
  }

  const before = await store.get(KEY)
  if (before !== undefined) {
    stand(kept.parse(fromCbor(before)))
    const until = standing?.untilUtcMs
    if (until !== undefined && clock.utcGood()) endAfter(Math.max(0, until - clock.utc()))
  }

  // Components may be configured to start after this one, and have not heard of it.
  const cancelAgain = bus.on('components-started', () => {
    if (standing !== undefined) bus.emit('inhibited', { stands: true })
  })

  return {
    stands: () => standing !== undefined,
    set: (minutes, by) =>
      inTurn(async () => {
        if (minutes === 0) return end(by)
        const until = clock.utcGood() ? { untilUtcMs: Math.floor(clock.utc() + minutes * 60_000) } : {}
        const next = { ...until, by }
        await store.batch([{ put: KEY, value: toCbor(next) }], { durable: true })
        stand(next)
        endAfter(minutes * 60_000)
        report('inhibited', { by, minutes })
      }),
    stop() {
      cancelAgain()
      cancel()
    },
  }
}
