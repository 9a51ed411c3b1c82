// A supplier's back-end peer that answers usage outside its customers' range with an order, from the readings that it collected.
// The order lasts a while and is renewed while the usage stays outside, so a customer's load comes back when this peer is gone.
// The customer's own configuration says whether it takes such orders, and its load desk whose word counts.

import { type Edit, editIn, editOf } from '../aggregation/billing/index.ts'
import { type Reading, readingIn } from '../aggregation/reading.ts'
import { serialQueue } from '../aggregation/serial-queue.ts'
import type { ComponentContext } from './component.ts'
import { intervalsOf } from './cost-answer.ts'
import type { SupplierConfig } from './supplier-config.ts'
import type { SupplierDesk } from './supplier-desk.ts'
import { usageControl } from './usage-control.ts'

/** Of each meter, the latest readings: what a check of one needs beside it. */
const KEPT = 400

export function watchedUsage(
  context: ComponentContext,
  watch: SupplierConfig['watch'],
  desk: SupplierDesk,
): () => Promise<void> {
  const { bus, clock, log, order } = context
  const inTurn = serialQueue()
  const cancels = watch.map(({ ied, tariff: tariffName, orderMinutes, restIntervals }) => {
    let readings: Reading[] = []
    let edits: Edit[] = []
    let renewAt = Number.POSITIVE_INFINITY
    const ask = async (verb: 'disconnect' | 'release', words: string): Promise<string> => {
      const what = verb === 'disconnect' ? { verb, minutes: orderMinutes } : { verb }
      renewAt = verb === 'disconnect' ? clock.now() + orderMinutes * 30_000 : Number.POSITIVE_INFINITY
      const { result, words: answer } = await order({
        to: ied,
        what,
        cause: `usage: ${words}`.slice(0, 200),
        timeoutMs: 10_000,
      })
      return `ordered ${verb}: ${result}, ${answer} (${words})`
    }
    const control = usageControl(context, ied, 'within', restIntervals, async ({ kind }, words) =>
      kind === 'tell' ? `told: ${words}` : ask(kind === 'reduce' ? 'disconnect' : 'release', words),
    )
    const cancelTick = clock.every(5_000, () => {
      if (clock.now() < renewAt || control.state() !== 'excess') return
      ask('disconnect', 'still above its range').catch(error =>
        log.warn('usage-order', { reason: (error as Error).message }),
      )
    })
    const cancelStored = bus.on('stored', ({ ied: of, records }) => {
      if (of !== ied) return
      const contents = records.flatMap(({ header, body }) =>
        header.class === 'billing' && body !== undefined ? [body.content] : [],
      )
      const found = contents.flatMap(content => readingIn(content) ?? [])
      const edited = contents.flatMap(content => editIn(content) ?? [])
      if (found.length + edited.length === 0) return
      edits = [...edits, ...edited.map(editOf)].sort((a, b) => a.atUtcMs - b.atUtcMs).slice(-KEPT)
      // History that comes late stands behind what is there.
      readings = [...readings, ...found].sort((a, b) => a.startUtcMs - b.startUtcMs).slice(-KEPT)
      const tariff = desk.tariff(tariffName)
      if (tariff === undefined || !clock.utcGood()) return
      const intervals = intervalsOf(readings, tariff.timeZone, clock.utc(), edits)
      inTurn(() => control.judge(intervals, tariff, desk.series())).catch(error =>
        log.warn('usage-not-judged', { ied, reason: (error as Error).message }),
      )
    })
    return () => {
      cancelTick()
      cancelStored()
    }
  })
  return async () => {
    for (const cancel of cancels) cancel()
    await inTurn(async () => {})
  }
}
