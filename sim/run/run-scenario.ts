// Plays one scenario in a world of its own, from its seed, and judges it.

import type { FeederFile } from '../../topology/feeder-file.ts'
import type { RunOptions, RunResult } from './result.ts'
import type { SimScenario } from './scenario-schema.ts'

/**
 * Deterministic: scenario, feeder and seed decide all of the result but `realMs`.
 *
 * @param scenario checked against the feeder, as `readScenario` and `checkedScenario` return it
 * @throws what an agent's code threw outside of its own handling
 */
export async function runScenario(
  scenario: SimScenario,
  feeder: FeederFile,
  options: RunOptions = {},
): Promise<RunResult> {
  void [scenario, feeder, options]
  throw new Error('not playable yet')
}
