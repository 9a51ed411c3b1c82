import { describe, expect, it } from 'vitest'
import {
  type Batch,
  batchCodec,
  carryCodec,
  type Outcome,
  outcomeCodec,
  type Pull,
  pullAnswerCodec,
  pullCodec,
} from '../../src/aggregation/delivery.ts'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { type Receipt, signReceipt } from '../../src/aggregation/receipt.ts'
import type { Sign } from '../../src/aggregation/record.ts'
import { createSource, type SourceAlarm } from '../../src/aggregation/source.ts'
import { toCbor } from '../../topology/cbor.ts'
import { keys, ledgerOn, readingBytes, utc } from './fixtures.ts'
import { destinations, policy, recipients } from './mesh-of-stores.ts'

async function sourceOf(count: number) {
  const disk = memoryDisk()
  const alarms: SourceAlarm[] = []
  const open = async () => {
    const store = openMemoryStore(disk)
    const ledger = await ledgerOn(store)
    const source = await createSource({ ledger, store, policy, recipients, alarm: alarm => alarms.push(alarm) })
    return { store, ledger, source }
  }
  const opened = await open()
  for (let i = 1; i <= count; i++) await opened.ledger.append(i % 2 ? 'billing' : 'tamper', readingBytes(i, 0n, 1n))
  const receipt = async (
    upTo: number,
    change: Partial<Receipt> = {},
    sign: Sign = keys('BE1').sign,
  ): Promise<Receipt> => {
    const { ied, ledgerId } = opened.ledger
    const chainHash = (await opened.ledger.chainHashAt(upTo)) ?? new Uint8Array(32)
    const content = {
      backEnd: 'BE1',
      organisation: 'utility',
      ied,
      ledgerId,
      upTo,
      chainHash,
      lacking: {},
      utcMs: utc().utcMs,
    }
    return signReceipt({ ...content, ...change }, sign)
  }
  const pull = (change: Partial<Pull> = {}): Pull => ({
    recipient: { backEnd: 'BE1', organisation: 'utility' },
    want: { records: 100, bytes: 100_000 },
    outcomes: [],
    ...change,
  })
  const gap = (haveUpTo: number): Outcome => ({
    kind: 'refusal',
    reason: 'gap',
    backEnd: 'BE1',
    organisation: 'utility',
    ied: 'R3',
    ledgerId: opened.ledger.ledgerId,
    haveUpTo,
    chainHash: new Uint8Array(32),
  })
  return { ...opened, open, alarms, receipt, pull, gap }
}

const numbers = (answer: Awaited<ReturnType<Awaited<ReturnType<typeof sourceOf>>['source']['answer']>>): number[] =>
  answer.kind === 'batch' ? answer.records.map(({ header }) => header.number) : []

