// Protection links between real libp2p peers, over UDP and TCP paths that fail as a test wants.

import { afterEach, describe, expect, it } from 'vitest'
import type { Credential } from '../../src/mesh/credential.ts'
import type { Arrival } from '../../src/mesh/links.ts'
import { duration, utcMs } from '../../topology/units.ts'
import { stopwatch } from '../stalls.ts'
import { isConnected, type Pathed, type PathedOptions, quality, startPathed, wayOf } from './pathed-links.ts'
import { type Member, until } from './real-links.ts'

let pathed: Pathed | undefined
afterEach(async () => {
  await pathed?.stop()
  pathed = undefined
})

async function start(options: PathedOptions = {}): Promise<Pathed> {
  pathed = await startPathed(options)
  return pathed
}

interface Heard {
  readonly text: string
  readonly arrival: Arrival
  readonly at: number
}
function listen({ links }: Member): Heard[] {
  const heard: Heard[] = []
  links.onFrame((_, frame, arrival) =>
    heard.push({ text: new TextDecoder().decode(frame), arrival, at: performance.now() }),
  )
  return heard
}
const send = (from: Member, to: Member, text: string) =>
  from.links.send(to.links.peerId, new TextEncoder().encode(text), 0)
const hold = (one: Member, other: Member): void => one.links.hold(new Set([other.links.peerId]))
const ask = (from: Member, to: Member, byte: number, timeoutMs = 10_000): Promise<number[]> =>
  from.links.ask(to.links.peerId, new Uint8Array([byte]), { timeoutMs }).then(answer => [...answer])
const byDatagram = (one: Member, other: Member) =>
  until('datagrams both ways', () => wayOf(one, other) === 'datagram' && wayOf(other, one) === 'datagram')

