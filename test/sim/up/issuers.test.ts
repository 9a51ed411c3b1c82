import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { issuerOf, liveCredential } from '../../../sim/up/issuers.ts'
import { loadOrCreateIdentity } from '../../../src/mesh/identity.ts'
import { revoke } from '../../../src/node/authority-desk.ts'
import { isIssued, readRegister, stateOf } from '../../../src/node/issue-register.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'feedermesh-issuers-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const claim = { name: 'meter-1', roles: ['IED' as const], feeders: ['ieee13'] }

async function begin() {
  const issuer = await issuerOf(dir, 'utility')
  const home = join(dir, 'meter-1')
  const again = async () => {
    await liveCredential(issuer, home, claim)
    const { peerId } = await loadOrCreateIdentity(join(home, 'key'))
    return { peerId, token: await readFile(join(home, 'credential.jwt'), 'utf8') }
  }
  return { issuer, again, first: await again() }
}

it('key and credential stay from one start to the next', async () => {
  const { again, first } = await begin()
  expect(await again()).toEqual(first)
  expect((await issuerOf(dir, 'utility')).publicKey).toBe((await issuerOf(dir, 'utility')).publicKey)
})

it('who was revoked has a new key and a live credential at the next start, under the same name', async () => {
  const { issuer, again, first } = await begin()
  await revoke(issuer, issuer.place, { nameOrId: 'meter-1' }, 'stolen', Date.now())
  const next = await again()
  expect(next.peerId).not.toBe(first.peerId)
  const register = readRegister(issuer.place.register)
  const live = register.filter(isIssued).filter(each => stateOf(register, each, Date.now()) === 'live')
  expect(live.map(({ name, peerId }) => ({ name, peerId }))).toEqual([{ name: 'meter-1', peerId: next.peerId }])
  expect(await again()).toEqual(next)
})

it('a single credential that was taken back is issued anew for the same key', async () => {
  const { issuer, again, first } = await begin()
  const [issued] = readRegister(issuer.place.register).filter(isIssued)
  await revoke(issuer, issuer.place, { nameOrId: issued?.id as string }, 'a mistake', Date.now())
  const next = await again()
  expect(next.peerId).toBe(first.peerId)
  expect(next.token).not.toBe(first.token)
})
