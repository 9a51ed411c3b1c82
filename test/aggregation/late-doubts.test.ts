// Readings that come after their headers are doubted as if they had come in order.

import { describe, expect, it } from 'vitest'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import type { LedgerRecord } from '../../src/aggregation/record.ts'
import { collect, emptyCollector, ledgerOn, readingBytes } from './fixtures.ts'

/** Of readings 0 to 3 of one watt-hour each, the one at `odd` does not begin where the one before it ended. */
async function doubtsWith(odd: number | undefined, late: readonly number[]) {
  const ledger = await ledgerOn(openMemoryStore())
  const collector = emptyCollector()
  for (let n = 0; n < 4; n++) {
    const isBehind = odd !== undefined && n >= odd
    await ledger.append('billing', readingBytes(n, BigInt(n) + (isBehind ? 50n : 0n), 1n))
  }
  const records = await ledger.read({ after: 0, limit: 10, maxBytes: Number.POSITIVE_INFINITY })
  const { ied, ledgerId } = ledger
  const deliver = async (given: readonly LedgerRecord[]) =>
    collector.accept({ kind: 'batch', ied, ledgerId, records: given, head: await ledger.signedHead(), remaining: 0 })
  await deliver(records.map(each => (late.includes(each.header.number) ? { header: each.header } : each)))
  await deliver(records)
  const readings = await collect(collector.readings({ ied }))
  return readings.flatMap(({ number, doubts }) => (doubts.length === 0 ? [] : [[number, ...doubts]]))
}

describe('a reading that comes late', () => {
  const orders = [[], [1], [2], [3], [4], [2, 3], [1, 3], [1, 2, 3, 4]]
  it.each(orders.map(late => [late.join(', ') || 'none', late] as const))('late: %s', async (_, late) => {
    expect(await doubtsWith(undefined, late)).toEqual([])
    for (const odd of [1, 2, 3]) expect(await doubtsWith(odd, late)).toEqual([[odd + 1, 'registers']])
  })
})
