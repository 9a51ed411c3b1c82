import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readScenario, shippedDir, writeScenario } from '../../../sim/run/read-scenario.ts'

const folder = mkdtempSync(join(tmpdir(), 'scenario-'))
const file = join(folder, 'my.yaml')

const HEAD = `feedermesh: 1
simulation: mine
feeder: ieee13
forSeconds: 60
`

/** What is said of a scenario, without the folder. The head has four lines. */
function saidOf(text: string): string {
  writeFileSync(file, text)
  try {
    readScenario(file)
    return 'nothing'
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_INPUT' })
    return (error as Error).message.replaceAll(`${folder}/`, '')
  }
}

const step = (text: string): string => `${HEAD}steps:\n  - ${text}\n`
const withFault = (expectation: string): string =>
  `${HEAD}steps:\n  - { atSeconds: 10, name: f, fault: { section: s692-675 } }\nexpect:\n  - ${expectation}\n`

const wrong: readonly (readonly [it: string, text: string, says: RegExp])[] = [
  [
    'a section that the feeder does not have',
    step('{ atSeconds: 10, fault: { section: s692-676 } }'),
    /^my\.yaml:6: steps\[0\]\.fault\.section: "s692-676" — no such section in feeder ieee13, did you mean s692-675\?$/,
  ],
  ['a node that it does not have', step('{ atSeconds: 10, fault: { node: "999" } }'), /:6: .*no such node/],
  [
    'a fault on a phase that is not there',
    step('{ atSeconds: 10, fault: { section: s632-645, kind: line-ground, phases: [a] } }'),
    /^my\.yaml:6: steps\[0\]\.fault\.phases\[0\]: "a" — s632-645 has no such phase, want one of b, c$/,
  ],
  [
    'a fault of more phases than there are',
    step('{ atSeconds: 10, fault: { section: s684-652, kind: line-line } }'),
    /:6: .*fault\.kind: "line-line" — s684-652 has only a, want a fault of 1 phases at most/,
  ],
  [
    'phases that do not make the fault',
    step('{ atSeconds: 10, fault: { section: s692-675, kind: three-phase, phases: [a, b] } }'),
    /:6: .*a three-phase fault has 3/,
  ],
  ['a fault at no place', step('{ atSeconds: 10, fault: { kind: line-ground } }'), /:6: .*want a section or a node/],
  [
    'a position at a node',
    step('{ atSeconds: 10, fault: { node: "675", position: 0.5 } }'),
    /:6: .*a node has no length/,
  ],
  [
    'a time before the run',
    step('{ atSeconds: -1, fault: { section: s692-675 } }'),
    /:6: .*atSeconds: -1 — want at least 0/,
  ],
  [
    'a time after the end',
    step('{ atSeconds: 60, fault: { section: s692-675 } }'),
    /:6: steps\[0\]\.atSeconds: 60 — is after the end of the run, want less than 60/,
  ],
  ['a step that is none', step('{ atSeconds: 5, expload: 1 }'), /:6: steps\[0\]: want atSeconds and one of fault, /],
  [
    'a key that a step does not have',
    step('{ atSeconds: 5, disturb: { section: s671-692, residual: 0.2 } }'),
    /:6: steps\[0\]\.disturb\.residualPu: is missing.*\n.*disturb\.residual: no such key here/,
  ],
  [
    'the end of what never began',
    step('{ atSeconds: 5, end: fault-675 }'),
    /:6: steps\[0\]\.end: "fault-675" — no step has this name/,
  ],
  [
    'an end before the beginning',
    `${HEAD}steps:\n  - { atSeconds: 9, end: f }\n  - { atSeconds: 10, name: f, fault: { section: s692-675 } }\n`,
    /:6: steps\[0\]\.end: "f" — begins at 10 s, want this step after it/,
  ],
  [
    'an end of what has ended by itself',
    `${HEAD}steps:\n  - { atSeconds: 10, name: f, fault: { section: s692-675, forSeconds: 2 } }\n  - { atSeconds: 20, end: f }\n`,
    /:7: .*has ended by itself at 12 s/,
  ],
  [
    'an end of what does not last',
    `${HEAD}steps:\n  - { atSeconds: 10, name: j, clockJump: { agent: meter-634, bySeconds: 5 } }\n  - { atSeconds: 20, end: j }\n`,
    /:7: .*a step "clockJump" does not last/,
  ],
  [
    'two steps of one name',
    `${HEAD}steps:\n  - { atSeconds: 10, name: f, fault: { section: s692-675 } }\n  - { atSeconds: 20, name: f, operate: { device: R675, to: open } }\n`,
    /:7: steps\[1\]\.name: "f" — is the name of step 1 too/,
  ],
  ['an agent that does not run', step('{ atSeconds: 5, crash: { agent: meter-1 } }'), /:6: .*no such agent/],
  [
    'a link of an agent with itself',
    step('{ atSeconds: 5, cut: { between: [meter-634, meter-634] } }'),
    /:6: .*both ends are one agent/,
  ],
  [
    'an agent in two groups',
    step('{ atSeconds: 5, partition: { groups: [[meter-634], [meter-634]] } }'),
    /:6: .*is in two groups/,
  ],
  [
    'a meter that meters nothing',
    step('{ atSeconds: 5, tamper: { meter: R675, registersShare: 0 } }'),
    /:6: .*no such metering IED/,
  ],
  [
    'a load by another name',
    step('{ atSeconds: 5, load: { loads: [load-676], share: 2 } }'),
    /:6: .*did you mean load-646/,
  ],
  [
    'latencies the wrong way round',
    `${HEAD}network: { latencyMinMs: 20, latencyMaxMs: 10 }\n`,
    /:5: network\.latencyMinMs: 20 — is above latencyMaxMs/,
  ],
  ['a clock of nobody', `${HEAD}clocks: { nobody: { driftPpm: 1 } }\n`, /:5: clocks\.nobody: .*no such agent/],
  ['a position of no device', `${HEAD}positions:\n  R1: open\n`, /:6: positions\.R1: .*no such device/],
  [
    'a time of day that is none',
    `${HEAD}startTimeOfDay: "25:00"\n`,
    /:5: startTimeOfDay: "25:00" — want a time of day/,
  ],
  ['a feeder that is not shipped', HEAD.replace('ieee13', 'ieee99'), /^my\.yaml:3: feeder: "ieee99" — no such file/],
  [
    'an expectation after no step',
    withFault('{ trips: R675, after: g, withinMs: 100 }'),
    /:8: expect\[0\]\.after: "g" — no step/,
  ],
  [
    'an expectation of no device',
    withFault('{ trips: R67, after: f, withinMs: 100 }'),
    /:8: expect\[0\]\.trips: "R67" — .*did you mean R675/,
  ],
  [
    'an expectation after the end',
    withFault('{ restored: all, after: f, withinSeconds: 51 }'),
    /:8: .*ends after the run, want 50 at most/,
  ],
  ['an expectation that is none', withFault('{ explodes: R675 }'), /:8: expect\[0\]: want one of trips, /],
  ['an expectation without its limit', withFault('{ trips: R675, after: f }'), /:8: expect\[0\]\.withinMs: is missing/],
  [
    'those downstream of no section',
    `${HEAD}steps:\n  - { atSeconds: 10, name: f, fault: { node: "675" } }\nexpect:\n  - { warned: downstream, after: f }\n`,
    /:8: expect\[0\]\.warned: "downstream" — step f is at no section/,
  ],
  [
    'an aggregator replaced after no crash',
    withFault('{ aggregatorReplaced: true, after: f, withinMs: 2000 }'),
    /:8: .*is no crash/,
  ],
  ['what is no YAML', `${HEAD}steps: [\n`, /^my\.yaml:\d+: /],
]

