// A failing story made smaller: what is left still fails, and nothing of it can be left out.

import { describe, expect, it } from 'vitest'
import type { Happening, Story } from '../../../sim/fuzz/happening.ts'
import { shrink } from '../../../sim/fuzz/shrink.ts'
import { violationOf } from './broken-run.ts'

const crash = (agent: string, atSeconds: number, forSeconds = 8): Happening => [
  { atSeconds, crash: { agent, what: 'process', forSeconds } },
]
const story = (...happenings: Happening[]): Story => ({
  frame: { feedermesh: 1, simulation: 'shrink', feeder: 'ieee13', forSeconds: 60, clocks: { a: { driftPpm: 5 } } },
  happenings,
})
const agents = ({ happenings }: Story): string[] =>
  happenings.flat().flatMap(step => ('crash' in step ? [step.crash.agent] : []))

describe('shrinking', () => {
  it('keeps just what is needed for the failure', async () => {
    const many = story(...[...'abcdefghijklmnopq'].map((name, index) => crash(name, index)))
    const fails = async (candidate: Story) => ['c', 'n'].every(each => agents(candidate).includes(each))
    const { story: small } = await shrink(many, { fails, budget: 1000 })
    expect(agents(small)).toEqual(['c', 'n'])
    expect(small.frame.clocks).toBeUndefined()
  })

  it('makes what is left shorter, as far as the failure allows', async () => {
    const lasts = ({ happenings }: Story): number =>
      happenings.flat().flatMap(step => ('crash' in step ? [step.crash.forSeconds ?? 0] : []))[0] ?? 0
    const { story: small } = await shrink(story(crash('a', 1)), {
      fails: async each => lasts(each) >= 1.5,
      budget: 100,
    })
    expect(lasts(small)).toBe(2)
  })

  it('leaves out together what belongs together', async () => {
    const pair: Happening = [
      { atSeconds: 10, clockJump: { agent: 'a', bySeconds: 60 } },
      { atSeconds: 20, clockJump: { agent: 'a', bySeconds: -60 } },
    ]
    const fails = async ({ happenings }: Story) => happenings.length >= 1
    const { story: small } = await shrink(story(crash('a', 1), pair), { fails, budget: 100 })
    expect(small.happenings.length).toBe(1)
    expect(small.happenings[0]?.length).toBe(2)
  })

  it('tries no more often than it may', async () => {
    const many = story(...[...'abcdefghijklmnopq'].map((name, index) => crash(name, index)))
    const { tries } = await shrink(many, { fails: async () => false, budget: 7 })
    expect(tries).toBe(7)
  })

  it('finds the fault that an eager agent closes onto, and nothing else', async () => {
    const many = story(crash('meter-611', 5, 2), [{ atSeconds: 5.5, fault: { section: 's692-675', forSeconds: 4 } }])
    const fails = async ({ happenings }: Story): Promise<boolean> => {
      const violation = await violationOf({
        agent: 'recloser-675',
        isAgent: true,
        breaks: ports => {
          ports.clock.wakeAt(7_000 as never, () => void ports.hal?.operate?.('close').catch(() => {}))
          return ports
        },
        steps: happenings.flat(),
        forSeconds: 8,
      })
      return violation?.invariant === 'no-close-onto-fault'
    }
    const { story: small } = await shrink(many, { fails, budget: 12 })
    expect(small.happenings.flat()).toEqual([
      expect.objectContaining({ fault: expect.objectContaining({ section: 's692-675' }) }),
    ])
  }, 900_000)
})
