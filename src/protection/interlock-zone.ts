// The zone of a device for the interlock: what its fast trip answers for, and who may see the same fault farther down.
//
// From the device away from the source, by the positions of now, up to the next devices that interrupt fault current. Those
// with an IED are its protective neighbours: they are asked. Fuses and other interrupters without one are waited for.
// Switches and sectionalizers that are closed are looked through, and open devices end the zone. Where the position of a
// device around the zone is not known, or the zone could have a source of its own, there is no zone, and no fast trip.
//
// An open device that recloses by itself may be closed again by now: the message that says so takes its time, and a fault
// that it closes onto comes at once. Those are named apart.

import type { Feeder } from '../../topology/feeder.ts'
import type { DeviceEntry, FeederFile } from '../../topology/feeder-file.ts'
import { MOST_ASKED } from './relay-messages.ts'

export interface InterlockZone {
  /** Devices whose IEDs are asked, by name. */
  readonly neighbours: readonly string[]
  /** Interrupters without an IED right below. */
  readonly waitFor: readonly DeviceEntry[]
  /** Open devices at its end that close by themselves, unless they have locked out. */
  readonly mayReclose: readonly string[]
  /** Whether a generator could feed a fault from below, so that the direction must be seen. */
  readonly feedsFromBelow: boolean
}

/** There is no zone to answer for, and why. */
export interface NoZone {
  readonly bar: string
}

const INTERRUPTS: ReadonlySet<string> = new Set(['breaker', 'recloser', 'fuse'])

/** A section's end: the devices in series that stand between the section and its node. */
interface Joint {
  readonly to: string
  readonly devices: readonly DeviceEntry[]
}
/** By `node NAME` and `section NAME`. */
type Joints = ReadonlyMap<string, readonly Joint[]>

const known = new WeakMap<FeederFile, Joints>()
function jointsOf(file: FeederFile): Joints {
  const made = known.get(file) ?? joined(file)
  known.set(file, made)
  return made
}

function joined({ sections, devices }: FeederFile): Joints {
  const joints = new Map<string, Joint[]>()
  const add = (from: string, joint: Joint): void => {
    const list = joints.get(from)
    if (list === undefined) joints.set(from, [joint])
    else list.push(joint)
  }
  const bySection = new Map<string, DeviceEntry[]>()
  for (const device of devices) bySection.set(device.section, [...(bySection.get(device.section) ?? []), device])
  for (const section of sections) {
    for (const end of ['from', 'to'] as const) {
      const between = (bySection.get(section.name) ?? []).filter(({ at }) => at === end)
      add(`node ${section[end]}`, { to: `section ${section.name}`, devices: between })
      add(`section ${section.name}`, { to: `node ${section[end]}`, devices: between })
    }
  }
  return joints
}

type Positions = Pick<Feeder, 'file' | 'position'>

export function interlockZone(feeder: Positions, own: DeviceEntry): InterlockZone | NoZone {
  const { file } = feeder
  const section = file.sections.find(({ name }) => name === own.section)
  if (section === undefined) return { bar: `${own.name} stands on no section` }
  const sides = [`section ${section.name}`, `node ${section[own.at]}`]
  const withSource = sides.filter(side => reaches(feeder, side, own.name, sourcesOf(file)))
  if (withSource.length === 0) return { bar: 'no source feeds it' }
  if (withSource.length > 1) return { bar: 'it may be fed from both sides' }
  const below = sides.find(side => side !== withSource[0]) as string
  const zone = around(feeder, below, own)
  if ('bar' in zone) return zone
  return { ...zone, feedsFromBelow: reaches(feeder, below, own.name, generatorsOf(file)) }
}

const sourcesOf = ({ sources }: FeederFile): ReadonlySet<string> => new Set(sources.map(({ node }) => `node ${node}`))
const generatorsOf = ({ generators }: FeederFile): ReadonlySet<string> =>
  new Set(generators.map(({ node }) => `node ${node}`))

/** Whether any of these may be connected, with the own device open and every unknown one closed. */
function reaches(feeder: Positions, start: string, own: string, wanted: ReadonlySet<string>): boolean {
  const joints = jointsOf(feeder.file)
  const isShut = ({ name }: DeviceEntry): boolean => name === own || feeder.position(name) === 'open'
  const seen = new Set([start])
  for (const vertex of seen) {
    if (wanted.has(vertex)) return true
    for (const { to, devices } of joints.get(vertex) ?? []) if (!devices.some(isShut)) seen.add(to)
  }
  return false
}

function around(feeder: Positions, start: string, own: DeviceEntry): Omit<InterlockZone, 'feedsFromBelow'> | NoZone {
  const joints = jointsOf(feeder.file)
  const operated = new Set(feeder.file.ieds.flatMap(({ operates }) => operates ?? []))
  const neighbours = new Set<string>()
  const waitFor = new Set<DeviceEntry>()
  const mayReclose = new Set<string>()
  const seen = new Set([start])
  for (const vertex of seen) {
    for (const { to, devices } of joints.get(vertex) ?? []) {
      if (devices.includes(own)) {
        // Others in series with it at this end: on which side of it they stand, the file does not say.
        for (const device of devices) if (device !== own && INTERRUPTS.has(device.kind)) waitFor.add(device)
        continue
      }
      const unknown = devices.find(({ name }) => feeder.position(name) === 'unknown')
      if (unknown !== undefined) return { bar: `the position of ${unknown.name} is not known` }
      const open = devices.filter(({ name }) => feeder.position(name) === 'open')
      for (const { name, reclose } of open) if (reclose !== undefined) mayReclose.add(name)
      if (open.length > 0) continue
      const interrupting = devices.filter(({ kind }) => INTERRUPTS.has(kind))
      for (const device of interrupting) {
        if (operated.has(device.name)) neighbours.add(device.name)
        else waitFor.add(device)
      }
      if (interrupting.length === 0) seen.add(to)
    }
  }
  if (neighbours.size > MOST_ASKED) return { bar: `${neighbours.size} neighbours, want ${MOST_ASKED} at the most` }
  return { neighbours: [...neighbours].sort(), waitFor: [...waitFor], mayReclose: [...mayReclose].sort() }
}
