// The relay inside a simulated device, with the breaker that it works.
//
//            pickup                 delay over             breaker time over
//   closed ──────────► timing ──────────────────► opening ──────────────────► open
//     ▲ ◄──── dropout ────┘                          ▲                          │
//     │                      closed ── trip coil ────┘                          │
//     └──────────────────────── close coil ◄────────────────────────────────────┘
//
// Definite time: the delay runs while the element is picked up without a break. A relay's own trip latches `tripped`
// until the device is closed; a written trip does not.

import { after, type Duration, type Instant } from '../../topology/units.ts'

export interface InnerRelaySettings {
  /** From pickup to trip. Absent for a device without a relay: it operates when told to. */
  readonly delay?: Duration
  /** From trip to arcs extinguished. */
  readonly breakerTime: Duration
}

export type InnerRelayState =
  | { readonly phase: 'closed' }
  | { readonly phase: 'timing'; readonly tripAt: Instant }
  | { readonly phase: 'opening'; readonly openAt: Instant; readonly tripped: boolean }
  | { readonly phase: 'open'; readonly tripped: boolean }

export type InnerRelayEvent =
  /** The element is picked up now. As often as one likes: only the first matters. */
  | { readonly kind: 'pickup' }
  | { readonly kind: 'dropout' }
  | { readonly kind: 'trip coil' }
  | { readonly kind: 'close coil' }
  | { readonly kind: 'tick' }

export type InnerRelayAction = { readonly kind: 'open contacts' } | { readonly kind: 'close contacts' }

export interface InnerRelayStep {
  readonly state: InnerRelayState
  readonly actions: readonly InnerRelayAction[]
}

export const isTripped = (state: InnerRelayState): boolean =>
  (state.phase === 'opening' || state.phase === 'open') && state.tripped

/** When the next tick is due, if time alone can change the state. */
export function deadlineOf(state: InnerRelayState): Instant | undefined {
  if (state.phase === 'timing') return state.tripAt
  return state.phase === 'opening' ? state.openAt : undefined
}

export const innerRelay =
  ({ delay, breakerTime }: InnerRelaySettings) =>
  (state: InnerRelayState, event: InnerRelayEvent, now: Instant): InnerRelayStep => {
    const startOpening = (tripped: boolean): InnerRelayStep =>
      stay({ phase: 'opening', openAt: after(now, breakerTime), tripped })
    switch (event.kind) {
      case 'pickup':
        if (state.phase !== 'closed' || delay === undefined) return stay(state)
        return stay({ phase: 'timing', tripAt: after(now, delay) })
      case 'dropout':
        return stay(state.phase === 'timing' ? { phase: 'closed' } : state)
      case 'trip coil':
        return state.phase === 'closed' || state.phase === 'timing' ? startOpening(false) : stay(state)
      case 'close coil':
        return state.phase === 'open'
          ? { state: { phase: 'closed' }, actions: [{ kind: 'close contacts' }] }
          : stay(state)
      case 'tick':
        if (state.phase === 'timing' && now >= state.tripAt) return startOpening(true)
        if (state.phase === 'opening' && now >= state.openAt) {
          return { state: { phase: 'open', tripped: state.tripped }, actions: [{ kind: 'open contacts' }] }
        }
        return stay(state)
    }
  }

const stay = (state: InnerRelayState): InnerRelayStep => ({ state, actions: [] })
