// Inventory, maintenance and suspicions as people read them.

import type { z } from 'zod'
import type { fraudOutput, inventoryOutput, maintenanceOutput } from './outputs-assets.ts'
import { table } from './table.ts'

export function inventoryText({ inventory }: z.infer<typeof inventoryOutput>): string {
  const rows = inventory.map(each => ({
    ied: each.ied,
    owner: each.organisation ?? '',
    kind: each.kind ?? '',
    node: each.node ?? '',
    model: each.model ?? '',
    serial: each.deviceSerial ?? each.serial ?? '',
    firmware: each.firmware ?? '',
    program: each.program ?? '',
    place: each.place + (each.distanceM === null ? '' : ` (${each.distanceM} m)`),
    class: each.accuracyClass ?? '',
    lastSeen: each.lastSeenUtc ?? '',
  }))
  return rows.length === 0 ? 'nothing is known yet\n' : table(rows)
}

export function maintenanceText({ equipment, maintenance }: z.infer<typeof maintenanceOutput>): string {
  const worn = equipment.map(({ contactWearPercent, position, ...rest }) => ({
    ...rest,
    position: position ?? '',
    wear: contactWearPercent === null ? 'no ratings' : `${contactWearPercent} %`,
  }))
  const rows = maintenance.map(({ by, ...rest }) => ({ ...rest, by: by ?? '' }))
  const head = worn.length === 0 ? '' : `${table(worn)}\n`
  return `${head}${rows.length === 0 ? 'nothing was done yet\n' : table(rows)}`
}

export function fraudText({ fromUtc, toUtc, fraud, zones }: z.infer<typeof fraudOutput>): string {
  const suspects = fraud.map(({ ied, state, evidence }) => {
    const lines = evidence.map(
      ({ kind, fromUtc: from, toUtc: to, words }) => `  ${kind}, ${from} to ${to}:\n    ${words}`,
    )
    return `${state}: ${ied}\n${lines.join('\n')}\n`
  })
  const rows = zones.map(({ gaps, ...rest }) => ({
    ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, value ?? ''])),
    gaps: gaps.join('; '),
  }))
  const head = `${fromUtc} to ${toUtc}\n`
  const balance = rows.length === 0 ? '' : `\nBalance of each zone, its last period:\n${table(rows)}`
  return `${head}${suspects.length === 0 ? 'nobody is suspected\n' : suspects.join('')}${balance}`
}
