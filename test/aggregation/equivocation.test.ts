import { describe, expect, it } from 'vitest'
import { type Evidence, MOST_EVIDENCE, MOST_EVIDENCE_OF_IED } from '../../src/aggregation/collected-evidence.ts'
import { openCollector } from '../../src/aggregation/collector.ts'
import type { Batch } from '../../src/aggregation/delivery.ts'
import { judgeEquivocation, type TwoHistories } from '../../src/aggregation/equivocation.ts'
import type { Ledger } from '../../src/aggregation/ledger.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { signHead } from '../../src/aggregation/record.ts'
import type { Store } from '../../src/aggregation/store.ts'
import { collect, keys, ledgerOn, readingBytes, utc } from './fixtures.ts'

const all = { after: 0, limit: 10_000, maxBytes: 100_000_000 }

/** Readings of one watt-hour each, but for one record. */
async function ledgerWith(count: number, odd?: { readonly number: number; readonly wh: bigint }, seed = 1) {
  const ledger = await ledgerOn(openMemoryStore(), 'R3', seed)
  for (let n = 1; n <= count; n++)
    await ledger.append('billing', readingBytes(n, BigInt(n), n === odd?.number ? odd.wh : 1n))
  return ledger
}

async function batchOf(ledger: Ledger, after = 0, upTo = ledger.head().number): Promise<Batch> {
  const { ied, ledgerId } = ledger
  const records = (await ledger.read({ ...all, after })).filter(({ header }) => header.number <= upTo)
  const next = (await ledger.read({ ...all, after: upTo, limit: 1 }))[0]?.header
  const chainHash = next?.previousHash ?? ledger.head().chainHash
  const head = signHead({ ied, ledgerId, number: upTo, chainHash, utcMs: utc().utcMs }, keys(ied).sign)
  return { kind: 'batch', ied, ledgerId, records, head, remaining: 0 }
}

function backEnd(raised: string[] = [], store: Store = openMemoryStore()) {
  return openCollector({
    store,
    backEnd: 'BE1',
    organisation: 'utility',
    sign: keys('BE1').sign,
    utc,
    keyOf: ied => keys(ied).verify,
    credentialOf: ied => `credential of ${ied}`,
    mayCollect: () => true,
    alarm: ({ kind, number }) => raised.push(`${kind}@${number}`),
  })
}

async function evidenceOf(stored: readonly Batch[], told: Batch): Promise<Evidence> {
  const collector = backEnd()
  for (const batch of stored) expect(await collector.accept(batch)).toMatchObject({ kind: 'receipt' })
  expect(await collector.accept(told)).toMatchObject({ reason: 'fork' })
  const [evidence] = await collect(collector.evidence('R3'))
  return evidence as Evidence
}

const { verify } = keys('R3')
const judged = (evidence: TwoHistories) => judgeEquivocation(evidence, { first: verify, second: verify })

describe('a back end that is told a second history', () => {
  const whole = { it: 'all of it in one batch', after: 0, upTo: 8, number: 5, isFirst: true }
  const rows = [
    whole,
    { ...whole, it: 'the part that differs', after: 3 },
    { ...whole, it: 'what comes behind the difference', after: 6, number: 7, isFirst: false },
    { ...whole, it: 'less than is stored', upTo: 6 },
    { ...whole, it: 'its last record alone', after: 4, upTo: 5 },
    { ...whole, it: 'a signed head alone', after: 6, upTo: 6, number: 6, isFirst: false },
    { ...whole, it: 'what would go on behind what is stored', after: 8, upTo: 9, number: 8, isFirst: false },
  ]
  for (const { it: what, after, upTo, number, isFirst } of rows) {
    it(`keeps what proves it: ${what}`, async () => {
      const stored = await batchOf(await ledgerWith(8))
      const evidence = await evidenceOf(
        [stored],
        await batchOf(await ledgerWith(9, { number: 5, wh: 7n }), after, upTo),
      )
      expect(evidence.number).toBe(number)
      expect(judged(evidence)).toMatchObject({ proven: true, faults: [], isFirstDifference: isFirst })
      expect([evidence.first?.credential, evidence.second.credential]).toEqual(Array(2).fill('credential of R3'))
    })
  }

  it('shows the record of which there are two, with both contents', async () => {
    const stored = await batchOf(await ledgerWith(8))
    const evidence = await evidenceOf([stored], await batchOf(await ledgerWith(8, { number: 5, wh: 7n })))
    const { first, second } = judged(evidence).records
    expect(first?.body?.content).toEqual(readingBytes(5, 5n, 1n))
    expect(second?.body?.content).toEqual(readingBytes(5, 5n, 7n))
  })

  it('proves it of a record that is a thousand behind what is stored, by the nearest head that was signed', async () => {
    const ledger = await ledgerWith(1_500)
    const stored = [
      await batchOf(ledger, 0, 600),
      await batchOf(ledger, 600, 1_100),
      await batchOf(ledger, 1_100, 1_500),
    ]
    const evidence = await evidenceOf(stored, await batchOf(await ledgerWith(20, { number: 5, wh: 7n })))
    expect(evidence.first?.head.number).toBe(600)
    expect(judged(evidence)).toMatchObject({ proven: true, isFirstDifference: true })
  })

  it('keeps so many of a ledger and so many of an IED, and refuses the rest all the same', async () => {
    const raised: string[] = []
    const collector = backEnd(raised)
    for (let seed = 1; seed <= 6; seed++) {
      await collector.accept(await batchOf(await ledgerWith(8, undefined, seed)))
      for (let number = 1; number <= 6; number++) {
        const other = await batchOf(await ledgerWith(8, { number, wh: 7n }, seed), number - 1)
        for (let again = 0; again < 2; again++) expect(await collector.accept(other)).toMatchObject({ reason: 'fork' })
      }
    }
    const kept = await collect(collector.evidence('R3'))
    expect(kept).toHaveLength(MOST_EVIDENCE_OF_IED)
    const ofLedger = (wanted: string) => kept.filter(({ ledgerId }) => ledgerId === wanted)
    for (const { ledgerId } of kept) expect(ofLedger(ledgerId).length).toBeLessThanOrEqual(MOST_EVIDENCE)
    expect(raised.filter(each => each.startsWith('fork'))).toHaveLength(6)
  })

  it('reads none of it again when the same is told again, also where an earlier program kept it', async () => {
    const inner = openMemoryStore()
    let read = 0
    const store: Store = {
      ...inner,
      async *range(...given) {
        for await (const entry of inner.range(...given)) {
          if (entry.key.startsWith('collector/evidence/')) read++
          yield entry
        }
      },
    }
    const collector = backEnd([], store)
    await collector.accept(await batchOf(await ledgerWith(8)))
    const other = await batchOf(await ledgerWith(8, { number: 5, wh: 7n }))
    for (let again = 0; again < 3; again++) expect(await collector.accept(other)).toMatchObject({ reason: 'fork' })
    expect(read).toBe(0)
    for await (const { key } of inner.range('collector/evidence-of/', 'collector/evidence-of0'))
      await inner.batch([{ del: key }], { durable: true })
    for (let again = 0; again < 3; again++) expect(await collector.accept(other)).toMatchObject({ reason: 'fork' })
    expect(read).toBe(1)
    expect(await collect(collector.evidence('R3'))).toHaveLength(1)
  })
})

