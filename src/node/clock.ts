// The clock port and the machine's own clock.

import { performance } from 'node:perf_hooks'
import { hrtime } from 'node:process'
import { type Instant, instant, type UtcMs, utcMs } from '../../topology/units.ts'

export interface Clock {
  /** Monotonic: every duration is measured with it. On Linux it is the machine's, equal in all of its processes. */
  now(): Instant
  utc(): UtcMs
  /** Whether UTC may be trusted for records and intervals. */
  utcGood(): boolean
  /** Runs once, at or after `at`, never inside this call. Returns a cancel function. */
  wakeAt(at: Instant, run: () => void): () => void
  /** Runs every `ms` until cancelled. */
  every(ms: number, run: () => void): () => void
}

/** UTC before this date is a clock that was never set. */
const EARLIEST = Date.UTC(2025, 0, 1)

const LONGEST_TIMER_MS = 2 ** 31 - 1

/** `performance.now` counts from the start of the process, `hrtime` from that of the machine; both go by one clock. */
const SINCE_BOOT_MS = Number(hrtime.bigint()) / 1e6 - performance.now()

/** Of the machine, ms. It is asked several times for each message, and `hrtime.bigint` costs a few times as much. */
export const monotonicMs = (): number => performance.now() + SINCE_BOOT_MS

export function systemClock(): Clock {
  const now = (): Instant => instant(monotonicMs())
  return {
    now,
    utc: () => utcMs(Date.now()),
    utcGood: () => Date.now() > EARLIEST,
    wakeAt(at, run) {
      // Node's timers fire up to 2 ms early, and at once for more than 24 days. A decision that is woken early finds
      // nothing due, and nothing would wake it again.
      const arm = (): NodeJS.Timeout => setTimeout(fire, Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(at - now()))))
      const fire = (): void => {
        if (now() < at) timer = arm()
        else run()
      }
      let timer = arm()
      return () => clearTimeout(timer)
    },
    every(ms, run) {
      const timer = setInterval(run, ms)
      return () => clearInterval(timer)
    },
  }
}
