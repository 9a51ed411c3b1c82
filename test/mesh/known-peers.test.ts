import { beforeEach, describe, expect, it } from 'vitest'
import { sealAnnouncement } from '../../src/mesh/announcement.ts'
import { type Authority, newAuthority, verifyCredential } from '../../src/mesh/credential.ts'
import {
  type Announcements,
  decodeCursor,
  decodeHandedOn,
  encodeHandedOn,
  knownPeers,
  type PeerMemory,
} from '../../src/mesh/known-peers.ts'
import { MOST_CONNECTED, MOST_REMEMBERED } from '../../src/mesh/most-peers.ts'
import { type UtcMs, utcMs } from '../../topology/units.ts'
import { NOW, type Person, person } from './fixtures.ts'
import { trust } from './real-links.ts'

const ADDRESSES = ['/ip4/10.0.0.5/tcp/4001']
let authority: Authority
let self: Person
let ada: Person
beforeEach(async () => {
  authority = await newAuthority('utility')
  self = await person(authority, 'self')
  ada = await person(authority, 'ada')
})

const announce = ({ identity, credential }: Person, number: number, addresses = ADDRESSES): Uint8Array =>
  sealAnnouncement({ token: credential.token, addresses, number }, identity)

function memory(): PeerMemory & { readonly kept: Map<string, Uint8Array>; full: boolean } {
  const kept = new Map<string, Uint8Array>()
  return {
    kept,
    full: false,
    load: async () => new Map(kept),
    async save(changes) {
      if (this.full) throw new Error('disk full')
      for (const [key, raw] of changes) {
        if (raw === undefined) kept.delete(key)
        else kept.set(key, raw)
      }
    },
  }
}

function open(options: { memory?: PeerMemory; utc?: UtcMs; takes?: Announcements } = {}) {
  const clock = { now: 0, utc: options.utc ?? NOW }
  const heard: string[] = []
  const gossiped: Uint8Array[] = []
  const known = knownPeers({
    identity: self.identity,
    token: () => self.credential.token,
    own: async () => self.credential,
    addresses: () => ADDRESSES,
    check: token => verifyCredential(token, [trust(authority)], clock.utc),
    memory: options.memory,
    now: () => clock.now,
    utc: () => clock.utc,
    heard: credential => void heard.push(credential.name),
    gossip: async raw => void gossiped.push(raw),
    ...(options.takes === undefined ? {} : { takes: options.takes }),
    log: () => {},
  })
  return { known, clock, heard, gossiped }
}

