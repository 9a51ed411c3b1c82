// Answers of the live feeder that cost more than a look, kept until a device operates.

import type { Feeder } from '../../topology/feeder.ts'

/** Things asked about in one topology; more than that are worked out anew. */
const KEPT = 1024

export function perTopology<T>(feeder: Feeder, answer: (thing: string) => T): (thing: string) => T {
  let version = -1
  let answers = new Map<string, T>()
  return thing => {
    if (version !== feeder.version || answers.size >= KEPT) {
      version = feeder.version
      answers = new Map()
    }
    const known = answers.get(thing)
    if (known !== undefined) return known
    const made = answer(thing)
    answers.set(thing, made)
    return made
  }
}
