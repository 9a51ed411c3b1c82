// Proposes switching devices and IEDs for a feeder that has none or too few, by rules that anybody can follow on paper.
//
// What the file has is kept. Added are, in this order:
// - a breaker on each section that leaves a substation, behind its transformer and regulator;
// - a recloser at the start of each lateral that carries a good share of the feeder, and along the main where half of
//   what the last device carried is left;
// - an IED for every switching device but fuses, for every generator and capacitor, a meter for every place with loads;
// - for every section an observer on its way to the source: the IED of the nearest device, else an RTU.
//
// It is a proposal to be edited. Relay settings are given where the loads and voltages say what current flows.

import type { DeviceEntry, FeederFile, IedEntry, LoadEntry, SectionEntry } from './feeder-file.ts'
import { groupBy } from './group-by.ts'
import { totalOf } from './load-power.ts'
import { byName } from './network.ts'
import { createRelaySettings, type RelaySettings } from './place-relays.ts'
import { type SpanningTree, spanningTree } from './spanning-tree.ts'

export interface PlacingOptions {
  /** To whom the new IEDs belong. */
  readonly organisation?: string
  /** The share of a feeder's power or customers for which a lateral gets a recloser. */
  readonly lateralShare?: number
}

export interface Placing {
  /** The file with what was added; it passes the same checks as the one given. */
  readonly file: FeederFile
  /** Names of what was added. */
  readonly devices: readonly string[]
  readonly ieds: readonly string[]
  /** What a person has to look at, in sentences. */
  readonly toCheck: readonly string[]
}

/** More reclosers than this one after another cannot be graded in time. */
const MOST_IN_SERIES = 3
/** A section's bit in the fault-passage registers of its observer (see `observes`). */
const MOST_OBSERVED = 16

/** @param file as `parseFeeder` returns it */
export function placeIeds(file: FeederFile, options: PlacingOptions = {}): Placing {
  const tree = spanningTree(file)
  const names = namesIn(file)
  const devices = [...file.devices, ...newDevices(file, tree, names, options.lateralShare ?? 0.15)]
  const graded = createRelaySettings({ ...file, devices }, tree)
  const added = devices.slice(file.devices.length).map(device => withRelay(device, graded))
  const whole = { ...file, devices: [...file.devices, ...added] }
  const ieds = newIeds(whole, tree, names, options.organisation ?? 'utility')
  const observed = withObservers(
    { ...whole, ieds: [...file.ieds, ...ieds] },
    tree,
    names,
    options.organisation ?? 'utility',
  )
  return {
    file: { ...whole, ieds: observed },
    devices: added.map(({ name }) => name),
    ieds: observed.slice(file.ieds.length).map(({ name }) => name),
    toCheck: sentences(added, graded),
  }
}

function sentences(added: readonly DeviceEntry[], graded: RelaySettings): string[] {
  const withSettings = added.filter(({ relay }) => relay !== undefined).map(({ name }) => name)
  const without = added
    .filter(({ name, kind }) => kind !== 'switch' && graded.settings(name) === undefined)
    .map(({ name }) => name)
  return [
    ...(added.length > 0 ? [`Devices proposed by rule: ${added.map(({ name }) => name).join(', ')}.`] : []),
    ...(withSettings.length > 0
      ? [
          `Relay settings to be checked against the fault currents: ${withSettings.join(', ')}. Pickup is twice the load current, delays step by 300 ms, no reclosing is set.`,
        ]
      : []),
    ...(without.length > 0 ? [`No relay settings could be computed for ${without.join(', ')}.`] : []),
  ]
}

function withRelay(device: DeviceEntry, graded: RelaySettings): DeviceEntry {
  const relay = graded.settings(device.name)
  return relay === undefined ? device : { ...device, relay }
}

interface Names {
  /** The wanted name, shortened and made free. */
  free(wanted: string): string
}

function namesIn(file: FeederFile): Names {
  const taken = new Set(
    [file.devices, file.loads, file.generators, file.capacitors, file.ieds].flatMap(list =>
      list.map(({ name }) => name),
    ),
  )
  return {
    free(wanted) {
      const short = wanted.slice(0, 58)
      let name = short
      for (let number = 2; taken.has(name); number++) name = `${short}-${number}`
      taken.add(name)
      return name
    },
  }
}

/** What lies below each node, itself included: power and customers, loads along the section that feeds it too. */
interface Burden {
  readonly kw: number
  readonly customers: number
}

