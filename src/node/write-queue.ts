// Batches to a database, one at a time and in the order of the calls; those that wait are written as one, so that many callers
// share one wait for the disk.
//
// After a write that failed, a log may end in half a record, and what is written behind it may be lost with it later. So nothing
// is written any more until `mend` has brought the database into a state that it would have after a restart. What failed is
// then there wholly or not at all, for good. While mending does not succeed, all writes fail, and each is another try.

import type { Change } from '../aggregation/store.ts'

interface Waiting {
  readonly changes: readonly Change[]
  readonly durable: boolean
  resolve(): void
  reject(cause: unknown): void
}

/** Batches that become one, unless they wait for each other. */
const MOST_AT_ONCE = 64
const MOST_BYTES = 4 * 1024 * 1024

export interface WriteQueue {
  add(changes: readonly Change[], durable: boolean): Promise<void>
  /** Once all that was added is written, or has failed. */
  idle(): Promise<void>
}

export function writeQueue(
  write: (changes: readonly Change[], durable: boolean) => Promise<void>,
  mend: () => Promise<void>,
): WriteQueue {
  const waiting: Waiting[] = []
  let writing: Promise<void> | undefined
  let isDoubtful = false

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const group = nextGroup(waiting)
      try {
        if (isDoubtful) await mend()
        isDoubtful = false
        await write(
          group.flatMap(({ changes }) => changes),
          group.some(({ durable }) => durable),
        )
        for (const each of group) each.resolve()
      } catch (cause) {
        isDoubtful = true
        for (const each of group) each.reject(cause)
      }
    }
    writing = undefined
  }

  return {
    async add(changes, durable) {
      // What waits must not change under its caller's hands, and what is no change is its caller's fault alone.
      const own = changes.map(copied)
      await new Promise<void>((resolve, reject) => {
        waiting.push({ changes: own, durable, resolve, reject })
        writing ??= writeAll()
      })
    },
    idle: async () => writing,
  }
}

function nextGroup(waiting: Waiting[]): Waiting[] {
  let bytes = 0
  let count = 0
  for (const { changes } of waiting.slice(0, MOST_AT_ONCE)) {
    bytes += changes.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)
    if (count > 0 && bytes > MOST_BYTES) break
    count++
  }
  return waiting.splice(0, count)
}

const copied = (change: Change): Change =>
  change.put === undefined ? change : { put: change.put, value: Buffer.from(change.value) }
