// What a run leaves behind: the trace, the verdicts, and what the plant went through.

import type { AgentPorts } from '../../src/node/run-agent.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import type { DevicePosition } from '../plant/plant-port.ts'
import type { Trace, TraceEvent } from '../runtime/trace.ts'
import type { SignatureKind } from '../runtime/virtual-trust.ts'
import type { World } from '../runtime/world.ts'
import type { SimScenario } from './scenario-schema.ts'
import type { ActionName } from './step-schema.ts'

export interface RunOptions {
  /** In place of the scenario's. */
  readonly seed?: string
  /** By default keyed hashes, which take a run less time. */
  readonly signatures?: SignatureKind
  /** Before virtual time starts: to look on, or to do more than the scenario says. */
  readonly onWorld?: (world: World) => void
  readonly onEvent?: (event: TraceEvent) => void
  /** Each virtual second or so. */
  readonly onProgress?: (atMs: number, endMs: number) => void
  /** Which events are kept in the trace; all by default. Expectations see those only. */
  readonly keep?: (event: TraceEvent) => boolean
  /** Whether voltages are kept at each change of switching, fault and disturbance; by default they are. */
  readonly voltages?: boolean
  /** Ends the run at the next virtual second. What was expected by then is judged. */
  readonly signal?: AbortSignal
  /** May wrap what an agent is given at each start, as in `WorldOptions`. */
  readonly ports?: (name: string, ports: AgentPorts) => AgentPorts
  /** With `none` the field is by itself, as in `WorldOptions`. */
  readonly agents?: 'all' | 'none'
}

export interface Expectation {
  readonly name: string
  readonly ok: boolean
  /** In words, with units. */
  readonly measured: string
}

export interface PlayedStep {
  /** The scenario's, or `step-N`, counted from 1 in the order of the file. */
  readonly name: string
  readonly action: ActionName
  readonly atMs: number
  /** When it ended, if it did. */
  readonly endMs: number | undefined
  /** In the field's words. */
  readonly words: string
}

/** A device's contacts have moved. */
export interface SwitchingChange {
  readonly atMs: number
  readonly device: string
  readonly position: DevicePosition
  /** Of the trace: trip and open, fuse blown, close, reclose. */
  readonly kind: string
}

/** A load has lost its supply or has it back: no closed way to a source, or disconnected. */
export interface SupplyChange {
  readonly atMs: number
  readonly load: string
  readonly customers: number
  readonly supplied: boolean
}

export interface VoltageSample {
  readonly atMs: number
  /** Lowest phase of each energised node. */
  readonly voltsPu: Readonly<Record<string, number>>
}

export interface RunResult {
  readonly scenario: SimScenario
  readonly feeder: FeederFile
  readonly seed: string
  readonly ok: boolean
  readonly expectations: readonly Expectation[]
  readonly trace: Trace
  readonly steps: readonly PlayedStep[]
  /** The scenario's time; the run went on from there to settle. */
  readonly endMs: number
  readonly settledMs: number
  readonly switching: readonly SwitchingChange[]
  /** In order of time. All loads have supply before their first change. */
  readonly supply: readonly SupplyChange[]
  readonly voltages: readonly VoltageSample[]
  /** Scheduler events, messages sent and lost. */
  readonly counts: { readonly events: number; readonly sent: number; readonly lost: number }
  /** Real time, without making the world. The only figure here that differs from run to run. */
  readonly realMs: number
}
