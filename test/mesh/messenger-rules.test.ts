// The rules that each copy passes: its topic and way, its age, the first seconds after a start, what comes back, the
// receiver's place, floods, the own epoch and the clock.

import { beforeEach, describe, expect, it } from 'vitest'
import type { AuthorityRow, Place } from '../../src/mesh/authority.ts'
import { readEnvelope } from '../../src/mesh/envelope.ts'
import { LONGEST_LIFETIME_MS } from '../../src/mesh/message-age.ts'
import { misconductLimits } from '../../src/mesh/misconduct.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { utcMs } from '../../topology/units.ts'
import { NOW, type Person, person } from './fixtures.ts'
import { type MemoryLinks, type MemoryMesh, memoryMesh } from './memory-links.ts'
import {
  holdAll,
  note,
  noteRow,
  refusalsOf,
  seal,
  type TestMember,
  type TestMemberOptions,
  type Times,
  TOPIC,
  testMember,
  times,
  utility,
} from './messenger-member.ts'

let mesh: MemoryMesh
let time: Times
let a: Person
let from: MemoryLinks
beforeEach(async () => {
  mesh = memoryMesh()
  time = times()
  a = await person(utility, 'a')
  from = mesh.join(a.credential)
})
const join = async (row: Partial<AuthorityRow> = {}, more: Partial<TestMemberOptions> = {}): Promise<TestMember> => {
  const b = await testMember(mesh, 'b', { times: time, row, ...more })
  mesh.connect(from.peerId, b.peerId)
  holdAll(from)
  return b
}
const settle = () => mesh.settle()

describe('a message whose user fails', () => {
  it('costs itself only, by a held link and by gossip', async () => {
    const b = await join()
    b.messenger.on({ ...noteRow, type: 'trap' }, () => {
      throw new Error('not thought of')
    })
    from.send(b.peerId, seal(a, { type: 'trap' }), 0)
    await from.publish(TOPIC, seal(a, { type: 'trap', sequence: 1 }))
    from.send(b.peerId, seal(a, { sequence: 2 }), 0)
    await settle()
    expect(b.heard).toEqual(['a: hello'])
    expect(b.log.filter(line => line.startsWith('message-failed'))).toHaveLength(2)
  })
})

describe('a copy by gossip', () => {
  it('is used on a topic of its kind, and on no other', async () => {
    const b = await join({ topic: 'zone' })
    b.links.subscribe('feedermesh/1/test/state')
    await from.publish('feedermesh/1/test/state', seal(a))
    await settle()
    expect([b.heard, refusalsOf(b), b.links.verdicts.at(-1)?.verdict]).toEqual([[], { topic: 1 }, 'reject'])
    await from.publish(TOPIC, seal(a))
    await settle()
    expect(b.heard).toEqual(['a: hello'])
  })

  it('of a type that goes over held links alone is refused', async () => {
    const b = await join({ topic: 'none', overGossip: 'refused' })
    await from.publish(TOPIC, seal(a))
    await settle()
    expect([b.heard, refusalsOf(b)]).toEqual([[], { 'by-gossip': 1 }])
    from.send(b.peerId, seal(a), 0)
    await settle()
    expect(b.received.map(({ via, mayAct }) => [via, mayAct])).toEqual([['stream', true]])
  })

  it('of a type that only warns there warns once, and leaves it to the copy over a held link to act', async () => {
    const b = await join({ overGossip: 'warns' })
    await from.publish(TOPIC, seal(a))
    await settle()
    await from.publish('feedermesh/1/test/zone/y', seal(a))
    b.links.subscribe('feedermesh/1/test/zone/y')
    await from.publish('feedermesh/1/test/zone/y', seal(a))
    await settle()
    from.send(b.peerId, seal(a), 0)
    from.send(b.peerId, seal(a), 0)
    await settle()
    expect(b.received.map(({ via, mayAct }) => [via, mayAct])).toEqual([
      ['gossip', false],
      ['stream', true],
    ])
  })

  it('of such a type says nothing any more when the copy that acts was first', async () => {
    const b = await join({ overGossip: 'warns' })
    from.send(b.peerId, seal(a), 0)
    await settle()
    await from.publish(TOPIC, seal(a))
    await settle()
    expect(b.received.map(({ via }) => via)).toEqual(['stream'])
  })

  it('of such a type is not passed on over held links, where it would count for more', async () => {
    const c = await testMember(mesh, 'c', { times: time, row: { overGossip: 'warns' } })
    const b = await join({ overGossip: 'warns', onward: () => () => [c.peerId] })
    mesh.connect(b.peerId, c.peerId)
    mesh.connect(from.peerId, c.peerId)
    c.links.unsubscribe(TOPIC)
    holdAll(b.links)
    await from.publish(TOPIC, seal(a))
    await settle()
    expect([b.received.length, c.received.length]).toEqual([1, 0])
  })
})

