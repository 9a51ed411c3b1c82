// The report of a site test for people.

import type { SiteTestAnswer } from './site-test.ts'
import { table } from './table.ts'

export function siteTestText({ ied, result, words, notInTest, reports, unanswered }: SiteTestAnswer): string {
  const head = `${ied}: ${result === 'done' ? '' : `${result}: `}${words}\n`
  const [first] = reports
  const lacking = [
    ...notInTest.map(each => `not in the test: ${each.ied}: ${each.reason}\n`),
    ...unanswered.map(each => `no report of ${each.ied}: ${each.reason}\n`),
  ].join('')
  if (first === undefined) return `${head}${lacking}`
  const ends = new Map(reports.map(report => [report.ied, report.ended]))
  const early = [...ends].filter(([, why]) => why !== 'time').map(([of, why]) => `${of} (${why})`)
  const fault = `played: ${first.kind} in ${first.section}, ${Math.round(first.amps)} A through ${first.path.join(', ')}\n`
  const acts = reports
    .flatMap(report => report.operations.map(each => ({ ied: report.ied, ...each })))
    .sort((one, other) => one.atMs - other.atMs)
  const starter = reports.find(report => report.ied === report.starter) ?? first
  const moved = [
    ...starter.opened.map(each => ({ ...each, words: 'open' })),
    ...starter.closed.map(each => ({ ...each, words: 'closed' })),
  ]
    .sort((one, other) => one.atMs - other.atMs)
    .map(({ device, words, atMs }) => `${device} ${words} ${Math.round(atMs)} ms`)
  const told = reports.flatMap(report => report.hosts.map(each => ({ ied: report.ied, ...each })))
  return [
    head,
    fault,
    early.length === 0 ? '' : `ended before its time at ${early.join(', ')}\n`,
    '\nwould have operated\n',
    table(
      acts.map(({ ied: of, device, operation, atMs, cause }) => ({
        'at ms': Math.round(atMs),
        ied: of,
        device,
        operation,
        cause,
      })),
    ),
    moved.length === 0 ? '' : `positions: ${moved.join(', ')}\n`,
    told.length === 0 ? '' : '\nattached computers that would have been told; nothing was run\n',
    told.length === 0 ? '' : table(told.map(hostRow)),
    '\nmessages, and how old they were on arrival at the most\n',
    table(messageRows(reports)),
    lacking === '' ? '' : `\n${lacking}`,
  ].join('')
}

const hostRow = ({ ied, atMs, name, does, event, severity, kind, timeLeftMs }: Told): Record<string, unknown> => ({
  'at ms': Math.round(atMs),
  ied,
  computer: name,
  does,
  of: [event, severity, kind].filter(each => each !== undefined).join(' '),
  'time left ms': timeLeftMs ?? '',
})
type Told = { readonly ied: string } & SiteTestAnswer['reports'][number]['hosts'][number]

function messageRows(reports: SiteTestAnswer['reports']): Record<string, unknown>[] {
  const ways = new Map<string, { type: string; from: string; to: string; firstMs: number; ages: number[] }>()
  for (const { ied: to, messages } of reports) {
    for (const { type, origin: from, atMs, latencyMs } of messages) {
      const key = `${type} ${from} ${to}`
      const way = ways.get(key) ?? { type, from, to, firstMs: atMs, ages: [] }
      if (latencyMs !== undefined) way.ages.push(latencyMs)
      ways.set(key, way)
    }
  }
  return [...ways.values()]
    .sort((one, other) => one.firstMs - other.firstMs)
    .map(({ type, from, to, firstMs, ages }) => ({
      message: type,
      from,
      to,
      'first at ms': Math.round(firstMs),
      'median ms': ages.length === 0 ? '' : [...ages].sort((one, other) => one - other)[ages.length >> 1],
      'longest ms': ages.length === 0 ? '' : Math.max(...ages),
    }))
}
