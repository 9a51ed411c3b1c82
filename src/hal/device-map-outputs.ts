// What is wrong with the outputs of a device map. Above all: an output is switched by any setpoint that names it, so none
// may reach what operates the switching device, or what sets the device.

import type { Fault } from './device-map.ts'
import type { DeviceMapFile, OperationEntry, OutputEntry } from './device-map-schema.ts'
import { factsOf } from './feeds.ts'

/** What is written for on and for off. */
export const levelsOf = ({ table, on, off }: Pick<OutputEntry, 'table' | 'on' | 'off'>) => ({
  on: on ?? (table === 'coil' ? true : 1),
  off: off ?? (table === 'coil' ? false : 0),
})

export function outputFaults(file: DeviceMapFile): Fault[] {
  const faults: Fault[] = []
  const taken: { readonly place: Place; readonly by: string }[] = placesOfOthers(file)
  for (const [name, output] of Object.entries(file.outputs)) {
    const complain = (keys: readonly string[], text: string): void =>
      void faults.push({ path: ['outputs', name, ...keys], text })
    if (!/^[A-Za-z][A-Za-z0-9_-]{0,31}$/.test(name)) {
      complain([], 'want a letter, then letters, digits, "_" or "-", 32 at the most')
    }
    checkLevels(output, complain)
    checkConfirm(output, file, complain)
    const place = { ...output, count: 1 }
    const other = taken.find(each => meets(each.place, place))
    if (other !== undefined) complain(['address'], `${output.address}, want another place: ${other.by} writes there`)
    taken.push({ place, by: `outputs.${name}` })
  }
  return faults
}

type Complain = (keys: readonly string[], text: string) => void

function checkLevels({ table, on, off, mask }: OutputEntry, complain: Complain): void {
  const levels = levelsOf({ table, on, off })
  for (const [key, value] of Object.entries(levels)) {
    if ((table === 'coil') !== (typeof value === 'boolean')) {
      complain([key], `${value}, want ${table === 'coil' ? 'true or false for a coil' : '0..65535 for a register'}`)
    } else if (mask !== undefined && typeof value === 'number' && (value & ~mask) !== 0) {
      complain([key], `${value}, want only bits of the mask ${mask}`)
    }
  }
  if (mask !== undefined && table === 'coil') complain(['mask'], `${mask}, want none for a coil`)
  if (levels.on === levels.off) complain(['off'], `${levels.off}, want another value than for on`)
}

function checkConfirm({ confirm }: OutputEntry, { points }: DeviceMapFile, complain: Complain): void {
  if (confirm === undefined) return
  if (factsOf(confirm.feeds).kind !== 'boolean') complain(['confirm', 'feeds'], `${confirm.feeds}, want a flag`)
  if (!points.some(point => point.feeds === confirm.feeds)) {
    complain(['confirm', 'feeds'], `${confirm.feeds}, want a feed that one of the points reads`)
  }
}

/** Registers that are written, and which of their bits. */
export interface Place {
  readonly unitId?: number | undefined
  readonly table: string
  readonly address: number
  readonly count: number
  readonly mask?: number | undefined
}

type Written = Pick<OperationEntry, 'unitId' | 'table' | 'address' | 'values' | 'mask' | 'select'>

/** Where operations write, also to select. */
export function placesOfOperations(operations: { readonly [name: string]: Written | undefined }) {
  const places: { place: Place; by: string }[] = []
  for (const [name, operation] of Object.entries(operations)) {
    if (operation === undefined) continue
    const { unitId, table, address, values, mask, select } = operation
    places.push({ place: { unitId, table, address, count: values?.length ?? 1, mask }, by: `operations.${name}` })
    if (select !== undefined) {
      places.push({
        place: { unitId, table: select.table, address: select.address, count: 1 },
        by: `operations.${name}`,
      })
    }
  }
  return places
}

const placesOfOthers = ({ operations, settings }: DeviceMapFile) => [
  ...placesOfOperations(operations),
  ...settings.map((place, n) => ({ place, by: `settings[${n}]` })),
]

/** Two masks that share no bit share the register in peace. */
export const meets = (one: Place, other: Place): boolean =>
  one.unitId === other.unitId &&
  one.table === other.table &&
  one.address < other.address + other.count &&
  other.address < one.address + one.count &&
  (one.mask === undefined || other.mask === undefined || (one.mask & other.mask) !== 0)
