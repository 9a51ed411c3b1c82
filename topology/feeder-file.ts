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
/** A gigawatt on one connection is a slip of the pen. */
const each = z.number().min(-1e6).max(1e6).optional()
/**
 * A figure for each phase (`a`: between phase a and neutral) or pair of phases (`ab`: between a and b) that something is
 * connected to. So the keys say the connection, wye or delta; no more is needed.
 */
const perConnection = z.object({ a: each, b: each, c: each, ab: each, bc: each, ca: each }).strict()
export type PerConnection = z.infer<typeof perConnection>
export type Connection = keyof PerConnection

/** Kilovolts: no network has more than 1200. Who writes volts is told so. */
const kilovolts = z.number().positive().max(1200)

const matrix = z.array(z.array(z.number())).min(1).max(3)
const ampacityAmps = z.number().positive().optional()
const lineCode = z
  .object({
    name,
    phases,
    /** Series resistance, full symmetric matrix in the order of `phases`. The neutral is reduced into it (Kron). */
    rOhmPerKm: matrix,
    /** Series reactance, same shape. */
    xOhmPerKm: matrix,
    /** Shunt susceptance (line charging), same shape. Absent: none. */
    bMicroSiemensPerKm: matrix.optional(),
    ampacityAmps,
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
    /** In place of a line code: the whole section's figures, in the order of its `phases`. */
    impedance: z.object({ rOhm: matrix, xOhm: matrix, bMicroSiemens: matrix.optional() }).strict().optional(),
    /** In place of the line code's. */
    ampacityAmps,
  })
  .strict()

/** Devices that make zones: whatever opens and closes. `at` is the end of the section where the device stands. */
const switching = z.enum(['breaker', 'recloser', 'sectionalizer', 'switch', 'tie', 'fuse'])
/** Definite time: picked up without a break for `delayMs`. Primary amperes RMS. */
const stage = z.object({ pickupAmps: z.number().positive(), delayMs: z.number().nonnegative() }).strict()
const device = z
  .object({
    name,
    kind: switching,
    section: name,
    at: z.enum(['from', 'to']).default('from'),
    normal: z.enum(['open', 'closed']).default('closed'),
    /** Overcurrent relay of the device (breaker or recloser). */
    relay: stage.extend({ ground: stage.optional() }).strict().optional(),
    /** What the relay does by itself after its own trips, one dead time for each shot; then it locks out. */
    reclose: z
      .object({
        deadTimesMs: z.array(z.number().positive()).min(1).max(4),
        /** So long closed without pickup, and the shots count from the first again. */
        resetMs: z.number().positive().default(30_000),
      })
      .strict()
      .optional(),
    /** A fuse's total clearing time: [amperes, seconds], falling, straight between the points on log-log paper. */
    meltingCurve: z
      .array(z.tuple([z.number().positive(), z.number().positive()]))
      .min(2)
      .max(200)
      .optional(),
    ratedAmps: z.number().positive().optional(),
    /** From trip to arcs extinguished, and how long upstream waits before it takes the breaker for failed. */
    breakerTimeMs: z.number().nonnegative().default(50),
    breakerFailureMs: z.number().positive().default(250),
  })
  .strict()

/**
 * A transformer, or one unit of a bank; several may stand on one section. The primary is at the section's `from`.
 * Voltages are line to line for a unit of two or three phases in delta or three in wye, and across the winding for a unit
 * of one phase; of a center-tapped secondary, across one leg.
 */
const transformer = z
  .object({
    name,
    section: name,
    /** Those of the section that it uses; all of them by default. */
    phases: phases.optional(),
    kva: z.number().positive(),
    primaryKv: kilovolts,
    secondaryKv: kilovolts,
    /** A delta-wye or wye-delta unit of three phases turns by 30 degrees, the lower voltage lagging (ANSI C57.12). */
    primary: z.enum(['wye', 'delta']).default('wye'),
    /**
     * `center-tapped`: one phase in, two legs of opposite sign out, which the far node has as its phases a and b.
     * `secondaryKv` is then that of a leg: 0.12 for 120/240 V.
     */
    secondary: z.enum(['wye', 'delta', 'center-tapped']).default('wye'),
    /** Of both windings together, on its own kVA. */
    resistancePercent: z.number().nonnegative(),
    reactancePercent: z.number().nonnegative(),
    noLoadLossPercent: z.number().nonnegative().default(0),
    /** Turns ratio off nominal: secondary over primary, 1 at the nominal tap. */
    tapPu: z.number().min(0.5).max(1.5).default(1),
  })
  .strict()
/**
 * Step-voltage regulators on a section, seen from its `from`. Ratio = 1 + 0.00625 × tap for each unit: `a`, `b`, `c` from
 * phase to neutral, `ab`, `bc`, `ca` between phases (two of these make an open delta).
 */
