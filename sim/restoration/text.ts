// A restoration study as a table, what it sums up to, and what vendors publish of theirs.

import type { Study, StudyRow } from './study.ts'

/** Published, travel included; docs/protection.md names the sources. */
export const PUBLISHED = [
  { system: 'SEL FLISR, peer-to-peer', restored: 'within seconds' },
  { system: 'S&C IntelliTeam SG, peer-to-peer', restored: 'seconds' },
  { system: 'Survalent, scripted', restored: 'under a second to seconds' },
  { system: 'GOOSE-based self-healing (Siemens SDFA, Schneider, SEL)', restored: '0.5 to 1 s' },
  { system: 'ABB RER620 loop scheme, without communications', restored: 'tens of seconds' },
  { system: 'utilities in DOE SGIG 2014, automatic', restored: 'under 1 to 2 min; up to 51 % fewer customer-minutes' },
] as const

export const studyRows = ({ rows }: Study): Record<string, unknown>[] =>
  rows.map(row => ({
    section: row.section,
    fault: row.kind,
    'locks out': row.lockedOut === undefined ? 'nothing' : `${row.lockedOut} ${whole(row.lockoutMs)} ms`,
    'fed again by': row.closings.map(({ device }) => device).join(', ') || '-',
    'after ms': blank(row.restoredMs),
    noticing: blank(row.noticingMs),
    messages: blank(row.messagesMs),
    travel: blank(row.travelMs),
    'deciding, real ms': row.decidingMs === undefined ? '' : row.decidingMs.toFixed(1),
    customers: row.customers.interrupted,
    'fed again': row.customers.restored,
    'minutes with': Math.round(row.customerMinutes.with),
    'by hand': Math.round(row.customerMinutes.byHand),
    'until repair': Math.round(row.customerMinutes.untilRepair),
  }))

export interface Totals {
  readonly faults: number
  /** In so many healthy sections were fed again. */
  readonly restored: number
  /** From the lockout to the last closing; travel taken off in the second. Absent where nothing was restored. */
  readonly slowestMs?: number
  readonly slowestWithoutTravelMs?: number
  readonly customerMinutes: StudyRow['customerMinutes']
  readonly sustained: StudyRow['sustained']
}

export function totalsOf({ rows }: Study): Totals {
  const sum = (of: (row: StudyRow) => number): number => rows.reduce((all, row) => all + of(row), 0)
  const restored = rows.filter(({ restoredMs }) => restoredMs !== undefined)
  return {
    faults: rows.length,
    restored: restored.length,
    ...(restored.length === 0
      ? {}
      : {
          slowestMs: Math.max(...restored.map(({ restoredMs = 0 }) => restoredMs)),
          slowestWithoutTravelMs: Math.max(
            ...restored.map(
              ({ noticingMs = 0, messagesMs = 0, decidingMs = 0 }) => noticingMs + messagesMs + decidingMs,
            ),
          ),
        }),
    customerMinutes: {
      with: sum(row => row.customerMinutes.with),
      byHand: sum(row => row.customerMinutes.byHand),
      untilRepair: sum(row => row.customerMinutes.untilRepair),
    },
    sustained: { with: sum(row => row.sustained.with), without: sum(row => row.sustained.without) },
  }
}

export function summary(study: Study): string[] {
  const { faults, restored, slowestMs, slowestWithoutTravelMs, customerMinutes, sustained } = totalsOf(study)
  const { byHandMinutes, repairMinutes } = study
  const times =
    slowestMs === undefined
      ? ''
      : `, at the latest ${whole(slowestMs)} ms after the lockout (${whole(slowestWithoutTravelMs)} ms without device travel)`
  const less = (than: number): string =>
    than === 0 ? '' : ` (${Math.round(100 * (1 - customerMinutes.with / than))} % less)`
  return [
    `${faults} faults that stay: something healthy was fed again in ${restored}${times}`,
    `customer-minutes: ${whole(customerMinutes.with)} with restoration; ${whole(customerMinutes.byHand)} with a crew switching by hand after ${byHandMinutes} min${less(customerMinutes.byHand)}; ${whole(customerMinutes.untilRepair)} with all waiting ${repairMinutes} min for the repair${less(customerMinutes.untilRepair)}`,
    `customers interrupted for more than 5 min: ${sustained.with} with restoration, ${sustained.without} without`,
  ]
}

const whole = (ms: number | undefined): string => (ms === undefined ? '' : ms.toFixed(0))
const blank = (ms: number | undefined): number | string => (ms === undefined ? '' : Math.round(ms))
