// The load that an IED may drop on a warning, and must not forget to restore: not after a crash, a stop, or a device that
// does not answer for a while.

import { instant } from '../../topology/units.ts'
import { HalError } from '../hal/port.ts'
import type { ComponentContext } from './component.ts'
import { operable } from './operable.ts'

const SHED_KEY = 'early-warning/shed'
const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 10_000

/**
 * Drops and restores the load, one after the other. A mark in the store says that this IED dropped it: set before it is
 * dropped, and cleared once the device has confirmed its return, which is tried until it does or the load is to be
 * dropped again. What somebody else had dropped is left to them.
 */
export async function sheddableLoad({ hal, store, clock, bus, report }: ComponentContext) {
  let isOurs = (await store.get(SHED_KEY)) !== undefined
  /** As the device last showed it. Undefined while that is not known. */
  let isShed: boolean | undefined
  let changedAt = instant(Number.NEGATIVE_INFINITY)
  let wish = 0
  let restoring = false
  let stopped = false
  let cause: { readonly id?: string } = {}
  let last = Promise.resolve()
  let endPause = (): void => {}

  const cancels = [
    bus.on('status', ({ at, shed }) => {
      if (at >= changedAt) isShed = shed
    }),
    bus.on('device', ({ answering }) => {
      if (!answering) isShed = undefined
    }),
  ]

  async function mark(ours: boolean): Promise<void> {
    const change = ours ? { put: SHED_KEY, value: Uint8Array.of(1) } : { del: SHED_KEY }
    await store.batch([change], { durable: true })
    isOurs = ours
  }

  async function operate(operation: 'shed' | 'restore'): Promise<void> {
    await operable(hal).operate(operation)
    changedAt = clock.now()
    isShed = operation === 'shed'
    report('operated', { operation, cause: 'early-warning', ...cause })
  }

  const failed = (operation: 'shed' | 'restore', error: unknown): void =>
    report('alarm', { alarm: 'operation-failed', operation, reason: (error as Error).message })

  async function shed(): Promise<void> {
    if (!isOurs && isShed === true) return report('shed-already')
    try {
      operable(hal)
      if (!isOurs) await mark(true)
      await operate('shed')
    } catch (error) {
      failed('shed', error)
      // Any other failure leaves open whether the load went off, so that it is restored afterwards.
      const isUntouched = error instanceof HalError && error.code === 'HAL_UNSUPPORTED'
      if (isUntouched) await mark(false).catch(cause => failed('shed', cause))
    }
  }

  async function restore(isWanted: () => boolean): Promise<void> {
    for (let retryMs = FIRST_RETRY_MS; isOurs && isWanted(); retryMs = Math.min(LAST_RETRY_MS, retryMs * 2)) {
      try {
        await operate('restore')
        return await mark(false)
      } catch (error) {
        if (retryMs === FIRST_RETRY_MS) failed('restore', error)
      }
      if (isWanted()) await pause(retryMs)
    }
  }

  const pause = (ms: number): Promise<void> =>
    new Promise(resolve => {
      const cancel = clock.wakeAt(instant(clock.now() + ms), resolve)
      endPause = () => {
        cancel()
        resolve()
      }
    })

  return {
    isShedByUs: () => isOurs,
    /** @param id of the power-system event that it is wanted for, for records */
    want(operation: 'shed' | 'restore', id?: string): void {
      cause = id === undefined ? {} : { id }
      const mine = ++wish
      const isWanted = (): boolean => !stopped && mine === wish
      restoring = operation === 'restore'
      endPause()
      last = last.then(() => (stopped ? undefined : operation === 'shed' ? shed() : restore(isWanted)))
    },
    /** Somebody else has the load from now on: it is neither dropped nor restored here on account of what was. */
    handOver(): Promise<void> {
      wish++
      restoring = false
      isShed = undefined // they have operated it
      changedAt = clock.now()
      endPause()
      const done = last.then(() => (isOurs ? mark(false) : undefined))
      last = done.catch(error => failed('restore', error))
      return last
    },
    /** Tries no further to restore. @returns whether it was about to, so that it is asked for again later */
    holdOff(): boolean {
      if (!restoring || !isOurs) return false
      restoring = false
      wish++
      endPause()
      return true
    },
    async stop(): Promise<void> {
      stopped = true
      endPause()
      for (const cancel of cancels) cancel()
      await last
    },
  }
}
