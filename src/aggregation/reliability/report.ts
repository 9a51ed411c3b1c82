// What one IED answers about its reliability, and what a back-end peer computes of the records it has: the same.
//
// There is always an answer: times are summed over all, and of the list of interruptions the oldest give way where it would
// be too long, or too large to be sent. How many is said, and whoever shows figures that lack them says so too.

import { z } from 'zod'
import { toCbor } from '../../../topology/cbor.ts'
import { type Codec, codec, nameField } from '../codec.ts'
import { joined, overlapMs, overlapWithMs, type Span, supplyHistory } from './interruption.ts'
import { markOf, type ReliabilityRecord, type SupplyRecord } from './record.ts'

/** More than these in one answer are left out, the oldest first, and that is said. */
export const MOST_INTERRUPTIONS = 1000
const MOST_GENERATORS = 8
const MOST_BYTES = 512 * 1024
/** Of all interruptions; the rest of the answer is a few kilobytes. */
const INTERRUPTION_BYTES = 480 * 1024
/** Of one generator's, so that most is for the supply; what they do not use is the supply's. */
const GENERATOR_BYTES = 24 * 1024

const utc = z.int().nonnegative().max(8_640_000_000_000_000)
const bounds = z.object({ notBeforeUtcMs: utc, notAfterUtcMs: utc }).strict()
const interruption = z
  .object({
    ied: nameField,
    startUtcMs: utc,
    endUtcMs: utc.exactOptional(),
    startBounds: bounds.exactOptional(),
    endBounds: bounds.exactOptional(),
    phases: z.array(z.enum(['a', 'b', 'c'])).max(3),
    planned: z.boolean(),
    zone: z.string().min(1).max(128).exactOptional(),
    cause: z.string().min(1).max(128).exactOptional(),
  })
  .strict()
const period = {
  /** Watched, of the period that was asked for. */
  watchedMs: z.int().nonnegative(),
  unknownMs: z.int().nonnegative(),
  /** Known to be down within the period, whenever it began: what is unknown is no down time. */
  downMs: z.int().nonnegative(),
  plannedMs: z.int().nonnegative(),
  interruptions: z.array(interruption).max(MOST_INTERRUPTIONS),
  /** The oldest, that had no room. */
  leftOut: z.int().nonnegative(),
}

const schema = z
  .object({
    ied: nameField,
    customers: z.int().nonnegative().max(1_000_000_000),
    fromUtcMs: utc,
    toUtcMs: utc,
    ...period,
    /** Outside the ITIC curve, beside the interruptions. */
    beyondIticMs: z.int().nonnegative(),
    generators: z
      .array(
        z
          .object({
            generator: nameField,
            ...period,
            starts: z
              .object({ required: z.int().nonnegative(), failed: z.int().nonnegative(), late: z.int().nonnegative() })
              .strict(),
          })
          .strict(),
      )
      .max(MOST_GENERATORS),
  })
  .strict()

export type IedReliability = z.infer<typeof schema>
export const iedReliabilityCodec: Codec<IedReliability> = codec('reliability answer', schema, MOST_BYTES)

export interface ReliabilityQuery {
  readonly ied: string
  readonly customers: number
  readonly fromUtcMs: number
  readonly toUtcMs: number
}

/** @param records of the IED, in the order of its ledger */
export function iedReliability(query: ReliabilityQuery, records: readonly ReliabilityRecord[]): IedReliability {
  const { ied, customers, fromUtcMs, toUtcMs } = query
  const supplies = records.filter(each => each.event === 'supply')
  const names = [
    ...new Set(records.flatMap(each => ('generator' in each && each.generator !== undefined ? [each.generator] : []))),
  ]
  const generators = names.slice(0, MOST_GENERATORS).map(generator => {
    const of = supplies.filter(each => each.generator === generator)
    const its = within(ied, of, query, GENERATOR_BYTES)
    const starts = records.filter(
      each => each.event === 'generator-start' && each.generator === generator && isIn(each.utcMs, query),
    )
    const count = (outcome: string): number =>
      starts.filter(each => each.event === 'generator-start' && each.outcome === outcome).length
    return { generator, ...its, starts: { required: starts.length, failed: count('failed'), late: count('late') } }
  })
  const used = generators.reduce((sum, { interruptions }) => sum + bytesOf(interruptions), 0)
  const unnamed = supplies.filter(each => each.generator === undefined)
  const own = within(ied, unnamed, query, INTERRUPTION_BYTES - used)
  const beyondIticMs = records.reduce(
    (sum, each) => sum + (each.event === 'quality' && isIn(each.utcMs, query) ? each.beyondMs : 0),
    0,
  )
  return { ied, customers, fromUtcMs, toUtcMs, ...own, beyondIticMs, generators }
}

const isIn = (utcMs: number, { fromUtcMs, toUtcMs }: ReliabilityQuery): boolean => utcMs >= fromUtcMs && utcMs < toUtcMs

function within(
  ied: string,
  records: readonly SupplyRecord[],
  { fromUtcMs, toUtcMs }: ReliabilityQuery,
  mostBytes: number,
) {
  const marks = records.map(markOf)
  // Beyond the period as well: an interruption that began in it has its whole length.
  const untilUtcMs = Math.max(toUtcMs, ...marks.slice(-1).map(({ utcMs }) => utcMs))
  const { interruptions, unknown: gaps, watched } = supplyHistory(ied, marks, untilUtcMs)
  const asked: Span = { fromUtcMs, toUtcMs }
  const unknown = joined(gaps)
  const downMs = (planned: boolean): number =>
    Math.round(
      interruptions
        .filter(each => each.planned === planned)
        .reduce((sum, { startUtcMs, endUtcMs = untilUtcMs }) => {
          const span = { fromUtcMs: Math.max(fromUtcMs, startUtcMs), toUtcMs: Math.min(toUtcMs, endUtcMs) }
          return sum + overlapMs(span, asked) - overlapWithMs(unknown, span)
        }, 0),
    )
  // It belongs to the day on which it began; what began before the period counts in none of its indices.
  const inPeriod = interruptions.filter(({ startUtcMs }) => startUtcMs >= fromUtcMs && startUtcMs < toUtcMs)
  const shown = latestWithin(inPeriod as Entry[], mostBytes)
  return {
    watchedMs: Math.round(watched === undefined ? 0 : overlapMs(watched, asked)),
    unknownMs: Math.round(unknown.reduce((sum, span) => sum + overlapMs(span, asked), 0)),
    downMs: downMs(false),
    plannedMs: downMs(true),
    interruptions: shown,
    leftOut: inPeriod.length - shown.length,
  }
}

type Entry = z.infer<typeof interruption>
const bytesOf = (all: readonly Entry[]): number => all.reduce((sum, each) => sum + toCbor(each).length, 0)

function latestWithin(all: readonly Entry[], mostBytes: number): Entry[] {
  let bytes = 0
  let from = all.length
  while (from > 0 && all.length - from < MOST_INTERRUPTIONS) {
    bytes += bytesOf(all.slice(from - 1, from))
    if (bytes > mostBytes) break
    from--
  }
  return all.slice(from)
}
