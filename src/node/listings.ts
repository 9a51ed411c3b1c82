// Rows of a ledger or a collector, in order and without end: the latest ones, or those behind a place that an earlier
// answer named. However many there are, only a few are in memory at a time.

import { z } from 'zod'
import { fromCbor } from '../../topology/cbor.ts'
import { utcMs } from '../../topology/units.ts'
import type { Collector } from '../aggregation/collector.ts'
import { latestProfiles, latestReadings } from '../aggregation/latest-readings.ts'
import type { Ledger } from '../aggregation/ledger.ts'
import { isOfInterval, type LoadProfile, profileIn } from '../aggregation/load-profile.ts'
import { profiledReadings } from '../aggregation/profiled-readings.ts'
import type { ReadingPlace } from '../aggregation/reading-query.ts'
import { type Header, type LedgerRecord, recordClasses } from '../aggregation/record.ts'
import { NodeError } from './node-error.ts'
import { profileRow, readingRow, readingsIn } from './reading-rows.ts'
import type { Listed, Row } from './readout-rows.ts'

/** Records read at once. */
const BLOCK = 64
const BLOCK_BYTES = 256 * 1024
/** A record whose content is larger is shown without it: rows have to fit into what is sent at once. */
const MOST_CONTENT = 16 * 1024

const listingSchema = z
  .object({
    ied: z.string().max(64).exactOptional(),
    /** Of `readings` and `load-profile` when they start, of `history` when the record was written. */
    fromUtc: z.number().nonnegative().transform(utcMs).exactOptional(),
    /** Before this; then in order from the beginning, and not the latest ones. */
    toUtc: z.number().nonnegative().transform(utcMs).exactOptional(),
    /** The place behind which to begin; "0" is the beginning. Without it, the latest ones. */
    after: z.union([z.string().max(200), z.int().nonnegative().transform(String)]).exactOptional(),
    limit: z.int().min(1).max(1_000_000).default(100),
    /** Of `history`: these classes alone. */
    classes: z.array(z.enum(recordClasses)).min(1).max(recordClasses.length).exactOptional(),
    /** Of `history`, at a back-end peer: has it ask the IED for what it lacks of them first. */
    ask: z.boolean().exactOptional(),
  })
  .strict()
export type ListingQuery = z.infer<typeof listingSchema>

/** @throws NodeError BAD_INPUT */
export function listingQuery(what: string, parameters: Record<string, unknown>): ListingQuery {
  const result = listingSchema.safeParse(parameters)
  if (result.success) return inRange(what, result.data)
  const said = result.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '))
  throw new NodeError('BAD_INPUT', `${what}: ${said.join('; ')}`)
}

function inRange(what: string, query: ListingQuery): ListingQuery {
  const { fromUtc = utcMs(0), toUtc, after, classes, ask } = query
  if (what !== 'history' && (classes !== undefined || ask !== undefined))
    throw new NodeError('BAD_INPUT', `${what}: classes and ask are for history`)
  if (toUtc !== undefined && toUtc <= fromUtc) throw new NodeError('BAD_INPUT', `${what}: --from is not before --to`)
  const isRange = toUtc !== undefined || (what === 'history' && (query.fromUtc !== undefined || ask === true))
  return isRange && after === undefined ? { ...query, after: '0' } : query
}

const isWithin = (at: number, { fromUtc = utcMs(0), toUtc }: ListingQuery): boolean =>
  at >= fromUtc && (toUtc === undefined || at < toUtc)

const isListed = ({ utcMs: at, class: each }: Header, query: ListingQuery): boolean =>
  isWithin(at, query) && (query.classes === undefined || query.classes.includes(each))

// An IED's own ledger -------------------------------------------------------------------------------------------------

type Read = Pick<Ledger, 'ied' | 'head' | 'read'>

/** All records behind this one, a block at a time, up to what the ledger had when it began. */
export async function* recordsAfter(ledger: Read, after: number): AsyncGenerator<LedgerRecord> {
  const end = ledger.head().number
  for (let at = after; at < end; ) {
    const records = await ledger.read({ after: at, limit: Math.min(BLOCK, end - at), maxBytes: BLOCK_BYTES })
    const last = records.at(-1)
    if (last === undefined) return
    at = last.header.number
    yield* records
  }
}

