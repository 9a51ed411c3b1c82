// The section `device` of an agent's configuration: one shape for each driver, told apart by `driver`.

import { z } from 'zod'
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
const channel = z.union([z.string().min(1).max(64), z.number().int().min(1)])
const phases = z.object({ a: channel.exactOptional(), b: channel.exactOptional(), c: channel.exactOptional() }).strict()

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
    channels: z.object({ volts: phases.exactOptional(), amps: phases.exactOptional() }).strict().exactOptional(),
    /** Digital channels that are the device's status. */
    status: z
      .object({
        pickup: channel.exactOptional(),
        groundPickup: channel.exactOptional(),
        tripped: channel.exactOptional(),
        sag: channel.exactOptional(),
        dead: channel.exactOptional(),
        /** 1 is closed. */
        closed: channel.exactOptional(),
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

export const deviceSchema = z.discriminatedUnion('driver', [modbusTcp, modbusRtu, comtrade])
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
  }
}
