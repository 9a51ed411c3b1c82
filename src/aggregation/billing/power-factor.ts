// Power factor of a time: active energy over apparent energy, both summed first. Rounded half-up to four places, since a
// root is not exact: what is billed by it is billed by these four places.

import { Decimal } from 'decimal.js'
import { type Exact, exact } from './exact.ts'

const Root = Decimal.clone({ precision: 60 })
const PLACES = 4

/** @returns 1 when nothing was used */
export function powerFactor(wattHours: bigint, varHours: bigint): Exact {
  if (wattHours === 0n && varHours === 0n) return exact(1n)
  const [active, reactive] = [new Root(wattHours.toString()), new Root(varHours.toString())]
  const factor = active.dividedBy(active.times(active).plus(reactive.times(reactive)).sqrt())
  const places = factor
    .abs()
    .toDecimalPlaces(PLACES, Decimal.ROUND_HALF_UP)
    .times(10 ** PLACES)
  return exact(BigInt(places.toFixed(0)), 10n ** BigInt(PLACES))
}
