import { describe, expect, it } from 'vitest'
import type { Collector } from '../../src/aggregation/collector.ts'
import type { Ledger } from '../../src/aggregation/ledger.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { encodeReading } from '../../src/aggregation/reading.ts'
import type { LedgerRecord } from '../../src/aggregation/record.ts'
import type { Credential } from '../../src/mesh/credential.ts'
import {
  collectedHistory,
  collectedReadings,
  type ListingQuery,
  listingQuery,
  ownHistory,
  ownReadings,
} from '../../src/node/listings.ts'
import { READOUT_PROTOCOL, serveReadouts } from '../../src/node/readout.ts'
import { type Listed, ROWS_PROTOCOL, readRowItem } from '../../src/node/readout-rows.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { utcMs } from '../../topology/units.ts'
import { emptyCollector, ledgerOn, readingBytes } from '../aggregation/fixtures.ts'
import { memoryMesh } from '../mesh/memory-links.ts'

const numbers = async (listed: AsyncIterable<Listed>): Promise<string> => {
  const found: string[] = []
  for await (const { row } of listed) found.push(`${row.ied}:${row.number}`)
  return found.join(' ')
}
const query = (parameters: Record<string, unknown>): ListingQuery => listingQuery('readings', parameters)

/** A ledger of readings, with an event before each. */
async function ledgerWith(count: number, ied = 'R3'): Promise<Ledger> {
  const ledger = await ledgerOn(openMemoryStore(), ied, 1)
  for (let i = 1; i <= count; i++) {
    await ledger.append('event', toCbor({ event: 'alarm', count: i, at: 2n ** 60n, raw: Uint8Array.of(1, 255) }))
    await ledger.append('billing', readingBytes(i, BigInt(i), 1n))
  }
  return ledger
}

async function collectorOf(...ledgers: Ledger[]): Promise<Collector> {
  const collector = emptyCollector()
  for (const ledger of ledgers) {
    const { ied, ledgerId } = ledger
    const records = await ledger.read({ after: 0, limit: 1000, maxBytes: Number.POSITIVE_INFINITY })
    const head = await ledger.signedHead()
    expect((await collector.accept({ kind: 'batch', ied, ledgerId, records, head, remaining: 0 })).kind).toBe('receipt')
  }
  return collector
}

async function pages(list: (given: ListingQuery) => AsyncIterable<Listed>, limit: number): Promise<string[]> {
  const found: string[] = []
  for (let after: string | undefined = '0'; after !== undefined; ) {
    const page: Listed[] = []
    for await (const each of list(query({ after, limit }))) page.push(each)
    if (page.length > 0) found.push(page.map(({ row }) => `${row.ied}:${row.number}`).join(' '))
    after = page.length === limit ? page.at(-1)?.cursor : undefined
  }
  return found
}

describe("an IED's own readings", () => {
  it('are the latest ones, in order, however far apart they lie', async () => {
    const ledger = await ledgerWith(100)
    expect(await numbers(ownReadings(ledger, query({ limit: 3 })))).toBe('R3:196 R3:198 R3:200')
    expect((await numbers(ownReadings(ledger, query({ limit: 99 })))).split(' ')).toHaveLength(99)
    expect((await numbers(ownReadings(ledger, query({ limit: 101 })))).split(' ')).toHaveLength(100)
    expect(await numbers(ownReadings(ledger, query({ limit: 5, fromUtc: 99 * 900_000 })))).toBe('R3:198 R3:200')
    expect(await numbers(ownReadings(ledger, query({ ied: 'R4' })))).toBe('')
    expect(await numbers(ownReadings(await ledgerWith(0), query({})))).toBe('')
  })
  it('come page by page, each once', async () => {
    const ledger = await ledgerWith(7)
    const list = (given: ListingQuery) => ownReadings(ledger, given)
    expect(await pages(list, 3)).toEqual(['R3:2 R3:4 R3:6', 'R3:8 R3:10 R3:12', 'R3:14'])
    expect(await pages(list, 7)).toEqual(['R3:2 R3:4 R3:6 R3:8 R3:10 R3:12 R3:14'])
  })
  it('are refused behind a place that is none', async () => {
    const ledger = await ledgerWith(1)
    await expect(numbers(ownReadings(ledger, query({ after: 'R3/1' })))).rejects.toThrow(/want the number of a record/)
    for (const wrong of [{ limit: 0 }, { limit: 1_000_001 }, { limit: 1.5 }, { after: -1 }, { offset: 3 }]) {
      expect(() => query(wrong)).toThrow(/^readings: /)
    }
  })
})

