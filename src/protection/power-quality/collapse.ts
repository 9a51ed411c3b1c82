// A voltage collapse under way, seen sooner than a sag can be: the RMS over the last half cycle alone lies below the
// threshold, and a cycle ago the voltage was still in its band. Where the two half waves are alike, which they are but for a
// direct part, half a cycle says as much as a whole one; so it is known within a cycle of the onset, wherever in the wave
// that falls.

import { type Duration, duration } from '../../../topology/units.ts'
import type { Sign } from './impending.ts'
import type { QualitySettings } from './settings.ts'

/** When it has been level for so long, it is a sag and no longer about to happen. */
const LEVEL = duration(200)
/** A fall from one half cycle to the next that shows it goes on. */
const FALLS_PU = 0.02
const DEEP_PU = 0.5

interface Seen {
  /** RMS over a cycle, of the last windows: per unit. */
  readonly rms: number
  readonly before: number
  readonly half: number
}

/** Of each channel, its last two windows. */
export type CollapseState = ReadonlyMap<string, Seen>

export interface HalfCycleSeen {
  readonly channel: string
  readonly pu: number
  readonly halfPu: number
}

type Fallen = Pick<Sign, 'isThere' | 'severity' | 'channels' | 'extremePu'> & { readonly hold: Duration }

export function collapse({ collapsePu, sagPu, hysteresisPu }: QualitySettings) {
  return (
    state: CollapseState,
    { channel, pu, halfPu }: HalfCycleSeen,
  ): { state: CollapseState; sign: Fallen | undefined } => {
    const last = state.get(channel)
    const next = new Map(state).set(channel, { rms: pu, before: last?.rms ?? pu, half: halfPu })
    const severity = halfPu < DEEP_PU ? 'alarm' : 'alert'
    const there: Fallen = { isThere: true, severity, channels: [channel], extremePu: halfPu, hold: LEVEL }
    if (last === undefined) return { state: next, sign: undefined }
    const fellThrough = halfPu <= collapsePu && last.before >= sagPu
    const goesOn = halfPu <= collapsePu && halfPu < last.half - FALLS_PU && last.rms < last.before
    if (fellThrough || goesOn) return { state: next, sign: there }
    const isBack = [...next.values()].every(({ rms }) => rms >= sagPu + hysteresisPu)
    return { state: next, sign: isBack ? { ...there, isThere: false } : undefined }
  }
}
