// What an IED says of the degradation that it sees where it stands. It names no place: whoever hears it looks the sender up
// in his own feeder file, so that nobody can speak of another's place.

import { type DegradationState, degradationStates } from './degradation.ts'
import { type DegradationMeasure, degradationMeasures, HIGHEST_LEVEL } from './degradation-measures.ts'
import { type Fields, messageType, oneOf, whole, within } from './messages.ts'

export interface SaidFinding {
  readonly measure: DegradationMeasure
  readonly level: number
  /** Change in a day; absent while nobody knows. */
  readonly perDay?: number
  readonly state: DegradationState
  readonly sinceMinutes: number
}

export interface DegradationSaid {
  /** One for each measure at the most. */
  readonly findings: readonly SaidFinding[]
}

const LONGEST_MINUTES = 10 * 366 * 24 * 60

export const degradationMessage = messageType<DegradationSaid>('degradation', 1, fields => {
  const value = fields.findings
  if (!Array.isArray(value) || value.length > degradationMeasures.length)
    throw new Error(`findings: want a list of ${degradationMeasures.length} at most`)
  const findings = value.map(findingOf)
  if (new Set(findings.map(({ measure }) => measure)).size < findings.length)
    throw new Error('findings: want each measure once')
  return { findings }
})

function findingOf(value: unknown): SaidFinding {
  if (typeof value !== 'object' || value === null) throw new Error('findings: want maps')
  const fields = value as Fields
  const hasTrend = Object.hasOwn(value, 'perDay')
  if (Object.keys(value).length !== (hasTrend ? 5 : 4))
    throw new Error('findings: want maps of 4 keys, or 5 with perDay')
  return {
    measure: oneOf(fields, 'measure', degradationMeasures),
    level: within(fields, 'level', -HIGHEST_LEVEL, HIGHEST_LEVEL),
    ...(hasTrend ? { perDay: within(fields, 'perDay', -HIGHEST_LEVEL, HIGHEST_LEVEL) } : {}),
    state: oneOf(fields, 'state', degradationStates),
    sinceMinutes: whole(fields, 'sinceMinutes', 0, LONGEST_MINUTES),
  }
}
