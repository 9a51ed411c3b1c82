// A power cut tears the last write on a real disk: at each place of it, and whatever the rest of the block holds then. What was
// acknowledged before is there, of what was under way all or nothing, and each goes on.

import { cp, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Batch, batchCodec } from '../../src/aggregation/delivery.ts'
import type { Ledger } from '../../src/aggregation/ledger.ts'
import { checkLedger } from '../../src/aggregation/ledger-check.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { signReceipt } from '../../src/aggregation/receipt.ts'
import { createSource } from '../../src/aggregation/source.ts'
import type { Store } from '../../src/aggregation/store.ts'
import { openLevelStore } from '../../src/node/level-store.ts'
import { collect, emptyCollector, keys, ledgerOn, readingBytes, utc } from '../aggregation/fixtures.ts'
import { policy, recipients } from '../aggregation/mesh-of-stores.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'feedermesh-torn-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const logOf = async (path: string): Promise<string> => {
  const name = (await readdir(path)).find(each => each.endsWith('.log'))
  if (name === undefined) throw new Error(`${path}: no log in it`)
  return join(path, name)
}
const sizeOf = async (path: string): Promise<number> => (await stat(await logOf(path))).size

let count = 0
/**
 * Writes the first, then the last thing, and gives the store as it is when the last write got to each place of it: cut off
 * there, or with zeros or another block's bytes behind.
 */
async function* torn(first: (store: Store) => Promise<void>, last: (store: Store) => Promise<void>) {
  const whole = join(dir, `whole-${++count}`)
  const store = await openLevelStore(whole)
  await first(store)
  const from = await sizeOf(whole)
  await last(store)
  const to = await sizeOf(whole)
  const image = join(dir, `image-${count}`)
  await cp(whole, image, { recursive: true })
  await store.close()
  expect(to).toBeGreaterThan(from)
  const step = Math.max(1, Math.ceil((to - from) / 10))
  const places = [from, from + 1, from + 6, from + 7, to - 1, to]
  for (let at = from; at < to; at += step) places.push(at)
  for (const [n, at] of [...new Set(places)].sort((one, other) => one - other).entries()) {
    const path = join(dir, `torn-${count}-${n}`)
    await cp(image, path, { recursive: true })
    const log = await logOf(path)
    const bytes = await readFile(log)
    const rest = [
      Buffer.alloc(0),
      Buffer.alloc(to - at),
      bytes.subarray(from - (to - at) < 0 ? 0 : from - (to - at), from),
    ]
    const file = await open(log, 'w')
    await file.write(Buffer.concat([bytes.subarray(0, at), rest[n % 3] ?? Buffer.alloc(0)]))
    await file.close()
    const again = await openLevelStore(path)
    yield {
      store: again,
      isWhole: at === to,
      at: `byte ${at - from} of ${to - from}, ${['cut', 'zeros', 'other'][n % 3]}`,
    }
    await again.close()
    await rm(path, { recursive: true })
  }
}

const append = async (ledger: Ledger, ...numbers: number[]): Promise<void> => {
  for (const n of numbers) await ledger.append('billing', readingBytes(n, BigInt(n), 1n))
}
async function batchOf(ledger: Ledger, after: number): Promise<Batch> {
  const records = await ledger.read({ after, limit: 100, maxBytes: 1_000_000 })
  const { ied, ledgerId } = ledger
  return { kind: 'batch', ied, ledgerId, records, head: await ledger.signedHead(), remaining: 0 }
}

describe('a write that a power cut tears', () => {
  it('of a record: the ledger ends before it or with it, whole, and goes on', async () => {
    const found = torn(
      async store => append(await ledgerOn(store), 1, 2),
      async store => append(await ledgerOn(store), 3),
    )
    const ends = new Set<number>()
    for await (const { store, isWhole, at } of found) {
      const ledger = await ledgerOn(store)
      const { number } = ledger.head()
      ends.add(number)
      expect(isWhole ? [3] : [2, 3], at).toContain(number)
      await append(ledger, number + 1)
      const signed = await ledger.signedHead()
      const claim = { ...ledger, head: ledger.head(), signed, isWhole: true }
      const records = await ledger.read({ after: 0, limit: 100, maxBytes: 1_000_000 })
      const verdict = await checkLedger({ ...claim, ied: 'R3', ledgerId: ledger.ledgerId }, records, keys('R3').verify)
      expect(verdict, at).toMatchObject({ ok: true, signature: 'genuine', records: number + 1, bodies: number + 1 })
    }
    expect([...ends].sort()).toEqual([2, 3])
  })

  it('of a back end: it has all of a batch or nothing, and takes it again, once', async () => {
    const ledger = await ledgerOn(openMemoryStore())
    await append(ledger, 1, 2)
    const one = await batchOf(ledger, 0)
    await append(ledger, 3, 4)
    const two = await batchOf(ledger, 2)
    const taking = (batch: Batch) => async (store: Store) =>
      expect(await emptyCollector(store).accept(batchCodec.decode(batchCodec.encode(batch)))).toMatchObject({
        kind: 'receipt',
      })
    for await (const { store, isWhole, at } of torn(taking(one) as never, taking(two) as never)) {
      const collector = emptyCollector(store)
      const [head] = await collector.heads('R3')
      expect(isWhole ? [4] : [2, 4], at).toContain(head?.number)
      expect(await collector.total('R3'), at).toMatchObject({ readings: head?.number })
      expect(await collect(collector.records(ledger)), at).toHaveLength(head?.number ?? 0)
      expect(await collector.accept(two), at).toMatchObject({ kind: 'receipt', upTo: 4 })
      expect(await collector.total('R3'), at).toEqual({ importWh: 4n, exportWh: 0n, readings: 4 })
      expect(await collect(collector.records(ledger)), at).toEqual(
        await ledger.read({ after: 0, limit: 9, maxBytes: 1e6 }),
      )
    }
  })

  it('of a receipt at the member: it counts or does not, and what it does not count for is sent again', async () => {
    const sourceOn = async (store: Store) => {
      const ledger = await ledgerOn(store)
      return { ledger, source: await createSource({ ledger, store, policy, recipients }) }
    }
    const receiptUpTo = async (ledger: Ledger, upTo: number) => {
      const chainHash = (await ledger.chainHashAt(upTo)) ?? new Uint8Array(32)
      const { ied, ledgerId } = ledger
      const of = { backEnd: 'BE1', organisation: 'utility', ied, ledgerId, upTo, chainHash, lacking: {} }
      return signReceipt({ ...of, utcMs: utc().utcMs }, keys('BE1').sign)
    }
    const found = torn(
      async store => {
        const { ledger, source } = await sourceOn(store)
        await append(ledger, 1, 2, 3)
        await source.carry([await receiptUpTo(ledger, 1)])
        await append(ledger, 4)
      },
      async store => {
        const { ledger, source } = await sourceOn(store)
        await source.carry([await receiptUpTo(ledger, 3)])
        await append(ledger, 5) // what makes the receipt durable
      },
    )
    const pull = { recipient: { backEnd: 'BE1', organisation: 'utility' }, want: { records: 99, bytes: 100_000 } }
    for await (const { store, at } of found) {
      const { ledger, source } = await sourceOn(store)
      const upTo = source.receiptedUpTo('BE1')
      expect([1, 3], at).toContain(upTo)
      const answer = await source.answer({ ...pull, outcomes: [] })
      const numbers = answer.kind === 'batch' ? answer.records.map(({ header }) => header.number) : []
      expect(numbers, at).toEqual(Array.from({ length: ledger.head().number - upTo }, (_, n) => upTo + 1 + n))
    }
  })
})
