// Watches that look at the field or at reports alone, on a stand-in for the world: what they accept, and what not.

import { describe, expect, it } from 'vitest'
import { conditionsOf } from '../../../sim/fuzz/conditions.ts'
import type { Watch } from '../../../sim/fuzz/invariant.ts'
import { relayTiming } from '../../../sim/fuzz/relay-timing.ts'
import { oneAggregator } from '../../../sim/fuzz/sound-agents.ts'
import type { FieldEvent } from '../../../sim/plant/field.ts'
import { checkedScenario, type SimScenario } from '../../../sim/run/index.ts'
import type { World } from '../../../sim/runtime/world.ts'
import { createFeeder } from '../../../topology/feeder.ts'
import { ieee13 } from './broken-run.ts'

type StepsInput = NonNullable<Parameters<typeof checkedScenario>[0]['steps']>
const scenario = (...steps: StepsInput): SimScenario =>
  checkedScenario({ feedermesh: 1, simulation: 'small', feeder: 'ieee13', forSeconds: 60, steps }, ieee13)

/** R645 picks up above 300 A for 300 ms, and its breaker takes 50 ms. */
function r645(amps: { now: number }, played = scenario()) {
  let now = 0
  const due: { readonly at: number; readonly run: () => void }[] = []
  const complaints: string[] = []
  const world = {
    file: ieee13,
    scheduler: { now: () => now, at: (at: number, run: () => void) => due.push({ at, run }) },
    site: { plant: { position: () => 'closed', through: () => ({ amps: { b: amps.now }, residualAmps: 0 }) } },
  } as unknown as World
  const watch: Watch = relayTiming(
    world,
    (invariant, what) => complaints.push(`${invariant}: ${what}`),
    conditionsOf(played, []),
  )
  return {
    complaints,
    at(ms: number, ...kinds: FieldEvent['kind'][]) {
      for (const each of due.filter(({ at }) => at > now && at <= ms)) {
        now = each.at
        each.run()
      }
      now = ms
      watch.settled?.(kinds.map(kind => ({ at: ms as FieldEvent['at'], device: 'R645', kind })))
    },
  }
}

describe('the watch on relay times', () => {
  it('takes a trip after exactly the delay', () => {
    const amps = { now: 400 }
    const relay = r645(amps)
    relay.at(1000, 'pickup')
    relay.at(1300, 'trip')
    relay.at(1350, 'open')
    relay.at(5000)
    expect(relay.complaints).toEqual([])
  })

  it('finds a relay that does not trip', () => {
    const relay = r645({ now: 400 })
    relay.at(1000, 'pickup')
    relay.at(5000)
    expect(relay.complaints).toEqual(['relay-on-time: R645: 51P above its pickup for 300 ms, and no trip'])
  })

  it('finds one that trips early, and one that trips late', () => {
    for (const ms of [1299, 1301]) {
      const relay = r645({ now: 400 })
      relay.at(1000, 'pickup')
      relay.at(ms, 'trip')
      expect(relay.complaints).toEqual(['relay-on-time: R645: tripped, and none of its elements was due'])
    }
  })

  it('counts anew after a dropout', () => {
    const amps = { now: 400 }
    const relay = r645(amps)
    relay.at(1000, 'pickup')
    amps.now = 100
    relay.at(1200, 'dropout')
    amps.now = 400
    relay.at(1250, 'pickup')
    relay.at(1550, 'trip')
    expect(relay.complaints).toEqual([])
  })

  it('leaves out a device into which a failure was injected', () => {
    const relay = r645({ now: 400 }, scenario({ atSeconds: 0.5, stuck: { device: 'R645', what: 'relay' } }))
    relay.at(1000, 'pickup')
    relay.at(5000)
    expect(relay.complaints).toEqual([])
  })
})

describe('the watch on aggregators', () => {
  const names = ieee13.ieds.map(({ name }) => name)
  const watched = (follows: (ied: string) => string | undefined): string[] => {
    const complaints: string[] = []
    const world = { file: ieee13, feeder: createFeeder(ieee13), isRunning: () => true } as unknown as World
    const watch = oneAggregator(world, (_, what) => complaints.push(what))
    for (const by of names) {
      const name = follows(by)
      if (name !== undefined) watch.event?.({ atMs: 1, by, event: 'aggregator', name, self: name === by })
    }
    void watch.end?.()
    return complaints
  }

  it('takes one for all', () => expect(watched(() => 'relay-650')).toEqual([]))
  it('finds two', () =>
    expect(watched(by => (by === 'gen-675' ? by : 'relay-650'))).toEqual([
      'group ieee13: its members follow gen-675, relay-650',
    ]))
  it('finds a member that follows nobody', () =>
    expect(watched(by => (by === 'gen-675' ? undefined : 'relay-650'))).toEqual([
      'group ieee13: its members follow nobody, relay-650',
    ]))
})

describe('who is reachable', () => {
  const before = { fromMs: 0, toMs: 9_999 }
  const during = { fromMs: 9_000, toMs: 11_000 }

  it('is nobody across a partition, and everybody within its parts', () => {
    const parts = { groups: [['meter-611', 'meter-652']], forSeconds: 5 }
    const { linked, cutOff } = conditionsOf(scenario({ atSeconds: 10, partition: parts }), names)
    expect(linked('meter-611', 'relay-650', before)).toBe(true)
    expect(linked('meter-611', 'relay-650', during)).toBe(false)
    expect(linked('meter-611', 'meter-652', during)).toBe(true)
    expect(cutOff('meter-611', { fromMs: 11_000, toMs: 12_000 })).toBe(false)
  })

  it('is nobody while messages are lost', () => {
    const { linked } = conditionsOf(scenario({ atSeconds: 10, network: { lossShare: 0.01, forSeconds: 5 } }), names)
    expect(linked('meter-611', 'relay-650', before)).toBe(true)
    expect(linked('meter-611', 'relay-650', during)).toBe(false)
  })

  it('is nobody whose clock is beyond the tolerance, until it is set right', () => {
    const agent = 'meter-611'
    const { linked } = conditionsOf(
      scenario(
        { atSeconds: 10, clockJump: { agent, bySeconds: 3600 } },
        { atSeconds: 20, clockJump: { agent, bySeconds: -3600 } },
      ),
      names,
    )
    expect(linked(agent, 'relay-650', before)).toBe(true)
    expect(linked(agent, 'relay-650', { fromMs: 12_000, toMs: 13_000 })).toBe(false)
    expect(linked(agent, 'relay-650', { fromMs: 19_000, toMs: 21_000 })).toBe(false)
    expect(linked(agent, 'relay-650', { fromMs: 21_000, toMs: 22_000 })).toBe(true)
  })

  it('is nobody who does not run all the time', () => {
    const { event, runs } = conditionsOf(scenario(), names)
    event({ atMs: 500, by: 'meter-611', event: 'started' })
    event({ atMs: 4000, by: 'world', event: 'crashed', ied: 'meter-611' })
    event({ atMs: 6000, by: 'meter-611', event: 'started' })
    expect(runs('meter-611', { fromMs: 600, toMs: 3999 })).toBe(true)
    expect(runs('meter-611', { fromMs: 600, toMs: 4001 })).toBe(false)
    expect(runs('meter-611', { fromMs: 600, toMs: 7000 })).toBe(false)
    expect(runs('meter-611', { fromMs: 6000, toMs: 9000 })).toBe(true)
  })
})

const names = ieee13.ieds.map(({ name }) => name)
