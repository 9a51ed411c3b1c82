// The device map: one YAML file that says where a Modbus TCP device keeps what the agent needs.
//
// A new make of device is a new map and no new code. So a map is checked whole before the first request goes out, and
// every fault in it names its line. Addresses are those on the wire, from 0: a manual's "40001" is holding register 0,
// "30011" is input register 10, "10001" is discrete input 0 and "00001" is coil 0.

import { isNode, LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { checkDeviceMap } from './device-map-checks.ts'
import type { FeedValue, PollClass } from './feeds.ts'
import { FEEDS, type Feed, factsOf } from './feeds.ts'
import type { Operation } from './port.ts'
import { ONE, parseRational, type Rational } from './rational.ts'
import { REGISTER_TYPES, type RegisterType, WORD_ORDERS, type WordOrder, wordsOf } from './register-type.ts'

const table = z.enum(['holding', 'input', 'coil', 'discrete'])
export type Table = z.infer<typeof table>
const registerType = z.enum(REGISTER_TYPES)
const wordOrder = z.enum(WORD_ORDERS)
const address = z.number().int().min(0).max(65_535)

const point = z
  .object({
    feeds: z.enum(FEEDS),
    /** Follows from what it feeds; may be written for the reader. */
    class: z.enum(['fast', 'slow']).optional(),
    table,
    address,
    type: registerType,
    wordOrder: wordOrder.optional(),
    /** Exact factor from the raw value to `unit`: 10, 0.001, 1e-3 or 1/3. */
    scale: z.union([z.number(), z.string()]).optional(),
    /** Unit of the scaled value. */
    unit: z.string().optional(),
    /** Raw value that means "not available". */
    invalid: z.union([z.number().int(), z.string().regex(/^-?\d+$|^0x[0-9a-fA-F]+$/)]).optional(),
    /** For bits16: 0 is the least significant. */
    bit: z.number().int().min(0).max(15).optional(),
    /** For bool and bits: 0 means true. */
    invert: z.boolean().optional(),
    /** For uint16 that feeds a position or a flag: raw value to meaning. */
    values: z.record(z.string(), z.union([z.boolean(), z.enum(['open', 'closed', 'unknown'])])).optional(),
  })
  .strict()

const operation = z
  .object({
    table: z.enum(['coil', 'holding']),
    address,
    value: z.union([z.boolean(), z.number().int().min(0).max(65_535)]),
    /** What the device shows once it has done it. */
    confirm: z
      .object(
        { feeds: z.enum(FEEDS), is: z.union([z.boolean(), z.enum(['open', 'closed'])]) },
        {
          error: 'want the status to read back, as in { feeds: position, is: open }',
        },
      )
      .strict(),
    /** From the write to the confirmation. */
    timeoutMs: z.number().int().min(50).max(60_000).default(2_000),
  })
  .strict()

export const deviceMapSchema = z
  .object({
    deviceMap: z.literal(1),
    name: z.string().min(1).max(100),
    reads: z
      .object({
        /** Some devices answer fewer than the protocol's 125 registers at once. */
        maxRegisters: z.number().int().min(4).max(125).default(125),
        /** Registers between two points that may be read along. 0 for a device that refuses unused addresses. */
        maxGap: z.number().int().min(0).max(100).default(8),
      })
      .strict()
      .default({ maxRegisters: 125, maxGap: 8 }),
    points: z.array(point).min(1).max(500),
    operations: z
      .object({ open: operation, close: operation, shed: operation, restore: operation })
      .partial()
      .strict()
      .default({}),
  })
  .strict()

/** What the file says, shape checked only. */
export type DeviceMapFile = z.infer<typeof deviceMapSchema>

/** One register or bit, ready to decode. */
export interface Point {
  readonly feeds: Feed
  readonly class: PollClass
  readonly table: Table
  readonly address: number
  /** Registers it takes; 1 for a coil or discrete input. */
  readonly words: number
  readonly type: RegisterType
  readonly wordOrder: WordOrder
  readonly scale: Rational
  /** As an unsigned number of the register's width. */
  readonly invalid?: bigint
  readonly bit?: number
  readonly invert: boolean
  readonly values?: ReadonlyMap<number, boolean | 'open' | 'closed' | 'unknown'>
}

export interface MappedOperation {
  readonly table: 'coil' | 'holding'
  readonly address: number
  readonly value: number | boolean
  readonly confirm: { readonly feeds: Feed; readonly is: FeedValue }
  readonly timeoutMs: number
}

export interface DeviceMap {
  readonly name: string
  readonly reads: { readonly maxRegisters: number; readonly maxGap: number }
  readonly points: readonly Point[]
  readonly operations: { readonly [operation in Operation]?: MappedOperation }
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
  const points = file.points.map((p): Point => {
    const words = wordsOf(p.type)
    return {
      feeds: p.feeds,
      class: factsOf(p.feeds).class,
      table: p.table,
      address: p.address,
      words,
      type: p.type,
      wordOrder: p.wordOrder ?? 'ABCD',
      scale: (p.scale === undefined ? undefined : parseRational(p.scale)) ?? ONE,
      invert: p.invert ?? false,
      ...(p.invalid === undefined ? {} : { invalid: BigInt.asUintN(16 * words, BigInt(p.invalid)) }),
      ...(p.bit === undefined ? {} : { bit: p.bit }),
      ...(p.values === undefined ? {} : { values: new Map(Object.entries(p.values).map(([k, v]) => [Number(k), v])) }),
    }
  })
  const operations: { [operation in Operation]?: MappedOperation } = {}
  for (const name of ['open', 'close', 'shed', 'restore'] as const) {
    const mapped = file.operations[name]
    if (mapped !== undefined) operations[name] = mapped
  }
  return { name: file.name, reads: file.reads, points, operations }
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
