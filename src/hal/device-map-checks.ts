// What the schema cannot say about a device map: registers that overlap, types that a table cannot hold, inexact energy.

import type { DeviceMapFile, Fault } from './device-map.ts'
import { type FeedKind, factsOf } from './feeds.ts'
import { isWhole, parseRational } from './rational.ts'
import { type RegisterType, wordsOf } from './register-type.ts'

type PointEntry = DeviceMapFile['points'][number]
type Complain = (key: string, text: string) => void

const INTEGERS: readonly RegisterType[] = ['uint16', 'int16', 'uint32', 'int32', 'uint64', 'int64']
const TYPES: Record<FeedKind, readonly RegisterType[]> = {
  number: [...INTEGERS, 'float32'],
  energy: INTEGERS,
  boolean: ['bool', 'bits16', 'uint16'],
  position: ['bool', 'bits16', 'uint16'],
  mask: ['bits16', 'uint16'],
}

/** Every fault of a map that has the right shape, in the order of the file. */
export function checkDeviceMap(file: DeviceMapFile): Fault[] {
  const faults: Fault[] = []
  file.points.forEach((point, index) => {
    checkPoint(point, (key, text) => faults.push({ path: ['points', index, key], text }))
  })
  return [...faults, ...duplicates(file), ...overlaps(file), ...operationFaults(file)]
}

function checkPoint(point: PointEntry, complain: Complain): void {
  const { kind, unit } = factsOf(point.feeds)
  checkTable(point, complain)
  if (!TYPES[kind].includes(point.type)) {
    const why = kind === 'energy' && point.type === 'float32' ? ': energy is never a binary float' : ''
    complain('type', `${point.type}, want ${TYPES[kind].join(', ')} for ${point.feeds}${why}`)
  }
  checkBits(point, kind, complain)
  checkScale(point, kind, complain)
  checkInvalid(point, complain)
  if (point.unit !== undefined && point.unit !== unit) {
    complain('unit', `${point.unit}, want ${unit ?? 'none'}: \`scale\` brings the raw value there`)
  }
  const pollClass = factsOf(point.feeds).class
  if (point.class !== undefined && point.class !== pollClass) {
    complain('class', `${point.class}, want ${pollClass} for ${point.feeds}`)
  }
}

function checkTable({ table, type, address, wordOrder }: PointEntry, complain: Complain): void {
  const holdsBits = table === 'coil' || table === 'discrete'
  if (holdsBits && type !== 'bool') complain('type', `${type}, want bool in table ${table}`)
  if (!holdsBits && type === 'bool') complain('type', `bool, want bits16 with a \`bit\` in table ${table}`)
  if (address + wordsOf(type) > 65_536) {
    complain('address', `${address}, want at most ${65_536 - wordsOf(type)} for ${type}: the table ends at 65535`)
  }
  if (wordOrder !== undefined && wordsOf(type) === 1) complain('wordOrder', `${wordOrder}, want none on ${type}`)
}

function checkBits({ feeds, type, bit, invert, values }: PointEntry, kind: FeedKind, complain: Complain): void {
  const isFlag = kind === 'boolean' || kind === 'position'
  if (bit !== undefined && type !== 'bits16') complain('bit', `${bit}, want none on ${type}`)
  if (bit !== undefined && kind === 'mask') complain('bit', `${bit}, want none: ${feeds} takes the whole register`)
  if (bit === undefined && type === 'bits16' && isFlag) complain('bit', `missing, want 0..15 for ${feeds}`)
  if (invert !== undefined && !(isFlag && (type === 'bool' || type === 'bits16'))) {
    complain('invert', `${invert}, want none on ${type} for ${feeds}`)
  }
  if (isFlag && type === 'uint16' && values === undefined) {
    complain('values', `missing, want the meaning of each raw value for ${feeds}`)
  }
  if (values === undefined) return
  if (!isFlag || type !== 'uint16') complain('values', `given, want none on ${type} for ${feeds}`)
  for (const [raw, meaning] of Object.entries(values)) {
    if (!/^\d{1,5}$/.test(raw) || Number(raw) > 65_535) complain('values', `${raw}, want keys 0..65535`)
    if ((kind === 'position') !== (typeof meaning === 'string')) {
      complain('values', `${meaning}, want ${kind === 'position' ? 'open, closed or unknown' : 'true or false'}`)
    }
  }
}

