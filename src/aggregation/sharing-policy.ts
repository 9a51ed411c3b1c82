// Who may read what of one IED.
//
// A recipient is an organisation, or a department of one. A department has only what is granted to it by name, and an
// organisation's own back end does not have what is granted to one of its departments: the narrower reader is never taken
// for the wider one, nor the other way round.

import type { RecordClass } from './record.ts'

/** What one organisation, or one department of it, may read of this IED. */
export interface Grant {
  readonly organisation: string
  readonly department?: string
  readonly classes: readonly RecordClass[]
  /** Of records from then on, and given out from then on; from the first record when absent. */
  readonly fromUtcMs?: number
  /** Of records before it. From then on nothing is given out any more, not even older records. */
  readonly toUtcMs?: number
  /** Whether a record stays until this reader has receipted it; true when absent. */
  readonly required?: boolean
}

/** Whoever has no grant gets nothing, headers included. */
export type SharingPolicy = readonly Grant[]

/** Whom a grant is about. */
export interface Reader {
  readonly organisation: string
  readonly department?: string | undefined
}

/** Of a policy, so that no one policy fills memory. */
export const MAX_GRANTS = 256

const isFor = (grant: Grant, { organisation, department }: Reader): boolean =>
  grant.organisation === organisation && grant.department === department

export const isLive = (
  { fromUtcMs = 0, toUtcMs = Number.POSITIVE_INFINITY }: Pick<Grant, 'fromUtcMs' | 'toUtcMs'>,
  utcMs: number,
): boolean => utcMs >= fromUtcMs && utcMs < toUtcMs

/** The grants that this reader has now. Without a time, whatever their time. */
export const grantsOf = (policy: SharingPolicy, reader: Reader, nowUtcMs?: number): readonly Grant[] =>
  policy.filter(grant => isFor(grant, reader) && (nowUtcMs === undefined || isLive(grant, nowUtcMs)))

/** Classes of which the reader may have at least some records now. */
export const entitledClasses = (policy: SharingPolicy, reader: Reader, nowUtcMs?: number): ReadonlySet<RecordClass> =>
  new Set(grantsOf(policy, reader, nowUtcMs).flatMap(grant => grant.classes))

/** Whether the reader may have this very record now. Both the time of the record and the present one must lie in the grant. */
export const entitled = (
  policy: SharingPolicy,
  record: { readonly class: RecordClass; readonly utcMs?: number },
  reader: Reader,
  nowUtcMs?: number,
): boolean =>
  grantsOf(policy, reader, nowUtcMs).some(
    grant => grant.classes.includes(record.class) && (record.utcMs === undefined || isLive(grant, record.utcMs)),
  )
