// The announcements that a peer keeps and hands on: the newest of each peer, a bounded number, and those first to go that
// were renewed longest ago. Pure: what is put in has been checked.
//
// Handing on goes by cursor. Each announcement that is taken gets the next number of this list; who asks says up to which
// number of which list it has heard, and gets what came since. So who asks often is told only what changed.

import type { Announced } from './announcement.ts'

export interface AnnouncementLimits {
  /** Of one organisation. What any authority signs can't push out what another one has signed. */
  readonly perOrganisation: number
  readonly organisations: number
}

export const announcementLimits: AnnouncementLimits = { perOrganisation: 1024, organisations: 16 }

export interface Cursor {
  /** Of the list: drawn at its start. */
  readonly list: string
  /** The greatest number there is asks for nothing, of whatever list. */
  readonly after: number
}

export interface HandedOn {
  readonly list: string
  /** Where to go on. */
  readonly upTo: number
  readonly announcements: readonly Uint8Array[]
}

interface Kept extends Announced {
  readonly place: number
}

/** @param gone who had to make room */
export function announcementList(
  list: string,
  limits: AnnouncementLimits = announcementLimits,
  gone: (peerId: string) => void = () => {},
) {
  // In the order in which they came: a renewed one is put at the end again.
  const kept = new Map<string, Kept>()
  const counts = new Map<string, number>()
  let place = 0

  function remove(peerId: string): void {
    const known = kept.get(peerId)
    if (known === undefined) return
    kept.delete(peerId)
    const { organisation } = known.credential
    const left = (counts.get(organisation) ?? 1) - 1
    if (left === 0) counts.delete(organisation)
    else counts.set(organisation, left)
  }

  function makeRoom(organisation: string): boolean {
    const count = counts.get(organisation) ?? 0
    if (count === 0) return counts.size < limits.organisations
    if (count < limits.perOrganisation) return true
    for (const [peerId, { credential }] of kept) {
      if (credential.organisation !== organisation) continue
      remove(peerId)
      gone(peerId)
      return true
    }
    return false
  }

  return {
    /** @returns whether it is news: the first of its peer, or newer than the one known */
    take(announced: Announced): boolean {
      const { peerId, number } = announced.announcement
      const known = kept.get(peerId)
      if (known !== undefined && known.announcement.number >= number) return false
      remove(peerId)
      const { organisation } = announced.credential
      if (!makeRoom(organisation)) return false
      counts.set(organisation, (counts.get(organisation) ?? 0) + 1)
      kept.set(peerId, { ...announced, place: ++place })
      return true
    },
    /** Whether an announcement of this number could be news: asked before anything costly is done about it. */
    isNews(peerId: string, number: number): boolean {
      return (kept.get(peerId)?.announcement.number ?? -1) < number
    },
    of: (peerId: string): Announced | undefined => kept.get(peerId),
    all: (): Announced[] => [...kept.values()],
    remove,
    /** What came after the cursor, at most so many, the oldest first. */
    since(cursor: Cursor | undefined, atMost: number): HandedOn {
      const after = cursor?.list === list || cursor?.after === Number.MAX_SAFE_INTEGER ? cursor.after : 0
      const found: Kept[] = []
      for (const each of kept.values()) {
        if (each.place <= after) continue
        found.push(each)
        if (found.length >= atMost) break
      }
      return { list, upTo: found.at(-1)?.place ?? Math.max(after, place), announcements: found.map(({ raw }) => raw) }
    },
    get size() {
      return kept.size
    },
  }
}
