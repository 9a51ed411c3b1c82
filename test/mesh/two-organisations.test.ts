// A utility's and a customer's agents on one mesh: who is admitted where, for which feeders and roles, and whose protection
// messages count, is in each agent's own configuration.

import { beforeEach, describe, expect, it } from 'vitest'
import type { AuthorityPolicy } from '../../src/mesh/authority.ts'
import { type Credential, newAuthority, type TrustedAuthority, verifyCredential } from '../../src/mesh/credential.ts'
import { type Messenger, messenger } from '../../src/mesh/messenger.ts'
import { parseAgentConfig, protectionOf } from '../../src/node/config.ts'
import { duration } from '../../topology/units.ts'
import { NOW, person } from './fixtures.ts'
import { type MemoryMesh, memoryMesh } from './memory-links.ts'
import { trust } from './real-links.ts'

const utility = await newAuthority('utility')
const customer = await newAuthority('customer')
const token = await customer.issue(
  { peerId: 'p', name: 'meter', roles: ['IED'], feeders: ['f1', 'f2'] },
  { from: NOW, days: 1 },
)
let mesh: MemoryMesh
beforeEach(() => {
  mesh = memoryMesh()
})

async function agent(
  name: string,
  by: typeof utility,
  policy: AuthorityPolicy,
  isRevoked?: (some: Credential) => boolean,
) {
  const { identity, credential } = await person(by, name)
  const links = mesh.join(credential)
  const heard: string[] = []
  const [rivals, elsewhere]: [string[], string[]] = [[], []]
  const made: Messenger = messenger({
    links,
    identity,
    credential,
    epoch: 1,
    feeder: new Uint8Array(16),
    policy,
    verify: token => mesh.during(verifyCredential(token, [trust(utility), trust(customer)], NOW)),
    ...(isRevoked ? { isRevoked } : {}),
    onRival: one => rivals.push(one.name),
    onOwnKeyElsewhere: () => elsewhere.push(name),
    now: () => 0,
    utc: () => NOW,
    utcGood: () => true,
    log: () => {},
  })
  for (const type of ['tripped', 'warning']) {
    made.on({ type, roles: ['IED'], from: 'protection', sameFeeder: true }, ({ origin }) =>
      heard.push(`${type} ${origin.name}`),
    )
  }
  links.subscribe('zone')
  const say = async (type: string): Promise<void> => {
    made.say({ type, payload: new Uint8Array(), lifetime: duration(2000), topics: ['zone'] })
    await mesh.settle()
  }
  return { links, messenger: made, identity, credential, heard, rivals, elsewhere, say }
}
const config = (authorities: unknown[]) =>
  parseAgentConfig(JSON.stringify({ name: 'a', feeder: 'f', dataDir: 'd', credential: 'c', authorities }), 'a.yaml')
const listed = (by: typeof utility, more: Record<string, unknown> = {}) => ({
  organisation: by.organisation,
  publicKey: by.publicKey,
  ...more,
})

describe('two organisations on one mesh', () => {
  it('a transfer trip of the utility opens a customer’s generator exactly when the customer’s file allows that type', async () => {
    const own = listed(customer, { protection: true })
    const policies = {
      all: protectionOf(config([own, listed(utility, { protection: true })])),
      trips: protectionOf(config([own, listed(utility, { protection: ['tripped'] })])),
      none: protectionOf(config([own, listed(utility)])),
    }
    const recloser = await agent('recloser', utility, protectionOf(config([listed(utility, { protection: true })])))
    const generators = {
      all: await agent('g1', customer, policies.all),
      trips: await agent('g2', customer, policies.trips),
      none: await agent('g3', customer, policies.none),
    }
    for (const each of Object.values(generators)) mesh.connect(recloser.links.peerId, each.links.peerId)
    await recloser.say('tripped')
    await recloser.say('warning')
    expect(generators.all.heard).toEqual(['tripped recloser', 'warning recloser'])
    expect(generators.trips.heard).toEqual(['tripped recloser'])
    expect(generators.none.heard).toEqual([])
    expect(generators.none.messenger.refusals().get('organisation')).toBe(2)
    // And a customer trips nothing of the utility's.
    await generators.all.say('tripped')
    expect(recloser.heard).toEqual([])
    expect(recloser.messenger.refusals().get('organisation')).toBe(1)
  })

  const trusting = (changes: Partial<TrustedAuthority>) => [{ ...trust(customer), ...changes }]
  const cases: { it: string; trusted: TrustedAuthority[]; is: unknown }[] = [
    { it: 'for all of its feeders when none are listed', trusted: trusting({}), is: { feeders: ['f1', 'f2'] } },
    { it: 'for those listed only', trusted: trusting({ feeders: ['f2', 'f3'] }), is: { feeders: ['f2'] } },
    {
      it: 'not at all on other feeders',
      trusted: trusting({ feeders: ['f3'] }),
      is: { reason: 'authority is not trusted for this feeder' },
    },
    {
      it: 'not for roles that are not listed',
      trusted: trusting({ roles: ['VIEWER'] }),
      is: { reason: 'authority may not grant these roles here' },
    },
  ]
  for (const { it: counts, trusted, is } of cases) {
    it(`an authority counts ${counts}`, async () =>
      expect(await verifyCredential(token, trusted, NOW)).toMatchObject(is as object))
  }
})

