// The account of one event: what each IED has in its sequence, put on one axis of time.
//
// The clocks of the IEDs are not trusted to agree. Whoever asks measures: an answer left the IED between the moment of the
// question and that of the answer, and says how long before that each entry was, on the IED's monotonic clock. So an entry
// stands on the asker's axis within half a round trip and what two crystals drift. What is from before a restart of that
// agent has only its UTC, and how good that was is not known: its place is then said to be uncertain.

import { toldOf, type Told as Words } from './event-words.ts'
import type { Plain } from './sequence-of-events.ts'

export interface HeardEntry {
  readonly number: number
  /** How long before the answer, on the IED's monotonic clock, or, from an earlier epoch, on its UTC. */
  readonly ageMs: number
  /** Whether it is of the epoch in which the answer was given. */
  readonly sameEpoch: boolean
  readonly utcMs: number
  readonly utcQuality: string
  readonly event: string
  readonly fields: Readonly<Record<string, Plain>>
  /** It names one of the ids; the others happened at the same time. */
  readonly linked: boolean
}

export interface HeardFrom {
  readonly ied: string
  /** On the asker's clock: the question left, the answer came. */
  readonly askedMs: number
  readonly answeredMs: number
  /** The IED's UTC when it answered, and the asker's UTC when the answer came. */
  readonly utcMs: number
  readonly utcQuality: string
  readonly ownUtcMs: number
  readonly entries: readonly HeardEntry[]
}

export interface Row extends Words {
  readonly ied: string
  readonly number: number
  /** Since the first linked entry. */
  readonly sinceStartMs: number
  /** Null: only as good as that IED's UTC was. */
  readonly plusMinusMs: number | null
  readonly utcMs: number
  readonly utcQuality: string
  readonly event: string
  readonly linked: boolean
  readonly fields: Readonly<Record<string, Plain>>
}

export interface ClockOf {
  readonly ied: string
  readonly utcQuality: string
  /** How far its UTC is ahead of the asker's. */
  readonly offsetMs: number
  readonly plusMinusMs: number
}

export interface Account {
  readonly rows: readonly Row[]
  readonly clocks: readonly ClockOf[]
  /** By the asker's UTC; undefined when nothing is linked. */
  readonly startUtcMs: number | undefined
}

/** Of two crystals, 100 ppm each. */
const DRIFT = 200e-6

export function accountOf(answers: readonly HeardFrom[]): Account {
  const placed = answers.flatMap(answer => answer.entries.map(entry => ({ answer, entry, ...place(answer, entry) })))
  placed.sort(
    (a, b) =>
      a.atMs - b.atMs ||
      (a.answer.ied < b.answer.ied ? -1 : a.answer.ied > b.answer.ied ? 1 : 0) ||
      a.entry.number - b.entry.number,
  )
  const start = placed.find(({ entry }) => entry.linked) ?? placed[0]
  const rows = placed.map(({ answer, entry, atMs, plusMinusMs }): Row => {
    const { number, utcMs, utcQuality, event, linked, fields } = entry
    return {
      ied: answer.ied,
      number,
      sinceStartMs: tenths(atMs - (start?.atMs ?? atMs)),
      plusMinusMs,
      ...toldOf(event, fields),
      utcMs,
      utcQuality,
      event,
      linked,
      fields,
    }
  })
  return { rows, clocks: answers.map(clockOf), startUtcMs: start === undefined ? undefined : onAskersUtc(start) }
}

/** On the asker's monotonic clock. */
function place({ askedMs, answeredMs }: HeardFrom, { ageMs, sameEpoch }: HeardEntry) {
  const half = (answeredMs - askedMs) / 2
  return {
    atMs: askedMs + half - ageMs,
    plusMinusMs: sameEpoch ? tenths(half + Math.max(0, ageMs) * DRIFT) : null,
  }
}

const onAskersUtc = ({ answer, atMs }: { readonly answer: HeardFrom; readonly atMs: number }): number =>
  answer.ownUtcMs - (answer.answeredMs - atMs)

function clockOf({ ied, utcQuality, utcMs, ownUtcMs, askedMs, answeredMs }: HeardFrom): ClockOf {
  const half = (answeredMs - askedMs) / 2
  return { ied, utcQuality, offsetMs: tenths(utcMs - (ownUtcMs - half)), plusMinusMs: tenths(half) }
}

const tenths = (ms: number): number => Math.round(ms * 10) / 10

/** The events that stand in sequences, for whoever does not know the id yet. */
export interface Recent {
  readonly id: string
  readonly utcMs: number
  /** Before the answer. */
  readonly ageMs: number
  readonly ied: string
  readonly words: string
  readonly entries: number
}

/** Newest last. Ids that name each other are one event, called by the one that came first. */
export function recentOf(
  ied: string,
  entries: readonly Pick<HeardEntry, 'ageMs' | 'utcMs' | 'event' | 'fields'>[],
  idsOf: (fields: HeardEntry['fields']) => readonly string[],
): Recent[] {
  const recent = new Map<string, Recent>()
  const known = new Map<string, string>()
  for (const { ageMs, utcMs, event, fields } of entries) {
    const ids = idsOf(fields)
    const id = ids.map(each => known.get(each)).find(each => each !== undefined) ?? ids[0]
    if (id === undefined) continue
    for (const each of ids) known.set(each, id)
    const before = recent.get(id)
    recent.set(
      id,
      before === undefined
        ? { id, utcMs, ageMs, ied, words: toldOf(event, fields).words, entries: 1 }
        : { ...before, entries: before.entries + 1 },
    )
  }
  return [...recent.values()]
}
