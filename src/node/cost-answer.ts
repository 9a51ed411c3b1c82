// What a peer answers to `cost`: an IED of its own meter, a back-end peer of each meter that it has readings of. The computing
// is the same. An IED knows its draw from the device, a back-end peer from the latest reading.

import { z } from 'zod'
import { createFeeder } from '../../topology/feeder.ts'
import { utcMs } from '../../topology/units.ts'
import {
  BillingError,
  type Edit,
  editOf,
  type Interval,
  rawInterval,
  type Tariff,
  usualIntervalMs,
  vee,
} from '../aggregation/billing/index.ts'
import type { Collector } from '../aggregation/collector.ts'
import { zoneClock } from '../aggregation/local-time.ts'
import { profiledReadings } from '../aggregation/profiled-readings.ts'
import type { Reading } from '../aggregation/reading.ts'
import { loadsBehind } from '../aggregation/suppliers/loads-behind.ts'
import { collectedEdits } from './collected-reading-source.ts'
import type { ComponentContext } from './component.ts'
import { kwIn } from './components/load-management.ts'
import { type CostRow, costRows, type Priced } from './cost-rows.ts'
import { fitting, timeIsUp } from './fitting-rows.ts'
import { type LoadCostRow, loadCostRows, type Measured } from './load-cost-rows.ts'
import { NodeError } from './node-error.ts'
import { ownIntervals } from './own-intervals.ts'
import type { SupplierChoice } from './supplier-choice.ts'
import type { SupplierDesk } from './supplier-desk.ts'
import { readTariff } from './tariff-file.ts'
import type { TariffShelf } from './tariff-shelf.ts'

export interface TariffsKnown {
  choice(): SupplierChoice | undefined
  shelf(): TariffShelf | undefined
  desk(): SupplierDesk | undefined
}

/** This month and the last one, with what estimates need. */
const KEEP_MS = 64 * 86_400_000
const MOST_METERS = 200
/** Meters below others that one answer reads: of a meter that has more, or comes later, loads are told when it is asked for alone. */
const MOST_SUB_METERS = 200
const question = z.looseObject({ meter: z.string().max(64).optional() })

export function serveOwnCost(
  { readout, clock, config, feeder, ledger, name, bus }: ComponentContext,
  { choice, shelf }: TariffsKnown,
): () => void {
  let kw: number | undefined
  const { parts } = loadsBehind(createFeeder(feeder.file), name)
  const cancels = [
    bus.on('device', ({ answering }) => {
      if (!answering) kw = undefined
    }),
    bus.on('measurement', measurement => {
      kw = kwIn(measurement)
    }),
  ]
  const own = ownIntervals(ledger, {
    keepMs: KEEP_MS,
    timeZone: config.suppliers?.timeZone ?? 'UTC',
    hasGenerator: true,
  })
  readout('cost', async () => {
    const tariffs = (config.suppliers?.accept ?? []).flatMap(({ name: supplier }): Priced[] => {
      const known = shelf()?.known(supplier)
      if (known === undefined) return []
      const current = choice()?.state().supplier === supplier
      return [{ supplier, tariff: known.tariff, prices: shelf()?.prices(supplier), current }]
    })
    const given = tariffs.length > 0 ? tariffs : configured(config.billing?.tariff)
    const intervals = await (choice()?.intervals ?? own).now(clock.utc())
    // What others measure of these loads they do not tell each other, only the back ends for whom it is.
    const meter = { meter: name, loads: parts, intervals, kw }
    const { cost, loads } = await costed(meter, given, async function* () {}, parts, clock.utc())
    return { cost, loads, notSplit: [], leftOut: 0 }
  })
  return () => {
    for (const cancel of cancels) cancel()
  }
}

