// The loop of usage, revenue and action: each interval of a meter against the range of its tariff. What is outside it becomes a
// control command, and a record in the ledger that says what was used, what the provider earns by it and what was done.

import { decimal, exact, placed, rounded } from '../aggregation/billing/exact.ts'
import { bill, type Interval, intervalsIn, type PriceSeries, type Tariff } from '../aggregation/billing/index.ts'
import { type UsageReport, usageRecord } from '../aggregation/suppliers/contract.ts'
import { type UsageAction, type UsageWord, usageRange, usageStart } from '../aggregation/suppliers/usage-range.ts'
import type { ComponentContext } from './component.ts'

/** Older intervals are history: nothing is operated for them. */
const STALE_MS = 3_600_000

export interface UsageControl {
  state(): UsageWord
  /** New intervals of the meter, the earliest first. */
  judge(intervals: readonly Interval[], tariff: Tariff, prices: PriceSeries | undefined): Promise<void>
}

/** @param act carries it out and says in words what it did */
export function usageControl(
  { clock, report, ledger, bus }: Pick<ComponentContext, 'clock' | 'report' | 'ledger' | 'bus'>,
  ied: string,
  before: UsageWord,
  restIntervals: number,
  act: (action: UsageAction, words: string) => Promise<string>,
): UsageControl {
  let state = usageStart(before)
  let judgedUntil = 0
  /** When the edits that were looked at were made, by the start of their interval. */
  const judgedEdits = new Map<number, number>()

  async function record(
    interval: Interval,
    tariff: Tariff,
    prices: PriceSeries | undefined,
    watts: bigint,
    action: string,
  ) {
    const { startUtcMs, endUtcMs, importWh } = interval
    const energyOnly: Tariff = { ...tariff, fixed: [], demand: [], minimum: undefined }
    const options = prices === undefined ? {} : { prices }
    const { subtotal } = bill(
      energyOnly,
      [interval],
      { fromUtcMs: startUtcMs, toUtcMs: endUtcMs },
      tariff.timeZone,
      options,
    )
    const said: UsageReport = {
      kind: 'usage-range',
      ied,
      state: state.word,
      fromUtc: new Date(startUtcMs).toISOString(),
      toUtc: new Date(endUtcMs).toISOString(),
      importKwh: placed(importWh, 3),
      meanKw: placed(watts, 3),
      ...(tariff.range?.leastKw === undefined ? {} : { leastKw: tariff.range.leastKw }),
      ...(tariff.range?.mostKw === undefined ? {} : { mostKw: tariff.range.mostKw }),
      tariff: tariff.tariff,
      currency: tariff.currency,
      revenue: placed(subtotal, tariff.decimals),
      action: action.slice(0, 200),
    }
    const { number } = await ledger.append('billing', usageRecord.encode(said))
    bus.emit('appended', { number })
    report('usage-range', {
      number,
      ied,
      usage: state.word,
      meanKw: said.meanKw,
      revenue: said.revenue,
      currency: said.currency,
      action: said.action,
    })
  }

  return {
    state: () => state.word,
    async judge(intervals, tariff, prices) {
      const { range } = tariff
      if (range === undefined) return
      const watts = (text: string | undefined): bigint | undefined =>
        text === undefined ? undefined : rounded(decimal(text), 3, 'half-up')
      const [leastWatts, mostWatts] = [watts(range.leastKw), watts(range.mostKw)]
      const step = usageRange({
        restIntervals,
        ...(leastWatts === undefined ? {} : { leastWatts }),
        ...(mostWatts === undefined ? {} : { mostWatts }),
      })
      const oldest = clock.utc() - STALE_MS
      for (const startUtcMs of judgedEdits.keys()) if (startUtcMs < oldest) judgedEdits.delete(startUtcMs)
      for (const interval of intervalsIn(intervals, { fromUtcMs: oldest, toUtcMs: clock.utc() })) {
        const { startUtcMs, edit } = interval
        // What a person has put there since is one more look at the usage of this time.
        const isNewlyEdited = edit !== undefined && judgedEdits.get(startUtcMs) !== edit.atUtcMs
        if (startUtcMs < judgedUntil && !isNewlyEdited) continue
        if (edit !== undefined) judgedEdits.set(startUtcMs, edit.atUtcMs)
        judgedUntil = Math.max(judgedUntil, interval.endUtcMs)
        if (interval.quality === 'missing' || interval.quality === 'estimated') continue
        const mean = rounded(
          exact(interval.importWh * 3_600_000n, interval.endUtcMs - interval.startUtcMs),
          0,
          'half-up',
        )
        const next = step(state, { watts: mean, isDoubted: interval.quality === 'questionable' })
        state = next.state
        for (const action of next.actions) {
          const words = `${placed(mean, 3)} kW, agreed ${range.leastKw ?? '0'} to ${range.mostKw ?? 'any'} kW`
          const done = await act(action, words).catch((error: Error) => `not done: ${error.message}`)
          await record(interval, tariff, prices, mean, done)
        }
      }
    },
  }
}
