// Of which classes a back end's receipt has to cover all. A grant without a time: of each of its classes. One with a time gives
// no body of a record outside it, which the back end then rightly lacks for ever; a receipt names only the first body that is
// lacking. So of such a class is waited while that first one is within the grant: it was dropped on the way, and is sent again.
// Where it is outside, what lies behind it is not known, and nothing waits for it: better that a body is not sent again by
// itself than that all other records of the ledger stand still.

import type { Receipt } from './receipt.ts'
import type { Header, RecordClass } from './record.ts'
import { entitled, entitledClasses, grantsOf, type Reader, type SharingPolicy } from './sharing-policy.ts'

export const untimedClasses = (policy: SharingPolicy, reader: Reader): ReadonlySet<RecordClass> =>
  new Set(
    grantsOf(policy, reader)
      .filter(({ fromUtcMs, toUtcMs }) => fromUtcMs === undefined && toUtcMs === undefined)
      .flatMap(({ classes }) => classes),
  )

/** @param headerOf of the own ledger; @param now without it no grant has a time */
export async function waitedClasses(
  policy: SharingPolicy,
  reader: Reader,
  receipt: Pick<Receipt, 'lacking'> | undefined,
  headerOf: (number: number) => Promise<Header | undefined>,
  now: number | undefined,
): Promise<ReadonlySet<RecordClass>> {
  const waited = new Set(untimedClasses(policy, reader))
  for (const each of entitledClasses(policy, reader, now)) {
    if (waited.has(each)) continue
    const lacked = receipt?.lacking[each]
    const header = lacked === undefined ? undefined : await headerOf(lacked)
    if (header === undefined || entitled(policy, header, reader, now)) waited.add(each)
  }
  return waited
}
