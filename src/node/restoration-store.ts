// What restoration must not forget over a restart: the grant and its number, that the device was opened to isolate a fault,
// that it has had its one attempt to close, and a person's tag. Each change is durable before it resolves.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { serialQueue } from '../aggregation/serial-queue.ts'
import type { Store } from '../aggregation/store.ts'

export const RESTORATION_KEY = 'restoration/kept'

const kept = z
  .object({
    /** The greatest number drawn or raised. */
    fence: z.number().int().nonnegative(),
    grant: z.object({ incident: z.string(), leader: z.string(), fence: z.number().int() }).strict().exactOptional(),
    /** It was opened for this incident, and stays so until it is returned to normal. */
    isolates: z.string().exactOptional(),
    /** It has been closed, or tried to, for this incident. */
    attempted: z.string().exactOptional(),
    /** What was shed to make room, for an incident that this IED led. */
    sheds: z
      .object({ incident: z.string(), loads: z.array(z.string()) })
      .strict()
      .exactOptional(),
    tag: z.object({ by: z.string(), words: z.string() }).strict().exactOptional(),
  })
  .strict()
export type KeptRestoration = z.infer<typeof kept>

export async function restorationStore(store: Store) {
  const before = await store.get(RESTORATION_KEY)
  let now: KeptRestoration = before === undefined ? { fence: 0 } : kept.parse(fromCbor(before))
  const inTurn = serialQueue()
  return {
    get: (): KeptRestoration => now,
    /** @throws StoreError; what could not be written does not count */
    change: (make: (was: KeptRestoration) => KeptRestoration): Promise<void> =>
      inTurn(async () => {
        const next = make(now)
        await store.batch([{ put: RESTORATION_KEY, value: toCbor(next) }], { durable: true })
        now = next
      }),
    settled: (): Promise<void> => inTurn(async () => {}),
  }
}
export type RestorationStore = Awaited<ReturnType<typeof restorationStore>>
