// A whole feeder back to its normal state: the same order to one IED after the other, each step named by the answer before.
//
// The person who orders leads, and signs each step; every IED checks its own as if it were ordered alone. Nothing is under way
// between two steps: whoever goes away in between leaves a feeder that is fed. The first step that fails, or of which nobody
// knows what became, ends it, and no step is sent twice: nothing has to be undone.

import type { Outcome } from '../protection/command.ts'

/** More than the switches of one feeder that restoration moves. */
const MAX_STEPS = 64

/**
 * @param first where it begins; one that may not go yet names another one that may
 * @param order sends the order to one IED
 * @param told with the outcome of each step, as it comes
 * @returns the outcome that ended it: done when nothing is left
 */
export async function leadReturn(
  first: string,
  order: (ied: string) => Promise<Outcome>,
  told: (outcome: Outcome) => void,
): Promise<Outcome> {
  /** Since something moved: whoever is asked again before that would say the same again. */
  const refused = new Set<string>()
  let ied = first
  for (let step = 1; ; step++) {
    const outcome = await order(ied)
    told(outcome)
    const { result, next } = outcome
    if (result === 'refused') refused.add(ied)
    else if (result === 'done') refused.clear()
    else return outcome
    if (next === undefined || refused.has(next) || next === ied || step === MAX_STEPS) return outcome
    ied = next
  }
}
