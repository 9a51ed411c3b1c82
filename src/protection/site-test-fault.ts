// The fault that a site test plays: where its current flows, who is concerned, and what each IED's device would show of it.
// Everybody works it out from the feeder file and the live positions, so that nothing but the place and kind is sent.
//
// It is a played one, not a computed one: all that carry it see one current, which is above every high set on the way. What
// the settings do at real currents `feedermesh protection coordination` says. It is permanent: while a source feeds its section, by
// the positions of the test, it flows.

import type { Feeder } from '../../topology/feeder.ts'
import type { DeviceEntry, SectionEntry } from '../../topology/feeder-file.ts'
import type { Instant } from '../../topology/units.ts'
import { operatorsOf, sidesOf, supplyOf, teamOf } from './restoration/team.ts'

export const testFaultKinds = ['three-phase', 'line-line', 'line-line-ground', 'line-ground'] as const
export type TestFaultKind = (typeof testFaultKinds)[number]

/** As it flows by the positions that a feeder has now. */
export interface FlowingFault {
  readonly section: string
  readonly kind: TestFaultKind
  readonly amps: number
  /** The breakers and reclosers that carry it, the nearest to the fault first. */
  readonly path: readonly DeviceEntry[]
  /** The sections that carry it, the faulted one among them. */
  readonly sections: ReadonlySet<string>
  /** The voltage of what they feed sags. */
  readonly sources: ReadonlySet<string>
}

export interface TestFault extends FlowingFault {
  /** The IEDs that take part: on the way, below, observers, whoever relays between them, and who would restore what goes dark. */
  readonly concerned: ReadonlySet<string>
  /** Those that would restore were too many to be asked. */
  readonly isWithoutRestoration: boolean
}

/** Above what picks up, by so much. */
const OVER = 1.2
/** Where a relay has no high set, a fault is so many times its pickup. */
const FAULT_PICKUPS = 5
const RESIDUAL_PU = { 'three-phase': 0.05, 'line-line': 0.4, 'line-line-ground': 0.3, 'line-ground': 0.5 } as const
const INTERRUPTERS: ReadonlySet<string> = new Set(['breaker', 'recloser'])
/** IEDs in one test: an outcome has room for as many parts beside the starter's. */
export const MOST_IN_TEST = 65

/** @returns the fault, or in words why none can be played there now */
export function testFault(feeder: Feeder, section: string, kind: TestFaultKind): TestFault | string {
  const fault = flowingFault(feeder, section, kind)
  if (typeof fault === 'string') return fault
  const concerned = concernedBy(feeder, fault)
  const all = new Set([...concerned, ...restorersOf(feeder, fault)])
  const isWithoutRestoration = all.size > MOST_IN_TEST
  return { ...fault, concerned: isWithoutRestoration ? concerned : all, isWithoutRestoration }
}

/** @returns the fault as it flows now, or in words why none does */
export function flowingFault(feeder: Feeder, section: string, kind: TestFaultKind): FlowingFault | string {
  const entry = feeder.file.sections.find(each => each.name === section)
  if (entry === undefined) return `the feeder file has no section "${section}"`
  const ends = [entry.from, entry.to]
    .filter(node => feeder.energised(node) === 'yes' && !feeder.upstream(node).sections.includes(section))
    .map(node => ({ node, devices: devicesAt(feeder, entry, node) }))
  const [first] = ends
  if (first === undefined) return `${section} is not fed now, as far as is known here`
  // Where one end is open, the other one may feed it.
  const isClosed = ({ name }: DeviceEntry): boolean => feeder.position(name) === 'closed'
  const fed = ends.find(({ devices }) => devices.every(isClosed))
  if (fed === undefined) {
    const open = first.devices.find(each => !isClosed(each))
    return `${section}: ${open?.name} is not closed, as far as is known here`
  }
  const { node: near, devices: atNear } = fed
  const way = feeder.upstream(near)
  const names = new Set([...atNear.map(({ name }) => name), ...way.devices])
  const onWay = feeder.file.devices.filter(device => names.has(device.name) && INTERRUPTERS.has(device.kind))
  const below = new Map(onWay.map(({ name }) => [name, fedThrough(feeder, name)]))
  // The nearer to the fault, the fewer lose the source.
  const path = onWay.sort(
    (one, other) =>
      (below.get(one.name)?.size ?? 0) - (below.get(other.name)?.size ?? 0) ||
      feeder.upstream(endOf(feeder, other)).devices.length - feeder.upstream(endOf(feeder, one)).devices.length,
  )
  if (path.length === 0) return `no breaker or recloser carries a fault in ${section}`
  const amps = OVER * Math.max(...path.map(({ relay }) => largest(relay)))
  return { section, kind, amps, path, sections: new Set([...way.sections, section]), sources: sourcesOf(feeder, near) }
}

const devicesAt = (feeder: Feeder, entry: SectionEntry, node: string): readonly DeviceEntry[] =>
  feeder.file.devices.filter(({ section, at }) => section === entry.name && entry[at] === node)

function sourcesOf(feeder: Feeder, node: string): ReadonlySet<string> {
  const { certain, undecided } = feeder.sourcesOf(node)
  return new Set([...certain, ...undecided])
}

const endOf = (feeder: Feeder, { section, at }: DeviceEntry): string => feeder.section(section)[at]

function fedThrough(feeder: Feeder, device: string): ReadonlySet<string> {
  const { certain, undecided } = feeder.fedThrough(device)
  return new Set([...certain, ...undecided])
}

