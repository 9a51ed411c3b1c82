// From the configuration's `device` to the driver that reads it. A driver, and what it is built on, is loaded only where it is
// configured.

import { duration } from '../../topology/units.ts'
import { type DeviceMap, parseDeviceMap } from '../hal/device-map.ts'
import type { Hal } from '../hal/port.ts'
import type { PulseHalOptions, PulseSource } from '../hal/pulse-hal.ts'
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
    case 'sunspec': {
      const { sunspecHal } = await import('../hal/sunspec-hal.ts')
      return sunspecHal({ ...device, now, utc })
    }
    case 'c37118': {
      const { c37118Hal } = await import('../hal/c37118-hal.ts')
      return c37118Hal({ ...device, now, utc })
    }
    case 'pulses': {
      const { pulseHal } = await import('../hal/pulse-hal.ts')
      const { totalFile } = await import('../hal/pulses/total-file.ts')
      return pulseHal({ ...pulseOptions(device), memory: totalFile(device.totalFile), now, utc })
    }
  }
}

function mapOf(given: string): DeviceMap {
  const file = shippedMapFile(given)
  if (file === undefined) throw new NodeError('BAD_INPUT', `${given}: no such map, see feedermesh device-maps`)
  return parseDeviceMap(readText(file, 'device map'), file)
}

type PulseDevice = Extract<DeviceConfig, { driver: 'pulses' }>

function pulseOptions(device: PulseDevice): Omit<PulseHalOptions, 'now' | 'utc' | 'memory'> {
  const { host, port, unitId, timeoutMs, counter, contacts, wattHoursPerPulse, feeds, phases } = device
  return {
    host,
    port,
    unitId,
    timeoutMs,
    source: pulseSource(device),
    settings: {
      counterRange: counter?.range === undefined ? 2n ** BigInt(16 * (counter?.words ?? 1)) : BigInt(counter.range),
      mostPerSecond: device.maxPerSecond,
      debounce: duration(contacts?.debounceMs ?? 0),
      faultAfter: duration(contacts?.faultMs ?? 0),
      contact: contacts?.z === undefined ? 'formA' : 'formC',
      bothEdges: contacts?.bothEdges ?? true,
      doubtFor: duration(device.doubtSeconds * 1000),
    },
    wattHoursPerPulse,
    feeds,
    demandWindow: duration(device.demandSeconds * 1000),
    phases,
  }
}

function pulseSource({ counter, contacts }: PulseDevice): PulseSource {
  if (counter !== undefined) return { kind: 'counter', ...counter }
  if (contacts === undefined) throw new NodeError('BAD_INPUT', 'device: want one of counter, contacts')
  const { y, z, pollMs } = contacts
  return { kind: 'contacts', y, ...(z === undefined ? {} : { z }), pollMs: duration(pollMs) }
}
