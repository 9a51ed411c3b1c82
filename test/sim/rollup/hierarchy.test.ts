// Whole agents in virtual time, in groups of twenty and with an aggregator of the feeder above them: so many that an agent is
// connected with its own group, and those who aggregate dial each other.

import { describe, expect, it } from 'vitest'
import { agentsFeeder } from '../../../bench/agents-feeder.ts'
import { chanceFrom } from '../../../bench/chance.ts'
import { createWorld, type World } from '../../../sim/runtime/world.ts'

const COUNT = 64

describe('a feeder of 64 IEDs', () => {
  it('delivers through one aggregator of the feeder, and straight on once that is dead', async () => {
    const relayed: { by: string; ied: unknown }[] = []
    const feeder = agentsFeeder(COUNT, chanceFrom(7))
    const world = await createWorld({
      feeder,
      seed: 'hierarchy',
      readingSeconds: 10,
      forwardingSeconds: 5,
      onLog: (by, _, event, fields) => {
        if (event === 'relayed') relayed.push({ by, ied: fields.ied })
      },
    })
    await world.runUntil(25_000)
    const top = feederAggregator(world)
    expect(top).toBeDefined()
    // Whom it aggregates for itself it delivers for straight; all of the other groups went through it.
    expect(new Set(relayed.map(({ by }) => by))).toEqual(new Set([top]))
    const groupOf = (name: string | undefined): string | undefined => feeder.ieds.find(ied => ied.name === name)?.group
    const others = feeder.ieds.filter(({ group }) => group !== groupOf(top)).map(({ name }) => name)
    expect(others.length).toBeGreaterThan(COUNT / 2)
    expect(new Set(relayed.map(({ ied }) => ied))).toEqual(new Set(others))
    expect(collectedBy(world).size).toBe(COUNT)

    world.crash(top as string, 'machine')
    const [at, before] = [world.scheduler.now(), world.trace.events.length]
    await world.runUntil(at + 15_000)
    const since = collectedBy(world, before)
    expect(since.size).toBe(COUNT - 1)
    expect(since.has(top as string)).toBe(false)
    expect(feederAggregator(world, before)).not.toBe(top)
    await world.stop()
  })
})

/** Whom all that stand for it follow, by what each said last. */
function feederAggregator(world: World, from = 0): string | undefined {
  const said = new Map<string, unknown>()
  for (const { by, event, name } of world.trace.events.slice(from)) {
    if (event === 'feeder-aggregator') said.set(by, name)
  }
  const names = new Set([...said.values()].filter(name => name !== null))
  return names.size === 1 ? String([...names][0]) : undefined
}

const collectedBy = (world: World, from = 0): ReadonlySet<unknown> =>
  new Set(world.trace.events.slice(from).flatMap(({ event, ied }) => (event === 'collected' ? [ied] : [])))
