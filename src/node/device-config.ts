// The section `device` of an agent's configuration: one shape for each driver, told apart by `driver`.

import { z } from 'zod'
import { parseRational } from '../hal/rational.ts'

/** What every device has, whatever its driver. */
const polled = {
  /** Status, the fast class. */
  statusPollMs: z.number().int().min(5).max(60_000).default(20),
  /** Values, the slow class. */
  valuesPollMs: z.number().int().min(50).max(600_000).default(1000),
  /** Built without a write path. */
  readOnly: z.boolean().default(false),
}

const modbusTcp = z
  .object({
    driver: z.literal('modbus-tcp'),
    host: z.string().min(1),
    port: z.number().int().min(1).max(65_535).default(502),
    unitId: z.number().int().min(0).max(255).default(1),
    map: z.string().min(1),
    timeoutMs: z.number().int().min(10).max(60_000).default(500),
    ...polled,
  })
  .strict()

/** A device reached by Modbus over TCP, without a map. */
const overTcp = {
  host: z.string().min(1),
  port: z.number().int().min(1).max(65_535).default(502),
  unitId: z.number().int().min(0).max(255).default(1),
  timeoutMs: z.number().int().min(10).max(60_000).default(500),
}

const sunspec = z
  .object({
    driver: z.literal('sunspec'),
    ...overTcp,
    /** Which of the device's meters, in the order of its models. */
    meter: z.number().int().min(1).max(64).default(1),
    /** The register that counts what the customer takes. */
    importIs: z.enum(['TotWhImp', 'TotWhExp']).default('TotWhImp'),
    /** Power counts the other way. */
    reverse: z.boolean().default(false),
    ...polled,
    /** A meter's events, which are read with all its values. */
    statusPollMs: polled.statusPollMs.default(500),
  })
  .strict()

const phases = <T extends z.ZodType>(of: T) =>
  z.object({ a: of.exactOptional(), b: of.exactOptional(), c: of.exactOptional() }).strict().default({})

/** By its name, or its place from 0. */
const channel = z.union([z.string().min(1).max(255), z.number().int().min(0).max(65_535)])

const c37118 = z
  .object({
    driver: z.literal('c37118'),
    host: z.string().min(1),
    port: z.number().int().min(1).max(65_535).default(4712),
    /** The stream's. */
    idCode: z.number().int().min(1).max(65_534),
    /** The unit's, where the stream is a concentrator's. */
    pmuId: z.number().int().min(1).max(65_534).exactOptional(),
    phasors: z.object({ volts: phases(channel), amps: phases(channel) }).strict(),
    /** Currents count the other way. */
    reverse: z.boolean().default(false),
    /** The configuration frame that is asked for. */
    configuration: z.union([z.literal(2), z.literal(3)]).default(2),
    timeoutMs: z.number().int().min(50).max(60_000).default(1000),
    ...polled,
    /** It knows of no switch and no relay. */
    statusPollMs: polled.statusPollMs.default(1000),
  })
  .strict()
  .refine(({ phasors: { volts, amps } }) => Object.keys({ ...volts, ...amps }).length > 0, {
    path: ['phasors'],
    message: 'want at least one phasor, as in volts: { a: VA }',
  })

const registerAddress = z.number().int().min(0).max(65_535)
const pulseInput = z
  .object({
    table: z.enum(['discrete', 'coil', 'input', 'holding']),
    address: registerAddress,
    /** Of a register. */
    bit: z.number().int().min(0).max(15).exactOptional(),
  })
  .strict()
  .refine(({ table, bit }) => (bit !== undefined) === (table === 'input' || table === 'holding'), {
    path: ['bit'],
    message: 'a bit for a register, none for a digital input',
  })

const pulseCounter = z
  .object({
    table: z.enum(['input', 'holding']).default('input'),
    address: registerAddress,
    words: z.union([z.literal(1), z.literal(2), z.literal(4)]).default(1),
    lowWordFirst: z.boolean().default(false),
    /** It begins again at 0 when it reaches this; else when its words are full. */
    range: z.number().int().min(10).max(Number.MAX_SAFE_INTEGER).exactOptional(),
  })
  .strict()

const pulseContacts = z
  .object({
    y: pulseInput,
    /** Absent from a contact of form A. */
    z: pulseInput.exactOptional(),
    pollMs: z.number().int().min(2).max(1000).default(10),
    debounceMs: z.number().int().min(0).max(1000).default(20),
    /** Neither closed or both for so long is a fault. */
    faultMs: z.number().int().min(10).max(60_000).default(500),
    /** Of form A: whether opening is a pulse too. With z each change is one. */
    bothEdges: z.boolean().default(false),
  })
  .strict()

const pulses = z
  .object({
    driver: z.literal('pulses'),
    ...overTcp,
    counter: pulseCounter.exactOptional(),
    contacts: pulseContacts.exactOptional(),
    /** Exact: 1.8, or 1/3. */
    wattHoursPerPulse: z.union([z.number(), z.string()]).transform((value, context) => {
      const weight = parseRational(value)
      if (weight !== undefined && weight.numerator > 0n) return weight
      context.addIssue({ code: 'custom', message: 'want a number above 0, as 1.8 or 1/3' })
      return z.NEVER
    }),
    /** More pulses than this do not come. */
    maxPerSecond: z.number().min(0.01).max(1000).default(20),
    feeds: z.enum(['importWh', 'exportWh']).default('importWh'),
    /** Power is the mean over this. */
    demandSeconds: z.number().min(1).max(3600).default(60),
    /** Power is shown in equal parts on these. */
    phases: z
      .array(z.enum(['a', 'b', 'c']))
      .min(1)
      .max(3)
      .default(['a', 'b', 'c']),
    /** How long trouble with the pulses casts doubt on what is shown. */
    doubtSeconds: z.number().min(0).max(86_400).default(300),
    /** Where the count is kept over a restart. */
    totalFile: z.string().min(1),
    ...polled,
    /** It knows of no switch and no relay. */
    statusPollMs: polled.statusPollMs.default(1000),
  })
  .strict()
  .refine(({ counter, contacts }) => (counter === undefined) !== (contacts === undefined), {
    message: 'want one of counter, contacts',
  })

export const deviceSchema = z.discriminatedUnion('driver', [modbusTcp, sunspec, c37118, pulses])
export type DeviceConfig = z.infer<typeof deviceSchema>

/** With its files' paths made absolute. */
export function deviceAt(device: DeviceConfig, at: (path: string) => string): DeviceConfig {
  switch (device.driver) {
    case 'modbus-tcp':
      return { ...device, map: at(device.map) }
    case 'pulses':
      return { ...device, totalFile: at(device.totalFile) }
    case 'sunspec':
    case 'c37118':
      return device
  }
}