describe('evidence', () => {
  type Change = (evidence: Required<TwoHistories>) => Promise<TwoHistories> | TwoHistories
  const forged = keys('R4').sign
  const rows: readonly (readonly [string, Change, RegExp])[] = [
    ['lacks one history', ({ first: _, ...rest }) => rest, /^first history: is not in it$/],
    ['shows one history twice', e => ({ ...e, second: e.first }), /both histories say the same/],
    [
      'shows two parts of one history',
      async e => {
        const { records, head } = await batchOf(await ledgerWith(8), 4, 7)
        return { ...e, second: { records, head } }
      },
      /both histories say the same/,
    ],
    [
      'has a head signed by somebody else',
      e => ({ ...e, second: { ...e.second, head: signHead(e.second.head, forged) } }),
      /^second history: its head is not signed by the key of the IED$/,
    ],
    [
      'has a changed head',
      e => ({ ...e, first: { ...e.first, head: { ...e.first.head, chainHash: new Uint8Array(32) } } }),
      /^first history: its head is not signed/,
    ],
    [
      'has a changed record',
      e => ({
        ...e,
        first: {
          ...e.first,
          records: e.first.records.map(({ header }) => ({ header: { ...header, utcMs: 1 as never } })),
        },
      }),
      /^first history: record 6: it does not hang on the record before it$/,
    ],
    [
      'has a changed last record',
      e => {
        const records = e.second.records.map(({ header }) =>
          header.number === 8 ? { header: { ...header, class: 'audit' as const } } : { header },
        )
        return { ...e, second: { ...e.second, records } }
      },
      /^second history: its records do not end at record 8, as the signed head has it$/,
    ],
    [
      'has another content',
      e => {
        const records = e.second.records.map(({ header, body }) => ({
          header,
          ...(body === undefined ? {} : { body: { ...body, content: readingBytes(5, 5n, 99n) } }),
        }))
        return { ...e, second: { ...e.second, records } }
      },
      /^second history: record 5: its content is not what it commits to$/,
    ],
    [
      'lacks a record between',
      e => ({ ...e, first: { ...e.first, records: e.first.records.filter(({ header }) => header.number !== 6) } }),
      /^first history: record 7: it does not follow/,
    ],
    [
      'lacks the records that lead to the place',
      e => ({ ...e, first: { ...e.first, records: [] } }),
      /^first history: it does not reach record 5$/,
    ],
    [
      'is of two ledgers',
      async e => {
        const { records, head } = await batchOf(await ledgerWith(8, { number: 5, wh: 7n }, 2), 4)
        return { ...e, second: { records, head } }
      },
      /^second history: its head is of ledger [0-9a-f]{32}, want [0-9a-f]{32}$/,
    ],
    ['names another IED', e => ({ ...e, ied: 'R4' }), /^first history: its head is of R3, want R4$/],
    ['names another ledger', e => ({ ...e, ledgerId: '0'.repeat(32) }), /^first history: its head is of ledger/],
    ['names a record before they differ', e => ({ ...e, number: 4 }), /both histories say the same up to record 4/],
    ['names a record behind both', e => ({ ...e, number: 9 }), /^first history: it does not reach record 9$/],
  ]
  for (const [what, change, fault] of rows) {
    it(`convicts nobody when it ${what}`, async () => {
      const told = await batchOf(await ledgerWith(8, { number: 5, wh: 7n }))
      const evidence = (await evidenceOf([await batchOf(await ledgerWith(8))], told)) as Required<Evidence>
      expect(judged(evidence).proven).toBe(true)
      const verdict = judged(await change(evidence))
      expect(verdict.proven).toBe(false)
      expect(verdict.faults[0]).toMatch(fault)
    })
  }
})
