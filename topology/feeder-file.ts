// The feeder file: what a person writes about one feeder (YAML), and its checked, frozen form.
//
// This file holds the schema alone; `load-feeder.ts` reads YAML, checks references between the parts and names the
// line of each fault, and `feeder.ts` answers questions about the live state.

import { z } from 'zod'

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'want a name of letters, digits, "_", "." or "-", 64 at most')
const phase = z.enum(['a', 'b', 'c'])
export type Phase = z.infer<typeof phase>
const phases = z.array(phase).min(1).max(3)
/** Kilowatts and kilovars of a load for each phase that it uses. Line-to-line loads are given on their first phase. */
const perPhase = z.object({ a: z.number().optional(), b: z.number().optional(), c: z.number().optional() }).strict()

const matrix = z.array(z.array(z.number())).min(1).max(3)
const lineCode = z
  .object({
    name,
    phases,
    /** Series resistance, full symmetric matrix in the order of `phases`. */
    rOhmPerKm: matrix,
    /** Series reactance, same shape. */
    xOhmPerKm: matrix,
    ampacityAmps: z.number().positive().optional(),
  })
  .strict()

const section = z
  .object({
    name,
    from: name,
    to: name,
    phases,
    /** Absent for a switch or transformer of no length. */
    lengthM: z.number().nonnegative().default(0),
    lineCode: name.optional(),
  })
  .strict()

/** Devices that make zones: whatever opens and closes. `at` is the end of the section where the device stands. */
const switching = z.enum(['breaker', 'recloser', 'sectionalizer', 'switch', 'tie', 'fuse'])
const device = z
  .object({
    name,
    kind: switching,
    section: name,
    at: z.enum(['from', 'to']).default('from'),
    normal: z.enum(['open', 'closed']).default('closed'),
    /** Phase overcurrent relay of the device (breaker or recloser): definite-time stage, primary amperes RMS. */
    relay: z.object({ pickupAmps: z.number().positive(), delayMs: z.number().nonnegative() }).strict().optional(),
    /** From trip to arcs extinguished, and how long upstream waits before it takes the breaker for failed. */
    breakerTimeMs: z.number().nonnegative().default(50),
    breakerFailureMs: z.number().positive().default(250),
  })
  .strict()

const transformer = z
  .object({
    name,
    section: name,
    kva: z.number().positive(),
    primaryKv: z.number().positive(),
    secondaryKv: z.number().positive(),
    resistancePercent: z.number().nonnegative(),
    reactancePercent: z.number().nonnegative(),
  })
  .strict()
/** Line-to-neutral ratio = 1 + 0.00625 × tap, per phase. */
const regulator = z
  .object({ name, section: name, taps: z.object({ a: z.number(), b: z.number(), c: z.number() }).partial().strict() })
  .strict()
const capacitor = z.object({ name, node: name, kvar: perPhase }).strict()

const load = z
  .object({
    name,
    /** The node it hangs on, or the section along which it is spread evenly: one of the two. */
    node: name.optional(),
    along: name.optional(),
    kw: perPhase,
    kvar: perPhase,
    customers: z.number().int().nonnegative().default(0),
    /** 1 is shed last. */
    priority: z.number().int().min(1).max(9).default(5),
    /** The share of this load, 0 to 1, that its IED may shed. */
    sheddableShare: z.number().min(0).max(1).default(0),
  })
  .strict()

const generator = z
  .object({ name, node: name, kind: z.enum(['synchronous', 'inverter']), kw: z.number().positive() })
  .strict()

/** The kind fixes the device map and what the simulated field device does; the agent program is the same. */
const iedKind = z.enum(['relay', 'recloser', 'switch', 'rtu', 'meter', 'generator', 'capacitor', 'motor'])
const ied = z
  .object({
    name,
    kind: iedKind,
    node: name,
    organisation: name,
    /** The switching device, generator, load or capacitor that it operates. */
    operates: name.optional(),
    /** The loads whose energy it registers. */
    meters: z.array(name).default([]),
    /**
     * The sections whose disturbances it reports: its line sensors see what enters each and what leaves it. The order
     * is the bit order of its fault-passage registers. A section has one observer at the most.
     */
    observes: z.array(name).max(16).default([]),
    /** Members of one group elect one aggregator among themselves; by default all of the feeder. */
    group: name.optional(),
  })
  .strict()

/** Latitude and longitude in degrees, WGS 84. */
const place = z.tuple([z.number().min(-90).max(90), z.number().min(-180).max(180)])

export const feederFileSchema = z
  .object({
    feedermesh: z.literal(1),
    name,
    description: z.string().optional(),
    /** Line to line. */
    nominalKv: z.number().positive(),
    frequencyHz: z.literal([50, 60]),
    source: z.object({ node: name, voltagePu: z.number().min(0.8).max(1.2).default(1) }).strict(),
    nodes: z.array(z.object({ name, phases, place: place.optional() }).strict()).min(2),
    lineCodes: z.array(lineCode).default([]),
    sections: z.array(section).min(1),
    devices: z.array(device).default([]),
    transformers: z.array(transformer).default([]),
    regulators: z.array(regulator).default([]),
    capacitors: z.array(capacitor).default([]),
    loads: z.array(load).default([]),
    generators: z.array(generator).default([]),
    ieds: z.array(ied).default([]),
  })
  .strict()

export type FeederFile = z.infer<typeof feederFileSchema>
export type SectionEntry = FeederFile['sections'][number]
export type DeviceEntry = FeederFile['devices'][number]
export type LoadEntry = FeederFile['loads'][number]
export type IedEntry = FeederFile['ieds'][number]
export type IedKind = IedEntry['kind']
