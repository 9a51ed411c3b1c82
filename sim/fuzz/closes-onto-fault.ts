// Apart from a recloser's own shots, and from people, nothing closes onto a fault that could be known.
//
// A device closed onto a fault when a place with a fault was dead before its contacts closed and is not after, and, before
// time passed, a healthy relay picked up that had not been. A relay that was made blind picks nothing up and so does not
// count.
//
// Could be known: when its place lost its voltage, the device through which its zone is fed saw its current, by its relay or
// its sensors, and not that of another fault below it. Behind a recloser or fuse that has no IED that device is one farther
// up, which sees the other branches as well. A fault that came when its place was dead already, or that another one hid,
// has been told by nobody; whoever closes onto it is the first to see it alone, and trips. Nor does one count where sensors have
// been deceived while it was on: a `disturb` step shows fault current that no fault explains, at every device above its section.
//
// And those around it do not lie: who tells of the devices at the edge of the fault's zone decides where the fault is taken to
// be, and what is taken to be open. A lie from farther off hides no fault: it contradicts what those say.

import { type Feeds, feedsOf } from '../../src/protection/restoration/feeds.ts'
import { beyond, type ZoneDevice, zoneGraphOf } from '../../src/protection/restoration/zone-graph.ts'
import type { Fault } from '../plant/plant-port.ts'
import type { World } from '../runtime/world.ts'
import type { Conditions } from './conditions.ts'
import type { Complain, Watch } from './invariant.ts'

/** A grant stands for a minute at the most, and what was told before the device locked out is asked for once. */
const BELIEVED_MS = 60_000

interface Watched {
  readonly isLive: boolean
  /** It is live, and alone seen by the device above it. */
  readonly isSeen: boolean
  /** It was so when its place died. */
  readonly wasSeen: boolean
  /** Since it is live, sensors have been deceived: what they showed then is remembered with what they show of it. */
  readonly isMixed: boolean
}

export function closesOntoFault(world: World, complain: Complain, conditions: Conditions): Watch {
  const { scheduler, site, file, feeder } = world
  const { plant } = site
  const operators = new Map(
    file.ieds.flatMap(ied => (ied.operates === undefined ? [] : [[ied.operates, ied] as const])),
  )
  const graph = zoneGraphOf(feeder)
  const known = new Map<Fault, Watched>()

  const zoneOf = ({ section, node = '' }: Fault): number =>
    graph.zone(section === undefined ? feeder.zoneOf(node) : feeder.zoneOfSection(section))

  /** Whether the nearest IED above the fault shows its current, and its alone. */
  function isSeen(fault: Fault, live: readonly Fault[], feeds: Feeds): boolean {
    const own = zoneOf(fault)
    const upFrom = (zone: number): number[] => {
      const way = [zone]
      for (const each of way) if ((feeds.parent[each] ?? -1) >= 0) way.push(feeds.parent[each] as number)
      return way
    }
    for (const zone of upFrom(own)) {
      const name = graph.devices[feeds.entry[zone] ?? -1]?.name
      const ied = name === undefined ? undefined : operators.get(name)
      if (ied === undefined || name === undefined) continue
      if (live.some(other => zoneOf(other) !== own && upFrom(zoneOf(other)).includes(zone))) return false
      const shown = plant.shows(ied.name)
      const bit = ied.observes.indexOf(feeder.device(name).section)
      return shown.pickup || (bit >= 0 && ((shown.entered >> bit) & 1) === 1)
    }
    return false
  }

  /** Whether an IED around it lies, or did lately; what nobody can open or tell of joins the zones beside it into one. */
  function isLiedAbout(fault: Fault): boolean {
    const liars = conditions.liars({ fromMs: scheduler.now() - BELIEVED_MS, toMs: scheduler.now() })
    if (liars.size === 0) return false
    const reached = new Set([zoneOf(fault)])
    for (const zone of reached) {
      for (const index of graph.devicesAt[zone] ?? []) {
        const device = graph.devices[index] as ZoneDevice
        const ied = operators.get(device.name)
        if (ied !== undefined && liars.has(ied.name)) return true
        if (!device.hasIed) reached.add(beyond(device, zone))
      }
    }
    return false
  }

  /** @returns the faults that are live again, and could be known */
  function follow(): readonly Fault[] {
    const { faults, disturbances } = plant.snapshot()
    for (const fault of known.keys()) if (!faults.includes(fault)) known.delete(fault)
    const feeds = feedsOf(
      graph,
      graph.devices.map(({ name }) => plant.position(name)),
    )
    // By what is connected: a bolted fault has no voltage at all.
    const live = faults.filter(fault => (feeds.place[zoneOf(fault)] ?? -1) >= 0)
    const revived: Fault[] = []
    for (const fault of faults) {
      const before = known.get(fault)
      const isLiveNow = live.includes(fault)
      if (before?.isLive === false && before.wasSeen && isLiveNow && !isLiedAbout(fault)) revived.push(fault)
      const dies = before?.isLive === true && !isLiveNow
      const isMixed = isLiveNow && (disturbances.length > 0 || (before?.isLive === true && before.isMixed))
      known.set(fault, {
        isLive: isLiveNow,
        isMixed,
        isSeen: isLiveNow && !isMixed && isSeen(fault, live, feeds),
        wasSeen: dies ? before.isSeen : (before?.wasSeen ?? false) && disturbances.length === 0,
      })
    }
    return revived
  }

  return {
    settled(events) {
      if (known.size === 0 && plant.snapshot().faults.length === 0) return
      const revived = follow()
      events.forEach(({ device, kind }, index) => {
        if (kind !== 'close' || conditions.operatedByHand(device, scheduler.now())) return
        const seenBy = events.slice(index + 1).find(later => later.kind === 'pickup')?.device
        if (seenBy === undefined || revived.length === 0) return
        complain('no-close-onto-fault', `${device} closed onto a fault that ${seenBy} picks up`)
      })
    },
  }
}
