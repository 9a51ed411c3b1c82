// A device whose clock was never set: no credential counts for it, and it says that the clock is why.

import { expect, it } from 'vitest'
import { startAgent } from '../../src/node/agent.ts'
import { systemClock } from '../../src/node/clock.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { utcMs } from '../../topology/units.ts'
import { makeSite } from '../system/site.ts'

it('an agent does not start, and says that its clock was never set', async () => {
  const site = await makeSite()
  const clock = { ...systemClock(), utc: () => utcMs(60_000), utcGood: () => false }
  const config = readAgentConfig(await site.agent('recloser'))
  await expect(startAgent(config, { clock })).rejects.toThrow(
    /"nbf".* by this machine's clock, 1970-01-01T00:01:00.000Z, which was never set: set it first, want one for peer id/,
  )
  await site.remove()
})
