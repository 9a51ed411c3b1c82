// Restoration on the loop scheme when something fails on the way: the fault at n1-n2 takes the north away, CB-N locks out,
// and the tie is about to feed n3 and n4 once SW-N is open. What goes well is
// sim/scenarios/sim/loop-pair-restoration.yaml. All runs are alike up to the lockout, so the first one tells its time.

import { beforeAll, describe, expect, it } from 'vitest'
import { readShippedFeeder } from '../../sim/fuzz/shipped-feeder.ts'
import { runScenario, type SimScenarioInput, simScenarioSchema } from '../../sim/run/index.ts'

const feeder = readShippedFeeder('loop-pair')
const FAULT = 8
/** Shots and dead times are over by then. */
const OVER = FAULT + 4

async function play(steps: NonNullable<SimScenarioInput['steps']>, seconds = 4) {
  const scenario = simScenarioSchema.parse({
    feedermesh: 1,
    simulation: 'restoration',
    feeder: 'loop-pair',
    forSeconds: OVER + seconds,
    settleSeconds: 0,
    restoration: true,
    steps: [...steps, { atSeconds: FAULT, fault: { section: 'n1-n2' } }].sort(
      (one, other) => one.atSeconds - other.atSeconds,
    ),
  })
  const { trace } = await runScenario(scenario, feeder)
  const lockedOut = trace.events.find(({ by, event }) => by === 'field' && event === 'lockout')
  const since = trace.events.filter(({ atMs }) => atMs > (lockedOut?.atMs ?? 0))
  const acts = since.filter(({ by, event }) => by === 'field' && ['open', 'close', 'reclose', 'stuck'].includes(event))
  return {
    lockoutSeconds: (lockedOut?.atMs ?? Number.NaN) / 1000,
    acts: acts.map(({ event, ...fields }) => `${event} ${(fields as { device?: string }).device}`),
    reports: since,
    find: (event: string) => since.find(each => each.event === event) as Record<string, unknown> | undefined,
  }
}

describe('restoration on the loop scheme', () => {
  let lockoutSeconds = Number.NaN
  beforeAll(async () => {
    const { acts, ...well } = await play([], 0.5)
    expect(acts).toEqual(['open SW-N', 'close TR'])
    lockoutSeconds = well.lockoutSeconds
  })

  it('opens the next switch out for one that is stuck, and feeds what is left', async () => {
    const { acts, find } = await play([{ atSeconds: 1, stuck: { device: 'SW-N' } }])
    expect(acts).toEqual(['stuck SW-N', 'open RC-N', 'close TR'])
    expect(find('restored')).toMatchObject({ by: 'tie', device: 'TR', feeds: ['n4', 'n4a'], opened: ['RC-N'] })
  })

  it('does not close when the leader is cut off in the middle, and what it opened stays open', async () => {
    const { acts } = await play([{ atSeconds: lockoutSeconds + 0.04, partition: { groups: [['tie']] } }])
    expect(acts.filter(act => act.startsWith('close'))).toEqual([])
    expect(acts.length).toBeLessThanOrEqual(1)
  })

  it('is not led on by an agent that was started again in the middle: it has not seen the fault', async () => {
    const { acts, reports } = await play([
      { atSeconds: lockoutSeconds + 0.05, crash: { agent: 'tie', forSeconds: 0.5 } },
    ])
    expect(acts.filter(act => act.startsWith('close'))).toEqual([])
    expect(reports).toContainEqual(
      expect.objectContaining({
        by: 'tie',
        event: 'restoration-waits',
        why: 'it has not seen the feeder before the fault',
      }),
    )
  })

  it('feeds nothing when nobody can say that the breaker has locked out', async () => {
    const { acts } = await play([{ atSeconds: 1, silent: { ied: 'relay-north' } }], 3)
    expect(acts).toEqual([])
  })
})
