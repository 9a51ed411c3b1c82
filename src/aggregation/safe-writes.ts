// Writes of which a receipt may speak. After one that failed nobody knows what is durable, so nothing is receipted until
// another has succeeded: then it is decided.

import type { Change, Store } from './store.ts'
import { key } from './store-keys.ts'

const PROBE = key('collector', 'probe')

export interface SafeWrites {
  write(changes: readonly Change[]): Promise<void>
  /** Before anything is read of which a receipt may speak. @throws StoreError as long as the store does not write */
  mended(): Promise<void>
  /** For writes that are made elsewhere: one that fails here may have been torn in the store like any other. */
  failed(): void
}

export function safeWrites(store: Store, onMended: () => void): SafeWrites {
  let isBroken = false
  return {
    async write(changes) {
      try {
        await store.batch(changes, { durable: true })
      } catch (error) {
        isBroken = true
        throw error
      }
    },
    async mended() {
      if (!isBroken) return
      await store.batch([{ put: PROBE, value: new Uint8Array() }], { durable: true })
      isBroken = false
      onMended()
    },
    failed() {
      isBroken = true
    },
  }
}
