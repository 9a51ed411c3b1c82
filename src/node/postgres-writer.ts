// The connection that writes to a table of PostgreSQL, with the lock that keeps a second agent from it.
//
//   open: lock ─► mark ─► writing ── the server drops it ──► lost ── next write: lock, and the mark is still ours ──► writing
//
// While it was lost another agent may have had the table. The mark, a word on the table that each opening makes anew, tells: where
// it is another one, this store takes nothing more until the agent is started again. What was under way when the connection was
// lost is there wholly or not at all, for good, once there is a connection again: its transaction has ended with its session,
// and until it has, the lock is not free.

import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { StoreError } from '../aggregation/store.ts'

export interface PostgresWriter {
  /** Opened anew if it was lost. Calls come one after the other. @throws StoreError and what `pg` throws */
  client(): Promise<pg.Client>
  /** Why there is none now. */
  lost(): unknown
  end(): Promise<void>
}

export interface WriterPlace {
  readonly settings: pg.ClientConfig
  readonly table: string
  /** For people. */
  readonly where: string
}

/** @throws StoreError STORE_LOCKED, STORE_FAILED, and what `pg` throws */
export async function openPostgresWriter(place: WriterPlace): Promise<PostgresWriter> {
  const mark = `feedermesh ${randomUUID()}`
  let lost: unknown
  let current: pg.Client | undefined
  let isOver = false

  async function connect(prepare: (client: pg.Client) => Promise<void>): Promise<pg.Client> {
    const client = new pg.Client(place.settings)
    client.on('error', error => {
      if (client === current) lost = error
    })
    try {
      await client.connect()
      await lockTable(client, place)
      await prepare(client)
    } catch (cause) {
      await client.end().catch(() => {})
      throw cause
    }
    if (isOver) await client.end().catch(() => {})
    current = client
    lost = undefined
    return client
  }

  const name = pg.escapeIdentifier(place.table)
  await connect(async client => {
    await client.query(`CREATE TABLE IF NOT EXISTS ${name} (key bytea PRIMARY KEY, value bytea NOT NULL)`)
    await client.query(`COMMENT ON TABLE ${name} IS ${pg.escapeLiteral(mark)}`)
  })

  async function checkMark(client: pg.Client): Promise<void> {
    const { rows } = await client.query("SELECT obj_description($1::regclass, 'pg_class') AS mark", [name])
    if (rows[0]?.mark === mark) return
    throw new StoreError(
      'STORE_LOCKED',
      `${place.where}: another agent has had it meanwhile, want a restart of this one`,
    )
  }

  return {
    async client() {
      if (lost === undefined && current !== undefined) return current
      await current?.end().catch(() => {})
      return connect(checkMark)
    },
    lost: () => lost,
    async end() {
      isOver = true
      await current?.end()
    },
  }
}

async function lockTable(client: pg.Client, { table, where }: WriterPlace): Promise<void> {
  const { rows } = await client.query('SELECT pg_try_advisory_lock(hashtext($1), hashtext($2)) AS free', [
    'feedermesh',
    table,
  ])
  if (rows[0].free !== true) {
    throw new StoreError('STORE_LOCKED', `${where}: another agent has it open, want a table for each`)
  }
  const { fsync } = (await client.query("SELECT current_setting('fsync') AS fsync")).rows[0]
  if (fsync !== 'on') {
    throw new StoreError(
      'STORE_FAILED',
      `${where}: the server has fsync = ${fsync}, want on: what it says it has must survive a power cut`,
    )
  }
}
