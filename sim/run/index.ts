export type { ExpectationEntry } from './expectation-schema.ts'
export { checkedScenario, type LoadedScenario, readScenario, writeScenario } from './read-scenario.ts'
export type {
  Expectation,
  PlayedStep,
  RunOptions,
  RunResult,
  SupplyChange,
  SwitchingChange,
  VoltageSample,
} from './result.ts'
export { runScenario } from './run-scenario.ts'
export { type SimScenario, type SimScenarioInput, simScenarioSchema } from './scenario-schema.ts'
export { type ActionName, type Step, stepSchema } from './step-schema.ts'