describe('just after a start', () => {
  const row = { overGossip: 'newer' as const }
  it('gossip counts when it was sealed since then, by both clocks', async () => {
    const b = await join(row)
    await from.publish(TOPIC, seal(a, { utc: utcMs(NOW - 1) }))
    await from.publish(TOPIC, seal(a, { utc: utcMs(NOW), sequence: 1, utcGood: false }))
    await settle()
    expect([b.heard, refusalsOf(b)]).toEqual([[], { 'before-our-start': 2 }])
    await from.publish(TOPIC, seal(a, { utc: utcMs(NOW), sequence: 2 }))
    await settle()
    expect(b.heard).toEqual(['a: hello'])
  })
  it('a held link is believed: its keys are of this start', async () => {
    const b = await join(row)
    from.send(b.peerId, seal(a, { utc: utcMs(NOW - 1000) }), 1000)
    await settle()
    expect(b.heard).toEqual(['a: hello'])
  })
  it('and after the longest lifetime all gossip within its age is', async () => {
    const b = await join(row)
    time.now += LONGEST_LIFETIME_MS - 1
    await from.publish(TOPIC, seal(a, { utc: utcMs(NOW - 1) }))
    await settle()
    expect(b.heard).toEqual([])
    time.now += 1
    await from.publish(TOPIC, seal(a, { utc: utcMs(NOW - 1), sequence: 1 }))
    await settle()
    expect(b.heard).toEqual(['a: hello'])
  })
})

describe('age over held links', () => {
  it('is what was measured: a message at its lifetime is used, an older one is not', async () => {
    const b = await join()
    from.send(b.peerId, seal(a), 2000)
    from.send(b.peerId, seal(a, { sequence: 1 }), 2001)
    await settle()
    expect([b.heard.length, refusalsOf(b)]).toEqual([1, { expired: 1 }])
  })
  it('needs no clock that is right', async () => {
    const b = await join()
    time.utcMs += 365 * 86_400_000 // b's credential check would end it if it looked: these live for two days
    from.send(b.peerId, seal(a), 5)
    await settle()
    expect(refusalsOf(b)).toEqual({ 'credential-expired': 1 })
    time.utcMs = NOW + 3_600_000
    from.send(b.peerId, seal(a, { sequence: 1 }), 5)
    await settle()
    expect(b.heard).toEqual(['a: hello'])
  })
  it('includes the time that a relay held the message', async () => {
    const c = await testMember(mesh, 'c', { times: time })
    const b = await join({ onward: () => () => [c.peerId] })
    mesh.connect(b.peerId, c.peerId)
    mesh.connect(from.peerId, c.peerId)
    holdAll(b.links)
    // Its credential is fetched meanwhile: the message waits for it.
    const late = await person(utility, 'late')
    from.serve('/feedermesh/credential/1.0.0', async () => {
      time.now += 700
      return toCbor(late.credential.token)
    })
    from.send(b.peerId, seal(late), 100)
    await settle()
    expect(b.received.map(({ ageMs }) => ageMs)).toEqual([800])
    expect(c.received.map(({ ageMs }) => ageMs)).toEqual([800])
  })
  it('ends a message that waited for its credential too long', async () => {
    const b = await join()
    const late = await person(utility, 'late')
    from.serve('/feedermesh/credential/1.0.0', async () => {
      time.now += 2001
      return toCbor(late.credential.token)
    })
    from.send(b.peerId, seal(late), 0)
    await settle()
    expect([b.heard, refusalsOf(b)]).toEqual([[], { 'unknown-origin': 1, expired: 1 }])
  })
})

