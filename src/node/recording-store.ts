// Recordings in the agent's store: each in pieces, and an entry of its own that says what it is. The entry is written last
// and durably, so a recording is whole or it is not there: pieces without one are what was under way when the agent was
// killed, and go at the next start. They lie within a quota; the oldest give way to a new one.

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { serialQueue } from '../aggregation/serial-queue.ts'
import type { Change, Store } from '../aggregation/store.ts'
import { below, key, numberIn } from '../aggregation/store-keys.ts'

/** Small enough for one item of a streamed read-out, with other traffic between two. */
const PIECE_BYTES = 12 * 1024
/** Pieces in one batch. */
const AT_ONCE = 16

const entrySchema = z.strictObject({
  id: z.int().positive(),
  startUtcMs: z.int().nonnegative(),
  utcQuality: z.enum(['good', 'uncertain', 'unset']),
  durationMs: z.int().nonnegative(),
  /** `samples` that the agent saw, or the `device`'s own record. */
  source: z.enum(['samples', 'device']),
  /** Kind and words, in the order in which they came. */
  triggers: z.array(z.strictObject({ kind: z.string(), words: z.string(), atMs: z.int() })),
  moreTriggers: z.int().nonnegative(),
  channels: z.array(z.string()),
  samples: z.int().positive(),
  samplesPerSecond: z.number().positive(),
  bytes: z.int().positive(),
  pieces: z.int().positive(),
  /** Of the file, hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
export type RecordingEntry = z.infer<typeof entrySchema>
export type NewRecording = Omit<RecordingEntry, 'id' | 'bytes' | 'pieces' | 'sha256'>

export interface RecordingStore {
  /**
   * @param bytes of all chunks together
   * @returns its entry and how many older ones gave way, or undefined when it is larger than the quota by itself
   * @throws StoreError; nothing of it is left then
   */
  keep(
    recording: NewRecording,
    bytes: number,
    chunks: Iterable<Uint8Array>,
  ): Promise<{ readonly entry: RecordingEntry; readonly dropped: number } | undefined>
  /** Oldest first, those behind this one. */
  entries(after?: number): AsyncIterable<RecordingEntry>
  entry(id: number): Promise<RecordingEntry | undefined>
  /** From 0; undefined when it has given way. */
  piece(id: number, number: number): Promise<Uint8Array | undefined>
}

const entryKey = (id: number) => key('recording', 'entry', id)
const pieceKey = (id: number, number: number) => key('recording', 'piece', id, number)
const NEXT = key('recording', 'next')

/** Discards what was left half-written. @throws StoreError */
export async function openRecordings(store: Store, quotaBytes: number): Promise<RecordingStore> {
  const known = new Map<number, RecordingEntry>()
  const unreadable: Change[] = []
  for await (const { key: at, value } of store.range(...below('recording', 'entry'))) {
    const entry = readEntry(value)
    if (entry === undefined) unreadable.push({ del: at })
    else known.set(entry.id, entry)
  }
  // Damaged on the disk: its pieces go with it, and the agent starts.
  if (unreadable.length > 0) await store.batch(unreadable, { durable: false })
  const counted = await store.get(NEXT)
  let next = Math.max(
    counted === undefined ? 1 : z.int().parse(fromCbor(counted)),
    ...[...known.keys()].map(id => id + 1),
  )
  await discardHalves()
  const inOrder = serialQueue()

  async function discardHalves(): Promise<void> {
    const lost: Change[] = []
    for await (const { key: at } of store.range(...below('recording', 'piece'))) {
      if (known.has(numberIn(at.slice(0, at.lastIndexOf('/'))))) continue
      lost.push({ del: at })
      if (lost.length >= 1000) await store.batch(lost.splice(0), { durable: false })
    }
    if (lost.length > 0) await store.batch(lost, { durable: false })
  }

  const used = (): number => [...known.values()].reduce((sum, { bytes }) => sum + bytes, 0)

  async function drop({ id, pieces }: RecordingEntry): Promise<void> {
    known.delete(id)
    await store.batch([{ del: entryKey(id) }, ...piecesOf(id, pieces)], { durable: false })
  }
  const piecesOf = (id: number, count: number): Change[] =>
    Array.from({ length: count }, (_, number) => ({ del: pieceKey(id, number) }))

  async function keep(recording: NewRecording, bytes: number, chunks: Iterable<Uint8Array>) {
    if (bytes > quotaBytes) return undefined
    const dropped = await makeRoom(bytes)
    const id = next++
    const hash = createHash('sha256')
    let pieces = 0
    const waiting: Change[] = []
    try {
      for (const piece of cutUp(chunks)) {
        hash.update(piece)
        waiting.push({ put: pieceKey(id, pieces++), value: piece })
        if (waiting.length >= AT_ONCE) await store.batch(waiting.splice(0), { durable: false })
      }
      const entry = entrySchema.parse({ ...recording, id, bytes, pieces, sha256: hash.digest('hex') })
      const changes: Change[] = [
        ...waiting,
        { put: entryKey(id), value: toCbor(entry) },
        { put: NEXT, value: toCbor(next) },
      ]
      await store.batch(changes, { durable: true })
      known.set(id, entry)
      return { entry, dropped }
    } catch (error) {
      await store.batch(piecesOf(id, pieces), { durable: false }).catch(() => {}) // else the next start does it
      throw error
    }
  }

  /** @returns how many gave way */
  async function makeRoom(bytes: number): Promise<number> {
    let count = 0
    while (used() + bytes > quotaBytes) {
      const [oldest] = known.values()
      if (oldest === undefined) break
      await drop(oldest)
      count++
    }
    return count
  }

  return {
    keep: (recording, bytes, chunks) => inOrder(() => keep(recording, bytes, chunks)),
    async *entries(after = 0) {
      for (const entry of [...known.values()]) if (entry.id > after && known.has(entry.id)) yield entry
    },
    entry: async id => known.get(id),
    piece: (id, number) => store.get(pieceKey(id, number)),
  }
}

function readEntry(value: Uint8Array): RecordingEntry | undefined {
  try {
    return entrySchema.parse(fromCbor(value))
  } catch {
    return undefined
  }
}

/** Into pieces of one size, whatever the chunks are. */
function* cutUp(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  let piece = new Uint8Array(PIECE_BYTES)
  let filled = 0
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + PIECE_BYTES - filled)
      piece.set(part, filled)
      filled += part.length
      at += part.length
      if (filled < PIECE_BYTES) continue
      yield piece
      piece = new Uint8Array(PIECE_BYTES)
      filled = 0
    }
  }
  if (filled > 0) yield piece.slice(0, filled)
}
