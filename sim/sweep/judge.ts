// What a fault's course says of the coordination: who ended the fault current first, when, and should it have been them?
//
// Right is the device nearest to the fault on its way to the source that sees it. The current has ended when the section
// has no closed way to any source any more: from the positions alone, so that no current has to be guessed.

import type { Feeder } from '../../topology/feeder.ts'
import type { AgentAct, FieldAct, Played } from './played.ts'
import type { Seen, Way } from './way-of-fault.ts'

export type Verdict =
  | 'right'
  /** The right one cleared it, and others tripped besides. */
  | 'others tripped'
  | 'wrong device'
  | 'not cleared'
  /** Without supply in the normal state: there is no current to clear. */
  | 'dark'
  /** Fed from two sides: cleared, but one right device cannot be named. */
  | 'cleared in a loop'
  /** The right device is stuck, and no other one sees the fault. */
  | 'no backup'
  /** Later than without the mesh, by a device less right, or with more devices tripped. */
  | 'worse than alone'

export interface Judged {
  readonly verdict: Verdict
  /** Nearest that sees it. Absent where none does, and where one alone cannot be named. */
  readonly expected?: string
  readonly clearedBy?: string
  readonly clearedMs?: number
  /** Devices that tripped or blew and should not have. */
  readonly alsoTripped: readonly string[]
  /** Devices that tripped on what generators below them fed into the fault: the other half of clearing it. */
  readonly infeedTripped: readonly string[]
  /** Whether the section has no supply at the end either. */
  readonly staysDead: boolean
  /** Generators left connected to the faulted section at the end. */
  readonly generatorsLeft: readonly string[]
  /** In words, for whatever is not right. */
  readonly why?: string
}

const TRIPS: ReadonlySet<FieldAct['kind']> = new Set(['trip', 'fuse blown'])
const OPENS: ReadonlySet<FieldAct['kind']> = new Set(['open', 'fuse blown'])
const CLOSES: ReadonlySet<FieldAct['kind']> = new Set(['close', 'reclose'])

/**
 * @param feeder in its normal state; left in the state at the end
 * @param stuck a device that cannot open: the next one is the right one then
 */
export function judge(
  feeder: Feeder,
  section: string,
  way: Way,
  seen: readonly Seen[],
  played: Played,
  stuck?: string,
): Judged {
  if (way.is === 'dark')
    return { verdict: 'dark', alsoTripped: [], infeedTripped: [], staysDead: true, generatorsLeft: [] }
  const expected = way.is === 'radial' ? rightDevice(seen, stuck) : undefined
  const tripped = [...trippedBy(feeder, played)]
  const infeed = new Set(tripped.filter(name => feedsIn(feeder, name, section)))
  const first = clearing(feeder, section, played.field, expected)
  const staysDead = feeder.sectionEnergised(section) === 'no'
  const isOther = (name: string): boolean =>
    name !== expected && name !== first?.device && name !== stuck && !infeed.has(name)
  const alsoTripped = way.is === 'loop' ? [] : tripped.filter(isOther)
  const common = {
    ...(expected === undefined ? {} : { expected }),
    ...(first === undefined ? {} : { clearedBy: first.device, clearedMs: first.atMs }),
    alsoTripped,
    infeedTripped: [...infeed],
    staysDead,
    generatorsLeft: generatorsOn(feeder, section).filter(name => !hasLeft(feeder, played, name)),
  }
  if (stuck !== undefined && expected === undefined) {
    return { verdict: 'no backup', ...common, why: `${stuck} is stuck, and nothing toward the source sees the fault` }
  }
  if (first === undefined || !staysDead)
    return { verdict: 'not cleared', ...common, why: notCleared(way, seen, played, first) }
  if (way.is === 'loop') return { verdict: 'cleared in a loop', ...common }
  if (first.device !== expected) return { verdict: 'wrong device', ...common, why: wrongDevice(expected, seen, first) }
  if (alsoTripped.length === 0) return { verdict: 'right', ...common }
  return { verdict: 'others tripped', ...common, why: `${alsoTripped.join(', ')} tripped too` }
}

/** Nearest to the fault of those that see it and can open. */
export const rightDevice = (seen: readonly Seen[], stuck?: string): string | undefined =>
  seen.find(({ device, sees }) => sees && device !== stuck)?.device

