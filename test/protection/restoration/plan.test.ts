import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  darkGroups,
  type Plan,
  type PlanInput,
  planGroup,
  planRestoration,
} from '../../../src/protection/restoration/plan.ts'
import { createFeeder, type Feeder } from '../../../topology/feeder.ts'
import type { FeederFile } from '../../../topology/feeder-file.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'
import { feederOf } from '../../topology/build-feeder.ts'

const path = 'topology/feeders/loop-pair.yaml'
const loopPair = parseFeeder(readFileSync(path, 'utf8'), path)

/** The steps in one line: `open SW-N`, `shed load-s4`, `close TR`. */
const words = ({ steps }: Plan): string =>
  steps.map(step => `${step.kind} ${step.kind === 'shed' ? step.load : step.device}`).join(', ')

function liveFeeder(file: FeederFile, ...open: readonly string[]): Feeder {
  const feeder = createFeeder(file)
  for (const device of open) feeder.setPosition(device, 'open')
  return feeder
}

/** Every zone's load by name, a conductor of 400 A, and an IED for each device, on top of `feederOf`. */
function loaded(
  text: string,
  kw: Readonly<Record<string, number>>,
  change: (file: FeederFile) => void = () => {},
): FeederFile {
  return feederOf(text, file => {
    file.lineCodes.push({
      name: 'line',
      phases: ['a', 'b', 'c'],
      rOhmPerKm: [
        [0.2, 0, 0],
        [0, 0.2, 0],
        [0, 0, 0.2],
      ],
      xOhmPerKm: [
        [0.4, 0, 0],
        [0, 0.4, 0],
        [0, 0, 0.4],
      ],
      ampacityAmps: 400,
    })
    for (const section of file.sections) Object.assign(section, { lineCode: 'line', lengthM: 200 })
    for (const [node, each] of Object.entries(kw)) {
      const third = each / 3
      file.loads.push({
        name: `load-${node}`,
        node,
        kw: { a: third, b: third, c: third },
        kvar: {},
        model: { power: 1, current: 0, impedance: 0 },
        customers: 1,
        priority: 5,
        sheddableShare: 0,
      })
    }
    file.ieds = file.devices.map(({ name, section }) => ({
      name: `ied-${name}`,
      kind: 'relay',
      node: file.sections.find(other => other.name === section)?.from ?? '',
      organisation: 'utility',
      operates: name,
      meters: [],
      observes: [],
    }))
    change(file)
  })
}
const second = (node: string) => (file: FeederFile) => {
  file.sources.push({ name: 'second', node, voltagePu: 1, angleDegrees: 0, holds: 'node' })
}
/** 12.47 kV at unity power factor: 21.6 kW an ampere. */
const amps = (current: number): number => current * 12.47 * Math.sqrt(3)

// DOMAIN 5.1: CB1–[A]–SW1–[B]–SW2–[C]–TIE(open)–[D]–SW3–[E]–CB2. C needs 80 A; the path from CB2 carries 250 A of 400 A.
const example = loaded(
  'S1*A A*B B*C C/D E*D S2*E',
  { A: 500, B: 500, C: amps(80), D: amps(100), E: amps(150) },
  second('S2'),
)

describe('the worked example', () => {
  const fault = (suspect: readonly string[]): PlanInput => ({ feeder: liveFeeder(example, 'S1.A'), suspect })

  it('feeds A from its own breaker and C through the tie, when the fault is in B', () => {
    const plan = planRestoration(fault(['B']))
    expect(words(plan)).toBe('open A.B, open B.C, close C.D, close S1.A')
    expect(plan).toMatchObject({ outcome: 'full', restored: ['A', 'C'], left: [], isolated: ['B'] })
    const [, , tie, upstream] = plan.steps
    expect(upstream).toMatchObject({ from: 'S1', feeds: ['A'], boundary: ['A.B'], path: [], after: [1] })
    expect(tie).toMatchObject({
      from: 'D',
      feeds: ['C'],
      boundary: ['B.C'],
      path: ['E.D', 'S2.E'],
      after: [2],
      source: 'second',
    })
    expect(tie?.kind === 'close' && tie.check.loading).toMatchObject({ of: expect.closeTo(330 / 400, 2) })
  })

  it('restores A alone when the fault is in B or C', () => {
    const plan = planRestoration(fault(['B', 'C']))
    expect(words(plan)).toBe('open A.B, close S1.A')
    expect(plan).toMatchObject({ outcome: 'full', restored: ['A'], isolated: ['B', 'C'] })
  })

  it('leaves C dark when the path may carry no more than 0.9 of 400 A', () => {
    const most = (current: number): Plan =>
      planRestoration({ ...fault(['B']), loadShares: new Map([['C', current / 80]]) })
    expect(most(105)).toMatchObject({ outcome: 'full', restored: ['A', 'C'] })
    const over = most(112)
    expect(over).toMatchObject({ outcome: 'partial', restored: ['A'] })
    expect(over.left).toMatchObject([{ zones: ['C'], why: expect.stringMatching(/A, want at most 0.9 of 400 A/) }])
  })

  it('counts load that has been dark for long more than once', () => {
    expect(planRestoration({ ...fault(['B']), settings: { coldLoad: 1.5 } }).outcome).toBe('partial')
  })

  it('takes the next device out when one has failed to open', () => {
    const plan = planRestoration({ ...fault(['B']), barred: new Map([['A.B', 'stuck']]) })
    expect(words(plan)).toBe('open B.C, close C.D')
    expect(plan).toMatchObject({ isolated: ['A', 'B'], restored: ['C'] })
  })

  it('closes nothing when nothing parts the fault from its source', () => {
    const plan = planRestoration({
      feeder: createFeeder(example),
      suspect: ['A'],
      barred: new Map([['S1.A', 'stuck']]),
    })
    expect(plan).toMatchObject({ outcome: 'not-isolated', steps: [] })
  })

  it('uses no tie that is tagged, and says so', () => {
    const plan = planRestoration({ ...fault(['B']), barred: new Map([['C.D', 'hot-line tag']]) })
    expect(words(plan)).toBe('open A.B, open B.C, close S1.A')
    expect(plan.left).toMatchObject([
      { zones: ['C'], why: 'what leads to it from a live zone must not close: C.D (hot-line tag)' },
    ])
  })

  it('does not feed a group beside a tie of unknown position', () => {
    const input = fault(['B'])
    input.feeder.setPosition('C.D', 'unknown')
    const plan = planRestoration({ ...input, barred: new Map([['C.D', 'silent']]) })
    expect(words(plan)).toBe('open A.B, open B.C, close S1.A')
    expect(plan.left).toMatchObject([
      { zones: ['C'], why: 'the position of C.D toward D, which is live, is not known' },
    ])
  })

  it('has nothing to do when nothing healthy is dark', () => {
    expect(planRestoration({ feeder: createFeeder(example), suspect: [] })).toMatchObject({
      outcome: 'nothing-dark',
      steps: [],
    })
  })

  it('feeds both sides of two faults at once', () => {
    const feeder = liveFeeder(example, 'S1.A', 'S2.E')
    const plan = planRestoration({ feeder, suspect: ['B', 'E'] })
    expect(plan).toMatchObject({ restored: ['A'], isolated: ['B', 'E'] })
    expect(plan.left).toMatchObject([{ zones: ['C', 'D'], why: 'no switching device leads to it from a live zone' }])
  })
})

