// The best way to feed dark blocks: most load by priority, then fewest operations, then largest margin, then by name.
//
// Blocks that hang together by closed devices are an island. First each island as a whole, from one tie: that is what
// mostly comes out, at one check for each tie. Where it does not, blocks are fed one by one, the weightiest first, and then
// all ways are gone through, cutting off those that cannot become better, until the bound on the work is reached. Feeding
// more never makes a source able that was not, so what cannot be fed is not tried with more.

import { createCandidate } from './candidate.ts'
import type { Verdict } from './path-check.ts'
import type { Edge, Scene } from './scene.ts'

export interface Found {
  /** Edges in the order in which they are used. */
  readonly edges: readonly number[]
  readonly value: number
  readonly operations: number
  readonly margin: number
  /** By block, why it could not be fed when it was tried. */
  readonly refusals: ReadonlyMap<number, string>
  readonly isCutShort: boolean
}

export interface SearchOptions {
  readonly leastPu: number
  /** By block, what it counts; as large as can be counts once. */
  readonly value: readonly number[]
  /** By load, what is left of it. */
  readonly loadScale: Float64Array
  /** Blocks that are to be left alone. */
  readonly isBarred: (block: number) => boolean
  readonly mostNodes: number
}

/** So many checks are made however large the feeder. */
const LEAST_CHECKS = 12
/** Relative: figures that differ by less are the same. */
const SAME = 1e-9

