// The feeder file: what a person writes about one feeder (YAML), and its checked, frozen form.
//
// This file holds the schema alone; `load-feeder.ts` reads YAML, checks references between the parts and names the line
// of each fault, and `feeder.ts` answers questions about the live state. What a key means is said in `describe`, so that
// it is in the JSON Schema too, where editors show it.

import { z } from 'zod'
import { recloseFile, relayFile, sectionalizerFile, settingsGroupsFile } from './relay-file.ts'

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'want a name of letters, digits, "_", "." or "-", 64 at most')
const phase = z.enum(['a', 'b', 'c'])
export type Phase = z.infer<typeof phase>
const phases = z.array(phase).min(1).max(3)
/** A gigawatt on one connection is a slip of the pen. */
const each = z.number().min(-1e6).max(1e6).optional()
const perConnection = z
  .object({ a: each, b: each, c: each, ab: each, bc: each, ca: each })
  .strict()
  .describe(
    'A figure for each phase (`a`: between phase a and neutral) or pair of phases (`ab`: between a and b) that ' +
      'something is connected to. So the keys say the connection, wye or delta; no more is needed.',
  )
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
    rOhmPerKm: matrix.describe(
      'Series resistance, full symmetric matrix in the order of `phases`. The neutral is reduced into it (Kron).',
    ),
    xOhmPerKm: matrix.describe('Series reactance, same shape.'),
    bMicroSiemensPerKm: matrix.optional().describe('Shunt susceptance (line charging), same shape. Absent: none.'),
    ampacityAmps,
  })
  .strict()

const section = z
  .object({
    name,
    from: name,
    to: name,
    phases,
    lengthM: z.number().nonnegative().default(0).describe('Absent for a switch or transformer of no length.'),
    lineCode: name.optional(),
    impedance: z
      .object({ rOhm: matrix, xOhm: matrix, bMicroSiemens: matrix.optional() })
      .strict()
      .optional()
      .describe("In place of a line code: the whole section's figures, in the order of its `phases`."),
    ampacityAmps: ampacityAmps.describe("In place of the line code's."),
  })
  .strict()

const switching = z
  .enum(['breaker', 'recloser', 'sectionalizer', 'switch', 'tie', 'fuse'])
  .describe('Devices that make zones: whatever opens and closes.')
const device = z
  .object({
    name,
    kind: switching,
    section: name,
    at: z.enum(['from', 'to']).default('from').describe('The end of the section where the device stands.'),
    normal: z.enum(['open', 'closed']).default('closed'),
    relay: relayFile.optional(),
    reclose: recloseFile.optional(),
    settingsGroups: settingsGroupsFile.optional(),
    sectionalizer: sectionalizerFile.optional(),
    meltingCurve: z
      .array(z.tuple([z.number().positive(), z.number().positive()]))
      .min(2)
      .max(200)
      .optional()
      .describe(
        "A fuse's total clearing time: [amperes, seconds], falling, straight between the points on log-log paper.",
      ),
    ratedAmps: z.number().positive().optional(),
    breakerTimeMs: z.number().nonnegative().default(50).describe('From trip to arcs extinguished.'),
    breakerFailureMs: z
      .number()
      .positive()
      .default(250)
      .describe('How long upstream waits before it takes the breaker for failed.'),
    parallelAllowed: z
      .boolean()
      .optional()
      .describe('It may join two sources for the moment of a return to the normal state: their angles agree.'),
  })
  .strict()

const transformer = z
  .object({
    name,
    section: name,
    phases: phases.optional().describe('Those of the section that it uses; all of them by default.'),
    kva: z.number().positive(),
    primaryKv: kilovolts,
    secondaryKv: kilovolts,
    primary: z
      .enum(['wye', 'delta'])
      .default('wye')
      .describe(
        'A delta-wye or wye-delta unit of three phases turns by 30 degrees, the lower voltage lagging (ANSI C57.12).',
      ),
    secondary: z
      .enum(['wye', 'delta', 'center-tapped'])
      .default('wye')
      .describe(
        '`center-tapped`: one phase in, two legs of opposite sign out, which the far node has as its phases a and ' +
          'b. `secondaryKv` is then that of a leg: 0.12 for 120/240 V.',
      ),
    resistancePercent: z.number().nonnegative().describe('Of both windings together, on its own kVA.'),
    reactancePercent: z.number().nonnegative(),
    noLoadLossPercent: z.number().nonnegative().default(0),
    tapPu: z
      .number()
      .min(0.5)
      .max(1.5)
      .default(1)
      .describe('Turns ratio off nominal: secondary over primary, 1 at the nominal tap.'),
  })
  .strict()
  .describe(
    "A transformer, or one unit of a bank; several may stand on one section. The primary is at the section's " +
      '`from`. Voltages are line to line for a unit of two or three phases in delta or three in wye, and across the ' +
      'winding for a unit of one phase; of a center-tapped secondary, across one leg.',
  )
const regulator = z
  .object({
    name,
    section: name,
    taps: perConnection,
    resistancePercent: z.number().nonnegative().default(0),
    reactancePercent: z.number().nonnegative().default(0),
    kva: z.number().positive().optional().describe('Of one unit; what the percentages refer to.'),
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
      .optional()
      .describe('Line-drop compensator, in volts on its own 120 V scale. Documentation: the model keeps to `taps`.'),
  })
  .strict()
  .describe(
    'Step-voltage regulators on a section, seen from its `from`. Ratio = 1 + 0.00625 × tap for each unit: `a`, `b`,' +
      ' `c` from phase to neutral, `ab`, `bc`, `ca` between phases (two of these make an open delta).',
  )
