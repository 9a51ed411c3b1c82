// Virtual time: a queue of events, each run to its end, promises and all, before the next one starts.
//
// Equal times run in the order in which they were asked for. An event may start promises; they get on as far as they can
// without the world (which completes what they wait for as events of its own) before the next event. So one run is like
// another to the last byte, whatever the machine does meanwhile.

export interface Scheduler {
  /** Virtual milliseconds since the run began. */
  now(): number
  /** Runs once at that time, or next if it is past. @returns a cancel function @throws RangeError for NaN */
  at(ms: number, run: () => void): () => void
  /**
   * Works off everything due up to that time, which then is the present one. Ends early when an event threw, and when
   * events wake each other without time passing.
   */
  runUntil(ms: number): Promise<void>
  /** Called after each event, when all that it started has got as far as it can. What it throws ends the run. */
  onEvent(run: () => void): void
  /** Events worked off so far. */
  readonly count: number
}

/** The start of thousands of agents takes some ten thousand at a time. */
const MOST_AT_ONCE = 5_000_000

/** Turns for each round of Node's own loop, which costs as much as an event. */
const TURNS = 32

interface Entry {
  readonly at: number
  readonly order: number
  /** Undefined once cancelled. */
  run: (() => void) | undefined
}

export function createScheduler(): Scheduler {
  const heap: Entry[] = []
  let present = 0
  let order = 0
  let count = 0
  /** How many of them at the present time. */
  let atOnce = 0
  const checks: (() => void)[] = []

  function at(ms: number, run: () => void): () => void {
    // One of them at the top of the queue would keep all others from their turn.
    if (Number.isNaN(ms)) throw new RangeError('an event at no time: NaN')
    const entry: Entry = { at: Math.max(ms, present), order: order++, run }
    push(heap, entry)
    return () => {
      entry.run = undefined
    }
  }

  function runUntil(end: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let isOver = false
      // Node drains all promise reactions between two immediates: that is what makes an event end before the next.
      const turn = (): void => {
        if (isOver) return
        try {
          for (const check of checks) check()
          const entry = nextDue(end)
          if (entry === undefined) {
            present = Math.max(present, end)
            isOver = true
            return resolve()
          }
          atOnce = entry.at === present ? atOnce + 1 : 0
          if (atOnce > MOST_AT_ONCE) throw new Error(`events wake each other for ever at ${present} ms`)
          present = entry.at
          count++
          entry.run?.()
        } catch (error) {
          isOver = true
          return reject(error as Error)
        }
        setImmediate(turn)
      }
      for (let n = 0; n < TURNS; n++) setImmediate(turn)
    })
  }

  /** Takes it out of the queue. */
  function nextDue(end: number): Entry | undefined {
    for (let first = heap[0]; first !== undefined && first.at <= end; first = heap[0]) {
      pop(heap)
      if (first.run !== undefined) return first
    }
    return undefined
  }

  return {
    now: () => present,
    at,
    runUntil,
    onEvent: run => void checks.push(run),
    get count() {
      return count
    },
  }
}

const isBefore = (one: Entry, other: Entry): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)

function push(heap: Entry[], entry: Entry): void {
  let index = heap.push(entry) - 1
  while (index > 0) {
    const above = (index - 1) >> 1
    const parent = heap[above] as Entry
    if (!isBefore(entry, parent)) break
    heap[index] = parent
    index = above
  }
  heap[index] = entry
}

function pop(heap: Entry[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let index = 0
  for (;;) {
    let below = 2 * index + 1
    if (below >= heap.length) break
    if (below + 1 < heap.length && isBefore(heap[below + 1] as Entry, heap[below] as Entry)) below++
    const child = heap[below] as Entry
    if (!isBefore(child, last)) break
    heap[index] = child
    index = below
  }
  heap[index] = last
}
