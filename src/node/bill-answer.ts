// What a peer answers to `bill` and `usage`: the bills of one meter, or of all that it has readings of, by the tariff that
// the question brings, by those that the customer has agreed on, or by the one that the configuration names. Loaded when the
// first one asks.

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { toCbor } from '../../topology/cbor.ts'
import {
  BillingError,
  type BillWish,
  billingPeriods,
  billRow,
  type Credit,
  compileTariff,
  creditFor,
  cycles,
  type Edit,
  historyMs,
  type MeterBills,
  meterBills,
  noCredit,
  type PriceSeries,
  type RawInterval,
  rawInterval,
  type Tariff,
  wishedPeriod,
  withCreditNote,
} from '../aggregation/billing/index.ts'
import type { Reading } from '../aggregation/reading.ts'
import { findingRows, usageRows } from './bill-rows.ts'
import type { ContractSpan } from './component.ts'
import { fitting, MOST_ROW_BYTES, timeIsUp } from './fitting-rows.ts'
import { NodeError } from './node-error.ts'
import { readText } from './read-text.ts'
import { parseTariff } from './tariff-file.ts'

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
export type BillQuestion = z.output<typeof question>

export interface ReadingSource {
  meters(): Promise<readonly string[]>
  /** From and to as far as they are known: more than that does no harm. */
  readings(meter: string, fromUtcMs: number, toUtcMs: number): AsyncIterable<Reading>
  /** What people put in the place of readings, in their order. */
  edits?(meter: string): Promise<readonly Edit[]>
  /** By which tariffs the meter is billed from when on, where that has been agreed: they go before the configured one. */
  contracts?(meter: string): Promise<readonly ContractSpan[]>
}

/** Of one meter: a year of minutes. More would hold up whatever else the peer does. */
const MOST_READINGS = 540_000
/** Meters in one answer to `usage`. */
const MOST_METERS = 1_000

/** @throws NodeError BAD_INPUT */
export function billQuestion(what: string, parameters: Record<string, unknown>): BillQuestion {
  const parsed = question.safeParse(parameters)
  if (parsed.success) return parsed.data
  const words = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  throw new NodeError('BAD_INPUT', `${what}: ${words}`)
}

/** @throws NodeError BAD_INPUT */
export async function answerBills(
  what: 'bill' | 'usage',
  parameters: Record<string, unknown>,
  configured: string | undefined,
  source: ReadingSource,
  nowUtcMs: number,
): Promise<unknown> {
  const asked = billQuestion(what, parameters)
  const { meter } = asked
  const known = await source.meters()
  const lacking = noTariff(what)
  if (asked.tariff === undefined && configured === undefined && known.length === 0) throw lacking
  checkMeter(what, meter, known)
  const found: BilledPart[] = []
  const notBilled: { meter: string; reason: string }[] = []
  const meters = meter === undefined ? known : [meter]
  const isLate = timeIsUp()
  let looked = 0
  let bytes = 0
  for (const each of meters.slice(0, MOST_METERS)) {
    // Of one meter there is always an answer, and whoever asks about all is told how many he did not get.
    if (looked > 0 && (isLate() || bytes > MOST_ROW_BYTES)) break
    looked++
    const parts = billedParts(what, { ...asked, meter: each, isLate }, configured, source, nowUtcMs)
    try {
      const made = await parts
      if (what === 'usage') bytes += toCbor(usageRows(made)).length
      found.push(...made)
    } catch (error) {
      // Of many meters, one whose tariff is not known or can't be had does not keep the others from being shown; and it is said.
      const isOfTariff =
        error instanceof NodeError && (error.code === 'UNREACHABLE' || error.message === lacking.message)
      if (what === 'bill' || meter !== undefined || !isOfTariff) throw error
      notBilled.push({ meter: each, reason: error.message })
    }
  }
  if (found.length === 0 && notBilled.length > 0 && notBilled.every(({ reason }) => reason === lacking.message))
    throw lacking
  const late = found.at(-1)?.leftOut ?? 0
  if (what === 'usage') {
    const { rows, leftOut } = fitting(usageRows(found))
    return { usage: rows, notBilled, leftOut: leftOutOf(meters[looked], meters.length - looked, rows, leftOut + late) }
  }
  const { rows, leftOut } = fitting(found.flatMap(({ bills }) => bills).map(billRow))
  return {
    bills: rows,
    findings: findingRows(found.flatMap(({ findings }) => findings)),
    leftOut: leftOutOf(undefined, 0, rows, leftOut + late),
  }
}

