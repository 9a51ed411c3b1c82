// Until when this agent was there, as UTC of its own: what a kill leaves of the knowledge of an outage's end.

import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Store } from '../aggregation/store.ts'

const KEY = 'reliability/alive'

export function keptAlive(store: Store) {
  return {
    /** Nothing, where nothing sensible is kept. */
    async read(): Promise<number | undefined> {
      const bytes = await store.get(KEY)
      if (bytes === undefined) return undefined
      try {
        const value = fromCbor(bytes)
        return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
      } catch {
        return undefined
      }
    },
    write: (utcMs: number): Promise<void> => store.batch([{ put: KEY, value: toCbor(utcMs) }], { durable: false }),
  }
}
