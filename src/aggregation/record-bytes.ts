// Headers and bodies as bytes, written straight down. They are what `toCbor` makes of them to the last bit; but a back end hashes
// the header of each reading that it takes in, and the general encoder takes ten times as long as the hash.
//
// Whoever is not exactly of the shape that is written here is left to the general codec, which says what is wrong.

import type { Body, Header } from './record.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const LEDGER_ID = /^[0-9a-f]{32}$/
const HASH_BYTES = 32
const HEADER_KEYS = 8
/** Its names, classes and numbers at their longest, and room. */
const MOST_HEADER = 512

const TEXT = 0x60
const BYTES = 0x40

/** The words that there are for class and quality: of ASCII, like names. */
export interface HeaderWords {
  readonly classes: ReadonlySet<unknown>
  readonly qualities: ReadonlySet<unknown>
}
export interface BodySizes {
  readonly saltBytes: number
  readonly mostContent: number
}

export function isPlainHeader(value: unknown, { classes, qualities }: HeaderWords): value is Header {
  if (typeof value !== 'object' || value === null) return false
  const { ied, class: recordClass, utcMs, number, ledgerId, commitment, utcQuality, previousHash } = value as Header
  return (
    isText(ied, NAME) &&
    isText(ledgerId, LEDGER_ID) &&
    classes.has(recordClass) &&
    qualities.has(utcQuality) &&
    isCount(number) &&
    number > 0 &&
    isCount(utcMs) &&
    isHash(commitment) &&
    isHash(previousHash) &&
    Object.keys(value).length === HEADER_KEYS
  )
}

export function isPlainBody(value: unknown, { saltBytes, mostContent }: BodySizes): value is Body {
  if (typeof value !== 'object' || value === null) return false
  const { salt, content } = value as Body
  return (
    salt instanceof Uint8Array &&
    salt.length === saltBytes &&
    content instanceof Uint8Array &&
    content.length <= mostContent &&
    Object.keys(value).length === 2
  )
}

export function headerBytes(header: Header, words: HeaderWords): Uint8Array | undefined {
  if (!isPlainHeader(header, words)) return undefined
  const { ied, class: recordClass, utcMs, number, ledgerId, commitment, utcQuality, previousHash } = header
  const out = Buffer.allocUnsafe(MOST_HEADER)
  // In the order of the encoded keys: the shorter first.
  let at = out.writeUInt8(0xa0 + HEADER_KEYS, 0)
  at = text(out, text(out, at, 'ied'), ied)
  at = text(out, text(out, at, 'class'), recordClass)
  at = count(out, text(out, at, 'utcMs'), 0, utcMs)
  at = count(out, text(out, at, 'number'), 0, number)
  at = text(out, text(out, at, 'ledgerId'), ledgerId)
  at = bytes(out, text(out, at, 'commitment'), commitment)
  at = text(out, text(out, at, 'utcQuality'), utcQuality)
  at = bytes(out, text(out, at, 'previousHash'), previousHash)
  return written(out, at)
}

export function bodyBytes(body: Body, sizes: BodySizes): Uint8Array | undefined {
  if (!isPlainBody(body, sizes)) return undefined
  const { salt, content } = body
  const out = Buffer.allocUnsafe(salt.length + content.length + 64)
  let at = out.writeUInt8(0xa2, 0)
  at = bytes(out, text(out, at, 'salt'), salt)
  at = bytes(out, text(out, at, 'content'), content)
  return written(out, at)
}

/** A view on the buffer, which Node takes from a pool that is shared by many: without an allocation of its own. */
const written = ({ buffer, byteOffset }: Buffer, length: number): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length)

const isText = (value: unknown, pattern: RegExp): boolean => typeof value === 'string' && pattern.test(value)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isHash = (value: unknown): boolean => value instanceof Uint8Array && value.length === HASH_BYTES

/** Of ASCII alone, so that there are as many bytes as characters. */
function text(out: Buffer, at: number, value: string): number {
  const from = count(out, at, TEXT, value.length)
  return from + out.write(value, from, 'latin1')
}

function bytes(out: Buffer, at: number, value: Uint8Array): number {
  const from = count(out, at, BYTES, value.length)
  out.set(value, from)
  return from + value.length
}

/** The shortest that holds it. */
function count(out: Buffer, at: number, major: number, value: number): number {
  if (value < 24) return out.writeUInt8(major + value, at)
  if (value < 2 ** 8) return out.writeUInt8(value, out.writeUInt8(major + 24, at))
  if (value < 2 ** 16) return out.writeUInt16BE(value, out.writeUInt8(major + 25, at))
  if (value < 2 ** 32) return out.writeUInt32BE(value, out.writeUInt8(major + 26, at))
  return out.writeBigUInt64BE(BigInt(value), out.writeUInt8(major + 27, at))
}
