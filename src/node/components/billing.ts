// Bills of the own readings, recorded in the ledger at the end of each day or month as the configuration says. From there
// they reach whoever may read billing, as readings do.
//
// A bill is made once for each period: the last one says where the next begins, by its record in the ledger or by what is kept
// beside it (`kept-bill.ts`). What fell due while the agent was off is made up for at the start. While the clock is not good
// nothing is billed, since nobody knows what is due. Where no bill is known though the ledger has let go of readings, there may
// have been one: the first bill then says that it begins anew, and so does an alarm.

import { duration, instant } from '../../../topology/units.ts'
import { billIn, encodeBill } from '../../aggregation/billing/bill-record.ts'
import { isDroppedWord } from '../../aggregation/dropped.ts'
import { billsHere } from '../bills-aside.ts'
import type { Component } from '../component.ts'
import { contractsOf } from '../contracts.ts'
import type { LastBill } from '../issued-bills.ts'
import { keptBill, laterBill } from '../kept-bill.ts'
import { ownReadingSource } from '../own-reading-source.ts'

/** After the end of a period, so that the last reading of it is there. */
const GRACE_MS = 120_000
/** At least so often it is looked whether one is due: a clock may be set meanwhile. */
const LONGEST_WAIT_MS = 3_600_000
/** Bills made in one go; the rest with the next look. */
const MOST_AT_ONCE = 31
const ANEW =
  'earlier readings have gone from the ledger, and no bill of them is known: this one begins with the first that is left, ' +
  'without credit of a bill before'

export const billingComponent: Component = {
  name: 'billing',
  start(context) {
    const { config, ledger, clock, bus, log, report, store } = context
    const { tariff: file, cycle } = config.billing ?? {}
    if (file === undefined || cycle === undefined) return { stop: () => {} }
    const source = ownReadingSource(ledger, bus, context.computeBills)
    let cancel = (): void => {}
    let running: Promise<void> = Promise.resolve()
    let stopped = false
    const kept = keptBill(store)
    /** Since the first look: nobody else makes bills here. */
    let latest: LastBill | undefined

    async function lastBill(): Promise<LastBill | undefined> {
      if (latest !== undefined) return latest
      const record = await ledger.last('billing', content => billIn(content) !== undefined)
      latest = laterBill(await kept.read(), record?.body && billIn(record.body.content))
      return latest
    }

    async function makeDue(): Promise<void> {
      if (!clock.utcGood()) return
      const billing = await import('../../aggregation/billing/index.ts')
      const { billRow, compileTariff, creditFor, historyMs, nextBoundary, noCredit, rawInterval } = billing
      const { withCreditNote } = billing
      const { creditOf } = await import('../issued-bills.ts')
      const { parseTariff, readTariff } = await import('../tariff-file.ts')
      for (let made = 0; made < MOST_AT_ONCE && !stopped; made++) {
        const before = await lastBill()
        const from = before === undefined ? await firstReadingUtc() : Date.parse(before.toUtc)
        if (from === undefined) return
        const contracts = contractsOf(bus)
        const at = contracts.findLastIndex(({ fromUtcMs }) => fromUtcMs <= from)
        const contract = contracts[at]
        const tariff = contract === undefined ? readTariff(file as string) : parseTariff(contract.text, 'tariff')
        const { zone } = compileTariff(tariff)
        // A bill ends where another contract begins.
        const next = contracts[at + 1]?.fromUtcMs ?? Number.POSITIVE_INFINITY
        const to = Math.min(nextBoundary(from, cycle as 'monthly' | 'daily', zone), next)
        if (clock.utc() < to + GRACE_MS) return
        const raw = []
        for await (const reading of source.readings(ledger.ied, from - historyMs(tariff), to))
          raw.push(rawInterval(reading))
        const period = { from: new Date(from).toISOString(), to: new Date(to).toISOString() }
        const credit = before === undefined ? noCredit : creditOf(before, contracts)
        const { currency, decimals } = tariff
        const carried = creditFor(credit, { supplier: contract?.supplier ?? tariff.supplier, currency, decimals })
        const { bills } = await (context.computeBills ?? billsHere)(ledger.ied, raw, {
          tariff,
          cycle: 'once',
          ...period,
          carried,
          edits: (await source.edits?.(ledger.ied)) ?? [],
          ...(contract?.prices === undefined ? {} : { prices: contract.prices }),
          nowUtcMs: clock.utc(),
        })
        const [bill] = bills
        if (bill === undefined) return
        const beginsAnew = before === undefined && (await ledger.last('billing', isDroppedWord)) !== undefined
        const noted = beginsAnew ? { ...bill, notes: [...bill.notes, ANEW] } : bill
        const row = billRow(credit.amount === carried ? noted : withCreditNote(noted, credit))
        const { number } = await ledger.append('billing', encodeBill(row))
        latest = row
        bus.emit('appended', { number })
        await kept.write(row).catch(error => log.warn('bill-not-kept', { reason: (error as Error).message }))
        if (beginsAnew) report('alarm', { alarm: 'billBegunAnew', number, ...period })
        report('billed', { number, ...period, total: row.total, currency: row.currency, importKwh: row.importKwh })
      }
    }

    async function firstReadingUtc(): Promise<number | undefined> {
      for await (const { startUtcMs } of source.readings(ledger.ied, 0, Number.MAX_SAFE_INTEGER)) return startUtcMs
      return undefined
    }

    function schedule(waitMs: number): void {
      if (stopped) return
      cancel = clock.wakeAt(instant(clock.now() + duration(waitMs)), () => {
        running = makeDue()
          .catch(error => {
            log.warn('bill-failed', { reason: (error as Error).message })
            report('alarm', { alarm: 'billFailed', reason: (error as Error).message.slice(0, 300) })
          })
          .then(() => schedule(cycle === 'daily' ? GRACE_MS : LONGEST_WAIT_MS))
      })
    }
    schedule(GRACE_MS / 60)
    return {
      async stop() {
        stopped = true
        cancel()
        await running
      },
    }
  },
}
