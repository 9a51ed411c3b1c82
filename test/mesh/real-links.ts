// Real libp2p links for tests, each with an authority's credential, on loopback.

import { hrtime } from 'node:process'
import type { Authority, Role, TrustedAuthority } from '../../src/mesh/credential.ts'
import { type Identity, newIdentity } from '../../src/mesh/identity.ts'
import { type Libp2pLinksOptions, libp2pLinks } from '../../src/mesh/libp2p-links.ts'
import type { Links } from '../../src/mesh/links.ts'
import { utcMs } from '../../topology/units.ts'

export const trust = (
  authority: Authority,
  roles: readonly Role[] = ['IED', 'BACKEND', 'VIEWER'],
): TrustedAuthority => ({
  organisation: authority.organisation,
  publicKey: authority.publicKey,
  roles,
})

export interface Member {
  readonly name: string
  readonly identity: Identity
  readonly credential: string | undefined
  readonly links: Links
  readonly log: { event: string; fields: Record<string, unknown> }[]
}

export interface MemberOptions {
  readonly name: string
  readonly authority: Authority
  /** What it trusts; its own authority alone by default. */
  readonly trusted?: readonly TrustedAuthority[]
  readonly roles?: readonly Role[]
  readonly credential?: 'none' | 'expired'
  readonly links?: Partial<Libp2pLinksOptions>
  readonly identity?: Identity
}

export async function startMember(options: MemberOptions): Promise<Member> {
  const { name, authority, roles = ['IED'] } = options
  const identity = options.identity ?? (await newIdentity())
  const days = options.credential === 'expired' ? -1 : 1
  const credential =
    options.credential === 'none'
      ? undefined
      : await authority.issue(
          { peerId: identity.peerId, name, roles, feeders: ['test'] },
          { from: utcMs(Date.now() - 2 * 86_400_000), days: days + 2 },
        )
  const log: Member['log'] = []
  const links = await libp2pLinks({
    identity,
    credential,
    authorities: options.trusted ?? [trust(authority)],
    policy: { feeder: 'test' },
    listen: ['/ip4/127.0.0.1/tcp/0'],
    seeds: [],
    mdns: false,
    now: () => Number(hrtime.bigint()) / 1e6,
    utc: () => utcMs(Date.now()),
    chance: Math.random,
    log: (event, fields) => log.push({ event, fields }),
    ...options.links,
  })
  return { name, identity, credential, links, log }
}

export async function until(what: string, fact: () => boolean, ms = 30_000): Promise<void> {
  const end = Date.now() + ms
  while (!fact()) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
