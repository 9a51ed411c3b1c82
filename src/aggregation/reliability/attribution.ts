// All IEDs' answers together: the indices and nines of the whole, and which segment or source is the least reliable.
//
// Down time is put to the zone that was isolated, where the IED knew it; else to the section between the topmost IED that was
// without supply at that time and the first one above it that had some; and where nobody above had any, to the source. Of an
// IED that did not watch then nothing follows, so it is passed over.
//
// A generator stands beside the supply and is never added to it. What counts of it is the chance that it is not there when
// it is wanted: its forced outages as a share of the time, or its failed and late starts as a share of those required,
// whichever is worse, and which one it was is said.

import { celid, cemi, type Indices, indices, type Outage, type Served } from './indices.ts'
import { type Interruption, isSustained, lengthMs, MOMENTARY_MS } from './interruption.ts'
import { dailySaidi, majorEventDaysOf, thresholdsOfYears, type YearThreshold } from './major-event-days.ts'
import { type Availability, availabilityOf, unavailabilityOnDemand } from './nines.ts'
import { type PartsNines, partsNines } from './parts-nines.ts'
import type { IedReliability } from './report.ts'

/** What is polled each second cannot show less. */
export const RESOLUTION_MS = 1000
/** CELID: from so long on an interruption, or all of one customer together, counts. */
export const LONG_HOURS = 8

export interface IedRow {
  readonly ied: string
  readonly customers: number
  readonly sustained: number
  readonly momentary: number
  readonly power: Availability
  readonly quality: Availability
  readonly plannedMs: number
  readonly unknownMs: number
}

export interface Blamed {
  readonly name: string
  readonly kind: 'segment' | 'zone' | 'source' | 'generator'
  readonly events: number
  readonly downMs: number
  readonly customerMinutes: number
  /** The chance that it is not there when it is wanted. */
  readonly unavailability: number
  readonly basis: 'time' | 'on-demand'
  readonly starts?: { readonly required: number; readonly failed: number; readonly late: number }
}

export interface Combined {
  readonly ieds: readonly IedRow[]
  readonly indices: Indices
  readonly planned: Indices
  /** Without major event days; undefined when no year of the period has a threshold. */
  readonly withoutMajorEvents: Indices | undefined
  /** Of the years with interruptions, as far as there are past years to make one of. */
  readonly thresholds: readonly YearThreshold[]
  readonly majorEventDays: readonly string[]
  readonly cemi3: number | undefined
  readonly celid8: { readonly single: number | undefined; readonly total: number | undefined }
  readonly power: Availability
  readonly quality: Availability
  /** The least reliable first. */
  readonly blamed: readonly Blamed[]
  readonly parts: PartsNines
}

export interface Places {
  /** The nearest IED toward the source, in the normal state. */
  parent(ied: string): string | undefined
  /** What lies between the two, in the feeder's words. */
  between(above: string, below: string): string
  /** The source that feeds the IED in the normal state. */
  source(ied: string): string
  /** Calendar day on which a moment lies. */
  dayOf(utcMs: number): string
}

/** @param past the answers about the time before, for the thresholds of major event days alone */
export function combined(
  answers: readonly IedReliability[],
  places: Places,
  past: readonly IedReliability[] = [],
): Combined {
  const inOrder = [...answers].sort((one, other) => (one.ied < other.ied ? -1 : 1))
  const rows = inOrder.map(rowOf)
  const outages = (of: readonly IedReliability[], planned: boolean): Outage[] =>
    of.flatMap(({ ied, customers, interruptions, toUtcMs }) =>
      interruptions
        .filter(each => each.planned === planned && customers > 0)
        .map(each => ({ who: ied, customers, startUtcMs: each.startUtcMs, lengthMs: lengthMs(each, toUtcMs) })),
    )
  const served = servedBy(inOrder)
  const unplanned = outages(inOrder, false)
  const perDay = (of: readonly Outage[]) =>
    dailySaidi(of.filter(isSustainedOutage), Math.max(1, served.customers), places.dayOf)
  const days = perDay(unplanned)
  const all = perDay([...outages(past, false), ...unplanned])
  const years = new Set([...days.keys()].map(day => Number(day.slice(0, 4))))
  const thresholds = new Map([...thresholdsOfYears(all)].filter(([year]) => years.has(year)))
  const major = majorEventDaysOf(days, thresholds)
  const total = (of: (row: IedRow) => Availability): Availability => {
    const sum = (value: (each: Availability) => number): number => rows.reduce((all, row) => all + value(of(row)), 0)
    return availabilityOf(
      sum(each => each.observedMs),
      sum(each => each.downMs),
      RESOLUTION_MS,
    )
  }
  const blamed = blame(inOrder, places)
  return {
    ieds: rows,
    indices: indices(unplanned, served),
    planned: indices(outages(inOrder, true), served),
    withoutMajorEvents:
      thresholds.size === 0
        ? undefined
        : indices(
            unplanned.filter(each => !major.includes(places.dayOf(each.startUtcMs))),
            served,
          ),
    thresholds: [...thresholds.values()],
    majorEventDays: major,
    cemi3: cemi(unplanned, served, 3),
    celid8: {
      single: celid(unplanned, served, LONG_HOURS, 'single'),
      total: celid(unplanned, served, LONG_HOURS, 'total'),
    },
    power: total(row => row.power),
    quality: total(row => row.quality),
    blamed,
    parts: partsNines(blamed),
  }
}

/** Momentary interruptions have no part in a day's SAIDI. */
const isSustainedOutage = ({ lengthMs: ms }: Outage): boolean => ms > MOMENTARY_MS

