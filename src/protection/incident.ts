// What the sequences of events of several IEDs say of an incident, as facts: where fault current went and did not go on, what
// tripped when, who was silent, what was done by hand, and how things stood before. Nothing here is a guess; what follows from
// the facts is for who uses them.

import type { Row } from './account.ts'

export interface Spell {
  readonly fromMs: number
  /** Absent: to the last entry. */
  readonly toMs?: number
}

/** What one IED measured while the first fault current flowed. */
export interface Observation {
  readonly ied: string
  readonly pickup: boolean
  readonly ground: boolean
  /** Lowest voltage of what passes the sections that it observes, and which those are. */
  readonly residualPu?: number
  readonly amps?: { readonly a?: number; readonly b?: number; readonly c?: number }
  readonly residualAmps?: number
}

export interface IncidentFacts {
  /** On the axis of the rows: the first trouble that anybody saw, and the last entry. */
  readonly startMs: number
  readonly endMs: number
  readonly startUtcMs: number
  /** Fault current into a section, and not out of it, each time that it was seen. */
  readonly faults: readonly { readonly section: string; readonly spells: readonly Spell[] }[]
  readonly observations: readonly Observation[]
  /** As the IEDs that operate devices showed them before. */
  readonly before: ReadonlyMap<string, { readonly position?: string; readonly kw: number | undefined }>
  readonly trips: readonly { readonly ied: string; readonly atMs: number; readonly openMs?: number }[]
  readonly positions: readonly { readonly ied: string; readonly position: string; readonly atMs: number }[]
  readonly silent: readonly ({ readonly ied: string } & Spell)[]
  readonly restarts: readonly ({ readonly ied: string } & Spell)[]
  readonly linksLost: readonly ({ readonly between: readonly [string, string] } & Spell)[]
  /** Operations by an order of a person, and changes of position that no relay and no agent made. */
  readonly byHand: readonly { readonly ied: string; readonly to: 'open' | 'closed'; readonly atMs: number }[]
  /** IEDs whose entries are there. */
  readonly ieds: readonly string[]
}

/** Measured so soon after the first trouble, nothing has opened yet. */
const FIRST_MS = 250
/** A relay's or agent's doing and the contacts that follow it are seen within this. */
const FOLLOWS_MS = 700

const TROUBLE: ReadonlySet<string> = new Set(['pickup', 'voltage-low', 'no-voltage'])
const isTrouble = ({ event, fields }: Row): boolean =>
  TROUBLE.has(event) || (event === 'fault-passage' && fields.entered !== '')

/** @returns undefined when no IED saw anything of a fault or a lost supply */
export function incidentFacts(rows: readonly Row[]): IncidentFacts | undefined {
  const first = rows.find(isTrouble)
  if (first === undefined) return undefined
  const startMs = first.sinceStartMs
  const byIed = new Map<string, Row[]>()
  for (const row of rows) byIed.set(row.ied, [...(byIed.get(row.ied) ?? []), row])
  const each = <T>(of: (ied: string, own: readonly Row[]) => readonly T[]): T[] =>
    [...byIed].flatMap(([ied, own]) => of(ied, own))
  const trips = each(tripsOf).sort((one, other) => one.atMs - other.atMs)
  return {
    startMs,
    endMs: rows.at(-1)?.sinceStartMs ?? startMs,
    startUtcMs: first.utcMs,
    faults: faultsIn(rows),
    observations: each((ied, own) => observationOf(ied, own, startMs)),
    before: new Map(each((ied, own) => beforeOf(ied, own, startMs))),
    trips,
    positions: each((ied, own) => own.filter(({ event }) => event === 'position').map(positionRow(ied))),
    silent: each((ied, own) => spells(own, 'device-silent', 'device-answering').map(spell => ({ ied, ...spell }))),
    restarts: each((ied, own) => restartsOf(ied, own)),
    linksLost: lostLinks(each((ied, own) => linksOf(ied, own))),
    byHand: each((ied, own) => byHandOf(ied, own)).sort((one, other) => one.atMs - other.atMs),
    ieds: [...byIed.keys()].sort(),
  }
}

