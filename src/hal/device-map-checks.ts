// What the schema cannot say about a device map's points: registers that overlap, types that a table cannot hold, inexact
// energy, feeds given twice.

import type { Fault } from './device-map.ts'
import { operationFaults } from './device-map-operations.ts'
import { outputFaults } from './device-map-outputs.ts'
import type { DeviceMapFile, PointEntry } from './device-map-schema.ts'
import { type FeedKind, factsOf } from './feeds.ts'
import { isWhole, parseRational } from './rational.ts'
import { BIT_FIELDS, DECIMALS, FLOATS, INTEGERS, type RegisterType, wordsOf } from './register-type.ts'

type Complain = (key: string, text: string) => void

const WHOLE: readonly RegisterType[] = [...INTEGERS, ...DECIMALS]
const CODED: readonly RegisterType[] = ['uint8', 'uint16', 'uint32', 'bits16', 'bits32']
const TYPES: Record<FeedKind, readonly RegisterType[]> = {
  number: [...WHOLE, ...FLOATS, ...BIT_FIELDS],
  energy: WHOLE,
  boolean: ['bool', ...CODED],
  position: ['bool', ...CODED],
  mask: ['bits16', 'uint16', 'bits32'],
  text: ['string', ...WHOLE],
  heartbeat: [...INTEGERS, ...BIT_FIELDS, 'bool'],
}

/** Every fault of a map that has the right shape, in the order of the file. */
export function checkDeviceMap(file: DeviceMapFile): Fault[] {
  const faults: Fault[] = []
  file.points.forEach((point, index) => {
    checkPoint(point, file, (key, text) => faults.push({ path: ['points', index, key], text }))
  })
  return [
    ...faults,
    ...duplicates(file),
    ...overlaps(file),
    ...freshnessFaults(file),
    ...operationFaults(file),
    ...outputFaults(file),
  ]
}

function checkPoint(point: PointEntry, file: DeviceMapFile, complain: Complain): void {
  const { kind, unit } = factsOf(point.feeds)
  checkTable(point, complain)
  const isInexact = kind === 'energy' && point.inexact === true && FLOATS.includes(point.type)
  if (!TYPES[kind].includes(point.type) && !isInexact) {
    const why = kind === 'energy' && FLOATS.includes(point.type) ? ': energy is never a binary float' : ''
    const hint = why === '' ? '' : ', or `inexact: true` where the device has nothing better'
    complain('type', `${point.type}, want ${TYPES[kind].join(', ')} for ${point.feeds}${why}${hint}`)
  }
  checkSize(point, complain)
  checkBits(point, kind, complain)
  checkValues(point, kind, complain)
  checkScale(point, kind, file, complain)
  checkInvalid(point, complain)
  checkLimits(point, kind, complain)
  if (point.unit !== undefined && point.unit !== unit) {
    complain('unit', `${point.unit}, want ${unit || 'none'}: \`scale\` brings the raw value there`)
  }
  checkClass(point, complain)
}

function checkClass({ feeds, class: given }: PointEntry, complain: Complain): void {
  const { class: own, kind } = factsOf(feeds)
  if (given === undefined || kind === 'heartbeat' || given === own) return
  if (own === 'fast') complain('class', `${given}, want fast for ${feeds}`)
  else if (given === 'fast') complain('class', `fast, want measurement, energy or rare for ${feeds}: no status`)
}

function checkTable({ table, type, address, wordOrder, length }: PointEntry, complain: Complain): void {
  const holdsBits = table === 'coil' || table === 'discrete'
  if (holdsBits && type !== 'bool') complain('type', `${type}, want bool in table ${table}`)
  if (!holdsBits && type === 'bool') complain('type', `bool, want bits16 with a \`bit\` in table ${table}`)
  const words = wordsOf(type, length)
  if (address + words > 65_536) {
    complain('address', `${address}, want at most ${65_536 - words} for ${type}: the table ends at 65535`)
  }
  if (wordOrder === undefined || words > 1) return
  const swapsOnly = wordOrder === 'BADC' && type !== 'bool'
  if (!swapsOnly) complain('wordOrder', `${wordOrder}, want none on ${type}`)
}

