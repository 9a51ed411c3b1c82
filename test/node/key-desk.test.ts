// Sealing keys that readers announce and rotate: whose word counts, which is the latest, and what stays after a restart.

import { describe, expect, it } from 'vitest'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import {
  type Authority,
  type Credential,
  newAuthority,
  type Role,
  verifyCredential,
} from '../../src/mesh/credential.ts'
import { type Identity, newIdentity, verifyPeer } from '../../src/mesh/identity.ts'
import { ownSealingKey } from '../../src/mesh/sealing-key.ts'
import type { AuditEntry } from '../../src/node/component.ts'
import { joseSealing, kidOf, sealingKey } from '../../src/node/jose-sealing.ts'
import { type KnownKey, openKeyDesk } from '../../src/node/key-desk.ts'
import { openKeyRing } from '../../src/node/key-ring.ts'
import { signKey } from '../../src/node/signed-key.ts'
import { utcMs } from '../../topology/units.ts'

const NOW = Date.parse('2026-06-01T00:00:00Z')
const SECONDS = NOW / 1000
const x = (fill: string): string => fill.repeat(43)

async function site() {
  const [c, u] = await Promise.all([newAuthority('c'), newAuthority('u')])
  const roles: Role[] = ['IED', 'BACKEND', 'SECADM', 'VIEWER']
  const trusted = [c, u].map(({ organisation, publicKey }) => ({ organisation, publicKey, roles }))
  const revoked = new Set<string>()
  /** As agents do. */
  const checkCredential = async (token: string) => {
    const result = await verifyCredential(token, trusted, utcMs(NOW))
    return 'refused' in result || !revoked.has(result.peerId) ? result : { refused: 'credential is revoked' }
  }
  const audit: AuditEntry[] = []

  async function peer(by: Authority, role: Role, name: string, department?: string) {
    const identity = await newIdentity()
    const claim = { peerId: identity.peerId, name, roles: [role], feeders: ['test'] }
    const token = await by.issue(department === undefined ? claim : { ...claim, department }, {
      from: utcMs(NOW),
      days: 10,
    })
    return { ...identity, token, credential: (await checkCredential(token)) as Credential }
  }
  async function agent(own: Identity & { readonly credential: Credential }, store = openMemoryStore(memoryDisk())) {
    const changed: KnownKey[] = []
    const ring = await openKeyRing(store, ownSealingKey(own), [])
    const desk = await openKeyDesk({
      store,
      ring,
      verifySignature: verifyPeer,
      checkCredential,
      isRevoked: ({ peerId }) => revoked.has(peerId),
      credential: () => own.credential,
      sign: own.sign,
      utcNow: () => NOW,
      utcGood: () => true,
      audit: entry => void audit.push(entry),
      changed: known => void changed.push(known),
    })
    return { desk, ring, store, changed }
  }
  return { c, u, peer, agent, revoked, audit }
}

