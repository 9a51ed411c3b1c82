// The least fault at each place of a sweep's tree, from summed impedances, and what must see it.
//
// Bolted faults of one phase to ground and of two phases, at 0.95 of nominal voltage (IEC 60909-0 takes that for the least
// fault in low voltage), load and generators left out. With arcs there is less: `faultOverPickup` stands for that. Behind a
// transformer nothing is judged: the fuse or breaker at the transformer protects it, not the feeder's relay.

import type { FeederModel } from './feeder-model.ts'
import type { Flow } from './load-flow.ts'

/** What one device sees, amperes. */
export interface Pickups {
  readonly phase: number
  /** Sum of the phases; absent without a ground element. */
  readonly ground?: number
}

export interface Reach {
  /** The least fault over the pickup that sees it. */
  readonly of: number
  readonly vertex: number
  /** Place in the file's list of devices. */
  readonly by: number
}

const VOLTS = 0.95

/**
 * @param pickupsOf by place in the file's list of devices; undefined for what interrupts nothing
 * @param isJudged by vertex
 * @returns the place where the ratio is least; undefined where nothing with settings protects any of them
 */
export function leastReach(
  model: FeederModel,
  flow: Flow,
  source: number,
  pickupsOf: (device: number) => Pickups | undefined,
  isJudged: (vertex: number) => boolean,
): Reach | undefined {
  const ohm = new Float64Array(18 * flow.count)
  /** By place: the interrupting device nearest above, -1 for none, -2 behind a transformer. */
  const guard = new Int32Array(flow.count).fill(-1)
  ohm.set(model.sources[source]?.faultOhm ?? [])
  let least: Reach | undefined
  for (let place = 1; place < flow.count; place++) {
    const above = flow.parent[place] as number
    const branch = model.branches[flow.branch[place] as number] as FeederModel['branches'][number]
    guard[place] = branch.windings?.isTransformer ? -2 : (guard[above] as number)
    if (guard[place] === -2) continue
    for (let n = 0; n < 18; n++) ohm[18 * place + n] = (ohm[18 * above + n] as number) + (branch.ohm[n] as number)
    for (const device of branch.devices) if (pickupsOf(device) !== undefined) guard[place] = device
    const by = guard[place] as number
    const vertex = flow.vertex[place] as number
    if (by < 0 || !isJudged(vertex)) continue
    const phases = (model.phases[vertex] as number) & branch.phases
    const of = ratioAt(ohm, place, phases, VOLTS * (model.nominal[vertex] as number), pickupsOf(by) as Pickups)
    if (least === undefined || of < least.of) least = { of, vertex, by }
  }
  return least
}

function ratioAt(ohm: Float64Array, place: number, phases: number, volts: number, { phase, ground }: Pickups): number {
  const re = (i: number, j: number): number => ohm[18 * place + 2 * (3 * i + j)] as number
  const im = (i: number, j: number): number => ohm[18 * place + 2 * (3 * i + j) + 1] as number
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 3; i++) {
    if ((phases & (1 << i)) === 0) continue
    const toGround = volts / Math.hypot(re(i, i), im(i, i))
    least = Math.min(least, toGround / Math.min(phase, ground ?? Number.POSITIVE_INFINITY))
    for (let j = i + 1; j < 3; j++) {
      if ((phases & (1 << j)) === 0) continue
      const between = Math.hypot(re(i, i) + re(j, j) - 2 * re(i, j), im(i, i) + im(j, j) - 2 * im(i, j))
      least = Math.min(least, (Math.sqrt(3) * volts) / between / phase)
    }
  }
  return least
}
