// From the registers of one value to the value: bits joined in the device's order, then read as their type. Pure.

import type { RegisterType, WordOrder } from './register-type.ts'

/** The value's bits, most significant first, as an unsigned number. */
export function joinWords(words: readonly number[], wordOrder: WordOrder): bigint {
  let raw = 0n
  for (const word of inOrder(words, wordOrder)) raw = (raw << 16n) | BigInt(word)
  return raw
}

/** As `joinWords`, of one or two registers: without big integers, as most values are. */
export function joinSmall(words: readonly number[], wordOrder: WordOrder): number {
  let raw = 0
  for (const word of inOrder(words, wordOrder)) raw = raw * 65_536 + word
  return raw
}

function inOrder(words: readonly number[], wordOrder: WordOrder): readonly number[] {
  if (wordOrder === 'ABCD') return words
  const ordered = wordOrder === 'BADC' ? words : [...words].reverse()
  return wordOrder === 'CDAB' ? ordered : ordered.map(swapBytes)
}

const swapBytes = (word: number): number => ((word & 0xff) << 8) | (word >> 8)

/**
 * A whole number in whatever dress.
 * @throws RangeError when the digits are none
 */
export function wholeOf(type: RegisterType, raw: bigint, words: number): bigint {
  if (type === 'int8') return BigInt.asIntN(8, raw)
  if (type.startsWith('int')) return BigInt.asIntN(16 * words, raw)
  if (type.startsWith('bcd')) return bcdOf(raw)
  if (type.startsWith('magnitude')) return magnitudeOf(raw, words)
  if (type.startsWith('mod10k')) return mod10kOf(raw, words)
  return raw
}

function bcdOf(raw: bigint): bigint {
  const digits = raw.toString(16)
  if (!/^\d+$/.test(digits)) throw new RangeError(`0x${digits}, want decimal digits only`)
  return BigInt(digits)
}

function magnitudeOf(raw: bigint, words: number): bigint {
  const sign = 1n << BigInt(16 * words - 1)
  return raw >= sign ? sign - raw : raw
}

function mod10kOf(raw: bigint, words: number): bigint {
  let value = 0n
  for (let word = words - 1; word >= 0; word--) {
    const part = BigInt.asIntN(16, raw >> BigInt(16 * word))
    if (part > 9_999n || part < -9_999n) throw new RangeError(`${part}, want -9999..9999 in each register`)
    value = value * 10_000n + part
  }
  return value
}

/** How many different values a counter of this type has before it begins again at 0; none for a type that has no end of its own. */
export function countsOf(type: RegisterType, words: number): bigint {
  if (type === 'uint8' || type === 'int8') return 1n << (type === 'uint8' ? 8n : 7n)
  if (type.startsWith('bcd') || type.startsWith('mod10k')) return 10n ** BigInt(4 * words)
  const isSigned = type.startsWith('int') || type.startsWith('magnitude')
  return 1n << BigInt(16 * words - (isSigned ? 1 : 0))
}

const floats = new DataView(new ArrayBuffer(8))

export function float32Of(raw: number): number {
  floats.setUint32(0, raw)
  return floats.getFloat32(0)
}

export function float64Of(raw: bigint): number {
  floats.setBigUint64(0, raw)
  return floats.getFloat64(0)
}

/** Printable text up to the first zero, without blanks at its ends. Nothing when none is left: a field that was never set. */
export function textOf(words: readonly number[], wordOrder: WordOrder): string | undefined {
  const bytes = words.flatMap(word => (wordOrder === 'BADC' ? [word & 0xff, word >> 8] : [word >> 8, word & 0xff]))
  const end = bytes.indexOf(0)
  const text = Buffer.from(end === -1 ? bytes : bytes.slice(0, end)).toString('latin1')
  const printable = text.replace(/[^\x20-\x7e\xa0-\xff]/g, '').trim()
  return printable === '' ? undefined : printable
}
