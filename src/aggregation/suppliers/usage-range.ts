// Whether usage is within the range that its tariff agrees on, interval by interval.
//
// Above it usage is reduced, until so many intervals in a row are below nine tenths of the limit: what was taken off would
// otherwise come back at once and be taken off again. Below it, and where the measurement itself is doubted, nothing can be
// operated that would help, so it is told. An interval that is not known changes nothing.

export interface UsageRange {
  readonly leastWatts?: bigint
  readonly mostWatts?: bigint
  /** Intervals within the range before what was reduced is given back. */
  readonly restIntervals: number
}

export type UsageWord = 'within' | 'excess' | 'shortage' | 'anomaly'

export interface UsageState {
  readonly word: UsageWord
  /** Intervals in a row that would end an excess. */
  readonly rested: number
}

export const usageStart = (word: UsageWord = 'within'): UsageState => ({ word, rested: 0 })

export interface MeanUsage {
  /** Mean over the interval. */
  readonly watts: bigint
  /** A check speaks against what was measured. */
  readonly isDoubted: boolean
}

export interface UsageAction {
  readonly kind: 'reduce' | 'release' | 'tell'
  readonly word: UsageWord
}

export interface UsageStep {
  readonly state: UsageState
  readonly actions: readonly UsageAction[]
}

export const usageRange =
  (range: UsageRange) =>
  (state: UsageState, usage: MeanUsage): UsageStep => {
    if (state.word === 'excess') return whileReduced(range, state, usage)
    const word = wordOf(range, usage)
    if (word === state.word) return { state, actions: [] }
    return { state: usageStart(word), actions: [{ kind: word === 'excess' ? 'reduce' : 'tell', word }] }
  }

function wordOf({ leastWatts, mostWatts }: UsageRange, { watts, isDoubted }: MeanUsage): UsageWord {
  if (isDoubted) return 'anomaly'
  if (mostWatts !== undefined && watts > mostWatts) return 'excess'
  return leastWatts !== undefined && watts < leastWatts ? 'shortage' : 'within'
}

/** That usage is low is what the reduction is for, so it is no shortage. What is doubted lets nothing go. */
function whileReduced({ mostWatts = 0n, restIntervals }: UsageRange, state: UsageState, usage: MeanUsage): UsageStep {
  if (usage.isDoubted || usage.watts * 10n > mostWatts * 9n) return { state: { ...state, rested: 0 }, actions: [] }
  const rested = state.rested + 1
  if (rested < restIntervals) return { state: { ...state, rested }, actions: [] }
  return { state: usageStart(), actions: [{ kind: 'release', word: 'within' }] }
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
