// The last gasp that this agent has said and not taken back. Its battery ends, or it is killed: when it starts again with
// supply, it still says that the supply is back, and for how long it was gone.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Store } from '../aggregation/store.ts'

const KEY = 'reliability/outage'
const schema = z.object({ event: z.string().min(1).max(64), sinceUtcMs: z.int().nonnegative() }).strict()
export type SaidOutage = z.infer<typeof schema>

export function keptOutage(store: Store) {
  return {
    /** Nothing, where nothing sensible is kept. */
    async read(): Promise<SaidOutage | undefined> {
      const bytes = await store.get(KEY)
      if (bytes === undefined) return undefined
      try {
        return schema.parse(fromCbor(bytes))
      } catch {
        return undefined
      }
    },
    /** @param outage undefined: it is over */
    write: (outage: SaidOutage | undefined): Promise<void> =>
      store.batch([outage === undefined ? { del: KEY } : { put: KEY, value: toCbor(outage) }], { durable: true }),
  }
}
