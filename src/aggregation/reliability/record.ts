// Records of the ledger class `reliability`: what an IED knows of its supply, of the generator that it operates, and of the
// quality of what came. Small, and written when something changes.

import { z } from 'zod'
import { type Codec, codec, nameField } from '../codec.ts'
import type { SupplyMark } from './interruption.ts'

const utc = z.int().nonnegative().max(8_640_000_000_000_000)
const phases = z.array(z.enum(['a', 'b', 'c'])).max(3)

const supply = z
  .object({
    event: z.literal('supply'),
    /** Of a generator: `live` is in service, `dead` is not. Otherwise of the IED's own node. */
    generator: nameField.exactOptional(),
    state: z.enum(['live', 'dead', 'unknown']),
    utcMs: utc,
    /** The state before was known to hold until then. */
    knownUntilUtcMs: utc,
    phases,
    planned: z.boolean().exactOptional(),
    zone: z.string().min(1).max(128).exactOptional(),
    cause: z.string().min(1).max(128).exactOptional(),
  })
  .strict()

const start = z
  .object({
    event: z.literal('generator-start'),
    generator: nameField,
    utcMs: utc,
    outcome: z.enum(['started', 'late', 'failed']),
    /** From the order until it delivered. */
    tookMs: z.int().nonnegative().max(86_400_000).exactOptional(),
  })
  .strict()

/** So long the voltage was outside the ITIC curve, interruptions not counted. */
const quality = z
  .object({ event: z.literal('quality'), utcMs: utc, beyondMs: z.int().nonnegative().max(86_400_000) })
  .strict()

const schema = z.discriminatedUnion('event', [supply, start, quality])
export type ReliabilityRecord = z.infer<typeof schema>
export type SupplyRecord = z.infer<typeof supply>

export const reliabilityCodec: Codec<ReliabilityRecord> = codec('reliability record', schema, 2048)

/** @returns undefined for content of the class that is of another kind */
export function decodeReliability(content: Uint8Array): ReliabilityRecord | undefined {
  try {
    return reliabilityCodec.decode(content)
  } catch {
    return undefined
  }
}

export const markOf = ({ event: _, generator: __, ...mark }: SupplyRecord): SupplyMark => mark
