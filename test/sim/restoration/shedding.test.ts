// Restoration that sheds loads to make room: with twice the load, the tie carries what is dark only without a part of it.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { StepInput } from '../../../sim/fuzz/happening.ts'
import { checkedScenario, type RunResult, runScenario } from '../../../sim/run/index.ts'
import { parseFeeder } from '../../../topology/index.ts'

const FILE = 'topology/feeders/loop-pair.yaml'
const feeder = parseFeeder(
  readFileSync(FILE, 'utf8').replaceAll(/sheddableShare: 0\.[56]/g, 'sheddableShare: 0.9'),
  FILE,
)

function play(forSeconds: number, ...steps: StepInput[]): Promise<RunResult> {
  const scenario = checkedScenario(
    {
      feedermesh: 1,
      simulation: 'short of capacity',
      feeder: 'loop-pair',
      forSeconds,
      settleSeconds: 0,
      restoration: true,
      steps: [
        { atSeconds: 6, load: { loads: 'all', share: 2.15 } },
        { atSeconds: 17, fault: { section: 'n1-n2' } },
        ...steps,
      ],
    },
    feeder,
  )
  return runScenario(scenario, feeder, { voltages: false })
}

/** What happened, in order, in words. */
const told = ({ trace }: RunResult): string[] =>
  trace.events.flatMap(({ by, event, ...fields }) => {
    if (event === 'loads-shed' || event === 'loads-given-back') return [`${by} ${event} ${fields['loads']}`]
    if (event === 'restored') return [`${by} restored ${fields['feeds']}`]
    if (fields['alarm'] === 'shedding-failed') return [`${by} shedding-failed ${fields['load']}`]
    return []
  })
const lastOf = ({ trace }: RunResult, load: string): unknown =>
  trace.events.filter(({ event, load: of }) => event === 'operated' && of === load).at(-1)?.['operation']

describe('a restoration that is short of capacity', { timeout: 120_000 }, () => {
  it('sheds what is dark before it closes, keeps it off, and gives it back when its tie is open again', async () => {
    const run = await play(26, { atSeconds: 23, operate: { device: 'TR', to: 'open' } })
    expect(told(run)).toEqual([
      'tie loads-shed load-n3,load-n4a',
      'tie restored n3,n3a,n4,n4a',
      'tie loads-given-back load-n3,load-n4a',
    ])
    // The warning that had shed them as well was over by 21.3 s.
    const returned = run.trace.events.filter(({ event, operation }) => event === 'operated' && operation === 'restore')
    expect(Math.min(...returned.filter(({ atMs }) => atMs > 20_200).map(({ atMs }) => atMs))).toBeGreaterThan(23_000)
    expect([lastOf(run, 'load-n3'), lastOf(run, 'load-n4a')]).toEqual(['restore', 'restore'])
  })

  it('feeds the part that fits without, where a load does not confirm that it is off', async () => {
    const run = await play(24, { atSeconds: 16, silent: { ied: 'meter-n4a' } })
    expect(told(run)).toEqual([
      'tie shedding-failed load-n4a',
      'tie loads-shed load-n3',
      'tie restored n4,n4a',
      'tie loads-given-back load-n3',
    ])
  })
})
