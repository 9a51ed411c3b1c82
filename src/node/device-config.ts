// The section `device` of an agent's configuration: one shape for each driver, told apart by `driver`.

import { z } from 'zod'
import { parseRational } from '../hal/rational.ts'
import { isShipped } from '../hal/shipped-maps.ts'

/** What every device has, whatever its driver. */
const polled = {
  /** Status, the fast class. */
  statusPollMs: z.number().int().min(5).max(60_000).default(20),
  /** Values, the slow class. */
  valuesPollMs: z.number().int().min(50).max(600_000).default(1000),
  /** Registers of energy. The end of each interval of readings reads them as well, whatever this is. */
  energyPollMs: z.number().int().min(50).max(86_400_000).default(60_000),
  /** What hardly ever changes, and who the device says it is. */
  rarePollMs: z.number().int().min(50).max(604_800_000).default(3_600_000),
  /** Built without a write path. */
  readOnly: z.boolean().default(false),
}

const unitId = z.number().int().min(0).max(255)
/** A file, or `shipped:NAME` of those that `feedermesh device-maps` lists. */
const map = z.string().min(1)

const modbus = {
  unitId: unitId.default(1),
  map,
  /** Other units on the same bus that belong to the device, such as a meter beside a relay. */
  also: z.array(z.object({ unitId, map }).strict()).max(31).default([]),
  timeoutMs: z.number().int().min(10).max(60_000).default(500),
  ...polled,
}

const modbusTcp = z
  .object({
    driver: z.literal('modbus-tcp'),
    host: z.string().min(1),
    port: z.number().int().min(1).max(65_535).default(502),
    ...modbus,
  })
  .strict()

const modbusRtu = z
  .object({
    driver: z.literal('modbus-rtu'),
    /** Of the serial port, such as /dev/ttyUSB0. */
    path: z.string().min(1),
    baudRate: z.number().int().min(300).max(4_000_000).default(9600),
    parity: z.enum(['none', 'even', 'odd']).default('none'),
    dataBits: z.union([z.literal(7), z.literal(8)]).default(8),
    stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
    ...modbus,
  })
  .strict()

/** By its name in the recording, or its number. */
const recordedChannel = z.union([z.string().min(1).max(64), z.number().int().min(1)])
const recordedPhases = z
  .object({
    a: recordedChannel.exactOptional(),
    b: recordedChannel.exactOptional(),
    c: recordedChannel.exactOptional(),
  })
  .strict()

const comtrade = z
  .object({
    driver: z.literal('comtrade'),
    /** A .cfg, with its .dat beside it, or a .cff. */
    file: z.string().min(1),
    /** 1: real time; fast: at once. */
    speed: z.union([z.literal(1), z.literal('fast')]).default(1),
    loop: z.boolean().default(false),
    startAfterMs: z.number().int().min(0).max(86_400_000).default(0),
    /** By the usual names where nothing is said: Va, IL2, F6-VB. */
    channels: z
      .object({ volts: recordedPhases.exactOptional(), amps: recordedPhases.exactOptional() })
      .strict()
      .exactOptional(),
    /** Digital channels that are the device's status. */
    status: z
      .object({
        pickup: recordedChannel.exactOptional(),
        groundPickup: recordedChannel.exactOptional(),
        tripped: recordedChannel.exactOptional(),
        sag: recordedChannel.exactOptional(),
        dead: recordedChannel.exactOptional(),
        /** 1 is closed. */
        closed: recordedChannel.exactOptional(),
      })
      .strict()
      .exactOptional(),
    /** RMS that the mean of the record's first cycle becomes: volts line to neutral, amperes, both primary. */
    scaleTo: z
      .object({ volts: z.number().positive().exactOptional(), amps: z.number().positive().exactOptional() })
      .strict()
      .exactOptional(),
    /** For a file that does not say it. */
    nominalHz: z.number().min(10).max(400).exactOptional(),
    ...polled,
  })
  .strict()
  .refine(({ speed, loop }) => !(loop && speed === 'fast'), {
    path: ['loop'],
    message: 'only at speed 1: at once it would never end',
  })

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

export const deviceSchema = z.discriminatedUnion('driver', [modbusTcp, modbusRtu, comtrade, sunspec, c37118, pulses])
export type DeviceConfig = z.infer<typeof deviceSchema>

/** With its files' paths made absolute. */
export function deviceAt(device: DeviceConfig, at: (path: string) => string): DeviceConfig {
  switch (device.driver) {
    case 'modbus-tcp':
    case 'modbus-rtu': {
      const mapAt = (path: string): string => (isShipped(path) ? path : at(path))
      const also = device.also.map(unit => ({ ...unit, map: mapAt(unit.map) }))
      return { ...device, map: mapAt(device.map), also }
    }
    case 'comtrade':
      return { ...device, file: at(device.file) }
    case 'pulses':
      return { ...device, totalFile: at(device.totalFile) }
    case 'sunspec':
    case 'c37118':
      return device
  }
}
