// The device map: one YAML file that says where a Modbus TCP device keeps what the agent needs.
//
// A new make of device is a new map and no new code. So a map is checked whole before the first request goes out, and
// every fault in it names its line. Addresses are those on the wire, from 0: a manual's "40001" is holding register 0,
// "30011" is input register 10, "10001" is discrete input 0 and "00001" is coil 0.

import { isNode, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { checkDeviceMap } from './device-map-checks.ts'
import { levelsOf } from './device-map-outputs.ts'
import {
  type DeviceMapFile,
  deviceMapSchema,
  type OperationEntry,
  type OutputEntry,
  type Table,
} from './device-map-schema.ts'
import { type Feed, type FeedValue, factsOf, type PollClass } from './feeds.ts'
import type { Operation } from './port.ts'
import { ONE, parseRational, type Rational, ZERO } from './rational.ts'
import { FLOATS, type RegisterType, type WordOrder, wordsOf } from './register-type.ts'
import { countsOf } from './register-value.ts'

export type { Table } from './device-map-schema.ts'
export { deviceMapSchema } from './device-map-schema.ts'

/** One value in the device's registers or bits, ready to decode. */
export interface Point {
  readonly feeds: Feed
  readonly class: PollClass
  /** Absent: the unit that the configuration names. */
  readonly unitId?: number
  readonly table: Table
  readonly address: number
  /** Registers it takes; 1 for a coil or discrete input. */
  readonly words: number
  readonly type: RegisterType
  readonly wordOrder: WordOrder
  readonly scale: Rational
  /** Address of its power of ten. */
  readonly scaleRegister?: number
  readonly offset: Rational
  /** As unsigned numbers of the register's width. */
  readonly invalid: readonly bigint[]
  /** The first of its bits, and how many they are. Whole registers have none. */
  readonly bits?: { readonly from: number; readonly count: number }
  readonly invert: boolean
  readonly values?: ReadonlyMap<number, boolean | string>
  /** Raw count at which a register of energy begins again at 0. */
  readonly rollsOverAt?: bigint
  readonly limits: { readonly min?: number; readonly max?: number; readonly maxPerSecond?: number }
}

export interface MappedOperation
  extends Pick<OperationEntry, 'table' | 'address' | 'value' | 'values' | 'mask' | 'pulse' | 'select' | 'unitId'> {
  readonly repeatable: boolean
  readonly confirm: { readonly feeds: Feed; readonly is: FeedValue }
  readonly timeoutMs: number
}

export interface MappedOutput
  extends Pick<OutputEntry, 'unitId' | 'table' | 'address' | 'mask' | 'confirm' | 'timeoutMs'> {
  /** What is written. */
  readonly on: boolean | number
  readonly off: boolean | number
}

export interface DeviceMap {
  readonly name: string
  readonly source?: string
  readonly reads: { readonly maxRegisters: number; readonly maxGap: number }
  readonly identity?: DeviceMapFile['identity']
  readonly settings: DeviceMapFile['settings']
  readonly freshness: DeviceMapFile['freshness']
  readonly points: readonly Point[]
  readonly operations: { readonly [operation in Operation]?: MappedOperation }
  readonly outputs: ReadonlyMap<string, MappedOutput>
}

export type DeviceMapErrorCode = 'DEVICE_MAP_SYNTAX' | 'DEVICE_MAP_INVALID'

/** A device map that cannot be used. `faults` has one line each: `file:line: key: value, want …`. */
export class DeviceMapError extends Error {
  override readonly name = 'DeviceMapError'
  readonly code: DeviceMapErrorCode
  readonly faults: readonly string[]
  constructor(code: DeviceMapErrorCode, faults: readonly string[]) {
    super(faults.join('\n'))
    this.code = code
    this.faults = faults
  }
}

/** One complaint about the value at `path`. */
export interface Fault {
  readonly path: readonly (string | number)[]
  /** What is wrong and what would be right, after "key: ". */
  readonly text: string
}

/**
 * Reads and checks a whole device map.
 *
 * @throws DeviceMapError with every fault found
 */
export function parseDeviceMap(text: string, fileName: string): DeviceMap {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  if (document.errors.length > 0) {
    const faults = document.errors.map(e => `${fileName}:${e.linePos?.[0].line ?? 1}: ${e.message.split('\n')[0]}`)
    throw new DeviceMapError('DEVICE_MAP_SYNTAX', faults)
  }
  const lineOf = (path: readonly (string | number)[]): number => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true)
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
    }
    return 1
  }
  const say = ({ path, text: complaint }: Fault): string =>
    `${fileName}:${lineOf(path)}: ${keyOf(path) || 'device map'}: ${complaint}`

  const raw: unknown = document.toJS()
  const shaped = deviceMapSchema.safeParse(raw)
  if (!shaped.success) {
    const faults = shaped.error.issues.flatMap(issue => shapeFaults(issue, raw))
    throw new DeviceMapError('DEVICE_MAP_INVALID', faults.map(say))
  }
  const faults = checkDeviceMap(shaped.data)
  if (faults.length > 0) throw new DeviceMapError('DEVICE_MAP_INVALID', faults.map(say))
  return finish(shaped.data)
}

