// The disk of one machine in the virtual world: syncing takes time, a crash loses what was not synced, and it can be full.
//
// As in a log-structured store (level), batches reach the disk in order and whole: a write torn by the crash fails its
// checksum and is dropped with all that came after it. So what survives a power loss is everything up to the last sync, and
// of the rest a beginning whose length is a matter of chance. The end of a process alone loses nothing that was acknowledged,
// synced or not: the operating system has it.

import { type MemoryDisk, type MemoryStore, memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { type Store, StoreError } from '../../src/aggregation/store.ts'
import type { Scheduler } from './scheduler.ts'
import type { Life } from './virtual-clock.ts'

export interface VirtualDisk {
  /** @throws StoreError STORE_LOCKED while a living program has it open */
  open(life: Life): Store
  /** Ends the store that is open, with what SIGKILL leaves of its `process`, or power loss of its `machine`. */
  crash(what: 'process' | 'machine'): void
  setFull(isFull: boolean): void
}

export interface DiskOptions {
  /** How long a sync takes: at least this, and up to twice as long. */
  readonly syncMs: number
}

/** As operating systems do it. */
const WRITE_BACK_MS = 5000

export function virtualDisk(scheduler: Scheduler, chance: () => number, { syncMs }: DiskOptions): VirtualDisk {
  const disk: MemoryDisk = memoryDisk()
  let open: MemoryStore | undefined
  let isFull = false
  /** What a sync under way or the next one would make durable, batch by batch: so many entries of the undo log. */
  let batches: { readonly entries: number; readonly isAcknowledged: boolean }[] = []

  /** So many of the oldest batches that were not durable are now. */
  function sync(count: number): void {
    const synced = batches.splice(0, count)
    disk.undo.splice(
      0,
      synced.reduce((sum, { entries }) => sum + entries, 0),
    )
  }

  return {
    open(life) {
      const memory = openMemoryStore(disk)
      open = memory
      batches = []
      /** Batches written in this life, and how many of them are durable. */
      let written = 0
      let durable = 0
      let isWritingBack = false

      function syncUpTo(mine: number): void {
        if (mine > durable) sync(mine - durable)
        durable = Math.max(durable, mine)
      }

      /** What nobody syncs reaches the disk all the same, after a while. */
      function writeBack(): void {
        if (isWritingBack) return
        isWritingBack = true
        scheduler.at(scheduler.now() + WRITE_BACK_MS, () => {
          isWritingBack = false
          if (!life.isOver && open === memory) syncUpTo(written)
        })
      }

      return {
        get: key => memory.get(key),
        range: (from, to, options) => memory.range(from, to, options),
        async batch(changes, options) {
          if (isFull) throw new StoreError('STORE_FULL', 'the disk is full')
          await memory.batch(changes, { durable: false })
          batches.push({ entries: changes.length, isAcknowledged: !options.durable })
          const mine = ++written
          if (!options.durable) return writeBack()
          await new Promise<void>(resolve => {
            scheduler.at(scheduler.now() + syncMs * (1 + chance()), () => {
              if (life.isOver) return
              syncUpTo(mine)
              resolve()
            })
          })
        },
        async close() {
          await memory.close()
          if (open === memory) open = undefined
        },
      }
    },
    crash(what) {
      const least = what === 'machine' ? 0 : batches.map(({ isAcknowledged }) => isAcknowledged).lastIndexOf(true) + 1
      sync(least + Math.floor(chance() * (batches.length - least + 1)))
      open?.crash()
      open = undefined
      batches = []
    },
    setFull(full) {
      isFull = full
    },
  }
}
