// A portion: the bodies of one class of a batch, compressed and sealed to those who may read it. Header and chain of each
// record stay outside, so whoever passes a batch on, or may read only some of it, verifies the whole chain all the same.
//
// A portion may hold further ones, sealed to narrower readers: what an organisation gets may contain what only its
// accounting department can open. Who opens the outer one passes the inner one on unread.
//
// Nothing in a portion says who sealed it: anybody may seal to a public key. That is why what comes out of it counts only
// where it is what the signed chain commits to (`collector.ts`), and why a forged portion is no more than a lost one.

import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { z } from 'zod'
import { AggregationError } from './aggregation-error.ts'
import { anyBytesField, codec, countField } from './codec.ts'
import { type Body, bodySchema, MAX_CONTENT_BYTES, type RecordClass, recordClasses } from './record.ts'

/** An X25519 public key, and the name under which a reader finds the part that is for it. */
export interface SealingKey {
  readonly kid: string
  /** base64url, as in a JWK's `x`. */
  readonly x: string
}

/** Crypto completes off the thread, so it is a port; the simulator has a twin that completes in turn. */
export interface Sealing {
  /** To all of these keys; whoever has one of them opens it. */
  seal(content: Uint8Array, to: readonly SealingKey[]): Promise<Uint8Array>
  /** Undefined when it is for none of the keys that are held here, or not what was sealed. Never rejects for its bytes. */
  open(sealed: Uint8Array): Promise<Uint8Array | undefined>
}

export interface Portion {
  readonly class: RecordClass
  readonly sealed: Uint8Array
}

export interface PortionContent {
  readonly class: RecordClass
  readonly bodies: readonly { readonly number: number; readonly body: Body }[]
  /** For narrower readers. */
  readonly inner: readonly Portion[]
}

/** What bodies of one batch take when they are unpacked: more is a bomb, and is not unpacked. */
export const MAX_UNPACKED_BYTES = 2 * 1024 * 1024
/** base64url of what did not compress, and the wrapped keys. */
export const MAX_SEALED_BYTES = Math.ceil((MAX_UNPACKED_BYTES * 4) / 3) + 16 * 1024
export const MAX_PORTIONS = recordClasses.length
/** Readers of one portion. */
export const MAX_READERS = 32
const MAX_BODIES = 1_000

export const portionSchema = z.strictObject({
  class: z.enum(recordClasses),
  sealed: anyBytesField.refine(sealed => sealed.length <= MAX_SEALED_BYTES, 'too large'),
})
export const portionsSchema = z.array(portionSchema).max(MAX_PORTIONS)

const contentSchema: z.ZodType<PortionContent> = z.strictObject({
  class: z.enum(recordClasses),
  bodies: z.array(z.strictObject({ number: countField.min(1), body: bodySchema })).max(MAX_BODIES),
  inner: portionsSchema,
})

/** What is compressed and sealed. */
export const portionContentCodec = codec<PortionContent>('portion', contentSchema, MAX_UNPACKED_BYTES)

/** @throws AggregationError MALFORMED when it is larger than a reader would unpack */
export async function sealPortion(
  content: PortionContent,
  to: readonly SealingKey[],
  sealing: Pick<Sealing, 'seal'>,
): Promise<Portion> {
  const unpacked = portionContentCodec.encode(content)
  if (unpacked.length > MAX_UNPACKED_BYTES) {
    throw new AggregationError('MALFORMED', `portion: ${unpacked.length} bytes, want ${MAX_UNPACKED_BYTES} at most`)
  }
  if (to.length === 0 || to.length > MAX_READERS) {
    throw new AggregationError('MALFORMED', `portion: ${to.length} readers, want 1 to ${MAX_READERS}`)
  }
  return { class: content.class, sealed: await sealing.seal(deflateRawSync(unpacked), to) }
}

/**
 * @returns undefined when it is not for this reader, or was changed on the way
 * @throws AggregationError MALFORMED when it opens and is no portion of that class: whoever made it is at fault
 */
export async function openPortion(
  portion: Portion,
  sealing: Pick<Sealing, 'open'>,
): Promise<PortionContent | undefined> {
  const packed = await sealing.open(portion.sealed)
  if (packed === undefined) return undefined
  const content = portionContentCodec.decode(unpack(packed))
  if (content.class === portion.class) return content
  throw new AggregationError('MALFORMED', `portion: is one of class ${content.class}, want class ${portion.class}`)
}

function unpack(packed: Uint8Array): Uint8Array {
  try {
    return inflateRawSync(packed, { maxOutputLength: MAX_UNPACKED_BYTES })
  } catch (cause) {
    throw new AggregationError('MALFORMED', `portion: want ${MAX_UNPACKED_BYTES} bytes of compressed CBOR at most`, {
      cause,
    })
  }
}

/** Room for the largest record beside the batch that it did not fit into. */
export const PORTION_OVERHEAD = Math.ceil((MAX_CONTENT_BYTES * 4) / 3)