const capacitor = z
  .object({
    name,
    node: name,
    kvar: perConnection.describe('At rated voltage, for each phase (`a`) or pair of phases (`ab`).'),
    ratedKv: kilovolts
      .optional()
      .describe(
        "Rated voltage across each part, line to neutral or line to line as its key says. Absent: the node's nominal.",
      ),
  })
  .strict()

const share = z.number().min(0).max(1)
const load = z
  .object({
    name,
    node: name.optional().describe('The node it hangs on, unless it has `along`.'),
    along: name.optional().describe('The section along which it is spread evenly, unless it has `node`.'),
    kw: perConnection,
    kvar: perConnection,
    model: z
      .object({ power: share.default(0), current: share.default(0), impedance: share.default(0) })
      .strict()
      .refine(
        ({ power, current, impedance }) => Math.abs(power + current + impedance - 1) < 1e-6,
        'want shares that add up to 1',
      )
      .default({ power: 1, current: 0, impedance: 0 })
      .describe('How it follows the voltage, as shares that add up to 1: of constant power, current and impedance.'),
    ratedKv: kilovolts
      .optional()
      .describe("The voltage across each part at which it draws `kw` and `kvar`. Absent: the node's nominal."),
    customers: z.number().int().nonnegative().default(0),
    priority: z.number().int().min(1).max(9).default(5).describe('1 is shed last.'),
    sheddableShare: share.default(0).describe('The share of this load, 0 to 1, that its IED may shed.'),
  })
  .strict()

const generator = z
  .object({
    name,
    node: name,
    kind: z.enum(['synchronous', 'inverter']),
    kw: z.number().positive().describe('All phases together, shared evenly.'),
    kvar: z.number().default(0).describe('Produced; negative when it draws them.'),
    phases: phases.optional().describe('All of its node by default.'),
    kva: z
      .number()
      .positive()
      .optional()
      .describe('Rating; by default its `kw` at a power factor of 0.8 (synchronous) or 1 (inverter).'),
    subtransientPercent: z
      .number()
      .positive()
      .default(20)
      .describe('Subtransient reactance of a synchronous machine on its own kVA: what limits its fault current.'),
    faultCurrentPu: z
      .number()
      .positive()
      .default(1.2)
      .describe('What an inverter feeds into a fault at the most, in multiples of its rated current.'),
    category: z
      .enum(['I', 'II', 'III'])
      .optional()
      .describe('Performance category for abnormal voltage of IEEE 1547-2018.'),
    mayIsland: z.boolean().optional().describe('It may feed its own loads alone when it is cut off from the feeder.'),
  })
  .strict()

const iedKind = z
  .enum(['relay', 'recloser', 'switch', 'rtu', 'meter', 'generator', 'capacitor', 'motor'])
  .describe('The kind fixes the device map and what the simulated field device does; the agent program is the same.')
const ied = z
  .object({
    name,
    kind: iedKind,
    node: name,
    organisation: name,
    operates: name.optional().describe('The switching device, generator, load or capacitor that it operates.'),
    meters: z.array(name).default([]).describe('The loads whose energy it registers.'),
    observes: z
      .array(name)
      .max(16)
      .default([])
      .describe(
        'The sections whose disturbances it reports: its line sensors see what enters each and what leaves it. The ' +
          'order is the bit order of its fault-passage registers. A section has one observer at the most.',
      ),
    group: name
      .optional()
      .describe('Members of one group elect one aggregator among themselves; by default all of the feeder.'),
  })
  .strict()

const place = z
  .tuple([z.number().min(-90).max(90), z.number().min(-180).max(180)])
  .describe('Latitude and longitude in degrees, WGS 84.')
const node = z
  .object({
    name,
    phases,
    place: place.optional(),
    drawnAt: z
      .tuple([z.number(), z.number()])
      .optional()
      .describe(
        'On a drawing, x to the right and y upward in any unit, for feeders whose places on earth are not known.',
      ),
  })
  .strict()

const ohm = z.number().nonnegative()
const source = z
  .object({
    name,
    node: name,
    voltagePu: z.number().min(0.8).max(1.2).default(1),
    angleDegrees: z
      .number()
      .min(-360)
      .max(360)
      .default(0)
      .describe('Of phase a, line to neutral. Sources that may run in parallel must agree.'),
    impedance: z
      .object({ r1Ohm: ohm, x1Ohm: ohm, r0Ohm: ohm, x0Ohm: ohm })
      .strict()
      .optional()
      .describe(
        "Of the network behind it, at the node's voltage: positive and zero sequence. Absent: 10 kA, X/R = 10.",
      ),
    holds: z
      .enum(['node', 'behind-impedance'])
      .default('node')
      .describe(
        "Where `voltagePu` is held: at the node, as by the substation's own tap changer, so that the impedance " +
          'counts for faults only; or behind the impedance.',
      ),
  })
  .strict()
  .describe('Where the feeder gets its power: a substation bus. One file has as many as switching can connect.')

export const feederFileSchema = z
  .object({
    feedermesh: z.literal(1),
    name,
    description: z.string().optional(),
    nominalKv: kilovolts.describe(
      'Line to line, at the sources. Beyond a transformer it is what the transformer makes of it.',
    ),
    frequencyHz: z.literal([50, 60]),
    sources: z.array(source).min(1),
    allowLoops: z
      .boolean()
      .default(false)
      .describe(
        'Whether closed loops and sources in parallel are meant. Otherwise one in the normal state is an error.',
      ),
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
