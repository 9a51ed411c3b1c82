// By which names entries belong to one event of the power system. A trip, a warning and an incident have ids of the form
// `<ied>/<boot epoch>/<count>`; what follows from one names it, mostly as `id`, `incident` or `cause`. Two that stand in one
// entry belong together.

import type { Plain } from './sequence-of-events.ts'

const ID = /[A-Za-z0-9][\w.-]{0,63}\/\d{1,16}\/[\w-]{1,40}/g
const WHOLE_ID = new RegExp(`^${ID.source}$`)

/** Fields that speak of other things by names of the same form, or of a person's order. */
const NOT_ABOUT: ReadonlySet<string> = new Set(['command', 'order', 'by', 'words', 'text', 'reason', 'addresses'])

export const isEventId = (text: string): boolean => WHOLE_ID.test(text)

/** @returns all that the entry names, each once */
export function idsOf(fields: Readonly<Record<string, Plain>>): readonly string[] {
  const found = new Set<string>()
  for (const [key, value] of Object.entries(fields)) {
    if (typeof value !== 'string' || NOT_ABOUT.has(key)) continue
    for (const [id] of value.matchAll(ID)) found.add(id)
  }
  return [...found]
}

/** More than these belong to no one event. */
const MOST_IDS = 64

/** What is linked to these ids, directly or by way of others. @returns the ids, and for each entry whether it is */
export function linkedBy(
  entries: readonly { readonly fields: Readonly<Record<string, Plain>> }[],
  about: readonly string[],
): { readonly ids: readonly string[]; readonly linked: readonly boolean[] } {
  const ids = new Set(about)
  const named = entries.map(({ fields }) => idsOf(fields))
  for (let before = -1; before !== ids.size && ids.size < MOST_IDS; ) {
    before = ids.size
    for (const own of named) {
      if (own.length > 1 && own.some(id => ids.has(id))) for (const id of own) if (ids.size < MOST_IDS) ids.add(id)
    }
  }
  return { ids: [...ids], linked: named.map(own => own.some(id => ids.has(id))) }
}
