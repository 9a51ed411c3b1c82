// The order in which the vertices of a network are eliminated: those with the fewest neighbours first.
//
// A radial network is so taken off leaf by leaf and gains no new entries; a meshed one gains few (minimum degree, Tinney
// and Walker, Proceedings of the IEEE 55, 1967). Ties go by number, so that the order is the same on every machine.

/**
 * @param edges pairs of vertices, one after the other; repeated pairs and loops do no harm
 * @returns all vertices 0 to count - 1
 */
export function eliminationOrder(count: number, edges: readonly number[]): Int32Array {
  const neighbours = Array.from({ length: count }, () => new Set<number>())
  for (let at = 0; at + 1 < edges.length; at += 2) {
    const one = edges[at] as number
    const other = edges[at + 1] as number
    if (one === other) continue
    neighbours[one]?.add(other)
    neighbours[other]?.add(one)
  }
  const order = new Int32Array(count)
  const isGone = new Uint8Array(count)
  /** By degree, those that had it when they were put here; an entry that is out of date is skipped. */
  const byDegree: number[][] = []
  const put = (vertex: number): void => {
    const degree = neighbours[vertex]?.size ?? 0
    while (byDegree.length <= degree) byDegree.push([])
    byDegree[degree]?.push(vertex)
  }
  for (let vertex = count - 1; vertex >= 0; vertex--) put(vertex)
  let lowest = 0
  for (let place = 0; place < count; ) {
    const vertex = byDegree[lowest]?.pop()
    if (vertex === undefined) {
      lowest++
      continue
    }
    const around = neighbours[vertex] as Set<number>
    if (isGone[vertex] === 1 || around.size !== lowest) continue
    isGone[vertex] = 1
    order[place++] = vertex
    for (const one of around) {
      const own = neighbours[one] as Set<number>
      own.delete(vertex)
      for (const other of around) if (other !== one) own.add(other)
      put(one)
      lowest = Math.min(lowest, own.size)
    }
    around.clear()
  }
  return order
}
