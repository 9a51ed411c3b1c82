// From a fault back to its source: the devices that could interrupt its current, and what each of them sees of it.

import type { Feeder } from '../../topology/feeder.ts'
import type { DeviceEntry } from '../../topology/feeder-file.ts'
import { pickedUp } from '../plant/elements.ts'
import type { DeviceCurrent, Plant } from '../plant/plant-port.ts'

/** What one interrupting device sees of a fault, in primary amperes. */
export interface Seen {
  readonly device: string
  readonly kind: DeviceEntry['kind']
  /** Of the largest phase. */
  readonly amps: number
  /** Above which it picks up; for a fuse the least current that its curve blows at. */
  readonly pickupAmps: number
  /** The sum of the phases, beside its pickup; absent without a ground element. */
  readonly ground?: { readonly amps: number; readonly pickupAmps: number }
  readonly sees: boolean
}

export type Way =
  /** No source reaches the section in the normal state. */
  | { readonly is: 'dark' }
  /** The section is part of a loop or stands between two sources: one device alone cannot clear it. */
  | { readonly is: 'loop' }
  /** Devices that interrupt by themselves, nearest to the fault first. */
  | { readonly is: 'radial'; readonly devices: readonly DeviceEntry[] }

/** Breakers and reclosers with a relay and fuses with a curve; the others open when told to. */
export const interruptsByItself = ({ kind, relay, meltingCurve }: DeviceEntry): boolean =>
  kind === 'fuse' ? meltingCurve !== undefined : relay !== undefined

/** In the feeder's present state. A device at the far end of the section itself does not see what is before it. */
export function wayToSource(feeder: Feeder, sectionName: string): Way {
  if (feeder.sectionEnergised(sectionName) === 'no') return { is: 'dark' }
  const section = feeder.section(sectionName)
  const ends = [
    { far: section.to, farEnd: 'to' },
    { far: section.from, farEnd: 'from' },
  ] as const
  for (const { far, farEnd } of ends) {
    const { sections, devices, onAnyWay } = feeder.upstream(far)
    if (!sections.includes(sectionName)) continue
    if (onAnyWay.certain.size > sections.length) return { is: 'loop' }
    const between = devices
      .map(name => feeder.device(name))
      .filter(device => !(device.section === sectionName && device.at === farEnd))
    return { is: 'radial', devices: between.filter(interruptsByItself) }
  }
  // Live from one end, and open or nothing at the other.
  return openEnded(feeder, sectionName)
}

function openEnded(feeder: Feeder, sectionName: string): Way {
  const { from, to } = feeder.section(sectionName)
  const isOpenAt = (end: 'from' | 'to'): boolean =>
    feeder.file.devices.some(
      ({ name, section, at }) => section === sectionName && at === end && feeder.position(name) === 'open',
    )
  if (!isOpenAt('from') && !isOpenAt('to')) return { is: 'loop' }
  const [node, near] = isOpenAt('to') ? [from, 'from'] : [to, 'to']
  const own = feeder.file.devices.filter(({ section, at }) => section === sectionName && at === near)
  const above = feeder.upstream(node).devices.map(name => feeder.device(name))
  return { is: 'radial', devices: [...own, ...above].filter(interruptsByItself) }
}

/** What the devices see in the plant's present state. */
export const seenBy = (plant: Plant, devices: readonly DeviceEntry[]): Seen[] =>
  devices.map(device => seen(device, plant.through(device.name)))

function seen(device: DeviceEntry, current: DeviceCurrent): Seen {
  const { name, kind, relay, meltingCurve } = device
  const { a = 0, b = 0, c = 0 } = current.amps
  const amps = Math.max(a, b, c)
  if (kind === 'fuse') {
    const pickupAmps = meltingCurve?.[0]?.[0] ?? Number.POSITIVE_INFINITY
    return { device: name, kind, amps, pickupAmps, sees: amps >= pickupAmps }
  }
  const { phase, ground } = pickedUp(device, current)
  const stage = relay?.ground
  return {
    device: name,
    kind,
    amps,
    pickupAmps: relay?.pickupAmps ?? Number.POSITIVE_INFINITY,
    ...(stage === undefined ? {} : { ground: { amps: current.residualAmps, pickupAmps: stage.pickupAmps } }),
    sees: phase || ground,
  }
}
