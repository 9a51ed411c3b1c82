// Meters of which nothing comes while energy flows in their zone: since when, and how much it is likely to be.
//
// It accuses nobody. A radio that is out of reach, a device in repair and somebody who keeps his readings back look the same
// from here. In an interval that all others of the zone have, what flowed in, less what they registered and less the technical
// loss, is what went to those that are lacking; several of them at once have one estimate together. Who delivered a reading of
// the time, however doubtful, withholds nothing: that is `meter-indications.ts`'s matter.

import { type UtcMs, utcMs } from '../../../topology/units.ts'
import { byClock, type MeterInterval, netWh, sumOf } from './meter-interval.ts'
import type { MeteredZone } from './metered-zone.ts'
import type { Flow, ZoneLoss } from './technical-loss.ts'
import { type UncertaintySettings, uncertaintyWh } from './uncertainty.ts'

export interface WithheldSettings extends UncertaintySettings {
  readonly periodMs: number
  readonly k: number
}

export interface Withheld {
  /** Of the zone: whose meter counts what flows in. */
  readonly top: string
  readonly ieds: readonly string[]
  readonly sinceUtcMs: UtcMs
  /** Until then the others' readings are here. */
  readonly untilUtcMs: UtcMs
  /** Of the latest reading that came of any of them in the time looked at. */
  readonly lastReadingUtcMs?: UtcMs
  /** Whether something came of them again afterwards. */
  readonly isOver: boolean
  readonly intervals: number
  /** Negative: given to the network. */
  readonly estimateWh: bigint
  /** k times the uncertainty. */
  readonly limitWh: bigint
}

/** A shorter time is a reading that is late. */
const LEAST_INTERVALS = 4
const LEAST_SHARE_OF_PERIOD = 1 / 24
/** The loss depends on what is estimated with it; after so many rounds it has settled. */
const ROUNDS = 3

export function withheldIn(
  zone: MeteredZone,
  meters: ReadonlyMap<string, readonly MeterInterval[]>,
  loss: ZoneLoss,
  settings: WithheldSettings,
): Withheld[] {
  const below = [...zone.leaves, ...zone.borders]
  if (zone.unmetered.length > 0 || below.length === 0) return []
  const known = new Map([zone.top, ...below].map(ied => [ied, byClock(meters.get(ied) ?? [])]))
  const delivered = new Map(below.map(ied => [ied, coverOf(meters.get(ied) ?? [])]))
  const runs: Run[] = []
  let open: Run | undefined
  const inOrder = [...(known.get(zone.top) ?? [])].sort(([, one], [, other]) => one.startUtcMs - other.startUtcMs)
  for (const [clock, top] of inOrder) {
    const lacking = below.filter(ied => !known.get(ied)?.has(clock))
    const isWithheld = lacking.length > 0 && lacking.every(ied => !delivered.get(ied)?.(top))
    if (!isWithheld) {
      open = undefined
      continue
    }
    const name = lacking.join()
    if (open?.name !== name) {
      open = { name, lacking, rows: [] }
      runs.push(open)
    }
    const others = below.filter(ied => !lacking.includes(ied))
    open.rows.push(rowOf(top, others, ied => known.get(ied)?.get(clock) as MeterInterval, lacking, loss))
  }
  return runs.flatMap(run => {
    const found = foundIn(run, zone.top, meters, settings)
    return found === undefined ? [] : [found]
  })
}

interface Row {
  readonly startUtcMs: UtcMs
  readonly endUtcMs: UtcMs
  readonly shown: ReadonlyMap<string, bigint>
  readonly lossWh: bigint
  readonly estimateWh: bigint
}
interface Run {
  readonly name: string
  readonly lacking: readonly string[]
  readonly rows: Row[]
}

function rowOf(
  top: MeterInterval,
  others: readonly string[],
  at: (ied: string) => MeterInterval,
  lacking: readonly string[],
  loss: ZoneLoss,
): Row {
  const hours = (top.endUtcMs - top.startUtcMs) / 3_600_000
  const inWh = netWh(top)
  const registered = new Map(others.map(ied => [ied, netWh(at(ied))]))
  const left = inWh - sumOf(registered.values())
  const flow = (ied: string, wh: number, shares?: MeterInterval['kw']): Flow => ({
    ied,
    kw: wh / 1000 / hours,
    ...(shares === undefined ? {} : { shares }),
  })
  const flows = others.map(ied => flow(ied, Number(registered.get(ied) ?? 0n), at(ied).kw))
  let lossWh = 0n
  for (let round = 0; round < ROUNDS; round++) {
    const each = Number(left - lossWh) / lacking.length
    lossWh = BigInt(Math.round(loss.lossKw([...flows, ...lacking.map(ied => flow(ied, each))]) * 1000 * hours))
  }
  const { startUtcMs, endUtcMs } = top
  return { startUtcMs, endUtcMs, lossWh, estimateWh: left - lossWh, shown: new Map([['', inWh], ...registered]) }
}

function foundIn(
  { lacking, rows }: Run,
  top: string,
  meters: ReadonlyMap<string, readonly MeterInterval[]>,
  settings: WithheldSettings,
): Withheld | undefined {
  const [first, last] = [rows[0], rows.at(-1)]
  const lengthMs = rows.reduce((sum, { startUtcMs, endUtcMs }) => sum + endUtcMs - startUtcMs, 0)
  if (first === undefined || last === undefined || rows.length < LEAST_INTERVALS) return undefined
  if (lengthMs < settings.periodMs * LEAST_SHARE_OF_PERIOD) return undefined
  const shown = new Map<string, bigint>()
  for (const row of rows) for (const [ied, wh] of row.shown) shown.set(ied || top, (shown.get(ied || top) ?? 0n) + wh)
  const estimateWh = sumOf(rows.map(row => row.estimateWh))
  const uncertainty = uncertaintyWh(shown, sumOf(rows.map(row => row.lossWh)), settings)
  const limitWh = BigInt(Math.ceil(uncertainty * settings.k))
  if ((estimateWh < 0n ? -estimateWh : estimateWh) <= limitWh) return undefined
  const ends = lacking.flatMap(ied => (meters.get(ied) ?? []).map(({ endUtcMs }) => endUtcMs))
  const before = ends.filter(each => each <= first.startUtcMs)
  return {
    top,
    ieds: lacking,
    sinceUtcMs: first.startUtcMs,
    untilUtcMs: last.endUtcMs,
    ...(before.length === 0 ? {} : { lastReadingUtcMs: utcMs(before.reduce((most, each) => Math.max(most, each), 0)) }),
    isOver: ends.some(each => each > last.endUtcMs),
    intervals: rows.length,
    estimateWh,
    limitWh,
  }
}

/** Whether something that was delivered lies in part within the interval. */
function coverOf(intervals: readonly MeterInterval[]): (of: MeterInterval) => boolean {
  const sorted = [...intervals].sort((one, other) => one.endUtcMs - other.endUtcMs)
  let longest = 0
  for (const { startUtcMs, endUtcMs } of sorted) longest = Math.max(longest, endUtcMs - startUtcMs)
  return ({ startUtcMs, endUtcMs }) => {
    for (let n = firstAfter(sorted, startUtcMs); n < sorted.length; n++) {
      const each = sorted[n] as MeterInterval
      if (each.startUtcMs < endUtcMs) return true
      if (each.endUtcMs - longest >= endUtcMs) return false // it and those behind it begin later
    }
    return false
  }
}

/** Index of the first that ends after the moment. */
function firstAfter(sorted: readonly MeterInterval[], at: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as MeterInterval).endUtcMs > at) high = middle
    else low = middle + 1
  }
  return low
}