function checkSize({ type, length, byte, inexact, feeds, rollsOverAt }: PointEntry, complain: Complain): void {
  if ((type === 'string') !== (length !== undefined)) {
    complain(
      'length',
      type === 'string' ? 'missing, want the registers of the string' : `${length}, want none on ${type}`,
    )
  }
  const isByte = type === 'uint8' || type === 'int8'
  if (isByte !== (byte !== undefined)) {
    complain('byte', isByte ? `missing, want high or low for ${type}` : `${byte}, want none on ${type}`)
  }
  const isEnergy = factsOf(feeds).kind === 'energy'
  if (inexact !== undefined && !isEnergy) complain('inexact', `${inexact}, want none for ${feeds}`)
  if (rollsOverAt === undefined) return
  if (!isEnergy || FLOATS.includes(type)) complain('rollsOverAt', `${rollsOverAt}, want none on ${type} for ${feeds}`)
  else if (rollsOverAt !== 'never' && BigInt(rollsOverAt) <= 1n)
    complain('rollsOverAt', `${rollsOverAt}, want 2 or more`)
}

function checkBits({ feeds, type, bit, bits, invert, values }: PointEntry, kind: FeedKind, complain: Complain): void {
  const isFlag = kind === 'boolean' || kind === 'position'
  const isField = BIT_FIELDS.includes(type)
  const width = 16 * wordsOf(type)
  for (const [key, value] of [
    ['bit', bit],
    ['bits', bits],
  ] as const) {
    if (value !== undefined && !isField) complain(key, `${value}, want none on ${type}`)
    if (value !== undefined && kind === 'mask') complain(key, `${value}, want none: ${feeds} takes the whole register`)
  }
  if (bit !== undefined && bits !== undefined) complain('bits', `${bits}, want either bit or bits`)
  if (isField && bit !== undefined && bit >= width) complain('bit', `${bit}, want 0..${width - 1} of ${type}`)
  if (isField && bits !== undefined) {
    const [from = 0, to = 0] = bits.split('-').map(Number)
    if (from >= to || to >= width) complain('bits', `${bits}, want the lower bit first, of 0..${width - 1}`)
  }
  if (isField && bit === undefined && isFlag && values === undefined) {
    complain('bit', `missing, want 0..${width - 1} for ${feeds}`)
  }
  if (isField && kind === 'number' && bit === undefined && bits === undefined) {
    complain('bits', `missing, want the field of ${type} that ${feeds} is in`)
  }
  if (invert !== undefined && !(isFlag && (type === 'bool' || bit !== undefined))) {
    complain('invert', `${invert}, want none on ${type} for ${feeds}`)
  }
}

function checkValues({ feeds, type, bit, values }: PointEntry, kind: FeedKind, complain: Complain): void {
  const isFlag = kind === 'boolean' || kind === 'position'
  const isCoded = CODED.includes(type) && bit === undefined
  if (isFlag && isCoded && !BIT_FIELDS.includes(type) && values === undefined) {
    complain('values', `missing, want the meaning of each raw value for ${feeds}`)
  }
  if (values === undefined) return
  if (!(isFlag || kind === 'text') || !isCoded) complain('values', `given, want none on ${type} for ${feeds}`)
  const most = type === 'uint8' ? 255 : wordsOf(type) === 1 ? 65_535 : 4_294_967_295
  for (const [raw, meaning] of Object.entries(values)) {
    if (!/^\d{1,10}$/.test(raw) || Number(raw) > most) complain('values', `${raw}, want keys 0..${most}`)
    if (!means(kind, meaning)) complain('values', `${meaning}, want ${MEANINGS[kind]}`)
  }
}

const MEANINGS: Partial<Record<FeedKind, string>> = {
  position: 'open, closed or unknown',
  boolean: 'true or false',
  text: 'words',
}

function means(kind: FeedKind, meaning: boolean | string): boolean {
  if (kind === 'boolean') return typeof meaning === 'boolean'
  if (typeof meaning !== 'string') return false
  return kind !== 'position' || ['open', 'closed', 'unknown'].includes(meaning)
}

