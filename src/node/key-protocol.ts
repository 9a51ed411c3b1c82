// What is asked and answered about sealing keys; see docs/messages.cddl.

import { z } from 'zod'
import { codec, nameField } from '../aggregation/codec.ts'
import { MAX_TOKEN } from '../mesh/credential.ts'
import { MAX_KEY_BYTES } from './signed-key.ts'

export const SEALING_PROTOCOL = '/feedermesh/sealing/1.0.0'
/** In one question or answer; what is more goes with the next. */
export const KEYS_AT_ONCE = 16

const jws = z.string().min(1).max(MAX_KEY_BYTES)
const department = z.string().min(1).max(64)

const question = z.discriminatedUnion('want', [
  /** Signed words on keys, of whoever. */
  z.strictObject({ want: z.literal('take'), announcements: z.array(jws).min(1).max(KEYS_AT_ONCE) }),
  /** A person has the agent's own key rotated. */
  z.strictObject({ want: z.literal('rotate') }),
  /** By what the key of a reader, or of a peer of this name, can be known. */
  z.strictObject({
    want: z.literal('proofs'),
    organisation: nameField.exactOptional(),
    department: department.exactOptional(),
    name: nameField.exactOptional(),
  }),
])
export type SealingQuestion = z.output<typeof question>
export const sealingQuestion = codec<SealingQuestion>('sealing-question', question, KEYS_AT_ONCE * MAX_KEY_BYTES + 1024)

const taken = z.strictObject({
  verdict: z.enum(['new', 'known', 'older', 'refused']),
  words: z.string().max(500),
})
export const sealingTaken = codec('sealing-taken', z.strictObject({ taken: z.array(taken).max(KEYS_AT_ONCE) }), 16_384)

export const sealingRotated = codec(
  'sealing-rotated',
  z.strictObject({ kid: z.string().max(64), epoch: z.int().min(1) }),
  256,
)

/** Each proves itself: words on keys by their signers, credentials by their authorities. */
const proofs = z.strictObject({
  announcements: z.array(jws).max(KEYS_AT_ONCE),
  credentials: z.array(z.string().max(MAX_TOKEN)).max(KEYS_AT_ONCE),
})
export const sealingProofs = codec('sealing-proofs', proofs, KEYS_AT_ONCE * (MAX_KEY_BYTES + MAX_TOKEN) + 1024)
