// A figure for each phase that is there.

import type { PerPhase } from '../../src/hal/port.ts'
import type { Triple } from '../solver/complex.ts'

export function perPhase<T>([a, b, c]: Triple<boolean>, value: (i: 0 | 1 | 2) => T): PerPhase<T> {
  // Nearly every node has all three, and thousands are read after each change.
  if (a && b && c) return { a: value(0), b: value(1), c: value(2) }
  return { ...(a ? { a: value(0) } : {}), ...(b ? { b: value(1) } : {}), ...(c ? { c: value(2) } : {}) }
}
