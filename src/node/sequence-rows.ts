// Read-out of the sequence of events: `feedermesh events --sequence`.

import { z } from 'zod'
import { NodeError } from './node-error.ts'
import type { Listed } from './readout-rows.ts'
import type { SequenceEntry } from './sequence-entry.ts'

const querySchema = z.strictObject({
  /** Those behind this number; without it, the latest ones. */
  after: z
    .union([
      z.int().nonnegative(),
      z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number),
    ])
    .exactOptional(),
  limit: z.int().min(1).max(1_000_000).default(100),
})

/** Oldest first. @throws NodeError BAD_INPUT */
export async function* sequenceRows(
  entries: () => readonly SequenceEntry[],
  parameters: Record<string, unknown>,
): AsyncGenerator<Listed> {
  const result = querySchema.safeParse(parameters)
  if (!result.success) {
    const said = result.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '))
    throw new NodeError('BAD_INPUT', `sequence: ${said.join('; ')}`)
  }
  const { after, limit } = result.data
  const wanted =
    after === undefined
      ? entries().slice(-limit)
      : entries()
          .filter(({ number }) => number > after)
          .slice(0, limit)
  for (const entry of wanted) yield { row: sequenceRow(entry), cursor: String(entry.number) }
}

const sequenceRow = ({ number, utcMs, utcQuality, epoch, atMs, event, fields }: SequenceEntry) => ({
  number,
  utc: new Date(utcMs).toISOString(),
  utcQuality,
  epoch,
  atMs,
  event,
  fields,
})
