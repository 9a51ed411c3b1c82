// Frames of IEEE C37.118.2: a synchronising word, the length, whose stream it is, the time, the content, a checksum.
//
//   AA tv | FRAMESIZE | IDCODE | SOC (s since 1970) | FRACSEC (quality, fraction) | content … | CHK
//
// t is the kind of frame, v the edition of the standard (1: 2005, 2: 2011). All numbers are big-endian.

export const FRAME_KINDS = ['data', 'header', 'config1', 'config2', 'command', 'config3'] as const
export type FrameKind = (typeof FRAME_KINDS)[number]

export const COMMANDS = { stop: 1, start: 2, sendConfig2: 5, sendConfig3: 6 } as const
export type PmuCommand = keyof typeof COMMANDS

export const SYNC = 0xaa
/** Before the content. */
export const HEAD = 14
export const CHECK = 2
export const SHORTEST = HEAD + CHECK

export interface Frame {
  readonly kind: FrameKind
  readonly idCode: number
  /** Seconds since 1970 in UTC. */
  readonly soc: number
  /** In units of the configuration's time base. */
  readonly fraction: number
  /** Quality of the time, as it stands in the frame. */
  readonly timeQuality: number
  readonly content: Uint8Array
}

export class C37118Error extends Error {
  override readonly name = 'C37118Error'
}

const CRC_OF_BYTE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
  return crc
})

/** CRC-CCITT with x^16 + x^12 + x^5 + 1, begun with -1, nothing inverted at the end (C37.118.2-2011, Annex B). */
export function crcCcitt(bytes: Uint8Array): number {
  let crc = 0xffff
  for (const byte of bytes) crc = ((crc << 8) & 0xffff) ^ (CRC_OF_BYTE[(crc >> 8) ^ byte] as number)
  return crc
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** @returns undefined where the second byte of a frame names none */
export const kindOf = (second: number): FrameKind | undefined =>
  (second & 0x80) === 0 ? FRAME_KINDS[second >> 4] : undefined

/** A whole frame. @throws C37118Error when it is none, or its checksum is wrong */
export function decodeFrame(bytes: Uint8Array): Frame {
  const kind = kindOf(bytes[1] ?? 0xff)
  if (bytes.length < SHORTEST || bytes[0] !== SYNC || kind === undefined)
    throw new C37118Error(`${bytes.length} bytes, want a frame of ${SHORTEST} or more that begins with AA`)
  const view = viewOf(bytes)
  if (view.getUint16(2) !== bytes.length)
    throw new C37118Error(`a ${kind} frame of ${bytes.length} bytes says ${view.getUint16(2)}`)
  const [said, is] = [view.getUint16(bytes.length - CHECK), crcCcitt(bytes.subarray(0, -CHECK))]
  if (said !== is) throw new C37118Error(`a ${kind} frame with checksum ${hex(said)}, want ${hex(is)}`)
  return {
    kind,
    idCode: view.getUint16(4),
    soc: view.getUint32(6),
    timeQuality: view.getUint8(10),
    fraction: view.getUint32(10) & 0xffffff,
    content: bytes.subarray(HEAD, bytes.length - CHECK),
  }
}

const hex = (word: number): string => `0x${word.toString(16).toUpperCase().padStart(4, '0')}`

/** @param edition 1 of 2005, 2 of 2011, which has configuration frame 3 */
export function encodeFrame(
  { kind, idCode, soc, fraction, timeQuality, content }: Frame,
  edition: 1 | 2 = 1,
): Uint8Array {
  const bytes = new Uint8Array(SHORTEST + content.length)
  if (bytes.length > 0xffff) throw new C37118Error(`a frame of ${bytes.length} bytes, want 65535 at the most`)
  const view = viewOf(bytes)
  view.setUint8(0, SYNC)
  view.setUint8(1, (FRAME_KINDS.indexOf(kind) << 4) | edition)
  view.setUint16(2, bytes.length)
  view.setUint16(4, idCode)
  view.setUint32(6, soc)
  view.setUint32(10, fraction)
  view.setUint8(10, timeQuality)
  bytes.set(content, HEAD)
  view.setUint16(bytes.length - CHECK, crcCcitt(bytes.subarray(0, -CHECK)))
  return bytes
}

/** What a receiver tells a stream to do. The edition of 2011 is needed for configuration frame 3. */
export function encodeCommand(command: PmuCommand, idCode: number, utcMs: number): Uint8Array {
  const content = Uint8Array.of(0, COMMANDS[command])
  const soc = Math.floor(utcMs / 1000) % 2 ** 32
  const frame = { kind: 'command', idCode, soc, fraction: 0, timeQuality: 0, content } as const
  return encodeFrame(frame, command === 'sendConfig3' ? 2 : 1)
}