/** What an answer had no room or no time for, and from where on. */
const leftOutOf = (
  nextMeter: string | undefined,
  meters: number,
  rows: readonly { readonly toUtc: string }[],
  periods: number,
): LeftOut => ({
  meters,
  periods,
  ...(nextMeter === undefined ? {} : { fromMeter: nextMeter }),
  ...(periods === 0 ? {} : { fromUtc: rows.at(-1)?.toUtc ?? '' }),
})

interface LeftOut {
  readonly meters: number
  readonly fromMeter?: string
  /** Of the last meter that is shown, at its end. */
  readonly periods: number
  readonly fromUtc?: string
}

const noTariff = (what: string): NodeError =>
  new NodeError('BAD_INPUT', `${what}: no tariff is configured here (billing.tariff), want --tariff FILE`)

/** @throws NodeError BAD_INPUT */
export function checkMeter(what: string, meter: string | undefined, known: readonly string[]): void {
  const those = known.slice(0, 20).join(', ') || 'those that come yet'
  if (meter !== undefined && !known.includes(meter))
    throw new NodeError('BAD_INPUT', `${what}: no readings of "${meter}" here, want one of ${those}`)
  if (what === 'bill' && meter === undefined && known.length !== 1)
    throw new NodeError('BAD_INPUT', `bill: want --meter with one of ${those}`)
}

/** Bills of one time by one tariff. */
export interface BilledPart extends MeterBills {
  readonly meter: string
  readonly document: TariffDocument
  readonly wish: BillWish
  /** What it leaves. */
  readonly credit: Credit
}

export interface TariffDocument {
  readonly text: string
  /** Of the text. */
  readonly sha256: string
  /** With whom it was agreed; undefined where no contract names it. */
  readonly supplier?: string
}

const documentOf = (text: string, supplier?: string): TariffDocument => ({
  text,
  sha256: createHash('sha256').update(text).digest('hex'),
  ...(supplier === undefined ? {} : { supplier }),
})

/**
 * The bills of one meter: one part for each contract that holds in the time, of `usage` none where nothing was measured.
 *
 * @param prices of the tariff that the question brings
 * @param carried credit of the bill before; from part to part it goes on with the same supplier
 * @throws NodeError BAD_INPUT
 */
export async function billedParts(
  what: 'bill' | 'usage',
  {
    meter,
    from,
    to,
    cycle,
    tariff: text,
    prices,
    isLate,
  }: BillQuestion & { readonly meter: string; readonly prices?: PriceSeries; readonly isLate?: () => boolean },
  configured: string | undefined,
  source: ReadingSource,
  nowUtcMs: number,
  carried: Credit = noCredit,
): Promise<BilledPart[]> {
  const contracts = text === undefined ? ((await source.contracts?.(meter)) ?? []) : []
  const agreed = contracts.map(({ text: own, prices, fromUtcMs, supplier }) => ({
    document: documentOf(own, supplier),
    tariff: parseTariff(own, 'tariff'),
    prices,
    fromUtcMs,
  }))
  const given = text ?? (agreed.length > 0 || configured === undefined ? undefined : readText(configured, 'tariff'))
  if (given === undefined && agreed.length === 0) throw noTariff(what)
  const one = given === undefined ? undefined : { document: documentOf(given), fromUtcMs: 0, prices: undefined }
  const all: Agreed[] =
    one === undefined
      ? agreed
      : [{ ...one, tariff: parseTariff(given as string, text === undefined ? (configured as string) : 'tariff') }]
  const latest = all.at(-1) as Agreed
  try {
    const wish = {
      tariff: latest.tariff,
      cycle,
      nowUtcMs,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      edits: (await source.edits?.(meter)) ?? [],
      ...(prices === undefined ? {} : { prices }),
      ...(isLate === undefined ? {} : { isLate }),
    }
    // A part of the time may be by an older tariff, whose ratchet looks back farther.
    const history = historyMs(...all.map(({ tariff }) => tariff))
    const raw = await rawOf(source, meter, wish, history)
    const { fromUtcMs = 0 } = wishedPeriod(wish)
    if (what === 'usage' && !raw.some(({ endUtcMs }) => endUtcMs > fromUtcMs)) return []
    const parts = agreed.length === 0 ? [{ wish, document: latest.document }] : partsOf(what, meter, wish, agreed, raw)
    let credit = carried
    const found: BilledPart[] = []
    for (const { wish: each, document } of parts) {
      // Those behind what is left out would lack its credit.
      const before = found.at(-1)
      if (before !== undefined && (before.leftOut > 0 || isLate?.() === true)) {
        found[found.length - 1] = { ...before, leftOut: before.leftOut + periodsOf(each) }
        continue
      }
      found.push(billed(each, document))
    }
    return found

    function billed(each: BillWish, document: TariffDocument): BilledPart {
      const { supplier, currency, decimals } = each.tariff
      const by = { supplier: document.supplier ?? supplier, currency, decimals }
      const before = credit
      const own = { ...each, carried: creditFor(before, by) }
      const made = meterBills(meter, raw, own)
      const isLeft = before.amount !== own.carried
      const bills = made.bills.map((bill, n) => (isLeft && n === 0 ? withCreditNote(bill, before) : bill))
      credit = { amount: made.bills.at(-1)?.carried ?? 0n, holder: by }
      return { meter, document, wish: own, ...made, bills, credit }
    }
  } catch (cause) {
    if (cause instanceof BillingError) throw new NodeError('BAD_INPUT', `${what}: ${cause.message}`, { cause })
    throw cause
  }
}