export function search(scene: Scene, options: SearchOptions): Found {
  const { edges, blocks } = scene
  const candidate = createCandidate(scene, options.leastPu)
  candidate.state.loadScale.set(options.loadScale)
  const isUsable = edges.map(
    ({ one, other, mustOpen }) => !mustOpen && ![one, other].some(block => block >= 0 && options.isBarred(block)),
  )
  const refusals = new Map<number, string>()
  let checks = 0
  let isCutShort = false
  const mayGoOn = (): boolean => {
    if (checks < LEAST_CHECKS || candidate.cost() < options.mostNodes) return true
    isCutShort = true
    return false
  }
  const check = (source: number, block: number): Verdict => {
    checks++
    const verdict = candidate.check(source)
    if (verdict.why !== undefined && !refusals.has(block)) refusals.set(block, verdict.why)
    return verdict
  }
  const total = blocks.reduce(
    (sum, _, block) => sum + (options.isBarred(block) ? 0 : (options.value[block] as number)),
    0,
  )

  /** The edges of the present way, in the order of their use. */
  const way: number[] = []
  const use = (edge: number): void => {
    candidate.use(edge)
    way.push(edge)
  }
  const back = (length: number): void => {
    while (way.length > length) candidate.drop(way.pop() as number)
  }
  const worth = (): number =>
    blocks.reduce((sum, _, n) => sum + ((candidate.sourceAt[n] as number) >= 0 ? (options.value[n] as number) : 0), 0)

  let best: Found = { edges: [], value: 0, operations: 0, margin: 1, refusals, isCutShort: false }
  const offer = (value: number, margin: number): void => {
    const operations = candidate.operations()
    if (!isBetter({ value, operations, margin }, best)) return
    best = { edges: [...way], value, operations, margin, refusals, isCutShort: false }
  }

  wholeIslands()
  const isWhole = best.value >= total * (1 - SAME)
  if (!isWhole) {
    for (const order of [byWeight, closedFirst]) {
      back(0)
      oneByOne(order)
    }
    back(0)
    goThrough(startEdges(), 0, 0, 1, total)
  }
  return { ...best, isCutShort }

  /** Where an edge would lead from what is fed, -1 for nowhere. */
  function leadsTo(edge: number): number {
    return isUsable[edge] ? candidate.darkSide(edge) : -1
  }
  function sourceThrough(edge: number): number {
    const { one, other, source } = edges[edge] as Edge
    if (one === -1) return source
    return Math.max(candidate.sourceAt[one] as number, candidate.sourceAt[other] as number)
  }
  function startEdges(): number[] {
    return edges.flatMap(({ one }, n) => (one === -1 && isUsable[n] ? [n] : []))
  }
  function onwardFrom(block: number): number[] {
    const own = (scene.edgesAt[block] ?? []).filter(edge => leadsTo(edge) >= 0)
    return [...own.filter(edge => edges[edge]?.isClosed), ...own.filter(edge => !edges[edge]?.isClosed)]
  }

  function wholeIslands(): void {
    const islands = islandsIn(scene, isUsable, options)
    let margin = 1
    for (let progress = true; progress; ) {
      progress = false
      for (const island of islands) {
        if ((candidate.sourceAt[island[0] as number] as number) >= 0) continue
        const fed = bestFeed(island)
        if (fed === undefined) continue
        margin = Math.min(margin, fed)
        progress = true
      }
    }
    offer(worth(), margin)
  }

  /** Feeds an island as a whole through the best of its edges. @returns the margin; undefined where none can */
  function bestFeed(island: readonly number[]): number | undefined {
    const entries = island
      .flatMap(block => scene.edgesAt[block] ?? [])
      .filter(edge => leadsTo(edge) >= 0)
      .sort((one, other) => one - other)
    const start = way.length
    let chosen: { edges: number[]; margin: number } | undefined
    for (const entry of entries) {
      if (!mayGoOn()) break
      const source = sourceThrough(entry)
      const first = leadsTo(entry)
      use(entry)
      const inside = new Set(island)
      const reached = [first]
      for (const block of reached) {
        for (const edge of scene.edgesAt[block] ?? []) {
          const next = leadsTo(edge)
          if (next < 0 || !edges[edge]?.isClosed || !inside.has(next)) continue
          use(edge)
          reached.push(next)
        }
      }
      const verdict = check(source, first)
      const isAble = verdict.why === undefined
      if (isAble && (chosen === undefined || verdict.margin > chosen.margin + 1e-6)) {
        chosen = { edges: way.slice(start), margin: verdict.margin }
      }
      back(start)
    }
    for (const edge of chosen?.edges ?? []) use(edge)
    return chosen?.margin
  }

  function oneByOne(order: (one: number, other: number) => number): void {
    const open = startEdges()
    let margin = 1
    while (mayGoOn()) {
      open.sort(order)
      const at = open.findIndex(edge => leadsTo(edge) >= 0)
      if (at < 0) break
      const [edge = 0] = open.splice(at, 1)
      const block = leadsTo(edge)
      const source = sourceThrough(edge)
      use(edge)
      const verdict = check(source, block)
      if (verdict.why !== undefined) {
        back(way.length - 1)
        continue
      }
      margin = Math.min(margin, verdict.margin)
      open.push(...onwardFrom(block))
    }
    offer(worth(), margin)
  }
  /** What counts most by its load first; then what hangs on already. */
  function byWeight(one: number, other: number): number {
    return density(other) - density(one) || closedFirst(one, other)
  }
  function closedFirst(one: number, other: number): number {
    return Number(edges[other]?.isClosed) - Number(edges[one]?.isClosed) || one - other
  }
  function density(edge: number): number {
    const block = candidate.darkSide(edge)
    return block < 0 ? 0 : (options.value[block] as number) / (1 + (blocks[block]?.kw ?? 0))
  }

  /**
   * @param open edges from what is fed to what is not, those before `at` decided
   * @param most what can be reached at best
   */
  function goThrough(open: readonly number[], at: number, value: number, margin: number, most: number): void {
    if (most < best.value * (1 - SAME) || !mayGoOn()) return
    let next = at
    while (next < open.length && leadsTo(open[next] as number) < 0) next++
    const edge = open[next]
    if (edge === undefined) return offer(value, margin)
    if (most <= best.value * (1 + SAME) && closings() >= best.operations) return
    const block = leadsTo(edge)
    const source = sourceThrough(edge)
    use(edge)
    const verdict = check(source, block)
    if (verdict.why === undefined) {
      const more = [...open.slice(0, next + 1), ...onwardFrom(block), ...open.slice(next + 1)]
      const worthNow = value + (options.value[block] as number)
      goThrough(more, next + 1, worthNow, Math.min(margin, verdict.margin), most)
    }
    back(way.length - 1)
    const rest = open.slice(next + 1)
    goThrough(open, next + 1, value, margin, value + reachable(rest))
  }
  function closings(): number {
    return way.reduce((count, edge) => count + (edges[edge]?.isClosed ? 0 : 1), 0)
  }
  /** The value of all dark blocks that the edges could still lead to. */
  function reachable(open: readonly number[]): number {
    const seen = new Set<number>()
    const reached = open.flatMap(edge => (leadsTo(edge) >= 0 ? [leadsTo(edge)] : []))
    let sum = 0
    for (const block of reached) {
      if (seen.has(block)) continue
      seen.add(block)
      sum += options.value[block] as number
      for (const edge of scene.edgesAt[block] ?? []) {
        const { one, other } = edges[edge] as Edge
        if (!isUsable[edge] || one === -1) continue
        const next = one === block ? other : one
        if ((candidate.sourceAt[next] as number) < 0) reached.push(next)
      }
    }
    return sum
  }
}

type Score = Pick<Found, 'value' | 'operations' | 'margin'>

function isBetter(one: Score, other: Score): boolean {
  if (Math.abs(one.value - other.value) > SAME * Math.max(one.value, other.value)) return one.value > other.value
  if (one.operations !== other.operations) return one.operations < other.operations
  return one.margin > other.margin + 1e-6
}

/** Weightiest first. */
function islandsIn(
  { blocks, edges, edgesAt }: Scene,
  isUsable: readonly boolean[],
  { value, isBarred }: SearchOptions,
): number[][] {
  const seen = new Set<number>()
  const islands: number[][] = []
  blocks.forEach((_, start) => {
    if (seen.has(start) || isBarred(start)) return
    const island = [start]
    seen.add(start)
    for (const block of island) {
      for (const edge of edgesAt[block] ?? []) {
        const { one, other, isClosed } = edges[edge] as Edge
        const next = one === block ? other : one
        if (!isClosed || !isUsable[edge] || next < 0 || seen.has(next)) continue
        seen.add(next)
        island.push(next)
      }
    }
    islands.push(island)
  })
  const sum = (island: readonly number[]): number =>
    island.reduce((total, block) => total + (value[block] as number), 0)
  return islands.sort((one, other) => sum(other) - sum(one))
}
