// One small value of an agent in its store, over restarts.

import type { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Key, Store } from '../aggregation/store.ts'

export interface KeptValue<T> {
  /** Nothing, where nothing sensible is kept. @throws StoreError */
  read(): Promise<T | undefined>
  /** Durable when it resolves. @param value undefined: none is kept any more. @throws StoreError */
  write(value: T | undefined): Promise<void>
}

export const keptValue = <T>(store: Store, key: Key, schema: z.ZodType<T>): KeptValue<T> => ({
  async read() {
    const bytes = await store.get(key)
    if (bytes === undefined) return undefined
    try {
      return schema.parse(fromCbor(bytes))
    } catch {
      return undefined
    }
  },
  write: value =>
    store.batch([value === undefined ? { del: key } : { put: key, value: toCbor(value) }], { durable: true }),
})
