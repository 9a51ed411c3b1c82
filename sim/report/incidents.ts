// The incidents of a run: a step of the scenario with all that followed it closely. The page zooms to them.

import type { PlayedStep } from '../run/index.ts'

export interface Incident {
  readonly words: string
  /** Of the step. */
  readonly atMs: number
  /** With some room on both sides. */
  readonly fromMs: number
  readonly toMs: number
}

/** What comes later than this after the last thing that happened is another matter. */
const GAP_MS = 4000
const LEAST_MS = 400

/** @param happenings times of what is not background, rising */
export function incidentsOf(steps: readonly PlayedStep[], happenings: readonly number[], endMs: number): Incident[] {
  const incidents: { words: string; atMs: number; lastMs: number }[] = []
  for (const { words, atMs, action } of [...steps].sort((one, other) => one.atMs - other.atMs)) {
    const before = incidents.at(-1)
    if (before !== undefined && atMs <= before.lastMs) {
      if (action !== 'end') before.words += `; ${words}`
      before.lastMs = Math.max(before.lastMs, lastOf(happenings, atMs))
      continue
    }
    if (action !== 'end') incidents.push({ words, atMs, lastMs: lastOf(happenings, atMs) })
  }
  return incidents.map(({ words, atMs, lastMs }) => {
    const room = Math.max(LEAST_MS, lastMs - atMs) * 0.06
    const toMs = Math.min(Math.max(lastMs, atMs + LEAST_MS) + room, endMs)
    return { words, atMs, fromMs: Math.max(0, atMs - room), toMs: Math.max(toMs, atMs + 1) }
  })
}

function lastOf(happenings: readonly number[], fromMs: number): number {
  let last = fromMs
  for (const atMs of happenings) {
    if (atMs < fromMs) continue
    if (atMs > last + GAP_MS) break
    last = atMs
  }
  return last
}
