// How much loads draw, as one number.

import type { LoadEntry, PerConnection } from './feeder-file.ts'

/** All phases and pairs of phases together. */
export function totalOf({ a = 0, b = 0, c = 0, ab = 0, bc = 0, ca = 0 }: PerConnection): number {
  return a + b + c + ab + bc + ca
}

/** Kilowatts at rated voltage, to the watt: thirds of a load do not add up to the last digit. */
export function kwOf(loads: readonly Pick<LoadEntry, 'kw'>[]): number {
  return Math.round(loads.reduce((sum, { kw }) => sum + totalOf(kw), 0) * 1000) / 1000
}