function rowOf(answer: IedReliability): IedRow {
  const { ied, customers, interruptions, watchedMs, unknownMs, downMs, plannedMs, beyondIticMs, toUtcMs } = answer
  const observed = Math.max(0, watchedMs - unknownMs)
  const unplanned = interruptions.filter(({ planned }) => !planned)
  const sustained = unplanned.filter(each => isSustained(each, toUtcMs)).length
  return {
    ied,
    customers,
    sustained,
    momentary: unplanned.length - sustained,
    power: availabilityOf(observed, downMs, RESOLUTION_MS),
    quality: availabilityOf(observed, downMs + beyondIticMs, RESOLUTION_MS),
    plannedMs,
    unknownMs,
  }
}

function servedBy(answers: readonly IedReliability[]): Served {
  const observed = answers.filter(({ customers }) => customers > 0)
  const customers = observed.reduce((sum, each) => sum + each.customers, 0)
  // Weighted by customers: each is answered for as long as its IED watched.
  const customerMs = observed.reduce(
    (sum, each) => sum + each.customers * Math.max(0, each.watchedMs - each.unknownMs),
    0,
  )
  return {
    customers,
    periodMs: customers === 0 ? 0 : customerMs / customers,
    customersOf: new Map(observed.map(({ ied, customers: its }) => [ied, its])),
  }
}

function blame(answers: readonly IedReliability[], places: Places): Blamed[] {
  const byName = new Map(answers.map(each => [each.ied, each]))
  const found = new Map<
    string,
    { kind: Blamed['kind']; spans: Interruption[]; customerMinutes: number; observedMs: number }
  >()
  for (const { ied, customers, interruptions, watchedMs, unknownMs, toUtcMs } of answers) {
    const observed = Math.max(0, watchedMs - unknownMs)
    for (const each of interruptions) {
      if (each.planned) continue
      const { name, kind } = placeOf(each, byName, places)
      const entry = found.get(name) ?? { kind, spans: [], customerMinutes: 0, observedMs: 0 }
      entry.spans.push({ ...each, endUtcMs: Math.min(each.endUtcMs ?? toUtcMs, toUtcMs) })
      entry.customerMinutes += (customers * lengthMs(each, toUtcMs)) / 60_000
      entry.observedMs = Math.max(entry.observedMs, observed)
      found.set(name, entry)
      if (!byName.has(ied)) throw new RangeError(`${ied} has no answer`)
    }
  }
  const supplies = [...found].map(([name, { kind, spans, customerMinutes, observedMs }]): Blamed => {
    const { downMs, events } = unionOf(spans)
    return { name, kind, events, downMs, customerMinutes, unavailability: shareOf(downMs, observedMs), basis: 'time' }
  })
  const generators = answers.flatMap(({ generators: all }) =>
    all.map(({ generator, interruptions, watchedMs, unknownMs, downMs, starts }): Blamed => {
      const forced = interruptions.filter(({ planned }) => !planned)
      const byTime = shareOf(downMs, watchedMs - unknownMs)
      const onDemand = unavailabilityOnDemand(starts) ?? 0
      return {
        name: generator,
        kind: 'generator',
        events: forced.length + starts.failed + starts.late,
        downMs,
        customerMinutes: 0,
        unavailability: Math.max(byTime, onDemand),
        basis: onDemand > byTime ? 'on-demand' : 'time',
        starts,
      }
    }),
  )
  return [...supplies, ...generators].sort(
    (one, other) =>
      other.unavailability - one.unavailability ||
      other.customerMinutes - one.customerMinutes ||
      other.events - one.events ||
      (one.name < other.name ? -1 : 1),
  )
}

function placeOf(
  of: Interruption,
  byName: ReadonlyMap<string, IedReliability>,
  places: Places,
): { readonly name: string; readonly kind: Blamed['kind'] } {
  if (of.zone !== undefined) return { name: of.zone, kind: 'zone' }
  let top = of.ied
  const seen = new Set([of.ied])
  for (let at = places.parent(of.ied); at !== undefined && !seen.has(at); at = places.parent(at)) {
    seen.add(at)
    const above = byName.get(at)
    if (above === undefined || above.watchedMs <= above.unknownMs) continue
    if (!above.interruptions.some(each => isTogether(each, of)))
      return { name: places.between(at, top), kind: 'segment' }
    top = at
  }
  return { name: places.source(of.ied), kind: 'source' }
}

/** Clocks of two IEDs may differ by some seconds, and a short outage must not fall between them. */
const CLOCKS_MS = 2000
const isTogether = (one: Interruption, other: Interruption): boolean =>
  one.startUtcMs <= (other.endUtcMs ?? Number.POSITIVE_INFINITY) + CLOCKS_MS &&
  other.startUtcMs <= (one.endUtcMs ?? Number.POSITIVE_INFINITY) + CLOCKS_MS

/** What several saw at one time is one event, and its time counts once. */
function unionOf(spans: readonly Interruption[]): { readonly downMs: number; readonly events: number } {
  let downMs = 0
  let events = 0
  let until = Number.NEGATIVE_INFINITY
  for (const { startUtcMs, endUtcMs = startUtcMs } of [...spans].sort(
    (one, other) => one.startUtcMs - other.startUtcMs,
  )) {
    if (startUtcMs > until + CLOCKS_MS) events++
    downMs += Math.max(0, endUtcMs - Math.max(startUtcMs, until))
    until = Math.max(until, endUtcMs)
  }
  return { downMs, events }
}

const shareOf = (part: number, whole: number): number => (whole > 0 ? Math.min(1, part / whole) : 0)
