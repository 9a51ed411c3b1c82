// The form of a device map's file. What a form cannot say is in `device-map-checks.ts`.

import { z } from 'zod'
import { FEEDS, POLL_CLASSES } from './feeds.ts'
import { REGISTER_TYPES, WORD_ORDERS } from './register-type.ts'

const table = z.enum(['holding', 'input', 'coil', 'discrete'])
export type Table = z.infer<typeof table>
const address = z.number().int().min(0).max(65_535)
const unitId = z.number().int().min(0).max(255)
const word = z.number().int().min(0).max(65_535)
const factor = z.union([z.number(), z.string()])
const raw = z.union([z.number().int(), z.string().regex(/^-?\d+$|^0x[0-9a-fA-F]+$/)])

const point = z
  .object({
    feeds: z.enum(FEEDS),
    /** Follows from what it feeds; a value of the slow classes may be put into a slower one. */
    class: z.enum(POLL_CLASSES).optional(),
    /** Of another device on the same bus. */
    unitId: unitId.optional(),
    table,
    address,
    type: z.enum(REGISTER_TYPES),
    /** Registers of a string. */
    length: z.number().int().min(1).max(60).optional(),
    /** Of uint8 and int8: which half of the register. */
    byte: z.enum(['high', 'low']).optional(),
    wordOrder: z.enum(WORD_ORDERS).optional(),
    /** Exact factor from the raw value to `unit`: 10, 0.001, 1e-3 or 1/3. */
    scale: factor.optional(),
    /** Address, in the same table, of an int16 power of ten that is multiplied in as well. */
    scaleRegister: address.optional(),
    /** Added after the scale, in `unit`. */
    offset: factor.optional(),
    /** Unit of the scaled value. */
    unit: z.string().optional(),
    /** Raw values that mean "not available". */
    invalid: z.union([raw, z.array(raw).min(1).max(8)]).optional(),
    /** For bits16 and bits32: 0 is the least significant. */
    bit: z.number().int().min(0).max(31).optional(),
    /** For bits16 and bits32: a field of several, such as 4-7. */
    bits: z
      .string()
      .regex(/^\d{1,2}-\d{1,2}$/, 'want a range of bits, such as 4-7')
      .optional(),
    /** For bool and bits: 0 means true. */
    invert: z.boolean().optional(),
    /** For a whole number that feeds a position, a flag or a text: raw value to meaning. */
    values: z.record(z.string(), z.union([z.boolean(), z.string().max(64)])).optional(),
    /** The device shows energy as a float or in fractions of a watt-hour, and nothing better: rounded to whole ones. */
    inexact: z.boolean().optional(),
    /** Raw count at which a register of energy begins again at 0, where its type does not say it; `never` likewise. */
    rollsOverAt: z.union([raw, z.literal('never')]).optional(),
    /** What can be here, in `unit`: beyond, a value is doubted. */
    limits: z
      .object({
        min: z.number().optional(),
        max: z.number().optional(),
        maxPerSecond: z.number().positive().optional(),
      })
      .strict()
      .optional(),
  })
  .strict()

const readBack = z
  .object(
    { feeds: z.enum(FEEDS), is: z.union([z.boolean(), z.enum(['open', 'closed'])]) },
    { error: 'want the status to read back, as in { feeds: position, is: open }' },
  )
  .strict()