/** How many bills the time of a part makes. */
function periodsOf(wish: BillWish): number {
  const { fromUtcMs, toUtcMs } = wishedPeriod(wish)
  if (fromUtcMs === undefined || toUtcMs === undefined) return 1
  return billingPeriods({ fromUtcMs, toUtcMs }, wish.cycle, compileTariff(wish.tariff).zone).length
}

interface Agreed {
  readonly document: TariffDocument
  readonly tariff: Tariff
  readonly prices: PriceSeries | undefined
  readonly fromUtcMs: number
}

/**
 * The time cut where another contract begins. Times are those of the latest tariff's zone.
 *
 * @throws NodeError UNREACHABLE for time before the earliest contract that is known: by another one nobody agreed to be billed
 */
function partsOf(what: string, meter: string, wish: BillWish, agreed: readonly Agreed[], raw: readonly RawInterval[]) {
  const latest = agreed.at(-1) as Agreed
  const period = wishedPeriod(wish)
  const from = period.fromUtcMs ?? raw[0]?.startUtcMs
  const to = period.toUtcMs ?? raw.at(-1)?.endUtcMs
  if (from === undefined || to === undefined) return [{ wish, document: latest.document }]
  const known = agreed[0]?.fromUtcMs ?? 0
  if (from < known && raw.some(({ startUtcMs }) => startUtcMs >= from && startUtcMs < Math.min(known, to))) {
    const since = new Date(known).toISOString()
    throw new NodeError(
      'UNREACHABLE',
      `${what}: what ${meter} had agreed on before ${since} is not known here any more, want --from ${since}, or --tariff FILE`,
    )
  }
  return agreed.flatMap(
    ({ document, tariff, prices, fromUtcMs }, n): { wish: BillWish; document: TariffDocument }[] => {
      const begins = n === 0 ? from : Math.max(from, fromUtcMs)
      const ends = Math.min(to, agreed[n + 1]?.fromUtcMs ?? to)
      if (begins >= ends) return []
      const times = { from: new Date(begins).toISOString(), to: new Date(ends).toISOString() }
      return [{ document, wish: { ...wish, tariff, ...times, ...(prices === undefined ? {} : { prices }) } }]
    },
  )
}

async function rawOf(source: ReadingSource, meter: string, wish: BillWish, history: number): Promise<RawInterval[]> {
  const { fromUtcMs, toUtcMs } = wishedPeriod(wish)
  const earliest = fromUtcMs === undefined ? 0 : Math.max(0, fromUtcMs - history)
  const raw: RawInterval[] = []
  let isFirst = false
  for await (const reading of source.readings(meter, earliest, toUtcMs ?? Number.MAX_SAFE_INTEGER)) {
    const each = rawInterval(reading)
    const { flags = [] } = each
    // The first reading of a ledger only begins it: with what comes next the registers are perhaps another meter's.
    if (each.endUtcMs <= each.startUtcMs) {
      isFirst ||= flags.includes('first')
      continue
    }
    const isKnown = !isFirst || flags.includes('first')
    isFirst = false
    if (raw.push(isKnown ? each : { ...each, flags: [...flags, 'first'] }) > MOST_READINGS) {
      throw new BillingError('BAD_PERIOD', `more than ${MOST_READINGS} readings of ${meter}, want a shorter time`)
    }
  }
  return raw
}
