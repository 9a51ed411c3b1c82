// An incident that the ledgers of a feeder recorded, as a scenario that `sim run` plays again: faults, failures and losses as
// they are known, positions and loads as they stood, and what must follow.
//
// What cannot be known is said in the file: where along its section a fault was, what it was while nobody measured, loads that
// nobody meters, when an agent that came back had gone.

import { writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { NodeError } from '../../src/node/node-error.ts'
import type { Account } from '../../src/protection/account.ts'
import { type IncidentFacts, incidentFacts, type Spell } from '../../src/protection/incident.ts'
import { createFeeder, type Feeder } from '../../topology/feeder.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { readFeederFile } from '../../topology/read-any.ts'
import { createPlant } from '../plant/plant.ts'
import { type EstimatedFault, estimateFault } from './estimate-fault.ts'
import { checkedScenario, shippedDir, writeScenario } from './read-scenario.ts'
import type { SimScenarioInput } from './scenario-schema.ts'

/** Before the first fault: all agents know each other and all positions by then. */
const WARM_UP_SECONDS = 8
const AFTER_SECONDS = 4
/** An IED sees a change with its next poll, at both ends of what is measured. */
const POLL_MS = 50
/** What opens is seen so long around the moment at which the current ends. */
const AROUND_MS = 300

export interface MadeScenario {
  readonly scenario: SimScenarioInput
  /** What was estimated, and what cannot be known. */
  readonly notes: readonly string[]
}

/** @throws NodeError BAD_INPUT */
export function writeIncident(event: string, account: Account, feeder: string, file: string): MadeScenario {
  const isPath = /[/\\]|\.(ya?ml|dss)$/i.test(feeder)
  const path = isPath ? resolve(feeder) : join(shippedDir(), 'topology', 'feeders', `${feeder}.yaml`)
  const named = isPath ? relative(dirname(resolve(file)), path) : feeder
  const made = scenarioOf(
    event,
    account,
    readFeederFile(path).feeder,
    named.startsWith('.') || !isPath ? named : `./${named}`,
  )
  const comments = [`The incident ${event}, as the sequences of events of its IEDs have it.`, ...made.notes]
  try {
    writeFileSync(file, `${comments.map(line => `# ${line}\n`).join('')}${writeScenario(made.scenario)}`)
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `--scenario ${file}: ${(cause as Error).message}`, { cause })
  }
  return made
}

/**
 * @param named how the scenario names the feeder file
 * @throws NodeError BAD_INPUT when nobody saw a fault or a disturbance, or the entries are another feeder's
 */
export function scenarioOf(event: string, account: Account, file: FeederFile, named: string): MadeScenario {
  const facts = incidentFacts(account.rows)
  if (facts === undefined) throw new NodeError('BAD_INPUT', `${event}: no IED saw a fault, want an event with one`)
  const feeder = createFeeder(file)
  const notes: string[] = []
  const loads = loadsOf(facts, file, notes)
  const positions = positionsOf(facts, file)
  const steps = [
    ...faultSteps(facts, feeder, loads, positions, notes),
    ...failureSteps(facts, file, notes),
    ...handSteps(facts, file),
  ]
  steps.sort((one, other) => one.atSeconds - other.atSeconds)
  for (const ied of file.ieds) {
    if (!facts.ieds.includes(ied.name) && ied.operates !== undefined) {
      notes.push(`${ied.name} has not answered: how ${ied.operates} stood is not known, its normal position is taken.`)
    }
  }
  const scenario: SimScenarioInput = {
    feedermesh: 1,
    simulation: `incident-${event.replaceAll('/', '-')}`.slice(0, 100),
    description: `what became of ${event} is expected to become of it again`,
    feeder: named,
    startUtc: new Date(facts.startUtcMs - WARM_UP_SECONDS * 1000).toISOString(),
    startTimeOfDay: new Date(facts.startUtcMs - WARM_UP_SECONDS * 1000).toISOString().slice(11, 19),
    forSeconds: Math.ceil(WARM_UP_SECONDS + (facts.endMs - facts.startMs) / 1000 + AFTER_SECONDS),
    ...loads,
    positions: Object.fromEntries(positions),
    steps: steps as SimScenarioInput['steps'] & object,
    expect: expectations(facts, file),
  }
  checkedScenario(scenario, file)
  return { scenario, notes }
}

type TimedStep = { readonly atSeconds: number } & Readonly<Record<string, unknown>>

const secondsIn = ({ startMs }: IncidentFacts, atMs: number): number =>
  Math.max(0, Math.round(WARM_UP_SECONDS * 1000 + atMs - startMs) / 1000)
const lasting = ({ fromMs, toMs }: Spell): { forSeconds?: number } =>
  toMs === undefined ? {} : { forSeconds: Math.max(0.001, Math.round(toMs - fromMs) / 1000) }

// The fault ---------------------------------------------------------------------------------------------------------------

function faultSteps(
  facts: IncidentFacts,
  feeder: Feeder,
  loads: Loads,
  positions: ReadonlyMap<string, 'open' | 'closed'>,
  notes: string[],
): TimedStep[] {
  const { file } = feeder
  const known = facts.faults.filter(({ section }) => file.sections.some(({ name }) => name === section))
  const faults = known.length > 0 ? known : [placeByPickups(facts, feeder, notes)]
  const isFault = facts.observations.some(({ pickup }) => pickup) || facts.trips.length > 0
  return faults.flatMap(({ section, spells }, index): TimedStep[] => {
    const [first] = spells
    if (first === undefined) return []
    const name = index === 0 ? 'fault' : `fault-${index + 1}`
    const atSeconds = secondsIn(facts, first.fromMs)
    if (!isFault) {
      const residualPu = Math.min(0.999, ...facts.observations.flatMap(each => each.residualPu ?? []))
      return [{ atSeconds, name, disturb: { section, residualPu, ...lasting(first) } }]
    }
    const toMs = endOf(spells, facts, feeder, section)
    const estimated = index === 0 ? estimate(file, facts, section, loads, positions) : undefined
    notes.push(faultNote(section, estimated), endNote(section, toMs))
    const { kind, phases, resistanceOhm } = estimated ?? {}
    const what = estimated === undefined ? {} : { kind, phases: [...(phases ?? [])], resistanceOhm }
    return [
      {
        atSeconds,
        name,
        fault: { section, ...what, ...lasting({ fromMs: first.fromMs, ...(toMs === undefined ? {} : { toMs }) }) },
      },
    ]
  })
}

function estimate(
  file: FeederFile,
  { observations }: IncidentFacts,
  section: string,
  { loadShape, loadShapes }: Loads,
  positions: ReadonlyMap<string, 'open' | 'closed'>,
): EstimatedFault {
  const plant = createPlant(file)
  for (const { name } of file.loads) plant.setLoadShare(name, (loadShapes[name] ?? loadShape)[0]?.[1] ?? 1)
  for (const [device, position] of positions) plant.setDevice(device, position)
  return estimateFault(plant, section, observations)
}

function faultNote(section: string, estimated: EstimatedFault | undefined): string {
  if (estimated === undefined) return `What kind the further fault on ${section} was is not known: the worst is taken.`
  const { kind, phases, resistanceOhm, from, contradicted } = estimated
  const by =
    from === undefined ? 'nothing was measured, so it is bolted' : `estimated from the ${from} that was measured`
  const against =
    contradicted === 0 ? '' : ` ${contradicted} IED${contradicted === 1 ? '' : 's'} showed other pickups than it gives.`
  return (
    `The fault on ${section}: ${kind} on ${phases.join('')} with ${resistanceOhm} ohm fits best (${by}). ` +
    `Where along the section it was is not known: the middle is taken.${against}`
  )
}

const endNote = (section: string, toMs: number | undefined): string =>
  toMs === undefined
    ? `The fault on ${section} is taken to have stayed: nothing shows that it was gone.`
    : `The fault on ${section} was gone before its supply came back, or ended by itself: when exactly is not known.`

/** By the current alone nobody can tell whether a fault is gone or only cut off: what came after tells. */
function endOf(
  spells: readonly Spell[],
  { positions, trips }: IncidentFacts,
  feeder: Feeder,
  section: string,
): number | undefined {
  const lastOff = spells.at(-1)?.toMs
  if (lastOff === undefined) return undefined
  const tripped = new Set(trips.map(({ ied }) => ied))
  const closing = positions.find(
    ({ ied, position, atMs }) => atMs > lastOff && position === 'closed' && tripped.has(ied),
  )
  if (closing !== undefined) return (lastOff + closing.atMs) / 2
  const isCutOff = positions.some(({ position, atMs }) => position === 'open' && Math.abs(atMs - lastOff) <= AROUND_MS)
  const { to } = feeder.section(section)
  const fused = feeder.upstream(to).devices.some(device => feeder.device(device).kind === 'fuse')
  return isCutOff || fused ? undefined : lastOff
}

/** Without line sensors: in the zone below the last device that picked up. */
function placeByPickups(facts: IncidentFacts, feeder: Feeder, notes: string[]): IncidentFacts['faults'][number] {
  const { file } = feeder
  const depth = (node: string): number => feeder.upstream(node).sections.length
  const deepest = facts.observations
    .flatMap(({ ied, pickup }) => {
      const { operates } = file.ieds.find(({ name }) => name === ied) ?? {}
      const device = file.devices.find(({ name }) => name === operates)
      return pickup && device !== undefined ? [device] : []
    })
    .sort((one, other) => depth(feeder.section(other.section).to) - depth(feeder.section(one.section).to))[0]
  if (deepest === undefined) {
    throw new NodeError(
      'BAD_INPUT',
      'no IED saw where the fault was, want line sensors or a pickup of one that operates a device',
    )
  }
  notes.push(`No line sensor saw the fault: it is taken on ${deepest.section}, at the last device that picked up.`)
  const toMs = facts.trips.find(({ openMs }) => openMs !== undefined)?.openMs
  return { section: deepest.section, spells: [{ fromMs: facts.startMs, ...(toMs === undefined ? {} : { toMs }) }] }
}

// How it stood ------------------------------------------------------------------------------------------------------------

interface Loads {
  readonly loadShape: [string, number][]
  readonly loadShapes: Record<string, [string, number][]>
}

const always = (share: number): [string, number][] => [
  ['00:00', Math.min(10, Math.max(0, Number(share.toPrecision(5))))],
]
const kwOf = ({ kw }: FeederFile['loads'][number]): number =>
  Object.values(kw).reduce((sum: number, each) => sum + Number(each ?? 0), 0)

/** Each load as its meter had it; the others as the source had all of them. */
function loadsOf({ before }: IncidentFacts, file: FeederFile, notes: string[]): Loads {
  const loadShapes: Record<string, [string, number][]> = {}
  for (const { name, meters, operates } of file.ieds) {
    const kw = before.get(name)?.kw
    const metered = file.loads.filter(load => meters.includes(load.name))
    const rated = metered.reduce((sum, load) => sum + kwOf(load), 0)
    const isOnlyLoad = operates === undefined || file.loads.some(load => load.name === operates)
    if (kw === undefined || rated <= 0 || !isOnlyLoad) continue
    for (const load of metered) loadShapes[load.name] = always(kw / rated)
  }
  const sources = new Set(file.sources.map(({ node }) => node))
  const heads = file.ieds.filter(({ node, operates }) => sources.has(node) && operates !== undefined)
  const measured = heads.flatMap(({ name }) => before.get(name)?.kw ?? [])
  const rated = file.loads.reduce((sum, load) => sum + kwOf(load), 0)
  const isKnown = measured.length > 0 && measured.length === heads.length && rated > 0
  const unmetered = file.loads.filter(({ name }) => loadShapes[name] === undefined).map(({ name }) => name)
  if (unmetered.length > 0) {
    const share = isKnown ? 'the share that the source supplied' : 'their values in the feeder file'
    notes.push(`Nobody measured ${unmetered.length} of ${file.loads.length} loads before: they have ${share}.`)
  }
  return { loadShape: always(isKnown ? measured.reduce((a, b) => a + b, 0) / rated : 1), loadShapes }
}

/** Where they were not in their normal position. */
function positionsOf({ before }: IncidentFacts, file: FeederFile): Map<string, 'open' | 'closed'> {
  const feeder = createFeeder(file)
  const found = new Map<string, 'open' | 'closed'>()
  for (const { name, operates } of file.ieds) {
    const position = before.get(name)?.position
    const device = file.devices.find(each => each.name === operates)
    if (device === undefined || (position !== 'open' && position !== 'closed')) continue
    if (feeder.position(device.name) !== position) found.set(device.name, position)
  }
  return found
}

// What failed, and what was done by hand ------------------------------------------------------------------------------------

function failureSteps(facts: IncidentFacts, file: FeederFile, notes: string[]): TimedStep[] {
  const agents = new Set(file.ieds.map(({ name }) => name))
  const stuck = facts.trips.flatMap(({ ied, atMs, openMs }): TimedStep[] => {
    const device = deviceOf(file, ied)
    if (openMs !== undefined || device === undefined) return []
    const isSilent = facts.silent.some(each => each.ied === ied && each.fromMs >= atMs - 1000)
    if (isSilent) return []
    notes.push(`${device} tripped and was not seen to open: its contacts are taken to have been stuck.`)
    return [{ atSeconds: secondsIn(facts, facts.startMs), stuck: { device, what: 'contacts' } }]
  })
  const within = ({ fromMs }: Spell): boolean => fromMs >= facts.startMs - WARM_UP_SECONDS * 1000
  const silent = facts.silent
    .filter(each => agents.has(each.ied) && within(each))
    .map(each => ({
      atSeconds: secondsIn(facts, each.fromMs),
      silent: { ied: each.ied, ...lasting(each) },
    }))
  const restarts = facts.restarts
    .filter(each => agents.has(each.ied) && within(each))
    .map(each => {
      notes.push(`${each.ied} was away until it started again: since its last entry before, at the earliest.`)
      return { atSeconds: secondsIn(facts, each.fromMs), crash: { agent: each.ied, ...lasting(each) } }
    })
  const isDown = (ied: string, { fromMs }: Spell): boolean =>
    facts.restarts.some(each => each.ied === ied && each.fromMs <= fromMs + 3000 && (each.toMs ?? fromMs) >= fromMs)
  const cuts = facts.linksLost
    .filter(each => each.between.every(name => agents.has(name) && !isDown(name, each)) && within(each))
    .map(each => ({ atSeconds: secondsIn(facts, each.fromMs), cut: { between: each.between, ...lasting(each) } }))
  return [...new Map(stuck.map(step => [JSON.stringify(step), step])).values(), ...silent, ...restarts, ...cuts]
}

const deviceOf = (file: FeederFile, ied: string): string | undefined => {
  const { operates } = file.ieds.find(({ name }) => name === ied) ?? {}
  return file.devices.find(({ name }) => name === operates)?.name
}

function handSteps(facts: IncidentFacts, file: FeederFile): TimedStep[] {
  return facts.byHand.flatMap(({ ied, to, atMs }): TimedStep[] => {
    const { operates } = file.ieds.find(({ name }) => name === ied) ?? {}
    const atSeconds = secondsIn(facts, atMs)
    if (file.devices.some(({ name }) => name === operates)) return [{ atSeconds, operate: { device: operates, to } }]
    if (!file.generators.some(({ name }) => name === operates)) return []
    return [{ atSeconds, generator: { generator: operates, connected: to === 'closed' } }]
  })
}

// What must follow --------------------------------------------------------------------------------------------------------

function expectations(facts: IncidentFacts, file: FeederFile): SimScenarioInput['expect'] & object {
  const first = Math.min(...facts.faults.flatMap(({ spells }) => spells[0]?.fromMs ?? []), facts.endMs)
  const from = facts.faults.length === 0 ? facts.startMs : first
  const seen = new Set<string>()
  const trips = facts.trips.flatMap(({ ied, atMs }) => {
    const device = deviceOf(file, ied)
    if (device === undefined || seen.has(device) || atMs < from) return []
    seen.add(device)
    const afterMs = Math.round(atMs - from)
    return [{ trips: device, after: 'fault', notBeforeMs: Math.max(0, afterMs - POLL_MS), withinMs: afterMs + POLL_MS }]
  })
  const operators = file.ieds.filter(({ name }) => deviceOf(file, name) !== undefined)
  const opened = new Set(
    facts.positions.filter(({ position }) => position === 'open').map(({ ied }) => deviceOf(file, ied)),
  )
  const others = operators
    .map(({ name }) => deviceOf(file, name) as string)
    .filter(name => !opened.has(name) && !seen.has(name))
  const isWhole = operators.every(({ name }) => facts.ieds.includes(name))
  return isWhole && others.length > 0 ? [...trips, { staysClosed: others, after: 'fault' }] : trips
}
