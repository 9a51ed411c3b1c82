// A mistake in the tariff of the configuration is told when the agent starts, and the agent runs all the same.

import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startAgent } from '../../src/node/agent.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { makeSite, type Site } from './site.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

let site: Site
beforeAll(async () => {
  site = await makeSite()
})
afterAll(() => site?.remove())

it.each([
  [
    'one that is not there',
    'none.yaml',
    [expect.stringMatching(/^billingTariff: .*none\.yaml: can't read this tariff/)],
  ],
  ['what is no tariff', 'small.yaml', [expect.stringMatching(/^billingTariff: .*small\.yaml:\d+: /)]],
  ['a sound one', resolve('topology/tariffs/flat.yaml'), []],
])('%s', async (_, tariff, alarms) => {
  const told: string[] = []
  const file = await site.agent('backend', { role: 'BACKEND', components: ['audit'], billing: { tariff } })
  const agent = await startAgent(readAgentConfig(file), {
    log: silent,
    onReport: ({ event, alarm, reason }) => void (event === 'alarm' && told.push(`${alarm}: ${reason}`)),
  })
  await agent.stop()
  expect(told).toEqual(alarms)
})
