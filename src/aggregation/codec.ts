// Everything stored, hashed or sent is deterministic CBOR of a shape that zod has checked, both ways: what we could not
// read again is not written.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { AggregationError } from './aggregation-error.ts'

export interface Codec<T> {
  /** @throws AggregationError MALFORMED when the value breaks its own shape: a mistake on this side */
  encode(value: T): Uint8Array
  /** @throws AggregationError MALFORMED */
  decode(bytes: Uint8Array): T
}

/**
 * @param maxBytes longer input is refused before anything of it is decoded
 * @param plain sees at once of most values that are right what the schema would make of them; of the others it says nothing
 */
export function codec<T>(
  what: string,
  schema: z.ZodType<T>,
  maxBytes: number,
  plain: (value: unknown) => T | undefined = () => undefined,
): Codec<T> {
  const check = (value: unknown): T => {
    const seen = plain(value)
    if (seen !== undefined) return seen
    const result = schema.safeParse(value)
    if (result.success) return result.data
    throw new AggregationError('MALFORMED', `${what}: ${complaint(result.error)}`)
  }
  return {
    encode: value => toCbor(check(value)),
    decode(bytes) {
      if (bytes.length > maxBytes) {
        throw new AggregationError('MALFORMED', `${what}: ${bytes.length} bytes, want ${maxBytes} at most`)
      }
      let value: unknown
      try {
        value = fromCbor(bytes)
      } catch (cause) {
        throw new AggregationError('MALFORMED', `${what}: not deterministic CBOR`, { cause })
      }
      return check(value)
    },
  }
}

function complaint(error: z.ZodError): string {
  const [first] = error.issues
  return first ? `${first.path.join('.')}: ${first.message}` : 'not as agreed'
}

/** Names of IEDs, back ends and organisations, as in the feeder file. */
export const nameField = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/)
export const countField = z.int().nonnegative()

export const anyBytesField = z.custom<Uint8Array>(value => value instanceof Uint8Array, 'want bytes')

export function bytesField(length: number) {
  return anyBytesField.refine(bytes => bytes.length === length, `want ${length} bytes`)
}

export const hashField = bytesField(32)
export const signatureField = bytesField(64)

/** Whole watt-hours of a register, 0 to 2^63 - 1. CBOR gives small ones as numbers. */
export const wattHoursField = z
  .union([z.int(), z.bigint()])
  .transform(value => BigInt(value))
  .refine(value => value >= 0n && value < 1n << 63n, 'want 0 to 2^63 - 1 Wh')
