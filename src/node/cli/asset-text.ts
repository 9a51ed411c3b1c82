// Inventory, maintenance and suspicions as people read them.

import type { z } from 'zod'
import type { fraudOutput, inventoryOutput, maintenanceOutput } from './outputs-assets.ts'
import { table } from './table.ts'

export function inventoryText({ inventory, leftOut }: z.infer<typeof inventoryOutput>): string {
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
  const more = leftOut === 0 ? '' : `left out: ${leftOut} more IEDs: want --limit\n`
  return rows.length === 0 ? 'nothing is known yet\n' : `${table(rows)}${more}`
}

export function maintenanceText({ equipment, maintenance, leftOut }: z.infer<typeof maintenanceOutput>): string {
  const worn = equipment.map(({ contactWearPercent, position, ...rest }) => ({
    ...rest,
    position: position ?? '',
    wear: contactWearPercent === null ? 'no ratings' : `${contactWearPercent} %`,
  }))
  const rows = maintenance.map(({ by, ...rest }) => ({ ...rest, by: by ?? '' }))
  const head = worn.length === 0 ? '' : `${table(worn)}\n`
  const more = leftOut === 0 ? '' : `left out: ${leftOut} older entries: want --limit, or --ied\n`
  return `${head}${rows.length === 0 ? 'nothing was done yet\n' : table(rows)}${more}`
}

export function fraudText({
  fromUtc,
  toUtc,
  timeZone,
  fraud,
  zones,
  withheld,
  leftOut,
}: z.infer<typeof fraudOutput>): string {
  const suspects = fraud.map(({ ied, state, evidence, evidenceLeftOut }) => {
    const lines = evidence.map(
      ({ kind, fromUtc: from, toUtc: to, words }) => `  ${kind}, ${from} to ${to}:\n    ${words}`,
    )
    const more = evidenceLeftOut === 0 ? '' : `  and ${evidenceLeftOut} older signs: want a shorter time\n`
    return `${state}: ${ied}\n${lines.join('\n')}\n${more}`
  })
  const rows = zones.map(({ gaps, ...rest }) => ({
    ...Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, value ?? ''])),
    gaps: gaps.join('; '),
  }))
  const head = `${fromUtc} to ${toUtc}${timeZone === 'UTC' ? '' : `, days in ${timeZone}`}\n`
  const unknown = withheld.map(({ ieds, isOver, lastReadingUtc, ...rest }) => ({
    of: ieds.join(' '),
    ...rest,
    estimateKwh: rest.estimateKwh ?? '',
    limitKwh: rest.limitKwh ?? '',
    lastReading: lastReadingUtc ?? 'none in this time',
    now: isOver ? 'later ones came' : 'still none',
  }))
  const lacking =
    unknown.length === 0 ? '' : `\nNo readings while energy flows, whatever the reason:\n${table(unknown)}`
  const cut = Object.entries(leftOut).flatMap(([what, count]) => (count === 0 ? [] : [`and ${count} more ${what}\n`]))
  const balance = rows.length === 0 ? '' : `\nBalance of each zone, its last period:\n${table(rows)}`
  return `${head}${suspects.length === 0 ? 'nobody is suspected\n' : suspects.join('')}${lacking}${balance}${cut.join('')}`
}
