// Seeded chance (sfc32, seeded from SHA-256). Each part of a world derives its own from the run's seed and its name, so
// adding a node does not disturb the others.

import { createHash } from 'node:crypto'

export interface Chance {
  /** From 0 to below 1. */
  (): number
  /** Chance of a part, by its name: always the same for one seed. */
  of(name: string): Chance
  bytes(count: number): Uint8Array
}

export function createChance(seed: string): Chance {
  const digest = createHash('sha256').update(seed).digest()
  let [a, b, c, d] = [0, 4, 8, 12].map(offset => digest.readInt32LE(offset)) as [number, number, number, number]
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  return Object.assign(() => next() / 2 ** 32, {
    of: (name: string) => createChance(`${seed}/${name}`),
    bytes: (count: number) => Uint8Array.from({ length: count }, () => next() & 0xff),
  })
}

/** A whole number from `low` to `high`, both included. */
export const between = (chance: () => number, low: number, high: number): number =>
  low + Math.floor(chance() * (high - low + 1))

/** @throws RangeError when there is nothing to choose from */
export function pick<T>(chance: () => number, items: readonly T[]): T {
  if (items.length === 0) throw new RangeError('nothing to choose from')
  return items[Math.floor(chance() * items.length)] as T
}
