// Signed sharing policies: whose word counts, which version, and what stays after a restart.

import { describe, expect, it } from 'vitest'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import type { SharingDocument } from '../../src/aggregation/sharing-document.ts'
import { type Authority, newAuthority, type Role, verifyCredential } from '../../src/mesh/credential.ts'
import { newIdentity, verifyPeer } from '../../src/mesh/identity.ts'
import type { AuditEntry } from '../../src/node/component.ts'
import { openSharing } from '../../src/node/sharing-desk.ts'
import { parseSharing } from '../../src/node/sharing-file.ts'
import { signSharing } from '../../src/node/signed-sharing.ts'
import { utcMs } from '../../topology/units.ts'

const NOW = Date.parse('2026-06-01T00:00:00Z')
const ied = { name: 'meter-1', organisation: 'customer' }

const policy = (version: number, more: Partial<SharingDocument> = {}): SharingDocument => ({
  ieds: ['meter-1'],
  version,
  readers: [
    { organisation: 'customer', department: 'accounting', shares: [{ classes: ['billing'] }] },
    { organisation: 'utility', shares: [{ classes: ['powerQuality'], to: '2027-01-01T00:00:00Z' }] },
  ],
  ...more,
})

async function person(authority: Authority, roles: readonly Role[], name = 'ada') {
  const identity = await newIdentity()
  const claim = { peerId: identity.peerId, name, roles, feeders: ['test'] }
  return { ...identity, token: await authority.issue(claim, { from: utcMs(NOW), days: 10 }) }
}

async function site(given: { readonly sharing?: string } = {}) {
  const [customer, utility] = await Promise.all([newAuthority('customer'), newAuthority('utility')])
  const trusted = [customer, utility].map(({ organisation, publicKey }) => ({
    organisation,
    publicKey,
    roles: ['SECADM', 'ENGINEER', 'VIEWER'] as Role[],
  }))
  const store = openMemoryStore(memoryDisk())
  const audit: AuditEntry[] = []
  let now = NOW
  const open = () =>
    openSharing({
      ied,
      config: {
        sharing: given.sharing,
        recipients: [{ backEnd: 'be', organisation: 'utility', classes: ['billing'], required: true }],
      },
      store,
      verifySignature: verifyPeer,
      checkCredential: token => verifyCredential(token, trusted, utcMs(now)),
      utcNow: () => now,
      audit: entry => void audit.push(entry),
      changed: () => {},
    })
  const later = (ms: number): void => {
    now += ms
  }
  return { customer, utility, audit, open, later, ada: await person(customer, ['SECADM']) }
}

describe('a sharing policy', () => {
  it('by the owner rules instead of the configuration, after a restart too, though its signer has left', async () => {
    const { open, ada, audit, later } = await site()
    const sharing = await open()
    expect(sharing.policy()).toEqual([{ organisation: 'utility', classes: ['billing'], required: true }])
    const jws = signSharing(policy(1), ada)
    expect(await sharing.take(jws, 'file')).toEqual({ version: 1, isKnown: false })
    expect(await sharing.take(jws, 'file')).toEqual({ version: 1, isKnown: true })
    const wanted = [
      { organisation: 'customer', department: 'accounting', classes: ['billing'] },
      { organisation: 'utility', classes: ['powerQuality'], toUtcMs: Date.parse('2027-01-01T00:00:00Z') },
    ]
    expect(sharing.policy()).toEqual(wanted)
    later(20 * 86_400_000)
    const again = await open()
    expect(again.policy()).toEqual(wanted)
    expect(again.shown()).toMatchObject({ source: 'policy', version: 1, signedBy: 'ada of customer' })
    expect(audit).toMatchObject([{ kind: 'configuration', allowed: true, subject: 'ada of customer' }])
  })

  it('that is forged, older, of a foreign owner, of the wrong role or for another IED changes nothing', async () => {
    const { open, ada, customer, utility, audit } = await site()
    const sharing = await open()
    await sharing.take(signSharing(policy(2), ada), 'file')
    const before = sharing.policy()
    const open3 = policy(3, { readers: [{ organisation: 'third', shares: [{ classes: ['billing'] }] }] })
    const [head, , signature] = signSharing(policy(3), ada).split('.')
    const payload = Buffer.from(JSON.stringify(open3)).toString('base64url')
    const stranger = await person(await newAuthority('stranger'), ['SECADM'])
    const other = await person(customer, ['SECADM'], 'eve')
    const wrong: [string, RegExp][] = [
      [`${head}.${payload}.${signature}`, /signature/],
      [signSharing(open3, { ...other, token: ada.token }), /not that of its signer/],
      [signSharing(policy(1), ada), /version 1, version 2 is in force/],
      [signSharing(policy(2, { readers: [] }), ada), /version 2, version 2 is in force/],
      [signSharing(open3, await person(utility, ['SECADM'])), /want a person of customer/],
      [signSharing(open3, await person(customer, ['VIEWER'])), /want SECADM or ENGINEER/],
      [signSharing(open3, stranger), /not trusted/],
      [signSharing(policy(3, { ieds: ['meter-2'] }), ada), /want one for meter-1/],
      ['no policy', /compact JWS/],
      [`${head}.${Buffer.from('{}').toString('base64url')}.${signature}`, /sharing policy: ieds/],
      ['x'.repeat(200_000), /compact JWS/],
    ]
    for (const [jws, words] of wrong) await expect(sharing.take(jws, 'mallory')).rejects.toThrow(words)
    expect(sharing.policy()).toEqual(before)
    expect(audit.filter(({ allowed }) => !allowed)).toHaveLength(wrong.length)
    expect(audit.every(({ words }) => !words.includes('\n'))).toBe(true)
    expect((await open()).shown()).toMatchObject({ version: 2 })
    await sharing.take(signSharing(policy(3), await person(customer, ['ENGINEER'])), 'file')
  })

  it('of two that come at once, the newer one is in force', async () => {
    const { open, ada } = await site()
    const sharing = await open()
    const taken = await Promise.allSettled([5, 4, 6].map(n => sharing.take(signSharing(policy(n), ada), 'a tool')))
    expect(taken.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(sharing.shown().version).toBe(6)
  })

  it('that is wanted and not there: nobody reads anything', async () => {
    const { open } = await site({ sharing: 'sharing.jws' })
    const sharing = await open()
    expect(sharing.policy()).toEqual([])
    expect(sharing.shown()).toEqual({ source: 'none', readers: [] })
  })
})

describe('a sharing file', () => {
  it('says each fault with its line', () => {
    const text = `ieds: [meter-1]
version: 0
readers:
  - { organisation: customer, shares: [{ classes: [billing], from: 2026-02-01T00:00:00Z, to: 2026-01-01T00:00:00Z }] }
`
    expect(() => parseSharing(text, 'sharing.yaml')).toThrow(/sharing\.yaml:2: version/)
    expect(() => parseSharing(text.replace('version: 0', 'version: 1'), 'sharing.yaml')).toThrow(
      /ends before it begins/,
    )
  })
  it('has each reader once, and a department within its organisation has a key', () => {
    const shares = [{ classes: ['billing'] }]
    const read = (...readers: object[]) => parseSharing(JSON.stringify({ ieds: ['m'], version: 1, readers }), 'f')
    expect(() => read({ organisation: 'a', shares }, { organisation: 'a', shares })).toThrow(/want it once/)
    expect(() => read({ organisation: 'a', within: true, shares })).toThrow(/want a department/)
    expect(read({ organisation: 'a', shares }, { organisation: 'a', department: 'd', shares }).readers).toHaveLength(2)
  })
})
