// `feedermesh loads` as tables: what the loads of the IED do and for whom, then what manages loads and generators.

import type { z } from 'zod'
import type { loadsOutput } from './outputs-loads.ts'
import { table } from './table.ts'

export function loadsText({ loads, management }: z.infer<typeof loadsOutput>): string {
  const rows = loads.flatMap(({ name, state, holds, heldBack }): Record<string, string>[] => {
    const first = { load: name, is: state, held: '', by: '', rank: '', until: '', why: heldBack ?? '' }
    if (holds.length === 0) return [first]
    return holds.map(({ wish, by, rank, untilUtc, why, counts }, n) => ({
      load: n === 0 ? name : '',
      is: n === 0 ? state : '',
      held: counts ? wish : `(${wish})`,
      by,
      rank,
      until: untilUtc ?? '',
      why: [why, ...(counts && heldBack !== null ? [`held back: ${heldBack}`] : [])].join(' '),
    }))
  })
  const parts = [rows.length === 0 ? 'it moves no load\n' : table(rows)]
  const { load, generation } = management
  if (load !== undefined) {
    const price = `price ${load.perKwh ?? 'unknown'}${load.priceBy === null ? '' : ` (${load.priceBy})`}, limit ${load.limitPerKwh ?? 'none'}`
    const demand =
      load.limitKw === null
        ? ''
        : `; demand ${kw(load.demandKw)}, ${kw(load.predictedKw)} at the window's end, ${kw(load.lastDemandKw)} in the last one, limit ${load.limitKw} kW`
    parts.push(`load management: ${price}${demand}\n${table(load.loads)}`)
  }
  if (generation !== undefined) {
    const { goal, loadKw, value, why, units } = generation
    parts.push(
      `generation management: ${goal}, load ${kw(loadKw)}${value === null ? '' : `, ${value}`}${why && `; ${why}`}\n${table(units)}`,
    )
  }
  return parts.join('\n')
}

const kw = (value: number | null): string => (value === null ? 'unknown' : `${Math.round(value)} kW`)
