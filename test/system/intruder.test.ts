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
import { pause, type RunningFeeder, startFeeder, until } from './feeder-in-process.ts'
import { intrude } from './intruder.ts'

let running: RunningFeeder
beforeAll(async () => {
  running = await startFeeder({ backEnds: true })
  const connected = (ied: string): number =>
    Number(running.reports.findLast(entry => entry.ied === ied && /^peer-/.test(entry.report.event))?.report.peers ?? 0)
  const all = running.agents.size
  await until(
    'all IEDs know all others',
    () => running.plan.ieds.every(({ name }) => connected(name) === all - 1),
    90_000,
  )
  await pause(6000) // positions are told, so that a believed warning would be acted on
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

describe('an intruder', () => {
  for (const kind of ['without a credential', 'with one of another authority', 'with an expired one'] as const) {
    it(`${kind} is refused by every peer, hears nothing and injects nothing`, async () => {
      const { agents, feeder, dir, plan, reports } = running
      const identity = await newIdentity()
      const jwk = JSON.parse(readFileSync(join(dir, 'authorities/utility.jwk'), 'utf8'))
      const utility: Authority = await authorityFrom('utility', jwk)
      const other = await newAuthority('utility')
      // In all else it is the observer of the section that it lies about.
      const claim = { peerId: identity.peerId, name: 'switch-692', roles: ['IED' as const], feeders: ['ieee13'] }
      const token =
        kind === 'without a credential'
          ? undefined
          : kind === 'with an expired one'
            ? await utility.issue(claim, { from: utcMs(Date.now() - 10 * day), days: 1 })
            : await other.issue(claim, { from: utcMs(Date.now()), days: 30 })
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
            event: 'lie/1/1',
            section: 's671-692',
            severity: 'catastrophic',
            residualPu: 0,
          }),
        },
        identity,
      )
      const names = [...agents.keys()]
      const addresses = names.map(name => {
        const backEnd = plan.backEnds.find(each => each.name === name)
        return backEnd === undefined ? (agents.get(name)?.addresses()[0] ?? '') : `/ip4/127.0.0.1/tcp/${backEnd.port}`
      })
      const topics = ['state', 'group/ieee13', ...feeder.zones.map(({ name }) => `zone/${name}`)].map(
        topic => `feedermesh/1/ieee13/${topic}`,
      )
      const before = new Map<string, number>()
      for (const name of names) before.set(name, await refusedBy(name))
      const from = reports.length

      const { heard, reached } = await intrude(identity, token, addresses, topics, lie)

      expect(reached).toBe(names.length)
      expect(heard).toEqual([])
      const believed = reports
        .slice(from)
        .filter(({ report }) => ['warned', 'alarm', 'operated'].includes(report.event))
      expect(believed).toEqual([])
      for (const name of names) expect.soft(await refusedBy(name), name).toBeGreaterThan(before.get(name) as number)
    }, 60_000)
  }
})
