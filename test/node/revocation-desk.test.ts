// Revocations among real libp2p peers in a line: each knows its neighbours only, so that what reaches the far end was
// passed on by all in between.

import { afterEach, describe, expect, it } from 'vitest'
import { type MemoryDisk, memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import type { Store } from '../../src/aggregation/store.ts'
import { StoreError } from '../../src/aggregation/store.ts'
import { type Authority, credentialId, newAuthority, verifyCredential } from '../../src/mesh/credential.ts'
import { type Identity, newIdentity } from '../../src/mesh/identity.ts'
import type { Refused } from '../../src/mesh/refusal.ts'
import { type Revocation, verifyRevocation } from '../../src/mesh/revocation.ts'
import { revocationList } from '../../src/mesh/revocation-list.ts'
import { systemClock } from '../../src/node/clock.ts'
import { type RevocationDesk, readRevocations, revocationDesk } from '../../src/node/revocation-desk.ts'
import { utcMs } from '../../topology/units.ts'
import { type Member, type MemberOptions, startMember, trust, until } from '../mesh/real-links.ts'
import { stopwatch } from '../stalls.ts'

interface Post extends Member {
  readonly desk: RevocationDesk
  /** Tokens whose signature was looked at. */
  readonly checked: string[]
  readonly revoked: Revocation[]
  readonly refused: Refused[]
  readonly alarms: string[]
  readonly disk: MemoryDisk
  stop(): Promise<void>
}

const running: Post[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map(post => post.stop()))
})

interface PostOptions {
  readonly seeds?: readonly string[]
  readonly disk?: MemoryDisk
  readonly identity?: Identity
  readonly wrap?: (store: Store) => Store
  readonly trusted?: MemberOptions['trusted']
}

/** A peer that dials its seeds and nobody else. */
async function post(name: string, authority: Authority, options: PostOptions = {}): Promise<Post> {
  const { seeds = [], disk = memoryDisk(), wrap = store => store } = options
  const trusted = options.trusted ?? [trust(authority)]
  const clock = systemClock()
  const list = revocationList()
  const memory = openMemoryStore(disk)
  const store = wrap(memory)
  const checked: string[] = []
  function check(token: string) {
    checked.push(token)
    return verifyRevocation(token, trusted, clock.utc())
  }
  await readRevocations(store, list, check)
  const member = await startMember({
    name,
    authority,
    trusted,
    ...(options.identity ? { identity: options.identity } : {}),
    links: {
      seeds,
      policy: { feeder: 'test', isRevoked: credential => list.of(credential) !== undefined },
      ...(seeds.length === 0 ? { passive: true } : { maxPeers: seeds.length }),
    },
  })
  const [revoked, refused, alarms]: [Revocation[], Refused[], string[]] = [[], [], []]
  const desk = revocationDesk({
    links: member.links,
    store,
    list,
    clock,
    check,
    onRevoked: revocation => revoked.push(revocation),
    onRefused: why => refused.push(why),
    alarm: kind => alarms.push(kind),
    log: (event, fields) => member.log.push({ event, fields }),
  })
  await member.links.start()
  let ended: Promise<void> | undefined
  const stop = (): Promise<void> => {
    ended ??= member.links
      .stop()
      .then(() => desk.stop())
      .then(() => memory.close())
    return ended
  }
  const made = { ...member, desk, checked, revoked, refused, alarms, disk, stop }
  running.push(made)
  return made
}

const names = ({ links }: Post): string[] =>
  links
    .peers()
    .map(({ credential }) => credential.name)
    .sort()
const DAY_MS = 86_400_000
const revocationOf = (authority: Authority, peerId: string, changes: { credential?: string; days?: number } = {}) =>
  authority.revoke({
    peerId,
    credential: changes.credential,
    reason: 'stolen',
    at: utcMs(Date.now()),
    until: utcMs(Date.now() + (changes.days ?? 2) * DAY_MS),
  })