describe("a collector's readings", () => {
  it('come page by page over all IEDs, each once, in the order of the store', async () => {
    // A name that is the beginning of another one, and a '-', which sorts before the '/' of the key.
    const collector = await collectorOf(
      await ledgerWith(3, 'R3'),
      await ledgerWith(2, 'R3-a'),
      await ledgerWith(2, 'R30'),
    )
    const list = (given: ListingQuery) => collectedReadings(collector, given)
    const all = await numbers(list(query({ after: '0' })))
    expect(all.split(' ').sort()).toEqual(['R3-a:2', 'R3-a:4', 'R30:2', 'R30:4', 'R3:2', 'R3:4', 'R3:6'])
    for (const limit of [1, 2, 3, 7, 8]) expect((await pages(list, limit)).join(' ')).toBe(all)
    expect(await numbers(list(query({ limit: 100 })))).toBe(all)
    expect(await numbers(list(query({ ied: 'R3', after: '0', limit: 2 })))).toBe('R3:2 R3:4')
    await expect(numbers(list(query({ after: '17' })))).rejects.toThrow(/want the "next" of an earlier answer/)
  })
})

describe('history', () => {
  it('has every record with its content, as JSON can have it', async () => {
    const ledger = await ledgerWith(2)
    const rows: unknown[] = []
    for await (const { row } of ownHistory(ledger, query({}))) rows.push(row)
    expect(rows).toHaveLength(4)
    expect(rows[2]).toMatchObject({
      ied: 'R3',
      number: 3,
      class: 'event',
      content: { event: 'alarm', count: 2, at: String(2n ** 60n), raw: '01ff' },
    })
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows)
    expect(await numbers(ownHistory(ledger, query({ limit: 1 })))).toBe('R3:4')
    expect(await pages(given => ownHistory(ledger, given), 3)).toEqual(['R3:1 R3:2 R3:3', 'R3:4'])
    const collector = await collectorOf(ledger)
    expect(await pages(given => collectedHistory(collector, { ...given, ied: 'R3' }), 3)).toEqual([
      'R3:1 R3:2 R3:3',
      'R3:4',
    ])
    await expect(numbers(collectedHistory(collector, query({})))).rejects.toThrow(/want the IED/)
  })
  it('shows no content that is too large for a row, or no CBOR, but says how large it is', async () => {
    const ledger = await ledgerOn(openMemoryStore(), 'R3', 1)
    await ledger.append('event', new Uint8Array(200_000))
    await ledger.append('event', Uint8Array.of(0xff))
    const rows: unknown[] = []
    for await (const { row } of ownHistory(ledger, query({}))) rows.push([row.bytes, row.content])
    expect(rows).toEqual([
      [200_000, null],
      [1, null],
    ])
  })
})

