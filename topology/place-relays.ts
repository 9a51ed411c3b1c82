// Relay settings to begin with, for devices that were placed by rule.
//
// Pickup is twice the largest phase's load current, so that load that comes back after an interruption does not trip it.
// Delays step by 300 ms from the far ends toward the source, as in `feeders/ieee13.yaml`. Fault currents are not known
// here, so whether the least of them is above the pickup is for a person to check.

import type { FeederFile, LoadEntry, Phase } from './feeder-file.ts'
import { groupBy } from './group-by.ts'
import type { SpanningTree } from './spanning-tree.ts'

export interface RelaySettings {
  /** Undefined where a voltage or load is not known, or nothing is carried. */
  settings(device: string): { readonly pickupAmps: number; readonly delayMs: number } | undefined
}

const MARGIN = 2
const STEP_MS = 300
/** A lower pickup would be in the range of a relay's own errors. */
const LEAST_PICKUP_AMPS = 20

export function createRelaySettings(file: FeederFile, tree: SpanningTree): RelaySettings {
  const kv = voltages(file, tree)
  const carried = loadsBelow(file, tree)
  const relays = new Map(
    file.devices.filter(({ kind }) => kind === 'breaker' || kind === 'recloser').map(device => [device.name, device]),
  )
  const sections = new Map(file.sections.map(section => [section.name, section]))
  const stages = stagesBelow(file, tree)

  function farNode(section: string): string | undefined {
    const entry = sections.get(section)
    return [entry?.to, entry?.from].find(node => node !== undefined && tree.parent.get(node)?.section.name === section)
  }

  return {
    settings(name) {
      const device = relays.get(name)
      const far = device === undefined ? undefined : farNode(device.section)
      const near = far === undefined ? undefined : tree.parent.get(far)?.node
      const lineKv = near === undefined ? undefined : kv.get(near)
      if (far === undefined || lineKv === undefined) return undefined
      const kva = Math.max(...Object.values(carried.get(far) ?? { a: 0 }))
      if (!(kva > 0)) return undefined
      const amps = (kva * Math.sqrt(3)) / lineKv
      return {
        pickupAmps: Math.max(LEAST_PICKUP_AMPS, roundedUp(amps * MARGIN)),
        delayMs: STEP_MS * (stages.get(far) ?? 1),
      }
    },
  }
}

/** To two digits. */
function roundedUp(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1)
  return Number((Math.ceil(value / unit - 1e-9) * unit).toPrecision(2))
}

/** Line to line, by node; none behind a centre-tapped transformer. */
function voltages(file: FeederFile, tree: SpanningTree): Map<string, number> {
  const transformers = groupBy(file.transformers, ({ section }) => section)
  const kv = new Map<string, number>()
  for (const node of tree.order) {
    const feed = tree.parent.get(node)
    const above = feed === undefined ? file.nominalKv : kv.get(feed.node)
    const [unit] = feed === undefined ? [] : (transformers.get(feed.section.name) ?? [])
    const own = unit === undefined || feed === undefined ? above : behind(unit, feed.section)
    if (above !== undefined && own !== undefined) kv.set(node, own)
  }
  return kv
}

function behind(unit: FeederFile['transformers'][number], section: FeederFile['sections'][number]): number | undefined {
  if (unit.secondary === 'center-tapped') return undefined
  const phases = (unit.phases ?? section.phases).length
  return phases === 1 && unit.secondary === 'wye' ? unit.secondaryKv * Math.sqrt(3) : unit.secondaryKv
}

type ByPhase = Record<Phase, number>

/** Apparent power in kVA of each phase at and below a node; a load between two phases counts half in each. */
function loadsBelow(file: FeederFile, tree: SpanningTree): Map<string, ByPhase> {
  const at = groupBy(file.loads, load => load.node ?? '')
  const alongs = groupBy(file.loads, load => load.along ?? '')
  const below = new Map<string, ByPhase>()
  for (const node of [...tree.order].reverse()) {
    const feed = tree.parent.get(node)?.section.name
    const own = [...(at.get(node) ?? []), ...(feed === undefined ? [] : (alongs.get(feed) ?? []))].map(kvaByPhase)
    const children = (tree.children.get(node) ?? []).map(child => below.get(child.node))
    below.set(node, [...own, ...children].reduce<ByPhase>(plus, { a: 0, b: 0, c: 0 }))
  }
  return below
}

const plus = (one: ByPhase, other: ByPhase | undefined): ByPhase => ({
  a: one.a + (other?.a ?? 0),
  b: one.b + (other?.b ?? 0),
  c: one.c + (other?.c ?? 0),
})

function kvaByPhase({ kw, kvar }: LoadEntry): ByPhase {
  const kva = (key: keyof LoadEntry['kw']): number => Math.hypot(kw[key] ?? 0, kvar[key] ?? 0)
  return {
    a: kva('a') + (kva('ab') + kva('ca')) / 2,
    b: kva('b') + (kva('ab') + kva('bc')) / 2,
    c: kva('c') + (kva('bc') + kva('ca')) / 2,
  }
}

/** How many protective devices stand one after another on the worst way down from the section that feeds a node. */
function stagesBelow(file: FeederFile, tree: SpanningTree): Map<string, number> {
  const protecting = new Set(
    file.devices.filter(({ kind }) => kind === 'breaker' || kind === 'recloser').map(({ section }) => section),
  )
  const stages = new Map<string, number>()
  for (const node of [...tree.order].reverse()) {
    const section = tree.parent.get(node)?.section.name
    const deepest = Math.max(0, ...(tree.children.get(node) ?? []).map(child => stages.get(child.node) ?? 0))
    stages.set(node, deepest + (section !== undefined && protecting.has(section) ? 1 : 0))
  }
  return stages
}
