// What a back end is to give on: whose word counts, which version, and what stays after a restart.

import { expect, it } from 'vitest'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import type { RegrantDocument } from '../../src/aggregation/regrant.ts'
import { type Authority, newAuthority, type Role, verifyCredential } from '../../src/mesh/credential.ts'
import { newIdentity, verifyPeer } from '../../src/mesh/identity.ts'
import type { AuditEntry } from '../../src/node/component.ts'
import { openRegrants } from '../../src/node/regrant-desk.ts'
import { isRegrantText, parseRegrant } from '../../src/node/sharing-file.ts'
import { isRegrant, signRegrant } from '../../src/node/signed-regrant.ts'
import { signSharing } from '../../src/node/signed-sharing.ts'
import { utcMs } from '../../topology/units.ts'

const NOW = Date.parse('2026-06-01T00:00:00Z')
const words = (version: number, more: Partial<RegrantDocument> = {}): RegrantDocument => ({
  regives: 'be-c',
  version,
  departments: [{ department: 'accounting', backEnd: 'be-accounting', shares: [{ classes: ['billing'] }] }],
  ...more,
})

async function person(authority: Authority, roles: readonly Role[], department?: string) {
  const identity = await newIdentity()
  const claim = { peerId: identity.peerId, name: 'ada', roles, feeders: ['test'], department }
  return { ...identity, token: await authority.issue(claim, { from: utcMs(NOW), days: 10 }) }
}

it('a regrant counts by a person of the organisation itself, in a version that grows, and stays', async () => {
  const [c, u] = await Promise.all([newAuthority('c'), newAuthority('u')])
  const roles: Role[] = ['SECADM', 'ENGINEER', 'VIEWER']
  const trusted = [c, u].map(({ organisation, publicKey }) => ({ organisation, publicKey, roles }))
  const store = openMemoryStore(memoryDisk())
  const audit: AuditEntry[] = []
  let changes = 0
  const open = () =>
    openRegrants({
      backEnd: { name: 'be-c', organisation: 'c' },
      store,
      verifySignature: verifyPeer,
      checkCredential: token => verifyCredential(token, trusted, utcMs(NOW)),
      utcNow: () => NOW,
      audit: entry => void audit.push(entry),
      changed: () => void changes++,
    })
  const [ada, viewer, accountant, stranger] = await Promise.all([
    person(c, ['SECADM']),
    person(c, ['VIEWER']),
    person(c, ['SECADM'], 'accounting'),
    person(u, ['SECADM']),
  ])
  const desk = await open()
  expect(desk.departments()).toEqual([])
  const second = signRegrant(words(2), ada)
  expect(await desk.take(second, 'file')).toEqual({ version: 2, isKnown: false })
  expect(await desk.take(second, 'file')).toEqual({ version: 2, isKnown: true })
  const [head = '', , signature = ''] = signRegrant(words(3), ada).split('.')
  const payload = Buffer.from(JSON.stringify(words(3, { departments: [] }))).toString('base64url')
  const wrong: [string, RegExp][] = [
    [signRegrant(words(1), ada), /version 1, version 2 is in force/],
    [signRegrant(words(2, { departments: [] }), ada), /version 2, version 2 is in force/],
    [signRegrant(words(3, { regives: 'be-2' }), ada), /for be-2, want one for be-c/],
    [signRegrant(words(3), viewer), /is VIEWER, want SECADM or ENGINEER/],
    [signRegrant(words(3), accountant), /is of department accounting, want one of c itself/],
    [signRegrant(words(3), stranger), /is of u, want a person of c/],
    [signRegrant(words(3), { ...viewer, token: ada.token }), /the credential is not that of its signer/],
    [`${head}.${payload}.${signature}`, /the signature is not by the key/],
    [signSharing({ ieds: ['m'], version: 3, readers: [] }, ada), /want a header of type/],
  ]
  for (const [jws, says] of wrong) await expect(desk.take(jws, 'somebody')).rejects.toThrow(says)
  expect(audit.filter(({ allowed }) => !allowed)).toHaveLength(wrong.length)
  expect(changes).toBe(1)
  const again = await open()
  expect(again.departments()).toEqual(words(2).departments)
  expect(again.inForce()).toEqual({ version: 2, signedBy: 'ada of c', acceptedUtcMs: NOW })
  expect(isRegrant(second)).toBe(true)
  expect(isRegrant(signSharing({ ieds: ['m'], version: 3, readers: [] }, ada))).toBe(false)
})

it('a regrant is told from a sharing policy by how it begins, and its faults are told with their lines', () => {
  const text =
    'regives: be-c\nversion: 1\ndepartments:\n  - department: accounting\n    backEnd: be-a\n    shares: [{ classes: [billling] }]\n'
  expect(isRegrantText(text)).toBe(true)
  expect(isRegrantText('ieds: [m]\nversion: 1\nreaders: []\n')).toBe(false)
  expect(() => parseRegrant(text, 'c.yaml')).toThrow(/c\.yaml:6: departments\[0\]\.shares\[0\]\.classes\[0\]/)
})
