// Stories are scenarios that can be played: whatever the seed and the feeder, checked like those that people write.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { drawStory, LEAST_SECONDS } from '../../../sim/fuzz/draw-story.ts'
import { endOf, QUIET_SECONDS, scenarioOf } from '../../../sim/fuzz/happening.ts'
import { checkedScenario } from '../../../sim/run/index.ts'
import { ACTIONS } from '../../../sim/run/step-schema.ts'
import { parseFeeder } from '../../../topology/index.ts'

const feeders = ['ieee13', 'ieee34', 'customer-site'].map(name => {
  const path = `topology/feeders/${name}.yaml`
  return parseFeeder(readFileSync(path, 'utf8'), path)
})

describe.each(feeders)('stories on $name', feeder => {
  it('are valid scenarios, and quiet at the end', () => {
    for (let seed = 0; seed < 150; seed++) {
      const seconds = seed % 2 === 0 ? LEAST_SECONDS : 90
      const scenario = checkedScenario(scenarioOf(drawStory(feeder, seed, seconds)), feeder)
      for (const step of scenario.steps) expect(endOf(step)).toBeLessThanOrEqual(seconds - QUIET_SECONDS + 0.601)
    }
  })

  it('are the same for the same seed', () => {
    expect(drawStory(feeder, 7)).toEqual(drawStory(feeder, 7))
    expect(drawStory(feeder, 7)).not.toEqual(drawStory(feeder, 8))
  })
})

it('stories have everything in them that can happen, but prices and ends by name', () => {
  const [feeder] = feeders
  if (feeder === undefined) throw new Error('no feeder')
  const seen = new Set<string>()
  for (let seed = 0; seed < 150; seed++) {
    for (const step of drawStory(feeder, seed).happenings.flat()) for (const key of Object.keys(step)) seen.add(key)
  }
  expect(ACTIONS.filter(action => !seen.has(action)).sort()).toEqual(['end', 'price'])
})