function burdens(file: FeederFile, tree: SpanningTree): (node: string) => Burden {
  const at = groupBy(file.loads, load => load.node ?? '')
  const alongs = groupBy(file.loads, load => load.along ?? '')
  const below = new Map<string, Burden>()
  for (const node of [...tree.order].reverse()) {
    const feed = tree.parent.get(node)?.section.name
    const own = [...(at.get(node) ?? []), ...(feed === undefined ? [] : (alongs.get(feed) ?? []))]
    const children = (tree.children.get(node) ?? []).map(child => below.get(child.node))
    below.set(node, {
      kw: sum(own, load => totalOf(load.kw)) + sum(children, child => child?.kw ?? 0),
      customers: sum(own, load => load.customers) + sum(children, child => child?.customers ?? 0),
    })
  }
  return node => below.get(node) ?? { kw: 0, customers: 0 }
}

const sum = <T>(list: readonly T[], value: (each: T) => number): number =>
  list.reduce((total, each) => total + value(each), 0)

function newDevices(file: FeederFile, tree: SpanningTree, names: Names, lateralShare: number): DeviceEntry[] {
  const burden = burdens(file, tree)
  const occupied = new Set(file.devices.map(({ section }) => section))
  const transforming = new Set([...file.transformers, ...file.regulators].map(({ section }) => section))
  const isLoaded = new Set(file.loads.flatMap(({ node }) => node ?? []))
  const added: DeviceEntry[] = []
  const roots = new Set(file.sources.map(({ node }) => node))
  for (const { node } of [...file.sources].sort(byName)) {
    const substation = substationBus(node)
    for (const { node: far, section } of tree.children.get(substation) ?? []) {
      if (!occupied.has(section.name)) add('breaker', `CB-${far}`, section, substation)
      split(far, burden(far), burden(far), 0)
    }
  }
  return added

  /** The first node from which lines leave: transformers and regulators in a row belong to the substation. */
  function substationBus(source: string): string {
    let node = source
    for (let next = onlyChild(node); next !== undefined; next = onlyChild(node)) node = next
    return node
  }

  function onlyChild(node: string): string | undefined {
    const [child, ...others] = tree.children.get(node) ?? []
    if (child === undefined || others.length > 0 || isLoaded.has(node)) return undefined
    return transforming.has(child.section.name) && !occupied.has(child.section.name) ? child.node : undefined
  }

  /** @param last what the device upstream carries; `inSeries` counts those since the breaker */
  function split(start: string, feeder: Burden, lastAtStart: Burden, inSeriesAtStart: number): void {
    const pending = [{ node: start, last: lastAtStart, inSeries: inSeriesAtStart }]
    for (let here = pending.pop(); here !== undefined; here = pending.pop()) {
      const branches = tree.children.get(here.node) ?? []
      const main = branches.reduce<string | undefined>(
        (best, { node }) => (best === undefined || burden(node).kw > burden(best).kw ? node : best),
        undefined,
      )
      for (const { node, section } of branches) {
        const carried = burden(node)
        const isOccupied = occupied.has(section.name)
        const isFit =
          !isOccupied && !transforming.has(section.name) && !roots.has(node) && here.inSeries < MOST_IN_SERIES
        const wanted =
          node === main ? isHalved(carried, here.last) && isWorthwhile(carried, feeder) : isWorthwhile(carried, feeder)
        if (isFit && wanted) add('recloser', `R-${node}`, section, here.node)
        const isNew = isFit && wanted
        pending.push({
          node,
          last: isNew || isOccupied ? carried : here.last,
          inSeries: here.inSeries + (isNew ? 1 : 0),
        })
      }
    }
  }

  function isWorthwhile(carried: Burden, feeder: Burden): boolean {
    const byPower = carried.kw > 0 && carried.kw >= lateralShare * feeder.kw
    return byPower || (carried.customers > 0 && carried.customers >= lateralShare * feeder.customers)
  }

  function isHalved(carried: Burden, last: Burden): boolean {
    return last.kw > 0 ? carried.kw <= last.kw / 2 : carried.customers <= last.customers / 2
  }

  function add(kind: 'breaker' | 'recloser', wanted: string, section: SectionEntry, near: string): void {
    occupied.add(section.name)
    added.push({
      name: names.free(wanted),
      kind,
      section: section.name,
      at: section.from === near ? 'from' : 'to',
      normal: 'closed',
      breakerTimeMs: 50,
      breakerFailureMs: 250,
    })
  }
}

const IED_KINDS = {
  breaker: 'relay',
  recloser: 'recloser',
  sectionalizer: 'switch',
  switch: 'switch',
  tie: 'switch',
} as const

