// Is the feeder worse off with the mesh than with its relays and fuses alone? In no case may it be.

import type { Judged } from './judge.ts'

/** What came of the same fault without agents. */
export type Alone = Pick<Judged, 'verdict' | 'clearedBy' | 'clearedMs'>

/** Less is rounding: half of the scheduler's step. */
const SAME_MS = 0.5

/** @returns why it is worse; undefined where it is not */
export function worseThanAlone(withMesh: Judged, alone: Judged): string | undefined {
  const { clearedMs, clearedBy, verdict } = withMesh
  const isCleared = (of: Judged): boolean => of.clearedMs !== undefined && of.verdict !== 'not cleared'
  if (isCleared(alone) && !isCleared(withMesh))
    return `not cleared, alone ${alone.clearedBy} after ${alone.clearedMs} ms`
  if (!isCleared(alone)) return undefined
  if ((clearedMs ?? 0) > (alone.clearedMs ?? 0) + SAME_MS) {
    return `cleared after ${clearedMs} ms, alone after ${alone.clearedMs} ms`
  }
  if (verdict === 'wrong device' && alone.verdict !== 'wrong device')
    return `${clearedBy} cleared, alone ${alone.clearedBy}`
  const more = withMesh.alsoTripped.filter(name => !alone.alsoTripped.includes(name) && name !== alone.clearedBy)
  return more.length === 0 ? undefined : `${more.join(', ')} tripped too, alone not`
}
