// What a back-end peer can read of the records that it has, by IED and class. Of a class that is not granted to it the
// headers alone are there, since the chain goes through them; so are they of a body that its IED has let go of.

import { z } from 'zod'
import type { Collector } from '../aggregation/collector.ts'
import { type RecordClass, recordClasses } from '../aggregation/record.ts'
import { NodeError } from './node-error.ts'

export interface ReadableRow {
  readonly ied: string
  readonly organisation: string
  readonly class: RecordClass
  readonly readable: number
  readonly headersOnly: number
}

const parametersSchema = z.object({
  /** Of each IED, its latest records: more would hold up whatever else the peer does. */
  limit: z.int().min(1).max(2000).default(100),
})

/** @throws NodeError BAD_INPUT */
export async function readableRecords(
  collector: Pick<Collector, 'heads' | 'records'>,
  ownerOf: (ied: string) => string,
  parameters: Record<string, unknown>,
): Promise<ReadableRow[]> {
  const parsed = parametersSchema.safeParse(parameters)
  if (!parsed.success) throw new NodeError('BAD_INPUT', 'readable: limit: want 1 to 2000')
  const { limit } = parsed.data
  const counts = new Map<string, Map<RecordClass, { readable: number; headersOnly: number }>>()
  for (const { ied, ledgerId, number } of await collector.heads()) {
    const byClass = counts.get(ied) ?? new Map<RecordClass, { readable: number; headersOnly: number }>()
    counts.set(ied, byClass)
    for await (const { header, body } of collector.records({
      ied,
      ledgerId,
      after: Math.max(0, number - limit),
      limit,
    })) {
      const count = byClass.get(header.class) ?? { readable: 0, headersOnly: 0 }
      byClass.set(header.class, count)
      if (body === undefined) count.headersOnly++
      else count.readable++
    }
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([ied, byClass]) =>
      recordClasses.flatMap(recordClass => {
        const count = byClass.get(recordClass)
        return count === undefined ? [] : [{ ied, organisation: ownerOf(ied), class: recordClass, ...count }]
      }),
    )
}