describe('a dark group', () => {
  it('is named with the ties that could feed it and all devices that bound it', () => {
    const groups = darkGroups({ feeder: liveFeeder(example, 'S1.A'), suspect: ['B'] })
    expect(groups).toMatchObject([
      { zones: ['A'], candidates: ['S1.A'], boundary: ['A.B', 'S1.A'] },
      { zones: ['C'], candidates: ['C.D'], boundary: ['B.C', 'C.D'], customers: 1 },
    ])
  })

  it('is planned alone by its leader', () => {
    const plan = planGroup({ feeder: liveFeeder(example, 'S1.A'), suspect: ['B'] }, 'C')
    expect(words(plan)).toBe('open A.B, open B.C, close C.D')
    expect(plan).toMatchObject({ outcome: 'full', restored: ['C'], left: [] })
  })
})

describe('where one tie cannot feed all', () => {
  // The group X1-X2-X3 lies behind the faulted F; a tie at each end, each with room for about two thirds of it.
  const between = (kw: Readonly<Record<string, number>>, change: (file: FeederFile) => void = () => {}): FeederFile =>
    loaded('S*F F*X1 X1*X2 X2*X3 X1/T1 X3/T3 S2*T1 S2*T3', kw, file => {
      second('S2')(file)
      change(file)
    })
  const input = (file: FeederFile): PlanInput => ({ feeder: liveFeeder(file, 'S.F'), suspect: ['F'] })

  it('parts the group so that each half has a tie', () => {
    const plan = planRestoration(
      input(between({ X1: amps(180), X2: amps(100), X3: amps(180), T1: amps(50), T3: amps(100) })),
    )
    expect(words(plan)).toBe('open F.X1, open X2.X3, close X1.T1, close X3.T3')
    expect(plan).toMatchObject({ outcome: 'full', restored: ['X1', 'X2', 'X3'] })
  })

  it('leaves the least important dark when there is room for one alone', () => {
    const file = between({ X1: amps(100), X2: amps(200), X3: amps(200), T1: amps(250), T3: amps(150) }, file => {
      for (const load of file.loads) if (load.name === 'load-X3') load.priority = 6
    })
    const plan = planRestoration({ ...input(file), barred: new Map([['X1.T1', 'in local control']]) })
    expect(plan).toMatchObject({ outcome: 'partial', restored: ['X3'], left: [{ zones: ['X1', 'X2'] }] })
    expect(planRestoration(input(file))).toMatchObject({ outcome: 'partial', restored: ['X1', 'X3'] })
  })

  it('drops sheddable load so that the rest is fed', () => {
    const file = between({ X1: amps(100), X2: amps(100), X3: amps(200), T1: amps(390), T3: amps(50) }, file => {
      for (const load of file.loads)
        if (load.name === 'load-X3') Object.assign(load, { sheddableShare: 0.6, priority: 8 })
      file.ieds.push({
        name: 'meter',
        kind: 'meter',
        node: 'X3',
        organisation: 'customer',
        meters: ['load-X3'],
        observes: [],
      })
    })
    const plan = planRestoration(input(file))
    expect(words(plan)).toBe('open F.X1, shed load-X3, close X3.T3')
    expect(plan).toMatchObject({
      outcome: 'partial',
      restored: ['X1', 'X2', 'X3'],
      shedKw: expect.closeTo(amps(120), 0),
    })
    expect(plan.steps.at(-1)).toMatchObject({ after: [1, 2] })
  })
})

describe('loop-pair', () => {
  // CB-N trips for a fault between it and SW-N; all beyond goes over the tie.
  it('is fed over the tie within the figures of its header', () => {
    const plan = planRestoration({ feeder: liveFeeder(loopPair, 'CB-N'), suspect: ['n2'] })
    expect(words(plan)).toBe('open SW-N, close TR')
    const close = plan.steps.at(-1)
    expect(close?.kind === 'close' && close.check).toMatchObject({
      loading: { of: expect.any(Number) },
      reach: { of: expect.any(Number) },
    })
    expect(close?.kind === 'close' && close.check.voltsPu.of).toBeGreaterThan(0.95)
  })
})
