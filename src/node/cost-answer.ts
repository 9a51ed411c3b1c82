// What a peer answers to `cost`: an IED of its own meter, a back-end peer of each meter that it has readings of. The computing
// is the same. An IED knows its draw from the device, a back-end peer from the latest reading.

import { z } from 'zod'
import { utcMs } from '../../topology/units.ts'
import {
  BillingError,
  type Edit,
  editOf,
  rawInterval,
  type Tariff,
  usualIntervalMs,
  vee,
} from '../aggregation/billing/index.ts'
import type { Collector } from '../aggregation/collector.ts'
import { zoneClock } from '../aggregation/local-time.ts'
import { profiledReadings } from '../aggregation/profiled-readings.ts'
import type { Reading } from '../aggregation/reading.ts'
import { collectedEdits } from './collected-reading-source.ts'
import type { ComponentContext } from './component.ts'
import { kwIn } from './components/load-management.ts'
import { costRows, type Priced } from './cost-rows.ts'
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
const question = z.looseObject({ meter: z.string().max(64).optional() })

export function serveOwnCost(
  { readout, clock, config, feeder, ledger, name, bus }: ComponentContext,
  { choice, shelf }: TariffsKnown,
): () => void {
  let kw: number | undefined
  const loads = feeder.file.ieds.find(ied => ied.name === name)?.meters ?? []
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
    return { cost: costed({ meter: name, loads, intervals, kw }, given, clock.utc()) }
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
    const rows = []
    for (const each of meters) {
      const readings: Reading[] = []
      const wanted = { ied: each, fromUtc: utcMs(clock.utc() - KEEP_MS), toUtc: utcMs(clock.utc()) }
      for await (const { reading } of profiledReadings(asked, wanted)) readings.push(reading)
      const last = readings.at(-1)
      if (last === undefined) continue
      const phases = Object.values(last.kw ?? {}).filter(value => value !== undefined)
      const kw = phases.length === 0 ? undefined : phases.reduce((sum, value) => sum + value, 0)
      const loads = feeder.file.ieds.find(ied => ied.name === each)?.meters ?? []
      const edits = (await collectedEdits(asked, each)).map(editOf)
      rows.push(
        ...costed(
          { meter: each, loads, intervals: intervalsOf(readings, zone, clock.utc(), edits), kw },
          given,
          clock.utc(),
        ),
      )
    }
    return { cost: rows }
  })
  return () => {}
}

export function intervalsOf(
  readings: readonly Reading[],
  timeZone: string,
  nowUtcMs: number,
  edits: readonly Edit[] = [],
) {
  const raw = readings.map(rawInterval).filter(({ startUtcMs, endUtcMs }) => endUtcMs > startUtcMs)
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

function costed(...given: Parameters<typeof costRows>) {
  try {
    return costRows(...given)
  } catch (cause) {
    if (cause instanceof BillingError) throw new NodeError('BAD_INPUT', `cost: ${cause.message}`, { cause })
    throw cause
  }
}
