// The readings of an IED's own ledger, for bills.

import type { Ledger } from '../aggregation/ledger.ts'
import { readingIn } from '../aggregation/reading.ts'
import type { ReadingSource } from './bill-answer.ts'
import { recordsAfter } from './listings.ts'

export const ownReadingSource = (ledger: Pick<Ledger, 'ied' | 'head' | 'read'>): ReadingSource => ({
  meters: async () => [ledger.ied],
  async *readings(_, fromUtcMs, toUtcMs) {
    for await (const { header, body } of recordsAfter(ledger, 0)) {
      if (header.class !== 'billing' || body === undefined) continue
      const reading = readingIn(body.content)
      if (reading !== undefined && reading.startUtcMs >= fromUtcMs && reading.startUtcMs < toUtcMs) yield reading
    }
  },
})
