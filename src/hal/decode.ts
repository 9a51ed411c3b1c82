// What an answer means: from a block's registers to the values of its points. Pure.

import type { Point } from './device-map.ts'
import { type FeedValue, factsOf } from './feeds.ts'
import type { QualityDetail } from './port.ts'
import { isWhole, ONE, plus, type Rational, roundedWhole, tenTo, times, timesNumber } from './rational.ts'
import type { Block } from './read-plan.ts'
import type { RegisterType } from './register-type.ts'
import { float32Of, float64Of, joinSmall, joinWords, textOf, wholeOf } from './register-value.ts'

/** What one point shows now. A point whose value is not available is not in the list. */
export interface Decoded {
  readonly feeds: Point['feeds']
  /** Absent: it was read, and cannot be what the map says it is; then `doubt` says so. */
  readonly value?: FeedValue
  readonly doubt?: QualityDetail
  /** Of energy, in its unit: where it begins again at 0. */
  readonly rollsOverAt?: bigint
}

/** @param registers the answer to `block`: `block.count` values of 0..65535 (0 or 1 in a bit table) */
export function decodeBlock(block: Block, registers: readonly number[]): Decoded[] {
  const decoded: Decoded[] = []
  decoderOf(block)(registers, decoded)
  return decoded
}

/** As `decodeBlock`, for a block that is read again and again: adds to `into` what an answer shows. */
export function decoderOf(block: Block): (registers: readonly number[], into: Decoded[]) => void {
  const decoders = block.points.map(point => pointDecoder(point, block))
  return (registers, into) => {
    for (const decode of decoders) {
      const found = decode(registers)
      if (found !== undefined) into.push(found)
    }
  }
}

type PointDecoder = (registers: readonly number[]) => Decoded | undefined

function pointDecoder(point: Point, block: Block): PointDecoder {
  const start = point.address - block.address
  return plainDecoder(point, start) ?? (registers => decodedAt(point, block, start, registers))
}

/** For the commonest form: one or two whole registers, high word first, that are a number or a float and nothing else. */
function plainDecoder(point: Point, at: number): PointDecoder | undefined {
  const { feeds, type, wordOrder, scaleRegister, offset, bits, invalid } = point
  const isPlain = scaleRegister === undefined && offset.numerator === 0n && bits === undefined && invalid.length === 0
  if (!isPlain || wordOrder !== 'ABCD' || factsOf(feeds).kind !== 'number') return undefined
  const read = plainReaders[type]
  if (read === undefined) return undefined
  const [numerator, denominator] = [Number(point.scale.numerator), Number(point.scale.denominator)]
  return registers => {
    const shown = read(registers, at)
    return Number.isFinite(shown) ? { feeds, value: (shown * numerator) / denominator } : undefined
  }
}

const wordAt = (registers: readonly number[], at: number): number => registers[at] ?? 0
const twoWordsAt = (registers: readonly number[], at: number): number =>
  wordAt(registers, at) * 0x10000 + wordAt(registers, at + 1)

const plainReaders: { readonly [type in RegisterType]?: (registers: readonly number[], at: number) => number } = {
  uint16: wordAt,
  int16: (registers, at) => (wordAt(registers, at) << 16) >> 16,
  uint32: twoWordsAt,
  int32: (registers, at) => twoWordsAt(registers, at) | 0,
  float32: (registers, at) => float32Of(twoWordsAt(registers, at)),
}

function decodedAt(point: Point, block: Block, start: number, registers: readonly number[]): Decoded | undefined {
  const words = registers.slice(start, start + point.words)
  const power = point.scaleRegister === undefined ? undefined : registers[point.scaleRegister - block.address]
  try {
    const found = decodePoint(point, words, power)
    return found && { feeds: point.feeds, ...found }
  } catch (error) {
    // One register that lies says nothing of the others.
    if (!(error instanceof RangeError)) throw error
    return { feeds: point.feeds, doubt: 'failure' }
  }
}

type Found = Pick<Decoded, 'value' | 'rollsOverAt'>

