// What this peer has relayed, and used, of each thing before, or expects to: so that the next frame about it goes on before
// it is read.
//
// In front of each frame stands a label, four bytes that say what it is about. They are under the keys of the hop and not
// under the origin's signature: whoever relays finds by them a message that it has checked in every way and relayed itself, or
// that its own feeder file lets it expect, and sends the frame where its own live feeder sends that one. Only then the frame is read, and held against the
// label. A neighbour that lies gains that a few frames are carried, as `relay-ahead.ts` bounds them; nobody acts on them.

import type { AuthorityRow, Onward } from './authority.ts'

export interface KnownRoute {
  readonly row: AuthorityRow
  /** Where the message that was checked, or is expected, goes on to. */
  readonly onward: Onward
  /** Of that message, ms: an older frame is read first. */
  readonly lifetime: number
  readonly about: string
}

export interface KnownRoutes {
  find(label: number): KnownRoute | undefined
  /** @param route of a message whose origin may say it and that was new, or of one such as is expected */
  learn(label: number, route: KnownRoute): void
}

/** More things than one feeder has within reach; when they are forgotten, the next frame of each is read first. */
const KEPT = 1024

export function knownRoutes(): KnownRoutes {
  const routes = new Map<number, KnownRoute>()
  return {
    find: label => routes.get(label),
    learn(label, route) {
      if (routes.size >= KEPT) routes.clear()
      routes.set(label, route)
    },
  }
}

/** No label: the frame is read before it goes on. */
export const NO_LABEL = 0

/** FNV-1a, 32 bits. Two things may share one: what is read afterwards is held against the words, not the number. */
export function labelOf(type: string, about: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < type.length; at++) hash = Math.imul(hash ^ type.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ 0x20, 0x01000193)
  for (let at = 0; at < about.length; at++) hash = Math.imul(hash ^ about.charCodeAt(at), 0x01000193)
  return hash >>> 0 || 1
}

/** Undefined for what is no message of the type. */
export function aboutOf(row: AuthorityRow, payload: Uint8Array): string | undefined {
  try {
    return row.about?.(payload)
  } catch {
    return undefined
  }
}

export function labelFor(row: AuthorityRow | undefined, payload: Uint8Array): number {
  const about = row && aboutOf(row, payload)
  return row === undefined || about === undefined ? NO_LABEL : labelOf(row.type, about)
}
