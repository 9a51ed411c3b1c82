// A record from its IED to a back end and its receipt back, each way on which that can go wrong by itself: at each write of
// either store the power goes, before it or after it; the receipt is lost, comes twice, is forged, or its carrier dies with it.

import { describe, expect, it } from 'vitest'
import { openCollector } from '../../src/aggregation/collector.ts'
import { type Batch, batchCodec, type Outcome, outcomeCodec } from '../../src/aggregation/delivery.ts'
import type { Ledger } from '../../src/aggregation/ledger.ts'
import { type MemoryStore, memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { signReceipt } from '../../src/aggregation/receipt.ts'
import { chainStart, checkChain } from '../../src/aggregation/record.ts'
import { createSource, type Source } from '../../src/aggregation/source.ts'
import type { Store } from '../../src/aggregation/store.ts'
import { collect, keys, ledgerOn, readingBytes, utc } from './fixtures.ts'
import { policy, recipients } from './mesh-of-stores.ts'

class PowerCut extends Error {}

interface Cut {
  readonly who: 'ied' | 'back end'
  /** At its n-th write. */
  readonly at: number
  readonly when: 'before' | 'after'
}

function world(cut?: Cut) {
  const disks = { ied: memoryDisk(), 'back end': memoryDisk() }
  const writes = { ied: 0, 'back end': 0 }
  let wasCut = false
  let died: Cut['who'] | undefined

  function storeOf(who: Cut['who']): Store {
    const inner: MemoryStore = openMemoryStore(disks[who])
    const cutNow = (): never => {
      wasCut = true
      died = who
      inner.crash()
      throw new PowerCut()
    }
    return {
      ...inner,
      async batch(changes, options) {
        writes[who]++
        const isNow = cut !== undefined && !wasCut && cut.who === who && cut.at === writes[who]
        if (isNow && cut.when === 'before') cutNow()
        await inner.batch(changes, options)
        if (isNow) cutNow()
      },
    }
  }

  let ied: { ledger: Ledger; source: Source } | undefined
  let collector: ReturnType<typeof openCollector> | undefined
  async function iedNow() {
    if (ied !== undefined) return ied
    const store = storeOf('ied')
    const ledger = await ledgerOn(store)
    ied = { ledger, source: await createSource({ ledger, store, policy, recipients }) }
    return ied
  }
  function backEndNow() {
    collector ??= openCollector({
      store: storeOf('back end'),
      backEnd: 'BE1',
      organisation: 'utility',
      sign: keys('BE1').sign,
      utc,
      keyOf: name => keys(name).verify,
      mayCollect: () => true,
    })
    return collector
  }
  const acknowledged: number[] = []

  /** Whoever lost power is opened anew by who asks next. */
  async function tried<T>(job: () => Promise<T>): Promise<T | undefined> {
    try {
      return await job()
    } catch (error) {
      if (died === undefined) throw error
      if (died === 'ied') ied = undefined
      else collector = undefined
      died = undefined
      return undefined
    }
  }
  const pull = { recipient: { backEnd: 'BE1', organisation: 'utility' }, want: { records: 100, bytes: 100_000 } }

  return {
    writes,
    acknowledged,
    ledger: async () => (await iedNow()).ledger,
    source: async () => (await iedNow()).source,
    collector: backEndNow,
    append: (n: number) =>
      tried(async () => {
        const { ledger } = await iedNow()
        const previous = (await ledger.read({ after: 0, limit: 99, maxBytes: 1e6 })).length
        await ledger.append('billing', readingBytes(previous, BigInt(previous), 1n))
        acknowledged.push(n)
      }),
    batch: () =>
      tried(async () => {
        const answer = await (await iedNow()).source.answer({ ...pull, outcomes: [] })
        return answer.kind === 'batch' ? answer : undefined
      }),
    deliver: (batch: Batch) =>
      tried(async () =>
        outcomeCodec.decode(
          outcomeCodec.encode(await backEndNow().accept(batchCodec.decode(batchCodec.encode(batch)))),
        ),
      ),
    carry: (...outcomes: Outcome[]) => tried(async () => (await iedNow()).source.carry(outcomes)),
  }
}

type World = ReturnType<typeof world>

async function round(mesh: World, carried: (receipt: Outcome) => readonly Outcome[] = each => [each]): Promise<void> {
  const batch = await mesh.batch()
  const outcome = batch && (await mesh.deliver(batch))
  if (outcome !== undefined) await mesh.carry(...carried(outcome))
}

async function story(mesh: World): Promise<void> {
  await mesh.append(1)
  await mesh.append(2)
  await round(mesh)
  await mesh.append(3)
  await round(mesh)
}

/** Without faults, whatever is open arrives; and what was acknowledged is there, once. */
async function expectOnce(mesh: World, rounds = 3): Promise<void> {
  for (let i = 0; i < rounds; i++) await round(mesh)
  const ledger = await mesh.ledger()
  const own = await ledger.read({ after: 0, limit: 99, maxBytes: 1e6 })
  expect(own.length).toBeGreaterThanOrEqual(mesh.acknowledged.length)
  const stored = await collect(mesh.collector().records(ledger))
  expect(stored).toEqual(own)
  expect(checkChain(chainStart, ledger, stored)).toEqual({ ok: true, end: ledger.head() })
  const total = { importWh: BigInt(own.length), exportWh: 0n, readings: own.length }
  expect(await mesh.collector().total('R3')).toEqual(total)
  expect((await mesh.source()).pending('BE1')).toBe(0)
  expect(await mesh.collector().alarms()).toEqual([])
}

describe('a record and its receipt', () => {
  for (const who of ['ied', 'back end'] as const) {
    for (const when of ['before', 'after'] as const) {
      it(`survive a power cut of the ${who} ${when} each of its writes`, async () => {
        const whole = world()
        await story(whole)
        await expectOnce(whole)
        const count = whole.writes[who]
        expect(count).toBeGreaterThan(1)
        for (let at = 1; at <= count; at++) {
          const mesh = world({ who, at, when })
          await story(mesh)
          await expectOnce(mesh)
        }
      })
    }
  }

  const forged = (receipt: Outcome): Outcome =>
    receipt.kind === 'receipt' ? signReceipt({ ...receipt, upTo: receipt.upTo + 1 }, keys('BE2').sign) : receipt
  const ways: readonly (readonly [string, (receipt: Outcome) => readonly Outcome[], number])[] = [
    ['is lost, or its carrier dies with it', () => [], 0],
    ['comes twice', receipt => [receipt, receipt], 3],
    ['is forged for more than there is', receipt => [forged(receipt)], 0],
    ['comes behind a forged one', receipt => [forged(receipt), receipt], 3],
  ]
  for (const [what, carried, upTo] of ways) {
    it(`are there once where the receipt ${what}`, async () => {
      const mesh = world()
      for (const n of [1, 2, 3]) await mesh.append(n)
      await round(mesh, carried)
      expect((await mesh.source()).receiptedUpTo('BE1')).toBe(upTo)
      expect((await mesh.batch())?.records.map(({ header }) => header.number) ?? []).toEqual(
        upTo === 0 ? [1, 2, 3] : [],
      )
      await expectOnce(mesh, 1)
    })
  }

  it('are there once where a receipt of earlier comes behind a later one', async () => {
    const mesh = world()
    await mesh.append(1)
    let early: Outcome | undefined
    await round(mesh, receipt => {
      early = receipt
      return []
    })
    await mesh.append(2)
    await round(mesh)
    await mesh.carry(early as Outcome)
    expect((await mesh.source()).receiptedUpTo('BE1')).toBe(2)
    await expectOnce(mesh, 0)
  })
})
