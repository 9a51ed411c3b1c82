// Which registers to ask for together, and what an answer means. Pure.
//
// A device answers a block of up to 125 registers as fast as a single one, so points that lie close are read together,
// gap included. A value that spans registers is never split over two answers: the halves would be of two moments.

import type { DeviceMap, Point, Table } from './device-map.ts'
import { type FeedValue, factsOf, type PollClass } from './feeds.ts'
import type { Rational } from './rational.ts'
import { timesNumber } from './rational.ts'

/** One request. */
export interface Block {
  readonly table: Table
  readonly address: number
  readonly count: number
  readonly points: readonly Point[]
}

/** What one point shows now. A point whose value is not available has none. */
export interface Decoded {
  readonly feeds: Point['feeds']
  readonly value: FeedValue
}

/** Few blocks that cover all points of a class, in table and address order. */
export function planReads(map: Pick<DeviceMap, 'points' | 'reads'>, pollClass: PollClass): Block[] {
  return coverPoints(map, point => point.class === pollClass)
}

/** As `planReads`, for the points that `wanted` picks. */
export function coverPoints(
  { points, reads }: Pick<DeviceMap, 'points' | 'reads'>,
  wanted: (point: Point) => boolean,
): Block[] {
  const blocks: Block[] = []
  const inOrder = points
    .filter(wanted)
    .sort((p, q) => (p.table === q.table ? p.address - q.address : p.table < q.table ? -1 : 1))
  for (const point of inOrder) {
    const last = blocks.at(-1)
    const end = point.address + point.words
    if (
      last !== undefined &&
      last.table === point.table &&
      point.address <= last.address + last.count + reads.maxGap &&
      end - last.address <= reads.maxRegisters
    ) {
      const count = Math.max(last.count, end - last.address)
      blocks[blocks.length - 1] = { ...last, count, points: [...last.points, point] }
    } else {
      blocks.push({ table: point.table, address: point.address, count: point.words, points: [point] })
    }
  }
  return blocks
}

/**
 * @param registers the answer to `block`: `block.count` values of 0..65535 (0 or 1 in a bit table)
 * @throws RangeError when a value cannot be what the map says it is
 */
export function decodeBlock(block: Block, registers: readonly number[]): Decoded[] {
  return block.points.flatMap(point => {
    const start = point.address - block.address
    const value = decodePoint(point, registers.slice(start, start + point.words))
    return value === undefined ? [] : [{ feeds: point.feeds, value }]
  })
}

function decodePoint(point: Point, words: readonly number[]): FeedValue | undefined {
  const raw = joinWords(words, point)
  if (point.invalid !== undefined && raw === point.invalid) return undefined
  switch (factsOf(point.feeds).kind) {
    case 'number':
      return decodeNumber(point, raw)
    case 'energy':
      return decodeEnergy(point, raw)
    case 'mask':
      return Number(raw)
    case 'boolean':
      return point.values === undefined ? isSet(point, raw) : point.values.get(Number(raw))
    case 'position':
      if (point.values !== undefined) return point.values.get(Number(raw)) ?? 'unknown'
      return isSet(point, raw) ? 'closed' : 'open'
  }
}

/** The value's bits, most significant first, as an unsigned number. */
function joinWords(words: readonly number[], { wordOrder }: Point): bigint {
  const ordered = wordOrder === 'CDAB' || wordOrder === 'DCBA' ? [...words].reverse() : words
  const swapsBytes = wordOrder === 'BADC' || wordOrder === 'DCBA'
  return ordered.reduce((raw, word) => (raw << 16n) | BigInt(swapsBytes ? swapBytes(word) : word), 0n)
}

const swapBytes = (word: number): number => ((word & 0xff) << 8) | (word >> 8)

const isSet = ({ bit, invert }: Point, raw: bigint): boolean => ((raw >> BigInt(bit ?? 0)) & 1n) === (invert ? 0n : 1n)

function decodeNumber(point: Point, raw: bigint): number | undefined {
  if (point.type === 'float32') {
    const value = floatOf(raw)
    return Number.isFinite(value) ? timesNumber(value, point.scale) : undefined
  }
  return exactOrNear(signed(point, raw), point.scale)
}

function decodeEnergy(point: Point, raw: bigint): bigint {
  const count = signed(point, raw)
  if (count < 0n) throw new RangeError(`${point.table} ${point.address} (${point.feeds}) read ${count}, want 0 or more`)
  return count * point.scale.numerator
}

const signed = ({ type, words }: Point, raw: bigint): bigint =>
  type.startsWith('int') ? BigInt.asIntN(16 * words, raw) : raw

/** One rounding, at the division. */
const exactOrNear = (count: bigint, scale: Rational): number =>
  Number(count * scale.numerator) / Number(scale.denominator)

const floats = new DataView(new ArrayBuffer(4))
function floatOf(raw: bigint): number {
  floats.setUint32(0, Number(raw))
  return floats.getFloat32(0)
}
