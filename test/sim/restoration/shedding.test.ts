// Restoration that sheds loads to make room: the tie can carry what is dark only without them.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { checkedScenario, type RunResult, runScenario } from '../../../sim/run/index.ts'
import { parseFeeder } from '../../../topology/index.ts'

const FILE = 'topology/feeders/loop-pair.yaml'
const feeder = parseFeeder(readFileSync(FILE, 'utf8'), FILE)

async function play(share: number): Promise<RunResult> {
  const scenario = checkedScenario(
    {
      feedermesh: 1,
      simulation: 'short of capacity',
      feeder: 'loop-pair',
      forSeconds: 45,
      settleSeconds: 0,
      restoration: true,
      steps: [
        { atSeconds: 6, load: { loads: 'all', share } },
        { atSeconds: 17, fault: { section: 'n1-n2' } },
      ],
    },
    feeder,
  )
  return runScenario(scenario, feeder, { voltages: false })
}
it.each([1,1.3,1.5,1.7,2,2.3])('%s', async share => {
  const run = await play(share)
  for (const e of run.trace.events) if (['restored','loads-shed','restoration-waits','alarm','operated','shed','load-shed','locked-out','lockout'].includes(e.event) && e.atMs>17000) console.log(share, JSON.stringify(e).slice(0,300))
  console.log(share, [...run.trace.events].filter(e=>e.by==='field'&&e.atMs>17000).map(e=>e.event+e['device']).join(' '))
})
