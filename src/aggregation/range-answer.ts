// The member's side of a range that a back end asks for: which records of the ledger the next part holds.
//
// Headers that the asker lacks go without a gap, headers that it has only where a body between them is wanted. So a part is
// never a hole in the chain, and a range of few records in a long ledger is few parts.

import type { Ledger } from './ledger.ts'
import { isInRange, MAX_WORDS, type RangeAsk } from './range.ts'
import type { Header, LedgerRecord } from './record.ts'

/** Parts of headers that the asker has, and of which nothing is wanted, are passed over, so many for one answer. */
const PASSED_OVER = 20

export interface RangeRecords {
  readonly after: number
  readonly records: readonly LedgerRecord[]
  readonly words: readonly number[]
}

/** @param mayHave whether the asker is entitled to this record */
export async function recordsForRange(
  ledger: Ledger,
  ask: Pick<RangeAsk, 'range' | 'ledgerId' | 'after' | 'also' | 'have'>,
  limits: { readonly records: number; readonly bytes: number },
  mayHave: (header: Header) => boolean,
): Promise<RangeRecords> {
  const head = ledger.head().number
  const isOfThis = ask.ledgerId === ledger.ledgerId
  const have = isOfThis ? Math.min(ask.have, head) : 0
  let after = isOfThis ? Math.min(ask.after, have) : 0
  const isWanted = (header: Header): boolean =>
    (isInRange(ask.range, header) || (isOfThis && header.number === ask.also)) && mayHave(header)

  for (let passed = 0; ; passed++) {
    const wanted = { after, limit: limits.records, maxBytes: limits.bytes, bodyOf: isWanted }
    const records = await ledger.read(wanted)
    const begin = records.findIndex(({ header }) => isWanted(header))
    const last = records.at(-1)?.header.number ?? after
    if (begin < 0 && last < have && records.length > 0 && passed < PASSED_OVER) {
      after = last
      continue
    }
    const needed = neededPart(records, isWanted, have)
    return {
      after: (needed[0]?.header.number ?? after + 1) - 1,
      records: needed,
      words: await wordsOn(ledger, needed, isWanted),
    }
  }
}

/** Without the headers at either end that the asker has, and of which it wants nothing. All of them if it wants none. */
function neededPart(
  records: readonly LedgerRecord[],
  isWanted: (header: Header) => boolean,
  have: number,
): readonly LedgerRecord[] {
  const isNeeded = ({ header }: LedgerRecord): boolean => header.number > have || isWanted(header)
  const begin = records.findIndex(isNeeded)
  const end = records.findLastIndex(isNeeded)
  return begin < 0 ? records : records.slice(begin, end + 1)
}

/** Of each class the first and the last body that is wanted and gone: asked again, the next ones are found. */
async function wordsOn(
  ledger: Ledger,
  records: readonly LedgerRecord[],
  isWanted: (header: Header) => boolean,
): Promise<number[]> {
  const gone = records.filter(({ header, body }) => body === undefined && isWanted(header)).map(({ header }) => header)
  const looked = gone.filter(
    ({ class: each, number }) =>
      gone.find(other => other.class === each)?.number === number ||
      gone.findLast(other => other.class === each)?.number === number,
  )
  const words = await Promise.all(looked.slice(0, 2 * MAX_WORDS).map(header => ledger.toSendFor(header)))
  return [...new Set(words.filter(number => number !== undefined))].slice(0, MAX_WORDS)
}
