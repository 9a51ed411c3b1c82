// A fuse: one link in each phase, which heats while its current is above what it can carry, and blows once.
//
// The curve says how long a steady current takes from beginning to cleared. A varying current uses it up in shares: 0.2 s
// of a current that takes 0.8 s is a quarter of the link, whatever comes next. When one link has gone, the fuse counts as
// open in all of its phases: switching devices of a feeder file have one position.

import { clearingTime, type MeltingCurve } from '../../src/protection/clearing-time.ts'
import { after, duration, type Instant, since } from '../../topology/units.ts'

export { clearingTime, type MeltingCurve }

export type FuseState =
  /** `used`: the share of each link that is gone, 0 to 1; `amps`: what flows through it since `at`. */
  | {
      readonly phase: 'whole'
      readonly at: Instant
      readonly amps: readonly number[]
      readonly used: readonly number[]
    }
  | { readonly phase: 'blown' }
  /** Somebody has taken the links out. */
  | { readonly phase: 'out' }

export type FuseEvent =
  /** Primary amperes RMS in each phase, from now on. */
  | { readonly kind: 'current'; readonly amps: readonly number[] }
  | { readonly kind: 'take out' }
  | { readonly kind: 'new links' }
  | { readonly kind: 'tick' }

export interface FuseStep {
  readonly state: FuseState
  readonly hasBlown: boolean
}

/**
 * Below the curve's least current a warm link cools: from nearly gone to cold in this time. Makers' curves say nothing of
 * it; the order of size is that of a small expulsion fuse.
 */
const COOLING = duration(60_000)

/** When it blows if the current stays as it is. */
export function fuseDeadline(curve: MeltingCurve, state: FuseState): Instant | undefined {
  if (state.phase !== 'whole') return undefined
  const left = state.amps.flatMap((amps, link) => {
    const whole = clearingTime(curve, amps)
    return whole === undefined ? [] : [whole * (1 - (state.used[link] ?? 0))]
  })
  return left.length === 0 ? undefined : after(state.at, duration(Math.min(...left)))
}

export const newFuse = (at: Instant): FuseState => ({ phase: 'whole', at, amps: [], used: [] })

export const fuse =
  (curve: MeltingCurve) =>
  (state: FuseState, event: FuseEvent, now: Instant): FuseStep => {
    if (event.kind === 'take out') return stay({ phase: 'out' })
    if (event.kind === 'new links') return stay(newFuse(now))
    const deadline = fuseDeadline(curve, state)
    if (deadline !== undefined && now >= deadline) return { state: { phase: 'blown' }, hasBlown: true }
    if (event.kind === 'tick' || state.phase !== 'whole') return stay(state)
    return stay({ phase: 'whole', at: now, amps: event.amps, used: usedUntil(curve, state, now) })
  }

const stay = (state: FuseState): FuseStep => ({ state, hasBlown: false })

function usedUntil(
  curve: MeltingCurve,
  { at, amps, used }: Extract<FuseState, { readonly phase: 'whole' }>,
  now: Instant,
): number[] {
  const elapsed = since(at, now)
  return amps.map((current, link) => {
    const whole = clearingTime(curve, current)
    const before = used[link] ?? 0
    return whole === undefined ? Math.max(0, before - elapsed / COOLING) : before + elapsed / whole
  })
}
