import { describe, expect, it } from 'vitest'
import { isProof } from '../../src/aggregation/collected-evidence.ts'
import { openCollector } from '../../src/aggregation/collector.ts'
import type { CollectorAlarm } from '../../src/aggregation/collector-alarms.ts'
import type { Ledger } from '../../src/aggregation/ledger.ts'
import { checkLedger } from '../../src/aggregation/ledger-check.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { doubtsOf } from '../../src/aggregation/reading-doubts.ts'
import type { LedgerRecord } from '../../src/aggregation/record.ts'
import { headRow, readHeadRow, readRecordRow, recordRow } from '../../src/node/ledger-lines.ts'
import { utcMs } from '../../topology/units.ts'
import { collect, keys, ledgerOn, reading, readingBytes, utc } from './fixtures.ts'

const all = { after: 0, limit: 99, maxBytes: 1e9 }

async function filled(seed = 1, register = 0n): Promise<Ledger> {
  const ledger = await ledgerOn(openMemoryStore(), 'R3', seed)
  for (let i = 0; i < 5; i++) await ledger.append('billing', readingBytes(i, register + BigInt(i), 1n))
  for (let i = 0; i < 3; i++) await ledger.append('waveform', new Uint8Array(10))
  return ledger
}

describe('checkLedger', () => {
  async function check(change: (records: LedgerRecord[]) => readonly LedgerRecord[], key = 'R3', isWhole = true) {
    const ledger = await filled()
    await ledger.drop({ class: 'waveform', reason: 'quota', upTo: 7 })
    const signed = await ledger.signedHead()
    const records = change(await ledger.read(all))
    const verdict = await checkLedger(
      { ied: 'R3', ledgerId: ledger.ledgerId, head: ledger.head(), signed, isWhole },
      records,
      keys(key).verify,
    )
    const faults = verdict.faults.map(({ number, fault }) => `${fault} ${number}`)
    return `${verdict.ok ? 'ok' : 'wrong'} ${verdict.signature} ${faults.join(', ')}`.trim()
  }
  const without = (number: number) => (records: LedgerRecord[]) =>
    records.map(each => (each.header.number === number ? { header: each.header } : each))

  it.each([
    ['finds nothing wrong where bodies went with a word', (records: LedgerRecord[]) => records, 'ok genuine'],
    [
      'sees a record that is missing',
      (r: LedgerRecord[]) => r.filter(each => each.header.number !== 3),
      'wrong genuine missing 4, head 9',
    ],
    ['sees that the end is missing', (r: LedgerRecord[]) => r.slice(0, 8), 'wrong genuine head 9, body 6, body 7'],
    ['sees a body that went without a word', without(2), 'wrong genuine body 2'],
    ['sees that the word itself is missing', without(9), 'wrong genuine body 6, body 7, body 9'],
    [
      'sees another body than was committed to',
      (r: LedgerRecord[]) =>
        r.map(each =>
          each.header.number === 2 && each.body
            ? { ...each, body: { ...each.body, content: new Uint8Array(3) } }
            : each,
        ),
      'wrong genuine commitment 2',
    ],
  ])('%s', async (_, change, then) => expect(await check(change)).toBe(then))

  it('believes no other key, and holds no body against whoever is not to have it', async () => {
    expect(await check(records => records, 'R4')).toBe('wrong forged signature 9')
    expect(await check(without(2), 'R3', false)).toBe('ok genuine')
  })

  it('says the same of what went through lines of JSON', async () => {
    const ledger = await filled()
    const signed = await ledger.signedHead()
    const head = readHeadRow(JSON.parse(JSON.stringify(headRow({ ...signed, signed }))))
    const records = (await ledger.read(all)).map(each =>
      readRecordRow(JSON.parse(JSON.stringify(recordRow(each))), head),
    )
    const verdict = await checkLedger({ ...head, head, isWhole: true }, records, keys('R3').verify)
    expect(verdict).toMatchObject({ ok: true, signature: 'genuine', records: 8 })
  })
})

describe('a back end', () => {
  const collectorOf = (raised: CollectorAlarm['kind'][], now = utc) =>
    openCollector({
      store: openMemoryStore(),
      backEnd: 'BE1',
      organisation: 'utility',
      sign: keys('BE1').sign,
      utc: now,
      keyOf: ied => keys(ied).verify,
      mayCollect: () => true,
      alarm: ({ kind }) => raised.push(kind),
    })
  const batchOf = async (ledger: Ledger) =>
    ({
      kind: 'batch',
      ied: ledger.ied,
      ledgerId: ledger.ledgerId,
      records: await ledger.read(all),
      head: await ledger.signedHead(),
      remaining: 0,
    }) as const

  it('keeps both of two histories, each with the signature of the IED, however often they are told', async () => {
    const raised: CollectorAlarm['kind'][] = []
    const collector = collectorOf(raised)
    await collector.accept(await batchOf(await filled(1)))
    const other = await batchOf(await filled(1, 100n))
    for (let i = 0; i < 3; i++) expect(await collector.accept(other)).toMatchObject({ reason: 'fork' })
    const evidence = await collect(collector.evidence('R3'))
    expect(evidence.map(each => isProof(each, keys('R3').verify))).toEqual([true])
    expect(evidence[0]?.batch.records).toHaveLength(8)
    expect(raised).toEqual(['fork'])
  })

  it('marks readings that are from the future or do not continue, and counts them', async () => {
    const raised: CollectorAlarm['kind'][] = []
    const collector = collectorOf(raised, () => ({ utcMs: utcMs(0), quality: 'good' }))
    const ledger = await ledgerOn(openMemoryStore())
    for (const [n, start] of [
      [0, 0n],
      [1, 1n],
      [2, 7n],
    ] as const)
      await ledger.append('billing', readingBytes(n, start, 1n))
    await collector.accept(await batchOf(ledger))
    const found = await collect(collector.readings({ ied: 'R3' }))
    expect(found.map(({ doubts }) => doubts)).toEqual([['future'], ['future'], ['future', 'registers']])
    const reversed = await collect(collector.readings({ ied: 'R3', reverse: true, limit: 1 }))
    expect(reversed.map(({ doubts }) => doubts)).toEqual([['future', 'registers']])
    expect(await collector.total('R3')).toMatchObject({ readings: 3 })
    expect(raised.toSorted()).toEqual(['future', 'registers'])
  })

  it('draws the line at five minutes, and has no opinion while its own clock is doubtful', () => {
    const { endUtcMs } = reading(0, 0n, 1n)
    expect(doubtsOf(reading(0, 0n, 1n), undefined, utcMs(endUtcMs - 300_000))).toEqual([])
    expect(doubtsOf(reading(0, 0n, 1n), undefined, utcMs(endUtcMs - 300_001))).toEqual(['future'])
    expect(doubtsOf(reading(0, 0n, 1n), undefined, undefined)).toEqual([])
  })
})
