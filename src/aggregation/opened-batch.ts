// A batch as a back end can read it: with the bodies of the portions that its keys open.

import { AggregationError } from './aggregation-error.ts'
import type { Batch } from './delivery.ts'
import { openPortion, type Portion, type Sealing } from './portion.ts'
import { type Body, commitmentTo, sameBytes } from './record.ts'

/**
 * The batch with the bodies of the portions that open. A body that is not the one that the chain commits to is left out,
 * like a portion that does not open: anybody could have sealed it, and the IED is told that it is lacking, and sends again.
 */
export async function openedWith(sealing: Pick<Sealing, 'open'> | undefined, batch: Batch): Promise<Batch> {
  if (sealing === undefined || batch.portions === undefined) return batch
  const bodies = new Map<number, { readonly class: string; readonly body: Body }>()
  const take = async (portion: Portion): Promise<readonly Portion[]> => {
    const content = await openPortion(portion, sealing).catch(error => {
      if (error instanceof AggregationError) return undefined
      throw error
    })
    for (const { number, body } of content?.bodies ?? []) {
      if (!bodies.has(number)) bodies.set(number, { class: portion.class, body })
    }
    return content?.inner ?? []
  }
  // One level: those for departments whose key is held here. The others stay shut.
  for (const portion of batch.portions) for (const inner of await take(portion)) await take(inner)
  const records = batch.records.map(record => {
    const found = bodies.get(record.header.number)
    const fits =
      record.body === undefined &&
      found?.class === record.header.class &&
      sameBytes(record.header.commitment, commitmentTo(found.body))
    return fits ? { header: record.header, body: found.body } : record
  })
  return { ...batch, records }
}