describe('a read-out of 50,000 records', () => {
  const COUNT = 50_000
  const header = { ledgerId: '0'.repeat(32), ied: 'R3', class: 'billing' as const, utcQuality: 'good' as const }
  const zeros = new Uint8Array(32)

  /** Made as they are read, so that what is alive at a time can be counted. */
  function endless() {
    const seen = { read: 0, mostAtOnce: 0 }
    const record = (number: number): LedgerRecord => ({
      header: { ...header, number, utcMs: utcMs(number * 60_000), previousHash: zeros, commitment: zeros },
      body: {
        salt: zeros,
        content: encodeReading({
          startUtcMs: utcMs(number * 60_000),
          endUtcMs: utcMs((number + 1) * 60_000),
          importWhStart: BigInt(number),
          importWhEnd: BigInt(number + 1),
          exportWhStart: 0n,
          exportWhEnd: 0n,
          flags: [],
        }),
      },
    })
    const ledger: Pick<Ledger, 'ied' | 'head' | 'read'> = {
      ied: 'R3',
      head: () => ({ number: COUNT, chainHash: zeros }),
      async read({ after, limit }) {
        const count = Math.min(limit, COUNT - after)
        seen.read += count
        seen.mostAtOnce = Math.max(seen.mostAtOnce, count)
        return Array.from({ length: count }, (_, index) => record(after + index + 1))
      },
    }
    return { ledger, seen }
  }

  const credentialOf = (name: string, roles: Credential['roles'], organisation = 'utility'): Credential => ({
    peerId: `peer-${name}`,
    organisation,
    name,
    roles,
    feeders: ['test'],
    notBefore: 0,
    expires: 1e12,
    token: name,
    hash: new Uint8Array(16),
  })

  it('streams them all, and is never far ahead of its reader', { timeout: 120_000 }, async () => {
    const { ledger, seen } = endless()
    const mesh = memoryMesh()
    const [ied, reader] = [mesh.join(credentialOf('R3', ['IED'])), mesh.join(credentialOf('reader', ['VIEWER']))]
    mesh.connect(ied.peerId, reader.peerId)
    serveReadouts(ied, 'utility').list('readings', given => ownReadings(ledger, query(given)))
    const question = toCbor({ what: 'readings', parameters: { after: '0', limit: 100_000 } })
    let rows = 0
    let mostAhead = 0
    for await (const item of reader.stream(ied.peerId, ROWS_PROTOCOL, question, { itemMs: 5000 })) {
      const read = readRowItem(item)
      rows += read.rows.length
      mostAhead = Math.max(mostAhead, seen.read - rows)
      expect(item.length).toBeLessThan(16 * 1024)
    }
    expect(rows).toBe(COUNT)
    expect(mostAhead).toBeLessThan(300)
    expect(seen.mostAtOnce).toBeLessThanOrEqual(64)
  })

  it('stops reading the ledger when nobody reads any more', async () => {
    const { ledger, seen } = endless()
    const mesh = memoryMesh()
    const [ied, reader] = [mesh.join(credentialOf('R3', ['IED'])), mesh.join(credentialOf('reader', ['VIEWER']))]
    mesh.connect(ied.peerId, reader.peerId)
    serveReadouts(ied, 'utility').list('readings', given => ownReadings(ledger, query(given)))
    const question = toCbor({ what: 'readings', parameters: { after: '0', limit: 100_000 } })
    for await (const _ of reader.stream(ied.peerId, ROWS_PROTOCOL, question, { itemMs: 5000 })) break
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(seen.read).toBeLessThan(500)
  })

  it('fits as many as it says into one answer, and where to go on', { timeout: 120_000 }, async () => {
    const { ledger } = endless()
    const mesh = memoryMesh()
    const [ied, reader] = [mesh.join(credentialOf('R3', ['IED'])), mesh.join(credentialOf('reader', ['VIEWER']))]
    mesh.connect(ied.peerId, reader.peerId)
    serveReadouts(ied, 'utility').list('readings', given => ownReadings(ledger, query(given)))
    const question = toCbor({ what: 'readings', parameters: { after: '0', limit: 100_000 } })
    const answer = await reader.request(ied.peerId, READOUT_PROTOCOL, question, { timeoutMs: 30_000 })
    const { readings, next } = fromCbor(answer) as { readings: unknown[]; next: string }
    expect(answer.length).toBeLessThan(4 * 1024 * 1024)
    expect([readings.length, next]).toEqual([10_000, '10000'])
  })

  it('is for persons of the same organisation alone', async () => {
    const mesh = memoryMesh()
    const ied = mesh.join(credentialOf('R3', ['IED']))
    const { ledger, seen } = endless()
    serveReadouts(ied, 'utility').list('readings', given => ownReadings(ledger, query(given)))
    const question = toCbor({ what: 'readings', parameters: { limit: 1 } })
    const strangers = [
      { who: credentialOf('other', ['VIEWER'], 'customer'), says: /other of customer may not read what is utility's/ },
      { who: credentialOf('machine', ['IED', 'BACKEND']), says: /IED, BACKEND may not read out/ },
    ]
    for (const { who, says } of strangers) {
      const reader = mesh.join(who)
      mesh.connect(ied.peerId, reader.peerId)
      const rows = reader.stream(ied.peerId, ROWS_PROTOCOL, question, { itemMs: 5000 })[Symbol.asyncIterator]()
      await expect(rows.next()).rejects.toThrow(says)
      const one = reader.request(ied.peerId, READOUT_PROTOCOL, question, { timeoutMs: 5000 })
      await expect(one).rejects.toThrow(says)
    }
    expect(seen.read).toBe(0)
  })
})
