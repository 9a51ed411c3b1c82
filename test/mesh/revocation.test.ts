import fc from 'fast-check'
import { importJWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { type Credential, credentialId, newAuthority, verifyCredential } from '../../src/mesh/credential.ts'
import { isAbout, type Revocation, verifyRevocation } from '../../src/mesh/revocation.ts'
import { revocationList } from '../../src/mesh/revocation-list.ts'
import { utcMs } from '../../topology/units.ts'
import { NOW } from './fixtures.ts'
import { trust } from './real-links.ts'

const utility = await newAuthority('utility')
const customer = await newAuthority('customer')
const trusted = [trust(utility), trust(customer)]
const DAY_S = 86_400
const at = (seconds: number) => utcMs(NOW + seconds * 1000)
const revoke = (changes: Partial<Parameters<typeof utility.revoke>[0]> = {}, by = utility) =>
  by.revoke({ peerId: 'p', reason: 'stolen', at: NOW, until: at(DAY_S), ...changes })
const check = (token: string, now = at(60)) => verifyRevocation(token, trusted, now)
const counts = async (token: string, now = at(60)) => !('refused' in (await check(token, now)))
async function checked(token: string): Promise<Revocation> {
  const result = await check(token)
  if ('refused' in result) throw new Error(result.refused)
  return result
}
async function credential(peerId: string, by = utility, id?: string): Promise<Credential> {
  const claim = { peerId, name: 'n', roles: ['IED' as const], feeders: ['f'], ...(id === undefined ? {} : { id }) }
  const result = await verifyCredential(await by.issue(claim, { from: NOW, days: 1 }), trusted, at(60))
  if ('refused' in result) throw new Error(result.refused)
  return result
}
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a revocation', () => {
  it('says who took back what, why, and until when that matters', async () => {
    expect(await checked(await revoke({ credential: 'c1' }))).toMatchObject({
      ...{ organisation: 'utility', peerId: 'p', credential: 'c1', reason: 'stolen', at: NOW / 1000 },
      expires: NOW / 1000 + DAY_S,
    })
  })

  it('is about all credentials of a key, or about the one that it names, and about its own organisation’s', async () => {
    const [one, other, foreign] = [await credential('p'), await credential('p'), await credential('p', customer)]
    const elsewhere = await credential('q')
    const ofKey = await checked(await revoke())
    expect([one, other, foreign, elsewhere].map(each => isAbout(ofKey, each))).toEqual([true, true, false, false])
    const ofOne = await checked(await revoke({ credential: credentialId(one) }))
    expect([one, other, foreign, elsewhere].map(each => isAbout(ofOne, each))).toEqual([true, false, false, false])
  })

  it('that says itself that it has ended is refused for that before its signature is looked at', async () => {
    const token = await revoke()
    const forged = `${token.slice(0, -4)}AAAA`
    const late = at(DAY_S + 121)
    expect(await check(forged)).toMatchObject({ reason: 'signature is not by the trusted authority' })
    expect(await check(forged, late)).toMatchObject({ reason: 'revocation has expired' })
    expect(await check(token, late)).toMatchObject({ reason: 'revocation has expired' })
  })

  it('names a credential without jti by what is signed, however its signature is written', async () => {
    const key = await importJWK(await utility.toJwk(), 'EdDSA')
    const claims = {
      iss: 'utility',
      sub: 'p',
      name: 'n',
      roles: ['IED'],
      feeders: ['f'],
      nbf: NOW / 1000,
      exp: NOW / 1000 + 60,
    }
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', typ: 'feedermesh-credential+jwt' })
      .sign(key)
    // The last of 86 characters carries two bits of the signature; the other four may be anything to a lenient reader.
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const code = last.indexOf(token.at(-1) as string)
    const variant = token.slice(0, -1) + last[(code & 0b110000) | ((code + 1) & 0b001111)]
    expect(variant).not.toBe(token)
    expect(credentialId({ token: variant })).toBe(credentialId({ token }))
  })

  // The clocks may be 120 s apart. That it is from the future says nothing: the clock here may be behind.
  const times = [
    { it: 'long before it was signed', seconds: -400 * DAY_S, is: true },
    { it: 'until the credential would have expired, and the tolerance', seconds: DAY_S + 120, is: true },
    { it: 'not after that', seconds: DAY_S + 121, is: false },
  ]
  for (const { it: when, seconds, is } of times) {
    it(`counts ${when}`, async () => expect(await counts(await revoke(), at(seconds))).toBe(is))
  }

  it('counts from either key of an authority that changes its key, and from no stranger of that name', async () => {
    const next = await newAuthority('utility')
    const token = await revoke({}, next)
    expect('refused' in (await verifyRevocation(token, [...trusted, trust(next)], NOW))).toBe(false)
    expect(await counts(token)).toBe(false)
  })

  it('is no token that the same key signed for another purpose, and no credential is one', async () => {
    const key = await importJWK(await utility.toJwk(), 'EdDSA')
    const claims = { iss: 'utility', sub: 'p', reason: '', iat: NOW / 1000, exp: NOW / 1000 + DAY_S }
    const sign = (typ: string, more: Record<string, unknown> = {}) =>
      new SignJWT({ ...claims, ...more }).setProtectedHeader({ alg: 'EdDSA', typ }).sign(key)
    expect(await counts(await sign('feedermesh-revocation+jwt'))).toBe(true)
    expect(await counts(await sign('feedermesh-credential+jwt'))).toBe(false)
    expect(await counts(await sign('feedermesh-revocation+jwt', { more: 1 }))).toBe(false)
    expect(await counts((await credential('p')).token)).toBe(false)
    expect(await verifyCredential(await revoke(), trusted, NOW)).toHaveProperty('refused')
  })

  it('never counts when anything of it is forged', async () => {
    const good = await revoke({ credential: 'c1' })
    const [header = '', body = '', signature = ''] = good.split('.')
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
    const other = await revoke({ peerId: 'q' })
    const changed = fc.record(
      {
        iss: fc.constantFrom('utility', 'customer', 'x'),
        sub: fc.string(),
        credential: fc.string(),
        exp: fc.integer(),
        iat: fc.integer(),
      },
      { requiredKeys: [] },
    )
    const forged = fc.oneof(
      changed
        .filter(changes => JSON.stringify({ ...claims, ...changes }) !== JSON.stringify(claims))
        .map(changes => `${header}.${base64({ ...claims, ...changes })}.${signature}`),
      fc.tuple(fc.nat({ max: header.length + body.length }), fc.integer({ min: 1, max: 63 })).map(([index, by]) => {
        const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
        const code = alphabet.indexOf(good[index] as string)
        return code < 0
          ? `${good.slice(0, index)}..`
          : good.slice(0, index) + alphabet[(code + by) % 64] + good.slice(index + 1)
      }),
      fc
        .uint8Array({ minLength: 64, maxLength: 64 })
        .map(bytes => `${header}.${body}.${Buffer.from(bytes).toString('base64url')}`),
      fc
        .constantFrom('none', 'HS256', 'ES256')
        .map(alg => `${base64({ alg, typ: 'feedermesh-revocation+jwt' })}.${body}.${signature}`),
      fc.constant(`${other.split('.')[0]}.${body}.${other.split('.')[2]}`),
      fc.string(),
      fc.json().map(json => `${header}.${Buffer.from(json).toString('base64url')}.${signature}`),
    )
    await fc.assert(
      fc.asyncProperty(forged, async token => {
        expect(await counts(token)).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the list of revocations', () => {
  const made = (id: string, changes: Partial<Revocation> = {}): Revocation => ({
    ...{ organisation: 'utility', peerId: `p${id}`, reason: '', at: 0, expires: 1000, token: id, id },
    ...changes,
  })

  it('answers which one takes a credential back', async () => {
    const list = revocationList()
    const own = await credential('p1')
    expect(list.of(own)).toBeUndefined()
    list.add(made('1'))
    list.add(made('1'))
    expect(list.of(own)?.id).toBe('1')
    expect(list.all()).toHaveLength(1)
  })

  it('is bounded an organisation: what ends first gives way, nobody else’s does', () => {
    const list = revocationList(2)
    list.add(made('c', { organisation: 'customer', expires: 1 }))
    expect(list.add(made('1', { expires: 300 }))).toEqual([])
    expect(list.add(made('2', { expires: 200 }))).toEqual([])
    expect(list.add(made('3', { expires: 400 })).map(({ id }) => id)).toEqual(['2'])
    expect(list.all().map(({ id }) => id)).toEqual(['1', '3', 'c'])
  })

  it('forgets what has ended, with the tolerance', () => {
    const list = revocationList()
    list.add(made('1', { expires: 1000 }))
    expect(list.sweep(utcMs(1_120_000))).toEqual([])
    expect(list.sweep(utcMs(1_120_001)).map(({ id }) => id)).toEqual(['1'])
    expect(list.has('1')).toBe(false)
  })
})
