// Recordings in the store: whole or not there, within the quota, whatever happens meanwhile.

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { type Store, StoreError } from '../../src/aggregation/store.ts'
import { eventRows, waveformRows } from '../../src/node/recording-rows.ts'
import {
  type NewRecording,
  openRecordings,
  type RecordingEntry,
  type RecordingStore,
} from '../../src/node/recording-store.ts'

const recording: NewRecording = {
  startUtcMs: Date.UTC(2026, 0, 2),
  utcQuality: 'good',
  durationMs: 750,
  source: 'samples',
  triggers: [{ kind: 'pickup', words: 'picked up', atMs: 250 }],
  moreTriggers: 0,
  channels: ['Va'],
  samples: 10,
  samplesPerSecond: 1000,
}
const content = (length: number, seed = 1): Uint8Array => Uint8Array.from({ length }, (_, n) => (n * 7 + seed) % 251)
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const put = (recordings: RecordingStore, bytes: Uint8Array) =>
  recordings.keep(recording, bytes.length, [bytes.subarray(0, 5000), bytes.subarray(5000)])

async function listed(recordings: RecordingStore): Promise<RecordingEntry[]> {
  const all: RecordingEntry[] = []
  for await (const entry of recordings.entries()) all.push(entry)
  return all
}
async function fetched(recordings: RecordingStore, id: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const { row } of waveformRows(recordings, { id }, new AbortController().signal))
    parts.push(row.content as Uint8Array)
  return Buffer.concat(parts)
}
async function keysOf(store: Store): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.range('recording/', 'recording0')) keys.push(key)
  return keys
}

