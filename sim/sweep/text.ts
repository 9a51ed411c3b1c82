// A sweep as text: a table for the terminal, rows for a spreadsheet, and the cases that need a look.

import type { Allowed } from './allowed.ts'
import { isFault } from './allowed.ts'
import type { Comms, FaultCase } from './fault-case.ts'
import type { Sweep } from './sweep.ts'
import type { CaseResult } from './sweep-case.ts'

export interface Column {
  readonly kind: FaultCase['kind']
  readonly comms: Comms
}

export const columnsOf = ({ kinds, comms }: Sweep): Column[] =>
  kinds.flatMap(kind => comms.map(each => ({ kind, comms: each })))

/** By section, then column by column; a section has no case where its phases do not allow one. */
export function rowsOf(sweep: Sweep): { readonly section: string; readonly cases: (CaseResult | undefined)[] }[] {
  const columns = columnsOf(sweep)
  const bySection = new Map<string, CaseResult[]>()
  for (const each of sweep.cases) bySection.set(each.section, [...(bySection.get(each.section) ?? []), each])
  return [...bySection].map(([section, cases]) => ({
    section,
    cases: columns.map(({ kind, comms }) => cases.find(each => each.kind === kind && each.comms === comms)),
  }))
}

const MARK: Readonly<Record<CaseResult['verdict'], string>> = {
  right: '',
  'others tripped': '!',
  'wrong device': '✗',
  'not cleared': '✗',
  dark: '',
  'cleared in a loop': '',
}

/** `R675 350 ms`, with a mark where somebody should look. */
export function cellText(result: CaseResult | undefined): string {
  if (result === undefined) return '·'
  const { verdict, clearedBy, clearedMs, alsoTripped } = result
  if (verdict === 'dark') return 'dark'
  if (verdict === 'not cleared' || clearedBy === undefined) return `${MARK[verdict]} not cleared`
  const others = alsoTripped.length === 0 ? '' : ` +${alsoTripped.join('+')}`
  return `${MARK[verdict]}${MARK[verdict] === '' ? '' : ' '}${clearedBy} ${wholeMs(clearedMs ?? 0)} ms${others}`
}

const wholeMs = (ms: number): string => ms.toFixed(0)

/** For the table of the command line. */
export const tableRows = (sweep: Sweep): Record<string, unknown>[] =>
  rowsOf(sweep).map(({ section, cases }) => {
    const cells = columnsOf(sweep).map(({ kind, comms }, index) => [
      sweep.comms.length === 1 ? kind : `${kind}, comms ${comms}`,
      cellText(cases[index]),
    ])
    return { section, ...Object.fromEntries(cells) }
  })

/** One row a case. */
export const csvRows = (sweep: Sweep, allowed: readonly Allowed[]): Record<string, unknown>[] =>
  sweep.cases.map(each => ({
    section: each.section,
    fault: each.kind,
    comms: each.comms,
    verdict: each.verdict,
    ok: !isFault(each, allowed),
    clearedBy: each.clearedBy ?? '',
    clearedMs: each.clearedMs ?? '',
    expected: each.expected ?? '',
    alsoTripped: each.alsoTripped,
    infeedTripped: each.infeedTripped,
    faultAmps: each.faultAmps === undefined ? '' : Number(each.faultAmps.toFixed(1)),
    generatorsLeft: each.generatorsLeft,
    why: each.why ?? '',
  }))

/** One line for each thing to look at; the same on several kinds of fault is said once. */
export function findings(sweep: Sweep, allowed: readonly Allowed[]): string[] {
  const groups = new Map<string, CaseResult[]>()
  for (const each of sweep.cases.filter(result => isFault(result, allowed))) {
    const key = `${each.section}\n${each.verdict}\n${each.why ?? ''}`
    groups.set(key, [...(groups.get(key) ?? []), each])
  }
  return [...groups].map(([key, cases]) => {
    const [section, verdict, why] = key.split('\n')
    const kinds = [...new Set(cases.map(({ kind }) => kind))].join(', ')
    const comms = new Set(cases.map(each => each.comms))
    const only = sweep.comms.length > comms.size ? `, communications ${[...comms].join(', ')}` : ''
    return `${section}, ${kinds}${only}: ${verdict}${why === '' ? '' : `: ${why}`}`
  })
}

export function summary(sweep: Sweep, allowed: readonly Allowed[]): string {
  const { cases } = sweep
  const count = (verdict: CaseResult['verdict']): number => cases.filter(each => each.verdict === verdict).length
  const parts = [`${cases.length} cases: ${count('right')} cleared by the right device`]
  for (const verdict of ['others tripped', 'wrong device', 'not cleared', 'cleared in a loop', 'dark'] as const) {
    if (count(verdict) > 0) parts.push(`${count(verdict)} ${verdict}`)
  }
  const accepted = cases.filter(each => isFault(each, []) && !isFault(each, allowed)).length
  if (accepted > 0) parts.push(`${accepted} of them allowed`)
  return parts.join(', ')
}
