// The messages of the protection as they go in a site test: each has a type of its own, within the signed bytes. So no live
// handler ever gets one, whatever is in it, and a test's handler gets nothing that is real.

import type { AuthorityRow } from '../mesh/authority.ts'
import { authorityTable } from './authority-table.ts'

const PREFIX = 'test-'

/** What is tested, by the type of the real message. */
const tested = [
  authorityTable.warning,
  authorityTable.allClear,
  authorityTable.tripped,
  authorityTable.transferTrip,
  authorityTable.relayState,
  authorityTable.interlockQuestion,
  authorityTable.interlockAnswer,
] as const

export const testedTypes: ReadonlySet<string> = new Set(tested.map(({ type }) => type))
export const testTypeOf = (type: string): string => `${PREFIX}${type}`
export const realTypeOf = (type: string): string => type.slice(PREFIX.length)

/** In the authority table: as the real ones, but over held links alone, where ages are measured. */
export const testRows: readonly Omit<AuthorityRow, 'claim' | 'where' | 'onward' | 'about'>[] = tested.map(row => ({
  ...row,
  type: testTypeOf(row.type),
  as: row.type,
  topic: 'none',
  overGossip: 'refused',
}))
