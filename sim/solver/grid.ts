// The part of a feeder file that never changes while it runs: numbers in place of names, and what hangs where.

import type { Connection, FeederFile, GeneratorEntry, PerConnection, Phase } from '../../topology/feeder-file.ts'
import { nominalVolts } from '../../topology/nominal-volts.ts'
import { type Element, GROUND, shunt, slotOf } from './element.ts'
import { type Chain, type SectionModel, sectionModels } from './section-chain.ts'
import type { End } from './solver-port.ts'

/** One part of a load, between two phases or from one to ground. */
export interface LoadPart {
  /** Place in the file's list. */
  readonly load: number
  readonly phases: readonly Phase[]
  /** At a node, or in the middle of a section that it is spread along. */
  readonly at: { readonly vertex: number } | { readonly section: number }
  readonly watts: number
  readonly vars: number
  /** Across the part, where it draws them. */
  readonly ratedVolts: number
}

export interface CapacitorPart {
  readonly capacitor: number
  readonly element: Element
}

export interface Grid {
  readonly file: FeederFile
  readonly nodeNumber: ReadonlyMap<string, number>
  readonly sectionNumber: ReadonlyMap<string, number>
  /** By node number, line to neutral. */
  readonly nominalVolts: Float64Array
  readonly sections: readonly {
    readonly model: SectionModel
    readonly from: number
    readonly to: number
    readonly devices: readonly { readonly name: string; readonly end: End }[]
    /** Whether a load is spread along it. */
    readonly isLoaded: boolean
    /** Its chain with both ends closed and nothing inside; `make` is called the first time only. */
    readonly plain: (make: () => Chain) => Chain
  }[]
  readonly loadParts: readonly LoadPart[]
  /** By section, those spread along it. */
  readonly partsAlong: ReadonlyMap<number, readonly LoadPart[]>
  /** Places in the file's lists, by name. */
  readonly numbers: Readonly<Record<'load' | 'capacitor' | 'generator' | 'source', ReadonlyMap<string, number>>>
  readonly capacitorParts: readonly CapacitorPart[]
}

/**
 * Where an evenly spread load stands, as a share of its section. In the middle it drops the same voltage at the far end as
 * the spread load does, whichever end feeds it. Of the loss, the part that the spread load causes alone comes out as 1/2
 * in place of 1/3 of what it would be at the far end; the published load flows have it so, too.
 */
export const LOAD_POSITION = 0.5

/** @throws RangeError for a section, load or capacitor that names what is not there */
export function buildGrid(file: FeederFile): Grid {
  const nodeNumber = numbered(file.nodes)
  const sectionNumber = numbered(file.sections)
  const nominal = nominalVolts(file)
  const loaded = new Set(file.loads.map(({ along }) => along))
  const vertex = (node: string, of: string): number => {
    const found = nodeNumber.get(node)
    if (found === undefined) throw new RangeError(`${of}: node ${node} is not in the feeder file`)
    return found
  }
  const devicesOn = new Map<string, { name: string; end: End }[]>()
  for (const { name, section, at } of file.devices) {
    devicesOn.set(section, [...(devicesOn.get(section) ?? []), { name, end: at }])
  }
  const sections = sectionModels(file, nominal).map(model => ({
    model,
    from: vertex(model.entry.from, model.entry.name),
    to: vertex(model.entry.to, model.entry.name),
    devices: devicesOn.get(model.entry.name) ?? [],
    isLoaded: loaded.has(model.entry.name),
    plain: kept(),
  }))
  const voltsAt = Float64Array.from(file.nodes, ({ name }) => nominal.get(name) ?? 0)
  const parts = hanging()
  const partsAlong = new Map<number, LoadPart[]>()
  for (const part of parts.loadParts) {
    if ('section' in part.at) partsAlong.set(part.at.section, [...(partsAlong.get(part.at.section) ?? []), part])
  }
  const numbers = {
    load: numbered(file.loads),
    capacitor: numbered(file.capacitors),
    generator: numbered(file.generators),
    source: numbered(file.sources),
  }
  return { file, nodeNumber, sectionNumber, nominalVolts: voltsAt, sections, numbers, partsAlong, ...parts }

  function hanging(): Pick<Grid, 'loadParts' | 'capacitorParts'> {
    return {
      loadParts: file.loads.flatMap((entry, load) =>
        connections(entry.kw, entry.kvar).flatMap(({ key, one: kw, other: kvar }): LoadPart[] => {
          const section = sectionNumber.get(entry.along ?? '')
          const node = entry.node ?? file.sections[section ?? -1]?.to ?? ''
          const phases = [...key] as Phase[]
          const lineVolts = voltsAt[vertex(node, entry.name)] ?? 0
          const ratedVolts = entry.ratedKv === undefined ? across(key, lineVolts) : entry.ratedKv * 1000
          const part = { load, phases, ratedVolts, watts: kw * 1000, vars: kvar * 1000 }
          if (section === undefined) return [{ ...part, at: { vertex: vertex(node, entry.name) } }]
          const half = { ...part, watts: part.watts / 2, vars: part.vars / 2 }
          return ([0, 1] as const).map(point => ({ ...half, at: { section, point } }))
        }),
      ),
      capacitorParts: file.capacitors.flatMap(({ name, node, kvar, ratedKv }, capacitor) =>
        connections(kvar, {}).map(({ key, one }) => {
          const at = vertex(node, name)
          const volts = ratedKv === undefined ? across(key, voltsAt[at] ?? 0) : ratedKv * 1000
          const [first, second] = [...key] as [Phase, Phase?]
          const other = second === undefined ? GROUND : slotOf(at, second)
          return { capacitor, element: shunt(slotOf(at, first), other, 0, (one * 1000) / (volts * volts)) }
        }),
      ),
    }
  }
}

const numbered = (list: readonly { readonly name: string }[]): ReadonlyMap<string, number> =>
  new Map(list.map(({ name }, n) => [name, n]))

function kept(): (make: () => Chain) => Chain {
  let chain: Chain | undefined
  return make => {
    chain ??= make()
    return chain
  }
}

/** Of the machine, or of its node. */
export const generatorPhases = ({ file, nodeNumber }: Grid, { node, phases }: GeneratorEntry): readonly Phase[] =>
  phases ?? file.nodes[nodeNumber.get(node) ?? -1]?.phases ?? []

/** The voltage across a part, of what each phase has to neutral. */
const across = (key: Connection, lineToNeutral: number): number => (key.length === 2 ? Math.sqrt(3) : 1) * lineToNeutral

function connections(one: PerConnection, other: PerConnection): { key: Connection; one: number; other: number }[] {
  return (['a', 'b', 'c', 'ab', 'bc', 'ca'] as const)
    .map(key => ({ key, one: one[key] ?? 0, other: other[key] ?? 0 }))
    .filter(part => part.one !== 0 || part.other !== 0)
}
