// A device without communications behaves as it would alone.
//
// The same power-system events are played twice more: with no agents at all, and with agents that are cut off from each
// other from the start. In both the field must do exactly the same, event by event. With communications it must do the
// same up to the first operation by an agent: talking alone changes nothing. From then on currents may differ, so each
// relay is held to its own delay (relay-timing.ts). And whoever has been cut off for a while operates nothing on its own.

import type { Operation } from '../../src/hal/port.ts'
import type { FieldEvent } from '../plant/field.ts'
import type { SimScenario } from '../run/index.ts'
import type { World } from '../runtime/world.ts'
import type { Conditions } from './conditions.ts'
import type { Complain, Watch } from './invariant.ts'

/** What the field did by itself, in order. */
export interface FieldRecord {
  readonly acts: readonly FieldEvent[]
  /** When an agent first operated something. */
  readonly touchedMs: number
}

export interface FieldRecorder extends Watch {
  readonly record: FieldRecord
}

/** What was heard before may still be acted on: an announced breaker failure is waited for, a silent device retried. */
const ACTS_WITHIN_MS = 15_000

export function recordField({ scheduler }: World, complain: Complain, conditions: Conditions): FieldRecorder {
  const acts: FieldEvent[] = []
  let touchedMs = Number.POSITIVE_INFINITY

  function operates(ied: string, operation: Operation): void {
    touchedMs = Math.min(touchedMs, scheduler.now())
    if (operation === 'restore') return
    const span = { fromMs: scheduler.now() - ACTS_WITHIN_MS, toMs: scheduler.now() }
    if (conditions.cutOff(ied, span)) {
      complain('cut-off-passive', `${ied}: ${operation}, though it has been cut off for ${ACTS_WITHIN_MS / 1000} s`)
    }
  }

  return {
    get record() {
      return { acts, touchedMs }
    },
    ports(name, ports) {
      const { hal } = ports
      const operate = hal?.operate
      if (hal === undefined || operate === undefined) return ports
      return {
        ...ports,
        hal: {
          ...hal,
          operate: operation => {
            operates(name, operation)
            return operate(operation)
          },
        },
      }
    },
    settled: events => void acts.push(...events),
  }
}

/** @returns where the two differ first, before that time, in words */
export function difference(record: FieldRecord, alone: FieldRecord, beforeMs: number): string | undefined {
  const [ours, theirs] = [record, alone].map(({ acts }) => acts.filter(({ at }) => at < beforeMs).map(lineOf))
  const count = Math.max(ours?.length ?? 0, theirs?.length ?? 0)
  for (let index = 0; index < count; index++) {
    if (ours?.[index] !== theirs?.[index]) return `${ours?.[index] ?? 'nothing'}, alone ${theirs?.[index] ?? 'nothing'}`
  }
  return undefined
}

const lineOf = ({ at, device, kind }: FieldEvent): string => `${at.toFixed(3)} ms ${device} ${kind}`

/** The same, with every agent cut off from all others from the start; what else is done to the network has no effect. */
export function withDeadCommunications(scenario: SimScenario, agents: readonly string[]): SimScenario {
  const groups = agents.map(agent => [agent])
  const others = scenario.steps.filter(step => !('partition' in step || 'cut' in step || 'network' in step))
  return { ...scenario, steps: [{ atSeconds: 0, partition: { groups } }, ...others] }
}
