// Whose turn it is on a bus that takes one request at a time. Pure.
//
// What is more urgent goes first: writes, then what reads a status, then values. Among equals the unit goes first that was
// served least lately, so that a unit with many requests, or slow ones, never keeps another from its turn; and of one
// unit the oldest. The queue is bounded: a read that finds it full is refused, and a write takes the place of the
// least urgent, youngest read.

export type Urgency = 'write' | 'status' | 'values'

export interface Turn {
  readonly unitId: number
  readonly urgency: Urgency
  /** Not to be taken before; a unit that is busy asked for patience. */
  notBefore: number
}

const RANK: Record<Urgency, number> = { write: 0, status: 1, values: 2 }

export interface TurnQueue<T extends Turn> {
  readonly size: number
  /** @returns what had to give way, which may be `turn` itself */
  add(turn: T): T | undefined
  /** Takes the next one that may be taken now. */
  take(now: number): T | undefined
  /** When the first of those that wait may be taken. */
  nextAt(): number | undefined
  drain(): T[]
}

export function turnQueue<T extends Turn>(capacity: number): TurnQueue<T> {
  const waiting: T[] = []
  /** The number of the turn with which each unit was served last; a unit id is one byte, so there are no more than 256. */
  const servedAt = new Map<number, number>()
  let served = 0

  const isBefore = (one: T, other: T): boolean => {
    if (one.urgency !== other.urgency) return RANK[one.urgency] < RANK[other.urgency]
    return (servedAt.get(one.unitId) ?? -1) < (servedAt.get(other.unitId) ?? -1)
  }

  function taken(turn: T | undefined): T | undefined {
    if (turn !== undefined) servedAt.set(turn.unitId, served++)
    return turn
  }

  return {
    get size() {
      return waiting.length
    },
    add(turn) {
      if (waiting.length < capacity) {
        waiting.push(turn)
        return undefined
      }
      if (turn.urgency !== 'write') return turn
      let last = -1
      for (const [index, each] of waiting.entries()) {
        const rank = last === -1 ? -1 : RANK[(waiting[last] as T).urgency]
        if (each.urgency !== 'write' && RANK[each.urgency] >= rank) last = index
      }
      if (last === -1) return turn
      const [gone] = waiting.splice(last, 1, turn)
      return gone
    },
    take(now) {
      const [only] = waiting
      if (waiting.length === 1 && only !== undefined && only.notBefore <= now) return taken(waiting.pop())
      let best = -1
      for (const [index, each] of waiting.entries()) {
        if (each.notBefore > now) continue
        if (best === -1 || isBefore(each, waiting[best] as T)) best = index
      }
      return best === -1 ? undefined : taken(waiting.splice(best, 1)[0])
    },
    nextAt: () => (waiting.length === 0 ? undefined : Math.min(...waiting.map(({ notBefore }) => notBefore))),
    drain: () => waiting.splice(0),
  }
}
