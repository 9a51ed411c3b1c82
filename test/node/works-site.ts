// The feeder of a works with generators of its own, on which tests of what crosses organisations play: real messengers over
// links in memory, each IED with the credential of its organisation, and time that only the test moves.

import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { AuthorityPolicy } from '../../src/mesh/authority.ts'
import { newAuthority, verifyCredential } from '../../src/mesh/credential.ts'
import { messenger } from '../../src/mesh/messenger.ts'
import { bus } from '../../src/node/component.ts'
import { parseFeeder } from '../../topology/index.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { NOW, person } from '../mesh/fixtures.ts'
import type { memoryMesh } from '../mesh/memory-links.ts'
import { trust } from '../mesh/real-links.ts'

type Mesh = ReturnType<typeof memoryMesh>

const FILE = 'topology/feeders/customer-site.yaml'
export const worksFile = parseFeeder(readFileSync(FILE, 'utf8'), FILE)
export const authorities = new Map(
  await Promise.all(
    ['utility', 'works', 'heat-and-power'].map(async name => [name, await newAuthority(name)] as const),
  ),
)
export const OBEYS_ALL: AuthorityPolicy = { protection: new Set(authorities.keys()) }

/** @param now monotonic, ms: one time for all of them */
export async function worksAgent(name: string, mesh: Mesh, now: () => number, policy: AuthorityPolicy) {
  const { organisation } = worksFile.ieds.find(ied => ied.name === name) ?? { organisation: '' }
  const authority = authorities.get(organisation)
  if (authority === undefined) throw new Error(`no authority of ${name}`)
  const { identity, credential } = await person(authority, name, { feeders: [worksFile.name] })
  const links = mesh.join(credential)
  const wakes = new Set<{ at: number; run: () => void }>()
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.message}`))
  const messages = messenger({
    links,
    identity,
    credential,
    epoch: 1,
    feeder: new Uint8Array(16),
    policy,
    verify: token =>
      mesh.during(
        verifyCredential(
          token,
          [...authorities.values()].map(each => trust(each)),
          utcMs(NOW),
        ),
      ),
    now,
    utc: () => utcMs(NOW),
    utcGood: () => true,
    log: () => {},
  })
  const clock = {
    now: () => instant(now()),
    wakeAt(at: number, run: () => void) {
      const wake = { at, run }
      wakes.add(wake)
      return () => wakes.delete(wake)
    },
  }
  return { links, messages, inside, wakes, clock }
}

/** All IEDs of the works, connected to each other. */
export async function worksSite<A extends { readonly links: Awaited<ReturnType<typeof worksAgent>>['links'] }>(
  mesh: Mesh,
  agentOf: (name: string) => Promise<A>,
): Promise<Map<string, A>> {
  const agents = new Map<string, A>()
  for (const { name } of worksFile.ieds) agents.set(name, await agentOf(name))
  const all = [...agents.values()]
  all.forEach((one, index) => {
    for (const other of all.slice(index + 1)) mesh.connect(one.links.peerId, other.links.peerId)
  })
  for (const { links } of all) links.hold(new Set(all.map(other => other.links.peerId)))
  return agents
}
