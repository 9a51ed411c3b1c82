// Seeded chance (mulberry32), so that a run can be repeated with the same order and pacing.

export function chanceFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function shuffled<T>(items: readonly T[], chance: () => number): T[] {
  const order = items.map(item => ({ item, key: chance() }))
  return order.sort((one, other) => one.key - other.key).map(({ item }) => item)
}
