// Agents in network namespaces of their own, on one LAN, find each other by multicast DNS alone.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AgentProcess, startAgentProcess } from './cli-process.ts'
import { makeNetwork, type Network, whyNoNamespaces } from './namespaces.ts'
import { makeSite, type Site } from './site.ts'

const reason = whyNoNamespaces()
const NAMES = ['relay', 'recloser', 'meter']

describe.skipIf(reason)(`on a LAN of namespaces${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let site: Site
  let network: Network
  const agents: AgentProcess[] = []
  beforeAll(async () => {
    site = await makeSite()
    network = makeNetwork({ lan: NAMES })
  })
  afterAll(async () => {
    await Promise.all(agents.map(agent => agent.stop()))
    network?.remove()
    await site?.remove()
  })

  it('agents without a seed find each other by mDNS', { timeout: 300_000 }, async () => {
    const configs = await Promise.all(
      NAMES.map(name => site.agent(name, { mdns: true, listen: ['/ip4/0.0.0.0/tcp/4001'], log: 'info' })),
    )
    agents.push(
      ...(await Promise.all(configs.map((config, n) => startAgentProcess(config, network.inside(NAMES[n] as string))))),
    )
    await Promise.all(agents.map(agent => agent.logged('peer-up', 2, 60_000)))
    for (const [n, { log }] of agents.entries()) {
      const met = new Set(log.filter(({ event }) => event === 'peer-up').map(({ peer }) => peer))
      expect([...met].sort()).toEqual(NAMES.filter(name => name !== NAMES[n]).sort())
    }
  })
})
