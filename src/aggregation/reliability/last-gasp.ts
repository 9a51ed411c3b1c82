// The last gasp: what an IED says when its supply is gone for good, on the seconds of battery that it has.
//
//   powered ── fails ──► failing ── confirmed ──► out ── returns ──► returning ── confirmed ──► powered
//      ▲                    │                      ▲                    │              say returned
//      └──── returns ───────┘  (a dip: nothing)    └─────── fails ──────┘
//
// A dip that is shorter than the confirmation time says nothing. The jitter keeps the IEDs of a street from speaking at one
// moment; it ends within the hundred milliseconds in which the message must leave. It is said again a few times, with growing
// gaps, since the network may be failing too; whoever hears it twice counts it once. A missing one proves nothing.

export interface GaspSettings {
  readonly confirmMs: number
  /** Up to so much later. */
  readonly jitterMs: number
  /** The message goes again so long after the first. */
  readonly againAfterMs: readonly number[]
}

/** 80 ms of jitter leave 20 ms for sealing and sending. */
export const gaspDefaults: GaspSettings = { confirmMs: 1000, jitterMs: 80, againAfterMs: [400, 1500, 4000] }

export type GaspState =
  | { readonly phase: 'powered' }
  | { readonly phase: 'failing'; readonly since: number; readonly sayAt: number; readonly event: number }
  | {
      readonly phase: 'out'
      readonly since: number
      readonly saidAt: number
      readonly said: number
      readonly event: number
    }
  | {
      readonly phase: 'returning'
      readonly since: number
      readonly returnedAt: number
      readonly sayAt: number
      readonly saidAt: number
      readonly said: number
      readonly event: number
    }

export type GaspEvent =
  /** `share` is a draw of 0 to 1, for the jitter. */
  { readonly kind: 'power'; readonly failed: boolean; readonly share: number } | { readonly kind: 'tick' }

export type GaspAction =
  | {
      readonly kind: 'say'
      readonly what: 'lost'
      readonly since: number
      readonly event: number
      readonly copy: number
    }
  | {
      readonly kind: 'say'
      readonly what: 'returned'
      readonly since: number
      readonly returnedAt: number
      readonly event: number
    }
  | { readonly kind: 'wake'; readonly at: number }

interface GaspStep {
  readonly state: GaspState
  readonly actions: readonly GaspAction[]
}

export const powered: GaspState = { phase: 'powered' }

/** Of an outage that an earlier run of the agent has said: nothing is said again but its end. */
export const said = (since: number, { againAfterMs }: GaspSettings): GaspState => ({
  phase: 'out',
  since,
  saidAt: since,
  said: againAfterMs.length + 1,
  event: since,
})

/** @param now monotonic ms; a late, doubled or stale tick is harmless */
export const lastGasp =
  (settings: GaspSettings) =>
  (state: GaspState, event: GaspEvent, now: number): GaspStep =>
    event.kind === 'tick' ? tick(settings, state, now) : power(settings, state, event, now)

function power(
  { confirmMs, jitterMs }: GaspSettings,
  state: GaspState,
  { failed, share }: GaspEvent & { kind: 'power' },
  now: number,
): GaspStep {
  const sayAt = now + confirmMs + Math.min(1, Math.max(0, share)) * jitterMs
  if (failed) {
    if (state.phase === 'powered')
      return { state: { phase: 'failing', since: now, sayAt, event: now }, actions: [{ kind: 'wake', at: sayAt }] }
    if (state.phase === 'returning') {
      const { since, saidAt, said, event } = state
      return { state: { phase: 'out', since, saidAt, said, event }, actions: [] }
    }
    return { state, actions: [] }
  }
  if (state.phase === 'failing') return { state: powered, actions: [] }
  if (state.phase === 'out') {
    const { since, saidAt, said, event } = state
    return {
      state: { phase: 'returning', since, returnedAt: now, sayAt, saidAt, said, event },
      actions: [{ kind: 'wake', at: sayAt }],
    }
  }
  return { state, actions: [] }
}

function tick({ againAfterMs }: GaspSettings, state: GaspState, now: number): GaspStep {
  const next = (saidAt: number, said: number): GaspAction[] => {
    const gap = againAfterMs[said - 1]
    return gap === undefined ? [] : [{ kind: 'wake', at: saidAt + gap }]
  }
  if (state.phase === 'failing' && now >= state.sayAt) {
    const { since, event } = state
    return {
      state: { phase: 'out', since, saidAt: now, said: 1, event },
      actions: [{ kind: 'say', what: 'lost', since, event, copy: 1 }, ...next(now, 1)],
    }
  }
  if (state.phase === 'out') {
    const { said, saidAt, since, event } = state
    const gap = againAfterMs[said - 1]
    if (gap === undefined || now < saidAt + gap) return { state, actions: [] }
    return {
      state: { ...state, said: said + 1 },
      actions: [{ kind: 'say', what: 'lost', since, event, copy: said + 1 }, ...next(saidAt, said + 1)],
    }
  }
  if (state.phase === 'returning' && now >= state.sayAt) {
    const { since, returnedAt, event } = state
    return { state: powered, actions: [{ kind: 'say', what: 'returned', since, returnedAt, event }] }
  }
  return { state, actions: [] }
}
