// The latest of the sequence of events, in memory and over restarts; and all of it in the ledger, from where it is forwarded
// like any record. What happens within a tenth of a second is written together: a kill in that time loses it.
//
// With a full or broken disk the memory still has the latest ones, and what the ledger did not take is counted.

import type { Ledger } from '../aggregation/ledger.ts'
import { serialQueue } from '../aggregation/serial-queue.ts'
import type { Change, Store } from '../aggregation/store.ts'
import { below, key, numberIn } from '../aggregation/store-keys.ts'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import { BLOCK_ENTRIES, decodeBlock, encodeBlock, type SequenceEntry } from './sequence-entry.ts'
import { soon } from './soon.ts'

/** In memory and in the store; older ones are in the ledger alone. */
export const KEPT_ENTRIES = 2000
const TOGETHER_MS = 100
const KEY = 'sequence'

export interface KeptSequence {
  /** The last number that was used, 0 for none. */
  readonly last: number
  /** Oldest first. */
  entries(): readonly SequenceEntry[]
  add(entry: SequenceEntry): void
  /** Resolves when all that was added is written, or has failed. */
  stop(): Promise<void>
}

interface Ports {
  readonly store: Store
  readonly ledger: Pick<Ledger, 'append'>
  readonly clock: Clock
  readonly log: Log
  readonly onAppended: (number: number) => void
  /** The ledger takes records again; so many entries it did not. */
  readonly onRecordedAgain: (missing: number) => void
}

export async function keptSequence(ports: Ports): Promise<KeptSequence> {
  const { store, ledger, clock, log } = ports
  const inTurn = serialQueue()
  const ring: SequenceEntry[] = []
  /** What is in the store: the first number of each block, and how many it has. */
  const blocks: { readonly first: number; readonly count: number }[] = []
  let stored = 0
  let missing = 0
  let waiting: SequenceEntry[] = []

  for await (const { key: where, value } of store.range(...below(KEY))) {
    const entries = decodeBlock(value) ?? [] // of another version: it makes room like any other
    blocks.push({ first: numberIn(where), count: Math.max(1, entries.length) })
    stored += Math.max(1, entries.length)
    ring.push(...entries)
  }
  ring.splice(0, ring.length - KEPT_ENTRIES)
  const last = Math.max(ring.at(-1)?.number ?? 0, blocks.at(-1)?.first ?? 0)

  const writing = soon(clock, TOGETHER_MS, () => void write())

  function write(): Promise<void> {
    const entries = waiting
    waiting = []
    const pieces: SequenceEntry[][] = []
    for (let at = 0; at < entries.length; at += BLOCK_ENTRIES) pieces.push(entries.slice(at, at + BLOCK_ENTRIES))
    for (const piece of pieces) void inTurn(() => writeBlock(piece))
    return inTurn(async () => {})
  }

  async function writeBlock(entries: SequenceEntry[]): Promise<void> {
    const bytes = encodeBlock(entries)
    const first = entries[0]?.number ?? 0
    const changes: Change[] = [{ put: key(KEY, first), value: bytes }]
    const gone: typeof blocks = []
    for (let left = stored + entries.length; left > KEPT_ENTRIES; ) {
      const oldest = blocks[gone.length]
      if (oldest === undefined) break
      gone.push(oldest)
      left -= oldest.count
      changes.push({ del: key(KEY, oldest.first) })
    }
    // Durable, for a number is used once.
    await store.batch(changes, { durable: true }).then(
      () => {
        blocks.splice(0, gone.length)
        blocks.push({ first, count: entries.length })
        stored += entries.length - gone.reduce((sum, { count }) => sum + count, 0)
      },
      error => log.warn('sequence-not-kept', { reason: (error as Error).message }),
    )
    await ledger.append('event', bytes).then(
      ({ number }) => {
        ports.onAppended(number)
        if (missing > 0) ports.onRecordedAgain(missing)
        missing = 0
      },
      error => {
        missing += entries.length
        log.error('sequence-not-recorded', { entries: entries.length, reason: (error as Error).message })
      },
    )
  }

  return {
    last,
    entries: () => ring,
    add(entry) {
      ring.push(entry)
      if (ring.length > KEPT_ENTRIES) ring.shift()
      waiting.push(entry)
      writing.ask()
    },
    stop() {
      writing.stop()
      return write()
    },
  }
}
