// An agent with no credential, one signed by another authority, and an expired one, built by somebody who keeps to none
// of our rules: refused by every agent and back-end peer of a running feeder, hears nothing and injects nothing.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Authority, authorityFrom, newAuthority } from '../../src/mesh/credential.ts'
import { sealEnvelope } from '../../src/mesh/envelope.ts'
import { newIdentity } from '../../src/mesh/identity.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { askReadout } from '../../src/node/readout-client.ts'
import { warningMessage } from '../../src/protection/messages.ts'
import { duration, utcMs } from '../../topology/units.ts'
import { allAct, type RunningFeeder, startFeeder, until } from './feeder-in-process.ts'
import { intrude } from './intruder.ts'

let running: RunningFeeder
beforeAll(async () => {
  running = await startFeeder({ backEnds: true })
  const connected = (ied: string): number =>
    Number(running.reports.findLast(entry => entry.ied === ied && /^peer-/.test(entry.report.event))?.report.peers ?? 0)
  // Not each with all: how many others an agent looks for is bounded.
  await until(
    'all IEDs have peers all over the feeder',
    () => running.plan.ieds.every(({ name }) => connected(name) >= 8),
    90_000,
  )
  await allAct(running) // so that a believed warning would be acted on
}, 150_000)
afterAll(() => running?.stop())

const day = 86_400_000

/** What each peer itself says that it refused, asked by a viewer of its own organisation. */
async function refusedBy(name: string): Promise<number> {
  const { agents, feeder, plan } = running
  const backEnd = plan.backEnds.find(each => each.name === name)
  const organisation = backEnd?.organisation ?? feeder.ied(name).organisation
  // Past the back end's link, at where it listens.
  const address = backEnd === undefined ? agents.get(name)?.addresses()[0] : `/ip4/127.0.0.1/tcp/${backEnd.port}`
  const answer = await askReadout(address ?? '', plan.viewers.get(organisation) ?? '', 'peers', {})
  return Object.values(outputs.peers.parse(answer).refusedPeers).reduce((sum, count) => sum + count, 0)
}

type Kind = 'none' | 'of another authority' | 'expired' | 'valid'

/** In all but its credential the intruder is the observer of the section that it lies about. */
async function credentialOf(kind: Kind, peerId: string): Promise<string | undefined> {
  const claim = { peerId, name: 'switch-692', roles: ['IED' as const], feeders: ['ieee13'] }
  const now = { from: utcMs(Date.now()), days: 30 }
  const jwk = JSON.parse(readFileSync(join(running.dir, 'authorities/utility.jwk'), 'utf8'))
  const utility: Authority = await authorityFrom('utility', jwk)
  switch (kind) {
    case 'none':
      return undefined
    case 'of another authority':
      return (await newAuthority('utility')).issue(claim, now)
    case 'expired':
      return utility.issue(claim, { from: utcMs(Date.now() - 10 * day), days: 1 })
    case 'valid':
      return utility.issue(claim, now)
  }
}

async function attempt(kind: Kind) {
  const { agents, feeder, plan, reports } = running
  const identity = await newIdentity()
  const token = await credentialOf(kind, identity.peerId)
  const lie = sealEnvelope(
    {
      type: warningMessage.type,
      origin: identity.peerId,
      credentialHash: createHash('sha256')
        .update(token ?? '')
        .digest()
        .subarray(0, 16),
      epoch: Math.floor(Date.now() / 1000),
      sequence: 1,
      utc: utcMs(Date.now()),
      utcGood: true,
      lifetime: duration(60_000),
      feeder: createHash('sha256').update(feeder.hash).digest().subarray(0, 16),
      payload: warningMessage.encode({
        event: `lie/1/${kind}`,
        section: 's671-692',
        severity: 'catastrophic',
        kind: 'sag',
        residualPu: 0,
      }),
    },
    identity,
  )
  const addresses = [...agents].map(([name, agent]) => {
    const backEnd = plan.backEnds.find(each => each.name === name)
    return backEnd === undefined ? (agent.addresses()[0] ?? '') : `/ip4/127.0.0.1/tcp/${backEnd.port}`
  })
  const topics = ['state', 'group/ieee13', ...feeder.zones.map(({ name }) => `zone/${name}`)].map(
    topic => `feedermesh/1/ieee13/${topic}`,
  )
  const from = reports.length
  const { heard, reached } = await intrude(identity, token, addresses, topics, lie)
  const since = reports.slice(from).filter(({ report }) => ['warned', 'alarm', 'operated'].includes(report.event))
  return { heard, reached, believed: since }
}

describe('an intruder with a credential that is', () => {
  for (const kind of ['none', 'of another authority', 'expired'] as const) {
    it(`${kind}: is refused by every peer, hears nothing and injects nothing`, async () => {
      const names = [...running.agents.keys()]
      const before = new Map<string, number>()
      for (const name of names) before.set(name, await refusedBy(name))

      const { heard, reached, believed } = await attempt(kind)

      expect(reached).toBe(names.length)
      expect(heard).toEqual([])
      expect(believed).toEqual([])
      for (const name of names) expect.soft(await refusedBy(name), name).toBeGreaterThan(before.get(name) as number)
    }, 300_000)
  }

  it('valid: hears and is believed, so that the above means something', async () => {
    const { heard, believed } = await attempt('valid')
    expect(heard.some(what => what.startsWith('gossip'))).toBe(true)
    expect(heard.some(what => what.startsWith('/feedermesh/peers'))).toBe(true)
    expect(believed.filter(({ report }) => report.event === 'warned').length).toBeGreaterThan(0)
  }, 300_000)
})
