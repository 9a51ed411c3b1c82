// Checks of a scenario that its schema cannot make: every name is one of the feeder's, every time lies within the run, a
// fault is one that its place can have, and an expectation counts from a step that there is.

import type { Complain, FilePath } from '../../topology/complaint.ts'
import type { FeederFile, Phase } from '../../topology/feeder-file.ts'
import { nearestName } from '../../topology/nearest-name.ts'
import { backEndOf, organisationsOf } from '../agent-settings.ts'
import type { ExpectationEntry } from './expectation-schema.ts'
import type { SimScenario } from './scenario-schema.ts'
import { type ActionName, actionOf, type Step } from './step-schema.ts'
import { endsAfter, nameOf } from './step-words.ts'

type Names = ReadonlySet<string>

interface Known {
  readonly devices: Names
  readonly sections: Names
  readonly nodes: Names
  readonly loads: Names
  readonly generators: Names
  readonly ieds: Names
  readonly meters: Names
  readonly agents: Names
}

interface Check {
  readonly scenario: SimScenario
  readonly feeder: FeederFile
  readonly known: Known
  readonly wrong: (path: FilePath, value: unknown, text: string) => void
  /** That the name is one of these; `what` in the singular, with its article. */
  readonly name: (path: FilePath, value: string, known: Names, what: string) => void
}

/** What a step may not be without, and what `end` cannot end. */
const MOMENTARY: ReadonlySet<ActionName> = new Set(['clockJump', 'operate', 'generator', 'end'])

export function checkScenario(scenario: SimScenario, feeder: FeederFile, complain: Complain): void {
  const wrong: Check['wrong'] = (path, value, text) => complain('FEEDER_REFERENCE', path, value, text)
  const check: Check = {
    scenario,
    feeder,
    known: knownIn(feeder),
    wrong,
    name(path, value, names, what) {
      if (names.has(value)) return
      const near = nearestName(value, names)
      const want = near === undefined ? `want ${listed(names)}` : `did you mean ${near}?`
      wrong(path, value, `no such ${what} in feeder ${feeder.name}, ${want}`)
    },
  }
  if (feeder.ieds.length === 0) {
    wrong(['feeder'], scenario.feeder, 'this feeder has no IEDs, want one at least under its "ieds"')
    return
  }
  checkHead(check)
  checkSteps(check)
  checkExpectations(check)
}

function checkHead({ scenario, known, name, wrong }: Check): void {
  for (const agent of Object.keys(scenario.clocks)) name(['clocks', agent], agent, known.agents, 'agent')
  for (const agent of Object.keys(scenario.agents)) name(['agents', agent], agent, known.agents, 'agent')
  for (const load of Object.keys(scenario.loadShapes)) name(['loadShapes', load], load, known.loads, 'load')
  for (const device of Object.keys(scenario.positions)) name(['positions', device], device, known.devices, 'device')
  checkLatency(['network'], scenario.network, wrong)
}

function checkLatency(
  path: FilePath,
  { latencyMinMs, latencyMaxMs }: SimScenario['network'],
  wrong: Check['wrong'],
): void {
  if (latencyMinMs === undefined || latencyMaxMs === undefined || latencyMinMs <= latencyMaxMs) return
  wrong([...path, 'latencyMinMs'], latencyMinMs, `is above latencyMaxMs, want ${latencyMaxMs} at most`)
}

// Steps --------------------------------------------------------------------------------------------------------------

function checkSteps(check: Check): void {
  const { scenario, wrong } = check
  const seen = new Map<string, { readonly step: Step; readonly index: number }>()
  scenario.steps.forEach((step, index) => {
    const name = nameOf(step, index)
    const before = seen.get(name)
    if (before !== undefined) {
      wrong(['steps', index, 'name'], name, `is the name of step ${before.index + 1} too, want one of its own`)
    }
    seen.set(name, { step, index })
    if (step.atSeconds >= scenario.forSeconds) {
      wrong(
        ['steps', index, 'atSeconds'],
        step.atSeconds,
        `is after the end of the run, want less than ${scenario.forSeconds}`,
      )
    }
  })
  scenario.steps.forEach((step, index) => {
    checkStep(check, step, index)
    if ('end' in step) checkEnd(check, step.end, step.atSeconds, index, seen.get(step.end)?.step)
  })
}

function checkEnd(
  { scenario, wrong }: Check,
  name: string,
  atSeconds: number,
  index: number,
  ended: Step | undefined,
): void {
  const path = ['steps', index, 'end']
  if (ended === undefined) {
    const lasting = scenario.steps.flatMap((step, i) => (MOMENTARY.has(actionOf(step)) ? [] : [nameOf(step, i)]))
    return wrong(path, name, `no step has this name, want ${listed(new Set(lasting))}`)
  }
  const action = actionOf(ended)
  if (MOMENTARY.has(action)) return wrong(path, name, `a step "${action}" does not last, so it has no end`)
  if (ended.atSeconds >= atSeconds) {
    return wrong(path, name, `begins at ${ended.atSeconds} s, want this step after it (it is at ${atSeconds} s)`)
  }
  const lasts = endsAfter(ended)
  if (lasts === undefined || ended.atSeconds + lasts > atSeconds) return
  wrong(path, name, `has ended by itself at ${ended.atSeconds + lasts} s, want no end or no forSeconds`)
}