/** By each tariff that it offers itself, or by that of its configuration. */
export function serveCollectedCost(
  { readout, clock, config, feeder, bus }: ComponentContext,
  { desk }: TariffsKnown,
): () => void {
  readout('cost', async parameters => {
    let collector: Collector | undefined
    bus.emit('collector-asked', {
      answer: found => {
        collector = found
      },
    })
    const asked = collector
    if (asked === undefined) throw new NodeError('BAD_INPUT', 'cost: this peer collects no readings')
    const { meter } = question.parse(parameters)
    const offered = (desk()?.offers().offers ?? []).flatMap(({ supplier, tariff: tariffName }): Priced[] => {
      const tariff = desk()?.tariff(tariffName)
      return tariff === undefined ? [] : [{ supplier, tariff, prices: desk()?.series(), current: false }]
    })
    const given = offered.length > 0 ? offered : configured(config.billing?.tariff)
    const zone = given[0]?.tariff.timeZone ?? 'UTC'
    const all = [...new Set((await asked.heads()).map(({ ied }) => ied))].sort()
    const meters = meter === undefined ? all.slice(0, MOST_METERS) : all.filter(each => each === meter)
    const isLate = timeIsUp()
    let looked = 0
    const [rows, loadRows, notSplit]: [CostRow[], LoadCostRow[], string[]] = [[], [], []]
    const normal = createFeeder(feeder.file)
    const nowUtcMs = clock.utc()
    let room = MOST_SUB_METERS
    for (const each of meters) {
      if (looked > 0 && isLate()) break
      looked++
      const measured = await measuredBy(asked, each, zone, nowUtcMs)
      if (measured === undefined) continue
      const behind = loadsBehind(normal, each)
      const isSplit = behind.subMeters.length <= room
      if (isSplit) room -= behind.subMeters.length
      else notSplit.push(each)
      const known = behind.subMeters.filter(({ ied }) => all.includes(ied))
      const together = behind.parts.filter(part => !known.some(({ parts }) => parts.includes(part)))
      async function* below(): AsyncGenerator<Measured> {
        for (const { ied, parts } of known) {
          const theirs = await measuredBy(asked as Collector, ied, zone, nowUtcMs)
          if (theirs === undefined) together.push(...parts)
          else yield { ied, parts, ...theirs }
        }
      }
      const found = await costed(
        { meter: each, loads: behind.parts, ...measured },
        given,
        isSplit ? below : undefined,
        together,
        nowUtcMs,
      )
      rows.push(...found.cost)
      loadRows.push(...found.loads)
    }
    // The rows of a load say nothing without those of its meter: they give way first.
    const ofLoads = fitting(loadRows)
    const without = new Set(loadRows.slice(ofLoads.rows.length).map(row => row.meter))
    return {
      cost: rows,
      loads: ofLoads.rows.filter(row => !without.has(row.meter)),
      notSplit: [...new Set([...notSplit, ...without])],
      leftOut: (meter === undefined ? all.length : meters.length) - looked,
    }
  })
  return () => {}
}

export function intervalsOf(
  readings: readonly Reading[],
  timeZone: string,
  nowUtcMs: number,
  edits: readonly Edit[] = [],
) {
  // With the look that begins a ledger: what follows it is perhaps another meter's.
  const raw = readings.map(rawInterval)
  const zone = zoneClock(timeZone)
  if (zone === undefined) throw new NodeError('BAD_INPUT', `no time zone "${timeZone}"`)
  return vee(raw, { intervalMs: usualIntervalMs(raw, 900_000), hasGenerator: true, nowUtcMs }, zone, edits).intervals
}

/** @throws NodeError BAD_INPUT */
function configured(file: string | undefined): Priced[] {
  if (file === undefined)
    throw new NodeError(
      'BAD_INPUT',
      'cost: no tariff is known here, want billing.tariff, or a supplier that offers one',
    )
  const tariff: Tariff = readTariff(file)
  return [{ supplier: tariff.supplier ?? '', tariff, prices: undefined, current: true }]
}

/** @returns nothing where it has no readings of it */
async function measuredBy(
  collector: Collector,
  ied: string,
  zone: string,
  nowUtcMs: number,
): Promise<{ readonly intervals: readonly Interval[]; readonly kw: number | undefined } | undefined> {
  const readings: Reading[] = []
  const wanted = { ied, fromUtc: utcMs(nowUtcMs - KEEP_MS), toUtc: utcMs(nowUtcMs) }
  for await (const { reading } of profiledReadings(collector, wanted)) readings.push(reading)
  const last = readings.at(-1)
  if (last === undefined) return undefined
  const phases = Object.values(last.kw ?? {}).filter(value => value !== undefined)
  const kw = phases.length === 0 ? undefined : phases.reduce((sum, value) => sum + value, 0)
  const edits = (await collectedEdits(collector, ied)).map(editOf)
  return { intervals: intervalsOf(readings, zone, nowUtcMs, edits), kw }
}

/** @param below undefined where loads are not to be told apart */
async function costed(
  meter: Parameters<typeof costRows>[0],
  tariffs: readonly Priced[],
  below: (() => AsyncIterable<Measured>) | undefined,
  together: readonly string[],
  nowUtcMs: number,
): Promise<{ readonly cost: CostRow[]; readonly loads: LoadCostRow[] }> {
  try {
    const cost = costRows(meter, tariffs, nowUtcMs)
    const loads = below === undefined ? [] : await loadCostRows(meter, tariffs, cost, below, together, nowUtcMs)
    return { cost, loads }
  } catch (cause) {
    if (cause instanceof BillingError) throw new NodeError('BAD_INPUT', `cost: ${cause.message}`, { cause })
    throw cause
  }
}
