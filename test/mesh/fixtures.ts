// Identities and credentials for tests, all of one moment.

import { type Authority, type Credential, type Role, verifyCredential } from '../../src/mesh/credential.ts'
import { type Identity, newIdentity } from '../../src/mesh/identity.ts'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import { trust } from './real-links.ts'

export const NOW = utcMs(Date.UTC(2026, 0, 15, 12))
const DAY_MS = 86_400_000

export interface Person {
  readonly identity: Identity
  readonly credential: Credential
}

export interface PersonOptions {
  readonly roles?: readonly Role[]
  readonly feeders?: readonly string[]
  readonly identity?: Identity
  readonly from?: UtcMs
  readonly days?: number
}

export async function person(authority: Authority, name: string, options: PersonOptions = {}): Promise<Person> {
  const { roles = ['IED'], feeders = ['test'], from = utcMs(NOW - DAY_MS), days = 2 } = options
  const identity = options.identity ?? (await newIdentity())
  const token = await authority.issue({ peerId: identity.peerId, name, roles, feeders }, { from, days })
  const credential = await verifyCredential(token, [trust(authority, roles)], utcMs(from + 1000))
  if ('refused' in credential) throw new Error(credential.refused)
  return { identity, credential }
}
