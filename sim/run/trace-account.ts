// The trace of a run as if its IEDs had been asked: for `feedermesh why --run`. Times are those of virtual time, exact.

import { readText } from '../../src/node/config.ts'
import { NodeError } from '../../src/node/node-error.ts'
import { plainFields } from '../../src/node/sequence-entry.ts'
import { type HeardEntry, type HeardFrom, type Recent, recentOf } from '../../src/protection/account.ts'
import { idsOf, linkedBy } from '../../src/protection/event-ids.ts'
import type { TraceEvent } from '../runtime/trace.ts'
import { sentenceOf } from './narrate.ts'

/** As in sequences: nothing that happens to the power system. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'peer-up',
  'peer-down',
  'aggregator',
  'stepped-down',
  'forwarded',
  'fallback',
  'collected',
  'summary',
])
/** Shown before and after what is linked. */
const AROUND_MS = 2000
const MOST_BYTES = 256 * 1024 * 1024

/** @throws NodeError BAD_INPUT when the file is no trace */
export function heardInTrace(
  path: string,
  about: readonly string[],
): { readonly ids: readonly string[]; readonly heard: readonly HeardFrom[] } {
  return heardIn(readTrace(path), about)
}

/** The events that the IEDs of a run had ids for. */
export function recentInTrace(path: string): readonly Recent[] {
  const { heard } = heardIn(readTrace(path), undefined)
  const all = heard.flatMap(({ ied, entries }) => entries.map(entry => ({ ied, ...entry })))
  all.sort((one, other) => other.ageMs - one.ageMs)
  const names = new Map(all.map(entry => [entry, entry.ied]))
  return recentOf('', all, idsOf).map(each => {
    const first = all.find(entry => entry.ageMs === each.ageMs && idsOf(entry.fields).includes(each.id))
    return { ...each, ied: (first && names.get(first)) ?? '' }
  })
}

/** @param about undefined: all of it */
export function heardIn(
  events: readonly TraceEvent[],
  about: readonly string[] | undefined,
): { readonly ids: readonly string[]; readonly heard: readonly HeardFrom[] } {
  const told = events.filter(each => !LEFT_OUT.has(each.event)).flatMap(entryOf)
  const end = Math.max(0, ...events.map(({ atMs }) => atMs))
  const { ids, linked } = linkedBy(told, about ?? [])
  const times = told.flatMap(({ atMs }, index) => (linked[index] ? [atMs] : []))
  const isNear = (atMs: number): boolean => about === undefined || times.some(at => Math.abs(at - atMs) <= AROUND_MS)
  const startUtcMs = startOf(events)
  const byIed = new Map<string, HeardEntry[]>()
  told.forEach(({ by, atMs, event, fields }, index) => {
    if (linked[index] !== true && !isNear(atMs)) return
    const own = byIed.get(by) ?? []
    byIed.set(by, own)
    own.push({
      number: index + 1,
      ageMs: end - atMs,
      sameEpoch: true,
      utcMs: Math.round(startUtcMs + atMs),
      utcQuality: 'good',
      event,
      fields,
      linked: linked[index] === true,
    })
  })
  const at = { askedMs: end, answeredMs: end, utcMs: startUtcMs + end, ownUtcMs: startUtcMs + end, utcQuality: 'good' }
  return { ids, heard: [...byIed].map(([ied, entries]) => ({ ied, entries, ...at })) }
}

function entryOf(event: TraceEvent) {
  const { by, atMs, event: kind, toldBy, ...rest } = event
  const fields = toldBy === undefined ? rest : { ...rest, by: toldBy }
  if (by !== 'field' && by !== 'world') return [{ by, atMs, event: kind, fields: plainFields(fields) }]
  const words = sentenceOf(event).replace(/^>>> /, '')
  return words === '' ? [] : [{ by, atMs, event: by === 'field' ? 'device' : 'scenario', fields: { words } }]
}

/** An epoch is the UTC second of a start. */
function startOf(events: readonly TraceEvent[]): number {
  const first = events.find(({ event, epoch }) => event === 'started' && typeof epoch === 'number' && epoch > 1e9)
  return first === undefined ? 0 : Number(first.epoch) * 1000 - Math.floor(first.atMs / 1000) * 1000
}

function readTrace(path: string): TraceEvent[] {
  const text = readText(path, '--run')
  if (text.length > MOST_BYTES) throw new NodeError('BAD_INPUT', `--run ${path}: ${text.length} bytes, want less`)
  return text
    .split('\n')
    .filter(line => line.trim() !== '')
    .map((line, index) => {
      const wrong = (): never => {
        throw new NodeError('BAD_INPUT', `--run ${path}:${index + 1}: want a line of "sim run --trace" or "--json"`)
      }
      try {
        const event = JSON.parse(line) as TraceEvent
        if (typeof event.event !== 'string' || typeof event.atMs !== 'number') wrong()
        return { ...event, by: typeof event.by === 'string' ? event.by : 'world' }
      } catch {
        return wrong()
      }
    })
}
