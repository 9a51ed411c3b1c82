// Frequency as IEC 61000-4-30 §5.1 reports it: cycles that passed over the time they took, in each ten seconds of UTC.
//
// A window of 10 or 12 cycles belongs to the ten seconds in which it ends. Windows in which the frequency could not be told,
// such as during a sag that took all phases, count for neither cycles nor time; when they are more than half, there is no
// value.

import { type UtcMs, utcMs } from '../../../topology/units.ts'
import type { BasicWindow } from './aggregates.ts'

const TEN_SECONDS_MS = 10_000

export interface TenSeconds {
  readonly endUtcMs: UtcMs
  readonly hz: number
}

export function tenSecondFrequency() {
  let endUtcMs: UtcMs | undefined
  let cycles = 0
  let countedMs = 0
  let last: TenSeconds | undefined

  /** When UTC steps, what was under way is left out. */
  function close(next: UtcMs): void {
    if (endUtcMs !== undefined && next === endUtcMs + TEN_SECONDS_MS) {
      last = countedMs > TEN_SECONDS_MS / 2 ? { endUtcMs, hz: (1000 * cycles) / countedMs } : undefined
    }
    endUtcMs = next
    cycles = 0
    countedMs = 0
  }

  return {
    hear({ startUtcMs, endUtcMs: at, values }: BasicWindow): void {
      const end = utcMs(Math.ceil(at / TEN_SECONDS_MS) * TEN_SECONDS_MS)
      if (end !== endUtcMs) close(end)
      const { hz } = values
      if (hz === undefined || !Number.isFinite(hz)) return
      const ms = at - startUtcMs
      cycles += (hz * ms) / 1000
      countedMs += ms
    },
    /** The last whole ten seconds. */
    last: (): TenSeconds | undefined => last,
  }
}
