// The register image of a simulated device. `sim/maps/feedermesh-device.yaml` describes the same to an agent, and
// README.md to a person; a test holds the three together.

import type { Shown } from '../plant/plant.ts'
import type { EnergyRegisters } from './energy-register.ts'

/** All that a device shows at one moment. */
export interface DeviceView {
  readonly shown: Shown
  readonly tripped: boolean
  readonly lockedOut: boolean
  readonly energy: EnergyRegisters
  readonly temperatureC: number
}

/** Input registers, first and one past the last of each block. */
export const METER_BLOCK = { start: 0, end: 36 } as const
export const STATUS_BLOCK = { start: 100, end: 107 } as const
const NOT_AVAILABLE = 0xffff
export const COILS = { open: 0, close: 1, shed: 2, trip: 3 } as const

/** The meter block: floats big-endian, high word first; NaN where the device lacks the value. */
export function meterRegisters({ shown, energy, temperatureC }: DeviceView): Uint16Array {
  const view = new DataView(new ArrayBuffer(2 * METER_BLOCK.end))
  let register = 0
  for (const quantity of [shown.volts, shown.amps, shown.kw, shown.kvar]) {
    for (const phase of ['a', 'b', 'c'] as const) {
      view.setFloat32(2 * register, quantity[phase] ?? Number.NaN)
      register += 2
    }
  }
  view.setFloat32(2 * 24, shown.frequencyHz ?? Number.NaN)
  view.setFloat32(2 * 26, temperatureC)
  view.setBigUint64(2 * 28, energy.importWh)
  view.setBigUint64(2 * 32, energy.exportWh)
  return wordsOf(view)
}

/** The status block, as in `STATUS_BLOCK`. */
export function statusRegisters({ shown, tripped, lockedOut }: DeviceView): Uint16Array {
  const view = new DataView(new ArrayBuffer(2 * (STATUS_BLOCK.end - STATUS_BLOCK.start)))
  const flags = [
    shown.pickup,
    tripped,
    shown.sag,
    shown.dead,
    shown.highSet,
    lockedOut,
    shown.farDead ?? false,
    shown.inSync ?? false,
  ]
  view.setUint16(0, shown.position === undefined ? NOT_AVAILABLE : shown.position === 'closed' ? 2 : 1)
  view.setUint16(2, shown.shed === undefined ? NOT_AVAILABLE : Number(shown.shed))
  view.setUint16(
    4,
    flags.reduce((bits, flag, n) => bits | (Number(flag) << n), 0),
  )
  view.setUint16(6, shown.entered)
  view.setUint16(8, shown.left)
  view.setFloat32(10, shown.residualPu ?? Number.NaN)
  return wordsOf(view)
}

const wordsOf = (view: DataView): Uint16Array =>
  Uint16Array.from({ length: view.byteLength / 2 }, (_, i) => view.getUint16(2 * i))