function checkStep(check: Check, step: Step, index: number): void {
  const { known, name, wrong, feeder } = check
  const at = (...path: FilePath): FilePath => ['steps', index, ...path]
  if ('fault' in step) checkFault(check, step.fault, at('fault'))
  if ('disturb' in step) name(at('disturb', 'section'), step.disturb.section, known.sections, 'section')
  if ('stuck' in step) name(at('stuck', 'device'), step.stuck.device, known.devices, 'device')
  if ('silent' in step) name(at('silent', 'ied'), step.silent.ied, known.ieds, 'IED')
  if ('crash' in step && step.crash.agent !== 'aggregator') {
    name(at('crash', 'agent'), step.crash.agent, known.agents, 'agent')
  }
  if ('cut' in step) {
    step.cut.between.forEach((agent, i) => {
      name(at('cut', 'between', i), agent, known.agents, 'agent')
    })
    if (step.cut.between[0] === step.cut.between[1]) {
      wrong(at('cut', 'between'), undefined, 'both ends are one agent, want two')
    }
  }
  if ('partition' in step) {
    const placed = new Set<string>()
    step.partition.groups.forEach((group, i) => {
      group.forEach((agent, j) => {
        name(at('partition', 'groups', i, j), agent, known.agents, 'agent')
        if (placed.has(agent)) wrong(at('partition', 'groups', i, j), agent, 'is in two groups, want it in one')
        placed.add(agent)
      })
    })
  }
  if ('network' in step) checkLatency(at('network'), step.network, wrong)
  for (const key of ['clockJump', 'clockBad', 'diskFull'] as const) {
    const settings = (step as Partial<Record<typeof key, { readonly agent: string }>>)[key]
    if (settings !== undefined) name(at(key, 'agent'), settings.agent, known.agents, 'agent')
  }
  if ('lie' in step) name(at('lie', 'agent'), step.lie.agent, known.ieds, 'IED')
  if ('tamper' in step) name(at('tamper', 'meter'), step.tamper.meter, known.meters, 'metering IED')
  for (const key of ['price', 'load'] as const) {
    const loads = (step as Partial<Record<typeof key, { readonly loads: 'all' | readonly string[] }>>)[key]?.loads
    if (Array.isArray(loads)) {
      loads.forEach((load: string, i) => {
        name(at(key, 'loads', i), load, known.loads, 'load')
      })
    }
  }
  if ('operate' in step) name(at('operate', 'device'), step.operate.device, known.devices, 'device')
  if ('generator' in step) {
    if (feeder.generators.length === 0)
      wrong(at('generator', 'generator'), step.generator.generator, `feeder ${feeder.name} has no generator`)
    else name(at('generator', 'generator'), step.generator.generator, known.generators, 'generator')
  }
}

const PHASES_OF = { 'line-ground': 1, 'line-line': 2, 'line-line-ground': 2, 'three-phase': 3 } as const

function checkFault(
  { feeder, known, name, wrong }: Check,
  fault: Extract<Step, { fault: unknown }>['fault'],
  path: FilePath,
): void {
  const { section, node, kind, phases } = fault
  if (section !== undefined) name([...path, 'section'], section, known.sections, 'section')
  if (node !== undefined) name([...path, 'node'], node, known.nodes, 'node')
  if (node !== undefined && fault.position !== undefined) {
    wrong([...path, 'position'], fault.position, 'a node has no length, want no position, or a section')
  }
  const place =
    section === undefined
      ? feeder.nodes.find(each => each.name === node)
      : feeder.sections.find(each => each.name === section)
  if (place === undefined) return
  const has: ReadonlySet<Phase> = new Set(place.phases)
  phases?.forEach((phase, i) => {
    if (!has.has(phase)) wrong([...path, 'phases', i], phase, `${place.name} has no such phase, want ${listed(has)}`)
    if (phases.indexOf(phase) !== i) wrong([...path, 'phases', i], phase, 'stands there twice')
  })
  if (kind === undefined) return
  const want = PHASES_OF[kind]
  if (has.size < want) {
    wrong([...path, 'kind'], kind, `${place.name} has only ${listed(has)}, want a fault of ${has.size} phases at most`)
  }
  if (phases !== undefined && phases.length !== want) {
    wrong([...path, 'phases'], undefined, `a ${kind} fault has ${want}, want as many phases or none`)
  }
}

// Expectations -------------------------------------------------------------------------------------------------------

