// The strict decoder of the project's CBOR profile, RFC 8949 section 4.2.1: it refuses whatever is not the one
// deterministic encoding of a value while it reads it, so that nothing need be encoded again to compare. Every message
// that a peer sends goes through here, before its signature is checked: it reads what is there, allocates for no length
// that the bytes do not hold, and goes no deeper than `MAX_DEPTH`.

/** Nesting of arrays and maps. What we say to each other is a few levels deep. */
const MAX_DEPTH = 64
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Texts up to this length are put together a character at a time, which is faster while they are short. */
const SHORT_TEXT = 24

interface Cursor {
  readonly bytes: Uint8Array
  readonly view: DataView
  at: number
}

/**
 * @returns the value: whole numbers beyond 2^53 as `bigint`, byte strings as copies, maps as plain objects
 * @throws Error when the bytes are anything else than the deterministic encoding of one value
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  const cursor = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 }
  const value = readValue(cursor, 0)
  if (cursor.at !== bytes.length) throw new Error(`CBOR: ${bytes.length - cursor.at} bytes too many`)
  return value
}

function readValue(cursor: Cursor, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new Error(`CBOR: nested deeper than ${MAX_DEPTH}`)
  const head = byteAt(cursor)
  const major = head >> 5
  if (major === 7) return readSimple(cursor, head & 31)
  const argument = readArgument(cursor, head & 31)
  switch (major) {
    case 0:
      return argument
    case 1:
      return negative(argument)
    case 2: {
      const start = skip(cursor, argument)
      return new Uint8Array(cursor.bytes.subarray(start, cursor.at))
    }
    case 3:
      return readText(cursor, argument)
    case 4:
      return readArray(cursor, argument, depth)
    case 5:
      return readMap(cursor, argument, depth)
    default:
      throw new Error('CBOR: a tag')
  }
}

function byteAt(cursor: Cursor): number {
  const byte = cursor.bytes[cursor.at++]
  if (byte === undefined) throw new Error('CBOR: ends too early')
  return byte
}

/** The number in a head, in its shortest form. */
function readArgument(cursor: Cursor, short: number): number | bigint {
  if (short < 24) return short
  const { view } = cursor
  switch (short) {
    case 24:
      return atLeast(24, byteAt(cursor))
    case 25:
      return atLeast(0x100, view.getUint16(skip(cursor, 2)))
    case 26:
      return atLeast(0x1_0000, view.getUint32(skip(cursor, 4)))
    case 27: {
      const start = skip(cursor, 8)
      const high = view.getUint32(start)
      if (high === 0) throw new Error('CBOR: a number in a longer form than it needs')
      // Up to 2^53 - 1.
      if (high < 0x20_0000) return high * 0x1_0000_0000 + view.getUint32(start + 4)
      return view.getBigUint64(start)
    }
    default:
      throw new Error('CBOR: an indefinite length, or a reserved one')
  }
}

function atLeast(least: number, value: number): number {
  if (value < least) throw new Error('CBOR: a number in a longer form than it needs')
  return value
}

function negative(argument: number | bigint): number | bigint {
  if (typeof argument === 'number' && argument < Number.MAX_SAFE_INTEGER) return -1 - argument
  return -1n - BigInt(argument)
}

/** Moves past so many bytes. @returns where they start */
function skip(cursor: Cursor, length: number | bigint): number {
  const start = cursor.at
  if (typeof length === 'bigint' || length > cursor.bytes.length - start) throw new Error('CBOR: ends too early')
  cursor.at = start + length
  return start
}

function readText(cursor: Cursor, length: number | bigint): string {
  const start = skip(cursor, length)
  const { bytes, at: end } = cursor
  if (end - start > SHORT_TEXT) return UTF8.decode(bytes.subarray(start, end))
  let text = ''
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    if (byte > 0x7f) return UTF8.decode(bytes.subarray(start, end))
    text += String.fromCharCode(byte)
  }
  return text
}

/** Each item takes a byte at the least. */
function countOf(cursor: Cursor, count: number | bigint, each: number): number {
  if (typeof count === 'bigint' || count * each > cursor.bytes.length - cursor.at) {
    throw new Error('CBOR: ends too early')
  }
  return count
}

