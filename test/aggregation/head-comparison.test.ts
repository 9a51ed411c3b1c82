import { describe, expect, it } from 'vitest'
import { type Collector, openCollector } from '../../src/aggregation/collector.ts'
import { type Batch, batchCodec, type Outcome } from '../../src/aggregation/delivery.ts'
import { judgeEquivocation } from '../../src/aggregation/equivocation.ts'
import { headComparison } from '../../src/aggregation/head-comparison.ts'
import type { Ledger } from '../../src/aggregation/ledger.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { collect, keys, ledgerOn, readingBytes, utc } from './fixtures.ts'

async function ledgerWith(count: number, wh = 1n): Promise<Ledger> {
  const ledger = await ledgerOn(openMemoryStore())
  for (let n = 1; n <= count; n++) await ledger.append('billing', readingBytes(n, BigInt(n), n === 3 ? wh : 1n))
  return ledger
}

async function batchOf(ledger: Ledger): Promise<Batch> {
  const records = await ledger.read({ after: 0, limit: 100, maxBytes: 1_000_000 })
  const { ied, ledgerId } = ledger
  return { kind: 'batch', ied, ledgerId, records, head: await ledger.signedHead(), remaining: 0 }
}

interface BackEnd {
  readonly name: string
  readonly collector: Collector
  readonly alarms: string[]
  /** What it was shown: records, and up to which number. */
  readonly shown: string[]
  compare(other: BackEnd): Promise<readonly unknown[]>
}

function backEnd(name: string, isReachable = () => true): BackEnd {
  const alarms: string[] = []
  const collector = openCollector({
    store: openMemoryStore(),
    backEnd: name,
    organisation: name,
    sign: keys(name).sign,
    utc,
    keyOf: ied => keys(ied).verify,
    mayCollect: () => true,
    alarm: ({ kind, number }) => alarms.push(`${kind}@${number}`),
  })
  const comparison = headComparison(collector)
  const shown: string[] = []
  return {
    name,
    collector,
    alarms,
    shown,
    compare: other =>
      collect(
        comparison.round(other.name, async (batch): Promise<Outcome> => {
          if (!isReachable()) throw new Error('away')
          other.shown.push(`${batch.records.length} up to ${batch.head.number}`)
          return other.collector.accept(batchCodec.decode(batchCodec.encode(batch)))
        }),
      ),
  }
}

const provenAt = async ({ collector }: BackEnd): Promise<boolean[]> => {
  const { verify } = keys('R3')
  const evidence = await collect(collector.evidence('R3'))
  return evidence.map(each => judgeEquivocation(each, { first: verify, second: verify }).proven)
}