const positionRow =
  (ied: string) =>
  ({ fields, sinceStartMs }: Row) => ({ ied, position: String(fields.position), atMs: sinceStartMs })

/** The names in a field that lists several; what was cut off is marked by an ellipsis. */
const names = (value: unknown): string[] =>
  String(value ?? '')
    .split(' ')
    .filter(name => name !== '' && name !== '…')

function faultsIn(rows: readonly Row[]): IncidentFacts['faults'] {
  const found = new Map<string, Spell[]>()
  const open = new Map<string, { readonly sections: readonly string[]; readonly fromMs: number }>()
  const close = (ied: string, toMs?: number): void => {
    const before = open.get(ied)
    open.delete(ied)
    for (const section of before?.sections ?? []) {
      const spell = { fromMs: before?.fromMs ?? 0, ...(toMs === undefined ? {} : { toMs }) }
      found.set(section, [...(found.get(section) ?? []), spell])
    }
  }
  for (const { ied, event, fields, sinceStartMs } of rows) {
    if (event !== 'fault-passage') continue
    const left = new Set(names(fields.left))
    const here = names(fields.entered).filter(section => !left.has(section))
    if (open.get(ied)?.sections.join(' ') === here.join(' ')) continue
    close(ied, sinceStartMs)
    if (here.length > 0) open.set(ied, { sections: here, fromMs: sinceStartMs })
  }
  for (const ied of [...open.keys()]) close(ied)
  return [...found].map(([section, all]) => ({ section, spells: all.sort((a, b) => a.fromMs - b.fromMs) }))
}

function observationOf(ied: string, own: readonly Row[], startMs: number): Observation[] {
  const soon = own.filter(({ sinceStartMs: at }) => at >= startMs && at <= startMs + FIRST_MS)
  const passage = soon.find(({ event, fields }) => event === 'fault-passage' && fields.residualPu !== undefined)
  const current = soon.find(({ event }) => event === 'fault-current')?.fields
  const number = (value: unknown) => (typeof value === 'number' ? value : undefined)
  const amps = Object.fromEntries(
    (['a', 'b', 'c'] as const).flatMap(phase => {
      const value = number(current?.[`amps${phase.toUpperCase()}`])
      return value === undefined ? [] : [[phase, value]]
    }),
  )
  const residualPu = number(passage?.fields.residualPu)
  const residualAmps = number(current?.residualAmps)
  return [
    {
      ied,
      pickup: soon.some(({ event }) => event === 'pickup'),
      ground: soon.some(
        ({ event, fields }) => event === 'ground-pickup' || (event === 'pickup' && fields.ground === true),
      ),
      ...(residualPu === undefined ? {} : { residualPu }),
      ...(Object.keys(amps).length === 0 ? {} : { amps }),
      ...(residualAmps === undefined ? {} : { residualAmps }),
    },
  ]
}

function beforeOf(
  ied: string,
  own: readonly Row[],
  startMs: number,
): [string, { readonly position?: string; readonly kw: number | undefined }][] {
  // What an IED tells as "before" stands at its own first trouble, which others may have seen some polls earlier.
  const told = own.find(({ event, sinceStartMs: at }) => event === 'before' && at >= startMs - 1)
  const seen = own.filter(
    ({ event, sinceStartMs: at }) => (event === 'position' || event === 'first-look') && at < startMs,
  )
  const position = told?.fields.position ?? seen.at(-1)?.fields.position
  const kw = ['kwA', 'kwB', 'kwC'].flatMap(key => {
    const value = told?.fields[key]
    return typeof value === 'number' ? [value] : []
  })
  if (position === undefined && kw.length === 0) return []
  const sum = kw.length === 0 ? undefined : kw.reduce((total, each) => total + each, 0)
  return [[ied, { ...(position === undefined ? {} : { position: String(position) }), kw: sum }]]
}

