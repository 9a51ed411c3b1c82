// From the configuration's `device` to the driver that reads it.

import { readComtrade, replayHal } from '../hal/comtrade/index.ts'
import { type Hal, modbusHal, parseDeviceMap } from '../hal/index.ts'
import type { Clock } from './clock.ts'
import { readText } from './config.ts'
import type { DeviceConfig } from './device-config.ts'

/** @throws NodeError BAD_INPUT for a file that cannot be read, DeviceMapError or ComtradeError for one that cannot be used */
export function openDevice(device: DeviceConfig, { now, utc, wakeAt }: Pick<Clock, 'now' | 'utc' | 'wakeAt'>): Hal {
  switch (device.driver) {
    case 'modbus-tcp': {
      const { host, port, unitId, timeoutMs, readOnly } = device
      const map = parseDeviceMap(readText(device.map, 'device map'), device.map)
      return modbusHal({ host, port, unitId, map, timeoutMs, readOnly, now, utc })
    }
    case 'comtrade':
      return replayHal({ ...device, record: readComtrade(device.file), now, utc, wakeAt })
  }
}
