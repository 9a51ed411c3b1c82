// What came of one fault: what devices did and what agents told theirs to do, in milliseconds after the fault.

import type { FieldEvent } from '../plant/field.ts'

export interface FieldAct {
  readonly atMs: number
  readonly device: string
  readonly kind: FieldEvent['kind']
}

export interface AgentAct {
  readonly atMs: number
  readonly ied: string
  readonly operation: string
  readonly cause: string
}

export interface Played {
  readonly field: readonly FieldAct[]
  readonly agents: readonly AgentAct[]
  /** How long it was looked on. */
  readonly forMs: number
}

/** When a sweep's faults happen: the load of the evening peak. */
export const SECONDS_OF_DAY = 18 * 3600

/** A thousandth of a millisecond: less is left over from adding up times. */
export const rounded = (ms: number): number => Math.round(ms * 1000) / 1000
