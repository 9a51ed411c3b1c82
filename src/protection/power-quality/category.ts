// IEEE 1159 categories. Its table leaves holes (a swell to 1.5 per unit of two seconds, a sag to half of two minutes), so
// the duration alone decides; the kind and the numbers stand beside it.

import type { Category } from './event.ts'

/** Up to and including so long. A momentary interruption is anything up to 3 s; a sag is instantaneous up to 30 cycles. */
export function categoryOf(kind: 'sag' | 'swell' | 'interruption', durationMs: number, nominalHz: number): Category {
  const cycles = (durationMs * nominalHz) / 1000
  if (kind !== 'interruption' && cycles <= 30 + 1e-6) return 'instantaneous'
  if (durationMs <= 3000 + 1e-6) return 'momentary'
  return durationMs <= 60_000 + 1e-6 ? 'temporary' : 'sustained'
}
