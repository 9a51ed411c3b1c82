// Inverse-time curves: how long a steady current takes to trip (ANSI 51), and how long a relay takes to forget it.
//
//   t  = T · (k / (M^α − 1) + c)      above pickup, M > 1
//   tr = T · tr / (1 − M^αr)          below pickup, M < 1: the whole way back, as a disc of induction takes it
//
// M is the current over the pickup, T the time multiplier (IEC) or time dial (IEEE, US). The three families share names,
// and differ: "very inverse" alone says nothing, so each curve carries its family.
//
// Sources: IEC 60255-151 (A, B, C), IEEE C37.112 (D, E, F), the US curves as SEL publishes them. Reset constants of the
// IEC curves differ between makers, and these can be overridden. C37.112 has no doubt about its own.

import type { curveNames } from '../../../topology/relay-file.ts'
import { power } from '../../../topology/trigonometry.ts'
import { type CurvePoints, secondsOfPoints } from './tabulated-curve.ts'

export type CurveName = (typeof curveNames)[number]

export interface CurveConstants {
  readonly k: number
  /** Seconds at T = 1 that no current makes shorter. */
  readonly c: number
  readonly alpha: number
  /** Seconds of the whole reset at T = 1 and no current; absent where the curve has none. */
  readonly tr?: number | undefined
  readonly alphaR?: number | undefined
}

export const CURVES = {
  'iec.si': { k: 0.14, c: 0, alpha: 0.02, tr: 13.5, alphaR: 2 },
  'iec.vi': { k: 13.5, c: 0, alpha: 1, tr: 47.3, alphaR: 2 },
  'iec.ei': { k: 80, c: 0, alpha: 2, tr: 80, alphaR: 2 },
  'iec.lti': { k: 120, c: 0, alpha: 1, tr: 120, alphaR: 1 },
  'iec.sti': { k: 0.05, c: 0, alpha: 0.04, tr: 4.85, alphaR: 2 },
  'ieee.mi': { k: 0.0515, c: 0.114, alpha: 0.02, tr: 4.85, alphaR: 2 },
  'ieee.vi': { k: 19.61, c: 0.491, alpha: 2, tr: 21.6, alphaR: 2 },
  'ieee.ei': { k: 28.2, c: 0.1217, alpha: 2, tr: 29.1, alphaR: 2 },
  'us.u1': { k: 0.0104, c: 0.0226, alpha: 0.02, tr: 1.08, alphaR: 2 },
  'us.u2': { k: 5.95, c: 0.18, alpha: 2, tr: 5.95, alphaR: 2 },
  'us.u3': { k: 3.88, c: 0.0963, alpha: 2, tr: 3.88, alphaR: 2 },
  'us.u4': { k: 5.67, c: 0.0352, alpha: 2, tr: 5.67, alphaR: 2 },
  // Newer SEL manuals print other constants for the same name: both are kept apart.
  'us.u4b': { k: 5.64, c: 0.02434, alpha: 2, tr: 5.64, alphaR: 2 },
  'us.u5': { k: 0.00342, c: 0.00262, alpha: 0.02, tr: 0.323, alphaR: 2 },
} as const satisfies Record<CurveName, CurveConstants>

/** By name, by constants of one's own, or by points: [multiple of pickup, seconds at T = 1]. */
export type Curve = CurveName | CurveConstants | { readonly points: CurvePoints }

/** How an element forgets a current that has gone below pickup. */
export type Reset =
  | { readonly kind: 'instantaneous' }
  /** Holds what it has for so long, then forgets all of it. */
  | { readonly kind: 'definite'; readonly seconds: number }
  /** Runs back at the curve's pace, as a disc does; constants in place of the curve's own. */
  | { readonly kind: 'inverse'; readonly tr?: number | undefined; readonly alphaR?: number | undefined }

export interface TripOptions {
  /** Above this multiple the time is that of this multiple. */
  readonly maxMultiple?: number | undefined
  readonly minimumSeconds?: number | undefined
}

/** Many relays go on in definite time above 20 times pickup. */
export const MAX_MULTIPLE = 20

const constantsOf = (curve: CurveName | CurveConstants): CurveConstants =>
  typeof curve === 'string' ? CURVES[curve] : curve

/**
 * Seconds from pickup to trip at a steady current.
 *
 * @param multiple current over pickup, on the same side of the CT
 * @returns Infinity at or below pickup: the element stays silent
 */
export function tripSeconds(
  curve: Curve,
  timeMultiplier: number,
  multiple: number,
  { maxMultiple = MAX_MULTIPLE, minimumSeconds = 0 }: TripOptions = {},
): number {
  if (!(multiple > 1)) return Number.POSITIVE_INFINITY
  const seconds = timeMultiplier * unitSeconds(curve, Math.min(multiple, Math.max(1, maxMultiple)))
  return Math.max(seconds, minimumSeconds)
}

function unitSeconds(curve: Curve, multiple: number): number {
  if (typeof curve === 'object' && 'points' in curve) return secondsOfPoints(curve.points, multiple)
  const { k, c, alpha } = constantsOf(curve)
  return k / (power(multiple, alpha) - 1) + c
}

/**
 * Seconds of the whole way back, from about to trip to at rest, at a steady current below pickup.
 *
 * @returns Infinity at pickup and above, where nothing is forgotten; 0 for an instantaneous reset, and for an inverse one
 *   where neither the curve nor the setting has a constant
 */
export function resetSeconds(
  curve: Curve,
  timeMultiplier: number,
  multiple: number,
  reset: Reset = { kind: 'inverse' },
): number {
  if (!(multiple < 1)) return Number.POSITIVE_INFINITY
  if (reset.kind === 'instantaneous') return 0
  if (reset.kind === 'definite') return reset.seconds
  const own = typeof curve === 'object' && 'points' in curve ? undefined : constantsOf(curve)
  const tr = reset.tr ?? own?.tr ?? 0
  const alphaR = reset.alphaR ?? own?.alphaR ?? 2
  const left = multiple <= 0 ? 0 : power(multiple, alphaR)
  return (timeMultiplier * tr) / (1 - left)
}
