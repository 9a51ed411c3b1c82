// What energy costs now: as an order "price" said, as long as that is for; otherwise by the configured schedule; otherwise
// the configured fallback; otherwise it is not known. A price that was ordered is kept over a restart where the clock is good.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { type Instant, instant } from '../../topology/units.ts'
import { valueAt } from '../protection/load/daily-course.ts'
import { type Price, priceOf, priceText } from '../protection/load/price.ts'
import type { Acted, ComponentContext } from './component.ts'
import { courseOf, type LoadManagementConfig } from './load-config.ts'
import { localTimeIn } from './local-time.ts'

export interface PriceNow {
  readonly perKwh: Price
  /** Who says so. */
  readonly source: string
}

/** Where prices come from; a tariff of a supplier can be another one. */
export interface PriceSource {
  /** Undefined when it is not known. */
  now(): PriceNow | undefined
  /** Called when there is another price than before; time alone changes it too. */
  onChange(run: () => void): void
  stop(): void
}

const kept = z.object({ perKwh: z.string(), by: z.string(), untilUtcMs: z.number() }).strict()

/** @param key of the store for prices by order; without one it takes no orders, as for what is sold */
export async function priceSource(
  context: Pick<ComponentContext, 'store' | 'clock' | 'bus' | 'report'>,
  { timeZone, price }: Pick<LoadManagementConfig, 'timeZone' | 'price'>,
  key?: string,
): Promise<PriceSource> {
  const { store, clock, bus } = context
  const local = localTimeIn(timeZone)
  const schedule = courseOf(price.schedule)
  const fallback = price.fallbackPerKwh === undefined ? undefined : priceOf(price.fallbackPerKwh)
  let ordered: { readonly perKwh: Price; readonly by: string; readonly until: Instant } | undefined
  let changed = (): void => {}

  const before = key === undefined ? undefined : await store.get(key)
  if (before !== undefined && clock.utcGood()) {
    const { perKwh, by, untilUtcMs } = kept.parse(fromCbor(before))
    const leftMs = untilUtcMs - clock.utc()
    const known = priceOf(perKwh)
    if (leftMs > 0 && known !== undefined) ordered = { perKwh: known, by, until: instant(clock.now() + leftMs) }
  }

  async function take(into: string, text: string, minutes: number, by: string): Promise<Acted> {
    const perKwh = priceOf(text)
    if (perKwh === undefined) return { result: 'refused', reason: 'bad-value', words: `${text} is no price` }
    const untilUtcMs = clock.utc() + minutes * 60_000
    await store.batch([{ put: into, value: toCbor({ perKwh: text, by, untilUtcMs }) }], { durable: true })
    ordered = { perKwh, by, until: instant(clock.now() + minutes * 60_000) }
    context.report('price', { perKwh: priceText(perKwh), by, minutes })
    changed()
    return { result: 'done', words: `a kWh is ${priceText(perKwh)} for ${minutes} min` }
  }

  const cancel = bus.on('price', ({ perKwh, minutes, by, answer }) => {
    if (key !== undefined) answer(take(key, perKwh, minutes, by))
  })
  return {
    now() {
      if (ordered !== undefined && clock.now() < ordered.until) return { perKwh: ordered.perKwh, source: ordered.by }
      const scheduled = clock.utcGood() ? valueAt(schedule, local(clock.utc())) : undefined
      if (scheduled !== undefined) return { perKwh: scheduled, source: 'schedule' }
      return fallback === undefined ? undefined : { perKwh: fallback, source: 'fallback' }
    },
    onChange(run) {
      changed = run
    },
    stop: cancel,
  }
}
