// What two neighbours say to each other on a protection link, the same bytes inside a datagram and on the held stream.
// Numbers are big-endian, times ms on the sender's monotonic clock as IEEE 754 doubles.
//
//   1 beat      number (4), sent at (8), 1 when the sender holds the receiver (1), padding
//   2 echo      number (4), heard at (8), the beat's padding
//   3 frame     sent at (8), its age at that time (8; not a number: unknown), its label (4; 0: none), the frame
//   4 ask       number (4), the question
//   5 answer    number (4), the answer
//   6 nobody    number (4): there is nobody here who answers

export const BEAT = 1
export const ECHO = 2
export const FRAME = 3
export const ASK = 4
export const ANSWER = 5
export const NOBODY = 6

export const FRAME_HEAD = 21
const BEAT_HEAD = 14
const ECHO_HEAD = 13

export type LinkPacket =
  | { readonly kind: typeof BEAT; readonly number: number; readonly sentAt: number; readonly holds: boolean }
  | { readonly kind: typeof ECHO; readonly number: number; readonly heardAt: number }
  | {
      readonly kind: typeof FRAME
      readonly sentAt: number
      readonly ageMs: number | undefined
      readonly label: number
      readonly body: Uint8Array
    }
  | { readonly kind: typeof ASK | typeof ANSWER; readonly number: number; readonly body: Uint8Array }
  | { readonly kind: typeof NOBODY; readonly number: number }

export function beatPacket(number: number, sentAt: number, holds: boolean, padding?: Uint8Array): Buffer {
  const packet = Buffer.allocUnsafe(BEAT_HEAD + (padding?.length ?? 0))
  packet[0] = BEAT
  packet.writeUInt32BE(number, 1)
  packet.writeDoubleBE(sentAt, 5)
  packet[13] = holds ? 1 : 0
  if (padding !== undefined) packet.set(padding, BEAT_HEAD)
  return packet
}

/** @param beat as it came, already read */
export function echoPacket(beat: Uint8Array, heardAt: number): Buffer {
  const packet = Buffer.allocUnsafe(ECHO_HEAD + beat.length - BEAT_HEAD)
  packet[0] = ECHO
  packet.set(beat.subarray(1, 5), 1)
  packet.writeDoubleBE(heardAt, 5)
  packet.set(beat.subarray(BEAT_HEAD), ECHO_HEAD)
  return packet
}

/** @param label says what the frame is about, see `known-routes.ts` */
export function framePacket(sentAt: number, ageMs: number | undefined, frame: Uint8Array, label = 0): Buffer {
  const packet = Buffer.allocUnsafe(FRAME_HEAD + frame.length)
  packet[0] = FRAME
  packet.writeDoubleBE(sentAt, 1)
  packet.writeDoubleBE(ageMs ?? Number.NaN, 9)
  packet.writeUInt32BE(label, 17)
  packet.set(frame, FRAME_HEAD)
  return packet
}

export function numberedPacket(
  kind: typeof ASK | typeof ANSWER | typeof NOBODY,
  number: number,
  body?: Uint8Array,
): Buffer {
  const packet = Buffer.allocUnsafe(5 + (body?.length ?? 0))
  packet[0] = kind
  packet.writeUInt32BE(number, 1)
  if (body !== undefined) packet.set(body, 5)
  return packet
}

/** Undefined for what is none: of another kind, too short, or with a time that is no time. */
export function readPacket(packet: Buffer): LinkPacket | undefined {
  const { length } = packet
  switch (packet[0]) {
    case BEAT: {
      if (length < BEAT_HEAD) return undefined
      const sentAt = packet.readDoubleBE(5)
      if (!Number.isFinite(sentAt)) return undefined
      return { kind: BEAT, number: packet.readUInt32BE(1), sentAt, holds: packet[13] === 1 }
    }
    case ECHO: {
      if (length < ECHO_HEAD) return undefined
      const heardAt = packet.readDoubleBE(5)
      return Number.isFinite(heardAt) ? { kind: ECHO, number: packet.readUInt32BE(1), heardAt } : undefined
    }
    case FRAME: {
      if (length <= FRAME_HEAD) return undefined
      const [sentAt, age] = [packet.readDoubleBE(1), packet.readDoubleBE(9)]
      if (!Number.isFinite(sentAt)) return undefined
      // An age below zero would make a frame younger than its flight.
      const ageMs = Number.isFinite(age) && age >= 0 ? age : undefined
      return { kind: FRAME, sentAt, ageMs, label: packet.readUInt32BE(17), body: packet.subarray(FRAME_HEAD) }
    }
    case ASK:
    case ANSWER:
      if (length < 5) return undefined
      return { kind: packet[0], number: packet.readUInt32BE(1), body: packet.subarray(5) }
    case NOBODY:
      return length === 5 ? { kind: NOBODY, number: packet.readUInt32BE(1) } : undefined
    default:
      return undefined
  }
}
