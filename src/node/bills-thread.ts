// The thread that `bills-aside.ts` starts: takes a meter's intervals and computes its bills, once.

import { parentPort } from 'node:worker_threads'
import { BillingError } from '../aggregation/billing/billing-error.ts'
import { priceSeries } from '../aggregation/billing/compile-tariff.ts'
import { meterBills } from '../aggregation/billing/meter-bills.ts'
import type { RawInterval } from '../aggregation/billing/vee.ts'
import { type FromBills, giveWay, type ToBills } from './bills-aside.ts'

giveWay()
const all: RawInterval[] = []

function answered(message: Exclude<ToBills, { readonly raw: unknown }>): FromBills {
  const { meter, wish, late } = message
  const { prices, ...rest } = wish
  try {
    const series = prices && { prices: priceSeries(prices.prices, prices.holdsMs) }
    return { bills: meterBills(meter, all, { ...rest, ...series, isLate: () => Atomics.load(late, 0) !== 0 }) }
  } catch (error) {
    if (error instanceof BillingError) return { code: error.code, words: error.message }
    return { failed: (error as Error).message }
  }
}

parentPort?.on('message', (message: ToBills) => {
  if ('raw' in message) for (const each of message.raw) all.push(each)
  else parentPort?.postMessage(answered(message))
})
