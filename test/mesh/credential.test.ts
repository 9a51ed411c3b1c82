import { createHash, createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { importJWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  authorityFrom,
  type Claim,
  type Credential,
  isLive,
  newAuthority,
  verifyCredential,
} from '../../src/mesh/credential.ts'
import { utcMs } from '../../topology/units.ts'
import { NOW } from './fixtures.ts'
import { trust } from './real-links.ts'

const authority = await newAuthority('utility')
const claim: Claim = {
  peerId: '12D3KooWExample',
  name: 'recloser-632',
  roles: ['IED'],
  feeders: ['ieee13'],
  serial: 'SN 17',
  place: [48.2, 16.4],
}
const DAY_S = 86_400
const from = NOW
const issued = await authority.issue(claim, { from, days: 1 })
const at = (seconds: number) => utcMs(NOW + seconds * 1000)
const check = (token: string, now = at(60), trusted = [trust(authority)]) => verifyCredential(token, trusted, now)
const outcome = async (token: string, now = at(60), trusted = [trust(authority)]) => {
  const result = await check(token, now, trusted)
  return 'refused' in result ? result.refused : 'admitted'
}

/** Signed by the authority's own key, but not by its `issue`. */
async function signed(claims: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> {
  const key = await importJWK(await authority.toJwk(), 'EdDSA')
  const body = {
    iss: 'utility',
    sub: 'p',
    name: 'n',
    roles: ['IED'],
    feeders: ['f'],
    nbf: from / 1000,
    exp: from / 1000 + DAY_S,
  }
  return new SignJWT({ ...body, ...claims })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'feedermesh-credential+jwt', ...header })
    .sign(key)
}
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a credential', () => {
  it('says who a peer is, once its authority is trusted', async () => {
    const hash = createHash('sha256').update(issued).digest().subarray(0, 16)
    expect(await check(issued)).toEqual({
      ...claim,
      organisation: 'utility',
      notBefore: from / 1000,
      expires: from / 1000 + DAY_S,
      token: issued,
      hash,
    })
  })

  // The clock may be off by 120 s.
  const times = [
    {
      it: 'not 121 s before its time',
      seconds: -121,
      is: 'credential is not valid: "nbf" claim timestamp check failed',
    },
    { it: 'from 120 s before its time', seconds: -120, is: 'admitted' },
    { it: 'until 119 s after its end', seconds: DAY_S + 119, is: 'admitted' },
    { it: 'not 121 s after its end', seconds: DAY_S + 121, is: 'credential has expired' },
  ]
  for (const { it: counts, seconds, is } of times) {
    it(`counts ${counts}`, async () => {
      expect(await outcome(issued, at(seconds))).toBe(is)
      expect(isLive((await check(issued)) as Credential, at(seconds))).toBe(is === 'admitted')
    })
  }

  it('does not count from another authority, though it takes the same organisation’s name', async () => {
    const stranger = await newAuthority('utility')
    const token = await stranger.issue(claim, { from, days: 1 })
    expect(await outcome(token)).toBe('signature is not by the trusted authority')
  })

  it('does not count from an organisation that is not trusted', async () => {
    const customer = await newAuthority('customer')
    const token = await customer.issue(claim, { from, days: 1 })
    expect(await outcome(token)).toBe('authority "customer" is not trusted here')
  })

  it('does not count when one trusted authority signs in the name of another', async () => {
    const customer = await newAuthority('customer')
    const token = await customer.issue(claim, { from, days: 1 })
    const [header, , signature] = token.split('.')
    const [, body] = issued.split('.')
    expect(await outcome(`${header}.${body}.${signature}`, at(60), [trust(authority), trust(customer)])).toBe(
      'signature is not by the trusted authority',
    )
  })

  it('counts from either key of an authority that is changing its key', async () => {
    const next = await newAuthority('utility')
    const both = [trust(authority), trust(next)]
    expect(await outcome(issued, at(60), both)).toBe('admitted')
    expect(await outcome(await next.issue(claim, { from, days: 1 }), at(60), both)).toBe('admitted')
  })

  it('does not count with a role that its authority may not grant here, even beside one that it may', async () => {
    const token = await authority.issue({ ...claim, roles: ['IED', 'SECADM'] }, { from, days: 1 })
    expect(await outcome(token)).toBe('authority "utility" may not grant IED, SECADM here')
  })

  it('does not count when any part is tampered with', async () => {
    const [header = '', body = '', signature = ''] = issued.split('.')
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
    const tampered = [
      `${header}.${base64({ ...claims, name: 'relay-650' })}.${signature}`,
      `${header}.${base64({ ...claims, exp: claims.exp + 1 })}.${signature}`,
      `${base64({ alg: 'EdDSA', typ: 'JWT' })}.${body}.${signature}`,
      `${header}.${body}.${signature.slice(0, -6)}AAAAAA`,
      `${header}.${body}.`,
    ]
    for (const token of tampered) expect(await outcome(token)).not.toBe('admitted')
  })

  it('does not count unsigned, or signed with the public key as if it were a secret', async () => {
    const [, body] = issued.split('.')
    const none = `${base64({ alg: 'none', typ: 'feedermesh-credential+jwt' })}.${body}.`
    expect(await outcome(none)).toBe('credential is malformed')
    const secret = createSecretKey(Buffer.from(authority.publicKey, 'base64url'))
    const mac = await new SignJWT({ iss: 'utility', sub: 'p', name: 'n', roles: ['IED'], feeders: ['f'] })
      .setProtectedHeader({ alg: 'HS256', typ: 'feedermesh-credential+jwt' })
      .setNotBefore(from / 1000)
      .setExpirationTime(from / 1000 + DAY_S)
      .sign(secret)
    expect(await outcome(mac)).toBe('credential is malformed')
  })

  it('is no token that the same key signed for another purpose', async () => {
    expect(await outcome(await signed({}))).toBe('admitted')
    expect(await outcome(await signed({}, { typ: 'JWT' }))).toMatch(/"typ"/)
  })

  const malformed = [
    { it: 'an unknown role', claims: { roles: ['KING'] } },
    { it: 'no role', claims: { roles: [] } },
    { it: 'no feeder', claims: { feeders: [] } },
    { it: 'no name', claims: { name: '' } },
    { it: 'a name of 65 characters', claims: { name: 'n'.repeat(65) } },
    { it: 'a place off the earth', claims: { place: [91, 0] } },
    { it: 'no peer id', claims: { sub: undefined } },
    { it: 'no end', claims: { exp: undefined } },
    { it: 'no beginning', claims: { nbf: undefined } },
  ]
  for (const { it: having, claims } of malformed) {
    it(`with ${having} does not count, whoever signed it`, async () => {
      expect(await outcome(await signed(claims))).toMatch(/^credential is (malformed|not valid)/)
    })
  }

  it('is not read when it is longer than 8192 characters', async () => {
    expect(await outcome(await signed({ note: 'x'.repeat(7000) }))).toBe('credential is too long')
    expect(await outcome('x'.repeat(8193))).toBe('credential is too long')
    expect(await outcome('x'.repeat(8192))).toBe('authority "(unreadable)" is not trusted here')
  })

  it('never throws, whatever the text', async () => {
    const body = base64({ iss: 'utility' })
    const text = fc.oneof(
      fc.string(),
      fc.array(fc.base64String(), { minLength: 3, maxLength: 3 }).map(parts => parts.join('.')),
      fc.tuple(fc.string(), fc.string()).map(([header, signature]) => `${header}.${body}.${signature}`),
      fc.json().map(json => `${Buffer.from(json).toString('base64url')}.${body}.AAAA`),
      fc.nat({ max: issued.length - 1 }).map(index => `${issued.slice(0, index)}!${issued.slice(index + 1)}`),
    )
    await fc.assert(
      fc.asyncProperty(text, async token => {
        expect(await outcome(token)).not.toBe('admitted')
      }),
      { numRuns: 2000 },
    )
  })
})

describe('an authority', () => {
  it('is the same from its file', async () => {
    const again = await authorityFrom('utility', await authority.toJwk())
    expect(again.publicKey).toBe(authority.publicKey)
    expect(await outcome(await again.issue(claim, { from, days: 1 }))).toBe('admitted')
  })

  it('is not made from a public key or a key of another kind', async () => {
    const { d: _, ...publicPart } = await authority.toJwk()
    for (const jwk of [publicPart, { kty: 'RSA' }, { kty: 'OKP', crv: 'X25519', x: 'x', d: 'd' }, {}]) {
      await expect(authorityFrom('utility', jwk)).rejects.toMatchObject({ code: 'MESH_BAD_KEY' })
    }
  })
})
