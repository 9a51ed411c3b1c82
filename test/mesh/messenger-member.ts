// A messenger on links in memory, for tests: what it heard, refused and reported, on a clock that the test sets.

import type { AuthorityRow } from '../../src/mesh/authority.ts'
import { type Authority, type Credential, newAuthority, verifyCredential } from '../../src/mesh/credential.ts'
import { type Envelope, sealEnvelope } from '../../src/mesh/envelope.ts'
import { type Messenger, type MessengerOptions, messenger, type Received } from '../../src/mesh/messenger.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { duration, utcMs } from '../../topology/units.ts'
import { NOW, type Person, type PersonOptions, person } from './fixtures.ts'
import type { MemoryLinks, MemoryMesh } from './memory-links.ts'
import { trust } from './real-links.ts'

export const utility = await newAuthority('utility')
export const customer = await newAuthority('customer')
const trusted = [trust(utility), trust(customer)]
export const FEEDER = new Uint8Array(16).fill(1)
export const TOPIC = 'feedermesh/1/test/zone/z'

export interface Times {
  /** Monotonic, ms. */
  now: number
  utcMs: number
}
export const times = (): Times => ({ now: 1000, utcMs: NOW })

export interface TestMember extends Person {
  readonly peerId: string
  readonly links: MemoryLinks
  readonly messenger: Messenger
  readonly heard: string[]
  readonly received: Received[]
  readonly log: string[]
}

export interface TestMemberOptions extends PersonOptions {
  readonly authority?: Authority
  readonly person?: Person
  readonly links?: MemoryLinks
  readonly row?: Partial<AuthorityRow>
  readonly messenger?: Partial<MessengerOptions>
  readonly times: Times
}

export const noteRow: AuthorityRow = {
  type: 'note',
  roles: ['IED'],
  from: 'protection',
  sameFeeder: true,
  claim: payload => {
    if (typeof fromCbor(payload) !== 'string') throw new Error('want text')
    return undefined
  },
}

export async function testMember(mesh: MemoryMesh, name: string, options: TestMemberOptions): Promise<TestMember> {
  const { identity, credential } = options.person ?? (await person(options.authority ?? utility, name, options))
  const links = options.links ?? mesh.join(credential)
  const log: string[] = []
  const made = messenger({
    links,
    identity,
    credential,
    epoch: 1,
    feeder: FEEDER,
    policy: { protection: new Set(['utility']) },
    verify: (token): Promise<Credential | { readonly refused: string }> =>
      mesh.during(verifyCredential(token, trusted, utcMs(options.times.utcMs))),
    now: () => options.times.now,
    utc: () => utcMs(options.times.utcMs),
    utcGood: () => true,
    log: (event, fields) => void log.push(`${event} ${fields.reason ?? ''}`.trim()),
    ...options.messenger,
  })
  const heard: string[] = []
  const received: Received[] = []
  made.on({ ...noteRow, ...options.row }, message => {
    heard.push(`${message.origin.name}: ${fromCbor(message.payload)}`)
    received.push(message)
  })
  links.subscribe(TOPIC)
  return { identity, credential, links, peerId: identity.peerId, messenger: made, heard, received, log }
}

export const note = (text: string) => ({ type: 'note', payload: toCbor(text), lifetime: duration(2000) })

/** An envelope of the origin that is right in everything but what is changed. */
export const seal = (origin: Person, changed: Partial<Envelope> = {}, by: Person = origin): Uint8Array =>
  sealEnvelope(
    {
      type: 'note',
      origin: origin.identity.peerId,
      credentialHash: origin.credential.hash,
      epoch: 1,
      sequence: 0,
      utc: NOW,
      utcGood: true,
      lifetime: duration(2000),
      feeder: FEEDER,
      payload: toCbor('hello'),
      ...changed,
    },
    by.identity,
  )

export const refusalsOf = ({ messenger: { refusals } }: TestMember): Record<string, number> =>
  Object.fromEntries(refusals())

export const holdAll = (...links: MemoryLinks[]): void => {
  for (const each of links) each.hold(new Set(each.peers().map(({ peerId }) => peerId)))
}
