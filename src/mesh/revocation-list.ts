// What has been revoked, in memory: asked for each message and at each admission, so it answers by key.
//
// Only trusted authorities can fill it, each its own part: at most 4,096 an organisation. When that is full, those that end
// first give way, and the caller is told, because their credentials would count again for the rest of their time.

import type { UtcMs } from '../../topology/units.ts'
import { hasEnded, isAbout, type Revocable, type Revocation } from './revocation.ts'

export interface RevocationList {
  /** The revocation by which this credential does not count, if there is one. */
  of(credential: Revocable): Revocation | undefined
  has(id: string): boolean
  /** @returns what gave way */
  add(revocation: Revocation): readonly Revocation[]
  /** Forgets what has ended. @returns what was forgotten */
  sweep(now: UtcMs): readonly Revocation[]
  /** In the order of their ids. */
  all(): readonly Revocation[]
}

const KEPT_PER_ORGANISATION = 4096

export function revocationList(kept = KEPT_PER_ORGANISATION): RevocationList {
  const byId = new Map<string, Revocation>()
  const byKey = new Map<string, Set<Revocation>>()
  const perOrganisation = new Map<string, number>()

  function remove(revocation: Revocation): void {
    const { id, peerId, organisation } = revocation
    if (!byId.delete(id)) return
    const ofKey = byKey.get(peerId)
    ofKey?.delete(revocation)
    if (ofKey?.size === 0) byKey.delete(peerId)
    perOrganisation.set(organisation, (perOrganisation.get(organisation) ?? 1) - 1)
  }

  return {
    of(credential) {
      for (const revocation of byKey.get(credential.peerId) ?? []) {
        if (isAbout(revocation, credential)) return revocation
      }
      return undefined
    },
    has: id => byId.has(id),
    add(revocation) {
      const { id, peerId, organisation } = revocation
      if (byId.has(id)) return []
      byId.set(id, revocation)
      byKey.set(peerId, (byKey.get(peerId) ?? new Set()).add(revocation))
      const count = (perOrganisation.get(organisation) ?? 0) + 1
      perOrganisation.set(organisation, count)
      if (count <= kept) return []
      const [first] = [...byId.values()]
        .filter(each => each.organisation === organisation)
        .sort((a, b) => a.expires - b.expires || (a.id < b.id ? -1 : 1))
      if (first !== undefined) remove(first)
      return first === undefined ? [] : [first]
    },
    sweep(now) {
      const ended = [...byId.values()].filter(each => hasEnded(each, now))
      for (const each of ended) remove(each)
      return ended
    },
    all: () => [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
  }
}