/** Moves the feeder's devices as they moved. @returns the first opening that took the section's last supply */
function clearing(
  feeder: Feeder,
  section: string,
  acts: readonly FieldAct[],
  expected: string | undefined,
): FieldAct | undefined {
  let first: FieldAct | undefined
  for (const act of acts) {
    if (OPENS.has(act.kind)) feeder.setPosition(act.device, 'open')
    else if (CLOSES.has(act.kind)) feeder.setPosition(act.device, 'closed')
    else continue
    if (first === undefined && feeder.sectionEnergised(section) === 'no') first = act
    // Of those that open in the same instant the right one counts: which comes first here is a matter of the file's order.
    else if (first !== undefined && act.atMs === first.atMs && act.device === expected) first = act
  }
  return first
}

/** The fault is not below the device, and a generator is. In the normal state. */
function feedsIn(feeder: Feeder, device: string, section: string): boolean {
  const { sections, generators } = feeder.downstreamOfDevice(device)
  return generators.size > 0 && !sections.has(section) && feeder.device(device).section !== section
}

/** By their own relays or links, or by agents that took another's breaker for failed. */
function trippedBy(feeder: Feeder, { field, agents }: Played): Set<string> {
  const backedUp = agents
    .filter(({ cause, operation }) => cause === 'breaker-failure' && operation === 'open')
    .flatMap(({ ied }: AgentAct) => feeder.ied(ied).operates ?? [])
  return new Set([...field.filter(({ kind }) => TRIPS.has(kind)).map(({ device }) => device), ...backedUp])
}

function notCleared(way: Way, seen: readonly Seen[], { field, forMs }: Played, first: FieldAct | undefined): string {
  if (way.is === 'loop') return `within ${seconds(forMs)} s not all ways to the section were opened`
  if (first !== undefined) return `${first.device} opened after ${first.atMs} ms, but closed onto it again and stayed`
  if (seen.length === 0) return 'no device with a relay or fuse between it and the source'
  const stuck = field.filter(({ kind }) => kind === 'stuck').map(({ device }) => device)
  if (stuck.length > 0) return `${stuck.join(', ')} did not move`
  const seeing = seen.filter(({ sees }) => sees)
  if (seeing.length === 0) return `below pickup: ${seen.map(inWords).join('; ')}`
  return `${seeing.map(inWords).join('; ')}: not open within ${seconds(forMs)} s`
}

function wrongDevice(expected: string | undefined, seen: readonly Seen[], { device }: FieldAct): string {
  const nearest = seen.find(each => each.device === expected)
  if (nearest === undefined) return `${device} opened, which does not see it`
  return `${device} opened before ${inWords(nearest)}`
}

/** `R675 sees 310 A, picks up above 400 A`, with the ground element where there is one. */
export function inWords({ device, kind, amps, pickupAmps, ground }: Seen): string {
  const verb = kind === 'fuse' ? 'melts from' : 'picks up above'
  const phase = `${device} sees ${figure(amps)} A, ${verb} ${figure(pickupAmps)} A`
  return ground === undefined
    ? phase
    : `${phase} (ground ${figure(ground.amps)} A, above ${figure(ground.pickupAmps)} A)`
}

const figure = (amps: number): string => (amps < 10 ? amps.toFixed(1) : amps.toFixed(0))
const seconds = (ms: number): string => String(Math.round(ms / 100) / 10)

/** Its own agent has opened its contactor. */
const hasLeft = (feeder: Feeder, { agents }: Played, generator: string): boolean =>
  agents.some(({ ied, operation }) => operation === 'open' && feeder.ied(ied).operates === generator)

/** Connected to the section through what is closed at the end. */
function generatorsOn(feeder: Feeder, section: string): string[] {
  const { file } = feeder
  const isCut = (name: string, end: 'from' | 'to'): boolean =>
    file.devices.some(device => device.section === name && device.at === end && feeder.position(device.name) === 'open')
  const start = feeder.section(section)
  const reached = new Set<string>()
  const queue = [isCut(section, 'from') ? [] : start.from, isCut(section, 'to') ? [] : start.to].flat()
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (reached.has(node)) continue
    reached.add(node)
    for (const { name, from, to } of file.sections) {
      if ((from !== node && to !== node) || isCut(name, 'from') || isCut(name, 'to')) continue
      queue.push(from === node ? to : from)
    }
  }
  return file.generators.filter(generator => reached.has(generator.node)).map(({ name }) => name)
}
