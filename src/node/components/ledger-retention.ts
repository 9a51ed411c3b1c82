// Retention: now and then, and soon after much was appended, lets go of what of the ledger may go, and raises the alarms.
// What may go is decided in src/aggregation/retention.ts.

import { duration } from '../../../topology/units.ts'
import type { Drop } from '../../aggregation/ledger.ts'
import { totalBytes } from '../../aggregation/ledger-usage.ts'
import { coveredUpTo } from '../../aggregation/receipt.ts'
import { openReceipts } from '../../aggregation/receipts.ts'
import type { RecordClass } from '../../aggregation/record.ts'
import { BEGIN_AT, type KeptFor, retention } from '../../aggregation/retention.ts'
import { grantsOf } from '../../aggregation/sharing-policy.ts'
import { waitedClasses } from '../../aggregation/waited-classes.ts'
import type { Component } from '../component.ts'
import { ledgerQuota, retentionPolicy } from '../ledger-config.ts'
import { serveOwnLedger } from '../ledger-readout.ts'
import { recordTime } from '../record-time.ts'

const EVERY = duration(60_000)
/** Where room is short it is looked at more often: that is, as often as this, and only if it still is. */
const SHORT = duration(2_000)

export const ledgerRetention: Component = {
  name: 'ledger-retention',
  start(context) {
    const { ledger, store, config, clock, sharing, report, readout, log } = context
    if (config.role === 'IED') serveOwnLedger(context, ledger, context.links.peerId)
    const policy = retentionPolicy(config.ledger)
    const quota = ledgerQuota(config.ledger)
    const decide = retention(policy)
    let isFull = false
    let isFailed = false
    let running: Promise<void> | undefined

    /** From the store: what the roll-up has verified and kept. */
    async function readers(): Promise<KeptFor[]> {
      const receipts = await openReceipts(store, ledger.ledgerId)
      const now = clock.utc()
      const headerOf = async (number: number) =>
        (await ledger.read({ after: number - 1, limit: 1, maxBytes: 0 }))[0]?.header
      const kept: KeptFor[] = []
      for (const reader of sharing.backEnds()) {
        const { backEnd } = reader
        const receipt = receipts.of(backEnd)
        const upTo = (each: RecordClass): number => (receipt === undefined ? 0 : coveredUpTo(receipt, [each]))
        const waited = await waitedClasses(sharing.policy(), reader, receipt, headerOf, now)
        for (const { classes, required = true } of grantsOf(sharing.policy(), reader, now)) {
          const of = classes.filter(each => waited.has(each))
          kept.push({ backEnd, required, coveredUpTo: Object.fromEntries(of.map(each => [each, upTo(each)])) })
        }
      }
      return kept
    }

    /** @returns bytes that are free by it */
    async function letGo(wanted: Drop): Promise<number> {
      const dropped = await ledger.drop(wanted)
      if (dropped === undefined) return 0
      const { class: recordClass, from, to, count, reason, number, bytes } = dropped
      const fields = { class: recordClass, from, to, count, reason, number }
      if (reason === 'quota') report('alarm', { alarm: 'ledgerQuota', ...fields })
      else report('ledger-dropped', fields)
      return bytes
    }

    /** A store that took no writes, as on a full disk, may take them again: then it goes on here, and that is told. */
    async function ledgerReady(): Promise<boolean> {
      try {
        await ledger.ready()
      } catch (error) {
        const { message } = error as Error
        if (!isFailed) report('alarm', { alarm: 'ledgerFailed', reason: message.slice(0, 300) })
        isFailed = true
        return false
      }
      if (isFailed) report('ledger-goes-on', { number: ledger.head().number })
      isFailed = false
      return true
    }

    async function look(): Promise<void> {
      if (!(await ledgerReady())) return
      const { aged, pressed } = decide(
        { head: ledger.head().number, usage: ledger.usage(), readers: await readers() },
        recordTime(clock),
      )
      for (const each of aged) while ((await letGo(each)) > 0) await nextTurn()
      let left = pressed.bytes
      for (const each of pressed.drops) {
        while (left > 0) {
          const freed = await letGo({ ...each, bytes: left })
          if (freed === 0) break
          left -= freed
          await nextTurn()
        }
      }
      const used = totalBytes(ledger.usage())
      if (used >= quota.bytes - quota.reservedBytes) tellFull(used)
      else if (used < BEGIN_AT * quota.bytes) isFull = false
    }

    /** Once, until there is room again. The alarm reaches people though the ledger may have no room to keep it. */
    function tellFull(bytes: number): void {
      if (isFull) return
      isFull = true
      report('alarm', { alarm: 'ledgerFull', bytes, quotaBytes: quota.bytes })
    }

    const lookNow = (): void => {
      running ??= look()
        .catch(error => log.error('retention-failed', { reason: (error as Error).message }))
        .finally(() => {
          running = undefined
        })
    }
    const isShort = (): boolean => isFailed || totalBytes(ledger.usage()) >= BEGIN_AT * policy.quotaBytes
    const cancels = [clock.every(EVERY, lookNow), clock.every(SHORT, () => isShort() && lookNow())]

    readout('ledger-usage', async () => {
      const usage = ledger.usage()
      const classes = Object.entries(usage.classes).map(([each, { records, bytes }]) => ({
        class: each,
        records,
        bytes,
      }))
      return { usage: [...classes, { class: 'chain', records: ledger.head().number, bytes: usage.chainBytes }] }
    })
    return {
      async stop() {
        for (const cancel of cancels) cancel()
        await running
      },
    }
  },
}

const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
