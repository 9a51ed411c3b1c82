// What one IED promises of its switching device to one incident at a time, so that two restorations never work on one part
// of the feeder at once, whoever leads them.
//
//            reserve: number drawn, durable, then said
//   free ──────────────────────────────────────────────► granted ──── lifetime over ────► overdue
//    ▲                                                     │ ▲                              │ │
//    │◄──────────── release by its leader ─────────────────┘ └─ reserve by the same ────────┘ │
//    │◄──────────── release, or the leader's IED confirms "open, fence raised" or "closed" ───┘
//
// A grant carries a number that this IED draws, greater than all before it, and writes down before it says it. Whoever
// operates the device under the grant shows the number. Time alone frees nothing: a leader that was cut off may be about to
// close. So when the lifetime is over and somebody else wants the device, the leader's own IED is asked: it has closed, or
// is open and has raised its number, after which no closing under the old one happens. While it is silent, the grant stands,
// and the others do without this device; a person ends it (`reset restoration`).
//
// After a restart the grant stands and its lifetime counts as over. A lost answer costs a repeat, which gets the same number.

import { after, type Duration, type Instant } from '../../../topology/units.ts'

export interface Grant {
  readonly incident: string
  /** The IED that leads the incident, and whose device closes under it. */
  readonly leader: string
  readonly fence: number
}

/** What is written down. */
export interface KeptGrant {
  /** The greatest number drawn or raised so far. */
  readonly fence: number
  readonly grant?: Grant
}

export interface GrantState extends KeptGrant {
  /** Of the grant, on this IED's clock. */
  readonly until?: Instant
}

export type GrantEvent =
  | {
      readonly kind: 'reserve'
      readonly incident: string
      readonly leader: string
      readonly lifetime: Duration
      /** Why this device takes part in nothing now. */
      readonly barred?: string
    }
  | { readonly kind: 'release'; readonly incident: string; readonly leader: string; readonly fence: number }
  /** The leader's IED says that it has closed, or that it is open and has raised its number. */
  | { readonly kind: 'confirmed'; readonly incident: string; readonly leader: string; readonly fence: number }
  /** From now on nothing closes here for this incident of its own: somebody else's grant is to end. */
  | { readonly kind: 'raise'; readonly incident: string }
  /** A person ends what stands. */
  | { readonly kind: 'reset' }

export type GrantAnswer =
  | { readonly kind: 'granted'; readonly fence: number }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'done' }

export type GrantAction =
  /** Durable before what follows it. When it fails, a refusal goes out instead. */
  | { readonly kind: 'persist'; readonly kept: KeptGrant }
  | { readonly kind: 'answer'; readonly answer: GrantAnswer }
  /** Ask the leader's IED whether it has closed, or is open and raises its number. */
  | { readonly kind: 'confirm'; readonly of: Grant }

export interface GrantStep {
  readonly state: GrantState
  readonly actions: readonly GrantAction[]
}

/** After a start: what was granted stands, and whoever has it must show that he is still there. */
export const grantAfterStart = (kept: KeptGrant, now: Instant): GrantState =>
  kept.grant === undefined ? { fence: kept.fence } : { ...kept, until: now }

export function stepGrant(state: GrantState, event: GrantEvent, now: Instant): GrantStep {
  switch (event.kind) {
    case 'reserve':
      return reserve(state, event, now)
    case 'release':
      // That it is free already is what was wanted: its answer was lost.
      return isOf(state.grant, event) ? free(state) : { state, actions: [answer({ kind: 'done' })] }
    case 'confirmed':
      return isOf(state.grant, event) ? free(state) : { state, actions: [] }
    case 'raise': {
      const isOther = state.grant !== undefined && state.grant.incident !== event.incident
      return keep(isOther ? { ...state, fence: state.fence + 1 } : { fence: state.fence + 1 }, { kind: 'done' })
    }
    case 'reset':
      return keep({ fence: state.fence + 1 }, { kind: 'done' })
  }
}

function reserve(state: GrantState, event: GrantEvent & { kind: 'reserve' }, now: Instant): GrantStep {
  const { incident, leader, lifetime, barred } = event
  const { grant, until } = state
  if (barred !== undefined) return refuse(state, barred)
  if (grant === undefined) {
    const fence = state.fence + 1
    const given = { incident, leader, fence }
    return keep({ fence, grant: given, until: after(now, lifetime) }, { kind: 'granted', fence })
  }
  if (grant.incident === incident && grant.leader === leader) {
    const longer = { ...state, until: after(now, lifetime) }
    return { state: longer, actions: [answer({ kind: 'granted', fence: grant.fence })] }
  }
  const refused = refuse(state, `it is granted to ${grant.incident}`)
  const isOverdue = until === undefined || now >= until
  return isOverdue ? { state, actions: [{ kind: 'confirm', of: grant }, ...refused.actions] } : refused
}

/** @returns why the device must not be operated under this number now, or undefined when it may be */
export function fenceRefusal(
  { grant, until }: GrantState,
  shown: Pick<Grant, 'incident' | 'fence' | 'leader'>,
  now: Instant,
): string | undefined {
  if (grant === undefined) return 'nothing is granted here'
  if (grant.incident !== shown.incident || grant.leader !== shown.leader) return `it is granted to ${grant.incident}`
  if (grant.fence !== shown.fence) return `its number is ${grant.fence}, not ${shown.fence}`
  return until === undefined || now >= until ? 'the grant is overdue' : undefined
}

const isOf = (grant: Grant | undefined, of: Pick<Grant, 'incident' | 'leader' | 'fence'>): boolean =>
  grant !== undefined && grant.incident === of.incident && grant.leader === of.leader && grant.fence === of.fence

const free = ({ fence }: GrantState): GrantStep => keep({ fence }, { kind: 'done' })

function keep(state: GrantState, said: GrantAnswer): GrantStep {
  const { until: _, ...kept } = state
  return { state, actions: [{ kind: 'persist', kept }, answer(said)] }
}

const answer = (given: GrantAnswer): GrantAction => ({ kind: 'answer', answer: given })
const refuse = (state: GrantState, why: string): GrantStep => ({
  state,
  actions: [answer({ kind: 'refused', why })],
})
