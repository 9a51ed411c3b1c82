// Drivers `modbus-tcp` and `modbus-rtu`: a device that is read by a device map.

import { z } from 'zod'
import { type DeviceMap, parseDeviceMap } from '../../hal/device-map.ts'
import { isShipped, shippedMapFile } from '../../hal/shipped-maps.ts'
import { NodeError } from '../node-error.ts'
import { readText } from '../read-text.ts'
import { type DeviceClock, type Driver, polled, serial, tcp, timeoutMs, unitId } from './driver.ts'

/** A file, or `shipped:NAME` of those that `feedermesh device-maps` lists. */
const map = z.string().min(1)

const modbus = {
  unitId: unitId.default(1),
  map,
  /** Other units on the same bus that belong to the device, such as a meter beside a relay. */
  also: z.array(z.object({ unitId, map }).strict()).max(31).default([]),
  timeoutMs,
  ...polled,
}

const tcpSchema = z.object({ driver: z.literal('modbus-tcp'), ...tcp, ...modbus }).strict()
const rtuSchema = z.object({ driver: z.literal('modbus-rtu'), ...serial, ...modbus }).strict()

export const modbusTcp: Driver<typeof tcpSchema> = { name: 'modbus-tcp', schema: tcpSchema, filesAt, open }
export const modbusRtu: Driver<typeof rtuSchema> = { name: 'modbus-rtu', schema: rtuSchema, filesAt, open }

type MappedDevice = z.output<typeof tcpSchema> | z.output<typeof rtuSchema>

function filesAt<D extends MappedDevice>(device: D, at: (path: string) => string): D {
  const mapAt = (path: string): string => (isShipped(path) ? path : at(path))
  return { ...device, map: mapAt(device.map), also: device.also.map(unit => ({ ...unit, map: mapAt(unit.map) })) }
}

async function open(device: MappedDevice, { now, utc }: DeviceClock) {
  const { modbusHal } = await import('../../hal/modbus-hal.ts')
  const also = device.also.map(unit => ({ ...unit, map: mapOf(unit.map) }))
  return modbusHal({ ...device, map: mapOf(device.map), also, now, utc })
}

function mapOf(given: string): DeviceMap {
  const file = shippedMapFile(given)
  if (file === undefined) throw new NodeError('BAD_INPUT', `${given}: no such map, see feedermesh device-maps`)
  return parseDeviceMap(readText(file, 'device map'), file)
}
