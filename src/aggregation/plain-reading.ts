// Readings of the usual shape, seen to be so straight away: a back end looks at one in every record that it takes in, and the
// general check takes ten times as long, most of it for the fields that are not there.
//
// What is not of exactly this shape (older programs' fields, multipliers, and whatever is wrong) is left to the general check.

import { utcMs } from '../../topology/units.ts'
import type { Reading } from './reading.ts'

const MOST_REGISTER = 1n << 63n
const MOST_FLAGS = 16
const MOST_FLAG = 32

export interface ReadingContent extends Omit<Reading, 'flags'> {
  readonly kind: 'reading'
  readonly flags: string[]
}
type Draft = { -readonly [each in keyof ReadingContent]: ReadingContent[each] }

/** The reading that decoded content is; undefined where only the general check can say. */
export function plainReading(value: unknown): ReadingContent | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const given = value as Record<string, unknown>
  const { startUtcMs, endUtcMs, flags } = given
  if (given.kind !== 'reading' || !isCount(startUtcMs) || !isCount(endUtcMs) || endUtcMs < startUtcMs) return undefined
  if (!isFlags(flags)) return undefined
  const imported = registers(given.importWhStart, given.importWhEnd)
  const exported = registers(given.exportWhStart, given.exportWhEnd)
  if (imported === undefined || exported === undefined) return undefined
  const reading: Draft = {
    kind: 'reading',
    startUtcMs: utcMs(startUtcMs),
    endUtcMs: utcMs(endUtcMs),
    importWhStart: imported.start,
    importWhEnd: imported.end,
    exportWhStart: exported.start,
    exportWhEnd: exported.end,
    flags,
  }
  let fields = FIELDS
  if ('importVarhStart' in given) {
    const taken = registers(given.importVarhStart, given.importVarhEnd)
    if (taken === undefined) return undefined
    reading.importVarhStart = taken.start
    reading.importVarhEnd = taken.end
    fields += 2
  }
  if ('exportVarhStart' in given) {
    const fed = registers(given.exportVarhStart, given.exportVarhEnd)
    if (fed === undefined) return undefined
    reading.exportVarhStart = fed.start
    reading.exportVarhEnd = fed.end
    fields += 2
  }
  if (typeof given.hasVoltage === 'boolean') {
    reading.hasVoltage = given.hasVoltage
    fields++
  }
  return Object.keys(given).length === fields ? reading : undefined
}

/** Kind, two times, four registers, flags. */
const FIELDS = 8

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function registers(from: unknown, to: unknown): { readonly start: bigint; readonly end: bigint } | undefined {
  const [start, end] = [register(from), register(to)]
  return start === undefined || end === undefined || end < start ? undefined : { start, end }
}

function register(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value >= 0n && value < MOST_REGISTER ? value : undefined
  return isCount(value) ? BigInt(value) : undefined
}

const isFlags = (value: unknown): value is string[] =>
  Array.isArray(value) &&
  value.length <= MOST_FLAGS &&
  value.every(flag => typeof flag === 'string' && flag.length > 0 && flag.length <= MOST_FLAG)