/** JSON Schema of the file, for editors. */
export const deviceMapJsonSchema = (): unknown => z.toJSONSchema(deviceMapSchema, { io: 'input' })

function finish(file: DeviceMapFile): DeviceMap {
  const operations: { [operation in Operation]?: MappedOperation } = {}
  for (const name of ['open', 'close', 'trip', 'shed', 'restore'] as const) {
    const mapped = file.operations[name]
    if (mapped === undefined) continue
    const repeatable = mapped.repeatable ?? (mapped.pulse === undefined && mapped.select === undefined)
    operations[name] = { ...mapped, repeatable }
  }
  const { name, reads, settings, freshness } = file
  const identity = file.identity === undefined ? {} : { identity: file.identity }
  const source = file.source === undefined ? {} : { source: file.source }
  const points = file.points.map(pointOf)
  const outputs = new Map(Object.entries(file.outputs).map(([output, entry]) => [output, outputOf(entry)]))
  return { name, ...source, reads, ...identity, settings, freshness, points, operations, outputs }
}

const outputOf = (entry: OutputEntry): MappedOutput => ({ ...entry, ...levelsOf(entry) })

function pointOf(entry: DeviceMapFile['points'][number]): Point {
  const { feeds, type, byte, bit, bits, scaleRegister, unitId, values } = entry
  const words = wordsOf(type, entry.length)
  const [from = 0, to = 0] = bits === undefined ? [] : bits.split('-').map(Number)
  const field =
    byte !== undefined
      ? { from: byte === 'high' ? 8 : 0, count: 8 }
      : bit !== undefined
        ? { from: bit, count: 1 }
        : bits !== undefined
          ? { from, count: to - from + 1 }
          : undefined
  const width = field?.count ?? 16 * words
  const invalid = entry.invalid === undefined ? [] : [entry.invalid].flat()
  const rollsOverAt = factsOf(feeds).kind === 'energy' ? rolloverOf(entry, words) : undefined
  return {
    feeds,
    class: entry.class ?? factsOf(feeds).class,
    ...(unitId === undefined ? {} : { unitId }),
    table: entry.table,
    address: entry.address,
    words,
    type,
    wordOrder: entry.wordOrder ?? 'ABCD',
    scale: (entry.scale === undefined ? undefined : parseRational(entry.scale)) ?? ONE,
    ...(scaleRegister === undefined ? {} : { scaleRegister }),
    offset: (entry.offset === undefined ? undefined : parseRational(entry.offset)) ?? ZERO,
    invalid: invalid.map(raw => BigInt.asUintN(width, BigInt(raw))),
    ...(field === undefined ? {} : { bits: field }),
    invert: entry.invert ?? false,
    ...(values === undefined ? {} : { values: new Map(Object.entries(values).map(([k, v]) => [Number(k), v])) }),
    ...(rollsOverAt === undefined ? {} : { rollsOverAt }),
    limits: {
      ...(entry.limits?.min === undefined ? {} : { min: entry.limits.min }),
      ...(entry.limits?.max === undefined ? {} : { max: entry.limits.max }),
      ...(entry.limits?.maxPerSecond === undefined ? {} : { maxPerSecond: entry.limits.maxPerSecond }),
    },
  }
}

/** 64 bits of watt-hours never roll over; a register of them that goes back was reset. */
function rolloverOf({ rollsOverAt, type }: DeviceMapFile['points'][number], words: number): bigint | undefined {
  if (rollsOverAt === 'never') return undefined
  if (rollsOverAt !== undefined) return BigInt(rollsOverAt)
  return FLOATS.includes(type) || words === 4 ? undefined : countsOf(type, words)
}

function shapeFaults(issue: z.core.$ZodIssue, raw: unknown): Fault[] {
  const path = issue.path.map(part => (typeof part === 'number' ? part : String(part)))
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => ({ path: [...path, key], text: 'not a known key' }))
  return [{ path, text: `${show(valueAt(raw, path))}, ${wanted(issue)}` }]
}

function wanted(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `want ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`
    case 'too_small':
      return `want ${issue.minimum} or more`
    case 'too_big':
      return `want ${issue.maximum} or less`
    case 'invalid_type':
      return issue.message.startsWith('want') ? issue.message : `want ${issue.expected}`
    case 'invalid_union':
      return 'want a value of another type'
    default:
      return issue.message.startsWith('want') ? issue.message : `want: ${issue.message}`
  }
}

function valueAt(raw: unknown, path: readonly (string | number)[]): unknown {
  let value = raw
  for (const part of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined
  return value
}

const show = (value: unknown): string =>
  value === undefined ? 'missing' : typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))

const keyOf = (path: readonly (string | number)[]): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('')
