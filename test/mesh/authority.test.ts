import { describe, expect, it } from 'vitest'
import { type AuthorityRow, refusedBy } from '../../src/mesh/authority.ts'
import { type Credential, type Role, roles } from '../../src/mesh/credential.ts'

const row = (changed: Partial<AuthorityRow> = {}): AuthorityRow => {
  return { type: 'trip', roles: ['IED'], from: 'protection', sameFeeder: true, ...changed }
}
const origin = (held: readonly Role[], organisation: string): Credential => {
  const hash = new Uint8Array(16)
  return {
    peerId: 'p',
    organisation,
    name: 'n',
    roles: held,
    feeders: ['f'],
    notBefore: 0,
    expires: 1,
    token: '',
    hash,
  }
}
// Obeys the utility's protection messages; trusts the customer's authority, but does not obey it.
const policy = { protection: new Set(['utility']) }
const refused = (
  of: AuthorityRow,
  held: readonly Role[],
  organisation: string,
  sameFeeder = true,
  payload = new Uint8Array(),
) => refusedBy(of, origin(held, organisation), sameFeeder, payload, policy)

describe('the authority table', () => {
  for (const wanted of roles) {
    for (const held of roles) {
      it(`lets ${held} ${held === wanted ? 'say' : 'not say'} what a row gives to ${wanted}`, () => {
        expect(refused(row({ roles: [wanted] }), [held], 'utility')).toBe(held === wanted ? undefined : 'role')
      })
    }
  }

  const protection = row()
  const trusted = row({ from: 'trusted' })
  const anyFeeder = row({ sameFeeder: false })
  const cases = [
    { it: 'any one of its roles is enough', refusal: refused(protection, ['VIEWER', 'IED'], 'utility') },
    {
      it: 'one of several that the row gives is enough',
      refusal: refused(row({ roles: ['OPERATOR', 'IED'] }), ['IED'], 'utility'),
    },
    {
      it: 'an organisation that is not obeyed is refused',
      refusal: refused(protection, ['IED'], 'customer'),
      is: 'organisation',
    },
    { it: 'it may say what any trusted one may', refusal: refused(trusted, ['IED'], 'customer') },
    {
      it: 'a different feeder file is refused',
      refusal: refused(protection, ['IED'], 'utility', false),
      is: 'feeder-differs',
    },
    { it: 'unless the row does not ask for the same', refusal: refused(anyFeeder, ['IED'], 'utility', false) },
    { it: 'the role is asked first', refusal: refused(protection, ['VIEWER'], 'customer', false), is: 'role' },
    { it: 'then the organisation', refusal: refused(protection, ['IED'], 'customer', false), is: 'organisation' },
  ]
  for (const c of cases) it(c.it, () => expect(c.refusal).toBe(c.is))

  const claiming = row({
    claim: (payload, { name }) => {
      if (payload.length === 0) throw new Error('no such message')
      return payload[0] === 1 ? undefined : `not-of-${name}`
    },
  })
  const claims = [
    { it: 'lets pass what the feeder file says of the origin', payload: [1], is: undefined },
    { it: 'says why a claim is refused', payload: [2], is: 'not-of-n' },
    { it: 'calls malformed what the claim cannot read', payload: [], is: 'malformed' },
  ]
  for (const c of claims) {
    it(c.it, () => expect(refused(claiming, ['IED'], 'utility', true, new Uint8Array(c.payload))).toBe(c.is))
  }
})