describe('a scenario is refused with file, line and name for', () => {
  it.each(wrong)('%s', (_, text, says) => {
    expect(saidOf(text)).toMatch(says)
  })
  it('all of its faults at once, in the order of their lines', () => {
    const said = saidOf(
      `${HEAD}steps:\n  - { atSeconds: 70, name: f, fault: { section: nowhere } }\nexpect:\n  - { trips: R1, after: g, withinMs: 1 }\n`,
    )
    expect(said.split('\n').map(line => line.split(': ')[0])).toEqual([
      'my.yaml:6',
      'my.yaml:6',
      'my.yaml:8',
      'my.yaml:8',
    ])
  })
})

describe('a scenario', () => {
  it('is accepted when all is well, with a feeder by its path too', () => {
    expect(saidOf(HEAD)).toBe('nothing')
    expect(saidOf(HEAD.replace('ieee13', join(shippedDir(), 'topology/feeders/ieee13.yaml')))).toBe('nothing')
  })
  it('is the same when it was written and read again', () => {
    const shipped = join(shippedDir(), 'sim/scenarios/sim')
    const names = readdirSync(shipped).filter(name => name.endsWith('.yaml'))
    expect(names.length).toBeGreaterThan(4)
    for (const name of names) {
      const { scenario } = readScenario(join(shipped, name))
      writeFileSync(file, writeScenario(scenario))
      expect(readScenario(file).scenario).toEqual(scenario)
    }
  })
})
