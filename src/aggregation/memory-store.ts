// The store without a disk: for tests and the simulator. Like a real one it locks what it has opened, gives out copies,
// and forgets in a crash what was not durable.

import { type Entry, type Key, type Store, StoreError } from './store.ts'

/** What survives the store that has it open. Keep it to open a store on it again. */
export interface MemoryDisk {
  /** @internal */
  readonly values: Map<Key, Uint8Array>
  /** @internal every key of `values`, in order */
  readonly keys: Key[]
  /** @internal how to take back what is not yet durable, oldest first */
  readonly undo: Array<readonly [Key, Uint8Array | undefined]>
  /** @internal */
  locked: boolean
}

export interface MemoryStore extends Store {
  /** Power cut: closes, and loses every change since the last durable batch. */
  crash(): void
}

export const memoryDisk = (): MemoryDisk => ({ values: new Map(), keys: [], undo: [], locked: false })

/** @throws StoreError STORE_LOCKED when a store has this disk open */
export function openMemoryStore(disk: MemoryDisk = memoryDisk()): MemoryStore {
  if (disk.locked) throw new StoreError('STORE_LOCKED', 'this memory disk is open already')
  disk.locked = true
  let isOpen = true

  const check = (): void => {
    if (!isOpen) throw new StoreError('STORE_CLOSED', 'the store is closed')
  }
  const close = (): void => {
    if (isOpen) disk.locked = false
    isOpen = false
  }

  return {
    async get(key) {
      check()
      return disk.values.get(key)?.slice()
    },
    async batch(changes, { durable }) {
      check()
      const copies = changes.map(each => [each.put ?? each.del, each.value?.slice()] as const)
      for (const [key, value] of copies) change(disk, key, value)
      if (durable) disk.undo.length = 0
    },
    async *range(from, to, { limit = Number.POSITIVE_INFINITY, reverse = false } = {}) {
      check()
      for (const entry of snapshot(disk, from, to, limit, reverse)) {
        check()
        yield entry
      }
    },
    async close() {
      close()
      disk.undo.length = 0 // an orderly close writes everything out
    },
    crash() {
      if (!isOpen) return
      for (const [key, value] of disk.undo.splice(0).reverse()) set(disk, key, value)
      close()
    },
  }
}

function change(disk: MemoryDisk, key: Key, value: Uint8Array | undefined): void {
  disk.undo.push([key, disk.values.get(key)])
  set(disk, key, value)
}

function set({ values, keys }: MemoryDisk, key: Key, value: Uint8Array | undefined): void {
  const isNew = !values.has(key)
  if (value === undefined) {
    if (!isNew) keys.splice(position(keys, key), 1)
    values.delete(key)
  } else {
    if (isNew) keys.splice(position(keys, key), 0, key)
    values.set(key, value)
  }
}

function snapshot({ keys, values }: MemoryDisk, from: Key, to: Key, limit: number, reverse: boolean): Entry[] {
  const start = position(keys, from)
  const end = Math.max(start, position(keys, to))
  const count = Math.min(limit, end - start)
  const picked = reverse ? keys.slice(end - count, end).reverse() : keys.slice(start, start + count)
  return picked.map(key => ({ key, value: values.get(key)?.slice() ?? new Uint8Array() }))
}

/** Index of the first key that is not below `key`. */
function position(keys: readonly Key[], key: Key): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBelow(keys[middle] ?? '', key)) low = middle + 1
    else high = middle
  }
  return low
}

/** Order of the UTF-8 bytes. It differs from JavaScript's only in that surrogates (beyond U+FFFF) come last. */
function isBelow(one: Key, other: Key): boolean {
  const length = Math.min(one.length, other.length)
  for (let i = 0; i < length; i++) {
    const a = one.charCodeAt(i)
    const b = other.charCodeAt(i)
    if (a !== b) return weight(a) < weight(b)
  }
  return one.length < other.length
}

const weight = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit)
