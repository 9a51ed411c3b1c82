// Whether usage is within the range that its tariff agrees on, interval by interval.
//
// Above it usage is reduced, until an interval is within the range again by a tenth of the limit: without that, what was taken
// off would come back at once and be taken off again. Below it, and where the measurement itself is doubted, nothing can be
// operated that would help, so it is told. An interval that is not known changes nothing.

export interface UsageRange {
  readonly leastWatts?: bigint
  readonly mostWatts?: bigint
}

export type UsageState = 'within' | 'excess' | 'shortage' | 'anomaly'

export interface MeanUsage {
  /** Mean over the interval. */
  readonly watts: bigint
  /** A check speaks against what was measured. */
  readonly isDoubted: boolean
}

export interface UsageAction {
  readonly kind: 'reduce' | 'release' | 'tell'
  readonly state: UsageState
}

export const usageRange =
  ({ leastWatts, mostWatts }: UsageRange) =>
  (
    state: UsageState,
    { watts, isDoubted }: MeanUsage,
  ): { readonly state: UsageState; readonly actions: UsageAction[] } => {
    const isExcess = mostWatts !== undefined && (state === 'excess' ? watts * 10n > mostWatts * 9n : watts > mostWatts)
    const next: UsageState = isDoubted
      ? // What is doubted lets nothing go.
        state === 'excess'
        ? 'excess'
        : 'anomaly'
      : isExcess
        ? 'excess'
        : leastWatts !== undefined && watts < leastWatts
          ? 'shortage'
          : 'within'
    if (next === state) return { state, actions: [] }
    const kind = next === 'excess' ? 'reduce' : state === 'excess' ? 'release' : 'tell'
    return { state: next, actions: [{ kind, state: next }] }
  }

export interface Reducible {
  readonly name: string
  readonly watts: number
  /** 1 goes off last. */
  readonly priority: number
}

/** Which loads go off so that what is drawn comes down to the level; all when no level is given, or nobody knows the draw. */
export function loadsToReduce(
  loads: readonly Reducible[],
  drawnWatts: number | undefined,
  levelWatts: number | undefined,
): string[] {
  const inOrder = [...loads].sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1))
  if (levelWatts === undefined || drawnWatts === undefined) return inOrder.map(({ name }) => name)
  const off: string[] = []
  let left = drawnWatts
  for (const { name, watts } of inOrder) {
    if (left <= levelWatts) break
    off.push(name)
    left -= watts
  }
  return off
}
