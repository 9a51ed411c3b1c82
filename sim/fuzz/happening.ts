// One thing that happens in a fuzzed run: a step, or some that belong together and are left out together when a failing
// run is made smaller. A disk that was full needs its agent restarted, a clock that jumped must jump back.

import type { SimScenarioInput } from '../run/index.ts'

export type StepInput = NonNullable<SimScenarioInput['steps']>[number]

export type Happening = readonly StepInput[]

/** A scenario that is made of happenings: everything else in it, and these. */
export interface Story {
  readonly frame: Omit<SimScenarioInput, 'steps'>
  readonly happenings: readonly Happening[]
}

/** Retries of fifteen seconds, a new election, and what a back end was missing. */
export const QUIET_SECONDS = 28

export const scenarioOf = ({ frame, happenings }: Story): SimScenarioInput => ({
  ...frame,
  steps: [...happenings.flat(), ...healed(frame)].sort((one, other) => one.atSeconds - other.atSeconds),
})

/** A mesh that loses all the time does so until the quiet end: what is lost of a transfer holds it up for a retry. */
function healed({ network, forSeconds }: Story['frame']): readonly StepInput[] {
  if ((network?.lossShare ?? 0) === 0 || forSeconds <= QUIET_SECONDS) return []
  return [{ atSeconds: forSeconds - QUIET_SECONDS, network: { lossShare: 0 } }]
}

/** When it is over, in seconds from the start of the run. What has no end of its own is over at once. */
export function endOf(step: { readonly atSeconds: number }): number {
  const lasting = Object.values(step).find(value => typeof value === 'object') as { forSeconds?: number } | undefined
  return step.atSeconds + (lasting?.forSeconds ?? 0)
}
