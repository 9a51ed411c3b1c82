// Streamed answers over the virtual network: the asker pulls one item after the other, and asks again for one that stays
// out, as TCP would send it again. The producer is at most one item ahead of its reader.

import type { Credential } from '../../src/mesh/credential.ts'
import { type Links, MAX_STREAM_ITEM, type StreamPatience } from '../../src/mesh/links.ts'
import { MeshError } from '../../src/mesh/mesh-error.ts'
import { type StreamPlaces, streamPlaces } from '../../src/mesh/stream-places.ts'
import type { Scheduler } from './scheduler.ts'

const AGAIN_MS = 200
/** An asker that pulls nothing for so long is taken for gone. */
const READER_IDLE_MS = 60_000
/** Pulls of streams that have ended may still be under way. */
const ENDED_KEPT = 64

type Piece =
  | { readonly item: Uint8Array }
  | { readonly end: true }
  | { readonly refused: string }
  | { readonly gone: true }

export interface Pull {
  readonly id: string
  readonly index: number
  readonly from: Credential
  readonly protocol: string
  readonly question: Uint8Array
}

interface Session {
  readonly items: AsyncIterator<Uint8Array>
  readonly ending: AbortController
  readonly release: () => void
  index: number
  piece: Promise<Piece>
  cancelIdle: () => void
}

export interface VirtualProducers {
  serve: Links['serveStream']
  pull(pull: Pull): Promise<Piece>
  end(id: string): void
}

/** The answering side of one member. */
export function virtualProducers(scheduler: Scheduler, isOver: () => boolean): VirtualProducers {
  const producers = new Map<string, Parameters<Links['serveStream']>[1]>()
  const sessions = new Map<string, Session>()
  const ended = new Set<string>()
  const places: StreamPlaces = streamPlaces()

  function end(id: string): void {
    const session = sessions.get(id)
    sessions.delete(id)
    ended.add(id)
    if (ended.size > ENDED_KEPT) ended.delete(ended.values().next().value as string)
    if (session === undefined) return
    session.cancelIdle()
    session.ending.abort(new Error('the asker has gone'))
    session.release()
    session.items.return?.().catch(() => {})
  }

  async function next(items: AsyncIterator<Uint8Array>): Promise<Piece> {
    try {
      const { done, value } = await items.next()
      if (done !== true && value.length <= MAX_STREAM_ITEM) return { item: value }
      if (done === true) return { end: true }
      return { refused: `an item of ${value.length} bytes, want ${MAX_STREAM_ITEM} at the most` }
    } catch (error) {
      return { refused: (error as Error).message }
    }
  }

  function begin({ id, from, protocol, question }: Pull): Session | Piece {
    const producer = producers.get(protocol)
    if (producer === undefined) return { gone: true }
    const place = places.take(from.peerId)
    if (typeof place === 'string') return { refused: place }
    const ending = new AbortController()
    const items = producer(from, question, ending.signal)[Symbol.asyncIterator]()
    const session = { items, ending, release: place, index: 0, piece: next(items), cancelIdle: () => {} }
    sessions.set(id, session)
    return session
  }

  return {
    serve: (protocol, answer) => void producers.set(protocol, answer),
    end,
    async pull(pull) {
      const { id, index } = pull
      if (ended.has(id)) return { gone: true }
      const session = sessions.get(id) ?? (index === 0 ? begin(pull) : { gone: true as const })
      if (!('items' in session)) return session
      if (index === session.index + 1) {
        session.index = index
        session.piece = next(session.items)
      }
      session.cancelIdle()
      session.cancelIdle = scheduler.at(scheduler.now() + READER_IDLE_MS, () => {
        if (!isOver()) end(id)
      })
      return session.piece
    },
  }
}

/**
 * The asking side.
 * @param carry takes a pull over, and its piece back; either may be lost, late or doubled
 * @param leave tells the other side that nobody reads any more
 */
export async function* virtualStream(
  scheduler: Scheduler,
  protocol: string,
  { itemMs, totalMs, signal }: StreamPatience,
  carry: (index: number, back: (piece: Piece) => void) => void,
  leave: () => void,
): AsyncGenerator<Uint8Array> {
  const endMs = totalMs === undefined ? Number.POSITIVE_INFINITY : scheduler.now() + totalMs

  const pull = (index: number): Promise<Piece> =>
    new Promise((resolve, reject) => {
      const deadline = Math.min(endMs, scheduler.now() + itemMs)
      let cancel = (): void => {}
      const settle = (run: () => void): void => {
        cancel()
        signal?.removeEventListener('abort', giveUp)
        run()
      }
      const fail = (why: string): void => settle(() => reject(new MeshError('MESH_UNREACHABLE', `${protocol}: ${why}`)))
      const giveUp = (): void => fail('given up')
      if (signal?.aborted) return giveUp()
      signal?.addEventListener('abort', giveUp)
      const send = (): void => {
        if (scheduler.now() >= deadline) return fail(index === 0 ? 'no answer in time' : 'no further item in time')
        carry(index, piece => settle(() => resolve(piece)))
        cancel = scheduler.at(Math.min(deadline, scheduler.now() + AGAIN_MS), send)
      }
      send()
    })

  try {
    for (let index = 0; ; index++) {
      const piece = await pull(index)
      if ('end' in piece) return
      if ('gone' in piece) throw new MeshError('MESH_UNREACHABLE', `${protocol}: cut off before its end`)
      if ('refused' in piece) throw new MeshError('MESH_REFUSED', piece.refused)
      yield piece.item
    }
  } finally {
    leave()
  }
}
