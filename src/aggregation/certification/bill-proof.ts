// The proof from a meter to its bill, in one file: the readings as the IED signed them, the tariff, and the bill as its issuer
// signed it. Who has it computes the bill again, of these readings alone, and holds each line against the issuer's.

import { z } from 'zod'
import { type BillRow, billRowSchema } from '../billing/bill-record.ts'
import { anyBytesField, codec, nameField } from '../codec.ts'

/** With the readings, which are most of it. */
const MOST_BYTES = 20 * 1024 * 1024

/** Of one bill. */
const MOST_EDITS = 12_000

/** An envelope, and the credential of who signed it. */
const word = z.strictObject({ envelope: anyBytesField, credential: z.string().max(8_192) })

const part = z.strictObject({
  /** A JWS over `BilledStatement`. */
  statement: z.string().max(1024 * 1024),
  /** The document of the tariff. */
  tariff: z.string().max(200_000),
  /** The supplier's offer of it, as it was signed. */
  offer: word.exactOptional(),
  /** Prices that were pushed: those of the time that counted, and the supplier's messages with them. */
  prices: z
    .string()
    .max(1024 * 1024)
    .exactOptional(),
  pushes: z.array(word).max(256).exactOptional(),
})
const schema = z.strictObject({
  version: z.literal(1),
  /** A `MeterProof`. */
  readings: anyBytesField,
  /** One for each bill: where another contract begins, another one. */
  parts: z.array(part).min(1).max(64),
})
export type BillProof = z.output<typeof schema>
export const billProofCodec = codec<BillProof>('bill proof', schema, MOST_BYTES)

/** What the issuer signs. */
export const billedStatementSchema = z.strictObject({
  kind: z.literal('billed'),
  meter: nameField,
  bill: billRowSchema,
  tariffSha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of the prices that were pushed. */
  pricesSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .exactOptional(),
  /** Credit of the bill before that went into it. */
  carriedIn: z
    .string()
    .regex(/^\d{1,30}(\.\d{1,9})?$/)
    .exactOptional(),
  issuedUtcMs: z.int().nonnegative(),
  /** Records of the meter's ledger whose edits of this time were counted, and how far the issuer had the ledger then. */
  edits: z.array(z.int().positive()).max(MOST_EDITS).exactOptional(),
  ledgerNumber: z.int().nonnegative().exactOptional(),
})
export type BilledStatement = z.output<typeof billedStatementSchema>

/** @returns in words what is other, by line; nothing when the two are the same */
export function billDifferences(said: BillRow, computed: BillRow): string[] {
  const differences: string[] = []
  const differ = (where: string, field: string, one: unknown, other: unknown): void => {
    if (JSON.stringify(one) !== JSON.stringify(other))
      differences.push(`${where}: the bill says ${field} ${shown(one)}, recomputed it is ${shown(other)}`)
  }
  const lines = Math.max(said.lines.length, computed.lines.length)
  for (let n = 0; n < lines; n++) {
    const [one, other] = [said.lines[n], computed.lines[n]]
    const name = one ?? other
    const where = `line ${n + 1} (${[name?.name, name?.period].filter(each => each !== undefined).join(', ')})`
    if (one === undefined || other === undefined) {
      differences.push(one === undefined ? `${where}: the bill lacks it` : `${where}: it follows from nothing`)
      continue
    }
    for (const field of ['kind', 'name', 'period', 'tier', 'quantity', 'unit', 'rate', 'amount', 'intervals'] as const)
      differ(where, field, one[field], other[field])
  }
  const fields = [
    'currency',
    'fromUtc',
    'toUtc',
    'importKwh',
    'exportKwh',
    'importKvarh',
    'subtotal',
    'tax',
    'total',
  ] as const
  for (const field of fields) differ('the bill', field, said[field], computed[field])
  differ('the bill', 'quality', said.quality, computed.quality)
  const spans = Math.max(said.metering?.length ?? 0, computed.metering?.length ?? 0)
  for (let n = 0; n < spans; n++) {
    const [one, other] = [said.metering?.[n], computed.metering?.[n]]
    const where = `metering from ${(other ?? one)?.fromUtc}`
    for (const field of ['multiplier', 'factor', 'fromUtc', 'toUtc', 'rawImportKwh', 'rawExportKwh'] as const)
      differ(where, field, one?.[field], other?.[field])
  }
  return differences
}

const shown = (value: unknown): string =>
  value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value)