describe('what is known of peers', () => {
  it('is what they announced themselves, each newer one in place of the older', async () => {
    const { known, clock, heard } = open()
    expect(await known.hear(announce(ada, 5))).toBe('accept')
    clock.now += 1000
    expect(await known.hear(announce(ada, 5))).toBe('ignore')
    expect(await known.hear(announce(ada, 4))).toBe('ignore')
    expect(await known.hear(announce(ada, 6))).toBe('accept')
    expect([heard, known.size]).toEqual([['ada', 'ada'], 1])
  })

  it('is never of a stranger, nor of a person; whose fault it is depends', async () => {
    const { known, heard } = open()
    const forger = await person(await newAuthority('utility'), 'eve')
    const foreigner = await person(await newAuthority('elsewhere'), 'guest')
    const viewer = await person(authority, 'vic', { roles: ['VIEWER'] })
    expect(await known.hear(announce(forger, 1))).toBe('reject')
    expect(await known.hear(announce(foreigner, 1))).toBe('ignore')
    expect(await known.hear(announce(viewer, 1))).toBe('ignore')
    expect(await known.hear(new Uint8Array([1, 2, 3]))).toBe('reject')
    expect([heard, known.size]).toEqual([[], 0])
  })

  it('takes one announcement of a peer a second at the most', async () => {
    const { known, clock } = open()
    await known.hear(announce(ada, 1))
    clock.now += 999
    expect(await known.hear(announce(ada, 2))).toBe('ignore')
    clock.now += 1
    expect(await known.hear(announce(ada, 2))).toBe('accept')
  })

  it('is handed on, and asked for by cursor', async () => {
    const [one, other] = [open(), open()]
    await one.known.hear(announce(ada, 1))
    const answer = one.known.answer(other.known.question('one'))
    expect(await other.known.heardFrom('one', answer)).toBe('all')
    expect(other.heard).toEqual(['ada'])
    expect(decodeHandedOn(one.known.answer(other.known.question('one'))).announcements).toEqual([])
  })

  it('is not asked for anew of each of a thousand peers, however many were asked since', async () => {
    const { known } = open()
    for (let n = 0; n < MOST_CONNECTED; n++)
      await known.heardFrom(`p${n}`, encodeHandedOn({ list: `of ${n}`, upTo: 7, announcements: [] }))
    expect(decodeCursor(known.question('p0'))).toEqual({ list: 'of 0', after: 7 })
    for (let n = 0; n < MOST_REMEMBERED; n++)
      await known.heardFrom(`q${n}`, encodeHandedOn({ list: `of ${n}`, upTo: 7, announcements: [] }))
    expect(decodeCursor(known.question('p0'))).toBeUndefined() // a bounded number, the oldest goes first
  })

  it('is not asked for by who takes none, whom a peer still answers', async () => {
    const [one, leaf] = [open(), open({ takes: 'own' })]
    await one.known.hear(announce(ada, 1))
    const answer = one.known.answer(leaf.known.question('one'))
    expect(decodeHandedOn(answer).announcements).toEqual([])
    expect(await leaf.known.heardFrom('one', answer)).toBe('all')
    // Of a peer that hands on all the same nothing is taken.
    expect(await leaf.known.heardFrom('one', one.known.answer(new Uint8Array()))).toBe('all')
    expect([leaf.heard, leaf.known.size]).toEqual([[], 0])
    // Its own is heard of.
    await leaf.known.announce({ anyway: true })
    expect(leaf.gossiped).toHaveLength(1)
  })

  it('is not taken from an answer that is none, nor after a forged announcement in it', async () => {
    const { known, heard } = open()
    const forger = await person(await newAuthority('utility'), 'eve')
    const answer = (...announcements: Uint8Array[]) => encodeHandedOn({ list: 'list', upTo: 9, announcements })
    expect(await known.heardFrom('one', Uint8Array.of(0xff))).toBe('malformed')
    expect(await known.heardFrom('one', answer(announce(forger, 1), announce(ada, 1)))).toBe('malformed')
    expect([heard, known.question('one')]).toEqual([[], new Uint8Array()])
    // A stranger's is not the deliverer's fault.
    const foreigner = await person(await newAuthority('elsewhere'), 'guest')
    expect(await known.heardFrom('one', answer(announce(foreigner, 1), announce(ada, 1)))).toBe('all')
    expect(heard).toEqual(['ada'])
  })

  it('goes when the credential has expired', async () => {
    const { known, clock } = open()
    await known.hear(announce(ada, 1))
    clock.utc = utcMs(ada.credential.expires * 1000 + 121_000)
    known.sweep()
    expect(known.size).toBe(0)
  })
})

describe('the memory of peers', () => {
  it('outlives the process, and is checked again', async () => {
    const store = memory()
    const first = open({ memory: store })
    await first.known.hear(announce(ada, 1))
    await first.known.announce({ anyway: true })
    await first.known.save()
    expect([...store.kept.keys()].sort()).toEqual([ada.identity.peerId, self.identity.peerId].sort())

    const second = open({ memory: store })
    expect(await second.known.recall()).toBe(1)
    expect(second.heard).toEqual(['ada'])

    store.kept.set(ada.identity.peerId, new Uint8Array([1]))
    const third = open({ memory: store })
    expect(await third.known.recall()).toBe(0)
    await third.known.save()
    expect(store.kept.has(ada.identity.peerId)).toBe(false)
  })

  it('keeps own announcements growing, though the clock went back', async () => {
    const store = memory()
    const first = open({ memory: store })
    await first.known.announce({ anyway: true })
    await first.known.save()
    const later = open({ memory: store, utc: utcMs(NOW - 3_600_000) })
    await later.known.recall()
    await later.known.announce({ anyway: true })
    // As another peer hears them: neither own announcement is older than the one before.
    const other = knownPeersOf(ada)
    expect(await other.hear(first.gossiped[0] as Uint8Array)).toBe('accept')
    other.clock.now += 1000
    expect(await other.hear(later.gossiped[0] as Uint8Array)).toBe('accept')
  })

  it('waits for room on a full disk, and loses nothing of what it meant to write', async () => {
    const store = memory()
    const { known } = open({ memory: store })
    await known.hear(announce(ada, 1))
    store.full = true
    await known.save()
    expect(store.kept.size).toBe(0)
    store.full = false
    await known.save()
    expect(store.kept.size).toBe(1)
  })
})

/** The same for another peer. */
function knownPeersOf(who: Person) {
  const clock = { now: 0 }
  const known = knownPeers({
    identity: who.identity,
    token: () => who.credential.token,
    own: async () => who.credential,
    addresses: () => ADDRESSES,
    check: token => verifyCredential(token, [trust(authority)], NOW),
    memory: undefined,
    now: () => clock.now,
    utc: () => NOW,
    heard: () => {},
    gossip: async () => {},
    log: () => {},
  })
  return { clock, hear: known.hear }
}
