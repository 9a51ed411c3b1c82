// What the protection components say to each other, and its form on the wire (CBOR maps; see docs/messages.cddl).

import { z } from 'zod'
import { decodedOnce, fromCbor, toCbor } from '../../topology/cbor.ts'

const name = z.string().min(1).max(64)
/** One event of one origin: `<ied>/<boot epoch>/<count>`. Copies of a message by other ways carry the same one. */
const event = z.string().min(3).max(128)

/** Of state that is said again and again, see `state-message.ts`. */
const count = z.number().int().nonnegative()
const stamp = {
  stateNumber: count,
  sequenceNumber: count,
  /** It comes from a test set: for those alone that are in test themselves. */
  test: z.boolean(),
}

const severities = ['severe', 'catastrophic'] as const
export type Severity = (typeof severities)[number]

const warning = z
  .object({
    event,
    section: name,
    severity: z.enum(severities),
    /** Lowest voltage seen, per unit of nominal. */
    residualPu: z.number().min(0).max(2),
  })
  .strict()
const allClear = z.object({ event, section: name }).strict()
const tripped = z.object({ event, device: name, breakerFailureMs: z.number().int().positive().max(10_000) }).strict()
const position = z
  .object({
    device: name,
    position: z.enum(['open', 'closed', 'unknown']),
    ...stamp,
  })
  .strict()
/** Whether the trip of the device still stands: those below that operate generators leave while it does. */
const transferTrip = z.object({ device: name, stands: z.boolean(), ...stamp }).strict()

export type Warning = z.infer<typeof warning>
export type AllClear = z.infer<typeof allClear>
export type Tripped = z.infer<typeof tripped>
export type PositionReport = z.infer<typeof position>
export type TransferTrip = z.infer<typeof transferTrip>

export interface MessageType<T> {
  readonly type: string
  encode(message: T): Uint8Array
  /** @throws when the bytes are no such message */
  decode(bytes: Uint8Array): T
}

const messageType = <T extends object>(type: string, schema: z.ZodType<T>): MessageType<T> => ({
  type,
  encode: toCbor,
  decode: decodedOnce(bytes => schema.parse(fromCbor(bytes))),
})

export const warningMessage = messageType<Warning>('warning', warning)
export const allClearMessage = messageType<AllClear>('all-clear', allClear)
export const trippedMessage = messageType<Tripped>('tripped', tripped)
export const positionMessage = messageType<PositionReport>('position', position)
export const transferTripMessage = messageType<TransferTrip>('transfer-trip', transferTrip)
