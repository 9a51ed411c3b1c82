// The readings that a back-end peer has collected, for bills, with what the IEDs recorded as agreed and edited of them.

import { utcMs } from '../../topology/units.ts'
import { type Edit, editIn, editOf } from '../aggregation/billing/index.ts'
import type { Collector } from '../aggregation/collector.ts'
import type { ReadingSource } from './bill-answer.ts'
import type { CollectedContracts } from './collected-contracts.ts'

export const collectedReadingSource = (
  collector: Pick<Collector, 'heads' | 'readings' | 'billingWords'>,
  contracts: CollectedContracts,
): ReadingSource => ({
  meters: async () => [...new Set((await collector.heads()).map(head => head.ied))].sort(),
  async *readings(ied, fromUtcMs, toUtcMs) {
    const wanted = { ied, fromUtc: utcMs(fromUtcMs), toUtc: utcMs(toUtcMs) }
    for await (const { reading } of collector.readings(wanted)) yield reading
  },
  async edits(ied) {
    const edits: Edit[] = []
    for await (const { body } of collector.billingWords(ied)) {
      const edit = body && editIn(body.content)
      if (edit !== undefined) edits.push(editOf(edit))
    }
    return edits.sort((a, b) => a.atUtcMs - b.atUtcMs)
  },
  contracts: ied => contracts.of(ied),
})
