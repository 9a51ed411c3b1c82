// The store in PostgreSQL, for a back-end peer that outgrows one machine's disk: one table of keys and values, each batch one
// transaction. Same port, same tests as level.
//
// One connection writes, so that batches commit in the order of the calls. It also holds an advisory lock on the table: a
// second agent is refused, and when the server drops the connection this store takes nothing more, since by then another may
// have the table. What it last wrote is then unknown, as after a power cut, until it is opened again. Reads have connections
// of their own. A range of more than a page holds one, with its snapshot, until it ends.

import pg from 'pg'
import { serialQueue } from '../aggregation/serial-queue.ts'
import { type Change, type Entry, type Store, StoreError } from '../aggregation/store.ts'

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
  const writer = new pg.Client({ ...settings, connectionTimeoutMillis: PATIENCE_MS })
  const readers = new pg.Pool({ ...settings, max: MAX_READERS, connectionTimeoutMillis: PATIENCE_MS })
  const reading = new Set<pg.PoolClient>()
  let lost: unknown
  let closing: Promise<void> | undefined
  writer.on('error', error => {
    lost = error
  })
  readers.on('error', () => {}) // an idle one was dropped: the next read takes another

  const failed = (cause: unknown): StoreError => {
    const { code, message } = cause as { code?: string; message?: string }
    if (code === DISK_FULL) return new StoreError('STORE_FULL', `${where}: no space left at the server`, { cause })
    return new StoreError('STORE_FAILED', `${where}: ${message || code || String(cause)}`, { cause })
  }

  try {
    await writer.connect()
    await prepare()
  } catch (cause) {
    await Promise.allSettled([writer.end(), readers.end()])
    throw cause instanceof StoreError ? cause : failed(cause)
  }

  async function prepare(): Promise<void> {
    const { rows } = await writer.query('SELECT pg_try_advisory_lock(hashtext($1), hashtext($2)) AS free', [
      'feedermesh',
      table,
    ])
    if (rows[0].free !== true) {
      throw new StoreError('STORE_LOCKED', `${where}: another agent has it open, want a table for each`)
    }
    const { fsync } = (await writer.query("SELECT current_setting('fsync') AS fsync")).rows[0]
    if (fsync !== 'on') {
      throw new StoreError(
        'STORE_FAILED',
        `${where}: the server has fsync = ${fsync}, want on: what it says it has must survive a power cut`,
      )
    }
    await writer.query(`CREATE TABLE IF NOT EXISTS ${name} (key bytea PRIMARY KEY, value bytea NOT NULL)`)
  }

  /** @throws StoreError whatever goes wrong in there */
  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    if (closing !== undefined) throw new StoreError('STORE_CLOSED', `${where}: the store is closed`)
    if (lost !== undefined) throw failed(lost)
    try {
      return await work()
    } catch (cause) {
      throw closing !== undefined
        ? new StoreError('STORE_CLOSED', `${where}: the store is closed`, { cause })
        : failed(cause)
    }
  }

  let commits: 'on' | 'off' | undefined
  const inOrder = serialQueue()
  /** In its turn: another call comes between no setting and its batch. */
  async function write(changes: readonly Change[], durable: boolean): Promise<void> {
    const last = new Map(changes.map(change => [change.put ?? change.del, change.value]))
    const puts = [...last].filter((entry): entry is [string, Uint8Array] => entry[1] !== undefined)
    const dels = [...last].flatMap(([key, value]) => (value === undefined ? [key] : []))
    const values = puts.map(([, value]) => Buffer.from(value.buffer, value.byteOffset, value.byteLength))
    const wanted = durable ? 'on' : 'off'
    // The server's log is one: a commit that is waited for takes the earlier ones to the disk with it.
    if (commits !== wanted) await writer.query(`SET synchronous_commit = ${wanted}`)
    commits = wanted
    await writer.query({
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
      guarded(async () => {
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
          const page = await guarded(() => found.next())
          if (page.done) return
          for (const { key, value } of page.value) yield { key: key.toString(), value: plain(value) } satisfies Entry
        }
      } finally {
        await found.return(undefined)
      }
    },
    purge: () => guarded(async () => void (await writer.query(`VACUUM FULL ${name}`))),
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
