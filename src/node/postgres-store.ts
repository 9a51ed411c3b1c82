// The store in PostgreSQL, for a back-end peer that outgrows one machine's disk: one table of keys and values, each batch one
// transaction. Same port, same tests as level.
//
// One connection writes, so that batches commit in the order of the calls, and holds the lock that keeps a second agent from the
// table (`postgres-writer.ts`). When the server drops it, what was last written is unknown, as after a power cut, and reads are
// refused, until a write has found the table again and unchanged hands. Reads have connections of their own. A range of more than
// a page holds one, with its snapshot, until it ends.

import pg from 'pg'
import { serialQueue } from '../aggregation/serial-queue.ts'
import { type Change, type Entry, type Store, StoreError } from '../aggregation/store.ts'
import { openPostgresWriter } from './postgres-writer.ts'

export interface PostgresPlace {
  /** `postgres://user@host:5432/database`; what is missing comes from the usual PG… environment. */
  readonly url: string
  readonly password?: string
  /** Made when it is not there. */
  readonly table: string
}

export interface PostgresStore extends Store {
  /** Writes the table anew, without what was overwritten or deleted. */
  purge(): Promise<void>
}

const PAGE = 256
const MAX_READERS = 16
/** A wait for a free connection, or for a server that does not answer. */
const PATIENCE_MS = 30_000

/**
 * @throws StoreError STORE_LOCKED when another agent has the table; STORE_FAILED when the server cannot be reached or used,
 *   or would lose in a power cut what it said it had (`fsync = off`)
 */
