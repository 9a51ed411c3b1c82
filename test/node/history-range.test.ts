// The records of a time, of an IED itself and of what a back end has of it.

import { describe, expect, it } from 'vitest'
import { type Ledger, openLedger } from '../../src/aggregation/ledger.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { collectedHistory, collectedReadings, listingQuery, ownHistory, ownReadings } from '../../src/node/listings.ts'
import type { Listed } from '../../src/node/readout-rows.ts'
import { utcMs } from '../../topology/units.ts'
import { emptyCollector, keys, randomBytesOf, readingBytes } from '../aggregation/fixtures.ts'

const QUARTER = 900_000
/** Reading n is of the n-th quarter hour; record 4 was written while the clock was set back. */
async function ledgerWith(times: readonly number[]): Promise<Ledger> {
  let now = 0
  const ledger = await openLedger({
    store: openMemoryStore(),
    ied: 'R3',
    randomBytes: randomBytesOf(1),
    sign: keys('R3').sign,
    utc: () => ({ utcMs: utcMs(now), quality: 'good' }),
  })
  for (const [n, at] of times.entries()) {
    now = at
    await ledger.append('billing', readingBytes(n + 1, BigInt(n), 1n))
  }
  return ledger
}
const TIMES = [1000, 2000, 3000, 1500, 4000, 5000]

async function collectedFrom(ledger: Ledger) {
  const collector = emptyCollector()
  const { ied, ledgerId } = ledger
  const records = await ledger.read({ after: 0, limit: 100, maxBytes: Number.POSITIVE_INFINITY })
  await collector.accept({ kind: 'batch', ied, ledgerId, records, head: await ledger.signedHead(), remaining: 0 })
  return collector
}

async function numbers(listed: AsyncIterable<Listed>): Promise<number[]> {
  const found: number[] = []
  for await (const { row } of listed) found.push(Number(row.number))
  return found
}

describe('history', () => {
  it.each([
    ['from a time on', { fromUtc: 2000 }, [2, 3, 5, 6]],
    ['before a time', { toUtc: 3000 }, [1, 2, 4]],
    ['between two, both sides of each', { fromUtc: 1500, toUtc: 4000 }, [2, 3, 4]],
    ['at the most so many, the first ones', { fromUtc: 1500, toUtc: 5001, limit: 2 }, [2, 3]],
    ['behind a place', { fromUtc: 1500, toUtc: 5001, limit: 2, after: '3' }, [4, 5]],
    ['of no time', { fromUtc: 6000 }, []],
  ])('is %s the records written then', async (_, given, wanted) => {
    const ledger = await ledgerWith(TIMES)
    const query = listingQuery('history', { ied: 'R3', ...given })
    expect(await numbers(ownHistory(ledger, query))).toEqual(wanted)
    expect(await numbers(collectedHistory(await collectedFrom(ledger), query))).toEqual(wanted)
  })

  it('is of the classes that are wanted, and never asked for at the IED itself', async () => {
    const ledger = await ledgerWith(TIMES)
    await ledger.append('event', new Uint8Array([1]))
    const query = listingQuery('history', { ied: 'R3', fromUtc: 4000, classes: ['event'] })
    expect(await numbers(ownHistory(ledger, query))).toEqual([7])
    expect(await numbers(collectedHistory(await collectedFrom(ledger), query))).toEqual([7])
    const asked = ownHistory(ledger, listingQuery('history', { ied: 'R3', ask: true }))
    await expect(numbers(asked)).rejects.toThrow('--ask is for a back-end peer')
    expect(() => listingQuery('readings', { ask: true })).toThrow('are for history')
  })

  it('refuses a time that ends before it begins', () => {
    expect(() => listingQuery('history', { fromUtc: 5, toUtc: 5 })).toThrow('--from is not before --to')
    expect(() => listingQuery('history', { toUtc: -1 })).toThrow(/toUtc/)
  })
})

it('readings are those that start within the time', async () => {
  const ledger = await ledgerWith(TIMES)
  const query = listingQuery('readings', { fromUtc: 2 * QUARTER, toUtc: 5 * QUARTER })
  expect(await numbers(ownReadings(ledger, query))).toEqual([2, 3, 4])
  expect(await numbers(collectedReadings(await collectedFrom(ledger), query))).toEqual([2, 3, 4])
})