function newIeds(file: FeederFile, tree: SpanningTree, names: Names, organisation: string): IedEntry[] {
  const operated = new Set(file.ieds.flatMap(({ operates }) => operates ?? []))
  const metered = new Set(file.ieds.flatMap(({ meters }) => meters))
  const sections = new Map(file.sections.map(section => [section.name, section]))
  const ied = (name: string, kind: IedEntry['kind'], node: string, more: Partial<IedEntry> = {}): IedEntry => ({
    name: names.free(name),
    kind,
    node,
    organisation,
    meters: [],
    observes: [],
    ...more,
  })
  const switching = [...file.devices].sort(byName).flatMap(({ name, kind, section, at }) => {
    const node = sections.get(section)?.[at]
    if (kind === 'fuse' || operated.has(name) || node === undefined) return []
    // The breaker CB-650 has the IED relay-650.
    return [ied(`${IED_KINDS[kind]}-${name.replace(/^(CB|R)-/, '')}`, IED_KINDS[kind], node, { operates: name })]
  })
  const machines = [
    ...[...file.generators].sort(byName).map(({ name, node }) => ({ name, node, kind: 'generator' as const })),
    ...[...file.capacitors].sort(byName).map(({ name, node }) => ({ name, node, kind: 'capacitor' as const })),
  ]
  const controllers = machines
    .filter(({ name }) => !operated.has(name))
    .map(({ name, node, kind }) =>
      ied(`${kind === 'generator' ? 'gen' : 'cap'}-${name}`, kind, node, { operates: name }),
    )
  const unmetered = [...file.loads].sort(byName).filter(({ name }) => !metered.has(name) && !operated.has(name))
  const meters = [...groupBy(unmetered, load => meterNode(load, sections, tree))]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([node, loads]) => ied(`meter-${node}`, 'meter', node, { meters: loads.map(({ name }) => name) }))
  return [...switching, ...controllers, ...meters]
}

/** A load along a section is metered at the section's far end. */
function meterNode(load: LoadEntry, sections: ReadonlyMap<string, SectionEntry>, tree: SpanningTree): string {
  if (load.node !== undefined) return load.node
  const section = sections.get(load.along ?? '')
  if (section === undefined) return ''
  return tree.parent.get(section.from)?.section.name === section.name ? section.from : section.to
}

/** IEDs of these kinds have line sensors, or may be given some. */
const OBSERVERS: readonly IedEntry['kind'][] = ['relay', 'recloser', 'switch', 'rtu']

function withObservers(file: FeederFile, tree: SpanningTree, names: Names, organisation: string): IedEntry[] {
  const observes = new Map(file.ieds.map(({ name, observes: sections }) => [name, [...sections]]))
  const observed = new Set(file.ieds.flatMap(ied => ied.observes))
  const ieds = [...file.ieds]
  const posts = groupBy(
    [...ieds].sort(byName).filter(ied => OBSERVERS.includes(ied.kind)),
    ied => ied.node,
  )
  const deviceSections = new Map(file.devices.map(({ name, section }) => [name, section]))
  const place = new Map(tree.order.map((node, index) => [node, index]))

  for (const section of inTreeOrder()) {
    if (observed.has(section.name)) continue
    const near = nearNode(section)
    const name = nearest(section, near) ?? newRtu(near)
    observes.get(name)?.push(section.name)
  }
  return ieds.map(ied => ({ ...ied, observes: observes.get(ied.name) ?? [] }))

  /** From the sources outward, so that what is near an observer comes first when its bits run out. */
  function inTreeOrder(): SectionEntry[] {
    const depth = (section: SectionEntry): number => place.get(nearNode(section)) ?? 0
    return [...file.sections].sort((one, other) => depth(one) - depth(other) || byName(one, other))
  }

  function nearNode(section: SectionEntry): string {
    if (tree.parent.get(section.to)?.section.name === section.name) return section.from
    if (tree.parent.get(section.from)?.section.name === section.name) return section.to
    return (place.get(section.from) ?? 0) <= (place.get(section.to) ?? 0) ? section.from : section.to
  }

  /** At the nearest node toward the source: who operates a device of the way, before any other. */
  function nearest(section: SectionEntry, near: string): string | undefined {
    const passed = new Set([section.name])
    for (let node: string | undefined = near; node !== undefined; ) {
      const free = (posts.get(node) ?? []).filter(({ name }) => (observes.get(name)?.length ?? 0) < MOST_OBSERVED)
      const operator = free.find(({ operates }) => passed.has(deviceSections.get(operates ?? '') ?? ''))
      const found = operator ?? free[0]
      if (found) return found.name
      const above = tree.parent.get(node)
      if (above) passed.add(above.section.name)
      node = above?.node
    }
    return undefined
  }

  function newRtu(node: string): string {
    const rtu: IedEntry = { name: names.free(`rtu-${node}`), kind: 'rtu', node, organisation, meters: [], observes: [] }
    ieds.push(rtu)
    observes.set(rtu.name, [])
    posts.set(node, [...(posts.get(node) ?? []), rtu])
    return rtu.name
  }
}
