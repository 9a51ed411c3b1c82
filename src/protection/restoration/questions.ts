// What IEDs ask and answer about restoration, on the wire (CBOR maps; see docs/messages.cddl).
//
// Each goes over the admitted connection of the two, whose keys say who asks; so nothing here is signed, relayed or
// published. All but `facts` name the asker's incident: he leads it, and nobody can speak for another one's.

import { z } from 'zod'
import { decodedOnce, fromCbor, toCbor } from '../../../topology/cbor.ts'

export const RESTORATION_PROTOCOL = '/feedermesh/restoration/1.0.0'
export const MAX_RESTORATION_BYTES = 2048

const name = z.string().min(1).max(64)
const words = z.string().max(200)
/** `<ied>/<boot epoch>/<count>`, as events are named. */
const incident = z.string().min(3).max(128)
const fence = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER)
/** First 16 bytes of the hash of the asker's feeder file. */
const feeder = z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length === 16, 'want 16 bytes')
/** Longer than that nobody may hold what is not his. */
export const MAX_GRANT_MS = 60_000
/** And no load is off for longer on somebody's word. */
export const MAX_SHED_MINUTES = 480

const question = z.discriminatedUnion('kind', [
  /** What the IED sees at its device now. */
  z.object({ kind: z.literal('facts'), feeder }).strict(),
  /** The asker's device has locked out: who can feed what is dark may look. */
  z.object({ kind: z.literal('news'), feeder }).strict(),
  z
    .object({
      kind: z.literal('reserve'),
      feeder,
      incident,
      device: name,
      lifetimeMs: z.number().int().min(1).max(MAX_GRANT_MS),
    })
    .strict(),
  z.object({ kind: z.literal('open'), feeder, incident, device: name, fence }).strict(),
  z.object({ kind: z.literal('release'), feeder, incident, device: name, fence }).strict(),
  /** To the IED of a load: its sheddable part goes off, for so long at the most. */
  z
    .object({
      kind: z.literal('shed'),
      feeder,
      incident,
      load: name,
      minutes: z.number().int().min(1).max(MAX_SHED_MINUTES),
    })
    .strict(),
  z.object({ kind: z.literal('unshed'), feeder, incident, load: name }).strict(),
  /** To the IED that leads the incident, from one that has granted it: has it closed, or will it not any more? */
  z.object({ kind: z.literal('confirm'), feeder, incident }).strict(),
])
export type RestorationQuestion = z.infer<typeof question>

/** A fault of more than a day ago is told without its age. */
export const MAX_PASSED_AGO_MS = 86_400_000

const facts = z
  .object({
    kind: z.literal('facts'),
    device: name,
    position: z.enum(['open', 'closed', 'unknown']),
    tripped: z.boolean(),
    /** By its own relay: open, and it will not close again. */
    lockedOut: z.boolean(),
    /** Fault current passes now. */
    disturbed: z.boolean(),
    passage: z.enum(['yes', 'no', 'unknown']),
    /** Since fault current was last seen here, on the IED's own clock. */
    passedAgoMs: z.number().min(0).max(MAX_PASSED_AGO_MS).exactOptional(),
    /** The zone beside the device toward which it passed. */
    toward: name.exactOptional(),
    /** Whether the zone of the node at which the device stands is dead, and the zone of its section; absent: not known. */
    nodeSideDead: z.boolean().exactOptional(),
    sectionSideDead: z.boolean().exactOptional(),
    /** Why nothing may operate it now. */
    barred: words.exactOptional(),
    /** What it carried before the fault, all phases together. */
    loadKva: z.number().min(0).max(1e6).exactOptional(),
  })
  .strict()
export type RestorationFacts = z.infer<typeof facts>

const answer = z.discriminatedUnion('kind', [
  facts,
  z.object({ kind: z.literal('granted'), fence }).strict(),
  z.object({ kind: z.literal('refused'), why: words }).strict(),
  /** After `open` and `shed`: what the device took until it was read back, ms. */
  z.object({ kind: z.literal('done'), travelMs: z.number().min(0).max(600_000).exactOptional() }).strict(),
  /** To `confirm`: open, with the number raised so that it does not close under the old one; or closed. */
  z.object({ kind: z.literal('confirmed'), position: z.enum(['open', 'closed']) }).strict(),
])
export type RestorationAnswer = z.infer<typeof answer>

export const encodeRestorationQuestion = (asked: RestorationQuestion): Uint8Array => toCbor(question.parse(asked))
/** @throws when the bytes are no question */
export const decodeRestorationQuestion = decodedOnce(
  (encoded: Uint8Array): RestorationQuestion => question.parse(fromCbor(within(encoded))),
)
export const encodeRestorationAnswer = (given: RestorationAnswer): Uint8Array => toCbor(answer.parse(given))
/** @throws when the bytes are no answer */
export const decodeRestorationAnswer = (encoded: Uint8Array): RestorationAnswer =>
  answer.parse(fromCbor(within(encoded)))

function within(encoded: Uint8Array): Uint8Array {
  if (encoded.length <= MAX_RESTORATION_BYTES) return encoded
  throw new Error(`restoration: ${encoded.length} bytes, want ${MAX_RESTORATION_BYTES} at most`)
}
