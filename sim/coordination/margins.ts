// The margins of a feeder's settings: for each device and the next one toward the source, at the largest and the least fault
// that both see, with and without ground apart, and wherever between the two the margin is tightest.

import { type DeviceCurve, deviceCurve } from './device-curve.ts'
import { type Amps, type FaultStudy, ownFaults, type StudiedFault } from './fault-study.ts'
import { inWords } from './high-set-range.ts'
import { type MarginRule, type RuleName, rulesOf } from './margin-rule.ts'

export interface MarginPoint {
  /** `three-phase at 671`; `between` where the currents are of no studied fault. */
  readonly fault: string
  readonly lowerAmps: Amps
  readonly upperAmps: Amps
  readonly lowerMs: number
  readonly upperMs: number
  readonly marginMs: number
}

export type Finding = 'right' | 'violated' | 'no backup'

export interface Margin {
  /** In the state of this title. */
  readonly state: string
  /** Nearer to the fault. */
  readonly lower: string
  readonly upper: string
  readonly rule: RuleName
  /** Of faults without ground, or to ground. */
  readonly of: 'phase' | 'ground'
  readonly wantedMs: number
  readonly finding: Finding
  /** In order of the lower device's current; absent without a fault that both see. */
  readonly largest?: MarginPoint
  readonly least?: MarginPoint
  /** Where the margin is smallest, if at neither of them. */
  readonly tightest?: MarginPoint
  /** Faults that the lower one clears and the upper one does not see: nobody stands behind it there. */
  readonly withoutBackup: readonly string[]
}

const STEPS_BETWEEN = 48
/** A tighter place between two faults is told from this on. */
const WORTH_TELLING_MS = 1

/** @param intervalMs wanted between two relays, in place of the one made of its parts */
export function marginsOf(study: FaultStudy, title: string, intervalMs?: number): Margin[] {
  const curves = new Map(study.stretches.map(({ device }) => [device.name, deviceCurve(device)]))
  return study.stretches.flatMap(stretch => {
    const lower = curves.get(stretch.device.name)
    const upper = curves.get(stretch.above?.name ?? '')
    if (lower === undefined || upper === undefined) return []
    const seen = ownFaults(study, stretch).map(({ fault, amps }): Seen => {
      const above = fault.through.get(upper.device.name) ?? { phase: 0, residual: 0 }
      return { fault, lowerAmps: amps, upperAmps: above }
    })
    return rulesOf(lower, upper, intervalMs === undefined ? undefined : intervalMs / 1000).flatMap(rule =>
      (['phase', 'ground'] as const).flatMap(of => {
        const those = seen.filter(({ fault }) => (fault.kind === 'line-ground') === (of === 'ground'))
        return marginOf({ state: title, of, rule, lower, upper, seen: those })
      }),
    )
  })
}

interface Seen {
  readonly fault: StudiedFault
  readonly lowerAmps: Amps
  readonly upperAmps: Amps
}

interface Judged {
  readonly state: string
  readonly of: 'phase' | 'ground'
  readonly rule: MarginRule
  readonly lower: DeviceCurve
  readonly upper: DeviceCurve
  readonly seen: readonly Seen[]
}

function marginOf({ state, of, rule, lower, upper, seen }: Judged): Margin[] {
  const wantedMs = ms(rule.wantedSeconds)
  const cleared = seen.filter(({ lowerAmps }) => Number.isFinite(lower.seconds(lowerAmps)))
  const points = cleared
    .map(({ fault, lowerAmps, upperAmps }) => pointOf(rule, inWords(fault), lowerAmps, upperAmps))
    .filter(isSeenByBoth)
    .sort((one, other) => one.lowerAmps.phase - other.lowerAmps.phase)
  const withoutBackup = cleared
    .filter(({ upperAmps }) => !Number.isFinite(upper.seconds(upperAmps)))
    .map(({ fault }) => inWords(fault))
  const common = { state, lower: lower.device.name, upper: upper.device.name, rule: rule.name, of, wantedMs }
  const [least] = points
  const largest = points.at(-1)
  if (least === undefined || largest === undefined) {
    // Fast shots that do not see a fault hurt nobody.
    const isUsual = rule.name !== 'fast-relay' && rule.name !== 'fuse-saving'
    return cleared.length === 0 || !isUsual ? [] : [{ ...common, finding: 'no backup', withoutBackup }]
  }
  const between = betweenOf(rule, least, largest)
  const tightest = [...points, ...between].reduce((worst, each) => (each.marginMs < worst.marginMs ? each : worst))
  const isTold = Math.min(least.marginMs, largest.marginMs) - tightest.marginMs >= WORTH_TELLING_MS
  return [
    {
      ...common,
      finding: tightest.marginMs < wantedMs ? 'violated' : 'right',
      largest,
      least,
      ...(isTold ? { tightest } : {}),
      withoutBackup,
    },
  ]
}

function pointOf(rule: MarginRule, fault: string, lowerAmps: Amps, upperAmps: Amps): MarginPoint {
  const { lower, upper } = rule.times(lowerAmps, upperAmps)
  return { fault, lowerAmps, upperAmps, lowerMs: ms(lower), upperMs: ms(upper), marginMs: ms(upper - lower) }
}

const isSeenByBoth = ({ lowerMs, upperMs }: MarginPoint): boolean =>
  Number.isFinite(lowerMs) && Number.isFinite(upperMs)

/** Curves may cross between two faults: currents in even steps on log paper, the upper device's in proportion. */
function betweenOf(rule: MarginRule, least: MarginPoint, largest: MarginPoint): MarginPoint[] {
  const [from, to] = [least.lowerAmps.phase, largest.lowerAmps.phase]
  if (!(from > 0 && to > from)) return []
  return Array.from({ length: STEPS_BETWEEN - 1 }, (_, n) => {
    const share = (from * (to / from) ** ((n + 1) / STEPS_BETWEEN) - from) / (to - from)
    const at = (one: Amps, other: Amps): Amps => ({
      phase: one.phase + share * (other.phase - one.phase),
      residual: one.residual + share * (other.residual - one.residual),
    })
    return pointOf(rule, 'between', at(least.lowerAmps, largest.lowerAmps), at(least.upperAmps, largest.upperAmps))
  }).filter(isSeenByBoth)
}

/** A thousandth of a millisecond: less is left over from adding up. */
const ms = (seconds: number): number => Math.round(seconds * 1e6) / 1000
