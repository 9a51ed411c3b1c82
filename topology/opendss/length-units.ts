// Units of length as OpenDSS names them.

import type { Value } from './values.ts'

/** By the first two letters, which is what counts for OpenDSS: so `mile`, `meters`, `inches` and `feet` are understood. */
const METRES: Readonly<Record<string, number>> = {
  mi: 1609.344,
  kf: 304.8,
  km: 1000,
  m: 1,
  me: 1,
  ft: 0.3048,
  fe: 0.3048,
  in: 0.0254,
  cm: 0.01,
  mm: 0.001,
}

/** How many metres one unit has; undefined for `none`, which takes the lengths to fit whatever they are used with. */
export function metresOf({ text }: Value): number | undefined {
  const unit = text.slice(0, 2).toLowerCase()
  return Object.hasOwn(METRES, unit) ? METRES[unit] : undefined
}
