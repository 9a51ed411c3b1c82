// Finds a place for everything that may stand in several: labels, loads, generators.
//
// Each thing in turn takes the candidate that covers least of what is there already; then all are lifted once more and
// choose again, now that the others are known. No search for the best of all, but the same result each time.

import type { Box, Paper } from './geometry.ts'

export interface Candidate {
  readonly boxes: readonly Box[]
  /** How little this place is liked, 0 for the best. One covered square unit weighs as much as 0.15. */
  readonly cost: number
  draw(): string
}

export interface Placeable {
  readonly owner: string
  readonly candidates: readonly Candidate[]
  /** Left out rather than put over something else. */
  readonly optional?: boolean
}

const WEIGHT = 0.15
const ROUNDS = 5

/** @returns SVG by owner, what was left out not among it; the boxes taken stay on the paper */
export function settle(
  things: readonly Placeable[],
  paper: Paper,
): Map<string, { readonly svg: string; readonly boxes: readonly Box[] }> {
  const chosen = new Map<string, Candidate>()
  for (let round = 0; round < ROUNDS; round++) {
    for (const { owner, candidates, optional } of things) {
      paper.lift(owner)
      const best = cheapest(candidates, paper, owner)
      if (!best || (optional === true && best.covered > 0)) {
        chosen.delete(owner)
        continue
      }
      chosen.set(owner, best.candidate)
      for (const box of best.candidate.boxes) paper.add(owner, box)
    }
  }
  return new Map([...chosen].map(([owner, candidate]) => [owner, { svg: candidate.draw(), boxes: candidate.boxes }]))
}

function cheapest(
  candidates: readonly Candidate[],
  paper: Paper,
  owner: string,
): { readonly candidate: Candidate; readonly covered: number } | undefined {
  let best: { readonly candidate: Candidate; readonly covered: number; readonly cost: number } | undefined
  for (const candidate of candidates) {
    if (best && candidate.cost >= best.cost) continue
    const covered = candidate.boxes.reduce((sum, box) => sum + paper.covered(box, owner), 0)
    const cost = candidate.cost + covered * WEIGHT
    if (!best || cost < best.cost) best = { candidate, covered, cost }
  }
  return best
}
