// What has latched, over restarts: by component and name, in the store. Each change is durable before it resolves.

import { serialQueue } from '../aggregation/serial-queue.ts'
import type { Store } from '../aggregation/store.ts'

/** @param component whose latches they are: its keys begin with that */
export function latches(store: Store, component: string) {
  const inTurn = serialQueue()
  const keyOf = (name: string): string => `${component}/latch/${name}`
  return {
    stands: async (name: string): Promise<boolean> => (await store.get(keyOf(name))) !== undefined,
    set: (name: string, stands: boolean): Promise<void> =>
      inTurn(() =>
        store.batch([stands ? { put: keyOf(name), value: Uint8Array.of(1) } : { del: keyOf(name) }], { durable: true }),
      ),
    settled: (): Promise<void> => inTurn(async () => {}),
  }
}