it('what comes back to its origin is dropped there, and counted', async () => {
  const b = await join()
  holdAll(b.links)
  b.messenger.say({ ...note('mine'), topics: [TOPIC] })
  const [mine] = [seal(b, { sequence: 0 })]
  from.send(b.peerId, mine, 0)
  await from.publish(TOPIC, mine)
  await settle()
  expect([b.heard, refusalsOf(b)]).toEqual([[], { own: 2 }])
})

describe('the receiver’s place', () => {
  for (const [place, hears] of [
    ['upstream', ['a: hello']],
    ['downstream', []],
    ['elsewhere', []],
    ['undecided', ['a: hello']],
  ] as [Place, string[]][]) {
    it(`${place}: ${hears.length > 0 ? 'hears' : 'does not hear'} what counts from upstream, and passes it on`, async () => {
      const c = await testMember(mesh, 'c', { times: time })
      const b = await join({ places: ['upstream'], where: () => place, onward: () => () => [c.peerId] })
      mesh.connect(b.peerId, c.peerId)
      mesh.connect(from.peerId, c.peerId)
      holdAll(b.links)
      from.send(b.peerId, seal(a), 0)
      await settle()
      expect([b.heard, c.heard, refusalsOf(b)]).toEqual([hears, ['a: hello'], {}])
      if (hears.length > 0) expect(b.received[0]?.place).toBe(place)
    })
  }
})

describe('a neighbour that floods', () => {
  const limits = {
    framesPerSecond: 10,
    frameBurst: 20,
    bytesPerSecond: 1e6,
    byteBurst: 1e6,
    patienceMs: 5000,
    calmMs: 1000,
    awayMs: 60_000,
  }
  const patient = { ...misconductLimits, atMost: 1e6 }
  it('has its surplus dropped unread, is cut off when it goes on, and refused when it comes again; others are heard', async () => {
    const alarms: string[] = []
    const expelled: string[] = []
    const b = await join(
      {},
      {
        messenger: { floodLimits: limits, misconductLimits: patient, alarm: alarm => void alarms.push(alarm) },
      },
    )
    b.links.expel = (peerId, reason) => void expelled.push(`${peerId} ${reason}`)
    const c = await testMember(mesh, 'c', { times: time })
    mesh.connect(c.peerId, b.peerId)
    holdAll(c.links)
    for (let i = 0; i < 100; i++) from.send(b.peerId, Uint8Array.of(1), 0)
    await settle()
    expect(refusalsOf(b)).toEqual({ malformed: 20, flood: 80 })
    for (let second = 0; second < 6; second++) {
      time.now += 900
      for (let i = 0; i < 20; i++) from.send(b.peerId, Uint8Array.of(1), 0)
      await settle()
    }
    const cut = `${from.peerId} sends more than it may`
    expect([alarms, expelled]).toEqual([['peer-floods'], [cut]])
    mesh.connect(from.peerId, b.peerId)
    expect(expelled).toEqual([cut, cut])
    c.messenger.say({ ...note('one'), to: [b.peerId] })
    await settle()
    expect(b.heard).toEqual(['c: one'])
    time.now += 60_000
    mesh.connect(from.peerId, b.peerId)
    expect(expelled).toEqual([cut, cut])
  })
})

