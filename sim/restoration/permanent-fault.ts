// One fault that stays, in a world of its own: who locked out, what was fed again from where, and when.
//
//   fault ── shots, dead times ── lockout ── noticed: the facts are there ── messages, openings, closing ── closed, read back
//
// Deciding takes no virtual time, so what is neither noticing nor device travel is messages; deciding is timed apart.

import { planRestoration } from '../../src/protection/restoration/plan.ts'
import { createFeeder } from '../../topology/feeder.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import type { Fault } from '../plant/plant-port.ts'
import { supplyWatch } from '../run/supply-watch.ts'
import { createWorld } from '../runtime/world.ts'

/** Agents have found each other, and have seen the feeder with voltage for a while. */
const FAULT_AT_MS = 8000
/** Nothing is restored that long after the last thing that a device did. */
const QUIET_MS = 4000
const STRIDE_MS = 250
const LIMIT_MS = 120_000
const DECISIONS = 5

export interface Closing {
  readonly device: string
  /** Zones that it feeds again, by one of their nodes. */
  readonly feeds: readonly string[]
  /** From the lockout to the closed device, read back: the sum of the next three. */
  readonly afterMs: number
  /** Until the facts were known: polls of the devices, and the round of questions. */
  readonly noticingMs: number
  readonly messagesMs: number
  /** Devices opening and closing, with their read-back. */
  readonly travelMs: number
}

export interface LostLoad {
  readonly load: string
  readonly customers: number
  /** From its first interruption, all of them added up; undefined when it stayed dark. */
  readonly darkMs: number | undefined
}

export interface Outcome {
  /** Which device locked out, or which fuse blew; undefined when nothing did. */
  readonly lockedOut: { readonly device: string; readonly atMs: number } | undefined
  readonly closings: readonly Closing[]
  /** Loads that were interrupted at all. */
  readonly lost: readonly LostLoad[]
  /** Real time of one decision on the state after the lockout, the median of some. */
  readonly decidingMs: number | undefined
}

/** @param restores whether the agents restore; all else that they do they do in both */
export async function permanentFault(
  file: FeederFile,
  fault: Fault & { readonly section: string },
  seed: string,
  restores: boolean,
): Promise<Outcome> {
  const world = await createWorld({ feeder: file, seed, restoration: restores, keep: ({ event }) => KEPT.has(event) })
  const supply = supplyWatch(file)
  const dark = new Map<string, { customers: number; sumMs: number; since: number | undefined }>()
  let lockedOut: Outcome['lockedOut']
  let movedAt = FAULT_AT_MS
  world.site.onSettled(events => {
    const now = world.scheduler.now()
    for (const { device, kind } of events) {
      if (kind === 'open' || kind === 'close' || kind === 'reclose' || kind === 'fuse blown') movedAt = now
      if (kind === 'lockout' || kind === 'fuse blown') lockedOut ??= { device, atMs: now - FAULT_AT_MS }
    }
    for (const { load, customers, supplied, atMs } of supply.update(world.site.plant, now)) {
      const entry = dark.get(load) ?? { customers, sumMs: 0, since: undefined }
      dark.set(load, entry)
      if (supplied) entry.sumMs += atMs - (entry.since ?? atMs)
      entry.since = supplied ? undefined : atMs
    }
  })
  await world.runUntil(FAULT_AT_MS)
  world.site.change(plant => plant.fault(fault))
  const isOver = (now: number): boolean =>
    now - movedAt >= QUIET_MS + (lockedOut === undefined ? longestDeadTime(file) : 0) || now >= LIMIT_MS
  let decidingMs: number | undefined
  for (let now = FAULT_AT_MS; !isOver(now); ) {
    now += STRIDE_MS
    await world.runUntil(now)
  }
  if (restores && lockedOut !== undefined) decidingMs = timeOfDecision(file, fault.section, lockedOut.device)
  const lockoutAt = FAULT_AT_MS + (lockedOut?.atMs ?? 0)
  return {
    lockedOut,
    closings: world.trace.events
      .filter(({ event, atMs }) => event === 'restored' && atMs >= lockoutAt)
      .map(({ atMs, device, feeds, ms, travelMs }) => {
        const [all, travel] = [Number(ms), Number(travelMs)]
        return {
          device: String(device),
          feeds: feeds as readonly string[],
          afterMs: atMs - lockoutAt,
          noticingMs: atMs - lockoutAt - all,
          messagesMs: all - travel,
          travelMs: travel,
        }
      }),
    lost: [...dark].map(([load, { customers, sumMs, since }]) => ({
      load,
      customers,
      darkMs: since === undefined ? sumMs : undefined,
    })),
    decidingMs,
  }
}

const KEPT: ReadonlySet<string> = new Set(['restored'])

const longestDeadTime = ({ devices }: FeederFile): number =>
  Math.max(0, ...devices.flatMap(({ reclose }) => reclose?.deadTimesMs ?? []))

function timeOfDecision(file: FeederFile, section: string, lockedOut: string): number {
  const feeder = createFeeder(file)
  feeder.setPosition(lockedOut, 'open')
  const suspect = [feeder.zoneOfSection(section)]
  const times = Array.from({ length: DECISIONS }, () => {
    const began = performance.now()
    planRestoration({ feeder, suspect })
    return performance.now() - began
  }).sort((one, other) => one - other)
  return times[Math.floor(DECISIONS / 2)] as number
}
