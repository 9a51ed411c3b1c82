// What a back end gives on to a department: no more than it may read itself, in batches that the department verifies with the
// IED's key. Real ledgers and collectors.
//
//   ledger of R3 ──► collector of the organisation ──► collector of its accounting

import { describe, expect, it } from 'vitest'
import { virtualSealing } from '../../sim/runtime/virtual-sealing.ts'
import { openCollector } from '../../src/aggregation/collector.ts'
import { type Batch, batchCodec, MAX_BATCH_RECORDS } from '../../src/aggregation/delivery.ts'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { chainStart, checkChain, type RecordClass } from '../../src/aggregation/record.ts'
import { afterRegiven, nextRegiven, REGIVEN_BYTES, type RegivenBatch } from '../../src/aggregation/regiver.ts'
import { isRegiven, type OwnGrants, regivenOf, regrantDocumentSchema } from '../../src/aggregation/regrant.ts'
import { collect, keys, ledgerOn, utc } from './fixtures.ts'

const NOW = utc().utcMs
const accounting = { kid: 'accounting', x: 'x' }
const shared = (more: object = {}) => ({
  department: 'accounting',
  backEnd: 'be-accounting',
  shares: [{ classes: ['billing', 'reliability'] as RecordClass[] }],
  ...more,
})
const iso = (ms: number): string => new Date(ms).toISOString()

describe('what goes to a department', () => {
  const own: OwnGrants = [{ classes: ['billing', 'powerQuality'], fromUtcMs: NOW - 1000, toUtcMs: NOW + 1000 }]
  const cases: { it: string; share?: object; own?: OwnGrants; ieds?: string[]; gives: unknown }[] = [
    {
      it: 'is of the classes that both grant',
      gives: [{ class: 'billing', fromUtcMs: NOW - 1000, toUtcMs: NOW + 1000 }],
    },
    {
      it: 'begins with the later and ends with the earlier of the two',
      share: { from: iso(NOW), to: iso(NOW + 5000) },
      gives: [{ class: 'billing', fromUtcMs: NOW, toUtcMs: NOW + 1000 }],
    },
    { it: 'is nothing where the two do not meet', share: { from: iso(NOW + 1000) }, gives: [] },
    { it: 'is nothing of another IED than is named', ieds: ['R4'], gives: [] },
    { it: 'is nothing where the organisation itself may read nothing', own: [], gives: [] },
    { it: 'has no end where neither has one', own: [{ classes: ['billing'] }], gives: [{ class: 'billing' }] },
  ]
  for (const { it: title, share, own: has = own, ieds, gives } of cases) {
    it(title, () => {
      const given = shared({
        shares: [{ classes: ['billing', 'reliability'], ...share }],
        ...(ieds === undefined ? {} : { ieds }),
      })
      expect(regivenOf(given, 'R3', has)).toEqual(gives)
    })
  }

  it('lies in its time when it was written, and now', () => {
    const regiven = [{ class: 'billing' as const, fromUtcMs: NOW, toUtcMs: NOW + 10 }]
    const at = (utcMs: number, now: number) => isRegiven(regiven, { class: 'billing', utcMs }, now)
    expect([at(NOW, NOW), at(NOW - 1, NOW), at(NOW + 9, NOW + 9), at(NOW + 9, NOW + 10)]).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect(isRegiven(regiven, { class: 'status', utcMs: NOW }, NOW)).toBe(false)
  })

  it('is written down once for each back end of a department', () => {
    const document = { regives: 'be-c', version: 1, departments: [shared(), shared()] }
    expect(regrantDocumentSchema.safeParse(document).success).toBe(false)
    expect(
      regrantDocumentSchema.safeParse({ ...document, departments: [shared(), shared({ backEnd: 'b2' })] }).success,
    ).toBe(true)
  })
})

