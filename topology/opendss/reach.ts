// Which branches hang together with a source, and whether the closed ones make a loop.

import type { Branch } from './branch.ts'

/** Buses that some source reaches through branches, open switches included. */
export function reachedBuses(branches: readonly Branch[], sources: readonly string[]): Set<string> {
  const neighbours = new Map<string, string[]>()
  for (const { from, to } of branches) {
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      const known = neighbours.get(one)
      if (known) known.push(other)
      else neighbours.set(one, [other])
    }
  }
  const reached = new Set(sources)
  // A set goes on to what is added while it is gone through.
  for (const bus of reached) for (const next of neighbours.get(bus) ?? []) reached.add(next)
  return reached
}

/** The first closed branch that closes a loop, or joins what two sources feed already. */
export function firstLoop(
  branches: readonly Branch[],
  isOpen: (branch: Branch) => boolean,
  sources: readonly string[],
): Branch | undefined {
  const above = new Map<string, string>()
  const rootOf = (bus: string): string => {
    let root = bus
    for (let next = above.get(root); next !== undefined; next = above.get(root)) root = next
    // Every bus on the way now points at the root, so that long feeders stay quick.
    for (let next = bus; next !== root; ) {
      const further = above.get(next) ?? root
      above.set(next, root)
      next = further
    }
    return root
  }
  // All sources count as one, so that a way between two of them is a loop as well.
  const [first, ...others] = new Set(sources)
  for (const other of others) if (first !== undefined) above.set(rootOf(other), rootOf(first))
  return branches.find(branch => {
    if (isOpen(branch)) return false
    const [one, other] = [rootOf(branch.from), rootOf(branch.to)]
    if (one === other) return true
    above.set(one, other)
    return false
  })
}
