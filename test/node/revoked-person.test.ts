// A person whose key was revoked, at a running agent: the connection, the next one, and orders that others carry.

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyCredential } from '../../src/mesh/credential.ts'
import { verifyPeer } from '../../src/mesh/identity.ts'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import { COMMAND_PROTOCOL, encodeQuestion } from '../../src/node/command-protocol.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { type OrderWay, sendOrder, signedOrder } from '../../src/node/give-order.ts'
import { askReadout, type Joined, joinAs, readLogin } from '../../src/node/readout-client.ts'
import { encodeRevocationQuestion, REVOCATIONS_PROTOCOL } from '../../src/node/revocation-desk.ts'
import { NO_FEEDER } from '../../src/node/signed-order.ts'
import { utcMs } from '../../topology/units.ts'
import { until } from '../mesh/real-links.ts'
import { makeSite, type Site } from '../system/site.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
let site: Site
let agent: Agent
let alice: string
let bob: string
beforeAll(async () => {
  site = await makeSite()
  alice = await site.viewer(site.authority, 'OPERATOR', 'alice')
  bob = await site.viewer(site.authority, 'VIEWER', 'bob')
  agent = await startAgent(readAgentConfig(await site.agent('recloser')), { log: silent })
}, 60_000)
afterAll(async () => {
  await agent?.stop()
  await site?.remove()
})
const address = (): string => agent.addresses()[0] as string

/** An order that Alice signs, on somebody else's connection. */
async function order(carrier: Joined) {
  const { identity, token, authorities } = await readLogin(alice)
  const checkCredential = (shown: string) => verifyCredential(shown, authorities, utcMs(Date.now()))
  const own = await checkCredential(token)
  if ('refused' in own) throw new Error(own.refused)
  const way: OrderWay = {
    ask: (question, timeoutMs) =>
      carrier.links.request(carrier.peerId, COMMAND_PROTOCOL, encodeQuestion(question), { timeoutMs }),
    verify: verifyPeer,
    checkCredential,
    now: () => performance.now(),
    pause: ms => new Promise(wake => setTimeout(wake, ms)),
  }
  const signer = {
    credential: own,
    epoch: 1,
    sequence: 1,
    feeder: NO_FEEDER,
    utc: utcMs(Date.now()),
    utcGood: true,
    sign: identity.sign,
  }
  const what = { verb: 'inhibit', minutes: 1 } as const
  const { payload, signed } = await signedOrder(way, signer, { to: 'recloser', what }, randomBytes(16).toString('hex'))
  return sendOrder(way, payload, signed, { timeoutMs: 5000 })
}

describe('an order that somebody else carries', { timeout: 60_000 }, () => {
  it('is carried out before, and refused once its issuer is revoked', async () => {
    const carrier = await joinAs(await readLogin(bob), address())
    const hers = await joinAs(await readLogin(alice), address())
    try {
      expect(await order(carrier)).toMatchObject({ result: 'done' })
      const { identity } = await readLogin(alice)
      const now = utcMs(Date.now())
      const claim = { peerId: identity.peerId, reason: 'left', at: now, until: utcMs(now + 40 * 86_400_000) }
      const revocation = encodeRevocationQuestion({ tokens: [await site.authority.revoke(claim)] })
      await carrier.links.request(carrier.peerId, REVOCATIONS_PROTOCOL, revocation, { timeoutMs: 5000 })
      await until('her connection is cut', () => hers.links.peers().length === 0)
      expect(await order(carrier)).toMatchObject({ result: 'refused', reason: 'not-authorised' })
    } finally {
      await carrier.leave()
      await hers.leave()
    }
  })
})

describe('the revoked person', { timeout: 60_000 }, () => {
  it('is cut off, and not admitted again', async () => {
    await expect(askReadout(address(), alice, 'peers', {})).rejects.toThrow(/credential is revoked/)
    await expect(askReadout(address(), bob, 'peers', {})).resolves.toBeDefined()
  })
})
