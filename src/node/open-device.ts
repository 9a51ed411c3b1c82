// From the configuration's `device` to the driver that reads it. A driver, and what it is built on, is loaded only where it is
// configured.

import { type DeviceMap, parseDeviceMap } from '../hal/device-map.ts'
import type { Hal } from '../hal/port.ts'
import { shippedMapFile } from '../hal/shipped-maps.ts'
import type { Clock } from './clock.ts'
import { readText } from './config.ts'
import type { DeviceConfig } from './device-config.ts'
import { NodeError } from './node-error.ts'

/** @throws NodeError BAD_INPUT for a file that cannot be read, DeviceMapError or ComtradeError for one that cannot be used */
export async function openDevice(
  device: DeviceConfig,
  { now, utc, wakeAt }: Pick<Clock, 'now' | 'utc' | 'wakeAt'>,
): Promise<Hal> {
  switch (device.driver) {
    case 'modbus-tcp':
    case 'modbus-rtu': {
      const { modbusHal } = await import('../hal/modbus-hal.ts')
      const also = device.also.map(({ unitId, map }) => ({ unitId, map: mapOf(map) }))
      return modbusHal({ ...device, map: mapOf(device.map), also, now, utc })
    }
    case 'comtrade': {
      const { readComtrade, replayHal } = await import('../hal/comtrade/index.ts')
      return replayHal({ ...device, record: readComtrade(device.file), now, utc, wakeAt })
    }
  }
}

function mapOf(given: string): DeviceMap {
  const file = shippedMapFile(given)
  if (file === undefined) throw new NodeError('BAD_INPUT', `${given}: no such map, see feedermesh device-maps`)
  return parseDeviceMap(readText(file, 'device map'), file)
}