function checkScale({ feeds, scale }: PointEntry, kind: FeedKind, complain: Complain): void {
  if (scale === undefined) return
  if (kind !== 'number' && kind !== 'energy') {
    complain('scale', `${scale}, want none for ${feeds}`)
    return
  }
  const exact = parseRational(scale)
  if (exact === undefined || exact.numerator === 0n) {
    complain('scale', `${scale}, want a number other than 0, such as 10, 0.001 or 1/3`)
  } else if (kind === 'energy' && !(isWhole(exact) && exact.numerator > 0n)) {
    complain('scale', `${scale}, want a whole number of Wh for each count: energy is exact`)
  }
}

function checkInvalid({ type, invalid, bit }: PointEntry, complain: Complain): void {
  if (invalid === undefined) return
  if (type === 'bool' || bit !== undefined) {
    complain('invalid', `${invalid}, want none on a single bit`)
    return
  }
  const raw = BigInt(invalid)
  const width = BigInt(16 * wordsOf(type))
  if (raw < -(1n << (width - 1n)) || raw >= 1n << width)
    complain('invalid', `${invalid}, want a value of ${width} bits`)
}

function duplicates({ points }: DeviceMapFile): Fault[] {
  return points.flatMap(({ feeds }, index) => {
    const first = points.findIndex(p => p.feeds === feeds)
    return first === index
      ? []
      : [{ path: ['points', index, 'feeds'], text: `${feeds}, want it once: points[${first}] feeds it already` }]
  })
}

function overlaps({ points }: DeviceMapFile): Fault[] {
  return points.flatMap((point, index) => {
    const other = points.findIndex((earlier, i) => i < index && overlap(earlier, point))
    if (other === -1) return []
    const extent =
      wordsOf(point.type) === 1 ? `${point.address}` : `${point.address}..${point.address + wordsOf(point.type) - 1}`
    return [
      { path: ['points', index, 'address'], text: `${extent}, want registers that points[${other}] does not use` },
    ]
  })
}

function overlap(one: PointEntry, other: PointEntry): boolean {
  if (one.table !== other.table) return false
  if (one.bit !== undefined && other.bit !== undefined && one.bit !== other.bit && one.address === other.address)
    return false
  return one.address < other.address + wordsOf(other.type) && other.address < one.address + wordsOf(one.type)
}

function operationFaults({ points, operations }: DeviceMapFile): Fault[] {
  return Object.entries(operations).flatMap(([name, operation]) => {
    if (operation === undefined) return []
    const faults: Fault[] = []
    const complain = (keys: string[], text: string) => faults.push({ path: ['operations', name, ...keys], text })
    const { table, value, confirm } = operation
    if ((table === 'coil') !== (typeof value === 'boolean')) {
      complain(['value'], `${value}, want ${table === 'coil' ? 'true or false for a coil' : '0..65535 for a register'}`)
    }
    const { kind } = factsOf(confirm.feeds)
    if (kind !== 'position' && kind !== 'boolean') {
      complain(['confirm', 'feeds'], `${confirm.feeds}, want position or a flag`)
    } else if ((kind === 'position') !== (typeof confirm.is === 'string')) {
      complain(['confirm', 'is'], `${confirm.is}, want ${kind === 'position' ? 'open or closed' : 'true or false'}`)
    }
    if (!points.some(p => p.feeds === confirm.feeds)) {
      complain(['confirm', 'feeds'], `${confirm.feeds}, want a feed that one of the points reads`)
    }
    return faults
  })
}
