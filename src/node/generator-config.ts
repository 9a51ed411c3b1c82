// Sections of an agent's configuration that are about the generator that its IED operates: `transferTrip`,
// `generatorProtection`, `enterService`. What is absent is off.

import { z } from 'zod'
import { categories } from '../protection/der-ride-through.ts'

const output = z.string().min(1).max(32)
const name = z.string().min(1).max(64)

export const transferTripSchema = z
  .object({
    /** `island`: its switch at the point of common coupling opens, and the generator goes on for its own loads. */
    onTrip: z.enum(['leave', 'island']).default('leave'),
    /** That switch: an output of the device map that opens it, or a device of the feeder file that another IED opens. */
    coupling: z
      .union([z.object({ output }).strict(), z.object({ device: name }).strict()], {
        error: 'want { output: NAME } or { device: NAME }',
      })
      .optional(),
    /** Less than the shortest dead time above. */
    separateWithinMs: z.number().int().min(50).max(1900).default(1000),
    /** Of a switch at the point of common coupling: it opens for a transfer trip, for the generators behind it. */
    opensCoupling: z.boolean().default(false),
    /** When nobody would be heard who says that the feeder has tripped. */
    onChannelLost: z.enum(['alarm', 'trip']).default('alarm'),
    channelLostSeconds: z.number().min(2).max(5).default(5),
  })
  .strict()
  .refine(({ onTrip, coupling }) => onTrip === 'leave' || coupling !== undefined, {
    path: ['coupling'],
    message: 'an island wants the switch that separates it, as { output: NAME } or { device: NAME }',
  })
  .prefault({})

export const generatorProtectionSchema = z
  .object({
    /** Of IEEE 1547-2018; that of the feeder file by default. */
    category: z.enum(categories).optional(),
    /** From the order to open contacts: the trip comes so much before the clearing time. */
    openingMs: z.number().min(0).max(150).default(60),
  })
  .strict()

const range = (least: number, greatest: number, limits: readonly [number, number]) =>
  z
    .tuple([z.number().min(limits[0]), z.number().max(limits[1])])
    .refine(([low, high]) => low < high, { message: 'want the lower end first' })
    .default([least, greatest])

export const enterServiceSchema = z
  .object({
    /** Per unit of nominal. */
    voltsPu: range(0.917, 1.05, [0.8, 1.2]),
    /** 59.5 to 60.1 Hz at 60 Hz nominal, and as far from another one, by default. */
    hz: z.tuple([z.number().min(40), z.number().max(70)]).optional(),
    seconds: z.number().min(1).max(3600).default(300),
    rampSeconds: z.number().min(0).max(3600).default(300),
    /** Each agent adds a time of its own, drawn within so long, so that not all come back at one moment. */
    randomSeconds: z.number().min(0).max(3600).default(0),
    /** The digital input by which the synchronising relay of a synchronous machine allows the closing. */
    syncInput: z
      .string()
      .regex(/^[A-Za-z0-9_]{1,32}$/)
      .optional(),
    tries: z.number().int().min(1).max(10).default(3),
  })
  .strict()
export type EnterServiceConfig = z.infer<typeof enterServiceSchema>