describe('the store of recordings', () => {
  it.each([1, 12 * 1024, 12 * 1024 + 1, 500_000])('gives back %d bytes as they were', async length => {
    const recordings = await openRecordings(openMemoryStore(), 1e6)
    const kept = await put(recordings, content(length))
    expect(kept).toMatchObject({ dropped: 0, entry: { id: 1, bytes: length, sha256: sha256(content(length)) } })
    expect(sha256(await fetched(recordings, 1))).toBe(sha256(content(length)))
  })

  it('still has them after a restart, and never gives a number again', async () => {
    const disk = memoryDisk()
    const before = openMemoryStore(disk)
    const first = await openRecordings(before, 20_000)
    for (let seed = 1; seed <= 3; seed++) await put(first, content(15_000, seed))
    before.crash()
    const again = await openRecordings(openMemoryStore(disk), 20_000)
    expect((await listed(again)).map(({ id }) => id)).toEqual([3])
    expect((await put(again, content(15_000)))?.entry.id).toBe(4)
    expect(sha256(await fetched(again, 4))).toBe(sha256(content(15_000)))
  })

  it('keeps to its quota: the oldest give way, and only as many as must', async () => {
    const store = openMemoryStore()
    const recordings = await openRecordings(store, 100_000)
    for (let seed = 1; seed <= 5; seed++) expect((await put(recordings, content(20_000, seed)))?.dropped).toBe(0)
    expect((await put(recordings, content(30_000)))?.dropped).toBe(2)
    expect((await listed(recordings)).map(({ id }) => id)).toEqual([3, 4, 5, 6])
    expect((await keysOf(store)).filter(key => /piece\/0*[12]\//.test(key))).toEqual([])
  })

  it('lets nothing give way for one that is larger than all the quota', async () => {
    const recordings = await openRecordings(openMemoryStore(), 100_000)
    await put(recordings, content(60_000))
    expect(await put(recordings, content(100_001))).toBeUndefined()
    expect(await listed(recordings)).toHaveLength(1)
    expect((await put(recordings, content(100_000)))?.dropped).toBe(1)
  })

  it('discards what was under way when the agent was killed, at whatever piece', async () => {
    for (let batches = 1; batches <= 3; batches++) {
      const disk = memoryDisk()
      const store = openMemoryStore(disk)
      await put(await openRecordings(store, 1e6), content(30_000))
      let left = batches
      const dying: Store = {
        ...store,
        async batch(changes, options) {
          if (left-- <= 0) return new Promise(() => {}) // killed: it never returns
          await store.batch(changes, options)
        },
      }
      void put(await openRecordings(dying, 1e6), content(900_000)).catch(() => {})
      await new Promise(setImmediate)
      await store.close()
      const after = openMemoryStore(disk)
      expect((await keysOf(after)).length).toBeGreaterThan(5)
      const recordings = await openRecordings(after, 1e6)
      expect((await listed(recordings)).map(({ id }) => id)).toEqual([1])
      expect(await keysOf(after)).toHaveLength(2 + 3) // the entry, the next number, three pieces
      expect(sha256(await fetched(recordings, 1))).toBe(sha256(content(30_000)))
    }
  })

  it('lets go of one whose entry is damaged, and keeps the others', async () => {
    const store = openMemoryStore()
    const before = await openRecordings(store, 1e6)
    await put(before, content(30_000, 1))
    await put(before, content(20_000, 2))
    const [first] = (await keysOf(store)).filter(key => key.includes('/entry/'))
    await store.batch([{ put: first ?? '', value: Uint8Array.of(1, 2, 3) }], { durable: true })
    const recordings = await openRecordings(store, 1e6)
    expect((await listed(recordings)).map(({ id }) => id)).toEqual([2])
    expect(await keysOf(store)).toHaveLength(2 + 2)
    expect((await put(recordings, content(10)))?.entry.id).toBe(3)
  })

  it('leaves nothing of one that a full disk refused', async () => {
    const store = openMemoryStore()
    let isFull = false
    const disk: Store = {
      ...store,
      async batch(changes, options) {
        if (isFull && changes.some(({ put }) => put?.includes('/entry/')))
          throw new StoreError('STORE_FULL', 'no space left')
        await store.batch(changes, options)
      },
    }
    const recordings = await openRecordings(disk, 1e6)
    isFull = true
    await expect(put(recordings, content(300_000))).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(await keysOf(store)).toEqual([])
    isFull = false
    expect(await put(recordings, content(300_000))).toBeDefined()
  })
})

describe('read-outs of recordings', () => {
  const events = async (recordings: RecordingStore, parameters: Record<string, unknown> = {}) => {
    const rows: Record<string, unknown>[] = []
    for await (const { row } of eventRows(recordings, parameters)) rows.push(row)
    return rows
  }
  it('lists the latest ones, or those behind a place', async () => {
    const recordings = await openRecordings(openMemoryStore(), 1e6)
    for (let count = 0; count < 5; count++) await put(recordings, content(100, count))
    const ids = async (parameters: Record<string, unknown>) =>
      (await events(recordings, parameters)).map(({ id }) => id)
    expect(await ids({ limit: 2 })).toEqual([4, 5])
    expect(await ids({ limit: 2, after: 0 })).toEqual([1, 2])
    expect(await ids({ after: '3' })).toEqual([4, 5])
    expect((await events(recordings, { limit: 1 }))[0]).toMatchObject({
      id: 5,
      startUtc: '2026-01-02T00:00:00.000Z',
      triggers: [{ kind: 'pickup', words: 'picked up', atMs: 250 }],
      channels: ['Va'],
      bytes: 100,
    })
  })
  it('goes on behind the piece that was the last to come', async () => {
    const recordings = await openRecordings(openMemoryStore(), 1e6)
    await put(recordings, content(30_000))
    const places: string[] = []
    for await (const { cursor, row } of waveformRows(recordings, { id: 1, after: '0' }, new AbortController().signal)) {
      places.push(`${cursor}:${(row.content as Uint8Array).length}`)
    }
    expect(places).toEqual(['1:12288', '2:5424'])
  })
  it('says that there is none, or that it gave way meanwhile', async () => {
    const recordings = await openRecordings(openMemoryStore(), 40_000)
    await expect(fetched(recordings, 7)).rejects.toThrow(
      'waveform: no recording 7 here, want one of those that events lists',
    )
    await put(recordings, content(30_000))
    const rows = waveformRows(recordings, { id: 1 }, new AbortController().signal)
    await rows.next()
    await put(recordings, content(30_000))
    await expect(rows.next()).rejects.toThrow('waveform: recording 1 has given way to newer ones')
    await expect(fetched(recordings, -1)).rejects.toThrow(/^waveform: id: /)
  })
})
