// What each relay of a feeder must tell apart: the load that it carries in the normal state, and the least fault that it
// must see. Computed with the plant, every fault bolted and at a node, generators connected.

import { createPlant } from '../../sim/plant/plant.ts'
import type { FaultKind, Plant } from '../../sim/plant/plant-port.ts'
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
  /** The next protective devices below. */
  readonly below: readonly string[]
}

const protects = (device: DeviceEntry): boolean => device.relay !== undefined || device.meltingCurve !== undefined

export function settingsTable(file: FeederFile, prepare: (plant: Plant) => void = () => {}): SettingsRow[] {
  const plant = createPlant(file)
  prepare(plant)
  const feeder = createFeeder(file)
  for (const { name } of file.devices) feeder.setPosition(name, plant.position(name))
  const devices = file.devices.filter(device => protects(device) && plant.position(device.name) === 'closed')
  const below = new Map(devices.map(device => [device.name, feeder.downstream(device.section)]))
  const loads = new Map(devices.map(({ name }) => [name, plant.through(name)]))

  return devices.map(device => {
    const fed = below.get(device.name)?.nodes ?? new Set<string>()
    const further = devices.filter(other => other !== device && below.get(device.name)?.sections.has(other.section))
    const taken = new Set(further.flatMap(other => [...(below.get(other.name)?.nodes ?? [])]))
    const next = further.filter(other => !further.some(mid => below.get(mid.name)?.sections.has(other.section)))
    const nodes = file.nodes.filter(({ name }) => fed.has(name) && !taken.has(name))
    const least: { phase?: Least; groundPhase?: Least; residual?: Least } = {}
    const note = (key: keyof typeof least, amps: number, at: string): void => {
      const known = least[key]
      if (known === undefined || amps < known.amps) least[key] = { amps, at }
    }
    for (const { name: node, phases } of nodes) {
      for (const { kind, on } of faultsOn(phases)) {
        plant.fault({ name: 'test', node, kind, phases: on })
        const { amps, residualAmps } = plant.through(device.name)
        const largest = Math.max(amps.a ?? 0, amps.b ?? 0, amps.c ?? 0)
        const at = `${node} ${kind} ${on.join('')}`
        if (kind === 'line-ground') {
          note('groundPhase', largest, at)
          note('residual', residualAmps, at)
        } else note('phase', largest, at)
        plant.clearFault('test')
      }
    }
    const load = loads.get(device.name)
    return {
      device,
      loadAmps: Math.max(load?.amps.a ?? 0, load?.amps.b ?? 0, load?.amps.c ?? 0),
      loadResidualAmps: load?.residualAmps ?? 0,
      leastPhase: least.phase,
      leastGroundPhase: least.groundPhase,
      leastResidual: least.residual,
      below: next.map(({ name }) => name),
    }
  })
}

type Phases = FeederFile['nodes'][number]['phases']

function faultsOn(phases: Phases): { readonly kind: FaultKind; readonly on: Phases }[] {
  const single = phases.map(phase => ({ kind: 'line-ground' as const, on: [phase] }))
  const pairs = phases.flatMap((one, n) =>
    phases.slice(n + 1).map(other => ({ kind: 'line-line' as const, on: [one, other] })),
  )
  return phases.length === 3 ? [...single, ...pairs, { kind: 'three-phase', on: phases }] : [...single, ...pairs]
}
