// The section `device` of an agent's configuration: one shape for each driver, told apart by `driver`. A driver is a file in
// `devices` and a name in this list.

import { z } from 'zod'
import type { Hal } from '../hal/port.ts'
import { shippedMapFile } from '../hal/shipped-maps.ts'
import { c37118 } from './devices/c37118.ts'
import { comtrade } from './devices/comtrade.ts'
import type { DeviceClock, Driver } from './devices/driver.ts'
import { modbusRtu, modbusTcp } from './devices/modbus.ts'
import { pulses } from './devices/pulses.ts'
import { sunspec } from './devices/sunspec.ts'
import { readText } from './read-text.ts'

const DRIVERS = [modbusTcp, modbusRtu, comtrade, sunspec, c37118, pulses] as const

type Schemas<D extends readonly Driver[]> = { -readonly [K in keyof D]: D[K]['schema'] }

export const deviceSchema = z.discriminatedUnion(
  'driver',
  DRIVERS.map(({ schema }) => schema) as Schemas<typeof DRIVERS>,
)
export type DeviceConfig = z.infer<typeof deviceSchema>

/** With its files' paths made absolute. */
export const deviceAt = (device: DeviceConfig, at: (path: string) => string): DeviceConfig =>
  driverOf(device).filesAt(device, at)

/** @throws NodeError BAD_INPUT for a file that cannot be read, DeviceMapError or ComtradeError for one that cannot be used */
export const openDevice = async (device: DeviceConfig, clock: DeviceClock): Promise<Hal> =>
  driverOf(device).open(device, clock)

/** What stands in the maps by which the device is read and written; undefined where it has none, or they cannot be read now. */
export function mapsOf(device: DeviceConfig | undefined): readonly string[] | undefined {
  if (device === undefined || !('map' in device)) return undefined
  const files = [device.map, ...device.also.map(({ map }) => map)].map(map => shippedMapFile(map) ?? map)
  try {
    return files.map(file => readText(file, 'device map'))
  } catch {
    return undefined // the driver says so when it opens the device
  }
}

type Opened = Pick<Driver<typeof deviceSchema>, 'filesAt' | 'open'>

/** The schema has let no other name in. */
const driverOf = ({ driver }: DeviceConfig): Opened => DRIVERS.find(({ name }) => name === driver) as Opened
