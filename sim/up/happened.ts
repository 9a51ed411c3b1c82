// What was expected of a scenario's field steps, judged as the simulator judges it: by what the devices really did, and by
// what the agents reported, on one clock.

import type { Report } from '../../src/node/component.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import type { DeviceHistory } from '../devices/device-host.ts'
import type { Evidence } from '../run/evidence.ts'
import { judge } from '../run/judge.ts'
import { matches } from '../run/judge-events.ts'
import type { TraceEvent } from '../runtime/trace.ts'
import type { Expectation } from './expectations.ts'
import type { PlayedInField } from './field-step.ts'
import type { Scenario } from './scenario.ts'

export interface Happened {
  readonly events: readonly TraceEvent[]
  /** Keeps what an expectation asks for. */
  note(by: string, report: Report): void
}

/** Of what is asked for; what comes after that is not kept, and an expectation of it is not met. */
const KEPT = 10_000

export function happened({ expect }: Scenario): Happened {
  const events: TraceEvent[] = []
  const wanted = new Set(
    expect.flatMap(each => {
      if ('happens' in each) return [each.happens.event]
      if ('doesNotHappen' in each) return [each.doesNotHappen.event]
      return 'told' in each ? ['tripped', 'told'] : []
    }),
  )
  return {
    events,
    note(by, { event, atMs, ...fields }) {
      if (wanted.has(event) && events.length < KEPT) events.push({ ...fields, atMs, by, event })
    },
  }
}

export interface Judged {
  readonly scenario: Scenario
  readonly feeder: FeederFile
  readonly played: ReadonlyMap<string, PlayedInField>
  readonly events: readonly TraceEvent[]
  readonly history: DeviceHistory
  /** When the scenario began, and now. */
  readonly beganMs: number
  readonly endMs: number
}

/** Judges those whose step was played. */
export function judgeHappened({ scenario, feeder, played, events, history, beganMs, endMs }: Judged): Expectation[] {
  const since = <T extends { readonly atMs: number }>(each: T): T => ({ ...each, atMs: each.atMs - beganMs })
  const field = history.events.map(({ at, device, kind }) => ({ atMs: at, by: 'field', event: kind, device }))
  const expect = scenario.expect.filter(
    each => !('after' in each) || each.after === undefined || played.has(each.after),
  )
  const evidence: Evidence = {
    scenario: { steps: [], expect },
    feeder,
    events: [...events, ...field].map(since).sort((one, other) => one.atMs - other.atMs),
    steps: new Map(
      [...played].map(([name, step]) => [name, { ...since(step), endMs: undefined, agent: undefined, fed: new Set() }]),
    ),
    supply: history.supply.map(since),
    endMs: endMs - beganMs,
    // Of expectations that this scenario cannot have.
    running: new Set(),
    agents: [],
    readings: new Map(),
    stored: new Map(),
    energy: () => ({ trueWh: 0n, registeredWh: 0n }),
  }
  return judge(evidence).map((verdict, index) => ({
    ...verdict,
    measured: `${verdict.measured}${figures(evidence, expect[index])}`,
  }))
}

/** Times that the first such report gives itself, such as what of a restoration was device travel. */
function figures({ events, steps }: Evidence, expected: Scenario['expect'][number] | undefined): string {
  if (expected === undefined || !('happens' in expected)) return ''
  const fromMs = steps.get(expected.after ?? '')?.atMs ?? 0
  const first = events.find(event => event.atMs >= fromMs && matches(event, expected.happens))
  const said = Object.entries(first ?? {}).flatMap(([key, value]) =>
    /^(ms|\w+Ms)$/.test(key) && key !== 'atMs' && Number.isFinite(Number(value))
      ? [`${key} ${Math.round(Number(value))}`]
      : [],
  )
  return said.length === 0 ? '' : ` (${said.join(', ')})`
}
