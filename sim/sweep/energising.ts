// A feeder that gets its voltage back is no fault: each switching device in turn is opened by hand and closed again, and
// what was dark draws the inrush of its transformers and the cold load of its customers. Nobody may trip fast for it, and
// nobody at all who would not trip without agents.

import type { FeederFile } from '../../topology/feeder-file.ts'
import { loadShare } from '../plant/load-shape.ts'
import { supplyWatch } from '../run/supply-watch.ts'
import { createWorld, type WorldOptions } from '../runtime/world.ts'
import { SECONDS_OF_DAY } from './played.ts'

/** Over the load of before, as the fundamental of it: transformers for tenths of a second, cold load for minutes. */
export interface Energising {
  readonly inrush: number
  readonly coldLoad: number
}

/** The first peak of a transformer is 8 to 12 times its rated current; cold load is taken for twice the load. */
export const usualEnergising: Energising = { inrush: 10, coldLoad: 2 }

export interface EnergisedCase {
  readonly device: string
  /** Which showed their high set. */
  readonly highSets: readonly string[]
  /** Agents that tripped their device by the interlock. */
  readonly fast: readonly string[]
  readonly tripped: readonly string[]
  readonly trippedAlone: readonly string[]
  readonly ok: boolean
}

const OPEN_AT_MS = 3000
/** Longer than the interlock keeps back after a closing, so that only the voltage's return can say so farther down. */
const CLOSE_AT_MS = 6500
const END_MS = 10_500
/** So it decays: `inrush` e^(-t/0.1 s), `coldLoad` e^(-t/10 min). */
const INRUSH_MS = 100
const COLD_LOAD_MS = 600_000
/** How long loads are followed closely, and how closely. */
const FOLLOWED_MS = 500
const STEP_MS = 20

/** What a load draws, over what it drew before, so long after it got its voltage back. */
export const multipleAfter = ({ inrush, coldLoad }: Energising, ms: number): number =>
  1 + (inrush - 1) * Math.exp(-ms / INRUSH_MS) + (coldLoad - 1) * Math.exp(-ms / COLD_LOAD_MS)

/** Those that an IED operates, and that are closed in the normal state. */
export function energisings(file: FeederFile): string[] {
  const operated = new Set(file.ieds.map(({ operates }) => operates))
  return file.devices
    .filter(({ name, kind, normal }) => operated.has(name) && kind !== 'fuse' && normal !== 'open')
    .map(({ name }) => name)
}

/** @param settings by agent, as `WorldOptions` has them */
export async function energisedCase(
  file: FeederFile,
  device: string,
  given: Energising,
  seed: string,
  settings?: WorldOptions['settings'],
): Promise<EnergisedCase> {
  const options = { feeder: file, seed: `${seed}/${device}`, ...(settings === undefined ? {} : { settings }) }
  const withAgents = await energised(options, device, given)
  const alone = await energised({ ...options, agents: 'none' }, device, given)
  const tripped = [...withAgents.tripped].sort()
  const trippedAlone = [...alone.tripped].sort()
  const isWorse = tripped.some(each => !trippedAlone.includes(each))
  const fast = [...withAgents.fast].sort()
  return {
    device,
    highSets: [...withAgents.highSets].sort(),
    fast,
    tripped,
    trippedAlone,
    ok: fast.length === 0 && !isWorse,
  }
}

async function energised(options: WorldOptions, device: string, given: Energising) {
  const { feeder: file } = options
  const world = await createWorld({
    ...options,
    startWithinMs: 200,
    startSecondsOfDay: SECONDS_OF_DAY,
    keep: ({ event }) => event === 'operated',
  })
  const { site, scheduler, trace } = world
  const supply = supplyWatch(file)
  const share = loadShare(SECONDS_OF_DAY)
  const tripped = new Set<string>()
  const highSets = new Set<string>()
  const since = new Map<string, number>()

  function draw(): void {
    const now = scheduler.now()
    site.change(plant => {
      for (const [load, at] of since) plant.setLoadShare(load, share * multipleAfter(given, now - at))
    })
    if ([...since.values()].some(at => now - at < FOLLOWED_MS)) scheduler.at(now + STEP_MS, draw)
  }
  site.onSettled(events => {
    for (const { device: of, kind } of events) if (kind === 'trip' || kind === 'fuse blown') tripped.add(of)
    for (const { name, operates } of file.ieds) {
      if (operates !== undefined && site.plant.shows(name).highSet) highSets.add(operates)
    }
    const back = supply.update(site.plant, scheduler.now()).filter(({ supplied }) => supplied)
    if (back.length === 0) return
    for (const { load } of back) since.set(load, scheduler.now())
    // The plant is being settled now: what is drawn comes with it, in the same instant.
    scheduler.at(scheduler.now(), draw)
  })
  await world.runUntil(OPEN_AT_MS)
  site.operate(device, 'open')
  await world.runUntil(CLOSE_AT_MS)
  site.operate(device, 'close')
  await world.runUntil(END_MS)
  const fast = new Set(trace.events.filter(({ cause }) => cause === 'interlock').map(({ by }) => by))
  return { tripped, highSets, fast }
}

export const energisedRows = (cases: readonly EnergisedCase[]): Record<string, unknown>[] =>
  cases.map(({ device, highSets, fast, tripped, trippedAlone, ok }) => ({
    'opened and closed': device,
    'high sets seen': highSets,
    'tripped fast': fast,
    tripped,
    'tripped alone': trippedAlone,
    ok: ok ? 'yes' : 'NO',
  }))