describe('a neighbour that sends what no honest one does', () => {
  const { atMost, awayMs } = misconductLimits
  async function victim() {
    const alarms: string[] = []
    const expelled: string[] = []
    const b = await join({ topic: 'zone' }, { messenger: { alarm: alarm => void alarms.push(alarm) } })
    b.links.expel = (peerId, reason) => void expelled.push(`${peerId} ${reason}`)
    return { b, alarms, expelled, cut: `${from.peerId} sends what no peer may` }
  }
  const send = async (frames: readonly Uint8Array[], way: 'link' | 'gossip', b: TestMember): Promise<void> => {
    for (const frame of frames) {
      if (way === 'link') from.send(b.peerId, frame, 0)
      else await from.publish(TOPIC, frame)
    }
    await settle()
  }
  const many = (make: (index: number) => Uint8Array, count = atMost): Uint8Array[] =>
    Array.from({ length: count }, (_, index) => make(index))

  const nonsense = (index: number): Uint8Array => Uint8Array.of(1, index)
  const ownLie = (index: number): Uint8Array => seal(a, { sequence: index, payload: Uint8Array.of(0xff) })
  for (const way of ['link', 'gossip'] as const) {
    for (const [what, make] of [
      ['bytes that are no envelope', nonsense],
      ['payloads of its own that are no message', ownLie],
    ] as const) {
      it(`${what}, by ${way}: is cut off after ${atMost} in a minute, not after one less, and stays away for a minute`, async () => {
        const { b, alarms, expelled, cut } = await victim()
        await send(many(make, atMost - 1), way, b)
        expect(expelled).toEqual([])
        await send([make(99)], way, b)
        expect([alarms, expelled]).toEqual([['peer-misbehaves'], [cut]])
        mesh.connect(from.peerId, b.peerId)
        expect(expelled).toEqual([cut, cut])
        time.now += awayMs
        mesh.connect(from.peerId, b.peerId)
        expect(expelled).toEqual([cut, cut])
      })
    }
  }

  it('is blamed for forged signatures by gossip, where all check first, and not over links, where relays do not', async () => {
    const liar = await person(utility, 'liar')
    const origin = await person(utility, 'origin')
    const { b, expelled, cut } = await victim()
    mesh.connect(mesh.join(origin.credential).peerId, b.peerId)
    await send(
      many(sequence => seal(origin, { sequence }, liar)),
      'link',
      b,
    )
    expect([refusalsOf(b).signature, expelled]).toEqual([atMost, []])
    await send(
      many(sequence => seal(origin, { sequence }, liar)),
      'gossip',
      b,
    )
    expect(expelled).toEqual([cut])
  })

  it('is not blamed for what another one signed and it passed on', async () => {
    const origin = await person(utility, 'origin')
    const { b, expelled } = await victim()
    mesh.connect(mesh.join(origin.credential).peerId, b.peerId)
    for (const changed of [{ payload: Uint8Array.of(0xff) }, { feeder: new Uint8Array(16) }, { type: 'newer' }]) {
      for (const way of ['link', 'gossip'] as const) {
        await send(
          many(sequence => seal(origin, { ...changed, sequence })),
          way,
          b,
        )
      }
    }
    expect(expelled).toEqual([])
  })

  it('is not cut off for what it did more than a minute apart', async () => {
    const { b, expelled } = await victim()
    for (let index = 0; index < 3 * atMost; index++) {
      await send([nonsense(index)], 'link', b)
      time.now += misconductLimits.withinMs / (atMost - 1) + 1
    }
    expect(expelled).toEqual([])
  })
})

describe('a peer that has forgotten its epoch', () => {
  /** b has heard the peer in epoch 9; now it starts again in epoch 1, its store wiped and its clock not set. */
  async function again(persist: (epoch: number) => Promise<void>) {
    const b = await join()
    from.send(b.peerId, seal(a, { epoch: 9, sequence: 41 }), 0)
    await settle()
    const kept: number[] = []
    const forgetful = await testMember(mesh, 'a', {
      times: time,
      person: a,
      messenger: {
        epoch: 1,
        persistEpoch: async epoch => {
          await persist(epoch)
          kept.push(epoch)
        },
      },
    })
    mesh.connect(forgetful.peerId, b.peerId)
    holdAll(forgetful.links, b.links)
    return { a: forgetful, b, kept }
  }
  const say = async (of: TestMember, to: TestMember, text: string): Promise<void> => {
    of.messenger.say({ ...note(text), to: [to.peerId] })
    await settle()
  }

  it('is shown its own newest envelope, goes above it, and is heard again', async () => {
    const { a: origin, b, kept } = await again(async () => {})
    await say(origin, b, 'lost')
    expect([b.heard, refusalsOf(b), kept, origin.messenger.epoch()]).toEqual([['a: hello'], { old: 1 }, [10], 10])
    await say(origin, b, 'found')
    expect(b.heard).toEqual(['a: hello', 'a: found'])
    expect(b.received.at(-1)).toMatchObject({ epoch: 10, sequence: 0 })
  })
  it('stays where it is while its store cannot keep the new one, and is shown it again', async () => {
    let isFull = true
    const { a: origin, b } = await again(async () => {
      if (isFull) throw new Error('the disk is full')
    })
    await say(origin, b, 'one')
    expect(origin.messenger.epoch()).toBe(1)
    isFull = false
    await say(origin, b, 'too soon to be shown again')
    expect(origin.messenger.epoch()).toBe(1)
    time.now += 5000
    await say(origin, b, 'two')
    expect(origin.messenger.epoch()).toBe(10)
  })
  it('believes nothing but what it has signed, and nothing that it knows', async () => {
    const { a: origin, b } = await again(async () => {})
    const ask = (raw: Uint8Array) => b.links.request(origin.peerId, '/feedermesh/epoch/1.0.0', raw, { timeoutMs: 100 })
    await expect(ask(seal(a, { epoch: 99 }, b))).rejects.toThrow('I have not signed that')
    await expect(ask(seal(b, { epoch: 99 }))).rejects.toThrow('want an envelope of mine')
    await expect(ask(Uint8Array.of(1, 2))).rejects.toThrow('not an envelope')
    await ask(seal(a, { epoch: 0, sequence: 7 }))
    expect(origin.messenger.epoch()).toBe(1)
    await ask(seal(a, { epoch: 1, sequence: 7 })) // said in this epoch, and not by this life
    expect(origin.messenger.epoch()).toBe(2)
  })
})