function checkScale(point: PointEntry, kind: FeedKind, { reads }: DeviceMapFile, complain: Complain): void {
  const { feeds, scale, offset, scaleRegister, address, type, inexact } = point
  const isNumber = kind === 'number' || kind === 'energy'
  for (const [key, value] of Object.entries({ scale, offset, scaleRegister })) {
    if (value !== undefined && !isNumber) complain(key, `${value}, want none for ${feeds}`)
  }
  if (!isNumber) return
  if (scaleRegister !== undefined) {
    const end = address + wordsOf(type)
    const extent = Math.max(end, scaleRegister + 1) - Math.min(address, scaleRegister)
    if (scaleRegister >= address && scaleRegister < end) {
      complain('scaleRegister', `${scaleRegister}, want a register outside the value's own`)
    } else if (extent > reads.maxRegisters) {
      complain(
        'scaleRegister',
        `${scaleRegister}, want it within ${reads.maxRegisters} registers: both are read at once`,
      )
    }
  }
  const exactScale = scale === undefined ? undefined : parseRational(scale)
  if (scale !== undefined && (exactScale === undefined || exactScale.numerator === 0n)) {
    complain('scale', `${scale}, want a number other than 0, such as 10, 0.001 or 1/3`)
  } else if (kind === 'energy' && exactScale !== undefined) {
    const isWholeOrRounded = isWhole(exactScale) || inexact === true
    if (!isWholeOrRounded || exactScale.numerator < 0n)
      complain('scale', `${scale}, want a whole number of Wh for each count: energy is exact`)
  }
  const exactOffset = offset === undefined ? undefined : parseRational(offset)
  if (offset === undefined) return
  if (exactOffset === undefined) complain('offset', `${offset}, want a number, such as -40 or 0.5`)
  else if (kind === 'energy')
    complain('offset', `${offset}, want none for ${feeds}: a register of energy is as the meter shows it`)
}

function checkInvalid({ type, invalid, bit, bits, length, byte }: PointEntry, complain: Complain): void {
  if (invalid === undefined) return
  if (type === 'bool' || type === 'string' || bit !== undefined) {
    complain('invalid', `${invalid}, want none on ${type === 'string' ? 'a string' : 'a single bit'}`)
    return
  }
  const [from = 0, to = 0] = (bits ?? '').split('-').map(Number)
  const width = BigInt(bits === undefined ? (byte === undefined ? 16 * wordsOf(type, length) : 8) : to - from + 1)
  for (const each of [invalid].flat()) {
    const raw = BigInt(each)
    if (raw < -(1n << (width - 1n)) || raw >= 1n << width) complain('invalid', `${each}, want a value of ${width} bits`)
  }
}

function checkLimits({ feeds, limits }: PointEntry, kind: FeedKind, complain: Complain): void {
  if (limits === undefined) return
  if (kind !== 'number') complain('limits', `given, want none for ${feeds}`)
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = limits
  if (min >= max) complain('limits', `min ${min} and max ${max}, want min below max`)
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
    const words = wordsOf(point.type, point.length)
    const extent = words === 1 ? `${point.address}` : `${point.address}..${point.address + words - 1}`
    return [
      { path: ['points', index, 'address'], text: `${extent}, want registers that points[${other}] does not use` },
    ]
  })
}

/** A register that a power of ten is in belongs to that, and to all values that it scales. */
function overlap(one: PointEntry, other: PointEntry): boolean {
  if (one.table !== other.table || one.unitId !== other.unitId) return false
  const [a, b] = [bitsIn(one), bitsIn(other)]
  if (one.address === other.address && a !== undefined && b !== undefined) return a[0] <= b[1] && b[0] <= a[1]
  const isIn = (address: number | undefined, { address: start, type, length }: PointEntry): boolean =>
    address !== undefined && address >= start && address < start + wordsOf(type, length)
  return (
    (one.address < other.address + wordsOf(other.type, other.length) &&
      other.address < one.address + wordsOf(one.type, one.length)) ||
    isIn(one.scaleRegister, other) ||
    isIn(other.scaleRegister, one)
  )
}

/** First and last bit of what shares its registers with others. */
function bitsIn({ type, byte, bit, bits }: PointEntry): readonly [number, number] | undefined {
  if (byte !== undefined) return byte === 'high' ? [8, 15] : [0, 7]
  if (bit !== undefined) return [bit, bit]
  if (bits === undefined || !BIT_FIELDS.includes(type)) return undefined
  const [from = 0, to = 0] = bits.split('-').map(Number)
  return [from, to]
}

function freshnessFaults({ points, freshness }: DeviceMapFile): Fault[] {
  const beats = points.some(({ feeds }) => feeds === 'heartbeat')
  if (beats === (freshness.heartbeatMs !== undefined)) return []
  return beats
    ? [{ path: ['freshness'], text: 'no heartbeatMs, want how often the heartbeat changes at least' }]
    : [{ path: ['freshness', 'heartbeatMs'], text: `${freshness.heartbeatMs}, want a point that feeds heartbeat` }]
}
