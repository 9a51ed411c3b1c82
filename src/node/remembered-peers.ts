// Announced peers over a restart, in the agent's store. Best effort: the newest few seconds may be missing after a power
// cut, and are learnt again from whoever is found.

import type { Store } from '../aggregation/store.ts'
import type { PeerMemory } from '../mesh/known-peers.ts'

const PREFIX = 'mesh/peers/'
const END = 'mesh/peers0' // "0" follows "/"

export function rememberedPeers(store: Store): PeerMemory {
  return {
    async load() {
      const found = new Map<string, Uint8Array>()
      for await (const { key, value } of store.range(PREFIX, END)) found.set(key.slice(PREFIX.length), value)
      return found
    },
    save: changes =>
      store.batch(
        [...changes].map(([peerId, raw]) =>
          raw === undefined ? { del: `${PREFIX}${peerId}` } : { put: `${PREFIX}${peerId}`, value: raw },
        ),
        { durable: false },
      ),
  }
}