/** A profile stands shortly before its reading: events may come between the two. */
const PROFILE_BEFORE = 16

/** The readings among the records of an IED's own ledger, with their load profiles. */
export async function* ownReadings(ledger: Read, query: ListingQuery): AsyncGenerator<Listed> {
  if (query.ied !== undefined && query.ied !== ledger.ied) return
  const from = query.fromUtc ?? utcMs(0)
  const latest =
    query.after === undefined
      ? await placeOfLatest(ledger, query.limit, records => ({
          all: readingsIn(ledger.ied, records, utcMs(0)).length,
          wanted: readingsIn(ledger.ied, records, from).length,
        }))
      : undefined
  const after = latest?.after ?? numberAfter('readings', query.after)
  let skip = latest?.skip ?? 0
  let left = query.limit
  let profiles: LoadProfile[] = []
  for await (const record of recordsAfter(ledger, Math.max(0, after - PROFILE_BEFORE))) {
    const profile = ownProfile(record)
    if (profile !== undefined) profiles = [...profiles.slice(-PROFILE_BEFORE), profile]
    if (record.header.number <= after) continue
    const [row] = readingsIn(ledger.ied, [record], from, reading => profiles.find(each => isOfInterval(each, reading)))
    if (row === undefined || !isWithin(Date.parse(row.startUtc), query) || skip-- > 0) continue
    if (left-- <= 0) return
    yield { row: { ...row }, cursor: String(record.header.number) }
  }
}

/** The load profiles among them, by themselves. */
export async function* ownProfiles(ledger: Read, query: ListingQuery): AsyncGenerator<Listed> {
  if (query.ied !== undefined && query.ied !== ledger.ied) return
  const isWanted = (profile: LoadProfile | undefined) => profile !== undefined && isWithin(profile.startUtcMs, query)
  const latest =
    query.after === undefined
      ? await placeOfLatest(ledger, query.limit, records => {
          const profiles = records.map(ownProfile).filter(each => each !== undefined)
          return { all: profiles.length, wanted: profiles.filter(isWanted).length }
        })
      : undefined
  let skip = latest?.skip ?? 0
  let left = query.limit
  for await (const record of recordsAfter(ledger, latest?.after ?? numberAfter('load-profile', query.after))) {
    const profile = ownProfile(record)
    if (profile === undefined || !isWanted(profile) || skip-- > 0) continue
    if (left-- <= 0) return
    const { number } = record.header
    yield { row: { ...profileRow(ledger.ied, number, profile) }, cursor: String(number) }
  }
}

const ownProfile = ({ header, body }: LedgerRecord): LoadProfile | undefined =>
  header.class === 'loadProfile' && body !== undefined ? profileIn(body.content) : undefined

/** Goes back until so many wanted records lie behind it. They are counted, not kept. */
async function placeOfLatest(
  ledger: Read,
  limit: number,
  countIn: (records: readonly LedgerRecord[]) => { readonly all: number; readonly wanted: number },
): Promise<{ after: number; skip: number }> {
  let before = ledger.head().number
  let found = 0
  while (before > 0 && found < limit) {
    const after = Math.max(0, before - BLOCK)
    const records = await ledger.read({ after, limit: before - after, maxBytes: Number.POSITIVE_INFINITY })
    const { all, wanted } = countIn(records)
    if (all > 0 && wanted === 0) break // all of them are earlier than what is asked for
    found += wanted
    before = after
  }
  return { after: before, skip: Math.max(0, found - limit) }
}

/** The records of an IED's own ledger: all, or those of a time. Clocks step, so all are looked at. */
export async function* ownHistory(ledger: Read, query: ListingQuery): AsyncGenerator<Listed> {
  if (query.ask === true)
    throw new NodeError('BAD_INPUT', `history: --ask is for a back-end peer: ${ledger.ied} has all`)
  if (query.ied !== undefined && query.ied !== ledger.ied) return
  const { limit, after } = query
  const start = after === undefined ? Math.max(0, ledger.head().number - limit) : numberAfter('history', after)
  let left = limit
  for await (const record of recordsAfter(ledger, start)) {
    if (!isListed(record.header, query)) continue
    if (left-- <= 0) return
    yield { row: recordRow(record), cursor: String(record.header.number) }
  }
}

