// One seed: its story drawn, played and checked. What the real machine must not do to it is caught here too: a promise
// that nobody handles belongs to the run in which it was rejected.

import type { FeederFile } from '../../topology/feeder-file.ts'
import { checkedScenario } from '../run/index.ts'
import { type CheckOptions, checkScenario } from './check-scenario.ts'
import { drawStory } from './draw-story.ts'
import { type Story, scenarioOf } from './happening.ts'
import type { Violation } from './invariant.ts'

export interface SeedResult {
  readonly seed: number
  readonly violation: Violation | undefined
  /** Scheduler events of all its runs. */
  readonly events: number
  readonly happenings: number
}

export async function checkSeed(
  feeder: FeederFile,
  seed: number,
  seconds: number,
  options: CheckOptions = {},
): Promise<SeedResult> {
  const story = drawStory(feeder, seed, seconds)
  const { violation, events } = await checkStory(feeder, story, options)
  return { seed, violation, events, happenings: story.happenings.length }
}

export async function checkStory(
  feeder: FeederFile,
  story: Story,
  options: CheckOptions = {},
): Promise<{ readonly violation: Violation | undefined; readonly events: number }> {
  let events = 0
  const violation = await withoutUnhandled(async () => {
    const checked = await checkScenario(checkedScenario(scenarioOf(story), feeder), feeder, options)
    events = checked.events
    return checked.violation
  })
  return { violation, events }
}

/** A promise that was rejected meanwhile, and that nobody handles, is a violation where there is no other. */
export async function withoutUnhandled(check: () => Promise<Violation | undefined>): Promise<Violation | undefined> {
  let unhandled: Violation | undefined
  const onRejection = (reason: unknown): void => {
    const what = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)
    unhandled ??= { invariant: 'no-throw', atMs: Number.NaN, what: `unhandled rejection: ${what}` }
  }
  process.on('unhandledRejection', onRejection)
  try {
    const violation = await check()
    return violation ?? unhandled
  } finally {
    process.off('unhandledRejection', onRejection)
  }
}