describe('a protection link', () => {
  it('carries frames, questions and answers as datagrams, for whom it holds and for whom holds it', async () => {
    const { a, b } = await start()
    const [atA, atB] = [listen(a), listen(b)]
    for (const { links } of [a, b]) links.onAsk((_, question) => new Uint8Array([...question, 9]))
    hold(b, a)
    await byDatagram(a, b)
    expect([send(b, a, 'up'), send(a, b, 'down')]).toEqual(['datagram', 'datagram'])
    await until('both', () => atA.length > 0 && atB.length > 0)
    expect([atA[0]?.text, atA[0]?.arrival.way, atB[0]?.text]).toEqual(['up', 'datagram', 'down'])
    expect(await ask(b, a, 1)).toEqual([1, 9])
    expect(await ask(a, b, 2)).toEqual([2, 9])
    expect(quality(b, a)).toMatchObject({ way: 'datagram', bitsPerSecond: undefined })
    expect(quality(b, a)?.rttMs).toBeGreaterThan(0)
    expect(quality(b, a)?.rttP99Ms).toBeGreaterThan(0)
  })

  it('goes on with either side beginning, when both hold', async () => {
    const { a, b } = await start()
    hold(a, b)
    hold(b, a)
    await byDatagram(a, b)
    await new Promise(resolve => setTimeout(resolve, 1500))
    expect([wayOf(a, b), wayOf(b, a)]).toEqual(['datagram', 'datagram'])
  })

  it('carries the same by the stream where UDP is blocked, with its age', async () => {
    const { a, b, udp } = await start()
    udp.set({ isCut: true })
    const atA = listen(a)
    a.links.onAsk((_, question) => question)
    hold(b, a)
    await until('the stream', () => wayOf(b, a) === 'stream' && wayOf(a, b) === 'stream')
    expect(send(b, a, 'trip')).toBe('stream')
    await until('received', () => atA.length > 0)
    expect(atA[0]).toMatchObject({ text: 'trip', arrival: { way: 'stream' } })
    expect(atA[0]?.arrival.ageMs).toBeGreaterThanOrEqual(0)
    expect(await ask(b, a, 3)).toEqual([3])
  })

  it('goes over to the stream within a second of UDP being cut, and back', async () => {
    const { a, b, udp } = await start()
    const atA = listen(a)
    hold(b, a)
    await byDatagram(a, b)
    let n = 0
    const timer = setInterval(() => send(b, a, `${n++}`), 20)
    try {
      await until('some', () => atA.length > 5)
      udp.set({ isCut: true })
      const sinceCut = stopwatch()
      await until('by stream', () => atA.some(({ arrival }) => arrival.way === 'stream'))
      expect(sinceCut()).toBeLessThan(1000)
      await until('stream alone', () => wayOf(b, a) === 'stream')
      const before = atA.length
      udp.set({ isCut: false })
      await until('datagrams again', () => atA.slice(before).some(({ arrival }) => arrival.way === 'datagram'))
    } finally {
      clearInterval(timer)
    }
  })

  it('says within a second that a neighbour is silent, and when it is up again', async () => {
    const { a, b, udp, tcp } = await start()
    let sinceCut = stopwatch()
    let silentMs = Number.POSITIVE_INFINITY
    const states: string[] = []
    b.links.onLink((peerId, state) => {
      if (peerId !== a.links.peerId) return
      states.push(state)
      if (state === 'silent') silentMs = sinceCut()
    })
    hold(b, a)
    await byDatagram(a, b)
    udp.set({ isCut: true })
    tcp.set({ isCut: true })
    sinceCut = stopwatch()
    await until('silent', () => states.includes('silent'))
    expect(silentMs).toBeLessThan(1000)
    expect(wayOf(b, a)).toBeUndefined()
    udp.set({ isCut: false })
    tcp.set({ isCut: false })
    await until('up again', () => states.length > 2)
    expect(states).toEqual(['up', 'silent', 'up'])
  })

  it('sends what is too long for a datagram by the stream', async () => {
    const { a, b } = await start()
    const atA = listen(a)
    hold(b, a)
    await byDatagram(a, b)
    await until('the stream is open', () => send(b, a, 'x'.repeat(5000)) === 'stream')
    await until('received', () => atA.length > 0)
    expect([atA[0]?.text.length, atA[0]?.arrival.way]).toEqual([5000, 'stream'])
  })

  it('measures how old a frame is, with what the network held back and what relays told', async () => {
    const { a, b, udp } = await start()
    const atA = listen(a)
    hold(b, a)
    await byDatagram(a, b)
    udp.set({ delayMs: 150 })
    b.links.send(a.links.peerId, new Uint8Array([65]), 1000)
    b.links.send(a.links.peerId, new Uint8Array([66]), undefined)
    await until('two frames', () => atA.length === 2)
    const aged = atA.find(({ text }) => text === 'A')?.arrival.ageMs
    expect(aged).toBeGreaterThanOrEqual(1149)
    expect(aged).toBeLessThan(2000)
    expect(atA.find(({ text }) => text === 'B')?.arrival.ageMs).toBeUndefined()
  })

  it('has its questions answered through 5 % loss, nearly all within 15 ms', async () => {
    const { a, b, udp } = await start()
    a.links.onAsk((_, question) => question)
    hold(b, a)
    await byDatagram(a, b)
    udp.set({ lossShare: 0.05 })
    const took: number[] = []
    for (let n = 0; n < 400; n++) {
      const elapsed = stopwatch()
      expect(await ask(b, a, n % 256)).toEqual([n % 256])
      took.push(elapsed())
    }
    took.sort((one, other) => one - other)
    // The target is 15 ms at the 99th of a hundred, and `npm run bench` measures it. Here: that nobody waits for what TCP
    // waits before it sends again, 200 ms.
    expect(took[380]).toBeLessThan(150)
    // Two packets in ten trips: some were lost, and were asked again.
    expect(took.filter(ms => ms > 2).length).toBeGreaterThan(5)
  })

  it('refuses a question where nobody answers, and lets one without an answer run out', async () => {
    const { a, b } = await start()
    hold(b, a)
    await byDatagram(a, b)
    await expect(ask(b, a, 1)).rejects.toMatchObject({ code: 'MESH_REFUSED' })
    a.links.onAsk(() => undefined)
    await expect(ask(b, a, 1, 100)).rejects.toMatchObject({ code: 'MESH_UNREACHABLE' })
    await expect(b.links.ask('12D3KooWnobody', new Uint8Array(1), { timeoutMs: 10 })).rejects.toMatchObject({
      code: 'MESH_UNREACHABLE',
    })
  })

  it('outlives the end of the TCP connection: keys stay, and datagrams go on', async () => {
    const { a, b, tcp } = await start()
    const atA = listen(a)
    hold(b, a)
    await byDatagram(a, b)
    await tcp.close()
    await until('disconnected', () => !isConnected(a, b) && !isConnected(b, a))
    expect(send(b, a, 'still')).toBe('datagram')
    await until('received', () => atA.length > 0)
    expect(atA[0]).toMatchObject({ text: 'still', arrival: { way: 'datagram' } })
    // Expelled: what is no longer connected has its keys erased as well.
    a.links.expel(b.links.peerId, 'credential has expired')
    send(b, a, 'after')
    await new Promise(resolve => setTimeout(resolve, 200))
    expect(atA.map(({ text }) => text)).toEqual(['still'])
    expect(send(a, b, 'no')).toBe(false)
  })

  it('ends with the credential, even when only datagrams are left', async () => {
    let ahead = 0
    const { a, b, tcp } = await start({ links: { utc: () => utcMs(Date.now() + ahead) } })
    const atA = listen(a)
    hold(b, a)
    await byDatagram(a, b)
    await tcp.close()
    await until('disconnected', () => !isConnected(a, b))
    ahead = 3 * 86_400_000
    await until('no keys', () => send(a, b, 'no') === false)
    await until('none at the other side', () => send(b, a, 'no') === false)
    expect(atA).toEqual([])
  })

  it('ends with a revocation, even when only datagrams are left', async () => {
    const revoked = new Set<string>()
    const isRevoked = ({ peerId }: Credential) => revoked.has(peerId)
    const { a, b, tcp } = await start({ links: { policy: { feeder: 'test', isRevoked } } })
    const atA = listen(a)
    a.links.onAsk((_, question) => question)
    hold(a, b)
    hold(b, a)
    await byDatagram(a, b)
    await tcp.close()
    await until('disconnected', () => !isConnected(a, b))
    revoked.add(b.links.peerId)
    const sinceRevoked = stopwatch()
    await until('no keys', () => send(a, b, 'no') === false)
    expect(sinceRevoked()).toBeLessThan(1000)
    send(b, a, 'still')
    await expect(ask(b, a, 1, 300)).rejects.toThrow()
    expect(atA).toEqual([])
  })

  it('is agreed anew within a second of the neighbour having started anew', async () => {
    const { a, b, startB } = await start()
    // Only `a` holds, and has keys of b's former life.
    hold(a, b)
    await byDatagram(a, b)
    await b.links.stop()
    const again = await startB()
    const atB = listen(again)
    const sinceUp = stopwatch()
    await until('received', () => send(a, again, 'welcome') === 'datagram' && atB.length > 0)
    expect(sinceUp()).toBeLessThan(1000)
  })

  it('renews its keys under traffic, and loses nothing', async () => {
    const { a, b } = await start({ links: { protection: { keyLimits: { lifeMs: 2500 } } } })
    const atA = listen(a)
    hold(b, a)
    await byDatagram(a, b)
    const began = performance.now()
    let n = 0
    // Three lives of a key.
    while (performance.now() - began < 6000) {
      expect(send(b, a, `${n++}`)).not.toBe(false)
      await new Promise(resolve => setTimeout(resolve, 10))
    }
    await until('all', () => new Set(atA.map(({ text }) => text)).size === n)
    expect(atA.filter(({ arrival }) => arrival.way === 'datagram').length).toBeGreaterThan(n * 0.8)
  }, 20_000)

  it('goes by the stream with a neighbour that has its datagrams switched off', async () => {
    const { a, b } = await start({ b: { protection: { datagrams: false } } })
    const atB = listen(b)
    hold(a, b)
    await until('the stream', () => wayOf(a, b) === 'stream')
    expect(send(a, b, 'hello')).toBe('stream')
    await until('received', () => atB.length > 0)
  })

  it('ends on both sides when nobody holds it any more', async () => {
    let ahead = 0
    const now = () => performance.now() + ahead
    const { a, b } = await start({ links: { now } })
    hold(b, a)
    await byDatagram(a, b)
    b.links.hold(new Set())
    await new Promise(resolve => setTimeout(resolve, 400))
    ahead += duration(11_000)
    await until('ended', () => quality(a, b) === undefined && quality(b, a) === undefined)
    expect(send(b, a, 'no')).toBe(false)
  })
})
