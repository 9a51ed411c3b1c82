import { describe, expect, it } from 'vitest'
import { createWorld } from '../../../sim/runtime/world.ts'
import { smallFeeder } from '../small-feeder.ts'

describe('a world', () => {
  it('starts an agent again once its full disk has room', async () => {
    const world = await createWorld({ feeder: smallFeeder(), seed: 'full disk' })
    await world.runUntil(3000)
    world.crash('meter', 'process')
    world.setDiskFull('meter', true)
    world.start('meter')
    await world.runUntil(20_000)
    world.setDiskFull('meter', false)
    await world.runUntil(40_000)
    const of = world.trace.events.filter(({ by, ied }) => by === 'meter' || ied === 'meter')
    const ran = of.filter(({ event }) => ['started', 'not-started'].includes(event)).map(({ event }) => event)
    expect(ran).toEqual(['started', 'not-started', 'not-started', 'started'])
  })

  it('does not start again what the scenario has taken away', async () => {
    const world = await createWorld({ feeder: smallFeeder(), seed: 'gone' })
    await world.runUntil(3000)
    world.crash('meter', 'process')
    world.setDiskFull('meter', true)
    world.start('meter')
    await world.runUntil(5000)
    world.crash('meter', 'machine')
    world.setDiskFull('meter', false)
    await world.runUntil(40_000)
    expect(world.isRunning('meter')).toBe(false)
  })
})
