// What a driver is to the configuration: its section, the files that it names, and how it opens.

import { z } from 'zod'
import type { Hal } from '../../hal/port.ts'
import type { Clock } from '../clock.ts'

export type DeviceClock = Pick<Clock, 'now' | 'utc' | 'wakeAt'>

export interface Driver<S extends z.ZodType<{ readonly driver: string }> = z.ZodType<{ readonly driver: string }>> {
  readonly name: z.output<S>['driver']
  readonly schema: S
  /** With its files' paths made absolute. */
  filesAt(device: z.output<S>, at: (path: string) => string): z.output<S>
  /**
   * Loads what the driver is built on, which nobody else needs.
   * @throws NodeError BAD_INPUT for a file that cannot be read, DeviceMapError or ComtradeError for one that cannot be used
   */
  open(device: z.output<S>, clock: DeviceClock): Promise<Hal>
}

/** What every device has, whatever its driver. */
export const polled = {
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

export const unitId = z.number().int().min(0).max(255)

const host = z.string().min(1)
const port = z.number().int().min(1).max(65_535)
/** Of the serial port, such as /dev/ttyUSB0. */
const path = z.string().min(1)

export const tcp = { host, port: port.default(502) }

export const serial = {
  path,
  baudRate: z.number().int().min(300).max(4_000_000).default(9600),
  parity: z.enum(['none', 'even', 'odd']).default('none'),
  dataBits: z.union([z.literal(7), z.literal(8)]).default(8),
  stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
}

/** For connecting, and for each answer. */
export const timeoutMs = z.number().int().min(10).max(60_000).default(500)
