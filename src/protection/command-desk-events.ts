// What the command desk is told, what it has done, and what it remembers; `command-desk.ts` decides.

import type { Instant } from '../../topology/units.ts'
import type { Surroundings } from './closing-check.ts'
import type { Order, Outcome, Part, Reason, Result } from './command.ts'
import type { OrderAge } from './order-age.ts'
import type { OrderedOperation } from './ordered-operation.ts'

export type Phase = 'looking' | 'beginning' | 'checking' | 'acting' | 'reading-back' | 'concluding'
export type Lane = 'device' | 'agent' | 'plan'

export interface Running {
  readonly id: string
  readonly order: Order
  readonly operation: OrderedOperation | undefined
  readonly phase: Phase
  /** Grows with each phase, so that what a phase before started says nothing to this one. */
  readonly step: number
  readonly deadline: Instant
  /** Requests that wait for the answer. */
  readonly waiting: readonly number[]
  /** Since the operation ended, or when there was none. */
  readonly acted?: Acted
  readonly outcome?: Outcome
}

export interface Acted {
  readonly result: Result
  readonly words: string
  readonly reason?: Reason
  readonly parts?: readonly Part[]
  /** The IED whom the same order is for next. */
  readonly next?: string
}

export interface Known {
  /** Of the order's bytes: the same number with other bytes is another order. */
  readonly digest: string
  readonly until: Instant
  /** Absent while it runs, and for one that a crash interrupted. */
  readonly outcome?: Outcome
}

export interface DeskState {
  readonly known: ReadonlyMap<string, Known>
  readonly running: ReadonlyMap<Lane, Running>
  readonly steps: number
}

export interface Seen {
  readonly position?: 'open' | 'closed' | 'unknown' | undefined
  readonly shed?: boolean | undefined
  readonly pickup?: boolean | undefined
  readonly dead?: boolean | undefined
  readonly farDead?: boolean | undefined
  /** Sync check, the device's or the agent's own, permits closing now. */
  readonly inSync?: boolean | undefined
}

export type DeskEvent =
  | ({
      readonly kind: 'order'
      /** To which the answer belongs. */
      readonly request: number
      readonly order: Order
      readonly digest: string
      /** Why its signers may not order this, if so. */
      readonly refusal: { readonly reason: Reason; readonly words: string } | undefined
    } & OrderAge)
  /** `seen` is absent when the device did not answer. */
  | {
      readonly kind: 'looked'
      readonly step: number
      readonly seen: Seen | undefined
      readonly around: Surroundings
      /** Of a load: whose word goes before this order's, if so. */
      readonly held?: string | undefined
    }
  | { readonly kind: 'recorded'; readonly step: number; readonly durable: boolean }
  | ({ readonly kind: 'acted'; readonly step: number } & Acted)
  | { readonly kind: 'tick' }

export type DeskAction =
  | {
      readonly kind: 'look'
      readonly step: number
      readonly operation: OrderedOperation | undefined
      readonly order: Order
    }
  /** Durably: the order with its number, before; the outcome too, afterwards. */
  | {
      readonly kind: 'record'
      readonly step: number
      readonly order: Order
      readonly digest: string
      readonly outcome?: Outcome
    }
  | {
      readonly kind: 'operate'
      readonly step: number
      readonly operation: OrderedOperation['operation']
      readonly order: Order
    }
  /** What is done inside the agent, or by orders to others. */
  | { readonly kind: 'act'; readonly step: number; readonly order: Order }
  | { readonly kind: 'answer'; readonly requests: readonly number[]; readonly outcome: Outcome }
  /** Their time is over: they need not be kept any longer. */
  | { readonly kind: 'forget'; readonly ids: readonly string[] }
  | { readonly kind: 'wake'; readonly at: Instant }

export interface Step {
  readonly state: DeskState
  readonly actions: readonly DeskAction[]
}
