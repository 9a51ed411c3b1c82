// Relaying before verification: on at once, used only when checked, and not for those who abuse it.

import { beforeEach, describe, expect, it } from 'vitest'
import { verifyPeer } from '../../src/mesh/identity.ts'
import { labelOf } from '../../src/mesh/known-routes.ts'
import { misconductLimits } from '../../src/mesh/misconduct.ts'
import { relayAhead, relayAheadLimits } from '../../src/mesh/relay-ahead.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { duration, utcMs } from '../../topology/units.ts'
import { NOW, type Person, person } from './fixtures.ts'
import { type MemoryLinks, type MemoryMesh, memoryMesh } from './memory-links.ts'
import {
  holdAll,
  refusalsOf,
  seal,
  type TestMember,
  type Times,
  testMember,
  times,
  utility,
} from './messenger-member.ts'

describe('from whom frames are relayed unchecked', () => {
  const limits = { unchecked: 2, bad: 3, withinMs: 100, pauseMs: 1000 }
  it('from anybody, so many at a time', () => {
    const ahead = relayAhead(limits)
    ahead.relayed('a')
    expect(ahead.may('a', 0)).toBe(true)
    ahead.relayed('a')
    expect([ahead.may('a', 0), ahead.may('b', 0)]).toEqual([false, true])
    ahead.checked('a', true, 0)
    expect(ahead.may('a', 0)).toBe(true)
  })
  it('not for a time from one that sent so many bad ones within another time; said once', () => {
    const ahead = relayAhead(limits)
    const bad = (now: number): boolean => {
      ahead.relayed('a')
      return ahead.checked('a', false, now)
    }
    expect([bad(0), bad(10), bad(20), bad(21)]).toEqual([false, false, true, false])
    expect([ahead.may('a', 1019), ahead.may('a', 1020)]).toEqual([false, true])
    expect(ahead.may('b', 30)).toBe(true)
  })
  it('still from one whose bad ones come slowly', () => {
    const ahead = relayAhead(limits)
    for (let now = 0; now < 10_000; now += 101) expect(ahead.checked('a', false, now)).toBe(false)
    expect(ahead.may('a', 10_000)).toBe(true)
  })
  it('remembers no more than a few hundred, and those that did wrong the longest', () => {
    const ahead = relayAhead({ ...limits, bad: 1 })
    ahead.checked('bad', false, 0)
    for (let i = 0; i < 1000; i++) ahead.may(`p${i}`, 0)
    expect([ahead.may('bad', 999), ahead.may('bad', 1000)]).toEqual([false, true])
  })
})

