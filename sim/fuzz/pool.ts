// Worker processes that check seeds. Each has one seed at a time; what one of them dies of, or hangs in, is that seed's.

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { SeedResult } from './check-seed.ts'
import type { SeedJob } from './seed-process.ts'

export interface PoolOptions {
  readonly feeder: string
  readonly seeds: Iterable<number>
  readonly seconds: number
  readonly jobs: number
  /** As they come, which is not in the order of the seeds. */
  readonly onResult: (result: SeedResult) => void
  /** No more seeds are begun, and those under way are given up. */
  readonly signal: AbortSignal
}

const ENTRY = fileURLToPath(new URL(`./seed-process${import.meta.url.slice(-3)}`, import.meta.url))
/** A seed takes a second or two; one that takes so long hangs. Real time. */
const HANGS_AFTER_MS = 180_000
/** A process begins anew after so many: what a run leaves behind in it stays bounded. */
const SEEDS_PER_PROCESS = 200

/** Resolves when all seeds have their result, or the signal came. */
export async function checkSeeds(options: PoolOptions): Promise<void> {
  const seeds = options.seeds[Symbol.iterator]()
  await Promise.all(Array.from({ length: options.jobs }, () => worker(options, seeds)))
}

async function worker({ feeder, seconds, onResult, signal }: PoolOptions, seeds: Iterator<number>): Promise<void> {
  let child: ChildProcess | undefined
  let done = 0
  const end = (): void => {
    child?.kill('SIGKILL')
    child = undefined
  }
  signal.addEventListener('abort', end)
  try {
    for (let next = seeds.next(); !next.done && !signal.aborted; next = seeds.next()) {
      if (done++ % SEEDS_PER_PROCESS === 0) end()
      child ??= fork(ENTRY, [], { serialization: 'advanced', execArgv: [] })
      const result = await answerOf(child, { feeder, seed: next.value, seconds })
      if (signal.aborted) return
      if (result.happenings === LOST) end()
      onResult(result)
    }
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
}

function answerOf(child: ChildProcess, job: SeedJob): Promise<SeedResult> {
  return new Promise(resolve => {
    const settle = (result: SeedResult): void => {
      clearTimeout(timer)
      child.removeAllListeners()
      resolve(result)
    }
    const lost = (what: string): void => {
      const violation = { invariant: 'no-runaway', atMs: Number.NaN, what } as const
      settle({ seed: job.seed, violation, events: 0, happenings: LOST })
    }
    const timer = setTimeout(() => lost(`no result in ${HANGS_AFTER_MS / 1000} s of real time`), HANGS_AFTER_MS)
    child.on('message', result => settle(result as SeedResult))
    child.on('exit', (code, signal) => lost(`its process ended with ${signal ?? `code ${code}`}`))
    child.on('error', error => lost(error.message))
    child.send(job)
  })
}

/** In place of a count of happenings: the process is of no more use. */
const LOST = -1
