import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Collector, openCollector } from '../../src/aggregation/collector.ts'
import type { CollectorAlarm } from '../../src/aggregation/collector-alarms.ts'
import type { Batch, Outcome } from '../../src/aggregation/delivery.ts'
import { latestReadings } from '../../src/aggregation/latest-readings.ts'
import type { Ledger } from '../../src/aggregation/ledger.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { isReceiptGenuine } from '../../src/aggregation/receipt.ts'
import { chainHash, signHead } from '../../src/aggregation/record.ts'
import { type Store, StoreError } from '../../src/aggregation/store.ts'
import { utcMs } from '../../topology/units.ts'
import { collect, keys, ledgerOn, readingBytes, utc } from './fixtures.ts'

export interface CollectorPlace {
  /** Again and again, with what was durable. */
  open(): Promise<Store>
  /** As a crash takes it: without a word. */
  crash(store: Store): Promise<void>
}

async function collectorOn(
  place: CollectorPlace,
  given?: Store,
): Promise<Collector & { crash(): Promise<void>; raised: CollectorAlarm['kind'][] }> {
  const raised: CollectorAlarm['kind'][] = []
  const store = given ?? (await place.open())
  const collector = openCollector({
    store,
    backEnd: 'BE1',
    organisation: 'utility',
    sign: keys('BE1').sign,
    utc,
    keyOf: ied => (ied === 'stranger' ? undefined : keys(ied).verify),
    mayCollect: ied => ied !== 'R9',
    alarm: ({ kind }) => raised.push(kind),
  })
  return { ...collector, raised, crash: () => place.crash(store) }
}

/** A ledger with `count` readings of 1, 2, 3 … Wh. */
async function ledgerWith(count: number, ied = 'R3', seed = 1): Promise<Ledger> {
  const ledger = await ledgerOn(openMemoryStore(), ied, seed)
  let register = 0n
  for (let i = 1; i <= count; i++) {
    await ledger.append('billing', readingBytes(i, register, BigInt(i)))
    register += BigInt(i)
  }
  return ledger
}

/** Records `from` to `to`. */
async function batchOf(ledger: Ledger, from: number, to: number): Promise<Batch> {
  const records = await ledger.read({ after: from - 1, limit: to - from + 1, maxBytes: Number.POSITIVE_INFINITY })
  const { ied, ledgerId } = ledger
  return {
    kind: 'batch',
    ied,
    ledgerId,
    records,
    head: await ledger.signedHead(to),
    remaining: ledger.head().number - to,
  }
}

const said = (outcome: Outcome): string =>
  outcome.kind === 'receipt' ? `receipt ${outcome.upTo}` : `${outcome.reason} ${outcome.haveUpTo}`

