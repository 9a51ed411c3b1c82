// Read-outs of the recordings: which there are, and one of them piece by piece.

import { z } from 'zod'
import { NodeError } from './node-error.ts'
import type { Listed } from './readout-rows.ts'
import type { RecordingEntry, RecordingStore } from './recording-store.ts'
import { numberedRowsQuery, readQuery } from './row-query.ts'

const waveformQuery = z.strictObject({
  id: z.int().positive(),
  /** The piece behind which to go on. */
  after: z
    .union([
      z.int().min(-1),
      z
        .string()
        .regex(/^\d{1,9}$/)
        .transform(Number),
    ])
    .default(-1),
})

/** Oldest first. @throws NodeError BAD_INPUT */
export async function* eventRows(
  recordings: Pick<RecordingStore, 'entries'>,
  parameters: Record<string, unknown>,
): AsyncGenerator<Listed> {
  const { after, limit } = readQuery('events', numberedRowsQuery, parameters)
  const all: RecordingEntry[] = []
  for await (const entry of recordings.entries(after)) all.push(entry)
  for (const entry of after === undefined ? all.slice(-limit) : all.slice(0, limit)) {
    yield { row: eventRow(entry), cursor: String(entry.id) }
  }
}

const eventRow = ({ startUtcMs, triggers, moreTriggers, pieces: _, ...entry }: RecordingEntry) => ({
  id: entry.id,
  startUtc: new Date(startUtcMs).toISOString(),
  utcQuality: entry.utcQuality,
  durationMs: entry.durationMs,
  triggers: triggers.map(({ kind, words, atMs }) => ({ kind, words, atMs })),
  moreTriggers,
  source: entry.source,
  channels: entry.channels,
  samples: entry.samples,
  samplesPerSecond: entry.samplesPerSecond,
  bytes: entry.bytes,
  sha256: entry.sha256,
})

/** @throws NodeError BAD_INPUT when it is not there, or gives way while it is read */
export async function* waveformRows(
  recordings: Pick<RecordingStore, 'entry' | 'piece'>,
  parameters: Record<string, unknown>,
  signal: AbortSignal,
): AsyncGenerator<Listed> {
  const { id, after } = readQuery('waveform', waveformQuery, parameters)
  const entry = await recordings.entry(id)
  if (entry === undefined)
    throw new NodeError('BAD_INPUT', `waveform: no recording ${id} here, want one of those that events lists`)
  for (let number = after + 1; number < entry.pieces && !signal.aborted; number++) {
    const content = await recordings.piece(id, number)
    if (content === undefined) throw new NodeError('BAD_INPUT', `waveform: recording ${id} has given way to newer ones`)
    yield {
      row: { id, piece: number, pieces: entry.pieces, bytes: entry.bytes, sha256: entry.sha256, content },
      cursor: String(number),
    }
  }
}