const operation = z
  .object({
    unitId: unitId.optional(),
    table: z.enum(['coil', 'holding']),
    address,
    /** Function 5 or 6; with `mask` function 22. */
    value: z.union([z.boolean(), word]).optional(),
    /** Function 16: several registers, or one of a device that takes no function 6. */
    values: z.array(word).min(1).max(123).optional(),
    /** Only these bits of the register are changed, to those of `value`. */
    mask: word.min(1).optional(),
    /** , and after so long `rest`. */
    pulse: z
      .object({ ms: z.number().int().min(10).max(10_000), rest: z.union([z.boolean(), word]) })
      .strict()
      .optional(),
    /** Written first; the operation follows when the device shows that it is selected. */
    select: z
      .object({
        table: z.enum(['coil', 'holding']),
        address,
        value: z.union([z.boolean(), word]),
        /** What the device shows once selected. */
        check: z.object({ table, address, is: word }).strict(),
        /** Written to the same place when the operation does not follow. */
        cancel: z.union([z.boolean(), word]).optional(),
      })
      .strict()
      .optional(),
    /** Whether writing it twice is as good as once. A toggle and a pulse are not. */
    repeatable: z.boolean().optional(),
    /** What the device shows once it has done it. */
    confirm: readBack,
    /** From the first write to the confirmation. */
    timeoutMs: z.number().int().min(50).max(60_000).default(2_000),
  })
  .strict()

/** A lamp, a horn, an auxiliary relay: beside the switching device, and either on or off. */
const output = z
  .object({
    unitId: unitId.optional(),
    table: z.enum(['coil', 'holding']),
    address,
    /** What is written; true and false for a coil, 1 and 0 for a register, by default. */
    on: z.union([z.boolean(), word]).optional(),
    off: z.union([z.boolean(), word]).optional(),
    /** Only these bits of the register are changed. */
    mask: word.min(1).optional(),
    /** What the device shows while it is on; while it is off, the opposite. Without it the answer to the write is all. */
    confirm: z
      .object({ feeds: z.enum(FEEDS), is: z.boolean().default(true) })
      .strict()
      .optional(),
    timeoutMs: z.number().int().min(50).max(60_000).default(2_000),
  })
  .strict()

export const deviceMapSchema = z
  .object({
    deviceMap: z.literal(1),
    name: z.string().min(1).max(100),
    /** Where the addresses are from: manual and edition. For the reader. */
    source: z.string().max(300).optional(),
    reads: z
      .object({
        /** Some devices answer fewer than the protocol's 125 registers at once. */
        maxRegisters: z.number().int().min(4).max(125).default(125),
        /** Registers between two points that may be read along. 0 for a device that refuses unused addresses. */
        maxGap: z.number().int().min(0).max(100).default(8),
      })
      .strict()
      .default({ maxRegisters: 125, maxGap: 8 }),
    /** What every device with this map is, where no register says it. */
    identity: z
      .object({
        manufacturer: z.string().min(1).max(64).optional(),
        model: z.string().min(1).max(64).optional(),
      })
      .strict()
      .optional(),
    /** Registers that set the device, such as transformer ratios: their hash is part of its identity. */
    settings: z
      .array(
        z.object({ table: z.enum(['holding', 'input']), address, count: z.number().int().min(1).max(125) }).strict(),
      )
      .max(32)
      .default([]),
    /** When what the device shows is old, though it answers. */
    freshness: z
      .object({
        /** The heartbeat changes at least so often. */
        heartbeatMs: z.number().int().min(10).max(3_600_000).optional(),
        /** Some voltage, current, power or frequency changes at least so often while there is voltage. */
        unchangedMs: z.number().int().min(1_000).max(86_400_000).optional(),
      })
      .strict()
      .default({}),
    points: z.array(point).min(1).max(500),
    operations: z
      .object({ open: operation, close: operation, trip: operation, shed: operation, restore: operation })
      .partial()
      .strict()
      .default({}),
    /** By the names that setpoints know them by. */
    outputs: z
      .record(z.string(), output)
      .refine(given => Object.keys(given).length <= 32, { message: 'want 32 or fewer' })
      .default({}),
  })
  .strict()

/** What the file says, shape checked only. */
export type DeviceMapFile = z.infer<typeof deviceMapSchema>
export type PointEntry = DeviceMapFile['points'][number]
export type OperationEntry = z.infer<typeof operation>
export type OutputEntry = z.infer<typeof output>
