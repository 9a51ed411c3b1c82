// The store in PostgreSQL, with a server of Debian's own.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '../../src/aggregation/store.ts'
import { openPostgresStore } from '../../src/node/postgres-store.ts'
import { describeCollector } from '../aggregation/collector-conformance.ts'
import { describeStore } from '../aggregation/store-conformance.ts'
import { type Cluster, noPostgres, startCluster } from './postgres-cluster.ts'

const reason = noPostgres()

describe.skipIf(reason)(`PostgreSQL${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let cluster: Cluster
  let tables = 0
  const place = () => ({ url: cluster.url, table: `entries ${++tables}` })
  const left: Store[] = []
  const put = (key: string, value: string) => ({ put: key, value: Buffer.from(value) })

  beforeAll(async () => {
    cluster = await startCluster()
  })
  afterAll(async () => {
    await cluster?.stop()
  })

  afterEach(async () => {
    for (const store of left.splice(0)) await store.close()
  })

  describeStore('PostgreSQL store', async () => {
    const at = place()
    return {
      open: () => openPostgresStore(at),
      drop: async () => void (await cluster.query(`DROP TABLE "${at.table}"`)),
    }
  })

  describeCollector(
    'a collector in PostgreSQL',
    async () => {
      const at = place()
      return {
        async open() {
          const store = await openPostgresStore(at)
          left.push(store)
          return store
        },
        crash: store => store.close(),
      }
    },
    6,
  )

  it('reads more than a page, in either direction, as it was when the reading began', async () => {
    const store = await openPostgresStore(place())
    const keys = Array.from({ length: 1000 }, (_, n) => String(n).padStart(4, '0'))
    await store.batch(
      keys.map(key => put(key, key)),
      { durable: true },
    )
    const seen: string[] = []
    for await (const { key } of store.range('', 'z')) {
      if (seen.push(key) === 10) await store.batch([put('0999x', 'new'), { del: '0998' }], { durable: true })
    }
    expect(seen).toEqual(keys)
    const back: string[] = []
    for await (const { key } of store.range('', '0900', { reverse: true })) back.push(key)
    expect(back).toEqual(keys.slice(0, 900).reverse())
    await store.close()
  })

  it('closes although somebody has not read to the end', async () => {
    const store = await openPostgresStore(place())
    await store.batch(
      Array.from({ length: 1000 }, (_, n) => put(`k${n}`, 'v')),
      { durable: true },
    )
    const reading = store.range('', 'z')[Symbol.asyncIterator]()
    await reading.next()
    await store.close()
    await reading.return?.()
    expect(
      await cluster.query("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%entries%' AND pid <> pg_backend_pid()"),
    ).toEqual([])
  })

  it('waits for the disk where a batch is to be durable, and for no other', async () => {
    const store = await openPostgresStore(place())
    // Issued at once: what one asks for must not come to be the other's.
    await Promise.all([0, 1, 2, 3].map(n => store.batch([put(`${n}`, 'v')], { durable: n % 2 === 0 })))
    await store.batch([put('a', 'v')], { durable: true })
    const [{ flushed } = {}] = await cluster.query(
      'SELECT pg_current_wal_insert_lsn() <= pg_current_wal_flush_lsn() AS flushed',
    )
    expect(flushed).toBe(true)
    await store.close()
  })

  it('has, after a crash of the server, what it said was durable; and goes on when the server is back', async () => {
    const at = place()
    const store = await openPostgresStore(at)
    const kept: string[] = []
    const writing = (async () => {
      for (let n = 0; ; n++) {
        await store.batch([put(`n${n}`, `${n}`)], { durable: true })
        kept.push(`n${n}`)
      }
    })().catch((error: unknown) => error)
    while (kept.length < 20) await new Promise(resolve => setTimeout(resolve, 5))
    await cluster.crash()
    expect(await writing).toMatchObject({ name: 'StoreError', code: 'STORE_FAILED' })
    await expect(store.batch([put('while it is down', '')], { durable: true })).rejects.toMatchObject({
      code: 'STORE_FAILED',
    })
    await cluster.start()
    // Nothing is read from a table that may be another's by now.
    await expect(store.get('n0')).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await store.batch([put('late', 'v')], { durable: true })
    expect(await store.get('n0')).toBeDefined()
    await store.close()

    const again = await openPostgresStore(at)
    for (const key of kept) expect(await again.get(key), key).toBeDefined()
    expect(await again.get('late')).toBeDefined()
    expect(await again.get('while it is down')).toBeUndefined()
    await again.close()
  })

  it('goes on when its connection was dropped alone, and not when another has had the table meanwhile', async () => {
    const at = place()
    const store = await openPostgresStore(at)
    const drop = async (): Promise<void> => {
      await cluster.query(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()",
      )
    }
    await store.batch([put('first', '1')], { durable: true })
    await drop()
    // Whether the first batch after it meets the old connection or not: the next one finds a new one.
    await store.batch([put('second', '2')], { durable: true }).catch(() => {})
    await store.batch([put('third', '3')], { durable: true })
    expect(await store.get('first')).toEqual(new Uint8Array(Buffer.from('1')))

    await drop()
    await store.batch([put('fourth', '4')], { durable: true }).catch(() => {})
    const other = openPostgresStore(at)
    await expect(other).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    await drop()
    const thief = await openPostgresStore(at)
    await thief.batch([put('first', 'another')], { durable: true })
    await thief.close()
    const late = (): Promise<unknown> =>
      store.batch([put('late', 'v')], { durable: true }).catch((error: Error) => error)
    await late()
    expect(await late()).toMatchObject({ code: 'STORE_LOCKED', message: expect.stringContaining('had it meanwhile') })
    await store.close()
  })

  it('says in one line what is wrong with the server', async () => {
    const nobody = openPostgresStore({ url: 'postgres://me:secret@127.0.0.1:1/none', table: 'entries' })
    await expect(nobody).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await expect(nobody).rejects.toThrow(/^postgres:\/\/me@127\.0\.0\.1:1\/none table entries: .*ECONNREFUSED/)
    const careless = await startCluster('fsync=off')
    try {
      const opened = openPostgresStore({ url: careless.url, table: 'entries' })
      await expect(opened).rejects.toThrow(/the server has fsync = off, want on/)
    } finally {
      await careless.stop()
    }
  })
})
