// The invariants as one expectation of a scenario: how a run that the fuzzer found is shown again.

import type { FeederFile } from '../../topology/feeder-file.ts'
import type { Expectation, SimScenario } from '../run/index.ts'
import { checkScenario } from './check-scenario.ts'
import { withoutUnhandled } from './check-seed.ts'

export async function invariantsExpected(scenario: SimScenario, feeder: FeederFile): Promise<Expectation> {
  const violation = await withoutUnhandled(async () => (await checkScenario(scenario, feeder)).violation)
  if (violation === undefined) return { name: 'the invariants hold', ok: true, measured: 'they do' }
  const { invariant, atMs, what } = violation
  const when = Number.isFinite(atMs) ? `at ${(atMs / 1000).toFixed(3)} s: ` : ''
  return { name: 'the invariants hold', ok: false, measured: `${invariant}: ${when}${what}` }
}
