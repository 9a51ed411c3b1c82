// Whether fault current has passed a switching device since the feeder there was last well: the fault-passage indicator,
// latched. "No" is an answer only of who has watched all the time; who has not says "unknown", which is never taken for no.
//
//             live and quiet for a while            fault current
//   unknown ─────────────────────────────► watching ──────────────► passed
//      ▲ ▲                                    │  ▲                    │ │
//      │ └────── the device was silent ───────┘  └── live and quiet ──┘ │
//      └──────────────────── the device was silent ────────────────────┘
//
// Live and quiet for a second: a recloser that closes onto the fault again sees it at once, so what one shot showed is not
// forgotten in the dead time, and what an earlier fault showed does not stand for the next one.

import { after, duration, type Instant } from '../../../topology/units.ts'
import type { Seen } from './locate-types.ts'

export interface PassageLatch {
  readonly passage: Seen
  /** Since when it has been live and quiet. */
  readonly quietSince?: Instant
}
export const unwatched: PassageLatch = { passage: 'unknown' }

export type PassageEvent =
  | {
      readonly kind: 'status'
      /** Fault current passes the device now. */
      readonly passes: boolean
      readonly dead: boolean
    }
  | { readonly kind: 'silent' }

const RECOVERED = duration(1000)

export function stepPassage(state: PassageLatch, event: PassageEvent, now: Instant): PassageLatch {
  if (event.kind === 'silent') return unwatched
  if (event.passes) return state.passage === 'yes' && state.quietSince === undefined ? state : { passage: 'yes' }
  const { passage, quietSince } = state
  if (event.dead) return quietSince === undefined ? state : { passage: recovered(state, now) ? 'no' : passage }
  if (quietSince === undefined) return { passage, quietSince: now }
  return recovered(state, now) && passage !== 'no' ? { passage: 'no', quietSince } : state
}

const recovered = ({ quietSince }: PassageLatch, now: Instant): boolean =>
  quietSince !== undefined && now >= after(quietSince, RECOVERED)
