// From a scenario's text to its checked form, or to one error that lists everything wrong with it.

import type { FeederFile } from '../../topology/feeder-file.ts'
import type { SimScenario, SimScenarioInput } from './scenario-schema.ts'

export interface LoadedScenario {
  readonly scenario: SimScenario
  readonly feeder: FeederFile
}

/**
 * Reads a scenario and the feeder that it names, and checks all names and times in it.
 *
 * @throws NodeError BAD_INPUT with one line for each fault: `file:line: key: "value" — what is wrong, want what`
 */
export function readScenario(path: string): LoadedScenario {
  throw new Error(`not readable yet: ${path}`)
}

/** A scenario that was made rather than read: checked in the same way. @throws NodeError BAD_INPUT */
export function checkedScenario(scenario: SimScenarioInput, feeder: FeederFile): SimScenario {
  throw new Error(`not readable yet: ${scenario.simulation} ${feeder.name}`)
}

/** As YAML that `readScenario` reads. */
export function writeScenario(scenario: SimScenario): string {
  return JSON.stringify(scenario)
}
