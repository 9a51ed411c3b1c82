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
  'no backup': '',
  'worse than alone': '✗✗',
}

/** `comms up`, `agent dead`, … */
export const commsText = (comms: Comms): string =>
  comms === 'agent-dead' || comms === 'device-stuck' ? comms.replace('-', ' ') : `comms ${comms}`

/** `R675 85 ms (alone 350)`, with a mark where somebody should look. */
export function cellText(result: CaseResult | undefined): string {
  if (result === undefined) return '·'
  const { verdict, clearedBy, clearedMs, alsoTripped } = result
  if (verdict === 'dark' || verdict === 'no backup') return verdict
  if (verdict === 'not cleared' || clearedBy === undefined) return `${MARK[verdict]} not cleared`
  const others = alsoTripped.length === 0 ? '' : ` +${alsoTripped.join('+')}`
  return `${MARK[verdict]}${MARK[verdict] === '' ? '' : ' '}${clearedBy} ${wholeMs(clearedMs ?? 0)} ms${aloneText(result)}${others}`
}

/** What time grading alone gives, in brackets; nothing where no agents were played. */
export function aloneText({ alone, clearedBy }: CaseResult): string {
  if (alone === undefined) return ''
  if (alone.clearedMs === undefined || alone.clearedBy === undefined) return ' (alone not)'
  return ` (alone ${alone.clearedBy === clearedBy ? '' : `${alone.clearedBy} `}${wholeMs(alone.clearedMs)})`
}

const wholeMs = (ms: number): string => ms.toFixed(0)

/** For the table of the command line: a row for each section, or for each fault where there are many columns. */
export const tableRows = (sweep: Sweep): Record<string, unknown>[] =>
  sweep.comms.length > 2 ? rowsByFault(sweep) : rowsBySection(sweep)

const rowsBySection = (sweep: Sweep): Record<string, unknown>[] =>
  rowsOf(sweep).map(({ section, cases }) => {
    const cells = columnsOf(sweep).map(({ kind, comms }, index) => [
      sweep.comms.length === 1 ? kind : `${kind}, ${commsText(comms)}`,
      cellText(cases[index]),
    ])
    return { section, ...Object.fromEntries(cells) }
  })

const rowsByFault = (sweep: Sweep): Record<string, unknown>[] =>
  rowsOf(sweep).flatMap(({ section, cases }) =>
    sweep.kinds.flatMap(kind => {
      const those = cases.filter(each => each?.kind === kind)
      if (those.length === 0) return []
      const cells = sweep.comms.map(comms => [commsText(comms), cellText(those.find(each => each?.comms === comms))])
      return [{ section, fault: kind, ...Object.fromEntries(cells) }]
    }),
  )

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
    aloneBy: each.alone?.clearedBy ?? '',
    aloneMs: each.alone?.clearedMs ?? '',
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
  for (const verdict of [
    'worse than alone',
    'others tripped',
    'wrong device',
    'not cleared',
    'no backup',
    'cleared in a loop',
    'dark',
  ] as const) {
    if (count(verdict) > 0) parts.push(`${count(verdict)} ${verdict}`)
  }
  const accepted = cases.filter(each => isFault(each, []) && !isFault(each, allowed)).length
  if (accepted > 0) parts.push(`${accepted} of them allowed`)
  return `${parts.join(', ')}${gained(cases)}`
}

/** What the mesh is good for: how many faults were cleared sooner than by time grading, and from what to what. */
function gained(cases: readonly CaseResult[]): string {
  const sooner = cases.flatMap(({ clearedMs, alone }) =>
    clearedMs !== undefined && alone?.clearedMs !== undefined && clearedMs < alone.clearedMs - 0.5
      ? [{ clearedMs, aloneMs: alone.clearedMs }]
      : [],
  )
  const compared = cases.filter(({ alone, verdict }) => alone !== undefined && verdict !== 'dark').length
  if (compared === 0) return ''
  if (sooner.length === 0) return `; none of ${compared} with agents sooner than by time grading`
  const mean = (of: readonly number[]): string => wholeMs(of.reduce((sum, each) => sum + each, 0) / of.length)
  const from = mean(sooner.map(({ aloneMs }) => aloneMs))
  const to = mean(sooner.map(({ clearedMs }) => clearedMs))
  return `; ${sooner.length} of ${compared} with agents sooner than by time grading (${to} in place of ${from} ms on average)`
}