describe('back ends that compare heads', () => {
  it('find nothing where the IED has told both the same, and ask no further', async () => {
    const [one, other] = [backEnd('BE1'), backEnd('BE2')]
    const batch = await batchOf(await ledgerWith(5))
    for (const each of [one, other]) await each.collector.accept(batch)
    for (let round = 0; round < 3; round++) {
      expect(await one.compare(other)).toEqual([])
      expect(await other.compare(one)).toEqual([])
    }
    expect([one.shown, other.shown]).toEqual([['0 up to 5'], ['0 up to 5']])
    expect([...one.alarms, ...other.alarms]).toEqual([])
    expect(await provenAt(one)).toEqual([])
  })

  for (const [mine, theirs] of [
    [5, 5],
    [5, 9],
    [9, 5],
  ] as const) {
    it(`both prove it where the IED has told them two histories, of ${mine} and of ${theirs} records`, async () => {
      const [one, other] = [backEnd('BE1'), backEnd('BE2')]
      await one.collector.accept(await batchOf(await ledgerWith(mine)))
      await other.collector.accept(await batchOf(await ledgerWith(theirs, 7n)))
      const said = []
      for (let round = 0; round < 3; round++) {
        said.push(...(await one.compare(other)), ...(await other.compare(one)))
      }
      expect(said.length).toBeGreaterThan(0)
      for (const each of [one, other]) {
        expect((await provenAt(each)).length, each.name).toBeGreaterThan(0)
        expect((await provenAt(each)).every(Boolean), each.name).toBe(true)
        expect(each.alarms.filter(alarm => alarm.startsWith('fork'))).toHaveLength(1)
      }
      const before = [...one.shown, ...other.shown].length
      await one.compare(other)
      await other.compare(one)
      expect([...one.shown, ...other.shown]).toHaveLength(before)
    })
  }

  it('tell a third one, which has the first history and was never told the second', async () => {
    const [one, third] = [backEnd('BE1'), backEnd('BE3')]
    const first = await batchOf(await ledgerWith(5))
    for (const each of [one, third]) await each.collector.accept(first)
    expect(await one.collector.accept(await batchOf(await ledgerWith(9, 7n)))).toMatchObject({ reason: 'fork' })
    // It has no other history than is here: that it refuses the second one says nothing against it.
    expect(await one.compare(third)).toEqual([])
    expect(third.alarms).toEqual(['fork@5'])
    expect(await provenAt(third)).toEqual([true])
    expect(await collect(third.collector.readings({ ied: 'R3' }))).toHaveLength(5)
  })

  it('say once that another one differs, whatever becomes of the round and however often it comes and goes', async () => {
    const one = backEnd('BE1')
    await one.collector.accept(await batchOf(await ledgerWith(5)))
    const other = backEnd('BE2')
    await other.collector.accept(await batchOf(await ledgerWith(5, 7n)))
    await one.collector.accept(await batchOf(await ledgerWith(5, 9n)))
    const said: unknown[] = []
    const comparison = headComparison(one.collector)
    const roundOf = async (batches: number): Promise<void> => {
      const round = comparison.round('BE2', async batch => {
        if (batches-- === 0) throw new Error('away')
        return other.collector.accept(batch)
      })
      for await (const differs of round) said.push(differs)
    }
    await expect(roundOf(1)).rejects.toThrow('away')
    expect(said).toMatchObject([{ ied: 'R3', number: 5 }])
    comparison.forget('BE2')
    await roundOf(9)
    expect(said).toHaveLength(1)
  })

  it('show evidence by the keys that signed it, though the IED has another one now', async () => {
    const [one, third] = [backEnd('BE1'), backEnd('BE3')]
    const hash = new TextEncoder().encode('old key')
    const by = async (count: number, wh?: bigint) => ({
      ...(await batchOf(await ledgerWith(count, wh))),
      credentialHash: hash,
    })
    for (const each of [one, third]) await each.collector.accept(await by(5))
    await one.collector.accept(await by(9, 7n))
    const named: unknown[] = []
    await collect(
      headComparison(one.collector).round('BE3', async batch => {
        named.push(batch.credentialHash)
        return third.collector.accept(batch)
      }),
    )
    expect(named).toEqual([hash, hash, hash])
  })

  it('give contents to nobody by it', async () => {
    const [one, other] = [backEnd('BE1'), backEnd('BE2')]
    await one.collector.accept(await batchOf(await ledgerWith(5)))
    await one.collector.accept(await batchOf(await ledgerWith(5, 7n)))
    const given: Batch[] = []
    await collect(
      headComparison(one.collector).round('BE2', async batch => {
        given.push(batch)
        return other.collector.accept(batch)
      }),
    )
    expect(given.length).toBeGreaterThan(0)
    for (const { records } of given) for (const record of records) expect(record).not.toHaveProperty('body')
  })

  it('ask one that has nothing of the IED seldom, one that is behind again, and one that was away from where it stopped', async () => {
    let isThere = false
    const one = backEnd('BE1', () => isThere)
    const other = backEnd('BE2')
    await one.collector.accept(await batchOf(await ledgerWith(9)))
    await expect(one.compare(other)).rejects.toThrow('away')
    isThere = true
    for (let round = 0; round < 24; round++) await one.compare(other)
    expect(other.shown).toHaveLength(2)
    await other.collector.accept(await batchOf(await ledgerWith(5)))
    other.shown.length = 0
    for (let round = 0; round < 3; round++) await one.compare(other)
    expect(other.shown).toHaveLength(3)
    await other.collector.accept(await batchOf(await ledgerWith(9)))
    for (let round = 0; round < 3; round++) await one.compare(other)
    expect(other.shown).toHaveLength(4)
  })
})
