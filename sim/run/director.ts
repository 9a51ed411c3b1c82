// Plays a scenario's steps on a world: what begins, what it is called in the trace, and how it ends.

import type { Feeder } from '../../topology/feeder.ts'
import { type NetworkOptions, networkDefaults } from '../runtime/virtual-network.ts'
import type { World } from '../runtime/world.ts'
import { type LoadResponse, loadShares, secondsOf } from './load-shapes.ts'
import type { PlayedStep } from './result.ts'
import type { SimScenario } from './scenario-schema.ts'
import { type ActionName, actionOf, type NetworkSettings, type Step } from './step-schema.ts'
import { endsAfter, nameOf, wordsOf } from './step-words.ts'

/** A step as it was played, with what only that moment knew. */
export interface Played extends PlayedStep {
  /** Of a crash: who it was, whom the scenario may have called `aggregator`. */
  readonly agent: string | undefined
  /** Of a fault or disturbance on a section: the IEDs that it fed then. */
  readonly fed: ReadonlySet<string>
}

export interface Director {
  /** By name, as far as they have been played. */
  readonly steps: ReadonlyMap<string, Played>
}

/** How often loads with a shape of their own follow it. */
const SHAPE_STEP_MS = 60_000

/** @param onApplied after each step and each end of one, when the plant has settled */
export function direct(world: World, scenario: SimScenario, real: Feeder, onApplied: () => void): Director {
  const steps = new Map<string, Played>()
  const ends = new Map<string, () => void>()
  const { scheduler, trace, site, network } = world
  const followed = new Map<string, string>()
  trace.onEvent(({ by, event, name }) => {
    if (event === 'aggregator' && typeof name === 'string') followed.set(by, name)
    else if (event === 'aggregator') followed.delete(by)
  })

  // Several steps may hold at a time; what holds is made anew from all of them whenever one begins or ends. ------------

  const responses = stack<LoadResponse>(applyLoads)
  const networks = stack<NetworkSettings>(all =>
    network.set(Object.assign({}, networkDefaults, networkOf(scenario.network), ...all.map(networkOf))),
  )
  const partitions = stack<readonly (readonly string[])[]>(all => network.partition(cellsOf(world.names, all)))
  const shares = loadShares(scenario, world.file)

  function applyLoads(active: readonly LoadResponse[]): void {
    const seconds = secondsOf(scenario.startTimeOfDay) + scheduler.now() / 1000
    site.change(plant => shares.apply(plant, seconds, active))
  }
  function followShapes(): void {
    if (shares.isNeeded || responses.all.length > 0) applyLoads(responses.all)
    scheduler.at(scheduler.now() + SHAPE_STEP_MS, followShapes)
  }
  followShapes()

  function begin(step: Step, name: string): { readonly end?: () => void; readonly agent?: string } {
    if ('fault' in step) {
      const { forSeconds: _, ...fault } = step.fault
      site.change(plant => plant.fault({ ...fault, name }))
      return { end: () => site.change(plant => plant.clearFault(name)) }
    }
    if ('disturb' in step) {
      const { section, residualPu } = step.disturb
      site.change(plant => plant.disturb({ section, residualPu }))
      return { end: () => site.change(plant => plant.clearDisturbance(section)) }
    }
    if ('stuck' in step) {
      const { device, what } = step.stuck
      const fail = (isFailed: boolean): void => site.fail(device, `stuck ${what}`, isFailed)
      fail(true)
      return { end: () => fail(false) }
    }
    if ('silent' in step) {
      const { ied } = step.silent
      site.setSilent(ied, true)
      return { end: () => site.setSilent(ied, false) }
    }
    if ('crash' in step) return crash(step.crash.agent, step.crash.what)
    if ('cut' in step) {
      const [one, other] = step.cut.between
      network.cut(one, other)
      return { end: () => network.mend(one, other) }
    }
    if ('partition' in step) return { end: partitions.push(step.partition.groups) }
    if ('network' in step) return { end: networks.push(step.network) }
    if ('clockJump' in step) {
      world.jumpUtc(step.clockJump.agent, step.clockJump.bySeconds * 1000)
      return {}
    }
    if ('clockBad' in step) {
      const { agent } = step.clockBad
      world.setUtcGood(agent, false)
      return { end: () => world.setUtcGood(agent, scenario.clocks[agent]?.utcGood ?? true) }
    }
    if ('diskFull' in step) {
      const { agent } = step.diskFull
      world.setDiskFull(agent, true)
      return { end: () => world.setDiskFull(agent, false) }
    }
    if ('lie' in step) {
      const { agent, about } = step.lie
      world.lie(agent, new Set(about))
      return { end: () => world.lie(agent, new Set()) }
    }
    if ('tamper' in step) {
      const { meter, registersShare } = step.tamper
      site.tamper(meter, registersShare)
      return { end: () => site.tamper(meter, 1) }
    }
    if ('price' in step) return { end: responses.push(step.price) }
    if ('load' in step) return { end: responses.push(step.load) }
    if ('operate' in step) {
      site.operate(step.operate.device, step.operate.to === 'open' ? 'open' : 'close')
      return {}
    }
    if ('generator' in step) {
      const { generator, connected } = step.generator
      site.change(plant => plant.setGenerator(generator, connected))
      return {}
    }
    ends.get(step.end)?.()
    return {}
  }

  function crash(wanted: string, what: 'process' | 'machine'): { readonly end: () => void; readonly agent?: string } {
    const agent = wanted === 'aggregator' ? mostFollowed(followed, world) : wanted
    if (agent === undefined) return { end: () => {} }
    world.crash(agent, what)
    followed.delete(agent)
    return { end: () => world.start(agent), agent }
  }

  function play(step: Step, name: string): void {
    const action = actionOf(step)
    const words = wordsOf(step)
    const fed = fedBy(step, real)
    trace.add('world', action, { step: name, words, ...fieldsOf(step, action) })
    const { end, agent } = begin(step, name)
    const atMs = scheduler.now()
    steps.set(name, { name, action, atMs, endMs: undefined, words, agent, fed })
    if (end !== undefined) {
      ends.set(name, () => {
        ends.delete(name)
        trace.add('world', `${action}-ends`, { step: name })
        const played = steps.get(name)
        if (played !== undefined) steps.set(name, { ...played, endMs: scheduler.now() })
        end()
        onApplied()
      })
      const forSeconds = endsAfter(step)
      if (forSeconds !== undefined) scheduler.at(atMs + forSeconds * 1000, () => ends.get(name)?.())
    }
    onApplied()
  }

  scenario.steps.forEach((step, index) => {
    scheduler.at(step.atSeconds * 1000, () => play(step, nameOf(step, index)))
  })
  return { steps }
}

