// A process that checks seeds, one after the other, for whoever forked it.

import '../../src/node/polyfill.ts'
import { checkSeed, type SeedResult } from './check-seed.ts'
import { readShippedFeeder } from './shipped-feeder.ts'

export interface SeedJob {
  readonly feeder: string
  readonly seed: number
  readonly seconds: number
}

export type SeedAnswer = SeedResult

const feeders = new Map<string, ReturnType<typeof readShippedFeeder>>()

process.on('message', ({ feeder, seed, seconds }: SeedJob) => {
  const file = feeders.get(feeder) ?? readShippedFeeder(feeder)
  feeders.set(feeder, file)
  checkSeed(file, seed, seconds).then(
    result => process.send?.(result),
    (error: Error) => {
      const violation = { invariant: 'no-throw', atMs: Number.NaN, what: error.stack ?? error.message } as const
      process.send?.({ seed, violation, events: 0, happenings: 0 } satisfies SeedResult)
    },
  )
})
process.on('disconnect', () => process.exit())
