// The same scenario and seed give the same trace, byte for byte; test/system has the same of two processes.

import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkedScenario, readScenario, shippedDir } from '../../../sim/run/read-scenario.ts'
import { runScenario } from '../../../sim/run/run-scenario.ts'
import { traceLine } from '../../../sim/runtime/trace.ts'

const { scenario, feeder } = readScenario(join(shippedDir(), 'sim/scenarios/sim/ieee13-without-messages.yaml'))
// Its bad network and its clocks, in a shorter story.
const short = checkedScenario(
  {
    ...scenario,
    forSeconds: 16,
    startUtc: scenario.startUtc,
    steps: [
      { atSeconds: 5, disturb: { section: 's671-692', residualPu: 0.3, forSeconds: 2 } },
      { atSeconds: 6, crash: { agent: 'meter-634', what: 'machine', forSeconds: 3 } },
      { atSeconds: 10, name: 'apart', partition: { groups: [['customer-backend', 'gen-675']], forSeconds: 4 } },
      { atSeconds: 11, fault: { section: 's692-675' } },
    ],
    expect: [],
  },
  feeder,
)

const linesOf = async (seed: string, signatures: 'keyed-hash' | 'ed25519' = 'keyed-hash'): Promise<string[]> => {
  const { trace } = await runScenario(short, feeder, { seed, signatures })
  return trace.events.map(traceLine)
}

describe('a run', { timeout: 900_000 }, () => {
  it('is the same for the same seed, with real signatures as with keyed hashes, and another one for another', async () => {
    const one = await linesOf('11')
    expect(one.length).toBeGreaterThan(500)
    expect(await linesOf('11')).toEqual(one)
    expect(await linesOf('11', 'ed25519')).toEqual(one)
    expect(await linesOf('12')).not.toEqual(one)
  })
})
