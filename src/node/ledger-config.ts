// The section `ledger` of an agent's configuration.

import { z } from 'zod'
import type { LedgerQuota } from '../aggregation/ledger.ts'
import { RESERVED_FOR_BILLING, type RetentionPolicy } from '../aggregation/retention.ts'

export const ledgerSchema = z
  .object({
    /** What the ledger's own entries take at the most. The store beside it has what is collected of others, and more. */
    quotaMb: z.number().min(1).max(1_000_000).default(512),
    /** How long recipients that are not required are waited for. */
    holdDays: z.number().min(0).max(36_500).default(30),
    /** How long what all have receipted stays here as well, for who asks this device. */
    keepDays: z.number().min(0).max(36_500).default(30),
    /** The same of class `billing`: a month's bill, its estimates, and ratchets that look back over eleven months. */
    billingDays: z.number().min(0).max(36_500).default(400),
  })
  .strict()
  .default({ quotaMb: 512, holdDays: 30, keepDays: 30, billingDays: 400 })
export type LedgerSettings = z.infer<typeof ledgerSchema>

export const retentionPolicy = ({ quotaMb, holdDays, keepDays, billingDays }: LedgerSettings): RetentionPolicy => ({
  quotaBytes: quotaMb * 1024 * 1024,
  holdDays,
  keepDays,
  billingDays,
})

export function ledgerQuota(settings: LedgerSettings): LedgerQuota {
  const { quotaBytes: bytes } = retentionPolicy(settings)
  return { bytes, reservedBytes: Math.floor(bytes * RESERVED_FOR_BILLING) }
}