/** What every collector does, whatever stores for it. @param runs of random orders */
export function describeCollector(name: string, place: () => Promise<CollectorPlace>, runs: number): void {
  describe(name, () => {
    const fresh = async () => collectorOn(await place())

    it('receipts what it has stored, with its signature', async () => {
      const ledger = await ledgerWith(3)
      const outcome = await (await fresh()).accept(await batchOf(ledger, 1, 3))
      expect(outcome).toMatchObject({ kind: 'receipt', upTo: 3, chainHash: ledger.head().chainHash, lacking: {} })
      expect(outcome.kind === 'receipt' && isReceiptGenuine(outcome, keys('BE1').verify)).toBe(true)
      expect(outcome.kind === 'receipt' && isReceiptGenuine({ ...outcome, upTo: 4 }, keys('BE1').verify)).toBe(false)
    })

    it.each([
      [
        'continues',
        [
          [1, 2],
          [3, 4],
        ],
        'receipt 2, receipt 4',
      ],
      [
        'takes what is new of an overlap',
        [
          [1, 3],
          [2, 5],
        ],
        'receipt 3, receipt 5',
      ],
      [
        'answers what it has already with all that it has',
        [
          [1, 4],
          [2, 3],
          [1, 4],
        ],
        'receipt 4, receipt 4, receipt 4',
      ],
      [
        'asks to go back over a gap',
        [
          [1, 1],
          [3, 4],
          [2, 4],
        ],
        'receipt 1, gap 1, receipt 4',
      ],
      ['asks for the beginning', [[2, 4]], 'gap 0'],
      [
        'answers an empty batch at its own place',
        [
          [1, 2],
          [3, 2],
        ],
        'receipt 2, receipt 2',
      ],
    ] as const)('%s', async (_, parts, answers) => {
      const ledger = await ledgerWith(5)
      const collector = await fresh()
      const outcomes: string[] = []
      for (const [from, to] of parts) outcomes.push(said(await collector.accept(await batchOf(ledger, from, to))))
      expect(outcomes.join(', ')).toBe(answers)
    })

    it('keeps both words of a device that tells two histories, and takes the first', async () => {
      const collector = await fresh()
      const one = await ledgerWith(3)
      const other = await ledgerOn(openMemoryStore())
      for (let i = 0; i < 4; i++) await other.append('billing', readingBytes(i, 0n, 100n))
      expect(other.ledgerId).toBe(one.ledgerId)
      await collector.accept(await batchOf(one, 1, 3))
      for (const [from, to] of [
        [1, 3],
        [1, 4],
        [4, 4],
        [2, 2],
      ] as const) {
        expect(said(await collector.accept(await batchOf(other, from, to)))).toBe('fork 3')
      }
      expect(await collector.alarms()).toMatchObject([{ kind: 'fork', ied: 'R3' }])
      expect(collector.raised).toEqual(['fork'])
      expect((await collector.total('R3')).importWh).toBe(6n)
    })

    it('refuses strangers, whom it may not collect from, and whatever was tampered with', async () => {
      const collector = await fresh()
      const batch = await batchOf(await ledgerWith(3), 1, 3)
      const [first, second, third] = batch.records
      if (!first?.body || !second || !third) throw new Error('three records')
      const content = readingBytes(1, 0n, 1_000n)
      const tampered: Array<[string, Batch]> = [
        ['unknownIed', { ...batch, ied: 'stranger' }],
        ['notAllowed', { ...batch, ied: 'R9' }],
        ['badChain', { ...batch, ied: 'R4' }],
        ['badSignature', { ...batch, head: { ...batch.head, number: 2 } }],
        ['badChain', { ...batch, records: [first, second] }],
        ['badChain', { ...batch, records: [first, third] }],
        ['badChain', { ...batch, records: [second, first, third] }],
        ['badChain', { ...batch, records: [{ ...first, body: { ...first.body, content } }, second, third] }],
        ['badChain', { ...batch, records: [first, second, { header: { ...third.header, utcMs: utcMs(1) } }] }],
      ]
      for (const [reason, each] of tampered) expect(said(await collector.accept(each))).toBe(`${reason} 0`)
      expect(await collector.heads()).toEqual([])
      expect(said(await collector.accept(batch))).toBe('receipt 3')
    })

    it('does not receipt bodies that it lacks, and takes them later', async () => {
      const collector = await fresh()
      const batch = await batchOf(await ledgerWith(4), 1, 4)
      const without = (...numbers: number[]): Batch => ({
        ...batch,
        records: batch.records.map(record =>
          numbers.includes(record.header.number) ? { header: record.header } : record,
        ),
      })
      expect(await collector.accept(without(2, 3))).toMatchObject({ upTo: 4, lacking: { billing: 2 } })
      expect((await collector.total('R3')).importWh).toBe(5n)
      expect(await collector.accept(without(3))).toMatchObject({ upTo: 4, lacking: { billing: 3 } })
      expect(await collector.accept(batch)).toMatchObject({ upTo: 4, lacking: {} })
      expect(await collector.accept(batch)).toMatchObject({ upTo: 4, lacking: {} })
      expect(await collector.total('R3')).toEqual({ importWh: 10n, exportWh: 0n, readings: 4 })
    })

    it('takes a new ledger of a known device, and says so', async () => {
      const collector = await fresh()
      await collector.accept(await batchOf(await ledgerWith(2), 1, 2))
      await collector.accept(await batchOf(await ledgerWith(3, 'R3', 2), 1, 3))
      expect((await collector.alarms()).map(({ kind }) => kind)).toEqual(['newLedger'])
      expect((await collector.heads('R3')).map(({ number }) => number).sort()).toEqual([2, 3])
      expect((await collector.total('R3')).importWh).toBe(9n)
    })

    it('gives readings by IED and start, within bounds', async () => {
      const collector = await fresh()
      await collector.accept(await batchOf(await ledgerWith(4, 'R4'), 1, 4))
      await collector.accept(await batchOf(await ledgerWith(4, 'R3'), 1, 4))
      const list = async (query: Parameters<Collector['readings']>[0]) =>
        (await collect(collector.readings(query))).map(({ ied, number }) => `${ied}:${number}`).join(' ')
      expect(await list({})).toBe('R3:1 R3:2 R3:3 R3:4 R4:1 R4:2 R4:3 R4:4')
      expect(await list({ ied: 'R4', fromUtc: utcMs(2 * 900_000), toUtc: utcMs(4 * 900_000) })).toBe('R4:2 R4:3')
      expect(await list({ ied: 'R4', fromUtc: utcMs(2 * 900_000 + 1) })).toBe('R4:3 R4:4')
      expect(await list({ limit: 5 })).toBe('R3:1 R3:2 R3:3 R3:4 R4:1')
      expect(await list({ ied: 'R' })).toBe('')
      expect(await list({ ied: 'R4', reverse: true, limit: 3 })).toBe('R4:4 R4:3 R4:2')
    })

    it('gives the latest readings over all IEDs, or of one', async () => {
      const collector = await fresh()
      await collector.accept(await batchOf(await ledgerWith(6, 'R4'), 1, 6))
      await collector.accept(await batchOf(await ledgerWith(2, 'R3'), 1, 2))
      await collector.accept(await batchOf(await ledgerWith(5, 'R5'), 1, 5))
      const list = async (query: Parameters<typeof latestReadings>[1]) => {
        const found: string[] = []
        for await (const { ied, number } of latestReadings(collector, query)) found.push(`${ied}:${number}`)
        return found.join(' ')
      }
      expect(await list({ limit: 3 })).toBe('R4:5 R4:6 R5:5')
      expect(await list({ limit: 1 })).toBe('R4:6')
      expect(await list({ limit: 100 })).toBe('R3:1 R3:2 R4:1 R4:2 R4:3 R4:4 R4:5 R4:6 R5:1 R5:2 R5:3 R5:4 R5:5')
      expect(await list({ limit: 2, ied: 'R3' })).toBe('R3:1 R3:2')
      expect(await list({ limit: 100, fromUtc: utcMs(5 * 900_000) })).toBe('R4:5 R4:6 R5:5')
      expect(await list({ limit: 5, ied: 'R9' })).toBe('')
    })

    it.each([false, true])(
      'receipts nothing while the store takes no writes, and goes on (%s: they were kept)',
      async isKept => {
        const at = await place()
        const inner = await at.open()
        let isFull = true
        const store: Store = {
          ...inner,
          async batch(...args) {
            if (!isFull || isKept) await inner.batch(...args)
            if (isFull) throw new StoreError('STORE_FULL', 'no space left')
          },
        }
        const collector = await collectorOn(at, store)
        const ledger = await ledgerWith(4)
        const [batch, next] = [await batchOf(ledger, 1, 2), await batchOf(ledger, 3, 4)]
        expect(said(await collector.accept(batch))).toBe('storeFailed 0')
        expect(said(await collector.accept(batch))).toBe('storeFailed 0')
        isFull = false
        expect(said(await collector.accept(batch))).toBe('receipt 2')
        expect(said(await collector.accept(next))).toBe('receipt 4')
        expect((await collector.total('R3')).readings).toBe(4)
      },
    )

    it('survives totals beyond 64 bits', async () => {
      const ledger = await ledgerOn(openMemoryStore())
      for (let i = 0; i < 4; i++) await ledger.append('billing', readingBytes(i, 0n, 2n ** 63n - 1n))
      const collector = await fresh()
      expect(said(await collector.accept(await batchOf(ledger, 1, 4)))).toBe('receipt 4')
      expect((await collector.total('R3')).importWh).toBe(4n * (2n ** 63n - 1n))
    })

    it('ends with each record once, however batches interleave, repeat, change order and get lost', async () => {
      const ledgers = await Promise.all([ledgerWith(12, 'R3'), ledgerWith(12, 'R4')])
      const part = fc.record({
        ledger: fc.constantFrom(0, 1),
        from: fc.integer({ min: 1, max: 12 }),
        length: fc.integer({ min: 1, max: 12 }),
        crashAfter: fc.boolean(),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(part, { maxLength: 5 }), { maxLength: 8 }), async groups => {
          const at = await place()
          let collector = await collectorOn(at)
          const receipted = [0, 0]
          for (const together of groups) {
            const outcomes = await Promise.all(
              together.map(async ({ ledger, from, length }) => {
                const batch = await batchOf(ledgers[ledger] as Ledger, from, Math.min(12, from + length - 1))
                return { ledger, outcome: await collector.accept(batch) }
              }),
            )
            for (const { ledger, outcome } of outcomes) {
              if (outcome.kind === 'receipt') receipted[ledger] = Math.max(receipted[ledger] ?? 0, outcome.upTo)
            }
            if (together.some(each => each.crashAfter)) {
              await collector.crash()
              collector = await collectorOn(at)
            }
          }
          for (const [index, ledger] of ledgers.entries()) {
            const upTo = receipted[index] ?? 0
            const records = await collect(collector.records(ledger))
            const own = await ledger.read({ after: 0, limit: upTo, maxBytes: Number.POSITIVE_INFINITY })
            expect(records).toEqual(upTo === 0 ? [] : own)
            const sum = BigInt((upTo * (upTo + 1)) / 2)
            expect(await collector.total(ledger.ied)).toEqual({ importWh: sum, exportWh: 0n, readings: upTo })
            expect(await collect(collector.readings({ ied: ledger.ied }))).toHaveLength(upTo)
          }
          expect(await collector.alarms()).toEqual([])
        }),
        { numRuns: runs, seed: 1 },
      )
    })

    it('finds the rare records by class, also those of a store from before they were listed', async () => {
      const ledger = await ledgerWith(2)
      for (const [n, each] of (['tamper', 'event', 'inventory', 'tamper'] as const).entries())
        await ledger.append(each, Uint8Array.of(n))
      const at = await place()
      const store = await at.open()
      const collector = await collectorOn(at, store)
      await collector.accept(await batchOf(ledger, 1, 5))
      const { ied, ledgerId } = ledger
      // As an earlier program has left it.
      const listed = []
      for await (const { key } of store.range('collector/class/', 'collector/class0')) listed.push({ del: key })
      await store.batch(listed, { durable: true })
      expect(listed).toHaveLength(2)
      const numbers = async (recordClass: 'tamper' | 'inventory' | 'maintenance') =>
        (await collect(collector.recordsOf({ ied, ledgerId, class: recordClass }))).map(({ header }) => header.number)
      expect(await numbers('tamper')).toEqual([3])
      expect(await numbers('inventory')).toEqual([5])
      await collector.accept(await batchOf(ledger, 6, 6))
      expect(await numbers('tamper')).toEqual([3, 6])
      expect(await numbers('maintenance')).toEqual([])
      expect(await collect(collector.recordsOf({ ied: 'R', ledgerId, class: 'tamper' }))).toEqual([])
    })

    it('refuses a first record that claims to continue something', async () => {
      const ledger = await ledgerWith(1)
      const [record] = (await batchOf(ledger, 1, 1)).records
      if (!record) throw new Error('one record')
      const header = { ...record.header, previousHash: new Uint8Array(32).fill(1) }
      const { ied, ledgerId } = ledger
      const head = signHead(
        { ied, ledgerId, number: 1, chainHash: chainHash(header), utcMs: utcMs(0) },
        keys('R3').sign,
      )
      const batch: Batch = { kind: 'batch', ied, ledgerId, records: [{ ...record, header }], head, remaining: 0 }
      expect(said(await (await fresh()).accept(batch))).toBe('badChain 0')
    })
  })
}
