// Read-out of the sequence of events: `feedermesh events --sequence`.

import type { Listed } from './readout-rows.ts'
import { numberedRowsQuery, readQuery } from './row-query.ts'
import type { SequenceEntry } from './sequence-entry.ts'

/** Oldest first. @throws NodeError BAD_INPUT */
export async function* sequenceRows(
  entries: () => readonly SequenceEntry[],
  parameters: Record<string, unknown>,
): AsyncGenerator<Listed> {
  const { after, limit } = readQuery('sequence', numberedRowsQuery, parameters)
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
