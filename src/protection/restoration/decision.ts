// What the leader of a restoration makes of what it has been told: wait, or close into what, once what has opened, under
// whose grants. It locates the fault (`locate.ts`), plans for its own dark group alone (`plan.ts`), and then reckons anew,
// from read-back positions only, what would become live (`enclosure.ts`): where that differs from the plan, it waits.

import { createFeeder, type Feeder } from '../../../topology/feeder.ts'
import { closingJoins } from '../closing-check.ts'
import { enclosureOf } from './enclosure.ts'
import { feedsOf } from './feeds.ts'
import { loadSharesOf } from './load-shares.ts'
import { type DeviceFacts, locateFault } from './locate.ts'
import type { Plan, PlanInput, PlanStep } from './plan-types.ts'
import { withoutShedding } from './room.ts'
import type { Decision, Gathered, TeamFacts } from './sequence-types.ts'
import { operatorsOf, sidesOf, supplyOf } from './team.ts'
import { positionsOf, zoneGraphOf } from './zone-graph.ts'

export interface DecisionInput {
  /** With the positions as this IED knows them now. */
  readonly feeder: Feeder
  /** With those from just before the fault. */
  readonly before: Feeder
  readonly device: string
  /** The devices that were asked. */
  readonly team: readonly string[]
  readonly facts: Gathered
  readonly failed: ReadonlyMap<string, string>
  /** Loads that are known to be shed for this incident, and those that will not be. */
  readonly shed?: ReadonlySet<string>
  readonly notShed?: ReadonlySet<string>
  /** For the dark group of one zone, as `planGroup`. */
  readonly plan: (input: PlanInput, zone: string) => Plan
}

export function decideRestoration({
  feeder,
  before,
  device,
  team,
  facts,
  failed,
  shed = none,
  notShed = none,
  plan: planFor,
}: DecisionInput): Decision {
  const own = facts.get(device)
  if (own === undefined) return wait('its own device does not answer')
  if (own.barred !== undefined) return wait(own.barred)
  const dark = darkSide(feeder, device, own)
  if (dark === undefined) return { kind: 'nothing', why: 'not one side live and the other dead' }
  for (const [each, { disturbed, tripped, lockedOut, position }] of facts) {
    if (disturbed) return wait(`fault current passes ${each}`)
    if (tripped && position === 'open' && !lockedOut) return wait(`${each} is about to close again`)
  }
  // What passed a device before its own lockout says nothing about the fault for which another one above it locked out.
  const isOneOfSeveral = [...facts.values()].filter(hasLockedOut).length > 1
  const located = locateFault({
    before,
    facts: new Map([...facts].map(([each, told]) => [each, locating(told, isOneOfSeveral)])),
  })
  if (located.kind === 'no-fault') return wait('no fault is known')
  if (located.kind === 'wait') return wait(located.why)
  if (located.kind === 'undetermined') return wait(`where the fault is cannot be told: ${located.why.join('; ')}`)
  const suspect = new Set(located.suspects.flatMap(({ zones }) => zones))
  if (suspect.size === 0) return wait('no zone is suspect')
  if (suspect.has(dark)) return wait(`the fault may be in ${dark}, beside this device`)

  const now = asTold(feeder, team, facts, notShed)
  const barred = barredOf(team, facts, failed)
  const plan = planFor({ feeder: now, suspect: [...suspect], barred, loadShares: loadSharesOf(before, facts) }, dark)
  const closing = plan.steps.find(step => step.kind === 'close' && step.device === device)
  if (closing?.kind !== 'close') {
    const other = plan.steps.find(step => step.kind === 'close')
    if (other?.kind === 'close') return { kind: 'wait', why: `${other.device} is to feed it`, leader: other.device }
    return wait(plan.left[0]?.why ?? `${dark} cannot be fed: ${plan.outcome}`)
  }
  const steps = stepsBefore(plan.steps, closing)
  const first = steps.find(step => step.kind === 'close')
  if (first?.kind === 'close') return { kind: 'wait', why: `${first.device} closes first`, leader: first.device }
  const sheds = steps.flatMap(step => (step.kind === 'shed' && !shed.has(step.load) ? step.load : []))
  const opens = steps.flatMap(step => (step.kind === 'open' && now.position(step.device) !== 'open' ? step.device : []))

  const enclosed = enclosureOf(now, { device, from: dark, facts, opens: new Set(opens), suspect })
  if (typeof enclosed === 'string') return wait(enclosed)
  const byHand = openedByHand(before, facts, enclosed.zones)
  if (byHand !== undefined) return wait(`${byHand} was opened otherwise: what it fed may be somebody's place of work`)
  const mixed = passedByUnknown(feeder, facts, enclosed.zones)
  if (mixed !== undefined)
    return wait(`${mixed}, beside what is to be fed, cannot tell whether fault current passed it`)
  const path = supplyOf(now, liveSide(feeder, device, dark))
  const operators = operatorsOf(feeder.file)
  const supply = [...new Set([...path, ...closing.path])].filter(each => operators.has(each))
  const doubtful = supply.find(each => facts.get(each)?.position !== 'closed')
  if (doubtful !== undefined) return wait(`${doubtful}, on the supplying path, does not say that it is closed`)
  const joined = closingJoins(afterOpening(now, opens), device)
  if (joined !== 'nothing' && joined !== 'parallel') return wait(JOINS[joined])
  return {
    kind: 'go',
    opens,
    sheds,
    grants: [...new Set([device, ...enclosed.boundary, ...closing.boundary, ...opens, ...supply])].sort(),
    feeds: [...enclosed.zones].sort(),
    suspect: [...suspect].sort(),
  }
}

