// What stands in the ledger, class billing, of contracts and of usage outside the range that a tariff agrees on: by these
// records the supplier, the utility and the customer learn of a switch and of what was done, each by its grants.

import { z } from 'zod'
import { codec, hashField, nameField } from '../codec.ts'

const amount = z.string().regex(/^-?\d+(\.\d+)?$/)
const utc = z.iso.datetime()

const contract = z.strictObject({
  kind: z.literal('contract'),
  from: nameField,
  to: nameField,
  by: z.enum(['contract', 'source']),
  /** Bills go by it from then on. */
  tariff: z.string().max(80),
  sha256: hashField,
  fromUtc: utc,
  currency: z.string().length(3),
  /** Less than with the one before, over the usage compared, the costs of switching taken off. */
  saves: amount.exactOptional(),
  costs: z.array(z.strictObject({ supplier: nameField, cost: amount })).max(16),
  why: z.string().max(200),
})
export type Contract = z.output<typeof contract>
export const contractRecord = codec('contract', contract, 8_192)

const usage = z.strictObject({
  kind: z.literal('usage-range'),
  ied: nameField,
  state: z.enum(['excess', 'shortage', 'anomaly', 'within']),
  fromUtc: utc,
  toUtc: utc,
  importKwh: amount,
  meanKw: amount,
  leastKw: amount.exactOptional(),
  mostKw: amount.exactOptional(),
  tariff: z.string().max(80),
  supplier: nameField.exactOptional(),
  currency: z.string().length(3),
  /** What the provider earns by this energy: without fixed charges and tax. */
  revenue: amount,
  action: z.string().max(200),
})
export type UsageReport = z.output<typeof usage>
export const usageRecord = codec('usage-range', usage, 4_096)

/** Undefined for what is none. */
export function contractIn(content: Uint8Array): Contract | undefined {
  try {
    return contractRecord.decode(content)
  } catch {
    return undefined
  }
}

/** Undefined for what is none. */
export function usageReportIn(content: Uint8Array): UsageReport | undefined {
  try {
    return usageRecord.decode(content)
  } catch {
    return undefined
  }
}
