// Which bills a back end issues to its partners, of what it has collected: one for each meter and period that is over. It waits
// for the last readings of the period; after `waitHours` the bill goes with what is estimated or missing, and says so. Readings,
// edits and contracts that come later make a corrected bill, which is the next revision of the same.
//
// A meter is looked at again only when something of it has come. What lies further back than a few periods is looked at only as
// far as no bill of it has been issued.

import { billRow } from '../aggregation/billing/bill-record.ts'
import { type Credit, type Cycle, compileTariff, nextBoundary, noCredit } from '../aggregation/billing/index.ts'
import type { ExchangeContent } from '../aggregation/exchange/exchange-document.ts'
import { firstOfMonth, type ZoneClock } from '../aggregation/local-time.ts'
import { type BilledPart, billedParts, type ReadingSource } from './bill-answer.ts'
import type { ContractSpan } from './component.ts'
import { readText } from './read-text.ts'
import { parseTariff } from './tariff-file.ts'

/** Periods whose bills are looked at again. */
const LOOK_BACK = { monthly: 3, daily: 14 } as const
/** Bills of one meter made in one look. */
const MOST_AT_ONCE = 60
const DAY_MS = 86_400_000

export interface LastBill {
  readonly toUtc: string
  /** Credit that goes on, a decimal. */
  readonly carried: string
  readonly currency: string
  readonly supplier?: string
}

export interface IssuedBillsPorts {
  readonly source: ReadingSource
  /** `billing.tariff` of the configuration. */
  readonly configured: string | undefined
  readonly cycle: Exclude<Cycle, 'once'>
  readonly waitMs: number
  /** The bills of this meter that have been issued, in order of their time. */
  issued(meter: string): Promise<readonly LastBill[]>
  ledgersOf(meter: string): Promise<readonly { readonly ledgerId: string; readonly number: number }[]>
}

/** @returns bills in order of their time; none of a meter of which there are no readings yet */
export async function billsDue(meter: string, ports: IssuedBillsPorts, nowUtcMs: number): Promise<ExchangeContent[]> {
  const { source, configured, cycle } = ports
  const first = await firstReadingUtc(source, meter)
  const contracts = (await source.contracts?.(meter)) ?? []
  const text = contracts.at(-1)?.text ?? (configured === undefined ? undefined : readText(configured, 'tariff'))
  if (first === undefined || text === undefined) return []
  const { zone } = compileTariff(parseTariff(text, 'tariff'))
  const before = await ports.issued(meter)
  const back = lookedBackTo(nowUtcMs, cycle, zone)
  const reached = before.at(-1) === undefined ? first : Date.parse((before.at(-1) as LastBill).toUtc)
  const ledgers = [...(await ports.ledgersOf(meter))].slice(-64)
  const due: ExchangeContent[] = []
  let from = Math.max(first, Math.min(back, reached))
  let carried = carriedInto(before, from, contracts)
  for (
    let to = nextBoundary(from, cycle, zone);
    to <= nowUtcMs && due.length < MOST_AT_ONCE;
    to = nextBoundary(from, cycle, zone)
  ) {
    const isWaitedFor = nowUtcMs < to + ports.waitMs && !(await isCovered(source, meter, to))
    if (isWaitedFor) break // those behind it need its credit
    const times = { from: new Date(from).toISOString(), to: new Date(to).toISOString() }
    const wish = { meter, ...times, cycle: 'once' as const }
    const parts: BilledPart[] = await billedParts('bill', wish, configured, source, nowUtcMs, carried)
    for (const { bills, document, credit } of parts) {
      for (const bill of bills)
        due.push({ kind: 'bill', meter, bill: billRow(bill), tariffSha256: document.sha256, ledgers })
      carried = credit
    }
    from = to
  }
  return due
}

function lookedBackTo(nowUtcMs: number, cycle: 'monthly' | 'daily', zone: ZoneClock): number {
  const periods = LOOK_BACK[cycle]
  const date = cycle === 'monthly' ? firstOfMonth(zone.at(nowUtcMs), -periods) : zone.at(nowUtcMs - periods * DAY_MS)
  return zone.dayStart(date)
}

/** Of the bill that ends where this one begins. */
function carriedInto(before: readonly LastBill[], fromUtcMs: number, contracts: readonly ContractSpan[]): Credit {
  const found = before.find(({ toUtc }) => Date.parse(toUtc) === fromUtcMs)
  return found === undefined ? noCredit : creditOf(found, contracts)
}

/** What a bill that was made leaves, and who owes it: by the contract of its time, where there was one. */
export function creditOf({ toUtc, carried, currency, supplier }: LastBill, contracts: readonly ContractSpan[]): Credit {
  const contract = contracts.findLast(({ fromUtcMs }) => fromUtcMs < Date.parse(toUtc))
  const decimals = carried.split('.')[1]?.length ?? 0
  const holder = { supplier: contract?.supplier ?? supplier, currency, decimals }
  return { amount: BigInt(carried.replace('.', '')), holder }
}

async function firstReadingUtc(source: ReadingSource, meter: string): Promise<number | undefined> {
  for await (const { startUtcMs, endUtcMs } of source.readings(meter, 0, Number.MAX_SAFE_INTEGER))
    if (endUtcMs > startUtcMs) return startUtcMs
  return undefined
}

/** Whether the readings go as far as this. An interval is an hour at the most. */
async function isCovered(source: ReadingSource, meter: string, toUtcMs: number): Promise<boolean> {
  for await (const { endUtcMs } of source.readings(meter, toUtcMs - DAY_MS, Number.MAX_SAFE_INTEGER))
    if (endUtcMs >= toUtcMs) return true
  return false
}
