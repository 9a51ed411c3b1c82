// Listens at an agent's store: which changes were asked for, and from when on they survive a power cut.

import type { Change, Store } from '../../src/aggregation/store.ts'

export interface StoreWatch {
  readonly store: Store
  /** Asked for, and not known to be durable: after a crash they may be there or not. Oldest first. */
  waiting(): readonly Change[]
}

/**
 * @param onDurable with the changes of one batch. A batch that nobody synced becomes durable with the next one that is,
 * as a log-structured store writes them in order.
 */
export function watchStore(store: Store, onDurable: (changes: readonly Change[]) => void): StoreWatch {
  let waiting: (readonly Change[])[] = []

  async function batch(changes: readonly Change[], options: { readonly durable: boolean }): Promise<void> {
    const copy = changes.map(copyOf)
    waiting.push(copy)
    try {
      await store.batch(changes, options)
    } catch (error) {
      waiting = waiting.filter(each => each !== copy)
      throw error
    }
    if (!options.durable) return
    for (const each of waiting.splice(0, waiting.indexOf(copy) + 1)) onDurable(each)
  }

  return {
    store: {
      get: key => store.get(key),
      batch,
      range: (from, to, options) => store.range(from, to, options),
      close: () => store.close(),
    },
    waiting: () => waiting.flat(),
  }
}

const copyOf = (change: Change): Change =>
  change.put === undefined ? change : { put: change.put, value: change.value.slice() }