async function site() {
  const store = openMemoryStore(memoryDisk())
  const ledger = await ledgerOn(store)
  const collectorOf = (backEnd: string, kids: readonly string[]) =>
    openCollector({
      backEnd,
      organisation: 'c',
      store: openMemoryStore(memoryDisk()),
      sign: keys(backEnd).sign,
      sealing: virtualSealing(kids),
      utc,
      keyOf: ied => keys(ied).verify,
      mayCollect: () => true,
    })
  const collector = collectorOf('be-c', [])
  /** By an aggregator, in batches of so many records. */
  async function collectAll(size: number): Promise<void> {
    const [have] = await collector.heads()
    for (let after = have?.number ?? 0; after < ledger.head().number; ) {
      const records = await ledger.read({ after, limit: size, maxBytes: Number.POSITIVE_INFINITY })
      after += records.length
      const { ied, ledgerId } = ledger
      await collector.accept({
        kind: 'batch',
        ied,
        ledgerId,
        records,
        head: await ledger.signedHead(after),
        remaining: 0,
      })
    }
  }
  const regiven = regivenOf(shared(), 'R3', [{ classes: ['billing', 'reliability'] }])
  const next = async (upTo: number, given = regiven): Promise<RegivenBatch | undefined> => {
    const { ied, ledgerId } = ledger
    const found = await nextRegiven(
      { collector, sealing: virtualSealing([]) },
      { ied, ledgerId, upTo },
      given,
      accounting,
      NOW,
    )
    return found && { ...found, batch: batchCodec.decode(batchCodec.encode(found.batch)) as Batch }
  }
  const read = async (by: ReturnType<typeof collectorOf>) => {
    const records = await collect(by.records({ ied: ledger.ied, ledgerId: ledger.ledgerId }))
    expect(checkChain(chainStart, ledger, records)).toMatchObject({ ok: true })
    return records.flatMap(({ header, body }) => (body === undefined ? [] : [header.class]))
  }
  return {
    ledger,
    collector,
    collectAll,
    next,
    read,
    collectorOf,
    department: collectorOf('be-accounting', ['accounting']),
  }
}

describe('a back end that gives on', () => {
  it('gives the department what is for it, and it verifies the whole chain with the key of the IED', async () => {
    const { ledger, collectAll, next, read, department, collectorOf } = await site()
    for (const each of ['billing', 'powerQuality', 'reliability'] as const) await ledger.append(each, Uint8Array.of(1))
    await collectAll(10)
    const given = await next(0)
    if (given === undefined) throw new Error('nothing')
    expect(given.numbers).toEqual([1, 3])
    expect(given.batch.records.every(({ body }) => body === undefined)).toBe(true)
    const outcome = await department.accept(given.batch)
    expect(afterRegiven(given, outcome)).toEqual({ kind: 'on', upTo: 3 })
    expect(await read(department)).toEqual(['billing', 'reliability'])
    expect(await next(3)).toBeUndefined()
    // To another department the very batch is headers alone.
    const other = collectorOf('be-2', ['other'])
    expect(afterRegiven(given, await other.accept(given.batch))).toMatchObject({ kind: 'stuck' })
    expect(await read(other)).toEqual([])
  })

  it('gives headers alone of what is not for it any more', async () => {
    const { ledger, collectAll, next, read, department } = await site()
    await ledger.append('billing', Uint8Array.of(1))
    await collectAll(10)
    const given = await next(0, [])
    if (given === undefined) throw new Error('nothing')
    await department.accept(given.batch)
    expect(await read(department)).toEqual([])
  })

  it('gives on a long ledger batch by batch, each of which ends at a head that the IED has signed', async () => {
    const { ledger, collectAll, next, read, department } = await site()
    const total = 2 * MAX_BATCH_RECORDS + 300
    for (let n = 0; n < total; n++) await ledger.append(n % 2 === 0 ? 'billing' : 'status', Uint8Array.of(1))
    await collectAll(170)
    let batches = 0
    for (let upTo = 0; ; batches++) {
      const given = await next(upTo)
      if (given === undefined) break
      expect(given.batch.records.length).toBeLessThanOrEqual(MAX_BATCH_RECORDS)
      const result = afterRegiven(given, await department.accept(given.batch))
      if (result.kind !== 'on') throw new Error(JSON.stringify(result))
      upTo = result.upTo
    }
    expect(batches).toBeLessThanOrEqual(4)
    expect(await read(department)).toHaveLength(total / 2)
  }, 60_000)

  it('splits bodies that are too large for one batch, over the same headers', async () => {
    const { ledger, collectAll, next, read, department } = await site()
    const size = 200 * 1024
    for (let n = 0; n < 5; n++) await ledger.append('billing', new Uint8Array(size).fill(n))
    await collectAll(2)
    const sizes: number[] = []
    for (let upTo = 0; ; ) {
      const given = await next(upTo)
      if (given === undefined) break
      sizes.push(given.numbers.length)
      const result = afterRegiven(given, await department.accept(given.batch))
      if (result.kind !== 'on') throw new Error(JSON.stringify(result))
      upTo = result.upTo
    }
    expect(Math.max(...sizes) * size).toBeLessThanOrEqual(REGIVEN_BYTES)
    expect(await read(department)).toHaveLength(5)
  })

  it('begins again where a department has lost what it had', async () => {
    const { ledger, collectAll, next, collectorOf } = await site()
    await ledger.append('billing', Uint8Array.of(1))
    await collectAll(10)
    await ledger.append('billing', Uint8Array.of(2))
    await collectAll(10)
    const given = await next(1)
    if (given === undefined) throw new Error('nothing')
    const fresh = collectorOf('be-accounting', ['accounting'])
    expect(afterRegiven(given, await fresh.accept(given.batch))).toEqual({ kind: 'back', upTo: 0 })
  })
})
