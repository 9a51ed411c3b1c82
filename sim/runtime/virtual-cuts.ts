// Between whom nothing passes now: single ways that are cut, and a network that is divided into groups.

export interface VirtualCuts {
  passes(one: string, other: string): boolean
  cut(one: string, other: string): void
  mend(one: string, other: string): void
  /** Nothing passes but within a group; who is in none is alone. */
  partition(groups: readonly ReadonlySet<string>[]): void
  heal(): void
}

/** Whichever of the two is named first. */
export const pairKey = (one: string, other: string): string => (one < other ? `${one} ${other}` : `${other} ${one}`)

/** @param changed runs after each change */
export function virtualCuts(changed: () => void): VirtualCuts {
  const cuts = new Set<string>()
  let groups: readonly ReadonlySet<string>[] = []
  return {
    passes(one, other) {
      if (cuts.size > 0 && cuts.has(pairKey(one, other))) return false
      return groups.length === 0 || groups.some(group => group.has(one) && group.has(other))
    },
    cut(one, other) {
      cuts.add(pairKey(one, other))
      changed()
    },
    mend(one, other) {
      cuts.delete(pairKey(one, other))
      changed()
    },
    partition(next) {
      groups = next
      changed()
    },
    heal() {
      groups = []
      cuts.clear()
      changed()
    },
  }
}
