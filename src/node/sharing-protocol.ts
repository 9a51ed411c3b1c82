// What is asked and answered about who reads what; see docs/messages.cddl.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { recordClasses } from '../aggregation/record.ts'
import { MAX_GRANTS } from '../aggregation/sharing-policy.ts'
import { MAX_SHARING_BYTES } from './signed-sharing.ts'

const question = z.union([
  /** A signed policy for an IED, or what a back end is to give on. */
  z.strictObject({ policy: z.string().max(MAX_SHARING_BYTES) }),
  /** What the asker's organisation, or its department, may read here. */
  z.strictObject({ want: z.literal('mine') }),
])
export type SharingQuestion = z.infer<typeof question>
const answer = z.strictObject({ version: z.int().min(1), isKnown: z.boolean() })

export const encodeSharingQuestion = (value: SharingQuestion): Uint8Array => toCbor(value)
/** @throws when the bytes are none */
export const decodeSharingQuestion = (bytes: Uint8Array): SharingQuestion => question.parse(fromCbor(bytes))
export const encodeSharingAnswer = (value: z.infer<typeof answer>): Uint8Array => toCbor(value)
/** @throws when the bytes are none */
export const decodeSharingAnswer = (bytes: Uint8Array): z.infer<typeof answer> => answer.parse(fromCbor(bytes))

export const ownGrantsSchema = z.strictObject({
  grants: z
    .array(
      z.strictObject({
        classes: z.array(z.enum(recordClasses)).min(1).max(recordClasses.length),
        fromUtcMs: z.int().nonnegative().exactOptional(),
        toUtcMs: z.int().nonnegative().exactOptional(),
      }),
    )
    .max(MAX_GRANTS),
})
export const encodeOwnGrants = (value: z.infer<typeof ownGrantsSchema>): Uint8Array => toCbor(value)
/** @throws when the bytes are none */
export const decodeOwnGrants = (bytes: Uint8Array): z.infer<typeof ownGrantsSchema> =>
  ownGrantsSchema.parse(fromCbor(bytes))
