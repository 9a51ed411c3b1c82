// What loads, generators and capacitors draw at each node of the live feeder.

import type { FeederFile, LoadEntry } from '../../topology/feeder-file.ts'
import { add, type Complex, complex, scaleBy, type Triple, triple, ZERO } from './complex.ts'
import { BASE_VA, type Grid, hasPhases, PHASES } from './grid.ts'

/** What people, tariffs and relays have set, by name. */
export interface Settings {
  readonly isOpen: (device: string) => boolean
  readonly isShed: (load: string) => boolean
  /** Of a load, generator or capacitor. */
  readonly isConnected: (name: string) => boolean
  /** Share of the loads' values in the feeder file now. */
  readonly loadShare: number
  /** Of everything: 0 stops all energy. */
  readonly scale: number
}

/** A part of a load or generator at one node, in per unit; generation is negative. */
export interface Drawn {
  readonly of: string
  readonly node: string
  readonly power: Triple<Complex>
}

export function drawnParts(file: FeederFile, grid: Grid, settings: Settings): Drawn[] {
  return [...file.loads.flatMap(load => loadParts(file, load, settings)), ...generation(file, grid, settings)]
}

export function sumByNode(parts: readonly Drawn[]): Map<string, Triple<Complex>> {
  const sums = new Map<string, Triple<Complex>>()
  for (const { node, power } of parts) {
    const before = sums.get(node)
    sums.set(node, before === undefined ? power : triple(i => add(before[i], power[i])))
  }
  return sums
}

/** Susceptances in per unit, by capacitor. */
export function capacitorParts(file: FeederFile, settings: Settings) {
  return file.capacitors
    .filter(c => settings.isConnected(c.name))
    .map(({ name, node, kvar }) => ({
      of: name,
      node,
      susceptance: triple(i => ((kvar[PHASES[i] ?? 'a'] ?? 0) * 1000 * Math.min(settings.scale, 1)) / BASE_VA),
    }))
}

function loadParts(file: FeederFile, load: LoadEntry, settings: Settings): Drawn[] {
  if (!settings.isConnected(load.name)) return []
  const share = settings.loadShare * settings.scale * (settings.isShed(load.name) ? 1 - load.sheddableShare : 1)
  const power = triple(i => {
    const phase = PHASES[i] ?? 'a'
    return scaleBy(complex(load.kw[phase] ?? 0, load.kvar[phase] ?? 0), (share * 1000) / BASE_VA)
  })
  if (load.node !== undefined) return [{ of: load.name, node: load.node, power }]
  const half = triple(i => scaleBy(power[i], 0.5))
  return nodesOfLine(file, load.along ?? '', settings).map(node => ({ of: load.name, node, power: half }))
}

/** Where the two halves of a load along a line hang. Beyond an open device, the line belongs to its other end. */
function nodesOfLine(file: FeederFile, sectionName: string, { isOpen }: Settings): string[] {
  const section = file.sections.find(s => s.name === sectionName)
  if (section === undefined) return []
  const isCut = (end: 'from' | 'to'): boolean =>
    file.devices.some(d => d.section === sectionName && d.at === end && isOpen(d.name))
  const ends = (['from', 'to'] as const).filter(end => !isCut(end)).map(end => section[end])
  const [one, other = one] = ends
  return one === undefined || other === undefined ? [] : [one, other]
}

function generation(file: FeederFile, grid: Grid, settings: Settings): Drawn[] {
  return file.generators
    .filter(g => settings.isConnected(g.name))
    .map(({ name, node, kw }) => {
      const has = grid.nodes.get(node)?.has ?? hasPhases([])
      const phases = has.filter(Boolean).length
      const each = phases === 0 ? 0 : (kw * 1000 * settings.scale) / phases / BASE_VA
      return { of: name, node, power: triple(i => (has[i] ? complex(-each, 0) : ZERO)) }
    })
}
