// Makes a failing story smaller while it still fails in the same way: first by leaving out what happens, then by making
// what is left shorter and the conditions plainer.
//
// Leaving out is delta debugging (Zeller and Hildebrandt, IEEE Transactions on Software Engineering 28, 2002): halves
// first, then quarters, down to single happenings. The result is minimal in the sense that no single one of them can be
// left out, unless the budget of runs ended before that was known.

import type { Happening, StepInput, Story } from './happening.ts'

export interface ShrinkOptions {
  /** Whether the story still fails in the way that is being looked for. */
  readonly fails: (story: Story) => Promise<boolean>
  /** Runs at the most. */
  readonly budget: number
  readonly onTry?: (tries: number, happenings: number) => void
}

export interface Shrunk {
  readonly story: Story
  readonly tries: number
}

export async function shrink(story: Story, { fails, budget, onTry }: ShrinkOptions): Promise<Shrunk> {
  let best = story
  let tries = 0

  /** Takes the story for the best one if it still fails. */
  async function attempt(candidate: Story): Promise<boolean> {
    if (tries >= budget) return false
    tries++
    onTry?.(tries, best.happenings.length)
    if (!(await fails(candidate))) return false
    best = candidate
    return true
  }

  async function leaveOut(): Promise<void> {
    for (let size = Math.ceil(best.happenings.length / 2); size >= 1 && tries < budget; ) {
      let hasShrunk = false
      for (let from = 0; from < best.happenings.length; ) {
        const happenings = best.happenings.filter((_, index) => index < from || index >= from + size)
        if (await attempt({ ...best, happenings })) hasShrunk = true
        else from += size
        if (tries >= budget) return
      }
      if (size === 1 && !hasShrunk) return
      size = size === 1 ? 1 : Math.ceil(size / 2)
    }
  }

  async function plainer(): Promise<void> {
    for (const condition of ['clocks', 'network'] as const) {
      const { [condition]: _, ...frame } = best.frame
      await attempt({ ...best, frame })
    }
    for (let index = 0; index < best.happenings.length; index++) {
      while (tries < budget) {
        const shorter = shortened(best.happenings[index] ?? [])
        if (shorter === undefined) break
        if (!(await attempt({ ...best, happenings: best.happenings.with(index, shorter) }))) break
      }
    }
  }

  await leaveOut()
  await plainer()
  await leaveOut()
  return { story: best, tries }
}

const LEAST_SECONDS = 0.1

/** Each part of it that lasts half as long; undefined when that is too short. Its parts keep their distance in proportion. */
function shortened(happening: Happening): Happening | undefined {
  const begin = Math.min(...happening.map(({ atSeconds }) => atSeconds))
  const shorter = happening.map(step => halved(step, begin))
  const isSame = shorter.every((step, index) => JSON.stringify(step) === JSON.stringify(happening[index]))
  return isSame ? undefined : shorter
}

function halved(step: StepInput, begin: number): StepInput {
  const atSeconds = milliseconds(begin + half(step.atSeconds - begin))
  const [action, value] = Object.entries(step).find(([, each]) => typeof each === 'object') ?? []
  if (action === undefined || typeof value !== 'object' || !('forSeconds' in value)) return { ...step, atSeconds }
  const { forSeconds } = value as { readonly forSeconds?: number }
  if (forSeconds === undefined) return { ...step, atSeconds }
  return { ...step, atSeconds, [action]: { ...value, forSeconds: milliseconds(half(forSeconds)) } }
}

const half = (seconds: number): number => (seconds <= LEAST_SECONDS ? seconds : Math.max(LEAST_SECONDS, seconds / 2))
const milliseconds = (seconds: number): number => Math.round(seconds * 1000) / 1000
