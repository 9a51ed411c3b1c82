// The clock of one machine in the virtual world. Its oscillator may be off, its UTC may be wrong or jump, and what it was
// asked to do dies with the process that asked.

import type { Clock } from '../../src/node/clock.ts'
import { type Instant, instant, utcMs } from '../../topology/units.ts'
import type { Scheduler } from './scheduler.ts'

/** One run of a program on a machine. After `end` nothing that it asked for happens any more. */
export interface Life {
  readonly isOver: boolean
  end(): void
}

export function newLife(): Life {
  let isOver = false
  return {
    get isOver() {
      return isOver
    },
    end() {
      isOver = true
    },
  }
}

export interface VirtualMachineClock {
  /** For a program that lives that long. */
  clockOf(life: Life): Clock
  /** Moves UTC, forward or back. Durations are unaffected. */
  jumpUtc(byMs: number): void
  setUtcGood(isGood: boolean): void
}

export interface ClockErrors {
  /** Of the oscillator: parts per million fast. */
  readonly driftPpm?: number
  readonly utcOffsetMs?: number
  readonly utcGood?: boolean
}

/**
 * @param startUtcMs UTC when the run begins
 * @throws RangeError for a clock that stands or runs backwards
 */
export function virtualMachineClock(
  scheduler: Scheduler,
  startUtcMs: number,
  errors: ClockErrors,
): VirtualMachineClock {
  const rate = 1 + (errors.driftPpm ?? 0) / 1e6
  if (!(rate > 0)) throw new RangeError(`clock drift of ${errors.driftPpm} ppm, want more than -1000000`)
  let offset = errors.utcOffsetMs ?? 0
  let isGood = errors.utcGood ?? true
  /** A timer has run at this local time: it cannot be earlier, whatever the division left of it. */
  let reached = 0
  const now = (): Instant => instant(Math.max(reached, scheduler.now() * rate))

  return {
    clockOf(life) {
      function wakeAt(at: Instant, run: () => void): () => void {
        return scheduler.at(at / rate, () => {
          if (life.isOver) return
          reached = Math.max(reached, Math.min(at, scheduler.now() * rate + 1e-6))
          run()
        })
      }
      return {
        now,
        utc: () => utcMs(Math.floor(startUtcMs + now() + offset)),
        utcGood: () => isGood,
        wakeAt,
        every(ms, run) {
          let cancel = (): void => {}
          let due = now() + ms
          const again = (): void => {
            cancel = wakeAt(instant(due), () => {
              due = Math.max(due + ms, now())
              again()
              run()
            })
          }
          again()
          return () => cancel()
        },
      }
    },
    jumpUtc(byMs) {
      offset += byMs
    },
    setUtcGood(good) {
      isGood = good
    },
  }
}
