// An IED listens to the warnings of its own zone and of all zones upstream. Around switching it keeps the old ones for
// thirty seconds beside the new, so that nothing is missed while others still think of the old topology.

import type { ComponentContext } from './component.ts'
import { soon } from './soon.ts'
import { zoneTopic } from './topics.ts'

const KEEP_MS = 30_000
/** Positions change in bursts, at a start above all. The old topics are kept anyhow. */
const CHANGE_MS = 20

export function subscribeToZones({ feeder, name, links, bus, clock }: ComponentContext): { stop(): void } {
  const until = new Map<string, number>()

  function update(): void {
    const wanted = new Set(feeder.upstreamZones(feeder.ied(name).node).map(zone => zoneTopic(feeder.file.name, zone)))
    for (const topic of wanted) {
      if (!until.has(topic)) links.subscribe(topic)
      until.set(topic, Number.POSITIVE_INFINITY)
    }
    for (const [topic, end] of until) {
      if (wanted.has(topic)) continue
      if (end === Number.POSITIVE_INFINITY) until.set(topic, clock.now() + KEEP_MS)
      else if (end <= clock.now()) {
        links.unsubscribe(topic)
        until.delete(topic)
      }
    }
  }

  update()
  const changes = soon(clock, CHANGE_MS, update)
  const cancels = [bus.on('topology', changes.ask), changes.stop, clock.every(5000, update)]
  return { stop: () => cancels.forEach(cancel => void cancel()) }
}