describe('a relay', () => {
  let mesh: MemoryMesh
  let time: Times
  let a: Person
  let from: MemoryLinks
  let b: TestMember
  let c: TestMember
  const soon: (() => void)[] = []
  const order: string[] = []
  const drain = (): void => {
    for (const run of soon.splice(0)) run()
  }
  /** What has been sent, delivered. */
  const turn = async (): Promise<void> => mesh.settle()

  /** a – b – c, and c knows a's credential. Signatures at b are checked when the test says so. */
  beforeEach(async () => {
    mesh = memoryMesh()
    time = times()
    soon.length = 0
    order.length = 0
    a = await person(utility, 'a')
    from = mesh.join(a.credential)
    c = await testMember(mesh, 'c', { times: time })
    b = await testMember(mesh, 'b', {
      times: time,
      row: {
        onward: () => () => {
          order.push('sent on')
          return [c.peerId]
        },
      },
      messenger: {
        misconductLimits: { ...misconductLimits, atMost: 1e6 },
        soon: run => void soon.push(run),
        verifySignature: (peerId, bytes, signature) => {
          order.push('checked')
          return verifyPeer(peerId, bytes, signature)
        },
      },
    })
    mesh.connect(b.peerId, from.peerId)
    mesh.connect(b.peerId, c.peerId)
    mesh.connect(from.peerId, c.peerId)
    holdAll(from, b.links)
  })
  const stranger = () => person(utility, 'stranger')

  it('sends on at once, then checks, then acts', async () => {
    from.send(b.peerId, seal(a), 0)
    await turn()
    expect([c.heard, b.heard]).toEqual([['a: hello'], []])
    expect(order).toEqual(['sent on', 'checked'])
    drain()
    expect(b.heard).toEqual(['a: hello'])
    await turn()
    expect(c.received).toHaveLength(1)
  })

  it('never acts on what its origin did not sign, and neither does the next one', async () => {
    from.send(b.peerId, seal(a, {}, await stranger()), 0)
    await turn()
    drain()
    expect([b.heard, c.heard]).toEqual([[], []])
    expect([refusalsOf(b), refusalsOf(c)]).toEqual([{ signature: 1 }, { signature: 1 }])
  })

  it('sends each envelope on once, however often and from wherever it comes', async () => {
    for (let copy = 0; copy < 5; copy++) from.send(b.peerId, seal(a), 0)
    await turn()
    drain()
    for (let copy = 0; copy < 5; copy++) c.links.send(b.peerId, seal(a), 0)
    await turn()
    drain()
    await turn()
    expect([c.received.length, b.received.length, refusalsOf(b)]).toEqual([1, 1, {}])
  })

  it('does not send on what its authority table refuses, nor what it cannot place', async () => {
    for (const changed of [{ feeder: new Uint8Array(16) }, { type: 'other' }, { payload: Uint8Array.of(7) }]) {
      from.send(b.peerId, seal(a, changed), 0)
    }
    from.send(b.peerId, Uint8Array.of(1, 2, 3), 0)
    await turn()
    drain()
    await turn()
    expect([c.heard, refusalsOf(c), soon.length]).toEqual([[], {}, 0])
    expect(refusalsOf(b)).toEqual({ 'feeder-differs': 1, 'unknown-type': 1, malformed: 2 })
  })

  it('checks first what comes from a neighbour that sent some that nobody signed, and says so; then no more', async () => {
    const liar = await stranger()
    for (let sequence = 0; sequence < relayAheadLimits.bad; sequence++) {
      from.send(b.peerId, seal(a, { sequence }, liar), 0)
    }
    await turn()
    drain()
    await turn()
    expect([refusalsOf(c), b.log.filter(line => line === 'checked-first').length]).toEqual([
      { signature: relayAheadLimits.bad },
      1,
    ])
    for (let sequence = 100; sequence < 150; sequence++) from.send(b.peerId, seal(a, { sequence }, liar), 0)
    from.send(b.peerId, seal(a, { sequence: 200 }), 0)
    await turn()
    expect([soon.length, b.heard, c.heard]).toEqual([0, ['a: hello'], ['a: hello']])
    expect(refusalsOf(c)).toEqual({ signature: relayAheadLimits.bad })
    time.now += relayAheadLimits.pauseMs
    from.send(b.peerId, seal(a, { sequence: 201 }), 0)
    await turn()
    expect(soon.length).toBe(1)
  })

  it('lets a burst of one neighbour have no more than so many unchecked ones carried', async () => {
    const liar = await stranger()
    for (let sequence = 0; sequence < 200; sequence++) from.send(b.peerId, seal(a, { sequence }, liar), 0)
    await turn()
    expect(refusalsOf(c)).toEqual({ signature: relayAheadLimits.unchecked })
    drain()
    await turn()
    expect(refusalsOf(b)).toEqual({ signature: 200 })
  })

  it('hands on the age: what it was at arrival and the time that it was held', async () => {
    const old = seal(a)
    from.send(b.peerId, old, 40)
    await turn()
    expect([c.received[0]?.ageMs, c.received[0]?.via]).toEqual([40, 'stream'])
  })
})

