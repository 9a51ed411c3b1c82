// The audit of a whole feeder: balances of its zones, signs of single meters, and who is suspected with what evidence.
// Pure: the same readings give the same answer, at a back-end peer and on an IED.

import type { Feeder } from '../../../topology/feeder.ts'
import { nominalVolts } from '../../../topology/nominal-volts.ts'
import { attribute, type Fitted } from './attribution.ts'
import { type BalanceSettings, balanceDefaults, energyBalance, type ZoneBalance } from './energy-balance.ts'
import { type Indication, type Suspicion, suspicions } from './indication.ts'
import {
  type AuditedMeter,
  type IndicationSettings,
  indicationDefaults,
  meterIndications,
} from './meter-indications.ts'
import { byClock, type MeterInterval, netWh } from './meter-interval.ts'
import { meteredZones } from './metered-zone.ts'
import { technicalLoss } from './technical-loss.ts'
import { type Withheld, withheldIn } from './withheld.ts'

export interface AuditSettings extends BalanceSettings, IndicationSettings {
  /** The fit must be this many standard errors from nothing, and the next best half as many at the most. */
  readonly significance: number
  /** Missing for each registered watt-hour: less than this is a matter of the meter's class. */
  readonly leastMissing: number
}

export const auditDefaults: AuditSettings = {
  ...balanceDefaults,
  ...indicationDefaults,
  significance: 5,
  leastMissing: 0.05,
}

export interface Audit {
  readonly balances: readonly (ZoneBalance & { readonly fitted: readonly Fitted[] })[]
  readonly suspicions: readonly Suspicion[]
  /** No sign against anybody: what is not known, and how much it is. */
  readonly withheld: readonly Withheld[]
}

/**
 * @param meters by IED, oldest first
 * @param others signs that are not in readings: of identities, contacts, ledgers
 */
export function auditFeeder(
  feeder: Feeder,
  meters: ReadonlyMap<string, readonly MeterInterval[]>,
  others: readonly Indication[],
  settings: AuditSettings,
): Audit {
  const zones = meteredZones(feeder)
  const withheld: Withheld[] = []
  const balances = zones.map(zone => {
    const loss = technicalLoss(feeder, zone)
    const balance = energyBalance(zone, meters, loss, settings)
    withheld.push(...withheldIn(zone, meters, loss, settings))
    return { ...balance, fitted: fittedTo(balance, meters, settings) }
  })
  const audited = auditedMeters(feeder, meters)
  const groupOf = (ied: string): AuditedMeter[] => {
    const leaves = zones.find(zone => zone.leaves.includes(ied))?.leaves ?? []
    const near = audited.filter(each => each.ied !== ied && leaves.includes(each.ied))
    // Alone in its zone: all customers of the feeder are its group.
    return near.some(each => each.isCustomer) ? near : audited.filter(each => each.ied !== ied)
  }
  const found = [
    ...others,
    ...balances.flatMap(balance => named(balance, settings)),
    ...audited.flatMap(meter => meterIndications(meter, groupOf(meter.ied), settings)),
  ]
  return { balances, suspicions: suspicions(found), withheld }
}

/** Over the latest periods beyond the limit, and no others: before, everything was registered. */
function fittedTo(
  { zone, periods, residuals, beyondInARow }: ZoneBalance,
  meters: ReadonlyMap<string, readonly MeterInterval[]>,
  { periods: enough }: AuditSettings,
): readonly Fitted[] {
  const from = periods.at(-beyondInARow)?.startUtcMs
  if (beyondInARow < enough || from === undefined) return []
  const counted = residuals.filter(({ startUtcMs }) => startUtcMs >= from)
  const profiles = zone.leaves.map(ied => {
    const shown = byClock(meters.get(ied) ?? [])
    return [ied, counted.map(({ clock }) => Number(shown.get(clock) ? netWh(shown.get(clock) as MeterInterval) : 0n))]
  })
  return attribute(
    counted.map(({ residualWh }) => Number(residualWh)),
    new Map(profiles as [string, number[]][]),
  )
}

/** Nobody is named whose profile does not stand out: the zone's balance then stands for itself. */
function named(
  balance: ZoneBalance & { readonly fitted: readonly Fitted[] },
  { periods: enough, significance, leastMissing }: AuditSettings,
): Indication[] {
  const { zone, periods, beyondInARow } = balance
  if (beyondInARow < enough) return []
  const ranked = [...balance.fitted].sort((one, other) => other.significance - one.significance)
  const [best, next] = ranked
  if (best === undefined || best.significance < significance || best.missingPerShown < leastMissing) return []
  if (next !== undefined && next.missingPerShown >= leastMissing && next.significance > best.significance / 2) return []
  const counted = periods.slice(-beyondInARow)
  const [first, last] = [counted[0], counted.at(-1)]
  if (first === undefined || last === undefined) return []
  const residual = counted.reduce((sum, { residualWh }) => sum + residualWh, 0n)
  const limit = counted.reduce((sum, { limitWh }) => sum + limitWh, 0n)
  const registers = 100 / (1 + best.missingPerShown)
  const words =
    `${Number(residual / 100n) / 10} kWh are missing below ${zone.top} in ${beyondInARow} periods (limit ` +
    `${Number(limit / 100n) / 10}), and follow its profile: correlation ${best.correlation.toFixed(2)}, as if it ` +
    `registered ${registers.toFixed(0)} % of what passes`
  return [{ ied: best.ied, kind: 'energy-balance', fromUtcMs: first.startUtcMs, toUtcMs: last.endUtcMs, words }]
}

function auditedMeters(feeder: Feeder, meters: ReadonlyMap<string, readonly MeterInterval[]>): AuditedMeter[] {
  const { file } = feeder
  const volts = nominalVolts(file)
  const devices = new Set(file.devices.map(({ name }) => name))
  const loads = new Set(file.loads.map(({ name }) => name))
  const generating = new Set(file.generators.map(({ node }) => node))
  return file.ieds.flatMap(({ name, node, operates = '', meters: metered }) => {
    const intervals = meters.get(name)
    if (intervals === undefined || intervals.length === 0) return []
    const isLine = metered.length === 0 && !loads.has(operates)
    const behind = devices.has(operates) ? feeder.downstreamOfDevice(operates).generators.size > 0 : false
    const nominal = volts.get(node)
    return [
      {
        ied: name,
        intervals,
        // Who feeds from two sides, or generates at the same place, may export.
        mayExport: isLine || behind || generating.has(node),
        ...(nominal === undefined ? {} : { nominalVolts: nominal }),
        isCustomer: !isLine,
      },
    ]
  })
}
