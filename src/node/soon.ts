// Work that a burst of events asks for, done once a moment after the first of them.

import { instant } from '../../topology/units.ts'
import type { Clock } from './clock.ts'

/** @returns what asks for it, and the end of it: nothing runs after that */
export function soon(clock: Clock, ms: number, run: () => void): { ask(): void; stop(): void } {
  let cancel: (() => void) | undefined
  let isStopped = false
  return {
    ask() {
      if (isStopped || cancel !== undefined) return
      cancel = clock.wakeAt(instant(clock.now() + ms), () => {
        cancel = undefined
        run()
      })
    },
    stop() {
      isStopped = true
      cancel?.()
    },
  }
}
