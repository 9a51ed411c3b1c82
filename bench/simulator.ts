// Virtual time over real time, and events a second, of worlds with 15, 500 and 2,500 agents in which nothing happens:
// polls, heartbeats, elections, readings every minute and their way to the back end.
//
// One world after the other in this process, as `sim run` has one. The first seconds, in which the agents find each other
// and elect aggregators, are told apart. After them time is taken for one window of virtual time after the other, until
// the world has had its share of real time.

import { createWorld, type World } from '../sim/runtime/world.ts'
import { agentsFeeder, GROUP_SIZE } from './agents-feeder.ts'
import { nowMs } from './members.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { type Row, row } from './table.ts'

/** Agents, and how much real time their world gets, its making included. */
const SIZES = [
  [15, 4_000],
  [500, 16_000],
  [2500, 35_000],
] as const
const SETTLED_MS = 10_000
/** Six of them hold one reading interval. */
const WINDOW_MS = 10_000
const MOST_WINDOWS = 60
/** Real time is looked at so often. */
const STEP_MS = 10

interface Window {
  readonly virtualMs: number
  readonly realMs: number
  readonly events: number
}

interface Pace {
  readonly agents: number
  readonly madeMs: number
  readonly start: Window
  readonly windows: readonly Window[]
}

export const simulator: Section = { title: 'Simulator: virtual over real time, nothing happening', measure }

async function measure({ quick, chance }: SectionOptions): Promise<SectionResult> {
  const paces: Pace[] = []
  for (const [agents, realMs] of quick ? SIZES.slice(0, 2) : SIZES) {
    paces.push(await paceOf(agents, quick ? realMs / 5 : realMs, chance))
  }
  return { rows: rowsOf(paces), notes: paces.map(noteOf) }
}

async function paceOf(agents: number, realMs: number, chance: () => number): Promise<Pace> {
  const began = nowMs()
  // What happened is not kept: a run of days would not keep it either.
  const world = await createWorld({ feeder: agentsFeeder(agents, chance), seed: 'bench', keep: () => false })
  const madeMs = nowMs() - began
  const until = began + realMs
  const start = await windowOf(world, SETTLED_MS, until)
  const windows: Window[] = []
  while (windows.length < MOST_WINDOWS && nowMs() < until) windows.push(await windowOf(world, WINDOW_MS, until))
  return { agents, madeMs, start, windows }
}

/** @param until real time after which it ends where it is */
async function windowOf({ scheduler, runUntil }: World, virtualMs: number, until: number): Promise<Window> {
  const began = { virtualMs: scheduler.now(), realMs: nowMs(), events: scheduler.count }
  const end = began.virtualMs + virtualMs
  while (scheduler.now() < end && nowMs() < until) await runUntil(Math.min(scheduler.now() + STEP_MS, end))
  return {
    virtualMs: scheduler.now() - began.virtualMs,
    realMs: nowMs() - began.realMs,
    events: scheduler.count - began.events,
  }
}

const pace = ({ virtualMs, realMs }: Window): number => virtualMs / realMs
const eventsPerSecond = ({ events, realMs }: Window): number => (1000 * events) / realMs

/** A world that did not get beyond its start is judged by that. */
const judged = ({ start, windows }: Pace): readonly Window[] => (windows.length === 0 ? [start] : windows)

function rowsOf(paces: readonly Pace[]): Row[] {
  const kinds: readonly (readonly [string, Row['unit'], (window: Window, agents: number) => number])[] = [
    ['virtual over real time', '×', pace],
    // The same for each size if an agent costs the same in a large world as in a small one.
    ['agent-seconds', '/s', (window, agents) => pace(window) * agents],
    ['events', '/s', eventsPerSecond],
  ]
  return kinds.flatMap(([what, unit, figure]) => {
    const rows: Row[] = []
    for (const each of paces) {
      const figures = judged(each).map(window => figure(window, each.agents))
      rows.push(row(`${what}: ${each.agents} agents`, unit, figures, rows[0]))
    }
    return rows
  })
}

function noteOf(each: Pace): string {
  const { agents, madeMs, start, windows } = each
  const all = judged(each).reduce((sum, { virtualMs, realMs }) => ({
    virtualMs: sum.virtualMs + virtualMs,
    realMs: sum.realMs + realMs,
    events: 0,
  }))
  return [
    `${agents} agents in groups of ${Math.min(GROUP_SIZE, agents)}: world made in ${(madeMs / 1000).toFixed(1)} s,`,
    `first ${seconds(start.virtualMs)} s in ${seconds(start.realMs)} s,`,
    windows.length === 0
      ? 'no more than its start in the time given'
      : `then ${seconds(all.virtualMs)} s in ${seconds(all.realMs)} s: ×${pace(all).toFixed(1)}`,
  ].join(' ')
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1)