interface Stack<T> {
  readonly all: readonly T[]
  /** @returns how to take it away again */
  push(item: T): () => void
}

function stack<T>(apply: (all: readonly T[]) => void): Stack<T> {
  const all: T[] = []
  return {
    all,
    push(item) {
      all.push(item)
      apply(all)
      return () => {
        all.splice(all.indexOf(item), 1)
        apply(all)
      }
    },
  }
}

function networkOf(settings: NetworkSettings): Partial<NetworkOptions> {
  const { latencyMinMs, latencyMaxMs, lossShare, duplicateShare, silenceMs } = settings
  const { minMs, maxMs } = networkDefaults.latency
  const isLatency = latencyMinMs !== undefined || latencyMaxMs !== undefined
  return {
    ...(isLatency
      ? { latency: latencyOf(latencyMinMs ?? Math.min(minMs, latencyMaxMs ?? maxMs), latencyMaxMs ?? maxMs) }
      : {}),
    ...(lossShare === undefined ? {} : { lossShare }),
    ...(duplicateShare === undefined ? {} : { duplicateShare }),
    ...(silenceMs === undefined ? {} : { silenceMs }),
  }
}

const latencyOf = (minMs: number, maxMs: number): NetworkOptions['latency'] => ({
  minMs,
  maxMs: Math.max(minMs, maxMs),
})

export { networkOf as networkOptionsOf }

/** Who can talk with whom when several partitions hold: those whom none of them separates. */
function cellsOf(names: readonly string[], all: readonly (readonly (readonly string[])[])[]): ReadonlySet<string>[] {
  if (all.length === 0) return []
  const cells = new Map<string, Set<string>>()
  for (const name of names) {
    const key = all.map(groups => groups.findIndex(group => group.includes(name))).join()
    cells.set(key, (cells.get(key) ?? new Set()).add(name))
  }
  return [...cells.values()]
}

/** Of those that run; the first by name when there are several. */
function mostFollowed(followed: ReadonlyMap<string, string>, world: World): string | undefined {
  const counts = new Map<string, number>()
  for (const [by, name] of followed) {
    if (world.isRunning(by) && world.isRunning(name)) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const [first] = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  return first?.[0]
}

function fedBy(step: Step, real: Feeder): ReadonlySet<string> {
  const section = 'fault' in step ? step.fault.section : 'disturb' in step ? step.disturb.section : undefined
  return section === undefined ? new Set() : real.downstreamIeds(section).certain
}

function fieldsOf(step: Step, action: ActionName): Readonly<Record<string, unknown>> {
  const value = (step as Readonly<Record<string, unknown>>)[action]
  return typeof value === 'object' ? { ...value } : { ends: value }
}
