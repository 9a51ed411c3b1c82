// Plans beside the best that there is: all positions of all switches gone through, on small networks drawn by chance.

import { describe, expect, it } from 'vitest'
import { chanceFrom } from '../../../bench/chance.ts'
import { restorationFeeder } from '../../../bench/restoration-feeder.ts'
import { createSolver, normalState } from '../../../sim/solver/solver.ts'
import { feederModelOf } from '../../../src/protection/restoration/feeder-model.ts'
import { loadFlow, sizeAt } from '../../../src/protection/restoration/load-flow.ts'
import { type Plan, planRestoration } from '../../../src/protection/restoration/plan.ts'
import { zoneGraphOf } from '../../../src/protection/restoration/zone-graph.ts'
import { createFeeder, type Feeder } from '../../../topology/feeder.ts'
import type { FeederFile } from '../../../topology/feeder-file.ts'
import { totalOf } from '../../../topology/load-power.ts'

const LEAST_PU = 0.917
const MARGIN = 0.9

interface Case {
  readonly file: FeederFile
  readonly suspect: readonly string[]
  readonly open: ReadonlySet<string>
}

/** A fault in some zone; the breaker of its feeder has locked out. */
function drawn(seed: number): Case {
  const chance = chanceFrom(seed)
  const { file } = restorationFeeder(7 + (seed % 10), chance, { priorities: seed % 2 === 0 ? 1 : 9, heaviness: 1.7 })
  const feeder = createFeeder(file)
  const zones = feeder.zones.map(({ name }) => name).filter(name => name.includes('z'))
  const faulted = zones[Math.floor(chance() * zones.length)] as string
  const own = faulted.replace(/z.*/, '')
  const open = new Set(file.devices.filter(({ normal }) => normal === 'open').map(({ name }) => name))
  open.add(`d-${own}z0`)
  return { file, suspect: [faulted], open }
}

const worthOf = (file: FeederFile, isFed: (node: string) => boolean): number =>
  file.loads.reduce(
    (sum, { node = '', kw, priority }) => sum + (isFed(node) ? totalOf(kw) * 2 ** (9 - priority) : 0),
    0,
  )

/** All ways, the most valuable first, until the first that can be carried. Written apart from the planner. */
function bestWorth({ file, suspect, open }: Case): number {
  const feeder = createFeeder(file)
  const graph = zoneGraphOf(feeder)
  const suspectZone = graph.zone(suspect[0] as string)
  const isOpen = graph.devices.map(
    ({ name, nodeSide, sectionSide }) => open.has(name) || nodeSide === suspectZone || sectionSide === suspectZone,
  )
  const live = fedBy(graph, isOpen)
  const free = graph.devices.flatMap(({ nodeSide, sectionSide }, n) => {
    const isAtSuspect = nodeSide === suspectZone || sectionSide === suspectZone
    return isAtSuspect || (live.has(nodeSide) && live.has(sectionSide)) ? [] : [n]
  })
  const zoneOf = new Map(file.nodes.map(({ name }) => [name, graph.zone(feeder.zoneOf(name))]))
  const ways: { readonly value: number; readonly open: boolean[] }[] = []
  for (let choice = 0; choice < 2 ** free.length; choice++) {
    const now = [...isOpen]
    free.forEach((device, bit) => {
      now[device] = (choice & (1 << bit)) === 0
    })
    const fed = fedBy(graph, now)
    if (fed.isForest) ways.push({ value: worthOf(file, node => fed.has(zoneOf.get(node) as number)), open: now })
  }
  ways.sort((one, other) => other.value - one.value)
  return ways.find(way => isCarried(feeder, graph, way.open))?.value ?? 0
}

function fedBy(graph: ReturnType<typeof zoneGraphOf>, isOpen: readonly boolean[]) {
  const from = new Map<number, number>([...graph.sourcesIn.keys()].map(zone => [zone, -1]))
  let isForest = true
  for (const zone of from.keys()) {
    for (const device of graph.devicesAt[zone] ?? []) {
      const entry = graph.devices[device]
      if (isOpen[device] || entry === undefined || device === from.get(zone)) continue
      const next = entry.nodeSide === zone ? entry.sectionSide : entry.nodeSide
      if (!from.has(next)) from.set(next, device)
      else if (from.get(next) !== device) isForest = false
    }
  }
  return { isForest, has: (zone: number): boolean => from.has(zone) }
}

const isCarriedAtRest = (file: FeederFile): boolean => {
  const feeder = createFeeder(file)
  const graph = zoneGraphOf(feeder)
  return isCarried(
    feeder,
    graph,
    graph.devices.map(({ isNormallyOpen }) => isNormallyOpen),
  )
}