function readArray(cursor: Cursor, argument: number | bigint, depth: number): unknown[] {
  const count = countOf(cursor, argument, 1)
  const items: unknown[] = []
  for (let i = 0; i < count; i++) items.push(readValue(cursor, depth + 1))
  return items
}

function readMap(cursor: Cursor, argument: number | bigint, depth: number): Record<string, unknown> {
  const count = countOf(cursor, argument, 2)
  const map: Record<string, unknown> = {}
  let [before, beforeEnd] = [0, 0]
  for (let i = 0; i < count; i++) {
    const start = cursor.at
    const head = byteAt(cursor)
    if (head >> 5 !== 3) throw new Error('CBOR: a key that is no text')
    const key = readText(cursor, readArgument(cursor, head & 31))
    if (i > 0 && !isBefore(cursor.bytes, before, beforeEnd, start, cursor.at)) {
      throw new Error('CBOR: keys out of order, or twice the same')
    }
    before = start
    beforeEnd = cursor.at
    const value = readValue(cursor, depth + 1)
    if (key !== '__proto__') map[key] = value
    // Assigned, it would be the object's prototype.
    else Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true })
  }
  return map
}

/** By their encoded bytes. */
function isBefore(bytes: Uint8Array, one: number, oneEnd: number, other: number, otherEnd: number): boolean {
  const length = Math.min(oneEnd - one, otherEnd - other)
  for (let i = 0; i < length; i++) {
    const difference = (bytes[one + i] as number) - (bytes[other + i] as number)
    if (difference !== 0) return difference < 0
  }
  return oneEnd - one < otherEnd - other
}

function readSimple(cursor: Cursor, kind: number): unknown {
  switch (kind) {
    case 20:
      return false
    case 21:
      return true
    case 22:
      return null
    case 25: {
      const start = skip(cursor, 2)
      return notWhole(half(cursor.view.getUint16(start)), cursor, start, 2)
    }
    case 26: {
      const start = skip(cursor, 4)
      return notWhole(cursor.view.getFloat32(start), cursor, start, 4)
    }
    case 27: {
      const start = skip(cursor, 8)
      return notWhole(cursor.view.getFloat64(start), cursor, start, 8)
    }
    default:
      throw new Error('CBOR: a simple value that we do not use')
  }
}

function half(bits: number): number {
  const exponent = (bits >> 10) & 31
  const fraction = bits & 0x3ff
  const sign = bits & 0x8000 ? -1 : 1
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (fraction + 1024) * 2 ** (exponent - 25)
}

const scratch = new DataView(new ArrayBuffer(8))

/** A float stands only for what is no safe whole number, and in the shortest form that keeps it; NaN has one form. */
function notWhole(value: number, cursor: Cursor, start: number, length: 2 | 4 | 8): number {
  if (Number.isSafeInteger(value)) throw new Error('CBOR: a whole number as a float')
  if (Number.isNaN(value)) {
    if (length !== 2 || cursor.view.getUint16(start) !== 0x7e00) throw new Error('CBOR: not the one NaN')
    return value
  }
  if (length === 8 && Math.fround(value) === value) throw new Error('CBOR: a float in a longer form than it needs')
  if (length === 4 && fitsHalf(value)) throw new Error('CBOR: a float in a longer form than it needs')
  if (length === 2 && !fitsHalf(value)) throw new Error('CBOR: a float that our encoder writes as a single')
  return value
}

/** Of what a single holds: whether a half does too. */
function fitsHalf(value: number): boolean {
  scratch.setFloat32(0, value)
  const bits = scratch.getUint32(0)
  const exponent = ((bits >> 23) & 0xff) - 127
  const fraction = bits & 0x7f_ffff
  if (exponent === 128) return fraction === 0
  if (exponent > 15) return false
  if (exponent >= -14) return (fraction & 0x1fff) === 0
  // Subnormal as a half. Our encoder, cborg, writes only powers of two so, and all others as singles.
  return exponent >= -24 && fraction === 0
}
