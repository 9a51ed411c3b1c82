// What a ledger takes up, by class. It is kept beside the head, in the same batch as each record, so it is never apart
// from what it counts, and opening need not look through the whole ledger.

import { z } from 'zod'
import { codec, countField } from './codec.ts'
import { type RecordClass, recordClasses } from './record.ts'

export interface ClassUsage {
  /** Bodies that are there. */
  readonly records: number
  readonly bytes: number
}

export interface LedgerUsage {
  /** What never goes: headers, and the ledger's words on what has gone. */
  readonly chainBytes: number
  readonly classes: { readonly [recordClass in RecordClass]?: ClassUsage }
}

/** Of keys and index entries, for each header and each body: what a store keeps beside the values. Rather too much. */
export const ENTRY_BYTES = 100

export const noUsage: LedgerUsage = { chainBytes: 0, classes: {} }

export const totalBytes = ({ chainBytes, classes }: LedgerUsage): number =>
  Object.values(classes).reduce((sum, { bytes }) => sum + bytes, chainBytes)

export const withChain = (usage: LedgerUsage, bytes: number): LedgerUsage => ({
  ...usage,
  chainBytes: usage.chainBytes + bytes,
})

/** @param records negative for bodies that go */
export function withBodies(usage: LedgerUsage, of: RecordClass, records: number, bytes: number): LedgerUsage {
  const before = usage.classes[of] ?? { records: 0, bytes: 0 }
  const now = { records: Math.max(0, before.records + records), bytes: Math.max(0, before.bytes + bytes) }
  return { ...usage, classes: { ...usage.classes, [of]: now } }
}

const classUsage = z.strictObject({ records: countField, bytes: countField })
export const usageCodec = codec<LedgerUsage>(
  'ledger usage',
  z.strictObject({ chainBytes: countField, classes: z.partialRecord(z.enum(recordClasses), classUsage) }),
  2_048,
)