export async function openPostgresStore({ url, password, table }: PostgresPlace): Promise<PostgresStore> {
  const name = pg.escapeIdentifier(table)
  const where = `${withoutPassword(url)} table ${table}`
  const settings = { connectionString: url, ...(password === undefined ? {} : { password }), keepAlive: true }
  const readers = new pg.Pool({ ...settings, max: MAX_READERS, connectionTimeoutMillis: PATIENCE_MS })
  const reading = new Set<pg.PoolClient>()
  let closing: Promise<void> | undefined
  readers.on('error', () => {}) // an idle one was dropped: the next read takes another

  const failed = (cause: unknown): StoreError => {
    const { code, message } = cause as { code?: string; message?: string }
    if (code === DISK_FULL) return new StoreError('STORE_FULL', `${where}: no space left at the server`, { cause })
    return new StoreError('STORE_FAILED', `${where}: ${message || code || String(cause)}`, { cause })
  }

  const writer = await openPostgresWriter({
    settings: { ...settings, connectionTimeoutMillis: PATIENCE_MS },
    table,
    where,
  }).catch(async (cause: unknown) => {
    await readers.end().catch(() => {})
    throw cause instanceof StoreError ? cause : failed(cause)
  })

  /** @throws StoreError whatever goes wrong in there */
  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    if (closing !== undefined) throw new StoreError('STORE_CLOSED', `${where}: the store is closed`)
    try {
      return await work()
    } catch (cause) {
      if (closing !== undefined) throw new StoreError('STORE_CLOSED', `${where}: the store is closed`, { cause })
      throw cause instanceof StoreError ? cause : failed(cause)
    }
  }
  const read = <T>(work: () => Promise<T>): Promise<T> =>
    guarded(async () => {
      const lost = writer.lost()
      if (lost !== undefined) throw lost
      return work()
    })

  let commits: { readonly of: pg.Client; readonly is: 'on' | 'off' } | undefined
  const inOrder = serialQueue()
  /** In its turn: another call comes between no setting and its batch. */
  async function write(changes: readonly Change[], durable: boolean): Promise<void> {
    const last = new Map(changes.map(change => [change.put ?? change.del, change.value]))
    const puts = [...last].filter((entry): entry is [string, Uint8Array] => entry[1] !== undefined)
    const dels = [...last].flatMap(([key, value]) => (value === undefined ? [key] : []))
    const values = puts.map(([, value]) => Buffer.from(value.buffer, value.byteOffset, value.byteLength))
    const client = await writer.client()
    const wanted = durable ? 'on' : 'off'
    // The server's log is one: a commit that is waited for takes the earlier ones to the disk with it.
    if (commits?.of !== client || commits.is !== wanted) await client.query(`SET synchronous_commit = ${wanted}`)
    commits = { of: client, is: wanted }
    await client.query({
      name: 'batch',
      text: `WITH gone AS (DELETE FROM ${name} WHERE key = ANY($1::bytea[]))
        INSERT INTO ${name} SELECT * FROM unnest($2::bytea[], $3::bytea[])
        ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value`,
      values: [dels.map(utf8), puts.map(([key]) => utf8(key)), values],
    })
  }

  async function* pages(query: string): AsyncGenerator<readonly Row[]> {
    const client = await readers.connect()
    let broken: Error | undefined
    const onError = (error: Error): void => {
      broken = error
    }
    client.on('error', onError)
    reading.add(client)
    try {
      // Without parameters the four go to the server at once.
      const first = await client.query(
        `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; DECLARE entries NO SCROLL CURSOR FOR ${query}; FETCH ${PAGE} FROM entries`,
      )
      let { rows } = (first as unknown as pg.QueryResult<Row>[])[2] as pg.QueryResult<Row>
      while (rows.length === PAGE) {
        yield rows
        rows = (await client.query<Row>(`FETCH ${PAGE} FROM entries`)).rows
      }
      if (rows.length > 0) yield rows
    } finally {
      // Not where the store was closed meanwhile, and has dropped it.
      if (reading.delete(client)) {
        await client.query('ROLLBACK').catch(onError)
        client.off('error', onError)
        client.release(broken)
      }
    }
  }

  return {
    get: key =>
      read(async () => {
        const query = { name: 'get', text: `SELECT value FROM ${name} WHERE key = $1`, values: [utf8(key)] }
        const [row] = (await readers.query<Pick<Row, 'value'>>(query)).rows
        return row && plain(row.value)
      }),
    batch: (changes, { durable }) =>
      guarded(async () => {
        if (changes.length > 0) await inOrder(() => write(changes, durable))
      }),
    async *range(from, to, { limit, reverse = false } = {}) {
      const order = reverse ? 'DESC' : 'ASC'
      const text = `SELECT key, value FROM ${name} WHERE key >= ${literal(from)} AND key < ${literal(to)} ORDER BY key ${order}`
      const found = pages(limit === undefined ? text : `${text} LIMIT ${limit}`)
      try {
        for (;;) {
          const page = await read(() => found.next())
          if (page.done) return
          for (const { key, value } of page.value) yield { key: key.toString(), value: plain(value) } satisfies Entry
        }
      } finally {
        await found.return(undefined)
      }
    },
    purge: () => guarded(() => inOrder(async () => void (await (await writer.client()).query(`VACUUM FULL ${name}`)))),
    close() {
      closing ??= (async () => {
        for (const client of reading) client.release(true) // else the pool waits for whoever reads
        reading.clear()
        await Promise.allSettled([writer.end(), readers.end()])
      })()
      return closing
    },
  }
}

interface Row {
  readonly key: Buffer
  readonly value: Buffer
}

/** SQLSTATE class 53: disk_full. */
const DISK_FULL = '53100'

/** A key may have any character, and bytes are compared as the port says: text of PostgreSQL has no NUL. */
const utf8 = (key: string): Buffer => Buffer.from(key)
const literal = (key: string): string => `'\\x${utf8(key).toString('hex')}'::bytea`

/** pg gives Buffers, several of one piece of memory. */
const plain = (value: Buffer): Uint8Array => new Uint8Array(value)

const withoutPassword = (url: string): string => url.replace(/:[^:@/]*@/, '@')
