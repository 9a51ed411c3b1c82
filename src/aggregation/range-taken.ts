// A back end's look at what came for a question of its own, before the collector takes the batch: whether it is about what was
// asked. What is genuine and of another place may come late, or be sent again by whoever passes answers on.

import type { RangeAsk, RangePart } from './range.ts'
import { isHeadGenuine, type Verify } from './record.ts'

/** @returns what is wrong with it, in words; nothing if it may be taken */
export function faultOfPart(ask: RangeAsk, { batch, end }: RangePart, verify: Verify): string | undefined {
  if (batch.ied !== ask.ied || end.ied !== ask.ied) return `it is of ${batch.ied}`
  if (batch.ledgerId !== end.ledgerId) return 'it is of two ledgers'
  if (!isHeadGenuine(end, verify)) return 'the end of the ledger is not signed by the IED'
  if (batch.head.number > end.number) return 'it goes on behind the end of the ledger'
  const first = batch.records[0]?.header.number
  if (first === undefined) return undefined
  const isOfThis = batch.ledgerId === ask.ledgerId
  const [have, after] = isOfThis ? [ask.have, ask.after] : [0, 0]
  if (first > have + 1) return `it begins with record ${first}, behind a gap`
  if (batch.head.number <= after) return `it ends with record ${batch.head.number}, before what was asked for`
  return undefined
}
