// Sync check (25): whether a device may close between two sides, by what both have shown for long enough.
//
//   dead line, hot bus · hot line, dead bus · both dead · in sync
//
// Each of the four must be allowed by the settings, and none is taken for granted: a side that is neither dead nor live, or not
// measured, permits nothing. In sync: both live, and their magnitudes, frequencies and angles within the limits of IEEE
// 1547-2018, table 5, by the size of what is joined.

import { after, type Duration, type Instant } from '../../../topology/units.ts'
import { magnitude } from '../power-quality/sequence.ts'
import { type Complex, leads } from './phasor-plane.ts'

export type ClosingMode = 'dead line' | 'dead bus' | 'both dead' | 'sync'

export interface SyncLimits {
  readonly hz: number
  /** Of nominal. */
  readonly voltsPu: number
  readonly degrees: number
}

/** IEEE 1547-2018, table 5. @param mva of what is joined, up to 10 MVA; beyond that the narrowest */
export function syncLimits(mva: number): SyncLimits {
  if (mva <= 0.5) return { hz: 0.3, voltsPu: 0.1, degrees: 20 }
  return mva <= 1.5 ? { hz: 0.2, voltsPu: 0.05, degrees: 15 } : { hz: 0.1, voltsPu: 0.03, degrees: 10 }
}

export interface SyncSettings {
  readonly nominalVolts: number
  /** Below this share of nominal a side is dead: 0.2 to 0.3. */
  readonly deadPu: number
  /** Above this it is live: 0.7 to 0.9. */
  readonly livePu: number
  readonly limits: SyncLimits
  /** How long what permits must have been so: 0.1 to 5 s. */
  readonly lasts: Duration
  readonly allowed: ReadonlySet<ClosingMode>
}

export interface Side {
  /** One phase, the same on both sides, against the same reference. */
  readonly volts: Complex
  readonly hz?: number | undefined
}

export interface SyncState {
  readonly mode?: ClosingMode
  readonly from?: Instant
}

/** @returns the state, and what permits closing now, if anything */
export const syncCheck =
  (settings: SyncSettings) =>
  (
    state: SyncState,
    bus: Side | undefined,
    line: Side | undefined,
    now: Instant,
  ): { readonly state: SyncState; readonly permits: ClosingMode | undefined } => {
    const mode = modeOf(settings, bus, line)
    if (mode === undefined || !settings.allowed.has(mode)) return { state: {}, permits: undefined }
    const from = state.mode === mode && state.from !== undefined ? state.from : now
    return { state: { mode, from }, permits: now >= after(from, settings.lasts) ? mode : undefined }
  }

function modeOf(settings: SyncSettings, bus: Side | undefined, line: Side | undefined): ClosingMode | undefined {
  const [busIs, lineIs] = [conditionOf(settings, bus), conditionOf(settings, line)]
  if (busIs === 'live' && lineIs === 'dead') return 'dead line'
  if (busIs === 'dead' && lineIs === 'live') return 'dead bus'
  if (busIs === 'dead' && lineIs === 'dead') return 'both dead'
  if (busIs !== 'live' || lineIs !== 'live' || bus === undefined || line === undefined) return undefined
  return isInSync(settings, bus, line) ? 'sync' : undefined
}

function conditionOf(
  { nominalVolts, deadPu, livePu }: SyncSettings,
  side: Side | undefined,
): 'dead' | 'live' | undefined {
  if (side === undefined) return undefined
  const pu = magnitude(side.volts) / nominalVolts
  if (pu < deadPu) return 'dead'
  return pu > livePu ? 'live' : undefined
}

function isInSync({ limits, nominalVolts }: SyncSettings, bus: Side, line: Side): boolean {
  if (bus.hz === undefined || line.hz === undefined) return false
  return (
    Math.abs(bus.hz - line.hz) <= limits.hz &&
    Math.abs(magnitude(bus.volts) - magnitude(line.volts)) <= limits.voltsPu * nominalVolts &&
    Math.abs(leads(bus.volts, line.volts)) <= limits.degrees
  )
}
