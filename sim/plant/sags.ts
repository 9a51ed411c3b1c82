// The voltage elements of all IEDs: sag, with a memory so that it does not chatter at its limit, and dead.

import { magnitude, type PhaseComplex } from '../solver/complex.ts'
import type { Post } from './posts.ts'

/** IEEE 1159: a sag is below 0.9 pu, an interruption below 0.1 pu. The hysteresis is 2 % of nominal. */
const SAG_PU = 0.9
const SAG_OVER_PU = 0.92
export const DEAD_PU = 0.1

export interface Sags {
  /** Feeds every element the voltages of a new state. */
  update(volts: (post: Post) => PhaseComplex): void
  /** At least one phase fell below 0.9 pu and has not risen above 0.92 since. */
  has(ied: string): boolean
}

export function sagElements(posts: readonly Post[]): Sags {
  /** Those IEDs that have a sag, with their phases' elements. */
  const sagging = new Map<string, readonly boolean[]>()
  return {
    update(volts) {
      for (const post of posts) {
        const { name } = post.ied
        const was = sagging.get(name)
        const now = elements(post, volts(post), was)
        if (now.includes(true)) sagging.set(name, now)
        else if (was !== undefined) sagging.delete(name)
      }
    },
    has: ied => sagging.has(ied),
  }
}

function elements({ has, nominalVolts }: Post, volts: PhaseComplex, was: readonly boolean[] | undefined): boolean[] {
  return volts.map((value, i) => {
    if (!has[i]) return false
    const pu = magnitude(value) / nominalVolts
    return pu < SAG_PU || (was?.[i] === true && pu <= SAG_OVER_PU)
  })
}
