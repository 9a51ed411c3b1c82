// By which calendar a person's dates count: that of the site, where the configuration names a zone, else that of its tariff,
// else UTC. Whoever answers says which it was.

import { type ZoneClock, zoneClock } from '../aggregation/local-time.ts'
import type { AgentConfig } from './config.ts'
import { NodeError } from './node-error.ts'

type Zoned = Pick<AgentConfig, 'billing' | 'loadManagement' | 'reliability' | 'suppliers'>

export async function siteZone({ billing, loadManagement, reliability, suppliers }: Zoned): Promise<ZoneClock> {
  const named = reliability.timeZone ?? suppliers?.timeZone ?? loadManagement?.timeZone
  const zone = named ?? (billing === undefined ? undefined : await zoneOfTariff(billing.tariff)) ?? 'UTC'
  return (zoneClock(zone) ?? zoneClock('UTC')) as ZoneClock
}

/** Nothing of a tariff that can't be read: that is an alarm of its own, and no reason to answer nothing. */
async function zoneOfTariff(file: string): Promise<string | undefined> {
  const { readTariff } = await import('./tariff-file.ts')
  try {
    return readTariff(file).timeZone
  } catch {
    return undefined
  }
}

/**
 * A date is local midnight of the zone; a time says its zone itself.
 *
 * @throws NodeError BAD_INPUT
 */
export function wishedMoment(option: string, text: string, zone: ZoneClock): number {
  const ms = zone.moment(text)
  if (ms !== undefined && ms >= 0) return ms
  throw new NodeError(
    'BAD_INPUT',
    `${option} ${text}: want a date such as 2026-06-01 (midnight in ${zone.zone}), or a time with its zone`,
  )
}