/** @throws RangeError when the value cannot be what the map says it is */
function decodePoint(point: Point, words: readonly number[], power: number | undefined): Found | undefined {
  if (point.type === 'string') {
    const text = textOf(words, point.wordOrder)
    return text === undefined ? undefined : { value: text }
  }
  if (point.type === 'float32' || point.type === 'float64') return decodeFloat(point, words, power)
  const isSmall = words.length <= 2
  const raw = isSmall ? joinSmall(words, point.wordOrder) : 0
  const field = point.bits
  const exact = (): bigint => bitsOf(isSmall ? BigInt(raw) : joinWords(words, point.wordOrder), field)
  if (point.invalid.length > 0 && point.invalid.includes(exact())) return undefined
  switch (factsOf(point.feeds).kind) {
    case 'number':
      return decodeNumber(point, exact, raw, power)
    case 'energy':
      return decodeEnergy(point, wholeOf(point.type, exact(), words.length), power)
    case 'mask':
      return { value: raw }
    case 'heartbeat':
      return { value: Number(exact()) }
    case 'text':
      return { value: textOfCode(point, wholeOf(point.type, exact(), words.length)) }
    case 'boolean': {
      if (point.values === undefined) return { value: isSet(point, exact()) }
      const meaning = point.values.get(Number(exact()))
      return meaning === undefined ? undefined : { value: meaning }
    }
    case 'position':
      if (point.values !== undefined) return { value: point.values.get(Number(exact())) ?? 'unknown' }
      return { value: isSet(point, exact()) ? 'closed' : 'open' }
  }
}

const bitsOf = (raw: bigint, field: Point['bits']): bigint =>
  field === undefined ? raw : (raw >> BigInt(field.from)) & ((1n << BigInt(field.count)) - 1n)

const isSet = ({ invert }: Point, raw: bigint): boolean => (raw & 1n) === (invert ? 0n : 1n)

const textOfCode = ({ values }: Point, code: bigint): string => {
  const meaning = values?.get(Number(code))
  return typeof meaning === 'string' ? meaning : String(code)
}

function decodeNumber(point: Point, exact: () => bigint, small: number, power: number | undefined): Found | undefined {
  const { type, words, scaleRegister, offset } = point
  const isPlain = scaleRegister === undefined && offset.numerator === 0n && point.bits === undefined
  // The common forms need no big integers: whole numbers up to 32 bits and a factor whose parts are small.
  if (isPlain && (type === 'uint16' || type === 'uint32')) return { value: timesNumber(small, point.scale) }
  if (isPlain && type === 'int16') return { value: timesNumber((small << 16) >> 16, point.scale) }
  if (isPlain && type === 'int32') return { value: timesNumber(small | 0, point.scale) }
  const scale = scaleOf(point, power)
  if (scale === undefined) return undefined
  const count = { numerator: wholeOf(type, exact(), words), denominator: 1n }
  const value = plus(times(count, scale), offset)
  return { value: Number(value.numerator) / Number(value.denominator) }
}

function decodeFloat(point: Point, words: readonly number[], power: number | undefined): Found | undefined {
  const { type, wordOrder, invalid, offset } = point
  const isDouble = type === 'float64'
  const raw = isDouble ? joinWords(words, wordOrder) : joinSmall(words, wordOrder)
  const shown = typeof raw === 'bigint' ? float64Of(raw) : float32Of(raw)
  if (!Number.isFinite(shown) || (invalid.length > 0 && invalid.includes(BigInt(raw)))) return undefined
  const scale = scaleOf(point, power)
  if (scale === undefined) return undefined
  const scaled = scale === ONE ? shown : timesNumber(shown, scale)
  if (factsOf(point.feeds).kind !== 'energy') {
    return { value: offset.numerator === 0n ? scaled : scaled + Number(offset.numerator) / Number(offset.denominator) }
  }
  if (shown < 0) throw new RangeError(`${shown}, want 0 or more`)
  return { value: BigInt(Math.round(scaled)) }
}

function decodeEnergy(point: Point, count: bigint, power: number | undefined): Found | undefined {
  if (count < 0n) throw new RangeError(`${count}, want 0 or more`)
  const scale = scaleOf(point, power)
  if (scale === undefined) return undefined
  const value = roundedWhole(times({ numerator: count, denominator: 1n }, scale))
  const { rollsOverAt } = point
  const modulus = rollsOverAt === undefined ? undefined : times({ numerator: rollsOverAt, denominator: 1n }, scale)
  // Where it rolls over at a fraction, what a difference over it is cannot be said exactly.
  return { value, ...(modulus !== undefined && isWhole(modulus) ? { rollsOverAt: modulus.numerator } : {}) }
}

const NO_POWER = 0x8000

/** With the power of ten that the device shows now. Nothing when it shows none. */
function scaleOf({ scale, scaleRegister }: Point, power: number | undefined): Rational | undefined {
  if (scaleRegister === undefined) return scale
  if (power === undefined || power === NO_POWER) return undefined
  const exponent = (power << 16) >> 16
  if (exponent < -10 || exponent > 10) throw new RangeError(`a power of ten of ${exponent}, want -10..10`)
  return times(scale ?? ONE, tenTo(exponent))
}
