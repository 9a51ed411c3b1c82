// What an IED answers about one event of the power system: the entries of its sequence that name it, directly or by way of
// others, and what happened here around them. Ages are given beside UTC, so that whoever asks several IEDs needs none of
// their clocks (`account.ts` in src/protection).

import { z } from 'zod'
import { idsOf, linkedBy } from '../protection/event-ids.ts'
import { NodeError } from './node-error.ts'
import type { SequenceEntry } from './sequence-entry.ts'

const querySchema = z.strictObject({
  /** Ids of events; without any, the entries that name some. */
  about: z.array(z.string().min(1).max(160)).max(64).default([]),
  /** Also all that happened between these ages, [oldest, newest] in ms. */
  agesMs: z.tuple([z.number(), z.number()]).exactOptional(),
  limit: z.int().min(1).max(1000).default(500),
})

const plain = z.union([z.string(), z.number(), z.boolean()])
export const incidentSchema = z.object({
  ied: z.string().max(64),
  epoch: z.number(),
  utcMs: z.number(),
  utcQuality: z.string().max(16),
  /** Its neighbours on the feeder, connected or not. */
  near: z.array(z.string().max(64)).max(256),
  /** By which the linked entries are linked. */
  ids: z.array(z.string().max(160)).max(64),
  entries: z
    .array(
      z.object({
        number: z.number(),
        ageMs: z.number(),
        sameEpoch: z.boolean(),
        utcMs: z.number(),
        utcQuality: z.string().max(16),
        event: z.string().max(64),
        fields: z.record(z.string().max(64), plain),
        linked: z.boolean(),
      }),
    )
    .max(1000),
  /** There were more; the ones nearest to what is linked were given. */
  more: z.boolean(),
})
export type IncidentAnswer = z.infer<typeof incidentSchema>

export interface IncidentSource {
  readonly ied: string
  readonly epoch: number
  readonly now: number
  readonly utcMs: number
  readonly utcGood: boolean
  readonly near: readonly string[]
  readonly entries: readonly SequenceEntry[]
}

/** What happened so long before and after a linked entry is shown with it. */
const AROUND_MS = 2000

/** @throws NodeError BAD_INPUT */
export function incidentAnswer(source: IncidentSource, parameters: Record<string, unknown>): IncidentAnswer {
  const result = querySchema.safeParse(parameters)
  if (!result.success) {
    const said = result.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '))
    throw new NodeError('BAD_INPUT', `incident: ${said.join('; ')}`)
  }
  const { about, agesMs, limit } = result.data
  const { ied, epoch, utcMs, utcGood, near, entries } = source
  const { ids, linked } = linkedBy(entries, about)
  const aged = entries.map((entry, index) => ({ entry, ageMs: ageOf(source, entry), linked: linked[index] === true }))
  const wanted =
    about.length === 0 && agesMs === undefined
      ? aged.filter(({ entry }) => idsOf(entry.fields).length > 0)
      : around(aged, agesMs)
  return {
    ied,
    epoch,
    utcMs,
    utcQuality: utcGood ? 'good' : 'unset',
    near: [...near],
    ids: [...ids],
    entries: nearest(wanted, limit).map(({ entry, ageMs, linked }) => ({
      number: entry.number,
      ageMs,
      sameEpoch: entry.epoch === epoch,
      utcMs: entry.utcMs,
      utcQuality: entry.utcQuality,
      event: entry.event,
      fields: entry.fields,
      linked,
    })),
    more: wanted.length > limit,
  }
}

interface Aged {
  readonly entry: SequenceEntry
  readonly ageMs: number
  readonly linked: boolean
}

/** Times of an earlier epoch are on another monotonic clock. */
const ageOf = ({ epoch, now, utcMs }: IncidentSource, entry: SequenceEntry): number =>
  Math.round((entry.epoch === epoch ? now - entry.atMs : utcMs - entry.utcMs) * 10) / 10

function around(aged: readonly Aged[], agesMs: readonly [number, number] | undefined): Aged[] {
  const anchors = aged.flatMap(({ linked, ageMs }) => (linked ? [ageMs] : [])).sort((a, b) => a - b)
  const isNear = (ageMs: number): boolean => {
    let low = 0
    for (let high = anchors.length; low < high; ) {
      const middle = (low + high) >> 1
      if ((anchors[middle] ?? 0) < ageMs - AROUND_MS) low = middle + 1
      else high = middle
    }
    return (anchors[low] ?? Number.POSITIVE_INFINITY) <= ageMs + AROUND_MS
  }
  const isWithin = (ageMs: number): boolean => agesMs !== undefined && ageMs <= agesMs[0] && ageMs >= agesMs[1]
  return aged.filter(({ ageMs, linked }) => linked || isNear(ageMs) || isWithin(ageMs))
}

/** Linked ones first, then the newest; in their order. */
function nearest(wanted: readonly Aged[], limit: number): readonly Aged[] {
  if (wanted.length <= limit) return wanted
  const linked = wanted.filter(each => each.linked).slice(-limit)
  const left = limit - linked.length
  const others = left === 0 ? [] : wanted.filter(each => !each.linked).slice(-left)
  return [...linked, ...others].sort((a, b) => a.entry.number - b.entry.number)
}
