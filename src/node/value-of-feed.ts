// Single values of a measurement or status by the names that device maps use: `volts.a`, `temperatureC`, `inputs.1`.

import type { Measurement, Status } from '../hal/port.ts'

/** Decided in the device and read in the fast class; everything else is in the measurement. */
const STATUS =
  /^(?:inputs\.[A-Za-z0-9_]+|position|shed|pickup|groundPickup|highSet|tripped|lockedOut|hotLineTag|local|sag|dead|farDead|inSync|powerFail|residualPu)$/
export const isStatusFeed = (feed: string): boolean => STATUS.test(feed)

export interface FeedValue {
  /** Absent where the device gives none. A watt-hour register comes as a number: for comparisons, never for bills. */
  readonly value?: number | boolean
  /** Why it is not to be acted on, whether it is there or not. */
  readonly doubt?: string
}

/** Where a value lies, where that is not under its own name. */
function pathOf(feed: string): string[] {
  const [quantity = '', part] = feed.split('.')
  if (part === 'total') return ['total', quantity]
  if (feed === 'amps.n') return ['neutralAmps']
  const name = /^(?:thd|unbalance)/.test(quantity) ? `${quantity}Percent` : quantity
  return part === undefined ? [name] : [name, part]
}

export function valueOfFeed(source: Measurement | Status, feed: string): FeedValue {
  const doubts = source.doubts?.[feed]
  const doubt = doubts === undefined || doubts.length === 0 ? {} : { doubt: doubts.join(', ') }
  let found: unknown = source
  for (const key of pathOf(feed)) {
    found =
      typeof found === 'object' && found !== null && Object.hasOwn(found, key) ? Reflect.get(found, key) : undefined
  }
  if (feed === 'position') found = found === 'open' ? true : found === 'closed' ? false : undefined
  if (typeof found === 'bigint') found = Number(found)
  return typeof found === 'number' || typeof found === 'boolean' ? { value: found, ...doubt } : doubt
}
