// What a peer answers to `bill` and `usage`: the bills of one meter, or of all that it has readings of, by the tariff that
// the question brings or that the configuration names. Loaded when the first one asks.

import { z } from 'zod'
import {
  BillingError,
  type BillWish,
  billRow,
  cycles,
  historyMs,
  meterBills,
  type PriceSeries,
  type RawInterval,
  rawInterval,
  type Tariff,
  wishedPeriod,
} from '../aggregation/billing/index.ts'
import type { Reading } from '../aggregation/reading.ts'
import { findingRows, usageRows } from './bill-rows.ts'
import type { ContractSpan } from './component.ts'
import { NodeError } from './node-error.ts'
import { parseTariff, readTariff } from './tariff-file.ts'

const question = z
  .object({
    meter: z.string().max(64).optional(),
    from: z.string().max(40).optional(),
    to: z.string().max(40).optional(),
    cycle: z.enum(cycles).default('once'),
    /** The text of a tariff file. */
    tariff: z.string().max(200_000).optional(),
    limit: z.number().optional(),
  })
  .strict()

export interface ReadingSource {
  meters(): Promise<readonly string[]>
  /** From and to as far as they are known: more than that does no harm. */
  readings(meter: string, fromUtcMs: number, toUtcMs: number): AsyncIterable<Reading>
}

/** Of one meter: a year of minutes. More would hold up whatever else the peer does. */
const MOST_READINGS = 540_000
/** Meters in one answer to `usage`. */
const MOST_METERS = 1_000

/** @throws NodeError BAD_INPUT */
export async function answerBills(
  what: 'bill' | 'usage',
  parameters: Record<string, unknown>,
  configured: string | undefined,
  source: ReadingSource,
  nowUtcMs: number,
  /** By which tariffs the meter is billed from when on, where that has been agreed: they go before the configured one. */
  contracts: readonly ContractSpan[] = [],
): Promise<unknown> {
  const parsed = question.safeParse(parameters)
  if (!parsed.success) {
    throw new NodeError(
      'BAD_INPUT',
      `${what}: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`,
    )
  }
  const { meter, from, to, cycle, tariff: text } = parsed.data
  if (text === undefined && configured === undefined && contracts.length === 0) {
    throw new NodeError('BAD_INPUT', `${what}: no tariff is configured here (billing.tariff), want --tariff FILE`)
  }
  const agreed =
    text === undefined
      ? contracts.map(({ text: own, prices, fromUtcMs }) => ({ tariff: parseTariff(own, 'tariff'), prices, fromUtcMs }))
      : []
  const tariff =
    text !== undefined ? parseTariff(text, 'tariff') : (agreed.at(-1)?.tariff ?? readTariff(configured as string))
  const known = await source.meters()
  if (meter !== undefined && !known.includes(meter)) {
    throw new NodeError(
      'BAD_INPUT',
      `${what}: no readings of "${meter}" here, want one of ${known.slice(0, 20).join(', ') || 'those that come yet'}`,
    )
  }
  if (what === 'bill' && meter === undefined && known.length !== 1) {
    throw new NodeError(
      'BAD_INPUT',
      `bill: want --meter with one of ${known.slice(0, 20).join(', ') || 'those that come yet'}`,
    )
  }
  const wish = { tariff, cycle, nowUtcMs, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  try {
    const meters = meter === undefined ? known.slice(0, MOST_METERS) : [meter]
    const found = []
    for (const each of meters) {
      const raw = await rawOf(source, each, wish)
      const { fromUtcMs = 0 } = wishedPeriod(wish)
      if (what === 'usage' && !raw.some(({ endUtcMs }) => endUtcMs > fromUtcMs)) continue
      for (const part of partsOf(wish, agreed, raw)) found.push({ meter: each, ...meterBills(each, raw, part) })
    }
    if (what === 'usage') return { usage: usageRows(found) }
    return {
      bills: found.flatMap(({ bills }) => bills).map(billRow),
      findings: findingRows(found.flatMap(({ findings }) => findings)),
    }
  } catch (cause) {
    if (cause instanceof BillingError) throw new NodeError('BAD_INPUT', `${what}: ${cause.message}`, { cause })
    throw cause
  }
}

interface Agreed {
  readonly tariff: Tariff
  readonly prices: PriceSeries | undefined
  readonly fromUtcMs: number
}

/** The time cut where another contract begins; the whole where there is none. Times are those of the first tariff's zone. */
function partsOf(wish: BillWish, agreed: readonly Agreed[], raw: readonly RawInterval[]): BillWish[] {
  if (agreed.length === 0) return [wish]
  const period = wishedPeriod(wish)
  const from = period.fromUtcMs ?? raw[0]?.startUtcMs
  const to = period.toUtcMs ?? raw.at(-1)?.endUtcMs
  if (from === undefined || to === undefined) return [wish]
  return agreed.flatMap(({ tariff, prices, fromUtcMs }, n): BillWish[] => {
    const begins = n === 0 ? from : Math.max(from, fromUtcMs)
    const ends = Math.min(to, agreed[n + 1]?.fromUtcMs ?? to)
    if (begins >= ends) return []
    const times = { from: new Date(begins).toISOString(), to: new Date(ends).toISOString() }
    return [{ ...wish, tariff, ...times, ...(prices === undefined ? {} : { prices }) }]
  })
}

async function rawOf(source: ReadingSource, meter: string, wish: { tariff: Tariff; from?: string; to?: string }) {
  const { fromUtcMs, toUtcMs } = wishedPeriod(wish)
  const earliest = fromUtcMs === undefined ? 0 : Math.max(0, fromUtcMs - historyMs(wish.tariff))
  const raw = []
  for await (const reading of source.readings(meter, earliest, toUtcMs ?? Number.MAX_SAFE_INTEGER)) {
    if (raw.push(rawInterval(reading)) > MOST_READINGS) {
      throw new BillingError('BAD_PERIOD', `more than ${MOST_READINGS} readings of ${meter}, want a shorter time`)
    }
  }
  // The first reading of a ledger only begins it.
  return raw.filter(({ startUtcMs, endUtcMs }) => endUtcMs > startUtcMs)
}