describe('a peer whose clock is wrong', () => {
  it('is told so by those that refuse its gossip, and alarms when several say the same', async () => {
    const wrong: Times = { now: 1000, utcMs: NOW - 3_600_000 }
    const alarms: unknown[] = []
    const slow = await testMember(mesh, 'slow', {
      times: wrong,
      messenger: { alarm: (alarm, fields) => void alarms.push({ alarm, ...fields }) },
    })
    const others: TestMember[] = []
    for (const name of ['x', 'y', 'z']) {
      const other = await testMember(mesh, name, { times: time })
      mesh.connect(slow.peerId, other.peerId)
      others.push(other)
      slow.messenger.say({ ...note('late'), topics: [TOPIC] })
      await settle()
      expect(other.heard).toEqual([])
      expect(alarms).toHaveLength(name === 'z' ? 1 : 0)
    }
    expect(alarms).toEqual([{ alarm: 'clock-differs', offsetSeconds: 3600, peers: 3 }])
    for (const other of others) expect(Object.keys(refusalsOf(other))).toEqual(['expired'])
    slow.messenger.say({ ...note('late'), topics: [TOPIC] })
    await settle()
    expect(alarms).toHaveLength(1)
  })
  it('is told each minute at the most, and by one peer alone it is not alarmed', async () => {
    const wrong: Times = { now: 1000, utcMs: NOW + 3_600_000 }
    const alarms: string[] = []
    const fast = await testMember(mesh, 'fast', {
      times: wrong,
      messenger: { alarm: alarm => void alarms.push(alarm) },
    })
    const other = await testMember(mesh, 'x', { times: time })
    mesh.connect(fast.peerId, other.peerId)
    const told = () => other.links.asked.filter(({ protocol }) => protocol.includes('clock')).length
    for (let i = 0; i < 5; i++) {
      fast.messenger.say({ ...note('early'), topics: [TOPIC] })
      await settle()
    }
    expect([told(), alarms, refusalsOf(other)]).toEqual([1, [], { 'from-the-future': 5 }])
    time.now += 60_000
    fast.messenger.say({ ...note('early'), topics: [TOPIC] })
    await settle()
    expect(told()).toBe(2)
  })
})

it('an origin says its age as none, its epoch and numbers as they are', async () => {
  const b = await join()
  holdAll(b.links)
  let seen: { frame: Uint8Array; ageMs: number | undefined } | undefined
  from.onFrame((_from, frame, { ageMs }) => {
    seen = { frame, ageMs }
  })
  b.messenger.say({ ...note('one'), to: [from.peerId] })
  await settle()
  const { envelope } = readEnvelope(seen?.frame as Uint8Array)
  expect([seen?.ageMs, envelope.epoch, envelope.sequence, fromCbor(envelope.payload)]).toEqual([0, 1, 0, 'one'])
})
