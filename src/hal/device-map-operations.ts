// What is wrong with the operations of a device map: values that a table cannot take, a mask that does not cover its value,
// twice what must be once, no way to see that it is done.

import type { Fault } from './device-map.ts'
import type { DeviceMapFile, OperationEntry } from './device-map-schema.ts'
import { factsOf } from './feeds.ts'

type Complain = (keys: readonly string[], text: string) => void

export function operationFaults(file: DeviceMapFile): Fault[] {
  return Object.entries(file.operations).flatMap(([name, operation]) => {
    if (operation === undefined) return []
    const faults: Fault[] = []
    const complain: Complain = (keys, text) => faults.push({ path: ['operations', name, ...keys], text })
    checkWrite(operation, complain)
    checkSelect(operation, complain)
    checkConfirm(operation, file, complain)
    return faults
  })
}

function checkWrite({ table, value, values, mask, pulse, repeatable }: OperationEntry, complain: Complain): void {
  if ((value === undefined) === (values === undefined)) {
    complain(['value'], value === undefined ? 'missing, want a value, or values' : 'given, want either value or values')
  }
  if (value !== undefined && !fits(table, value)) complain(['value'], `${value}, want ${wanted(table)}`)
  if (values !== undefined && table === 'coil') complain(['values'], 'given, want a value for a coil')
  if (mask !== undefined && table === 'coil') complain(['mask'], `${mask}, want none for a coil`)
  if (mask !== undefined && values !== undefined) complain(['mask'], `${mask}, want none beside values`)
  if (mask !== undefined && typeof value === 'number' && (value & ~mask) !== 0) {
    complain(['value'], `${value}, want only bits of the mask ${mask}`)
  }
  if (pulse === undefined) return
  if (values !== undefined) complain(['pulse'], 'given, want none beside values')
  if (!fits(table, pulse.rest)) complain(['pulse', 'rest'], `${pulse.rest}, want ${wanted(table)}`)
  if (pulse.rest === value) complain(['pulse', 'rest'], `${pulse.rest}, want another value than ${value}`)
  if (repeatable === true) complain(['repeatable'], 'true, want none on a pulse: twice is not once')
}

function checkSelect({ select }: OperationEntry, complain: Complain): void {
  if (select === undefined) return
  for (const [key, value] of Object.entries({ value: select.value, cancel: select.cancel })) {
    if (value !== undefined && !fits(select.table, value))
      complain(['select', key], `${value}, want ${wanted(select.table)}`)
  }
  const { table, is } = select.check
  if ((table === 'coil' || table === 'discrete') && is > 1) complain(['select', 'check', 'is'], `${is}, want 0 or 1`)
}

function checkConfirm({ confirm }: OperationEntry, { points }: DeviceMapFile, complain: Complain): void {
  const { kind } = factsOf(confirm.feeds)
  if (kind !== 'position' && kind !== 'boolean') {
    complain(['confirm', 'feeds'], `${confirm.feeds}, want position or a flag`)
  } else if ((kind === 'position') !== (typeof confirm.is === 'string')) {
    complain(['confirm', 'is'], `${confirm.is}, want ${kind === 'position' ? 'open or closed' : 'true or false'}`)
  }
  if (!points.some(p => p.feeds === confirm.feeds)) {
    complain(['confirm', 'feeds'], `${confirm.feeds}, want a feed that one of the points reads`)
  }
}

const fits = (table: 'coil' | 'holding', value: boolean | number): boolean =>
  (table === 'coil') === (typeof value === 'boolean')
const wanted = (table: 'coil' | 'holding'): string =>
  table === 'coil' ? 'true or false for a coil' : '0..65535 for a register'
