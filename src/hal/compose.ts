// From decoded points to the port's measurement, status and identity: what was not read stays absent.

import type { Instant, UtcMs } from '../../topology/units.ts'
import type { Decoded } from './decode.ts'
import { FEEDS, type Feed, factsOf } from './feeds.ts'
import type { DeviceIdentity, Doubts, Measurement, Status } from './port.ts'

/** Where in a measurement, status or identity a value goes: a field, or one within a field. */
interface Place {
  readonly field: string
  readonly part?: string
  readonly isOfIdentity: boolean
}

/** The feeds whose field has another name than the first half of theirs. */
const RENAMED: { readonly [quantity: string]: string } = {
  thdVolts: 'thdVoltsPercent',
  thdAmps: 'thdAmpsPercent',
  unbalanceVolts: 'unbalanceVoltsPercent',
  unbalanceAmps: 'unbalanceAmpsPercent',
}

function placeOf(feed: Feed): Place {
  const [quantity = feed, part] = feed.split('.')
  const isOfIdentity = factsOf(feed).kind === 'text'
  const at = (field: string, within?: string): Place => ({
    field,
    ...(within === undefined ? {} : { part: within }),
    isOfIdentity,
  })
  if (feed === 'amps.n') return at('neutralAmps')
  if (part === 'total') return at('total', quantity)
  if (quantity === 'identity' && part !== undefined) return at(part)
  return at(RENAMED[quantity] ?? quantity, part)
}

const PLACES: ReadonlyMap<Feed, Place> = new Map(FEEDS.map(feed => [feed, placeOf(feed)]))

export function measurementOf(decoded: readonly Decoded[], at: Instant, utc: UtcMs, doubts: Doubts = {}): Measurement {
  const measurement = composed({ at, utc }, decoded, doubts)
  const rollsOverAt: Record<string, bigint> = {}
  for (const { feeds, rollsOverAt: modulus } of decoded) if (modulus !== undefined) rollsOverAt[feeds] = modulus
  if (Object.keys(rollsOverAt).length > 0) measurement.rollsOverAt = rollsOverAt
  return measurement as unknown as Measurement
}

export const statusOf = (decoded: readonly Decoded[], at: Instant, doubts: Doubts = {}): Status =>
  composed({ at }, decoded, doubts) as unknown as Status

export function identityOf(decoded: readonly Decoded[]): DeviceIdentity {
  const identity: Record<string, unknown> = {}
  for (const { feeds, value } of decoded) {
    const { field, isOfIdentity } = PLACES.get(feeds) as Place
    if (isOfIdentity && value !== undefined) identity[field] = value
  }
  return identity
}

/** The kinds of the values are those of their feeds, as `decode.ts` makes them. */
function composed(
  start: Record<string, unknown>,
  decoded: readonly Decoded[],
  doubts: Doubts,
): Record<string, unknown> {
  const all = start
  for (const { feeds, value } of decoded) {
    const { field, part, isOfIdentity } = PLACES.get(feeds) as Place
    if (value === undefined || feeds === 'heartbeat' || isOfIdentity) continue
    if (part === undefined) all[field] = value
    else {
      const parts = (all[field] ?? {}) as Record<string, unknown>
      parts[part] = value
      all[field] = parts
    }
  }
  if (Object.keys(doubts).length > 0) all.doubts = doubts
  return all
}
