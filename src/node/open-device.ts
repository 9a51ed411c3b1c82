// From the configuration's `device` to the driver that reads it.

import { duration } from '../../topology/units.ts'
import { c37118Hal } from '../hal/c37118-hal.ts'
import { type Hal, modbusHal, parseDeviceMap } from '../hal/index.ts'
import { type PulseHalOptions, type PulseSource, pulseHal } from '../hal/pulse-hal.ts'
import { totalFile } from '../hal/pulses/total-file.ts'
import { sunspecHal } from '../hal/sunspec-hal.ts'
import type { Clock } from './clock.ts'
import { readText } from './config.ts'
import type { DeviceConfig } from './device-config.ts'
import { NodeError } from './node-error.ts'

/** @throws NodeError BAD_INPUT for a file that cannot be read, DeviceMapError for one that cannot be used */
export function openDevice(device: DeviceConfig, { now, utc }: Pick<Clock, 'now' | 'utc'>): Hal {
  switch (device.driver) {
    case 'modbus-tcp': {
      const { host, port, unitId, timeoutMs, readOnly } = device
      const map = parseDeviceMap(readText(device.map, 'device map'), device.map)
      return modbusHal({ host, port, unitId, map, timeoutMs, readOnly, now, utc })
    }
    case 'sunspec':
      return sunspecHal({ ...device, now, utc })
    case 'c37118':
      return c37118Hal({ ...device, now, utc })
    case 'pulses':
      return pulseHal({ ...pulseOptions(device), now, utc })
  }
}

type PulseDevice = Extract<DeviceConfig, { driver: 'pulses' }>

function pulseOptions(device: PulseDevice): Omit<PulseHalOptions, 'now' | 'utc'> {
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
    memory: totalFile(device.totalFile),
  }
}

function pulseSource({ counter, contacts }: PulseDevice): PulseSource {
  if (counter !== undefined) return { kind: 'counter', ...counter }
  if (contacts === undefined) throw new NodeError('BAD_INPUT', 'device: want one of counter, contacts')
  const { y, z, pollMs } = contacts
  return { kind: 'contacts', y, ...(z === undefined ? {} : { z }), pollMs: duration(pollMs) }
}
