// Evidence of two histories as lines of JSON: one that says what it is about, then either history as a ledger's lines are, with
// the credential of the key that signed it. Like a ledger's, such a file may pass through anybody's hands.

import { z } from 'zod'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import type { Evidence, KeptHistory } from '../aggregation/collected-evidence.ts'
import { MAX_BATCH_RECORDS } from '../aggregation/delivery.ts'
import { type LedgerRecord, ledgerIdField } from '../aggregation/record.ts'
import { headRow, headRowSchema, parseLine, readHeadRow, readRecordRow, recordRow } from './ledger-lines.ts'
import { NodeError } from './node-error.ts'
import type { Listed, Row } from './readout-rows.ts'

const aboutSchema = z.strictObject({
  feedermesh: z.literal('ledger evidence 1'),
  ied: z.string().max(64),
  ledgerId: ledgerIdField,
  number: z.int().min(1),
  /** When the back end got the second history, by its own clock. */
  utcMs: z.int().nonnegative(),
})

const kindSchema = z.looseObject({ feedermesh: z.string().optional() })

/** As it comes out of a file: whatever anybody wrote there. */
export interface ReadEvidence extends Pick<Evidence, 'ied' | 'ledgerId' | 'number'> {
  readonly utcMs: UtcMs
  readonly histories: readonly KeptHistory[]
}

export async function* evidenceRows(
  all: AsyncIterable<Evidence>,
  shown: (record: LedgerRecord) => LedgerRecord = record => record,
): AsyncGenerator<Listed> {
  let count = 0
  for await (const { ied, ledgerId, number, utcMs, first, second } of all) {
    const histories = first === undefined ? [second] : [first, second]
    const about: z.infer<typeof aboutSchema> = { feedermesh: 'ledger evidence 1', ied, ledgerId, number, utcMs }
    const rows: Row[] = [
      about,
      ...histories.flatMap(({ head, records, credential }): Row[] => [
        { ...headRow({ ...head, signed: head }), ...(credential === undefined ? {} : { credential }) },
        ...records.map(record => ({ ...recordRow(shown(record)) })),
      ]),
    ]
    for (const row of rows) yield { row, cursor: String(++count) }
  }
}

interface Open {
  readonly about: Omit<ReadEvidence, 'histories'>
  readonly histories: { readonly head: ReturnType<typeof readHeadRow>; credential?: string; records: LedgerRecord[] }[]
}

/** One after the other: of each, no more than it may hold is in memory. @throws NodeError BAD_INPUT, with the line */
export async function* readEvidence(
  file: string,
  lines: AsyncIterable<{ readonly text: string; readonly line: number }>,
): AsyncGenerator<ReadEvidence> {
  let open: Open | undefined
  const wrong = (line: number, words: string): NodeError => new NodeError('BAD_INPUT', `${file}:${line}: ${words}`)
  for await (const { text, line } of lines) {
    if (text === '') continue
    // By what it says: whoever hands it on may have put its fields into another order.
    const { feedermesh: kind } = parseLine(file, line, text, row => kindSchema.parse(row))
    const read = <T>(reading: (row: unknown) => T): T => parseLine(file, line, text, reading)
    if (kind?.startsWith('ledger evidence')) {
      if (open !== undefined) yield closed(file, open)
      const { ied, ledgerId, number, utcMs: at } = read(row => aboutSchema.parse(row))
      open = { about: { ied, ledgerId, number, utcMs: utcMs(at) }, histories: [] }
    } else if (open === undefined) {
      throw wrong(line, 'is no evidence of two histories, want what "ledger export --evidence" wrote')
    } else if (kind !== undefined) {
      if (open.histories.length === 2) throw wrong(line, 'is a third history, want two of each ledger')
      const { credential } = read(row => headRowSchema.parse(row))
      open.histories.push({ head: read(readHeadRow), records: [], ...(credential === undefined ? {} : { credential }) })
    } else {
      const history = open.histories.at(-1)
      if (history === undefined) throw wrong(line, 'is a record of no history: the signed head comes before it')
      if (history.records.length > MAX_BATCH_RECORDS)
        throw wrong(line, `want at most ${MAX_BATCH_RECORDS + 1} records of one history`)
      history.records.push(read(row => readRecordRow(row, history.head)))
    }
  }
  if (open === undefined) throw wrong(1, 'no evidence in it, want what "ledger export --evidence" wrote')
  yield closed(file, open)
}

const closed = (file: string, { about, histories }: Open): ReadEvidence => ({
  ...about,
  histories: histories.map(({ head: { signed }, records, credential }) => {
    if (signed === undefined) {
      const which = `${about.ied} ${about.ledgerId}, record ${about.number}`
      throw new NodeError('BAD_INPUT', `${file}: ${which}: a history without a signature proves nothing`)
    }
    return { head: signed, records, ...(credential === undefined ? {} : { credential }) }
  }),
})
