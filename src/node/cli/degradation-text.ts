// The worst places as a table for people.

import type { z } from 'zod'
import type { outputs } from './outputs.ts'
import { table } from './table.ts'

const short = (value: number): string => String(Number(value.toPrecision(3)))

export function degradationText({ ieds, degradation }: z.infer<typeof outputs.degradation>): string {
  if (degradation.length === 0) return `no degradation is known, of ${ieds} IEDs\n`
  return table(
    degradation.map(({ zone, measure, state, level, limit, perDay, daysLeft, sinceMinutes, seenBy, of }) => ({
      zone,
      what: measure,
      state,
      level: short(level),
      limit: short(limit),
      'per day': perDay === undefined ? '' : short(perDay),
      'crosses in': daysLeft === undefined ? '' : `${short(daysLeft)} d`,
      since: sinceMinutes >= 2880 ? `${Math.floor(sinceMinutes / 1440)} d` : `${sinceMinutes} min`,
      'seen by': `${seenBy.slice(0, 3).join(', ')}${seenBy.length > 3 ? ', …' : ''} (${seenBy.length} of ${of})`,
    })),
  )
}
