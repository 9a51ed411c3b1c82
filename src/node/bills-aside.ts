// Bills of many intervals, computed on a thread of their own: a year of a meter takes seconds of a small device's processor, and
// the agent's own thread has to answer, relay and act meanwhile. Of few intervals they are computed where they are asked for,
// as all are in the simulator, whose time stands still meanwhile.
//
// One thread at a time, at the lowest priority, and gone when its bills are done. If it dies (no memory), whoever asked gets an
// error, and nobody else notices.

import { constants, setPriority } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { BillingError, type BillingErrorCode } from '../aggregation/billing/billing-error.ts'
import type { PriceSeries } from '../aggregation/billing/compile-tariff.ts'
import type { BillWish, MeterBills } from '../aggregation/billing/meter-bills.ts'
import type { RawInterval } from '../aggregation/billing/vee.ts'
import { NodeError } from './node-error.ts'
import { turns } from './turns.ts'

export type ComputeBills = (meter: string, raw: readonly RawInterval[], wish: BillWish) => Promise<MeterBills>

export const billsHere: ComputeBills = async (meter, raw, wish) => {
  const { meterBills } = await import('../aggregation/billing/meter-bills.ts')
  return meterBills(meter, raw, wish)
}

/** So many take some milliseconds. */
const FEW_INTERVALS = 300
/** Handed over in pieces, each a millisecond's work for the thread that must not be held up. */
const PIECE = 250
const LOOK_EVERY_MS = 50
/** Intervals of questions that may wait. */
const MOST_WAITING = 2_000_000
const MOST_HEAP_MB = 512

/** What is said to the thread: the intervals piece by piece, then the wish. */
export type ToBills =
  | { readonly raw: readonly RawInterval[] }
  | { readonly meter: string; readonly wish: WishAside; readonly late: Int32Array }
export interface WishAside extends Omit<BillWish, 'isLate' | 'prices'> {
  readonly prices?: Pick<PriceSeries, 'prices' | 'holdsMs'>
}
export type FromBills =
  | { readonly bills: MeterBills }
  | { readonly code: BillingErrorCode; readonly words: string }
  | { readonly failed: string }

/** @param program of the thread; where it can't be run, as from sources that Node does not read, give `billsHere` */
export function billsAside(program: URL): ComputeBills {
  const oneAtATime = turns({ atOnce: 1, waitingBytes: MOST_WAITING })
  return (meter, raw, wish) =>
    raw.length <= FEW_INTERVALS
      ? billsHere(meter, raw, wish)
      : oneAtATime.run(raw.length, () => onThread(program, meter, raw, wish))
}

async function onThread(program: URL, meter: string, raw: readonly RawInterval[], wish: BillWish): Promise<MeterBills> {
  const { isLate, prices, ...rest } = wish
  const late = new Int32Array(new SharedArrayBuffer(4))
  const thread = new Worker(program, { execArgv: [], resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB } })
  const look = (): void => {
    if (isLate?.() === true) Atomics.store(late, 0, 1)
  }
  const looking = setInterval(look, LOOK_EVERY_MS)
  const answer = new Promise<FromBills>((resolve, reject) => {
    thread.once('message', resolve)
    thread.once('error', reject)
    thread.once('exit', () => reject(new Error('it ended')))
  })
  // Whoever waits below hears of it; until then it is nobody's.
  answer.catch(() => {})
  const say = (message: ToBills): void => thread.postMessage(message)
  try {
    for (let at = 0; at < raw.length; at += PIECE) {
      say({ raw: raw.slice(at, at + PIECE) })
      await nextTurn()
    }
    const series = prices && { prices: { prices: prices.prices, holdsMs: prices.holdsMs } }
    look()
    say({ meter, wish: { ...rest, ...series }, late })
    const found = await answer.catch(cause => {
      throw new NodeError('REFUSED', `bills of ${meter} could not be computed: ${(cause as Error).message}`, { cause })
    })
    if ('bills' in found) return found.bills
    if ('code' in found) throw new BillingError(found.code, found.words)
    throw new NodeError('REFUSED', `bills of ${meter} could not be computed: ${found.failed}`)
  } finally {
    clearInterval(looking)
    await thread.terminate()
  }
}

/** For the thread itself: what computes for money gives way to what protects. On Linux a priority is a thread's own. */
export function giveWay(): void {
  try {
    if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_LOW)
  } catch {
    // Not permitted: then it shares the processor as others do.
  }
}