function numberAfter(what: string, after: string | undefined): number {
  if (after !== undefined && /^\d{1,15}$/.test(after)) return Number(after)
  throw new NodeError(
    'BAD_INPUT',
    `${what}: after: "${after}", want the number of a record, or 0 to begin with the first`,
  )
}

// What a collector has of others --------------------------------------------------------------------------------------

/** By IED, then by start. */
export async function* collectedReadings(collector: Collector, query: ListingQuery): AsyncGenerator<Listed> {
  const { after, limit, ...rest } = query
  const place = after === undefined ? undefined : placeAfter(after)
  const found =
    after === undefined
      ? latestReadings(collector, query)
      : profiledReadings(collector, { ...rest, limit, ...(place === undefined ? {} : { after: place }) })
  for await (const { ied, ledgerId, number, reading, doubts } of found) {
    const cursor = [ied, reading.startUtcMs, ledgerId, number].join('/')
    const row = readingRow(ied, number, reading)
    yield { row: { ...row, flags: [...new Set([...row.flags, ...doubts])] }, cursor }
  }
}

/** Load profiles, likewise. */
export async function* collectedProfiles(collector: Collector, query: ListingQuery): AsyncGenerator<Listed> {
  const { after, limit, ...rest } = query
  const place = after === undefined ? undefined : placeAfter(after)
  const found =
    after === undefined
      ? latestProfiles(collector, query)
      : collector.profiles({ ...rest, limit, ...(place === undefined ? {} : { after: place }) })
  for await (const { ied, ledgerId, number, profile } of found) {
    const cursor = [ied, profile.startUtcMs, ledgerId, number].join('/')
    yield { row: { ...profileRow(ied, number, profile) }, cursor }
  }
}

function placeAfter(after: string): ReadingPlace | undefined {
  if (after === '0') return undefined
  const [, ied = '', start, ledgerId = '', number] =
    /^([\w.-]{1,64})\/(\d{1,15})\/([0-9a-f]{32})\/(\d{1,15})$/.exec(after) ?? []
  if (ied !== '') return { ied, startUtcMs: utcMs(Number(start)), ledgerId, number: Number(number) }
  throw new NodeError(
    'BAD_INPUT',
    `readings: after: "${after}", want the "next" of an earlier answer, or 0 to begin with the first`,
  )
}

/** Of the newest ledger of one IED. */
export async function* collectedHistory(collector: Collector, query: ListingQuery): AsyncGenerator<Listed> {
  const { ied, after, limit } = query
  if (ied === undefined) throw new NodeError('BAD_INPUT', 'history: ied: want the IED whose records are to be listed')
  const newest = (await collector.heads(ied)).sort((a, b) => b.utcMs - a.utcMs)[0]
  if (newest === undefined) return
  const start = after === undefined ? Math.max(0, newest.number - limit) : numberAfter('history', after)
  let left = limit
  for await (const record of collector.records({ ied, ledgerId: newest.ledgerId, after: start })) {
    if (!isListed(record.header, query)) continue
    if (left-- <= 0) return
    yield { row: recordRow(record), cursor: String(record.header.number) }
  }
}

// Records as rows -----------------------------------------------------------------------------------------------------

function recordRow({ header, body }: LedgerRecord): Row {
  const { ied, number, utcMs: utc, utcQuality } = header
  const content = body === undefined || body.content.length > MOST_CONTENT ? undefined : contentOf(body.content)
  return {
    ied,
    number,
    class: header.class,
    utc: new Date(utc).toISOString(),
    utcQuality,
    bytes: body?.content.length ?? null,
    content: content ?? null,
  }
}

function contentOf(bytes: Uint8Array): unknown {
  try {
    return plain(fromCbor(bytes))
  } catch {
    return undefined // not CBOR: of another kind than ours
  }
}

/** As JSON can have it: large whole numbers as decimals, bytes in hexadecimal. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}
