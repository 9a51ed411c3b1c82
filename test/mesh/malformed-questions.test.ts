// What the links serve themselves (peers, key agreements, renewals), asked with bytes that are no question: told to who
// counts misconduct, each once. A question that is refused for what it says is no misconduct.

import { afterEach, describe, expect, it } from 'vitest'
import { type Authority, encodeToken, newAuthority } from '../../src/mesh/credential.ts'
import { KEYS_PROTOCOL } from '../../src/mesh/datagram-keys.ts'
import { newIdentity } from '../../src/mesh/identity.ts'
import { PEERS_PROTOCOL } from '../../src/mesh/known-peers.ts'
import { RENEWAL_PROTOCOL } from '../../src/mesh/shown-credential.ts'
import { toCbor } from '../../topology/cbor.ts'
import { utcMs } from '../../topology/units.ts'
import { type Member, startMember, until } from './real-links.ts'

const running: Member[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ links }) => links.stop()))
})

async function pair() {
  const authority = await newAuthority('utility')
  const a = await startMember({ name: 'a', authority })
  await a.links.start()
  const b = await startMember({ name: 'b', authority, links: { seeds: a.links.addresses() } })
  await b.links.start()
  running.push(a, b)
  await until('connected', () => a.links.peers().length === 1 && b.links.peers().length === 1)
  const blamed: string[] = []
  a.links.onMalformed(peerId => void blamed.push(peerId))
  const ask = (protocol: string, question: Uint8Array): Promise<string> =>
    b.links.request(a.links.peerId, protocol, question, { timeoutMs: 20_000 }).then(
      () => 'answered',
      error => error.code,
    )
  return { authority, a, b, blamed, ask }
}

const renewed = async (by: Authority, peerId: string): Promise<Uint8Array> => {
  const claim = { peerId, name: 'b', roles: ['IED' as const], feeders: ['test'] }
  return encodeToken(await by.issue(claim, { from: utcMs(Date.now()), days: 30 }))
}

describe('a question that is none', () => {
  const garbage = [Uint8Array.of(0xff), toCbor({ another: 'message' }), toCbor(7)]
  for (const protocol of [PEERS_PROTOCOL, KEYS_PROTOCOL, RENEWAL_PROTOCOL]) {
    it(`of ${protocol.split('/')[2]}, is refused and counted, each time`, async () => {
      const { b, blamed, ask } = await pair()
      for (const bytes of garbage) expect(await ask(protocol, bytes)).toBe('MESH_REFUSED')
      expect(blamed).toEqual(garbage.map(() => b.links.peerId))
    })
  }

  it('is not one that is understood, whether it is answered or refused', async () => {
    const { authority, b, blamed, ask } = await pair()
    expect(await ask(PEERS_PROTOCOL, new Uint8Array())).toBe('answered')
    expect(await ask(RENEWAL_PROTOCOL, await renewed(authority, b.links.peerId))).toBe('answered')
    // Of another key, and by nobody whom this peer trusts.
    expect(await ask(RENEWAL_PROTOCOL, await renewed(authority, (await newIdentity()).peerId))).toBe('MESH_REFUSED')
    expect(await ask(RENEWAL_PROTOCOL, await renewed(await newAuthority('utility'), b.links.peerId))).toBe(
      'MESH_REFUSED',
    )
    expect(blamed).toEqual([])
  })
})
