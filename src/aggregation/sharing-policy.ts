import type { RecordClass } from './record.ts'

/** What one organisation may read of this IED. */
export interface Grant {
  readonly organisation: string
  readonly classes: readonly RecordClass[]
}

/** Whoever has no grant gets nothing, headers included. */
export type SharingPolicy = readonly Grant[]

export const entitledClasses = (policy: SharingPolicy, organisation: string): ReadonlySet<RecordClass> =>
  new Set(policy.filter(grant => grant.organisation === organisation).flatMap(grant => grant.classes))

export const entitled = (policy: SharingPolicy, recordClass: RecordClass, organisation: string): boolean =>
  entitledClasses(policy, organisation).has(recordClass)