function checkExpectations(check: Check): void {
  const { scenario } = check
  const steps = new Map(scenario.steps.map((step, index) => [nameOf(step, index), step]))
  scenario.expect.forEach((entry, index) => {
    const path = ['expect', index]
    checkAfter(check, entry, steps, path)
    checkNames(check, entry, path)
  })
}

function checkAfter(
  { scenario, wrong }: Check,
  entry: ExpectationEntry,
  steps: ReadonlyMap<string, Step>,
  path: FilePath,
): void {
  const { after, withinMs, withinSeconds, forSeconds } = entry as {
    readonly after?: string
    readonly withinMs?: number
    readonly withinSeconds?: number
    readonly forSeconds?: number
  }
  if (after === undefined) return
  const step = steps.get(after)
  if (step === undefined) {
    const near = nearestName(after, steps.keys())
    return wrong(
      [...path, 'after'],
      after,
      `no step has this name, ${near === undefined ? `want ${listed(new Set(steps.keys()))}` : `did you mean ${near}?`}`,
    )
  }
  const left = scenario.forSeconds - step.atSeconds
  for (const [key, value, most] of [
    ['withinMs', 'trips' in entry || 'happens' in entry ? withinMs : undefined, left * 1000],
    ['withinSeconds', withinSeconds, left],
    ['forSeconds', forSeconds, left],
  ] as const) {
    if (value !== undefined && value > most) {
      wrong(
        [...path, key],
        value,
        `ends after the run, want ${Math.round(most * 1000) / 1000} at most: it ends at ${scenario.forSeconds} s`,
      )
    }
  }
  if ('warned' in entry && entry.warned === 'downstream') {
    const section = 'fault' in step ? step.fault.section : 'disturb' in step ? step.disturb.section : undefined
    if (section === undefined) {
      wrong([...path, 'warned'], 'downstream', `step ${after} is at no section, want the IEDs by name`)
    }
  }
  if ('aggregatorReplaced' in entry && !('crash' in step)) {
    wrong([...path, 'after'], after, 'is no crash, want a step that crashes an aggregator')
  }
}

function checkNames({ known, name, wrong }: Check, entry: ExpectationEntry, path: FilePath): void {
  const each = (key: string, value: unknown, names: Names, what: string): void => {
    if (Array.isArray(value)) {
      value.forEach((one: string, i) => {
        name([...path, key, i], one, names, what)
      })
    }
  }
  for (const key of ['trips', 'opens', 'closes', 'locksOut'] as const) {
    const device = (entry as Partial<Record<typeof key, string>>)[key]
    if (device !== undefined) name([...path, key], device, known.devices, 'device')
  }
  if ('trips' in entry && entry.notBeforeMs > entry.withinMs) {
    wrong([...path, 'notBeforeMs'], entry.notBeforeMs, `is after withinMs, want ${entry.withinMs} at most`)
  }
  if ('staysClosed' in entry) each('staysClosed', entry.staysClosed, known.devices, 'device')
  if ('warned' in entry) each('warned', entry.warned, known.ieds, 'IED')
  if ('told' in entry) each('told', entry.told, known.ieds, 'IED')
  if ('restored' in entry) each('restored', entry.restored, known.loads, 'load')
  if ('interrupted' in entry) each('interrupted', entry.interrupted, known.loads, 'load')
  if ('readingsDelivered' in entry) each('readingsDelivered', entry.readingsDelivered, known.ieds, 'IED')
  if ('running' in entry) each('running', entry.running, known.agents, 'agent')
  if ('registeredShare' in entry) {
    name([...path, 'registeredShare', 'meter'], entry.registeredShare.meter, known.meters, 'metering IED')
  }
  for (const key of ['happens', 'doesNotHappen'] as const) {
    const by = (entry as Partial<Record<typeof key, { readonly by?: string }>>)[key]?.by
    if (by !== undefined)
      name([...path, key, 'by'], by, new Set([...known.agents, 'field', 'world']), 'agent, field or world')
  }
}

// --------------------------------------------------------------------------------------------------------------------

function knownIn(feeder: FeederFile): Known {
  const names = (entries: readonly { readonly name: string }[]): Names => new Set(entries.map(entry => entry.name))
  const ieds = names(feeder.ieds)
  return {
    devices: names(feeder.devices),
    sections: names(feeder.sections),
    nodes: names(feeder.nodes),
    loads: names(feeder.loads),
    generators: names(feeder.generators),
    ieds,
    meters: names(feeder.ieds.filter(({ meters }) => meters.length > 0)),
    agents: new Set([...ieds, ...organisationsOf(feeder).map(backEndOf)]),
  }
}

const MOST_LISTED = 12

function listed(names: ReadonlySet<string>): string {
  if (names.size === 0) return 'none: there is none'
  const shown = [...names].slice(0, MOST_LISTED)
  const more = names.size > shown.length ? ` and ${names.size - shown.length} more` : ''
  return `${shown.length === 1 ? '' : 'one of '}${shown.join(', ')}${more}`
}