/** The device that fed one of these zones, where neither its own relay nor restoration has opened it: no fault made it dark. */
function openedByHand(before: Feeder, facts: Gathered, zones: ReadonlySet<string>): string | undefined {
  const graph = zoneGraphOf(before)
  const feeds = feedsOf(graph, positionsOf(before, graph), { unknownIsClosed: true })
  for (const zone of zones) {
    const device = graph.devices[feeds.entry[graph.zone(zone)] ?? -1]?.name ?? ''
    const told = facts.get(device)
    if (told?.position === 'open' && !told.tripped && !told.lockedOut) return device
  }
  return undefined
}

/**
 * A device inside or around these zones that has watched, and saw fault current pass in one shot and not in another: there
 * was a fault beyond it as well, whatever those above say of the one for which they opened.
 */
function passedByUnknown(feeder: Feeder, facts: Gathered, zones: ReadonlySet<string>): string | undefined {
  for (const [device, { passage }] of facts) {
    const { node, section } = sidesOf(feeder, device)
    if (passage === 'unknown' && (zones.has(node) || zones.has(section))) return device
  }
  return undefined
}

const none: ReadonlySet<string> = new Set()
const wait = (why: string): Decision => ({ kind: 'wait', why })

const JOINS = {
  sources: 'it would join two sources',
  loop: 'it would close a loop',
  undecided: 'whether it would join two sources or close a loop is not known',
}

const hasLockedOut = ({ tripped, lockedOut, position }: TeamFacts): boolean =>
  tripped && lockedOut && position === 'open'

function locating(told: TeamFacts, isOneOfSeveral: boolean): DeviceFacts {
  const { passage, passedAgoMs, toward, dead, position, lockedOut, tripped } = told
  const age = passedAgoMs === undefined ? {} : { passedAgoMs }
  if (isOneOfSeveral && hasLockedOut(told)) {
    return { passage: 'unknown', ...age, ...(dead === undefined ? {} : { dead }), position, lockedOut }
  }
  return {
    // What its own relay has opened, fault current has passed.
    passage: tripped ? 'yes' : passage,
    ...age,
    ...(toward === undefined ? {} : { toward }),
    ...(dead === undefined ? {} : { dead }),
    position,
    // Also one that restoration has opened below the lockout: once the part above is live again, nothing else tells.
    lockedOut: lockedOut && (tripped || passage === 'yes'),
  }
}

/** The zone that is dead beside an open device whose other side is live. */
export function darkSide(feeder: Feeder, device: string, { position, dead }: TeamFacts): string | undefined {
  if (position !== 'open' || dead === undefined) return undefined
  const { node, section } = sidesOf(feeder, device)
  if (dead[node] === true && dead[section] === false) return node
  return dead[node] === false && dead[section] === true ? section : undefined
}

export function liveSide(feeder: Feeder, device: string, dark: string): string {
  const { node, section } = sidesOf(feeder, device)
  return dark === node ? section : node
}

/** Whoever was asked counts by what it said; what it did not say is unknown. */
function asTold(feeder: Feeder, team: readonly string[], facts: Gathered, notShed: ReadonlySet<string>): Feeder {
  const told = createFeeder(withoutShedding(feeder.file, notShed))
  const operators = operatorsOf(feeder.file)
  const asked = new Set(team)
  for (const { name } of feeder.file.devices) {
    const isAsked = asked.has(name) && operators.has(name)
    told.setPosition(name, isAsked ? (facts.get(name)?.position ?? 'unknown') : feeder.position(name))
  }
  return told
}

function barredOf(team: readonly string[], facts: Gathered, failed: ReadonlyMap<string, string>): Map<string, string> {
  const barred = new Map<string, string>()
  for (const each of team) {
    const told = facts.get(each)
    if (told === undefined) barred.set(each, 'its IED does not answer')
    else if (told.barred !== undefined) barred.set(each, told.barred)
    else if (told.position === 'unknown') barred.set(each, 'its position is not known')
  }
  for (const [each, why] of failed) barred.set(each, why)
  return barred
}

/** The steps that one waits for, and those that they wait for. */
function stepsBefore(steps: readonly PlanStep[], of: PlanStep): PlanStep[] {
  const numbers = new Set(of.after)
  for (const number of numbers) {
    for (const earlier of steps.find(step => step.number === number)?.after ?? []) numbers.add(earlier)
  }
  return steps.filter(({ number }) => numbers.has(number))
}

function afterOpening(feeder: Feeder, opens: readonly string[]): Feeder {
  const copy = createFeeder(feeder.file)
  for (const { name } of feeder.file.devices) {
    copy.setPosition(name, opens.includes(name) ? 'open' : feeder.position(name))
  }
  return copy
}
