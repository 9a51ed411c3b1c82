// A figure for each phase that is there.

import type { PerPhase } from '../../src/hal/port.ts'
import type { Triple } from '../solver/complex.ts'

export function perPhase<T>(has: Triple<boolean>, value: (i: 0 | 1 | 2) => T): PerPhase<T> {
  return {
    ...(has[0] ? { a: value(0) } : {}),
    ...(has[1] ? { b: value(1) } : {}),
    ...(has[2] ? { c: value(2) } : {}),
  }
}
