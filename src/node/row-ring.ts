// The latest rows of something that goes on for ever, for whoever lists them or follows them as they come.

import { z } from 'zod'
import { type Duration, duration, instant } from '../../topology/units.ts'
import type { Clock } from './clock.ts'
import { NodeError } from './node-error.ts'
import { type Listed, type Listing, PAUSE, type Row } from './readout-rows.ts'

export interface RowRing {
  /** Rows that belong together. */
  push(rows: readonly Row[]): void
  readonly listing: Listing
}

const querySchema = z.strictObject({
  ied: z.string().max(64).exactOptional(),
  /** Behind this place; "0" is the oldest that there is. */
  after: z
    .union([z.string().regex(/^\d{1,15}$/), z.int().nonnegative().transform(String)])
    .transform(Number)
    .exactOptional(),
  /** Goes on with further ones as they come. */
  follow: z.boolean().default(false),
  limit: z.int().min(1).max(1_000_000).default(100),
})

/** Each holds a place in a queue of this peer's; the next one is refused. */
const MOST_FOLLOWERS = 8
/** Whoever follows what has stopped is let go: he may ask again. */
const IDLE = duration(60_000)

/** @param capacity older rows give way */
export function rowRing(what: string, capacity: number, clock: Pick<Clock, 'now' | 'wakeAt'>): RowRing {
  const ring: Row[] = []
  /** Number of the last row, from 1. */
  let last = 0
  let followers = 0
  const waiting = new Set<() => void>()

  /** Those behind this number, as far as they are still there. */
  function behind(number: number): Listed[] {
    const first = last - ring.length + 1
    return ring
      .slice(Math.max(0, number + 1 - first))
      .map((row, index) => ({ row, cursor: String(Math.max(number + 1, first) + index) }))
  }

  function more(signal: AbortSignal, idle: Duration): Promise<void> {
    return new Promise(resolve => {
      const cancel = clock.wakeAt(instant(clock.now() + idle), end)
      function end(): void {
        cancel()
        waiting.delete(end)
        signal.removeEventListener('abort', end)
        resolve()
      }
      waiting.add(end)
      signal.addEventListener('abort', end)
      if (signal.aborted) end()
    })
  }

  async function* follow(from: number, fits: (row: Row) => boolean, limit: number, signal: AbortSignal) {
    if (followers >= MOST_FOLLOWERS) throw new Error(`${what}: ${MOST_FOLLOWERS} follow already: ask again later`)
    followers++
    try {
      let at = from
      for (let left = limit; left > 0 && !signal.aborted; ) {
        const rows = behind(at)
        if (rows.length === 0) {
          await more(signal, IDLE)
          if (at === last) return
          continue
        }
        at = last
        const fitting = rows.filter(({ row }) => fits(row)).slice(0, left)
        left -= fitting.length
        yield* fitting
        yield PAUSE
      }
    } finally {
      followers--
    }
  }

  return {
    push(rows) {
      ring.push(...rows)
      if (ring.length > capacity) ring.splice(0, ring.length - capacity)
      last += rows.length
      for (const end of [...waiting]) end()
    },
    async *listing(parameters, signal) {
      const parsed = querySchema.safeParse(parameters)
      if (!parsed.success) {
        const said = parsed.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '))
        throw new NodeError('BAD_INPUT', `${what}: ${said.join('; ')}`)
      }
      const { ied, after, follow: isFollowing, limit } = parsed.data
      const fits = (row: Row): boolean => ied === undefined || row.ied === ied
      if (isFollowing) return yield* follow(after ?? last, fits, limit, signal)
      const rows = behind(after ?? 0).filter(({ row }) => fits(row))
      yield* after === undefined ? rows.slice(-limit) : rows.slice(0, limit)
    },
  }
}
