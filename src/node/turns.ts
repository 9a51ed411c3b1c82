// Work that many ask for at once and that computes: a few at a time, in the order of asking, and each begun in a turn of
// the event loop of its own. In between all else has its turn: whoever asks whether this peer is alive gets an answer.

export interface TurnLimits {
  readonly atOnce: number
  /** What may wait, by the sizes given. Whoever comes beyond that is told to come again. */
  readonly waitingBytes: number
}

export interface Turns {
  /** @throws Error when too much waits already; what the job throws */
  run<T>(bytes: number, job: () => Promise<T>): Promise<T>
}

export function turns({ atOnce, waitingBytes }: TurnLimits): Turns {
  const waiting: (() => void)[] = []
  let waits = 0
  let running = 0

  function next(): void {
    if (running >= atOnce) return
    const begin = waiting.shift()
    if (begin === undefined) return
    running++
    setImmediate(begin)
  }

  return {
    async run(bytes, job) {
      if (waits + bytes > waitingBytes && waits > 0) throw new Error('busy, want it again later')
      waits += bytes
      await new Promise<void>(begin => {
        waiting.push(begin)
        next()
      })
      waits -= bytes
      try {
        return await job()
      } finally {
        running--
        next()
      }
    },
  }
}
