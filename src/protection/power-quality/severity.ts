// How bad an event is, from what it does to those who are connected.
//
//   status    equipment rides through it
//   warning   equipment that only keeps to one of the two curves, ITIC and SEMI F47, may fail; a swell up to 1.2 per unit that
//             ITIC does not bear; distortion, unbalance or frequency beyond the limit
//   alert     sensitive and robust equipment may fail: outside both curves; a swell up to 1.4 that ITIC does not bear
//   alarm     outside both curves with less than half of the voltage left, or for more than a minute; an interruption longer
//             than ITIC bears; a swell beyond 1.4 that ITIC does not bear
//
// While an event lasts, its duration is not known, and whoever is to be warned cannot wait for it. So it is judged as if it
// lasted half a second, which is about what an inverse-time relay takes to clear the fault behind it, until it has lasted
// longer. At its end it is judged by what it was.

import type { QualitySeverity } from './event.ts'
import { isAboveItic, isBelowF47, isBelowItic } from './immunity-curves.ts'

const DEEP = 0.5
const LONG_MS = 60_000

export function sagSeverity(residualPu: number, durationMs: number): QualitySeverity {
  const seconds = durationMs / 1000
  const curves = Number(isBelowItic(residualPu, seconds)) + Number(isBelowF47(residualPu, seconds, true))
  if (curves < 2) return curves === 0 ? 'status' : 'warning'
  return residualPu < DEEP || durationMs > LONG_MS ? 'alarm' : 'alert'
}

export const interruptionSeverity = (residualPu: number, durationMs: number): QualitySeverity =>
  isBelowItic(residualPu, durationMs / 1000) ? 'alarm' : 'status'

export function swellSeverity(pu: number, durationMs: number): QualitySeverity {
  if (!isAboveItic(pu, durationMs / 1000)) return 'status'
  return pu > 1.4 ? 'alarm' : pu > 1.2 ? 'alert' : 'warning'
}

/** A crest has lasted a millisecond at the most, or it would be a swell. @param crestPu of the nominal crest */
export function transientSeverity(crestPu: number): QualitySeverity {
  if (!isAboveItic(crestPu, 0.001)) return 'status'
  return isAboveItic(crestPu, 0.0001) ? 'alert' : 'warning'
}

/** @param pu of nominal frequency. EN 50160 bears 1 % for all but half a percent of the time, and +4, -6 % ever. */
export function frequencySeverity(pu: number): QualitySeverity {
  if (pu > 1.04 || pu < 0.94) return 'alarm'
  return Math.abs(pu - 1) > 0.02 ? 'alert' : 'warning'
}