async function line(authority: Authority, length: number, options: PostOptions = {}): Promise<Post[]> {
  const posts: Post[] = []
  for (let index = 0; index < length; index++) {
    const seeds = posts.at(-1)?.links.addresses() ?? []
    posts.push(await post(`p${index}`, authority, { ...options, seeds }))
  }
  return posts
}
const isLine = (posts: readonly Post[]): boolean =>
  posts.every((each, index) => {
    const near = [index - 1, index + 1].filter(at => at >= 0 && at < posts.length).map(at => `p${at}`)
    return near.every(name => names(each).includes(name))
  })

describe('a revocation', { timeout: 60_000 }, () => {
  it('brought to one end of a line cuts a live connection at the other end within a second', async () => {
    const authority = await newAuthority('utility')
    const posts = await line(authority, 6)
    const last = posts.at(-1) as Post
    const thief = await post('thief', authority, { seeds: last.links.addresses() })
    await until('the line is up', () => isLine(posts) && names(last).includes('thief'))
    // Nobody in the middle has a short cut.
    expect(names(posts[0] as Post)).toEqual(['p1'])
    expect(
      posts
        .slice(0, 5)
        .flatMap(names)
        .filter(name => name === 'thief'),
    ).toEqual([])

    const token = await revocationOf(authority, thief.links.peerId)
    const elapsed = stopwatch()
    let cutMs: number | undefined
    last.links.onPeer(({ peerId }, state) => {
      if (peerId === thief.links.peerId && state === 'down') cutMs ??= elapsed()
    })
    expect(await posts[0]?.desk.take(token)).toMatchObject({ reason: 'stolen' })
    await until('it is cut', () => cutMs !== undefined)
    expect(cutMs).toBeLessThan(1000)
    await until('all have heard', () => posts.every(({ revoked }) => revoked.length === 1))
    await until('it is refused when it comes back', () => last.links.refusals().has('credential is revoked'))
    expect(last.links.decisions().find(({ reason }) => reason === 'credential is revoked')).toMatchObject({
      admitted: false,
      name: 'thief',
      organisation: 'utility',
    })
    expect(names(last)).toEqual(['p4'])
    // Once each, though it came from both sides.
    expect(posts.map(({ revoked }) => revoked.length)).toEqual(posts.map(() => 1))
  })

  it('still counts after a restart, at an agent that is alone', async () => {
    const authority = await newAuthority('utility')
    const first = await post('a', authority)
    const thief = await newIdentity()
    await first.desk.take(await revocationOf(authority, thief.peerId))
    await first.stop()
    const again = await post('a', authority, { disk: first.disk, identity: first.identity })
    await post('thief', authority, { seeds: again.links.addresses(), identity: thief })
    await until('it is refused', () => again.links.refusals().has('credential is revoked'))
    expect(names(again)).toEqual([])
  })

  it('is learnt from a neighbour by who was away, whichever of the two asks', async () => {
    const authority = await newAuthority('utility')
    const there = await post('a', authority)
    const [one, other] = [await newIdentity(), await newIdentity()]
    await there.desk.take(await revocationOf(authority, one.peerId))
    const late = await post('b', authority)
    await late.desk.take(await revocationOf(authority, other.peerId))
    const both = await post('c', authority, { seeds: [...there.links.addresses(), ...late.links.addresses()] })
    await until('all have both', () => [there, late, both].every(({ revoked }) => revoked.length === 2))
  })

  it('does nothing when it is forged, unsigned, of another authority, or not about its own credentials', async () => {
    const authority = await newAuthority('utility')
    const stranger = await newAuthority('utility')
    const customer = await newAuthority('customer')
    const trusted = [trust(authority), trust(customer)]
    const a = await post('a', authority, { trusted })
    const b = await post('b', authority, { seeds: a.links.addresses(), trusted })
    await until('connected', () => names(a).includes('b'))
    const good = await revocationOf(authority, b.links.peerId)
    const [header, body, signature] = good.split('.') as [string, string, string]
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'feedermesh-revocation+jwt' })).toString('base64url')
    const forged = [
      await revocationOf(stranger, b.links.peerId),
      await revocationOf(await newAuthority('nobody'), b.links.peerId),
      `${none}.${body}.`,
      `${header}.${body}.${signature.slice(0, 40)}${signature.slice(40).split('').reverse().join('')}`,
      b.credential as string,
      'x',
      '',
    ]
    for (const token of forged) {
      expect(await a.desk.take(token, b.links.peerId)).toHaveProperty('refused')
    }
    // The customer's authority is trusted here, and may take back what is its own.
    expect(await a.desk.take(await revocationOf(customer, b.links.peerId))).toMatchObject({ organisation: 'customer' })
    await new Promise(resolve => setTimeout(resolve, 300))
    expect(names(a)).toEqual(['b'])
    expect(a.refused).toHaveLength(forged.length)
    // Over the wire it is refused as well, in words.
    const { encodeRevocationQuestion, REVOCATIONS_PROTOCOL } = await import('../../src/node/revocation-desk.ts')
    const asked = b.links.request(
      a.links.peerId,
      REVOCATIONS_PROTOCOL,
      encodeRevocationQuestion({ tokens: [forged[0] as string] }),
      { timeoutMs: 10_000 },
    )
    await expect(asked).rejects.toMatchObject({ code: 'MESH_REFUSED', message: /signature/ })
    expect(names(a)).toEqual(['b'])
  })

  it('costs no further signature check, however often somebody brings what is known', async () => {
    const authority = await newAuthority('utility')
    const a = await post('a', authority)
    const token = await revocationOf(authority, (await newIdentity()).peerId)
    expect(await a.desk.take(token, 'somebody')).toMatchObject({ token })
    for (let times = 0; times < 64; times++) expect(await a.desk.take(token, 'somebody')).toBeUndefined()
    // Known is what was signed: another signature under it changes nothing, and is not looked at either.
    expect(await a.desk.take(`${token.slice(0, -4)}AAAA`, 'somebody')).toBeUndefined()
    expect(a.checked).toEqual([token])
    expect(a.revoked).toHaveLength(1)
  })

  it('of one credential leaves the key to its next one', async () => {
    const authority = await newAuthority('utility')
    const a = await post('a', authority)
    const b = await post('b', authority, { seeds: a.links.addresses() })
    await until('connected', () => names(a).includes('b'))
    const old = await verifyCredential(b.credential as string, [trust(authority)], utcMs(Date.now()))
    if ('refused' in old) throw new Error(old.refused)
    await a.desk.take(await revocationOf(authority, b.links.peerId, { credential: credentialId(old) }))
    await until('cut', () => names(a).length === 0)
    const next = await authority.issue(
      { peerId: b.links.peerId, name: 'b', roles: ['IED'], feeders: ['test'] },
      { from: utcMs(Date.now() - 1000), days: 1 },
    )
    b.links.show(next)
    await until('back with the new one', () => names(a).includes('b'), 30_000)
  })

  it('counts though the disk is full or stands still, with an alarm, and is written when that is over', async () => {
    const authority = await newAuthority('utility')
    let broken: 'full' | 'still' | undefined = 'full'
    const wrap = (store: Store): Store => ({
      ...store,
      batch(changes, how) {
        if (broken === 'full') return Promise.reject(new StoreError('STORE_FULL', 'no room'))
        return broken === 'still' ? new Promise(() => {}) : store.batch(changes, how)
      },
    })
    const a = await post('a', authority, { wrap })
    const [one, other] = [await newIdentity(), await newIdentity()]
    await a.desk.take(await revocationOf(authority, one.peerId))
    broken = 'still'
    const elapsed = stopwatch()
    await a.desk.take(await revocationOf(authority, other.peerId))
    expect(elapsed()).toBeLessThan(5000)
    expect(a.revoked).toHaveLength(2)
    expect(a.alarms).toEqual(['revocation-not-saved', 'revocation-not-saved'])
    broken = undefined
    await a.stop()
    const list = revocationList()
    const store = openMemoryStore(a.disk)
    await readRevocations(store, list, token => verifyRevocation(token, [trust(authority)], utcMs(Date.now())))
    expect(
      list
        .all()
        .map(({ peerId }) => peerId)
        .sort(),
    ).toEqual([one.peerId, other.peerId].sort())
  })
})
