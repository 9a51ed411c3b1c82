// The readings that a back-end peer has collected, for bills, with what the IEDs recorded as agreed and edited of them.

import { utcMs } from '../../topology/units.ts'
import { editIn, editOf, type ReadingEdit } from '../aggregation/billing/index.ts'
import type { Collector } from '../aggregation/collector.ts'
import type { ReadingSource } from './bill-answer.ts'
import type { ComputeBills } from './bills-aside.ts'
import type { CollectedContracts } from './collected-contracts.ts'

export const collectedReadingSource = (
  collector: Pick<Collector, 'heads' | 'readings' | 'billingWords'>,
  contracts: CollectedContracts,
  compute?: ComputeBills,
): ReadingSource => ({
  meters: async () => [...new Set((await collector.heads()).map(head => head.ied))].sort(),
  async *readings(ied, fromUtcMs, toUtcMs) {
    const wanted = { ied, fromUtc: utcMs(fromUtcMs), toUtc: utcMs(toUtcMs) }
    for await (const { reading } of collector.readings(wanted)) yield reading
  },
  edits: async ied => (await collectedEdits(collector, ied)).map(editOf),
  contracts: ied => contracts.of(ied),
  ...(compute === undefined ? {} : { compute }),
})

/** In the order in which people made them, over all ledgers of the IED. */
export async function collectedEdits(collector: Pick<Collector, 'billingWords'>, ied: string): Promise<ReadingEdit[]> {
  const edits: ReadingEdit[] = []
  for await (const { body } of collector.billingWords(ied)) {
    const edit = body && editIn(body.content)
    if (edit !== undefined) edits.push(edit)
  }
  return edits.sort((a, b) => a.atUtcMs - b.atUtcMs)
}