function isCarried(feeder: Feeder, graph: ReturnType<typeof zoneGraphOf>, isOpen: readonly boolean[]): boolean {
  const model = feederModelOf(feeder)
  const state = {
    isOpen: Uint8Array.from(model.file.devices, ({ name }) => (isOpen[graph.device(name)] ? 1 : 0)),
    zoneScale: new Float64Array(graph.zones.length).fill(1),
    loadScale: new Float64Array(model.file.loads.length).fill(1),
  }
  return model.sources.every((_, source) => {
    const flow = loadFlow(model, source, state)
    if (!flow.converged) return false
    for (let place = 1; place < flow.count; place++) {
      const branch = model.branches[flow.branch[place] as number] as (typeof model.branches)[number]
      for (let phase = 0; phase < 3; phase++) {
        if (sizeAt(flow.amps, place, phase) > MARGIN * branch.mostAmps) return false
        const nominal = model.nominal[flow.vertex[place] as number] as number
        if (sizeAt(flow.volts, place, phase) < LEAST_PU * nominal) return false
      }
    }
    return true
  })
}

/** The plan carried out, and computed with the simulator's solver. */
function checkOutcome({ file, suspect, open }: Case, plan: Plan): number {
  const feeder = createFeeder(file)
  for (const device of open) feeder.setPosition(device, 'open')
  const done = new Set<number>()
  const touched = new Set<string>()
  for (const step of plan.steps) {
    for (const before of step.after) expect(done.has(before)).toBe(true)
    done.add(step.number)
    if (step.kind === 'shed') continue
    expect(touched.has(step.device), `${step.device} operates once`).toBe(false)
    touched.add(step.device)
    expect(feeder.position(step.device)).toBe(step.kind === 'open' ? 'closed' : 'open')
    if (step.kind === 'close') {
      for (const device of step.boundary)
        expect(feeder.position(device), `${device} before ${step.device}`).toBe('open')
      for (const device of step.path) expect(feeder.position(device)).toBe('closed')
      expect(feeder.upstream(nodeOf(feeder, step.from)).connected).toBe('yes')
      for (const zone of step.feeds) expect(feeder.energised(nodeOf(feeder, zone))).toBe('no')
    }
    feeder.setPosition(step.device, step.kind === 'open' ? 'open' : 'closed')
    // After each step, and not only at the end.
    expect(feeder.loops().certain).toEqual([])
    expect(feeder.sourcesInParallel().certain).toEqual([])
    for (const zone of step.kind === 'close' ? suspect : []) expect(feeder.energised(nodeOf(feeder, zone))).toBe('no')
  }
  const solution = createSolver(file).solve({ ...normalState(file), isOpen: name => feeder.position(name) === 'open' })
  expect(solution.converged).toBe(true)
  const codes = new Map(file.lineCodes.map(code => [code.name, code.ampacityAmps ?? 0]))
  for (const { name, lineCode = '' } of file.sections) {
    for (const { re, im } of [...solution.current(name, 'from'), ...solution.current(name, 'to')]) {
      expect(Math.hypot(re, im), name).toBeLessThan(MARGIN * (codes.get(lineCode) ?? 0) * 1.005)
    }
  }
  for (const { name } of file.nodes.filter(({ name }) => feeder.energised(name) === 'yes')) {
    for (const { re, im } of solution.volts(name)) {
      expect(Math.hypot(re, im), name).toBeGreaterThan(LEAST_PU * 0.999 * (12470 / Math.sqrt(3)))
    }
  }
  return worthOf(file, node => feeder.energised(node) === 'yes')
}

const nodeOf = (feeder: Feeder, zone: string): string => feeder.zones.find(({ name }) => name === zone)?.nodes[0] ?? ''

describe('a plan on a network of 7 to 16 switches', () => {
  it('feeds at least 99 % of what the best of all ways feeds, within all limits', () => {
    let plans = 0
    let short = 0
    for (let seed = 1; seed <= 280; seed++) {
      const one = drawn(seed)
      if (!isCarriedAtRest(one.file)) continue
      const feeder = createFeeder(one.file)
      for (const device of one.open) feeder.setPosition(device, 'open')
      const plan = planRestoration({ feeder, suspect: one.suspect })
      expect(checkOutcome(one, plan) / bestWorth(one), `seed ${seed}`).toBeGreaterThanOrEqual(0.99)
      plans++
      if (plan.left.some(({ why }) => why.includes('want'))) short++
    }
    expect(plans).toBeGreaterThan(150)
    // Otherwise the networks are too easy to tell a good plan from a bad one.
    expect(short).toBeGreaterThan(20)
  })
})