describe('a source', () => {
  it('goes on after the last receipt, over a restart too', async () => {
    const { source, receipt, pull, store, open } = await sourceOf(5)
    expect(numbers(await source.answer(pull()))).toEqual([1, 2, 3, 4, 5])
    expect(numbers(await source.answer(pull()))).toEqual([1, 2, 3, 4, 5])
    expect(numbers(await source.answer(pull({ outcomes: [await receipt(3)] })))).toEqual([4, 5])
    store.crash()
    const again = await open()
    expect(again.source.pending('BE1')).toBe(2)
    expect(numbers(await again.source.answer(pull()))).toEqual([4, 5])
    expect(numbers(await again.source.answer(pull({ after: 1, want: { records: 2, bytes: 1e5 } })))).toEqual([2, 3])
  })

  it('is not taken back by an old receipt', async () => {
    const { source, receipt } = await sourceOf(5)
    await source.carry([await receipt(4), await receipt(2)])
    expect(source.receiptedUpTo('BE1')).toBe(4)
  })

  it('counts a receipt only as far as nothing of the entitled classes is lacking', async () => {
    const { source, receipt } = await sourceOf(5)
    await source.carry([await receipt(4, { lacking: { billing: 3 } })])
    expect(source.receiptedUpTo('BE1')).toBe(2)
    await source.carry([await receipt(4, { lacking: { billing: 4 } })])
    expect(source.receiptedUpTo('BE1')).toBe(3)
    const other = { backEnd: 'BE2', organisation: 'customer', lacking: { tamper: 2 } }
    await source.carry([await receipt(5, other, keys('BE2').sign)]) // not entitled to that class anyway
    expect(source.receiptedUpTo('BE2')).toBe(5)
  })

  it('rewinds for a back end that lost records, until that has caught up', async () => {
    const { source, receipt, pull, gap } = await sourceOf(6)
    await source.carry([await receipt(5), gap(1)])
    expect(numbers(await source.answer(pull({ want: { records: 2, bytes: 1e5 } })))).toEqual([2, 3])
    expect(numbers(await source.answer(pull({ outcomes: [await receipt(3)] })))).toEqual([4, 5, 6])
    expect(numbers(await source.answer(pull({ outcomes: [await receipt(5)] })))).toEqual([6])
    expect(source.receiptedUpTo('BE1')).toBe(5)
  })

  it('leaves out the bodies that the recipient may not read', async () => {
    const { source, pull } = await sourceOf(4)
    const answer = (await source.answer(pull({ recipient: { backEnd: 'BE2', organisation: 'customer' } }))) as Batch
    expect(answer.records.map(({ body }) => body !== undefined)).toEqual([true, false, true, false])
  })

  it('gives nothing to whom it does not know', async () => {
    const { source, pull } = await sourceOf(2)
    const reason = async (backEnd: string, organisation: string) =>
      await source.answer(pull({ recipient: { backEnd, organisation } }))
    expect(await reason('BE7', 'utility')).toEqual({ kind: 'pullRefusal', reason: 'unknownRecipient' })
    expect(await reason('BE1', 'customer')).toEqual({ kind: 'pullRefusal', reason: 'unknownRecipient' })
  })

  it('believes no forged, foreign or impossible receipt', async () => {
    const { source, receipt, alarms, gap, pull } = await sourceOf(3)
    await source.carry([await receipt(3, {}, keys('BE2').sign)])
    await source.carry([await receipt(3, { organisation: 'customer' })])
    await source.carry([await receipt(3, { chainHash: new Uint8Array(32) })])
    await source.carry([await receipt(9)])
    await source.carry([gap(9)])
    await source.carry([await receipt(3, { ledgerId: '0'.repeat(32) })])
    expect(source.receiptedUpTo('BE1')).toBe(0)
    expect(numbers(await source.answer(pull()))).toEqual([1, 2, 3])
    expect(alarms).toEqual([
      { kind: 'badReceipt', backEnd: 'BE1', reason: 'badSignature' },
      { kind: 'badReceipt', backEnd: 'BE1', reason: 'unknownBackEnd' },
      { kind: 'badReceipt', backEnd: 'BE1', reason: 'otherHistory' },
      { kind: 'rolledBack', backEnd: 'BE1', haveUpTo: 9, head: 3 },
    ])
  })

  it('raises an alarm once, until a receipt of that back end reaches further', async () => {
    const { source, receipt, alarms, gap } = await sourceOf(3)
    const refused: Outcome = { ...gap(0), kind: 'refusal', reason: 'unknownIed' } as Outcome
    const forged = await receipt(3, {}, keys('BE2').sign)
    const one = await receipt(1)
    const raised = async (...outcomes: Outcome[]): Promise<string[]> => {
      await source.carry(outcomes)
      return alarms.splice(0).map(alarm => ('reason' in alarm ? alarm.reason : alarm.kind))
    }
    expect(await raised(refused, refused, forged, refused, forged)).toEqual(['unknownIed', 'badSignature'])
    expect(await raised(one, refused)).toEqual(['unknownIed'])
    expect(await raised(one, refused)).toEqual([]) // the same receipt again
    expect(await raised(await receipt(2), refused)).toEqual(['unknownIed'])
  })

  it('raises one alarm for all back ends that it does not know, however they are called', async () => {
    const { source, receipt, alarms } = await sourceOf(1)
    for (let i = 0; i < 5; i++) await source.carry([await receipt(1, { backEnd: `stranger-${i}` })])
    expect(alarms).toEqual([{ kind: 'badReceipt', backEnd: 'stranger-0', reason: 'unknownBackEnd' }])
  })
})

describe('messages about records', () => {
  it('come back from their bytes as they were', async () => {
    const { source, receipt, pull, gap } = await sourceOf(4)
    const asked = pull({ after: 1, outcomes: [await receipt(1), gap(1)] })
    expect(pullCodec.decode(pullCodec.encode(asked))).toEqual(asked)
    const answer = await source.answer(asked)
    expect(pullAnswerCodec.decode(pullAnswerCodec.encode(answer))).toEqual(answer)
    expect(batchCodec.decode(batchCodec.encode(answer as Batch))).toEqual(answer)
    for (const outcome of asked.outcomes) expect(outcomeCodec.decode(outcomeCodec.encode(outcome))).toEqual(outcome)
    expect(carryCodec.decode(carryCodec.encode({ outcomes: asked.outcomes }))).toEqual({ outcomes: asked.outcomes })
  })

  it.each([
    ['bytes that are no CBOR', Uint8Array.of(0xff)],
    ['a field more', toCbor({ recipient: destinations[0], want: { records: 1, bytes: 1 }, outcomes: [], more: 1 })],
    [
      'a name with a slash',
      toCbor({ recipient: { backEnd: 'a/b', organisation: 'u' }, want: { records: 1, bytes: 1 }, outcomes: [] }),
    ],
    ['no record wanted', toCbor({ recipient: destinations[0], want: { records: 0, bytes: 1 }, outcomes: [] })],
    ['more bytes than it can be', new Uint8Array(70_000)],
  ])('are refused with %s', (_, bytes) => {
    expect(() => pullCodec.decode(bytes)).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
  })
})
