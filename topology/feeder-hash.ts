// One number that says whether two peers mean the same feeder when they speak of protection.

import { createHash } from 'node:crypto'
import { toCbor } from './cbor.ts'
import type { DeviceEntry, FeederFile } from './feeder-file.ts'
import { byName } from './network.ts'
import type { StageEntry } from './relay-file.ts'

/**
 * SHA-256, in hex, of what protection depends on: sources, nodes, sections, devices with their relays, reclosing, groups of
 * settings, counters and melting curves, where generators stand, and the IEDs with what they operate and observe. Descriptions, places, lengths,
 * impedances, transformers, regulators, capacitors, loads, customers and groups are left out, so they may be corrected
 * without parting the mesh. The order of entries, and which end of a section is called `from`, make no difference; the
 * order of `observes` does, because it is a bit order.
 */
export function protectionHash(file: FeederFile): string {
  const ends = new Map(file.sections.map(({ name, from, to }) => [name, { from, to }]))
  const content = {
    feedermesh: file.feedermesh,
    name: file.name,
    sources: [...file.sources].sort(byName).map(({ name, node }) => [name, node]),
    nodes: [...file.nodes].sort(byName).map(({ name, phases }) => [name, [...phases].sort()]),
    sections: [...file.sections]
      .sort(byName)
      .map(({ name, from, to, phases }) => [name, [from, to].sort(), [...phases].sort()]),
    devices: [...file.devices].sort(byName).map(device => ({
      name: device.name,
      kind: device.kind,
      section: device.section,
      node: ends.get(device.section)?.[device.at] ?? null,
      normal: device.normal,
      relay: device.relay
        ? [...stageOf(device.relay), device.relay.ground ? stageOf(device.relay.ground) : null]
        : null,
      ...moreOf(device),
      reclose: device.reclose ? [device.reclose.deadTimesMs, device.reclose.resetMs] : null,
      fuse: [device.meltingCurve ?? null, device.ratedAmps ?? null],
      breaker: [device.breakerTimeMs, device.breakerFailureMs],
      ...(device.parallelAllowed === true ? { parallelAllowed: true } : {}),
    })),
    generators: [...file.generators].sort(byName).map(({ name, node, kind }) => [name, node, kind]),
    ieds: [...file.ieds].sort(byName).map(ied => ({
      name: ied.name,
      kind: ied.kind,
      node: ied.node,
      organisation: ied.organisation,
      operates: ied.operates ?? null,
      observes: ied.observes,
    })),
  }
  return createHash('sha256').update(toCbor(content)).digest('hex')
}

type Stage = Pick<StageEntry, 'pickupAmps' | 'delayMs'>
const stageOf = ({ pickupAmps, delayMs }: Stage) => [pickupAmps, delayMs ?? null]

const BASE = new Set(['pickupAmps', 'delayMs', 'ground', 'deadTimesMs', 'resetMs'])
const beyondBase = (of: object | undefined): object =>
  Object.fromEntries(Object.entries(of ?? {}).filter(([key]) => !BASE.has(key)))

/** What a definite-time relay does not have. Absent where there is none, so that files without it keep their hash. */
function moreOf({ relay, reclose, settingsGroups, sectionalizer }: DeviceEntry): { readonly more?: unknown } {
  const parts = [beyondBase(relay), beyondBase(relay?.ground), beyondBase(reclose), settingsGroups, sectionalizer]
  const more = parts.map(part => part ?? {})
  return more.some(part => Object.keys(part).length > 0) ? { more } : {}
}
