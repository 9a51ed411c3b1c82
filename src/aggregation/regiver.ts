// Gives collected records on to a department's back end, in batches like an IED's own: all headers, so that the chain can be
// verified with the IED's key, the head that the IED has signed, and sealed to the department the bodies that are for it. The
// department's collector takes them as it takes any batch, and its receipt says how far it got.
//
// Where to go on is a place in the ledger, kept here by whoever calls: all before it that may go has been receipted. What comes
// to be known later than its successors, or may go only since a newer grant, begins again from there (`startOver`).

import type { Collector } from './collector.ts'
import type { Batch, Outcome } from './delivery.ts'
import { type Portion, type Sealing, type SealingKey, sealPortion } from './portion.ts'
import { type Body, type LedgerId, type LedgerRecord, type RecordClass, recordClasses } from './record.ts'
import { isRegiven, type Regiven } from './regrant.ts'

/** Of bodies, before they are compressed. One always fits. */
export const REGIVEN_BYTES = 512 * 1024

export interface RegiverPorts {
  readonly collector: Pick<Collector, 'records' | 'headWithin'>
  readonly sealing: Pick<Sealing, 'seal'>
}

export interface RegivenLedger {
  readonly ied: string
  readonly ledgerId: LedgerId
  /** All up to here that may go has been receipted. */
  readonly upTo: number
}

export interface RegivenBatch {
  readonly batch: Batch
  /** Where it goes on when all of this batch is there. */
  readonly upTo: number
  /** Whose bodies are in it. */
  readonly numbers: readonly number[]
}

/** @returns undefined when there is nothing behind the place, or nothing that can be verified */
export async function nextRegiven(
  { collector, sealing }: RegiverPorts,
  { ied, ledgerId, upTo: after }: RegivenLedger,
  regiven: readonly Regiven[],
  key: SealingKey,
  nowUtcMs: number,
): Promise<RegivenBatch | undefined> {
  const kept = await collector.headWithin({ ied, ledgerId, after })
  if (kept === undefined) return undefined
  const { head, credentialHash } = kept
  const records: LedgerRecord[] = []
  const given: { readonly class: RecordClass; readonly number: number; readonly body: Body }[] = []
  let bytes = 0
  let upTo = head.number
  for await (const { header, body } of collector.records({ ied, ledgerId, after, limit: head.number - after })) {
    records.push({ header })
    if (body === undefined || !isRegiven(regiven, header, nowUtcMs)) continue
    bytes += body.content.length
    // The headers go on to the signed head; the bodies that do not fit come with the next batch over the same headers.
    if (given.length > 0 && bytes > REGIVEN_BYTES) upTo = Math.min(upTo, header.number - 1)
    else if (upTo === head.number) given.push({ class: header.class, number: header.number, body })
  }
  const portions: Portion[] = []
  for (const each of recordClasses) {
    const bodies = given.filter(one => one.class === each).map(({ number, body }) => ({ number, body }))
    if (bodies.length > 0) portions.push(await sealPortion({ class: each, bodies, inner: [] }, [key], sealing))
  }
  const batch: Batch = {
    kind: 'batch',
    ied,
    ledgerId,
    ...(credentialHash === undefined ? {} : { credentialHash }),
    records,
    ...(portions.length === 0 ? {} : { portions }),
    head,
    remaining: 0,
  }
  return { batch, upTo, numbers: given.map(({ number }) => number) }
}

export type RegivenResult =
  | { readonly kind: 'on'; readonly upTo: number }
  /** It has less than was thought, as after its store was lost. */
  | { readonly kind: 'back'; readonly upTo: number }
  /** In words why it goes no further now. */
  | { readonly kind: 'stuck'; readonly words: string }

/** @param outcome of the batch; a receipt whose signature was checked */
export function afterRegiven({ batch, upTo, numbers }: RegivenBatch, outcome: Outcome): RegivenResult {
  if (outcome.ied !== batch.ied || outcome.ledgerId !== batch.ledgerId) {
    return { kind: 'stuck', words: 'it answered about another ledger' }
  }
  if (outcome.kind === 'refusal') {
    const isBehind = outcome.reason === 'gap' && outcome.haveUpTo < (batch.records[0]?.header.number ?? 1) - 1
    if (isBehind) return { kind: 'back', upTo: outcome.haveUpTo }
    return { kind: 'stuck', words: `it refused: ${outcome.reason}` }
  }
  if (outcome.upTo < batch.head.number) return { kind: 'stuck', words: `it has records up to ${outcome.upTo} alone` }
  const sent = new Set(numbers)
  const unread = Object.values(outcome.lacking).find(number => number !== undefined && sent.has(number))
  if (unread !== undefined)
    return { kind: 'stuck', words: `it could not open what was sealed to it of record ${unread}` }
  return { kind: 'on', upTo }
}
