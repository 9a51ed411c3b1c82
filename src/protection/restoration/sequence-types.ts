// What the restoration sequence of one IED hears and does.

import type { Duration, Instant } from '../../../topology/units.ts'
import type { DeviceFacts } from './locate-types.ts'

/** What an IED tells of its device beyond the facts by which a fault is located. */
export interface TeamFacts extends DeviceFacts {
  /** Its own relay has opened it. */
  readonly tripped: boolean
  /** Fault current passes it now, or its element is picked up. */
  readonly disturbed: boolean
  /** Why it must not be operated now. */
  readonly barred?: string
  /** What it carried before the fault, all phases together, where it measures. */
  readonly loadKva?: number
}

/** By device; one that did not answer is missing. */
export type Gathered = ReadonlyMap<string, TeamFacts>

export type Decision =
  /** Nothing is dark that this device could feed. */
  | { readonly kind: 'nothing'; readonly why: string }
  /** Not yet: a recloser is at work, facts are missing, or another device is to close. */
  | { readonly kind: 'wait'; readonly why: string; readonly leader?: string }
  | {
      readonly kind: 'go'
      /** Devices that have to be open and are not yet. */
      readonly opens: readonly string[]
      /** Loads whose sheddable part has to be off, and is not known to be. */
      readonly sheds: readonly string[]
      /** All devices that must grant the incident, the own one among them. */
      readonly grants: readonly string[]
      /** Zones that the own device makes live. */
      readonly feeds: readonly string[]
      readonly suspect: readonly string[]
    }

export type Decide = (given: {
  readonly facts: Gathered
  /** Devices that failed in this incident, with the reason. */
  readonly failed: ReadonlyMap<string, string>
  /** Loads that are shed for this incident, and those that could not be. */
  readonly shed: ReadonlySet<string>
  readonly notShed: ReadonlySet<string>
}) => Decision

/** One that was held at `until`, on this IED's own clock, counted from before it was asked for. */
export interface HeldGrant {
  readonly fence: number
  readonly until: Instant
}

interface Incident {
  readonly incident: string
  readonly begunAt: Instant
  readonly grants: ReadonlyMap<string, HeldGrant>
  readonly failed: ReadonlyMap<string, string>
  readonly opened: readonly string[]
  readonly shed: ReadonlySet<string>
  readonly notShed: ReadonlySet<string>
  /** Since when the facts allow a plan: what is timed counts from there. */
  readonly knownAt?: Instant
  /** Of that, what the devices took to open. */
  readonly travelMs: number
  /** Who was to close instead, and since when. */
  readonly leader?: { readonly device: string; readonly since: Instant }
  /** Said last: the same reason is told once. */
  readonly said?: string
  readonly rounds: number
}

interface Counted {
  /** Incidents led since the start. */
  readonly count: number
  /** Of what was asked: an answer to an earlier round comes too late. */
  readonly round: number
}

interface Busy extends Counted, Incident {
  readonly deadline: Instant
  readonly opens: readonly string[]
  /** When this round began. */
  readonly from: Instant
}

export type SequenceState =
  | (Counted & { readonly phase: 'idle' })
  | (Counted & Incident & { readonly phase: 'looking'; readonly deadline: Instant })
  | (Counted & Incident & { readonly phase: 'pausing'; readonly until: Instant })
  | (Busy & { readonly phase: 'reserving'; readonly sheds: readonly string[] })
  | (Busy & { readonly phase: 'shedding' })
  | (Busy & { readonly phase: 'opening' })
  | (Counted & Incident & { readonly phase: 'closing'; readonly feeds: readonly string[] })
  /** Until the device is in order again, or a person looks. */
  | (Counted & { readonly phase: 'stopped'; readonly why: string })

export type SequenceEvent =
  /** By its own measurement the device is open with one side live and the other dead, and may act. */
  | { readonly kind: 'dark' }
  /** That is over, with the reason in words. */
  | { readonly kind: 'over'; readonly why: string }
  /** Another IED says that there is something to look at. */
  | { readonly kind: 'news' }
  | { readonly kind: 'gathered'; readonly round: number; readonly facts: Gathered }
  | {
      readonly kind: 'reserved'
      readonly round: number
      readonly results: ReadonlyMap<string, { readonly fence: number } | { readonly refused: string }>
    }
  /** By device: how long it travelled until it was read back open, else why it is not. */
  | {
      readonly kind: 'opened'
      readonly round: number
      readonly results: ReadonlyMap<string, { readonly travelMs: number } | { readonly failed: string }>
    }
  /** By load, as `opened`. */
  | {
      readonly kind: 'shed'
      readonly round: number
      readonly results: ReadonlyMap<string, { readonly travelMs: number } | { readonly failed: string }>
    }
  /** `not-tried`: a check at the last moment held it back. `unknown`: it may be closed. */
  | {
      readonly kind: 'closed'
      readonly result: 'done' | 'not-tried' | 'failed' | 'unknown'
      readonly why: string
      readonly travelMs: number
    }
  | { readonly kind: 'tick' }

export type SequenceAction =
  | { readonly kind: 'gather'; readonly round: number }
  | {
      readonly kind: 'reserve'
      readonly round: number
      readonly incident: string
      readonly devices: readonly string[]
      readonly lifetime: Duration
    }
  | {
      readonly kind: 'open'
      readonly round: number
      readonly incident: string
      readonly devices: readonly { readonly device: string; readonly fence: number }[]
    }
  | { readonly kind: 'shed'; readonly round: number; readonly incident: string; readonly loads: readonly string[] }
  | {
      readonly kind: 'close'
      readonly incident: string
      readonly fence: number
      readonly feeds: readonly string[]
      /** It must have begun by then. */
      readonly before: Instant
    }
  | { readonly kind: 'release'; readonly incident: string; readonly devices: ReadonlyMap<string, number> }
  | { readonly kind: 'report'; readonly event: string; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: 'wake'; readonly at: Instant }

export interface SequenceStep {
  readonly state: SequenceState
  readonly actions: readonly SequenceAction[]
}
