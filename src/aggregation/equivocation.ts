// Whether an IED has told two histories of one ledger. It has when its own signature stands under two chains that differ in
// what they say of one record. A signature covers a chain's last record, and that record all before it; so each history is a
// head and the records that lead from the place in question up to it. Nothing else is looked at: neither who found it nor
// who kept it can make evidence against an IED that has told one history alone.

import {
  checkChain,
  chainHash as hashOf,
  isHeadGenuine,
  type LedgerId,
  type LedgerRecord,
  type SignedHead,
  sameBytes,
  type Verify,
} from './record.ts'

/** A part of one history. Without records where the place in question is the head itself. */
export interface History {
  readonly head: SignedHead
  readonly records: readonly LedgerRecord[]
}

export interface TwoHistories {
  readonly ied: string
  readonly ledgerId: LedgerId
  /** The record in question. */
  readonly number: number
  /** Absent where none was kept: then nothing is proven. */
  readonly first?: History
  readonly second: History
}

export interface EquivocationVerdict {
  readonly proven: boolean
  /** Which part does not hold. Empty when it is proven. */
  readonly faults: readonly string[]
  /** Both agree up to the record before, so it is this record of which there are two. Otherwise it, or one before it. */
  readonly isFirstDifference: boolean
  /** The record in either, where it is there. */
  readonly records: { readonly first?: LedgerRecord; readonly second?: LedgerRecord }
}

export function judgeEquivocation(
  { ied, ledgerId, number, first, second }: TwoHistories,
  verify: { readonly first: Verify; readonly second: Verify },
): EquivocationVerdict {
  const faults: string[] = []
  const placeIn = (which: 'first' | 'second', history: History | undefined): Uint8Array | undefined => {
    const found = history === undefined ? 'is not in it' : faultOf(history, { ied, ledgerId }, verify[which])
    const hash = found === undefined && history !== undefined ? hashAt(history, number) : undefined
    if (found !== undefined) faults.push(`${which} history: ${found}`)
    else if (hash === undefined) faults.push(`${which} history: it does not reach record ${number}`)
    return hash
  }
  const [one, other] = [placeIn('first', first), placeIn('second', second)]
  if (one !== undefined && other !== undefined && sameBytes(one, other))
    faults.push(`both histories say the same up to record ${number}: that is no contradiction`)

  const [inFirst, inSecond] = [recordOf(first, number), recordOf(second, number)]
  return {
    proven: faults.length === 0,
    faults,
    isFirstDifference:
      inFirst !== undefined &&
      inSecond !== undefined &&
      sameBytes(inFirst.header.previousHash, inSecond.header.previousHash),
    records: {
      ...(inFirst === undefined ? {} : { first: inFirst }),
      ...(inSecond === undefined ? {} : { second: inSecond }),
    },
  }
}

const recordOf = (history: History | undefined, number: number): LedgerRecord | undefined =>
  history?.records.find(({ header }) => header.number === number)

/** What is wrong with one history by itself, in words. */
function faultOf(
  { head, records }: History,
  owner: { readonly ied: string; readonly ledgerId: LedgerId },
  verify: Verify,
): string | undefined {
  if (head.ied !== owner.ied) return `its head is of ${head.ied}, want ${owner.ied}`
  if (head.ledgerId !== owner.ledgerId) return `its head is of ledger ${head.ledgerId}, want ${owner.ledgerId}`
  if (!isHeadGenuine(head, verify)) return 'its head is not signed by the key of the IED'
  const start = records[0]?.header
  if (start === undefined) return undefined
  const check = checkChain({ number: start.number - 1, chainHash: start.previousHash }, owner, records)
  if (!check.ok) return `record ${check.number}: ${meanings[check.fault]}`
  const { number, chainHash } = check.end
  const isUnderHead = number === head.number && sameBytes(chainHash, head.chainHash)
  return isUnderHead ? undefined : `its records do not end at record ${head.number}, as the signed head has it`
}

const meanings = {
  number: 'it does not follow the record before it',
  owner: 'it is of another ledger',
  previousHash: 'it does not hang on the record before it',
  commitment: 'its content is not what it commits to',
} as const

/** The hash over all up to this record, as far as this history shows it. */
function hashAt({ head, records }: History, number: number): Uint8Array | undefined {
  if (number === head.number) return head.chainHash
  const record = records.find(({ header }) => header.number === number)
  if (record !== undefined) return hashOf(record.header)
  return records.find(({ header }) => header.number === number + 1)?.header.previousHash
}
