// The store on disk: one level database per data directory. Our keys live in a sublevel of their own, so that the
// same database can hold another's beside them.
//
// When a write fails, as on a full disk, the database is opened anew before the next one (`write-queue.ts`), as soon as there is
// room to do so. Until then reads go on from what is open. What iterates just then ends with an error.

import { statfs } from 'node:fs/promises'
import { Level } from 'level'
import { type Entry, type Store, StoreError } from '../aggregation/store.ts'
import { writeQueue } from './write-queue.ts'

export interface LevelStore extends Store {
  /** The database below, for sublevels of others. Closing the store closes it. */
  readonly db: Level<string, Uint8Array>
  /** Writes its files anew, without what was overwritten or deleted: level itself leaves that for later. */
  purge(): Promise<void>
}

/** @throws StoreError STORE_LOCKED when another process has this directory open, STORE_FAILED when it cannot be used */
export async function openLevelStore(path: string): Promise<LevelStore> {
  const db = new Level<string, Uint8Array>(path, LEVEL)
  try {
    await db.open()
  } catch (cause) {
    throw openError(path, cause)
  }
  const subLevel = () => db.sublevel<string, Uint8Array>('feedermesh', { keyEncoding: 'utf8', valueEncoding: 'view' })
  let ours = subLevel()
  let closing: Promise<void> | undefined

  /** @throws StoreError */
  const failed = (cause: unknown): StoreError => (cause instanceof StoreError ? cause : useError(path, cause, closing))

  async function openAgain(): Promise<void> {
    if (closing !== undefined) throw new StoreError('STORE_CLOSED', `${path}: the store is closed`)
    const { bavail, bsize } = await statfs(path)
    if (bavail * bsize < ROOM_TO_OPEN)
      throw new StoreError('STORE_FULL', `${path}: no space left: ${bavail * bsize} bytes, want ${ROOM_TO_OPEN}`)
    await db.close()
    await db.open()
    ours = subLevel()
  }

  const writes = writeQueue(async (changes, durable) => {
    const sublevel = ours
    const operations = changes.map(change =>
      change.put === undefined
        ? ({ type: 'del', key: change.del, sublevel } as const)
        : ({ type: 'put', key: change.put, value: change.value, sublevel } as const),
    )
    await db.batch(operations, { sync: durable })
  }, openAgain)

  return {
    db,
    async get(key) {
      try {
        const value = await ours.get(key)
        return value && plain(value)
      } catch (cause) {
        throw failed(cause)
      }
    },
    async batch(changes, { durable }) {
      if (closing !== undefined) throw new StoreError('STORE_CLOSED', `${path}: the store is closed`)
      try {
        await writes.add(changes, durable)
      } catch (cause) {
        throw failed(cause)
      }
    },
    async *range(from, to, { limit = -1, reverse = false } = {}) {
      try {
        let read = 0
        for await (const entry of ours.iterator({ gte: from, lt: to, limit, reverse })) {
          if (++read % A_TURN === 0) await nextTurn()
          yield toEntry(entry)
        }
      } catch (cause) {
        throw failed(cause)
      }
    },
    async purge() {
      try {
        await (db as unknown as Compactable).compactRange('', END, { keyEncoding: 'utf8' })
      } catch (cause) {
        throw failed(cause)
      }
    },
    close() {
      closing ??= writes.idle().then(() => db.close())
      return closing
    },
  }
}

/**
 * Of each table of 2 MB that is open, level keeps some 60 KB in memory. With its own thousand, a back end would grow by as many over
 * its first ten million readings; these are 8 MB, and to open another table takes a fraction of a millisecond.
 */
const MOST_OPEN_TABLES = 128
const LEVEL = { keyEncoding: 'utf8', valueEncoding: 'view', maxOpenFiles: MOST_OPEN_TABLES } as const

/** What a database may write to be open: its log as tables, and a new log. */
const ROOM_TO_OPEN = 16 * 1024 * 1024

/**
 * Level reads a thousand entries ahead and hands them out in one turn of the event loop. What their reader does with them, to
 * open, decode and check each, takes some 50 µs, and a question that comes meanwhile waits for all of them.
 */
const A_TURN = 8
const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** What level is on a disk, which its own type does not say. */
interface Compactable {
  compactRange(from: string, to: string, options: { keyEncoding: 'utf8' }): Promise<void>
}

/** After every key: no UTF-8 begins with this. */
const END = '\u{10ffff}\u{10ffff}'

const toEntry = ([key, value]: [string, Uint8Array]): Entry => ({ key, value: plain(value) })

/** level gives Buffers; nobody should come to depend on that. */
const plain = ({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

function openError(path: string, cause: unknown): StoreError {
  return codes(cause).includes('LEVEL_LOCKED')
    ? new StoreError('STORE_LOCKED', `${path}: another agent has this data directory open, want a directory for each`, {
        cause,
      })
    : new StoreError('STORE_FAILED', `${path}: cannot be opened as a data directory: ${reason(cause)}`, { cause })
}

function useError(path: string, cause: unknown, closing: Promise<void> | undefined): StoreError {
  const isNotOpen = codes(cause).some(code => code === 'LEVEL_DATABASE_NOT_OPEN' || code === 'LEVEL_ITERATOR_NOT_OPEN')
  if (isNotOpen && closing !== undefined)
    return new StoreError('STORE_CLOSED', `${path}: the store is closed`, { cause })
  if (isNotOpen)
    return new StoreError('STORE_FAILED', `${path}: it is being opened anew after a failed write`, { cause })
  if (/no space left|ENOSPC/i.test(reason(cause)))
    return new StoreError('STORE_FULL', `${path}: no space left`, { cause })
  return new StoreError('STORE_FAILED', `${path}: ${reason(cause)}`, { cause })
}

const codes = (error: unknown): unknown[] =>
  error instanceof Error ? [(error as { code?: unknown }).code, ...codes(error.cause)] : []

const reason = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? reason(error.cause) : error.message
}