describe('a sealing key', () => {
  it('that is rotated is sealed to from then on, and the old one still opens, after a restart too', async () => {
    const { c, peer, agent } = await site()
    const backEnd = await peer(c, 'BACKEND', 'be-c')
    const { desk, ring, store } = await agent(backEnd)
    const ied = await agent(await peer(c, 'IED', 'meter'))
    const derived = sealingKey(ownSealingKey(backEnd).x)
    const bytes = (words: string) => new TextEncoder().encode(words)
    const before = await joseSealing([]).seal(bytes('before'), [derived])
    const sealed = [before]
    for (const words of ['first', 'second']) {
      await desk.rotate('ada of c')
      const [known] = desk.known()
      expect((await ied.desk.take(known?.jws ?? '', 'be-c of c')).verdict).toBe('new')
      const to = ied.desk.keyOf({ organisation: 'c' }, 'be-c')
      expect(to?.kid).toBe(kidOf(known?.announcement.sealingKey ?? ''))
      sealed.push(await joseSealing([]).seal(bytes(words), to === undefined ? [] : [to]))
    }
    expect(ied.desk.keyOf({ organisation: 'c' }, 'be-other')).toBeUndefined()
    expect(ied.desk.keyOf({ organisation: 'c', department: 'accounting' }, 'be-c')).toBeUndefined()
    const again = await agent(backEnd, store)
    for (const held of [ring, again.ring]) {
      const opened = await Promise.all(sealed.map(each => held.sealing.open(each)))
      expect(opened.map(each => each && new TextDecoder().decode(each))).toEqual(['before', 'first', 'second'])
    }
    expect(again.desk.known()).toMatchObject([{ isHeldHere: true, announcement: { epoch: SECONDS + 1 } }])
  })

  it('lies in the store sealed to the agent itself: whoever has the store alone does not have the key', async () => {
    const { c, peer, agent } = await site()
    const { desk, ring, store } = await agent(await peer(c, 'BACKEND', 'be-c'))
    const { sealingKey: rotated } = await desk.rotate('ada of c')
    const stranger = await agent(await peer(c, 'BACKEND', 'be-c'), store)
    expect(ring.holds(rotated)).toBe(true)
    expect(stranger.ring.holds(rotated)).toBe(false)
  })

  it('is not taken from a replayed, stale, forged or foreign word', async () => {
    const { c, u, peer, agent, audit } = await site()
    const ied = await agent(await peer(c, 'IED', 'meter'))
    const [own, other, person, accountant, viewer] = await Promise.all([
      peer(c, 'BACKEND', 'be-c'),
      peer(u, 'BACKEND', 'be-c'),
      peer(c, 'SECADM', 'ada'),
      peer(c, 'SECADM', 'bob', 'accounting'),
      peer(c, 'VIEWER', 'eve'),
    ])
    const word = (epoch: number, fill: string) => ({ organisation: 'c', backEnd: 'be-c', epoch, sealingKey: x(fill) })
    const first = signKey(word(SECONDS, 'a'), own)
    const second = signKey(word(SECONDS + 1, 'b'), own)
    const take = async (jws: string) => (await ied.desk.take(jws, 'somebody')).verdict
    expect(await take(first)).toBe('new')
    expect(await take(first)).toBe('known')
    expect(await take(second)).toBe('new')
    expect(await take(first)).toBe('older')
    const [head = '', payload = '', signature = ''] = signKey(word(SECONDS + 9, 'd'), own).split('.')
    const changed = Buffer.from(JSON.stringify(word(SECONDS + 9, 'e'))).toString('base64url')
    const wrong = [
      signKey(word(SECONDS + 1, 'c'), own),
      signKey(word(SECONDS + 200_000, 'c'), own),
      signKey(word(SECONDS + 9, 'c'), other),
      signKey(word(SECONDS + 9, 'c'), viewer),
      signKey({ ...word(SECONDS + 9, 'c'), backEnd: 'be-2' }, own),
      signKey({ ...word(SECONDS + 9, 'c'), department: 'accounting' }, own),
      signKey({ organisation: 'c', department: 'accounting', epoch: SECONDS, sealingKey: x('c') }, person),
      signKey({ organisation: 'c', epoch: SECONDS, sealingKey: x('c') }, accountant),
      signKey(word(SECONDS + 9, 'c'), { ...own, token: person.token }),
      `${head}.${changed}.${signature}`,
      `${head}.${payload}`,
      'a.b.c',
    ]
    for (const each of wrong) expect(await take(each)).toBe('refused')
    expect(ied.desk.keyOf({ organisation: 'c' }, 'be-c')).toEqual(sealingKey(x('b')))
    expect(ied.changed).toHaveLength(2)
    expect(audit.filter(({ allowed }) => !allowed)).toHaveLength(wrong.length + 1)
  })

  it('of a department without a back end is announced by a person of that department', async () => {
    const { c, peer, agent } = await site()
    const ied = await agent(await peer(c, 'IED', 'meter'))
    const reader = { organisation: 'c', department: 'accounting' }
    const jws = signKey({ ...reader, epoch: SECONDS, sealingKey: x('k') }, await peer(c, 'SECADM', 'bob', 'accounting'))
    expect((await ied.desk.take(jws, 'bob of c')).verdict).toBe('new')
    expect(ied.desk.keyOf(reader)).toEqual(sealingKey(x('k')))
    expect(ied.desk.keyOf({ organisation: 'c' })).toBeUndefined()
  })

  it('does not count any more once its signer is revoked, and a later word of another one does', async () => {
    const { c, peer, agent, revoked } = await site()
    const ied = await agent(await peer(c, 'IED', 'meter'))
    const [stolen, renewed] = await Promise.all([peer(c, 'BACKEND', 'be-c'), peer(c, 'BACKEND', 'be-c')])
    const about = { organisation: 'c', backEnd: 'be-c' }
    await ied.desk.take(signKey({ ...about, epoch: SECONDS + 50_000, sealingKey: x('s') }, stolen), 'be-c of c')
    revoked.add(stolen.peerId)
    expect(ied.desk.keyOf(about, 'be-c')).toBeUndefined()
    const { verdict } = await ied.desk.take(signKey({ ...about, epoch: SECONDS, sealingKey: x('n') }, renewed), 'be-c')
    expect(verdict).toBe('new')
    expect(ied.desk.keyOf(about, 'be-c')).toEqual(sealingKey(x('n')))
  })

  it('of a revoked signer stays out after a restart, and when the revocation itself has come to its end', async () => {
    const { c, peer, agent, revoked } = await site()
    const meter = await peer(c, 'IED', 'meter')
    const ied = await agent(meter)
    const stolen = await peer(c, 'BACKEND', 'be-c')
    const about = { organisation: 'c', backEnd: 'be-c' }
    await ied.desk.take(signKey({ ...about, epoch: SECONDS, sealingKey: x('s') }, stolen), 'be-c of c')
    expect((await agent(meter, ied.store)).desk.keyOf(about, 'be-c')).toEqual(sealingKey(x('s')))
    revoked.add(stolen.peerId)
    expect((await agent(meter, ied.store)).desk.keyOf(about, 'be-c')).toBeUndefined()
    revoked.clear()
    expect((await agent(meter, ied.store)).desk.known()).toEqual([])
  })

  it('is rotated at a back-end peer alone', async () => {
    const { c, peer, agent } = await site()
    const { desk } = await agent(await peer(c, 'IED', 'meter'))
    await expect(desk.rotate('ada of c')).rejects.toThrow('meter is no back-end peer')
  })
})