function tripsOf(ied: string, own: readonly Row[]): { ied: string; atMs: number; openMs?: number }[] {
  return own
    .filter(({ event }) => event === 'relay-tripped')
    .map(({ sinceStartMs: atMs }) => {
      const opened = own.find(
        ({ event, fields, sinceStartMs }) =>
          event === 'position' && fields.position === 'open' && Math.abs(sinceStartMs - atMs) <= FOLLOWS_MS,
      )
      return { ied, atMs, ...(opened === undefined ? {} : { openMs: opened.sinceStartMs }) }
    })
}

function spells(own: readonly Row[], begins: string, ends: string): Spell[] {
  const found: Spell[] = []
  let fromMs: number | undefined
  for (const { event, sinceStartMs } of own) {
    if (event === begins) fromMs ??= sinceStartMs
    if (event !== ends || fromMs === undefined) continue
    found.push({ fromMs, toMs: sinceStartMs })
    fromMs = undefined
  }
  return fromMs === undefined ? found : [...found, { fromMs }]
}

/** An agent that starts was away: since when, only its last entry before says, at the latest. */
function restartsOf(ied: string, own: readonly Row[]): ({ ied: string } & Spell)[] {
  return own.flatMap(({ event, sinceStartMs: toMs }, index) => {
    const last = own[index - 1]
    return event === 'started' && last !== undefined ? [{ ied, fromMs: last.sinceStartMs, toMs }] : []
  })
}

function linksOf(ied: string, own: readonly Row[]): ({ between: [string, string] } & Spell)[] {
  const peers = new Set(own.filter(({ event }) => event === 'link-silent').map(({ fields }) => String(fields.peer)))
  return [...peers].flatMap(peer =>
    spells(
      own.filter(({ fields }) => fields.peer === peer),
      'link-silent',
      'link-back',
    ).map(spell => ({ between: [ied, peer].sort() as [string, string], ...spell })),
  )
}

/** Both sides see the same loss. */
function lostLinks(all: readonly ({ between: [string, string] } & Spell)[]): ({ between: [string, string] } & Spell)[] {
  const kept: ({ between: [string, string] } & Spell)[] = []
  for (const each of [...all].sort((one, other) => one.fromMs - other.fromMs)) {
    const same = kept.find(
      ({ between, toMs }) => between.join() === each.between.join() && (toMs === undefined || toMs >= each.fromMs),
    )
    if (same === undefined) kept.push(each)
  }
  return kept
}

const OPENS: Readonly<Record<string, 'open' | 'closed'>> = {
  open: 'open',
  trip: 'open',
  disconnect: 'open',
  close: 'closed',
  connect: 'closed',
}

function byHandOf(ied: string, own: readonly Row[]): { ied: string; to: 'open' | 'closed'; atMs: number }[] {
  const isNear = (atMs: number, { sinceStartMs }: Row): boolean => Math.abs(sinceStartMs - atMs) <= FOLLOWS_MS
  return own.flatMap(({ event, fields, sinceStartMs: atMs }) => {
    if (event === 'operated' && fields.by !== undefined) {
      const to = OPENS[String(fields.operation)]
      return to === undefined ? [] : [{ ied, to, atMs }]
    }
    if (event !== 'position' || (fields.position !== 'open' && fields.position !== 'closed')) return []
    const isOperated = own.some(row => row.event === 'operated' && isNear(atMs, row))
    const wasLookedAt = own.some(({ event: other, sinceStartMs }) => other === 'device-silent' && sinceStartMs <= atMs)
    if (isOperated || wasLookedAt) return []
    const before = own.filter(row => row.sinceStartMs < atMs)
    if (fields.position === 'open') {
      const isTripped = own.some(row => row.event === 'relay-tripped' && isNear(atMs, row))
      return isTripped ? [] : [{ ied, to: 'open' as const, atMs }]
    }
    // A recloser closes by itself for as long as it has shots.
    const last = before.findLast(row => row.event === 'relay-tripped' || row.event === 'relay-locked-out')
    const isLocked = before.findLast(row => row.event.startsWith('relay-') && row.event !== 'relay-reset')?.event
    return last !== undefined && isLocked !== 'relay-locked-out' ? [] : [{ ied, to: 'closed' as const, atMs }]
  })
}