describe('what is known by its label', () => {
  let mesh: MemoryMesh
  let time: Times
  let a: Person
  let from: MemoryLinks
  let b: TestMember
  let c: TestMember
  const label = labelOf('note', 'text')
  const alarms: string[] = []
  const soon: (() => void)[] = []
  const order: string[] = []
  let next: () => string[]
  const run = (): void => {
    for (const each of soon.splice(0)) each()
  }
  const arrived = async (): Promise<void> => mesh.settle()

  /** a – b – c. All notes are about one thing; b has used and relayed one of them already. */
  beforeEach(async () => {
    mesh = memoryMesh()
    time = times()
    a = await person(utility, 'a')
    from = mesh.join(a.credential)
    c = await testMember(mesh, 'c', { times: time })
    next = () => [c.peerId]
    b = await testMember(mesh, 'b', {
      times: time,
      row: {
        about: payload => (typeof fromCbor(payload) === 'string' ? 'text' : 'none'),
        onward: () => () => {
          order.push('sent on')
          return next()
        },
        claim: () => {
          order.push('read')
          return undefined
        },
      },
      messenger: {
        misconductLimits: { ...misconductLimits, atMost: 1e6 },
        soon: later => void soon.push(later),
        alarm: alarm => void alarms.push(alarm),
      },
    })
    mesh.connect(b.peerId, from.peerId)
    mesh.connect(b.peerId, c.peerId)
    mesh.connect(from.peerId, c.peerId)
    holdAll(from, b.links)
    from.send(b.peerId, seal(a), 0, label)
    await arrived()
    run()
    await arrived()
    for (const list of [soon, order, alarms, b.heard, c.heard, c.received]) list.length = 0
  })

  it('goes on before it is read, and is used after it was checked', async () => {
    from.send(b.peerId, seal(a, { sequence: 1 }), 40, label)
    await arrived()
    expect([order, c.heard, b.heard, c.received[0]?.ageMs]).toEqual([['sent on'], ['a: hello'], [], 40])
    run()
    expect([order, b.heard]).toEqual([['sent on', 'read'], ['a: hello']])
    await arrived()
    expect(c.received).toHaveLength(1)
  })

  it('is read first when the label names nothing known, when it is too old or of unknown age, or when it is no envelope', async () => {
    const cases: readonly (readonly [Uint8Array, number | undefined, number])[] = [
      [seal(a, { sequence: 1 }), 0, labelOf('note', 'other')],
      [seal(a, { sequence: 2 }), 0, 0],
      [seal(a, { sequence: 3 }), undefined, label],
    ]
    for (const [raw, ageMs, itsLabel] of cases) from.send(b.peerId, raw, ageMs, itsLabel)
    await arrived()
    expect(order.slice(0, 2)).toEqual(['read', 'sent on'])
    expect(order.filter(each => each === 'sent on')).toHaveLength(3)
    run()
    order.length = 0
    from.send(b.peerId, seal(a, { sequence: 4 }), 2001, label)
    from.send(b.peerId, Uint8Array.of(1, 2, 3), 0, label)
    await arrived()
    expect([order, refusalsOf(b)]).toEqual([[], { expired: 1, malformed: 1 }])
  })

  it('goes on unread the very first time, when it was expected', async () => {
    const expected = await testMember(mesh, 'expects', {
      times: time,
      row: { about: () => 'all', onward: () => () => [c.peerId] },
      messenger: { soon: later => void soon.push(later) },
    })
    expected.messenger.expects({ type: 'note', payload: toCbor('any'), lifetime: duration(2000) })
    expected.messenger.expects({ type: 'no type', payload: toCbor('any'), lifetime: duration(2000) })
    mesh.connect(expected.peerId, from.peerId)
    mesh.connect(expected.peerId, c.peerId)
    holdAll(from, expected.links)
    // It has heard nothing of the origin's signature yet, and goes on.
    from.send(expected.peerId, seal(a, { sequence: 9 }), 0, labelOf('note', 'all'))
    await arrived()
    expect([c.heard, expected.heard]).toEqual([['a: hello'], []])
    run()
    expect(expected.heard).toEqual(['a: hello'])
  })

  it('is no fault of the neighbour where its origin is not known yet', async () => {
    const b2 = await person(utility, 'newcomer')
    for (let sequence = 0; sequence <= relayAheadLimits.bad; sequence++) {
      from.send(b.peerId, seal(b2, { sequence }), 0, label)
      await arrived()
      run()
    }
    expect(order.filter(each => each === 'sent on')).toHaveLength(relayAheadLimits.bad + 1)
    expect(b.log.includes('checked-first')).toBe(false)
  })

  it('is not read before the next turn where nobody is further on either: others of the process may relay it', async () => {
    next = () => []
    from.send(b.peerId, seal(a, { sequence: 1 }), 0, label)
    await arrived()
    expect([order, b.heard]).toEqual([['sent on'], []])
    run()
    expect([order, b.heard, c.heard]).toEqual([['sent on', 'read'], ['a: hello'], []])
  })

  it('counts at the end of a branch against its neighbour only when nobody signed it', async () => {
    next = () => []
    const liar = await person(utility, 'liar')
    const deliver = async (raw: Uint8Array): Promise<void> => {
      from.send(b.peerId, raw, 0, label)
      await arrived()
      run()
    }
    for (let sequence = 1; sequence <= relayAheadLimits.bad; sequence++)
      await deliver(seal(a, { sequence, payload: toCbor(sequence) }))
    expect(b.log.includes('checked-first')).toBe(false)
    for (let sequence = 11; sequence <= 10 + relayAheadLimits.bad; sequence++)
      await deliver(seal(a, { sequence }, liar))
    expect(b.log.filter(line => line === 'checked-first')).toHaveLength(1)
  })

  it('goes on once, however often and from wherever it comes, read or not', async () => {
    const raw = seal(a, { sequence: 1 })
    for (let copy = 0; copy < 3; copy++) from.send(b.peerId, Uint8Array.from(raw), 0, label)
    c.links.hold(new Set([b.peerId]))
    c.links.send(b.peerId, Uint8Array.from(raw), 0, label)
    await arrived()
    run()
    from.send(b.peerId, Uint8Array.from(raw), 0, label)
    await arrived()
    run()
    await arrived()
    expect([c.received.length, b.heard.length, refusalsOf(b)]).toEqual([1, 1, {}])
  })

  it('goes where it belongs, once it has been read, when the label was another thing’s', async () => {
    from.send(b.peerId, seal(a, { sequence: 1, payload: toCbor(7) }), 0, label)
    await arrived()
    expect(order).toEqual(['sent on'])
    run()
    expect(order).toEqual(['sent on', 'read', 'sent on'])
  })

  it.each([
    ['signed by nobody', 'signature'],
    ['of another feeder', 'feeder-differs'],
    ['about something else', undefined],
    ['used before', undefined],
  ] as const)('%s: a few of a neighbour go on, the others are read first', async (what, refused) => {
    const liar = await person(utility, 'liar')
    const sent = relayAheadLimits.bad + 5
    const frame = (sequence: number): Uint8Array => {
      if (what === 'signed by nobody') return seal(a, { sequence }, liar)
      if (what === 'of another feeder') return seal(a, { sequence, feeder: new Uint8Array(16) })
      if (what === 'about something else') return seal(a, { sequence, payload: toCbor(sequence) })
      return seal(a, { sequence: 0, utc: utcMs(NOW + sequence) })
    }
    order.length = 0
    for (let sequence = 1; sequence <= sent; sequence++) {
      from.send(b.peerId, frame(sequence), 0, label)
      await arrived()
      const isUnread = order[0] === 'sent on'
      if (sequence <= relayAheadLimits.bad) expect([sequence, isUnread]).toEqual([sequence, true])
      else expect(isUnread).toBe(false)
      run()
      await arrived()
      order.length = 0
    }
    expect(b.log.filter(line => line === 'checked-first')).toHaveLength(1)
    if (refused !== undefined) expect(refusalsOf(b)[refused]).toBe(sent)
    expect(alarms).toEqual(
      what === 'signed by nobody' ? ['relays-unsigned'] : what === 'of another feeder' ? ['feeder-differs'] : [],
    )
    time.now += relayAheadLimits.pauseMs
    from.send(b.peerId, seal(a, { sequence: 500 }), 0, label)
    await arrived()
    expect(order).toEqual(['sent on'])
  })
})

describe('a label', () => {
  it('is of a type and a thing together, and never none', () => {
    const labels = ['a b', 'ab ', ' ab'].map(about => labelOf('t', about))
    expect(new Set([...labels, labelOf('ta', 'b')]).size).toBe(4)
    for (const each of labels) expect(each).not.toBe(0)
  })
})
