// What a peer answers to `bill` and `usage`: the bills of one meter, or of all that it has readings of, by the tariff that
// the question brings or that the configuration names. Loaded when the first one asks.

import { z } from 'zod'
import {
  BillingError,
  billRow,
  cycles,
  historyMs,
  meterBills,
  rawInterval,
  type Tariff,
  wishedPeriod,
} from '../aggregation/billing/index.ts'
import type { Reading } from '../aggregation/reading.ts'
import { findingRows, usageRows } from './bill-rows.ts'
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
): Promise<unknown> {
  const parsed = question.safeParse(parameters)
  if (!parsed.success) {
    throw new NodeError(
      'BAD_INPUT',
      `${what}: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`,
    )
  }
  const { meter, from, to, cycle, tariff: text } = parsed.data
  if (text === undefined && configured === undefined) {
    throw new NodeError('BAD_INPUT', `${what}: no tariff is configured here (billing.tariff), want --tariff FILE`)
  }
  const tariff = text === undefined ? readTariff(configured as string) : parseTariff(text, 'tariff')
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
      found.push({ meter: each, ...meterBills(each, raw, wish) })
    }
    const [first] = found
    if (what === 'usage') return { usage: usageRows(found) }
    return { bills: (first?.bills ?? []).map(billRow), findings: findingRows(first?.findings ?? []) }
  } catch (cause) {
    if (cause instanceof BillingError) throw new NodeError('BAD_INPUT', `${what}: ${cause.message}`, { cause })
    throw cause
  }
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
