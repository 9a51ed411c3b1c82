// A fault is simulated with agents; what their ledgers recorded of it is exported as a scenario, and that is played again.

import { beforeAll, describe, expect, it } from 'vitest'
import { type MadeScenario, scenarioOf } from '../../../sim/run/from-incident.ts'
import { checkedScenario, readScenario, shippedDir } from '../../../sim/run/read-scenario.ts'
import type { RunResult } from '../../../sim/run/result.ts'
import { runScenario } from '../../../sim/run/run-scenario.ts'
import type { SimScenarioInput } from '../../../sim/run/scenario-schema.ts'
import { bodyCodec } from '../../../src/aggregation/record.ts'
import type { Store } from '../../../src/aggregation/store.ts'
import { below } from '../../../src/aggregation/store-keys.ts'
import { incidentAnswer } from '../../../src/node/incident-answer.ts'
import { decodeBlock, type SequenceEntry } from '../../../src/node/sequence-entry.ts'
import { type Account, accountOf } from '../../../src/protection/account.ts'
import type { FeederFile } from '../../../topology/feeder-file.ts'

const POLL_MS = 25 // 20 ms, and what the device takes to answer

/** What stands in the ledger, and nothing else. */
async function sequenceInLedger(store: Store): Promise<SequenceEntry[]> {
  const entries: SequenceEntry[] = []
  for await (const { value } of store.range(...below('ledger', 'body'))) {
    entries.push(...(decodeBlock(bodyCodec.decode(value).content) ?? []))
  }
  return entries
}

async function played(scenario: SimScenarioInput, feeder: FeederFile) {
  const stores = new Map<string, Store>()
  const result = await runScenario(checkedScenario(scenario, feeder), feeder, {
    ports(name, ports) {
      stores.set(name, ports.store)
      return ports
    },
  })
  return { result, stores }
}

async function accountIn(
  stores: ReadonlyMap<string, Store>,
  feeder: FeederFile,
  about: string,
  endMs: number,
): Promise<Account> {
  const utcMs = Date.UTC(2026, 5, 1, 16) + endMs
  const sources = await Promise.all(
    feeder.ieds.map(async ({ name }) => {
      const entries = await sequenceInLedger(stores.get(name) as Store)
      const epoch = entries.at(-1)?.epoch ?? 0
      return { ied: name, epoch, now: endMs, utcMs, utcGood: true, near: [], entries }
    }),
  )
  const answers = sources.map(source => {
    const agesMs = [endMs - 3500, -1000] // all of the incident
    return incidentAnswer(source, { about: [about], agesMs, limit: 1000 })
  })
  return accountOf(answers.map(answer => ({ ...answer, askedMs: endMs, answeredMs: endMs, ownUtcMs: utcMs, utcMs })))
}

const MOVES = new Set(['trip', 'open', 'close', 'reclose', 'lockout', 'fuse blown'])
/** What moved in the field, after the fault. */
const moves = ({ trace }: RunResult) => {
  const begins = trace.events.find(({ by, event }) => by === 'world' && event === 'fault')?.atMs ?? 0
  return trace.events
    .filter(({ by, event, atMs }) => by === 'field' && MOVES.has(event) && atMs >= begins)
    .map(({ event, device, atMs }) => ({ what: `${device} ${event}`, afterMs: atMs - begins }))
}

interface Case {
  readonly title: string
  readonly feeder: string
  readonly steps: SimScenarioInput['steps'] & object
  readonly owner: string
  readonly resistanceOhm: readonly [number, number]
  readonly kind: string
}

const cases: readonly Case[] = [
  {
    title: 'a branch that falls off again during the first dead time',
    feeder: 'ieee34',
    steps: [
      {
        atSeconds: 4,
        name: 'fault',
        fault: { section: 's852r-832', kind: 'line-ground', phases: ['a'], resistanceOhm: 10, forSeconds: 1.5 },
      },
    ],
    owner: 'recloser-854',
    kind: 'line-ground',
    resistanceOhm: [9, 11],
  },
  {
    title: 'a fault that stays, behind a device whose contacts are stuck',
    feeder: 'ieee13',
    steps: [
      { atSeconds: 3, stuck: { device: 'R675' } },
      { atSeconds: 4, name: 'fault', fault: { section: 's692-675' } },
    ],
    owner: 'recloser-675',
    kind: 'three-phase',
    resistanceOhm: [0, 0.02],
  },
]

describe.each(cases)('$title', ({ feeder: named, steps, owner, resistanceOhm, kind }) => {
  let first: RunResult
  let again: RunResult
  let made: MadeScenario
  beforeAll(async () => {
    const head = { feedermesh: 1 as const, simulation: 'before', feeder: named }
    const { feeder } = readScenario(
      `${shippedDir()}/sim/scenarios/sim/${named === 'ieee34' ? 'ieee34-reclosing' : 'ieee13-day-of-trouble'}.yaml`,
    )
    const before = await played({ ...head, forSeconds: 8, steps }, feeder)
    first = before.result
    const tripped = first.trace.events.find(({ by, event }) => by === owner && event === 'tripped')
    const account = await accountIn(before.stores, feeder, String(tripped?.id), 8000)
    made = scenarioOf(String(tripped?.id), account, feeder, named)
    again = (await played(made.scenario, feeder)).result
  })

  it('is the same devices in the same order, at the same times to a poll', () => {
    const [one, other] = [moves(first), moves(again)]
    expect(one.length).toBeGreaterThan(1)
    expect(other.map(({ what }) => what)).toEqual(one.map(({ what }) => what))
    const apart = other.map(({ afterMs }, index) => Math.abs(afterMs - (one[index]?.afterMs ?? 0)))
    expect(Math.max(...apart)).toBeLessThanOrEqual(POLL_MS)
  })
  it('is the fault that fits what was measured', () => {
    const fault = made.scenario.steps?.flatMap(step => ('fault' in step ? [step.fault] : []))[0]
    const real = steps.flatMap(step => ('fault' in step ? [step.fault] : []))[0]
    expect(fault).toMatchObject({ section: real?.section, kind })
    if (real?.phases) expect(fault?.phases).toEqual(real.phases)
    expect(fault?.resistanceOhm).toBeGreaterThanOrEqual(resistanceOhm[0])
    expect(fault?.resistanceOhm).toBeLessThanOrEqual(resistanceOhm[1])
  })
  it('meets what it expects of itself, and says what could not be known', () => {
    expect(again.expectations.filter(({ ok }) => !ok)).toEqual([])
    expect(again.expectations.length).toBeGreaterThan(0)
    expect(made.notes.join('\n')).toMatch(/Where along the section it was is not known/)
  })
})
