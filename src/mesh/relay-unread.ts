// Frames that go on before they are read: their label names a thing of which this peer has checked and relayed a message
// before (`known-routes.ts`). All that is asked until then costs some microseconds: whether the neighbour may have unchecked
// frames relayed, whether this one has been here, and how old it is. Everything else is asked in a later turn, before the
// frame is used; what then proves wrong in any way counts against the neighbour as a frame that nobody signed does.

import type { KnownRoute, KnownRoutes } from './known-routes.ts'
import type { Links } from './links.ts'
import { ageAt } from './message-age.ts'
import type { RelayAhead } from './relay-ahead.ts'
import type { RelayedFrame } from './relaying.ts'

export interface RelayUnread {
  /**
   * Sends it on to whoever is next, if it may go.
   * @returns by which route, and whether anybody is further on; undefined when it has to be read first
   */
  relay(frame: RelayedFrame): { readonly route: KnownRoute; readonly isCarried: boolean } | undefined
  /** Whether these very bytes have gone on and are not read yet. */
  isWaiting(raw: Uint8Array): boolean
  /** It is read now. */
  taken(raw: Uint8Array): void
}

export interface RelayUnreadOptions {
  readonly routes: Pick<KnownRoutes, 'find'>
  readonly ahead: Pick<RelayAhead, 'may' | 'relayed'>
  /** Of all envelopes that may have been here. */
  readonly marks: ReadonlySet<number>
  mark(mark: number): void
  /** This peer believes and relays nothing any more once its own credential is revoked. */
  isSilenced(): boolean
  readonly send: Links['send']
  now(): number
}

export function relayUnread({ routes, ahead, marks, mark, isSilenced, send, now }: RelayUnreadOptions): RelayUnread {
  /** By their marks. No more than each neighbour may have unchecked. */
  const waiting = new Map<number, Uint8Array>()

  return {
    relay(frame) {
      const { raw, from, ageMs } = frame
      const route = frame.label === 0 ? undefined : routes.find(frame.label)
      if (route === undefined || ageMs === undefined || ageMs > route.lifetime) return undefined
      const itsMark = markAtEnd(raw)
      if (itsMark === undefined || marks.has(itsMark) || !ahead.may(from, frame.at) || isSilenced()) return undefined
      const age = ageAt(frame, now())
      let isCarried = false
      for (const peerId of route.onward(from)) {
        if (peerId === from) continue
        send(peerId, raw, age, frame.label)
        isCarried = true
      }
      ahead.relayed(from)
      mark(itsMark)
      waiting.set(itsMark, raw)
      return { route, isCarried }
    },
    isWaiting(raw) {
      if (waiting.size === 0) return false
      const known = waiting.get(markAtEnd(raw) ?? -1)
      return known !== undefined && Buffer.compare(known, raw) === 0
    },
    taken: raw => void waiting.delete(markAtEnd(raw) ?? -1),
  }
}

const SIGNATURE = 64

/** Of an envelope that has not been read: it ends with its signature (58 40 and 64 bytes), or it is none. */
export function markAtEnd(raw: Uint8Array): number | undefined {
  const start = raw.length - SIGNATURE
  return raw[start - 2] === 0x58 && raw[start - 1] === 0x40 ? markAt(raw, start) : undefined
}

/** 30 bits of a signature: a small integer, equal for equal envelopes and seldom equal for others. */
export const markAt = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 22) |
    ((bytes[at + 1] ?? 0) << 14) |
    ((bytes[at + 2] ?? 0) << 6) |
    ((bytes[at + 3] ?? 0) >> 2)) >>>
  0