describe('a credential that was revoked', () => {
  const obeyed: AuthorityPolicy = { protection: new Set(['utility']) }

  it('has its messages refused, by whomever they are relayed, and nobody is blamed for the relaying', async () => {
    const revoked = new Set<string>()
    const isRevoked = ({ peerId }: Credential) => revoked.has(peerId)
    const thief = await agent('thief', utility, obeyed)
    const relay = await agent('relay', utility, obeyed)
    const last = await agent('last', utility, obeyed, isRevoked)
    mesh.connect(thief.links.peerId, relay.links.peerId)
    mesh.connect(relay.links.peerId, last.links.peerId)
    await thief.say('tripped')
    expect(last.heard).toEqual(['tripped thief'])
    revoked.add(thief.links.peerId)
    await thief.say('tripped')
    expect(last.heard).toHaveLength(1)
    expect(last.messenger.refusals().get('revoked')).toBe(1)
    expect(last.links.verdicts.at(-1)?.verdict).toBe('ignore')
    expect(last.messenger.peerOf('thief')).toBeUndefined()
  })

  it('is an agent’s own: it says nothing and believes nothing, until it has another', async () => {
    let isRevoked = true
    const other = await agent('other', utility, obeyed)
    const own = await agent('own', utility, obeyed, ({ name }) => isRevoked && name === 'own')
    mesh.connect(other.links.peerId, own.links.peerId)
    await own.say('tripped')
    await other.say('tripped')
    expect([own.heard, other.heard]).toEqual([[], []])
    expect(own.messenger.refusals().get('own-credential-revoked')).toBe(1)
    isRevoked = false
    await own.say('tripped')
    expect(other.heard).toEqual(['tripped own'])
  })
})

describe('a messenger', () => {
  const obeyed: AuthorityPolicy = { protection: new Set(['utility']) }

  it('seals with the renewed credential, and receivers take what was sealed with either, unasked', async () => {
    const a = await agent('a', utility, obeyed)
    const b = await agent('b', utility, obeyed)
    mesh.connect(a.links.peerId, b.links.peerId)
    const claim = { peerId: a.links.peerId, name: 'a', roles: ['IED' as const], feeders: ['test'] }
    const next = await verifyCredential(await utility.issue(claim, { from: NOW, days: 9 }), [trust(utility)], NOW)
    if ('refused' in next) throw new Error(next.refused)
    a.links.show(next.token)
    await mesh.settle()
    await a.say('tripped') // with the old one still
    a.messenger.renew(next)
    await a.say('tripped')
    expect(b.heard).toEqual(['tripped a', 'tripped a'])
    expect(b.links.asked).toEqual([])
    expect(b.messenger.refusals().size).toBe(0)
  })

  it('hears when somebody else seals with its own key', async () => {
    const a = await agent('a', utility, obeyed)
    const b = await agent('b', utility, obeyed)
    mesh.connect(a.links.peerId, b.links.peerId)
    await a.say('tripped')
    expect(a.elsewhere).toEqual([]) // its own come back by gossip as well
    const { sealEnvelope } = await import('../../src/mesh/envelope.ts')
    const seal = (epoch: number, identity = a.identity) =>
      sealEnvelope(
        {
          type: 'tripped',
          origin: a.links.peerId,
          credentialHash: a.credential.hash,
          epoch,
          sequence: 0,
          utc: NOW,
          utcGood: true,
          lifetime: duration(2000),
          feeder: new Uint8Array(16),
          payload: new Uint8Array(),
        },
        identity,
      )
    await b.links.publish('zone', seal(2, b.identity)) // in its name, not with its key
    await b.links.publish('zone', seal(0))
    await mesh.settle()
    expect(a.elsewhere).toEqual([])
    await b.links.publish('zone', seal(2))
    await mesh.settle()
    expect(a.elsewhere).toEqual(['a'])
  })

  it('tells of two live credentials for one name', async () => {
    const a = await agent('a', utility, obeyed)
    const [one, twin] = [await agent('twin', utility, obeyed), await agent('twin', utility, obeyed)]
    mesh.connect(a.links.peerId, one.links.peerId)
    expect(a.rivals).toEqual([])
    mesh.connect(a.links.peerId, twin.links.peerId)
    expect(a.rivals).toEqual(['twin'])
  })
})
