// The fault that a site test plays: where its current flows, who is concerned, and what each IED's device would show of it.
// Everybody works it out from the feeder file and the live positions, so that nothing but the place and kind is sent.
//
// It is a played one, not a computed one: all that carry it see one current, which is above every high set on the way. What
// the settings do at real currents `feedermesh protection coordination` says. Nothing recloses.

import type { Feeder } from '../../topology/feeder.ts'
import type { DeviceEntry } from '../../topology/feeder-file.ts'
import type { Instant } from '../../topology/units.ts'
import { stageSeconds } from './elements/relay-settings.ts'

export const testFaultKinds = ['three-phase', 'line-line', 'line-line-ground', 'line-ground'] as const
export type TestFaultKind = (typeof testFaultKinds)[number]

export interface TestFault {
  readonly section: string
  readonly kind: TestFaultKind
  readonly amps: number
  /** The breakers and reclosers that carry it, the nearest to the fault first. */
  readonly path: readonly DeviceEntry[]
  /** The sections that carry it, the faulted one among them. */
  readonly sections: ReadonlySet<string>
  /** By device of the path: who loses the source when it opens. */
  readonly below: ReadonlyMap<string, ReadonlySet<string>>
  /** The IEDs that take part: on the way, below, observers and whoever relays between them. */
  readonly concerned: ReadonlySet<string>
}

/** Above what picks up, by so much. */
const OVER = 1.2
/** Where a relay has no high set, a fault is so many times its pickup. */
const FAULT_PICKUPS = 5
const RESIDUAL_PU = { 'three-phase': 0.05, 'line-line': 0.4, 'line-line-ground': 0.3, 'line-ground': 0.5 } as const
const INTERRUPTERS: ReadonlySet<string> = new Set(['breaker', 'recloser'])

/** @returns the fault, or in words why none can be played there now */
export function testFault(feeder: Feeder, section: string, kind: TestFaultKind): TestFault | string {
  const entry = feeder.file.sections.find(each => each.name === section)
  if (entry === undefined) return `the feeder file has no section "${section}"`
  const near = [entry.from, entry.to].find(
    node => feeder.energised(node) === 'yes' && !feeder.upstream(node).sections.includes(section),
  )
  if (near === undefined) return `${section} is not fed now, as far as is known here`
  const atNear = feeder.file.devices.filter(
    device => device.section === section && (device.at === 'from' ? entry.from : entry.to) === near,
  )
  const open = atNear.find(({ name }) => feeder.position(name) !== 'closed')
  if (open !== undefined) return `${section}: ${open.name} is not closed, as far as is known here`
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
  const concerned = concernedBy(feeder, section, path, below)
  const amps = OVER * Math.max(...path.map(({ relay }) => largest(relay)))
  return { section, kind, amps, path, sections: new Set([...way.sections, section]), below, concerned }
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

function concernedBy(
  feeder: Feeder,
  section: string,
  path: readonly DeviceEntry[],
  below: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlySet<string> {
  const devices = new Set(path.map(({ name }) => name))
  const all = new Set<string>()
  for (const { name, operates } of feeder.file.ieds) if (operates !== undefined && devices.has(operates)) all.add(name)
  const [nearest] = path
  if (nearest !== undefined) {
    for (const ied of below.get(nearest.name) ?? []) all.add(ied)
    for (const ied of feeder.upstreamIeds({ device: nearest.name })) all.add(ied)
  }
  const { certain, undecided } = feeder.downstreamIeds(section)
  for (const ied of [...certain, ...undecided]) all.add(ied)
  const observer = feeder.observerOf(section)
  if (observer !== undefined) all.add(observer)
  return all
}

/** What became of the fault so far. */
export interface Played {
  /** Since the fault began, ms; negative before. */
  readonly sinceMs: number
  /** Devices of the path that would be open by now. */
  readonly opened: ReadonlySet<string>
  /** The own relay, or somebody through it, has told the own device to trip. */
  readonly tripped: boolean
  /** The own device or generator would be open. */
  readonly ownOpen: boolean
}

export const isPresent = ({ opened, sinceMs }: Pick<Played, 'opened' | 'sinceMs'>): boolean =>
  sinceMs >= 0 && opened.size === 0

/** A device's status, as far as the schemes look at it. */
export interface PlayedStatus {
  readonly at: Instant
  readonly position?: 'open' | 'closed'
  readonly pickup: boolean
  readonly groundPickup: boolean
  readonly highSet?: boolean
  readonly tripped: boolean
  readonly lockedOut: boolean
  readonly sag: boolean
  readonly dead: boolean
  readonly entered: number
  readonly left: number
  readonly residualPu?: number
}

/** What the device of an IED would show. */
export function playedStatus(feeder: Feeder, fault: TestFault, ied: string, played: Played, at: Instant): PlayedStatus {
  const { operates, observes } = feeder.ied(ied)
  const own = fault.path.find(({ name }) => name === operates)
  const device = feeder.file.devices.find(({ name }) => name === operates)
  const isThere = isPresent(played)
  const pickup = isThere && own?.relay !== undefined && picksUp(own, fault)
  const bits = (has: (section: string) => boolean): number =>
    observes.reduce((sum, section, bit) => (has(section) ? sum + 2 ** bit : sum), 0)
  const entered = isThere ? bits(section => fault.sections.has(section)) : 0
  const left = isThere ? bits(section => fault.sections.has(section) && section !== fault.section) : 0
  const dead = [...played.opened].some(opened => fault.below.get(opened)?.has(ied) === true)
  return {
    at,
    ...(operates === undefined ? {} : { position: played.ownOpen ? ('open' as const) : ('closed' as const) }),
    pickup,
    groundPickup: pickup && fault.kind.endsWith('ground'),
    ...(device?.relay?.highSet === undefined ? {} : { highSet: pickup && highSetSees(device, fault) }),
    tripped: played.tripped,
    lockedOut: false,
    sag: isThere,
    dead,
    entered,
    left,
    ...(isThere ? { residualPu: RESIDUAL_PU[fault.kind] } : {}),
  }
}

function picksUp({ relay }: DeviceEntry, { amps, kind }: TestFault): boolean {
  if (relay === undefined) return false
  return amps > relay.pickupAmps || (kind.endsWith('ground') && amps > (relay.ground?.pickupAmps ?? Infinity))
}

function highSetSees({ relay }: DeviceEntry, { amps, kind }: TestFault): boolean {
  const { highSet } = relay ?? {}
  if (highSet === undefined) return false
  return amps >= highSet.pickupAmps || (kind.endsWith('ground') && amps >= (highSet.groundPickupAmps ?? Infinity))
}

/** When its own relay would trip it, ms after the fault began, if nobody clears it before; undefined: never. */
export function ownTripMs({ relay }: DeviceEntry, { amps, kind }: TestFault): number | undefined {
  if (relay === undefined) return undefined
  const { ground, instantaneous } = relay
  const ofGround = kind.endsWith('ground') ? [ground, ground?.instantaneous] : []
  const seconds = [relay, instantaneous, ...ofGround].flatMap(each =>
    each === undefined ? [] : stageSeconds(each, amps),
  )
  const least = Math.min(...seconds)
  return Number.isFinite(least) ? 1000 * least : undefined
}
