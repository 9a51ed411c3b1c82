// Gathers what the IEDs of a feeder have about one event: from the one that is asked to those that its entries name, their
// neighbours, and so on until nobody names anything new. A small feeder is asked whole.

import { type HeardFrom, type Recent, recentOf } from '../protection/account.ts'
import { idsOf } from '../protection/event-ids.ts'
import type { Answered, Round, Unanswered } from './ask-around.ts'
import { type IncidentAnswer, incidentSchema } from './incident-answer.ts'

export interface Inquiry {
  /** All ids that belong to it. */
  readonly ids: readonly string[]
  readonly heard: readonly HeardFrom[]
  readonly unanswered: readonly Unanswered[]
}

/** Feeders of so many IEDs are asked whole; of larger ones those that have to do with it. */
const ASK_ALL = 48
const MOST = 256
const ROUNDS = 6
/** Shown before the first linked entry and after the last. */
const MARGIN_MS = 2000
/** What stands longer than that is no one event: only what is near its parts is shown then. */
const LONGEST_MS = 120_000

interface Heard {
  readonly answer: IncidentAnswer
  readonly at: Answered
}

export async function inquireAbout(round: Round, id: string): Promise<Inquiry> {
  const ids = new Set([id])
  const heard = new Map<string, Heard>()
  const silent = new Map<string, string>()

  async function ask(ieds: Iterable<string>, parameters: Record<string, unknown>): Promise<void> {
    const { answered, unanswered } = await round.ask(ieds, 'incident', parameters)
    for (const at of answered) {
      const { success, data } = incidentSchema.safeParse(at.answer)
      if (!success) {
        silent.set(at.ied, 'its answer is none')
        continue
      }
      silent.delete(at.ied)
      heard.set(at.ied, { answer: data, at })
      for (const each of data.ids) ids.add(each)
    }
    for (const { ied, reason } of unanswered) if (!heard.has(ied)) silent.set(ied, reason)
  }

  const [first] = round.known()
  if (first === undefined) return { ids: [id], heard: [], unanswered: [] }
  for (let turn = 0, wanted = new Set([first]); turn < ROUNDS && wanted.size > 0; turn++) {
    const before = ids.size
    await ask([...wanted].slice(0, MOST), { about: [...ids].slice(0, 64) })
    // New ids may be known to those asked already.
    const again = ids.size > before ? [...heard.keys()] : []
    const all = round.known().length <= ASK_ALL ? round.known() : []
    const others = new Set([...all, ...concerned(heard.values()), ...[...ids].map(ownerOf)])
    wanted = new Set([...again, ...[...others].filter(ied => !heard.has(ied) && !silent.has(ied))])
    if (turn === 0 && again.length > 0) wanted.add(first)
  }
  const agesMs = span(heard.values())
  // Once more, all connected by now: the round trips are short, and so the places on the axis are known well.
  if (agesMs !== undefined) {
    await ask(heard.keys(), { about: [...ids].slice(0, 64), agesMs: agesMs(monotonicOf(heard.values())) })
  }
  return {
    ids: [...ids],
    heard: [...heard.values()].map(asHeardFrom),
    unanswered: [...silent].map(([ied, reason]) => ({ ied, reason })),
  }
}

/** The latest events that the IEDs know of. */
export async function inquireRecent(round: Round): Promise<Inquiry & { readonly recent: readonly Recent[] }> {
  const { answered, unanswered } = await round.ask(round.known().slice(0, MOST), 'incident', { limit: 500 })
  const heard = answered.flatMap(at => {
    const { data } = incidentSchema.safeParse(at.answer)
    return data === undefined ? [] : [{ answer: data, at }]
  })
  return {
    ids: [],
    heard: heard.map(asHeardFrom),
    unanswered,
    recent: mergedRecent(heard.map(({ answer }) => recentOf(answer.ied, answer.entries, idsOf))),
  }
}

/** One row an event, by when it began; whoever knew of it first says what it was. */
export function mergedRecent(lists: readonly (readonly Recent[])[]): readonly Recent[] {
  const byId = new Map<string, Recent>()
  for (const each of lists.flat()) {
    const known = byId.get(each.id)
    const earlier = known === undefined || each.ageMs > known.ageMs ? each : known
    byId.set(each.id, { ...earlier, entries: each.entries + (known?.entries ?? 0) })
  }
  return [...byId.values()].sort((one, other) => other.ageMs - one.ageMs)
}

const asHeardFrom = ({ answer, at }: Heard): HeardFrom => ({
  ied: at.ied,
  askedMs: at.askedMs,
  answeredMs: at.answeredMs,
  ownUtcMs: at.ownUtcMs,
  utcMs: answer.utcMs,
  utcQuality: answer.utcQuality,
  entries: answer.entries,
})

/** The IED whose event it is. */
const ownerOf = (id: string): string => id.split('/')[0] ?? ''

/** Whoever is named in a linked entry, and the neighbours of who has one. */
function concerned(heard: Iterable<Heard>): string[] {
  const names = new Set<string>()
  for (const { answer } of heard) {
    const linked = answer.entries.filter(entry => entry.linked)
    if (linked.length > 0) for (const near of answer.near) names.add(near)
    for (const { fields } of linked) {
      for (const key of ['origin', 'from', 'peer', 'ied', 'downstream']) {
        const value = fields[key]
        if (typeof value === 'string')
          for (const word of value.split(' ')) if (word !== '' && word !== '…') names.add(word)
      }
    }
  }
  return [...names]
}

/** From the first linked entry to the last, as ages at a moment of this machine's clock. */
function span(heard: Iterable<Heard>): ((nowMs: number) => [number, number]) | undefined {
  const times = [...heard].flatMap(({ answer, at }) =>
    answer.entries.filter(({ linked }) => linked).map(({ ageMs }) => (at.askedMs + at.answeredMs) / 2 - ageMs),
  )
  if (times.length === 0) return undefined
  const first = Math.min(...times)
  const last = Math.max(...times)
  if (last - first > LONGEST_MS) return () => [0, 1] // only what is near a linked entry
  return nowMs => [nowMs - first + MARGIN_MS, nowMs - last - MARGIN_MS]
}

const monotonicOf = (heard: Iterable<Heard>): number => Math.max(...[...heard].map(({ at }) => at.answeredMs))
