// Verifies a whole ledger, record by record, in little memory: that the chain has no gap and no second history, that the
// bodies that are there are those that were committed to, that those that are not went by the ledger's own word, and that
// the IED signed where it ends.

import { type Dropped, droppedBy } from './dropped.ts'
import {
  type ChainFault,
  type ChainPosition,
  chainStart,
  checkChain,
  isHeadGenuine,
  type LedgerId,
  type LedgerRecord,
  type RecordClass,
  recordClasses,
  type SignedHead,
  sameBytes,
  type Verify,
} from './record.ts'

export type LedgerFault = ChainFault | 'missing' | 'head' | 'signature' | 'body' | 'receipt'

export interface LedgerVerdict {
  readonly ok: boolean
  readonly records: number
  readonly bodies: number
  readonly chainHash: Uint8Array
  /** Without a key nobody can say who wrote it. */
  readonly signature: 'genuine' | 'forged' | 'no key' | 'none'
  /** By the ledger's own word. */
  readonly drops: readonly (Dropped & { readonly number: number })[]
  /** By class, bodies that are not there, of which the ledger says nothing. */
  readonly withoutBody: { readonly [recordClass in RecordClass]?: number }
  readonly faults: readonly { readonly number: number; readonly fault: LedgerFault }[]
}

export interface LedgerClaim {
  readonly ied: string
  readonly ledgerId: LedgerId
  readonly head: ChainPosition
  readonly signed?: SignedHead
  /** Whoever holds all of it lacks a body only where the ledger says so. Others may be entitled to some alone. */
  readonly isWhole: boolean
  /** Places where this history must be the one that somebody else has: receipts. */
  readonly places?: readonly ChainPosition[]
}

/** What a person can look at; the rest is only counted. */
const MOST_FAULTS = 20

export async function checkLedger(
  claim: LedgerClaim,
  records: AsyncIterable<LedgerRecord> | Iterable<LedgerRecord>,
  verify: Verify | undefined,
): Promise<LedgerVerdict> {
  const { ied, ledgerId, head, signed, isWhole, places = [] } = claim
  const faults: { number: number; fault: LedgerFault }[] = []
  const say = (number: number, fault: LedgerFault): void => {
    if (faults.length < MOST_FAULTS) faults.push({ number, fault })
  }
  const lacking = new Map<RecordClass, number[]>()
  const drops: (Dropped & { number: number })[] = []
  const wantedHash = new Map(places.map(({ number, chainHash }) => [number, chainHash]))
  let end = chainStart
  let bodies = 0
  for await (const record of records) {
    const { header, body } = record
    const check = checkChain(end, { ied, ledgerId }, [record])
    if (!check.ok) {
      say(check.number, check.fault === 'number' ? 'missing' : check.fault)
      if (check.fault !== 'commitment') break // nothing behind it hangs together with what is before
    }
    end = check.ok ? check.end : endOf(record)
    const wanted = wantedHash.get(end.number)
    if (wanted !== undefined && !sameBytes(wanted, end.chainHash)) say(end.number, 'receipt')
    if (body === undefined) {
      const numbers = lacking.get(header.class) ?? []
      lacking.set(header.class, numbers)
      numbers.push(header.number)
      continue
    }
    bodies++
    const dropped = droppedBy(record)
    if (dropped === undefined) continue
    drops.push({ ...dropped, number: header.number })
    const numbers = lacking.get(header.class) ?? []
    lacking.set(
      header.class,
      numbers.filter(number => number < dropped.from || number > dropped.to),
    )
  }
  if (end.number !== head.number || !sameBytes(end.chainHash, head.chainHash)) say(head.number, 'head')
  for (const { number } of places) if (number > end.number) say(number, 'receipt')
  const unexplained = recordClasses.flatMap(each => (lacking.get(each) ?? []).map(number => ({ each, number })))
  if (isWhole) for (const { number } of unexplained) say(number, 'body')

  const signature = signatureOf(claim, signed, verify)
  if (signature === 'forged') say(head.number, 'signature')
  return {
    ok: faults.length === 0,
    records: end.number,
    bodies,
    chainHash: end.chainHash,
    signature,
    drops,
    withoutBody: Object.fromEntries(
      recordClasses.flatMap(each => {
        const { length } = lacking.get(each) ?? []
        return length === 0 ? [] : [[each, length]]
      }),
    ),
    faults,
  }
}

/** Of a record whose body does not fit: its header is in the chain all the same. */
const endOf = ({ header }: LedgerRecord): ChainPosition => {
  const check = checkChain({ number: header.number - 1, chainHash: header.previousHash }, header, [{ header }])
  return check.ok ? check.end : chainStart
}

function signatureOf(
  { ied, ledgerId, head }: LedgerClaim,
  signed: SignedHead | undefined,
  verify: Verify | undefined,
): LedgerVerdict['signature'] {
  if (signed === undefined) return 'none'
  if (verify === undefined) return 'no key'
  const isOfThis =
    signed.ied === ied &&
    signed.ledgerId === ledgerId &&
    signed.number === head.number &&
    sameBytes(signed.chainHash, head.chainHash)
  return isOfThis && isHeadGenuine(signed, verify) ? 'genuine' : 'forged'
}
