// What the protection components say to each other, and its form on the wire (CBOR maps; see docs/messages.cddl).
//
// They are checked by hand: a relay reads one before it passes it on, and a schema takes many times as long, above all when
// a message comes seldom. A test holds these checks against schemas that say the same.

import { decodedOnce, fromCbor, toCbor } from '../../topology/cbor.ts'

const severities = ['severe', 'catastrophic'] as const
export type Severity = (typeof severities)[number]
export const severityWords: readonly Severity[] = severities
/**
 * What is coming. `sag` and `interruption`: the voltage of the disturbed section. `trip`: the protection above it has
 * picked up and is about to trip. `collapse`: the voltage is on its way out of its band. `frequency`: the frequency is.
 */
export const warningKinds = ['sag', 'interruption', 'trip', 'collapse', 'frequency'] as const
export type WarningKind = (typeof warningKinds)[number]
const positions = ['open', 'closed', 'unknown'] as const
/** Nothing that is farther off is worth a warning. */
const LONGEST_ARRIVAL_MS = 600_000
const LONGEST_LASTING_MS = 86_400_000

export interface Warning {
  /** One event of one origin: `<ied>/<boot epoch>/<count>`. Copies of a message by other ways carry the same one. */
  readonly event: string
  readonly section: string
  readonly severity: Severity
  readonly kind: WarningKind
  /** Lowest voltage seen, per unit of nominal. */
  readonly residualPu: number
  /** From the moment that this is said until it is felt below, whole ms. Absent: it is there now, or nobody knows. */
  readonly arrivesInMs?: number
  /** How long it is expected to last then, whole ms. Absent: nobody knows. */
  readonly lastsMs?: number
}

export interface AllClear {
  readonly event: string
  readonly section: string
}

export interface Tripped {
  readonly event: string
  readonly device: string
  readonly breakerFailureMs: number
}

/** Of state that is said again and again, see `state-message.ts`. */
export interface Stamp {
  readonly stateNumber: number
  readonly sequenceNumber: number
  /** It comes from a test set: for those alone that are in test themselves. */
  readonly test: boolean
}

export interface PositionReport extends Stamp {
  readonly device: string
  readonly position: (typeof positions)[number]
}

/** Whether the trip of the device still stands: those below that operate generators leave while it does. */
export interface TransferTrip extends Stamp {
  readonly device: string
  readonly stands: boolean
}

export interface MessageType<T> {
  readonly type: string
  encode(message: T): Uint8Array
  /** @throws when the bytes are no such message */
  decode(bytes: Uint8Array): T
}

export type Fields = Readonly<Record<string, unknown>>

/**
 * @param count of keys: with each of them read, there is no other one
 * @param optional keys beside them
 */
export const messageType = <T extends object>(
  type: string,
  count: number,
  read: (fields: Fields) => T,
  optional: readonly string[] = [],
): MessageType<T> => ({
  type,
  encode: toCbor,
  decode: decodedOnce(bytes => {
    const value = fromCbor(bytes)
    if (typeof value !== 'object' || value === null) throw new Error(`${type}: want a map`)
    const want = count + optional.filter(key => Object.hasOwn(value, key)).length
    if (Object.keys(value).length !== want) throw new Error(`${type}: want a map of ${want} keys`)
    return read(value as Fields)
  }),
})

export const warningMessage = messageType<Warning>(
  'warning',
  5,
  fields => ({
    event: event(fields),
    section: name(fields, 'section'),
    severity: oneOf(fields, 'severity', severities),
    kind: oneOf(fields, 'kind', warningKinds),
    residualPu: within(fields, 'residualPu', 0, 2),
    ...('arrivesInMs' in fields ? { arrivesInMs: whole(fields, 'arrivesInMs', 0, LONGEST_ARRIVAL_MS) } : {}),
    ...('lastsMs' in fields ? { lastsMs: whole(fields, 'lastsMs', 0, LONGEST_LASTING_MS) } : {}),
  }),
  ['arrivesInMs', 'lastsMs'],
)

export const allClearMessage = messageType<AllClear>('all-clear', 2, fields => ({
  event: event(fields),
  section: name(fields, 'section'),
}))

export const trippedMessage = messageType<Tripped>('tripped', 3, fields => ({
  event: event(fields),
  device: name(fields, 'device'),
  breakerFailureMs: whole(fields, 'breakerFailureMs', 1, 10_000),
}))

export const positionMessage = messageType<PositionReport>('position', 5, fields => ({
  device: name(fields, 'device'),
  position: oneOf(fields, 'position', positions),
  ...stamp(fields),
}))

export const transferTripMessage = messageType<TransferTrip>('transfer-trip', 5, fields => ({
  device: name(fields, 'device'),
  stands: bool(fields, 'stands'),
  ...stamp(fields),
}))

/** What is common to state that is said again and again. */
export const stamp = (fields: Fields): Stamp => ({
  stateNumber: whole(fields, 'stateNumber', 0),
  sequenceNumber: whole(fields, 'sequenceNumber', 0),
  test: bool(fields, 'test'),
})

export const event = (fields: Fields): string => text(fields, 'event', 3, 128)
export const name = (fields: Fields, key: string): string => text(fields, key, 1, 64)

function text(fields: Fields, key: string, least: number, most: number): string {
  const value = fields[key]
  if (typeof value === 'string' && value.length >= least && value.length <= most) return value
  throw new Error(`${key}: want text of ${least} to ${most} characters`)
}

export function oneOf<T extends string>(fields: Fields, key: string, known: readonly T[]): T {
  const value = fields[key] as T
  if (known.includes(value)) return value
  throw new Error(`${key}: want one of ${known.join(', ')}`)
}

export function whole(fields: Fields, key: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = fields[key]
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number
  throw new Error(`${key}: want a whole number from ${least} to ${most}`)
}

export function within(fields: Fields, key: string, least: number, most: number): number {
  const value = fields[key]
  if (typeof value === 'number' && value >= least && value <= most) return value
  throw new Error(`${key}: want a number from ${least} to ${most}`)
}

export function bool(fields: Fields, key: string): boolean {
  const value = fields[key]
  if (typeof value === 'boolean') return value
  throw new Error(`${key}: want true or false`)
}