const regulator = z
  .object({
    name,
    section: name,
    taps: perConnection,
    resistancePercent: z.number().nonnegative().default(0),
    reactancePercent: z.number().nonnegative().default(0),
    /** Of one unit; what the percentages refer to. */
    kva: z.number().positive().optional(),
    /** Line-drop compensator, in volts on its own 120 V scale. Documentation: the model keeps to `taps`. */
    control: z
      .object({
        setVolts: z.number().positive(),
        bandwidthVolts: z.number().positive(),
        ptRatio: z.number().positive().optional(),
        ctAmps: z.number().positive().optional(),
        rVolts: z.number().optional(),
        xVolts: z.number().optional(),
      })
      .strict()
      .optional(),
  })
  .strict()
const capacitor = z
  .object({
    name,
    node: name,
    /** At rated voltage. */
    kvar: perConnection,
    /** Rated voltage across each part, line to neutral or line to line as its key says. Absent: the node's nominal. */
    ratedKv: kilovolts.optional(),
  })
  .strict()

const share = z.number().min(0).max(1)
const load = z
  .object({
    name,
    /** The node it hangs on, or the section along which it is spread evenly: one of the two. */
    node: name.optional(),
    along: name.optional(),
    kw: perConnection,
    kvar: perConnection,
    /** How it follows the voltage, as shares that add up to 1: of constant power, current and impedance. */
    model: z
      .object({ power: share.default(0), current: share.default(0), impedance: share.default(0) })
      .strict()
      .refine(
        ({ power, current, impedance }) => Math.abs(power + current + impedance - 1) < 1e-6,
        'want shares that add up to 1',
      )
      .default({ power: 1, current: 0, impedance: 0 }),
    /** The voltage across each part at which it draws `kw` and `kvar`. Absent: the node's nominal. */
    ratedKv: kilovolts.optional(),
    customers: z.number().int().nonnegative().default(0),
    /** 1 is shed last. */
    priority: z.number().int().min(1).max(9).default(5),
    /** The share of this load, 0 to 1, that its IED may shed. */
    sheddableShare: share.default(0),
  })
  .strict()

const generator = z
  .object({
    name,
    node: name,
    kind: z.enum(['synchronous', 'inverter']),
    /** All phases together, shared evenly. */
    kw: z.number().positive(),
    /** Produced; negative when it draws them. */
    kvar: z.number().default(0),
    /** All of its node by default. */
    phases: phases.optional(),
    /** Rating; by default its `kw` at a power factor of 0.8 (synchronous) or 1 (inverter). */
    kva: z.number().positive().optional(),
    /** Subtransient reactance of a synchronous machine on its own kVA: what limits its fault current. */
    subtransientPercent: z.number().positive().default(20),
    /** What an inverter feeds into a fault at the most, in multiples of its rated current. */
    faultCurrentPu: z.number().positive().default(1.2),
  })
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
const node = z
  .object({
    name,
    phases,
    place: place.optional(),
    /** On a drawing, x to the right and y upward in any unit, for feeders whose places on earth are not known. */
    drawnAt: z.tuple([z.number(), z.number()]).optional(),
  })
  .strict()

const ohm = z.number().nonnegative()
/** Where the feeder gets its power: a substation bus. One file has as many as switching can connect. */
const source = z
  .object({
    name,
    node: name,
    voltagePu: z.number().min(0.8).max(1.2).default(1),
    /** Of phase a, line to neutral. Sources that may run in parallel must agree. */
    angleDegrees: z.number().min(-360).max(360).default(0),
    /** Of the network behind it, at the node's voltage: positive and zero sequence. Absent: 10 kA, X/R = 10. */
    impedance: z.object({ r1Ohm: ohm, x1Ohm: ohm, r0Ohm: ohm, x0Ohm: ohm }).strict().optional(),
    /**
     * Where `voltagePu` is held: at the node, as by the substation's own tap changer, so that the impedance counts for
     * faults only; or behind the impedance.
     */
    holds: z.enum(['node', 'behind-impedance']).default('node'),
  })
  .strict()

export const feederFileSchema = z
  .object({
    feedermesh: z.literal(1),
    name,
    description: z.string().optional(),
    /** Line to line, at the sources. Beyond a transformer it is what the transformer makes of it. */
    nominalKv: kilovolts,
    frequencyHz: z.literal([50, 60]),
    sources: z.array(source).min(1),
    /** Whether closed loops and sources in parallel are meant. Otherwise one in the normal state is an error. */
    allowLoops: z.boolean().default(false),
    nodes: z.array(node).min(2),
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
export type SourceEntry = FeederFile['sources'][number]
export type NodeEntry = FeederFile['nodes'][number]
export type LineCodeEntry = FeederFile['lineCodes'][number]
export type TransformerEntry = FeederFile['transformers'][number]
export type RegulatorEntry = FeederFile['regulators'][number]
export type CapacitorEntry = FeederFile['capacitors'][number]
export type GeneratorEntry = FeederFile['generators'][number]
export type IedEntry = FeederFile['ieds'][number]
export type IedKind = IedEntry['kind']
