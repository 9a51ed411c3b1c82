// An agent with a credential that lies in all it says: what its rights allow it reaches, and no farther.

import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkedScenario, type RunResult, runScenario } from '../../../sim/run/index.ts'
import { LIES, type Lie } from '../../../sim/runtime/liar.ts'
import { parseFeeder } from '../../../topology/index.ts'

const FILE = 'topology/feeders/loop-pair.yaml'
const feeder = parseFeeder(readFileSync(FILE, 'utf8'), FILE)

async function play(agent: string, about: readonly Lie[], forSeconds: number, section?: string): Promise<RunResult> {
  const scenario = checkedScenario(
    {
      feedermesh: 1,
      simulation: 'liar',
      feeder: 'loop-pair',
      forSeconds,
      settleSeconds: 0,
      readingSeconds: 60,
      restoration: true,
      steps: [
        { atSeconds: 8, lie: { agent, about: [...about] } },
        ...(section === undefined ? [] : [{ atSeconds: 13, fault: { section } }]),
      ],
    },
    feeder,
  )
  return runScenario(scenario, feeder, { voltages: false })
}

describe('an IED that lies', { timeout: 120_000 }, () => {
  let run: RunResult
  const by = (event: string) => run.trace.events.filter(each => each.event === event && each.atMs > 8000)

  describe('about all, in quiet times', () => {
    beforeAll(async () => {
      run = await play('recloser-south', LIES, 16)
    })

    it('warns those below it, by its rights, and nobody else', () => {
      const warned = new Set(by('warned').map(each => each.by))
      expect(warned).toContain('cap-s4')
      expect(
        [...warned].filter(ied => !['cap-s4', 'gen-s4', 'meter-s4', 'meter-s4a', 'tie', 'meter-s3'].includes(ied)),
      ).toEqual([])
    })

    it('takes the generator below its device off, and opens and closes no switch of others', () => {
      expect(by('operated').filter(each => each.by === 'gen-s4').length).toBeGreaterThan(0)
      const moved = run.trace.events.filter(each => each.by === 'field' && ['open', 'close'].includes(each.event))
      expect(moved).toEqual([])
    })
  })

  it('at the other end of the feeder does not keep a fault from being isolated and the rest fed again', async () => {
    run = await play('relay-south', ['position', 'relay', 'warnings', 'replays'], 20, 'n2-n3')
    expect(by('restored').map(each => each.by)).toContain('tie')
  })
})
