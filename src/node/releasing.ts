// Which of this IED's records are due, as they are appended and time passes: the shell of src/aggregation/release.ts.

import { instant } from '../../topology/units.ts'
import type { Ledger } from '../aggregation/ledger.ts'
import type { RecordClass } from '../aggregation/record.ts'
import { type ClassModes, type ReleaseEvent, release, releaseStart } from '../aggregation/release.ts'
import type { ComponentContext } from './component.ts'

export interface Releasing {
  upTo(): number
  /** Takes in what has been appended since; for appends that nobody told of. */
  lookAgain(): void
  /** Somebody asks for data: all of it is due. */
  askedNow(): void
  /** By class, the records that wait. */
  waiting(): ReadonlyMap<RecordClass, number>
  stop(): void
}

export function releasing(
  { ledger, clock, log, bus }: Pick<ComponentContext, 'clock' | 'log' | 'bus'> & { readonly ledger: Ledger },
  modes: ClassModes,
  sendNow: () => void,
): Releasing {
  const step = release(modes)
  let state = releaseStart(ledger.head().number)
  let seen = state.upTo
  const held = new Map<RecordClass, number[]>()
  let cancelWake = (): void => {}
  let running: Promise<void> | undefined
  let stopped = false

  function feed(event: ReleaseEvent): void {
    const next = step(state, event, clock.now())
    state = next.state
    for (const [each, numbers] of held) {
      const left = numbers.filter(number => number > state.upTo)
      if (left.length === 0) held.delete(each)
      else held.set(each, left)
    }
    cancelWake()
    cancelWake = (): void => {}
    for (const action of next.actions) {
      if (action.kind === 'sendNow') sendNow()
      else cancelWake = clock.wakeAt(instant(action.at), () => feed({ kind: 'tick' }))
    }
  }

  async function takeIn(): Promise<void> {
    while (!stopped && seen < ledger.head().number) {
      const records = await ledger.read({ after: seen, limit: 100, maxBytes: 256 * 1024 })
      const last = records.at(-1)?.header.number
      if (last === undefined) return
      for (const { header } of records) {
        held.set(header.class, [...(held.get(header.class) ?? []).slice(-MAX_SHOWN), header.number])
        feed({ kind: 'appended', number: header.number, recordClass: header.class, utcMs: header.utcMs })
      }
      seen = last
    }
  }

  function lookAgain(): void {
    if (running !== undefined || stopped) return
    running = takeIn()
      .catch(error => log.warn('release-failed', { reason: (error as Error).message }))
      .finally(() => {
        running = undefined
      })
  }

  const cancel = bus.on('appended', lookAgain)
  return {
    upTo: () => state.upTo,
    lookAgain,
    askedNow: () => feed({ kind: 'asked', head: ledger.head().number }),
    waiting: () => new Map([...held].map(([each, numbers]) => [each, numbers.length])),
    stop() {
      stopped = true
      cancel()
      cancelWake()
    },
  }
}

/** More records of a class that wait are not counted: nobody needs the number, and polled ones may be many. */
const MAX_SHOWN = 999
