// A neighbour that dies is an alarm at those beside it on the feeder, and nowhere else.

import { describe, expect, it } from 'vitest'
import { createWorld } from '../../../sim/runtime/world.ts'
import { smallFeeder } from '../small-feeder.ts'

const told = new Set(['neighbour-silent', 'neighbour-answering'])

describe('a neighbour on the feeder', () => {
  it.each(['process', 'machine'] as const)('that loses its %s is told of until it answers', async what => {
    const world = await createWorld({ feeder: smallFeeder(), seed: 'silence', keep: ({ event }) => told.has(event) })
    const { names, feeder } = world
    const victim = names.find(name => feeder.children(name).length > 0) as string
    const beside = [feeder.parent(victim), ...feeder.children(victim)].filter(name => name !== undefined).sort()
    await world.runUntil(5000)
    expect(world.trace.events).toEqual([])
    world.crash(victim, what)
    await world.runUntil(7000)
    const heard = () => world.trace.events.map(({ by, event, ied }) => `${by}: ${event} ${ied}`).sort()
    expect(heard()).toEqual(beside.map(name => `${name}: neighbour-silent ${victim}`))
    expect(Math.max(...world.trace.events.map(({ atMs }) => atMs))).toBeLessThanOrEqual(6000)
    if (!world.isRunning(victim)) world.start(victim)
    await world.runUntil(30_000)
    expect(heard()).toEqual(
      beside.flatMap(name => [`${name}: neighbour-answering ${victim}`, `${name}: neighbour-silent ${victim}`]).sort(),
    )
    await world.stop()
  })
})