function largest(relay: DeviceEntry['relay']): number {
  if (relay === undefined) return 0
  const { highSet, pickupAmps, ground } = relay
  return Math.max(
    highSet?.pickupAmps ?? 0,
    highSet?.groundPickupAmps ?? 0,
    FAULT_PICKUPS * pickupAmps,
    FAULT_PICKUPS * (ground?.pickupAmps ?? 0),
  )
}

function concernedBy(feeder: Feeder, { section, path }: FlowingFault): ReadonlySet<string> {
  const devices = new Set(path.map(({ name }) => name))
  const all = new Set<string>()
  for (const { name, operates } of feeder.file.ieds) if (operates !== undefined && devices.has(operates)) all.add(name)
  const [nearest] = path
  if (nearest !== undefined) {
    for (const ied of fedThrough(feeder, nearest.name)) all.add(ied)
    for (const ied of feeder.upstreamIeds({ device: nearest.name })) all.add(ied)
  }
  const { certain, undecided } = feeder.downstreamIeds(section)
  for (const ied of [...certain, ...undecided]) all.add(ied)
  const observer = feeder.observerOf(section)
  if (observer !== undefined) all.add(observer)
  return all
}

/** Who operates what lies in and around what the nearest device would leave dark, and on the ways from other sources to it. */
function restorersOf(feeder: Feeder, { path: [nearest] }: FlowingFault): string[] {
  if (nearest === undefined) return []
  const sides = sidesOf(feeder, nearest.name)
  // The device may stand at the far end of its section, which then feeds the node.
  const isAtFarEnd = feeder.upstreamZones(endOf(feeder, nearest)).includes(sides.section)
  const [live, dark] = isAtFarEnd ? [sides.section, sides.node] : [sides.node, sides.section]
  const team = new Set(teamOf(feeder, nearest.name, dark, live))
  for (const device of [...team]) {
    if (feeder.position(device) !== 'open') continue
    for (const zone of Object.values(sidesOf(feeder, device))) for (const each of supplyOf(feeder, zone)) team.add(each)
  }
  const operators = operatorsOf(feeder.file)
  return [...team].flatMap(device => operators.get(device) ?? [])
}

/** What became of the fault and the device so far. */
export interface Played {
  /** Undefined while none flows. */
  readonly fault: FlowingFault | undefined
  /** The IED's own node had a source when the test began. */
  readonly wasLive: boolean
  readonly position: 'open' | 'closed' | undefined
  readonly tripped: boolean
  readonly lockedOut: boolean
  readonly shed: boolean
}

/** What counts of the real device's status. */
export interface RealStatus {
  readonly at: Instant
  readonly shed?: boolean
  readonly hotLineTag?: boolean
  readonly local?: boolean
  readonly farDead?: boolean
}

/**
 * What the device of an IED would show.
 * @param feeder with the positions of the test @param real as the device shows itself now: what it does not measure is not
 *   played, and what a person has set on it stands
 */
export function playedStatus(feeder: Feeder, ied: string, played: Played, real: RealStatus) {
  const { node, operates, observes } = feeder.ied(ied)
  const { fault, wasLive, position, tripped, lockedOut, shed } = played
  const device = feeder.file.devices.find(({ name }) => name === operates)
  const own = fault?.path.find(({ name }) => name === operates)
  const pickup = fault !== undefined && own?.relay !== undefined && picksUp(own, fault)
  const bits = (has: (section: string) => boolean): number =>
    observes.reduce((sum, section, bit) => (has(section) ? sum + 2 ** bit : sum), 0)
  const fed = feeder.energised(node)
  const { farDead, hotLineTag, local } = real
  return {
    at: real.at,
    ...(position === undefined ? {} : { position }),
    ...(real.shed === undefined ? {} : { shed }),
    pickup,
    groundPickup: pickup && fault.kind.endsWith('ground'),
    ...(device?.relay?.highSet === undefined ? {} : { highSet: pickup && highSetSees(device, fault) }),
    tripped,
    lockedOut,
    ...(hotLineTag === undefined ? {} : { hotLineTag }),
    ...(local === undefined ? {} : { local }),
    sag: fault !== undefined && [...sourcesOf(feeder, node)].some(source => fault.sources.has(source)),
    dead: wasLive ? fed !== 'yes' : fed === 'no',
    ...(farDead === undefined || device === undefined ? {} : { farDead: isFarDead(feeder, node, device) }),
    entered: fault === undefined ? 0 : bits(section => fault.sections.has(section)),
    left: fault === undefined ? 0 : bits(section => fault.sections.has(section) && section !== fault.section),
    ...(fault === undefined ? {} : { residualPu: RESIDUAL_PU[fault.kind] }),
  }
}

/** On the other side of the device than the node of its IED. */
function isFarDead(feeder: Feeder, node: string, device: DeviceEntry): boolean {
  const isAtNode = feeder.zoneOf(node) === sidesOf(feeder, device.name).node
  const far = isAtNode ? feeder.sectionEnergised(device.section) : feeder.energised(endOf(feeder, device))
  return far === 'no'
}

function picksUp({ relay }: DeviceEntry, { amps, kind }: FlowingFault): boolean {
  if (relay === undefined) return false
  return amps > relay.pickupAmps || (kind.endsWith('ground') && amps > (relay.ground?.pickupAmps ?? Infinity))
}

function highSetSees({ relay }: DeviceEntry, { amps, kind }: FlowingFault): boolean {
  const { highSet } = relay ?? {}
  if (highSet === undefined) return false
  return amps >= highSet.pickupAmps || (kind.endsWith('ground') && amps >= (highSet.groundPickupAmps ?? Infinity))
}
