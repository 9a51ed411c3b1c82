// What each relay of a feeder must tell apart: the load that it carries in the normal state, and the least fault that it
// must see. Computed with the plant, every fault bolted and at a node, generators connected.

import { pickedUp } from '../../sim/plant/elements.ts'
import { createPlant } from '../../sim/plant/plant.ts'
import type { DeviceCurrent, FaultKind, Plant } from '../../sim/plant/plant-port.ts'
import { createFeeder } from '../../topology/feeder.ts'
import type { DeviceEntry, FeederFile } from '../../topology/feeder-file.ts'

export interface Least {
  readonly amps: number
  readonly at: string
}

export interface SettingsRow {
  readonly device: DeviceEntry
  readonly loadAmps: number
  readonly loadResidualAmps: number
  /** Of faults that it is the nearest protection for: largest phase current, without those to ground of one phase. */
  readonly leastPhase: Least | undefined
  /** Of one phase to ground: the phase current, and the sum of the phases. */
  readonly leastGroundPhase: Least | undefined
  readonly leastResidual: Least | undefined
  /** Faults elsewhere, which do not concern it, that pick it up all the same: it feeds them from behind. */
  readonly picksUpOutside: readonly string[]
  /** The next protective devices below. */
  readonly below: readonly string[]
}

const protects = (device: DeviceEntry): boolean => device.relay !== undefined || device.meltingCurve !== undefined

/** What one fault makes flow through each protective device. */
interface FaultSeen {
  readonly node: string
  readonly kind: FaultKind
  readonly at: string
  readonly through: ReadonlyMap<string, DeviceCurrent>
}

export function settingsTable(file: FeederFile, prepare: (plant: Plant) => void = () => {}): SettingsRow[] {
  const plant = createPlant(file)
  prepare(plant)
  const feeder = createFeeder(file)
  for (const { name } of file.devices) feeder.setPosition(name, plant.position(name))
  const devices = file.devices.filter(device => protects(device) && plant.position(device.name) === 'closed')
  const currents = (): ReadonlyMap<string, DeviceCurrent> =>
    new Map(devices.map(({ name }) => [name, plant.through(name)]))
  const below = new Map(devices.map(device => [device.name, feeder.downstream(device.section)]))
  const load = currents()
  const seen = file.nodes.flatMap(({ name: node, phases }) =>
    faultsOn(phases).map(({ kind, on }): FaultSeen => {
      plant.fault({ name: 'test', node, kind, phases: on })
      const through = currents()
      plant.clearFault('test')
      return { node, kind, at: `${node} ${kind} ${on.join('')}`, through }
    }),
  )
  return devices.map(device => {
    const { name } = device
    const fed = below.get(name)?.nodes ?? new Set<string>()
    const further = devices.filter(other => other !== device && below.get(name)?.sections.has(other.section))
    const taken = new Set(further.flatMap(other => [...(below.get(other.name)?.nodes ?? [])]))
    const own = seen.filter(({ node }) => fed.has(node) && !taken.has(node))
    const currentOf = (fault: FaultSeen): DeviceCurrent => fault.through.get(name) ?? NO_CURRENT
    const least = (of: readonly FaultSeen[], amps: (current: DeviceCurrent) => number): Least | undefined =>
      of.map(fault => ({ amps: amps(currentOf(fault)), at: fault.at })).sort((one, other) => one.amps - other.amps)[0]
    const toGround = own.filter(({ kind }) => kind === 'line-ground')
    const outside = seen.filter(({ node }) => !fed.has(node))
    return {
      device,
      loadAmps: largestOf(load.get(name) ?? NO_CURRENT),
      loadResidualAmps: load.get(name)?.residualAmps ?? 0,
      leastPhase: least(
        own.filter(({ kind }) => kind !== 'line-ground'),
        largestOf,
      ),
      leastGroundPhase: least(toGround, largestOf),
      leastResidual: least(toGround, current => current.residualAmps),
      picksUpOutside: outside.filter(fault => isPickedUp(device, currentOf(fault))).map(({ at }) => at),
      below: further
        .filter(other => !further.some(mid => below.get(mid.name)?.sections.has(other.section)))
        .map(other => other.name),
    }
  })
}

const NO_CURRENT: DeviceCurrent = { amps: {}, residualAmps: 0 }
function isPickedUp(device: DeviceEntry, current: DeviceCurrent): boolean {
  const { phase, ground } = pickedUp(device, current)
  return phase || ground
}
const largestOf = ({ amps }: DeviceCurrent): number => Math.max(amps.a ?? 0, amps.b ?? 0, amps.c ?? 0)

type Phases = FeederFile['nodes'][number]['phases']

function faultsOn(phases: Phases): { readonly kind: FaultKind; readonly on: Phases }[] {
  const single = phases.map(phase => ({ kind: 'line-ground' as const, on: [phase] }))
  const pairs = phases.flatMap((one, n) =>
    phases.slice(n + 1).map(other => ({ kind: 'line-line' as const, on: [one, other] })),
  )
  return phases.length === 3 ? [...single, ...pairs, { kind: 'three-phase', on: phases }] : [...single, ...pairs]
}
