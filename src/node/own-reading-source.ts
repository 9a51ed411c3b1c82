// The readings of an IED's own ledger, for bills, with what was agreed and edited of them.

import { type Edit, editIn, editOf } from '../aggregation/billing/index.ts'
import type { Ledger } from '../aggregation/ledger.ts'
import { readingIn } from '../aggregation/reading.ts'
import type { ReadingSource } from './bill-answer.ts'
import type { ComputeBills } from './bills-aside.ts'
import type { Bus } from './component.ts'
import { contractsOf } from './contracts.ts'
import { recordsAfter } from './listings.ts'

export const ownReadingSource = (
  ledger: Pick<Ledger, 'ied' | 'head' | 'read'>,
  bus: Pick<Bus, 'on' | 'emit'>,
  compute?: ComputeBills,
): ReadingSource => ({
  meters: async () => [ledger.ied],
  async *readings(_, fromUtcMs, toUtcMs) {
    for await (const { header, body } of recordsAfter(ledger, 0)) {
      if (header.class !== 'billing' || body === undefined) continue
      const reading = readingIn(body.content)
      if (reading !== undefined && reading.startUtcMs >= fromUtcMs && reading.startUtcMs < toUtcMs) yield reading
    }
  },
  async edits() {
    const edits: Edit[] = []
    for await (const { header, body } of recordsAfter(ledger, 0)) {
      const edit = header.class === 'billing' && body ? editIn(body.content) : undefined
      if (edit !== undefined) edits.push(editOf(edit))
    }
    return edits
  },
  contracts: async () => contractsOf(bus),
  ...(compute === undefined ? {} : { compute }),
})
