// Two ports on loopback, with the messages of their agreements handed over by the test.

import { createSocket } from 'node:dgram'
import { hrtime } from 'node:process'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { lossyUdpPath } from '../../bench/lossy-path.ts'
import type { Place } from '../../src/mesh/datagram-keys.ts'
import { type DatagramPort, datagramPort, type KeyLimits } from '../../src/mesh/datagram-port.ts'
import { until } from './real-links.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

interface Side {
  readonly name: string
  readonly port: DatagramPort
  readonly heard: string[]
}

/** Added to the clock of every port, ms. */
let passed = 0
const now = (): number => Number(hrtime.bigint()) / 1e6 + passed

async function side(name: string, limits: Partial<KeyLimits> = {}, announce?: readonly Place[]): Promise<Side> {
  const heard: string[] = []
  const port = await datagramPort({
    self: name,
    places: [{ address: '127.0.0.1', port: 0 }],
    ...(announce ? { announce } : {}),
    limits,
    now,
    onPacket: (from, packet) => heard.push(`${from} ${packet}`) > 0,
    log: () => {},
  })
  open.push(port)
  return { name, port, heard }
}

function agree(a: Side, b: Side): void {
  const offer = a.port.offer(b.name)
  offer.complete(b.port.answer(a.name, offer.message))
}

/** Until both have keys that the other is known to have. */
async function confirm(a: Side, b: Side): Promise<void> {
  a.port.probe(b.name, Buffer.from('hello'))
  await until(`${b.name} hears ${a.name}`, () => b.heard.includes(`${a.name} hello`))
  expect(b.port.send(a.name, Buffer.from('here'))).toBe(true)
  await until(`${a.name} hears ${b.name}`, () => a.heard.includes(`${b.name} here`))
  for (const { heard } of [a, b]) heard.length = 0
}

async function pair(limits: Partial<KeyLimits> = {}): Promise<[Side, Side]> {
  const [a, b] = [await side('a', limits), await side('b', limits)]
  agree(a, b)
  await confirm(a, b)
  return [a, b]
}

async function tap() {
  const socket = createSocket('udp4')
  open.push(socket)
  const bytes: Buffer[] = []
  socket.on('message', each => bytes.push(each))
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve))
  return { socket, bytes, place: { address: '127.0.0.1', port: socket.address().port } }
}

const send = (from: Side, to: Side, text: string): boolean => from.port.send(to.name, Buffer.from(text))

describe('datagrams between two ports', () => {
  it('go both ways once keys are agreed, and not before', async () => {
    const [a, b] = [await side('a'), await side('b')]
    expect(send(a, b, 'early')).toBe(false)
    agree(a, b)
    expect(send(a, b, 'unconfirmed')).toBe(false)
    await confirm(a, b)
    expect(send(a, b, 'one') && send(b, a, 'two')).toBe(true)
    await until('both', () => a.heard.includes('b two') && b.heard.includes('a one'))
  })

  it('of two agreements that cross, both sides come to send with the same', async () => {
    const [a, b] = [await side('a'), await side('b')]
    const [fromA, fromB] = [a.port.offer('b'), b.port.offer('a')]
    const [byB, byA] = [b.port.answer('a', fromA.message), a.port.answer('b', fromB.message)]
    fromA.complete(byB)
    fromB.complete(byA)
    await confirm(a, b)
    await confirm(b, a)
    passed += 6000
    for (const { port } of [a, b]) port.tick(now())
    expect(send(a, b, 'one') && send(b, a, 'two')).toBe(true)
    await until('both', () => a.heard.includes('b two') && b.heard.includes('a one'))
  })

  it('lose nothing while keys are renewed under way', async () => {
    const [a, b] = await pair()
    const want: string[] = []
    for (let n = 0; n < 300; n++) {
      if (n % 100 === 50) agree(n % 200 === 50 ? a : b, n % 200 === 50 ? b : a)
      // As a beat does while keys wait to be confirmed.
      if (n % 20 === 0)
        for (const [one, other] of [
          [a, b],
          [b, a],
        ] as const)
          one.port.probe(other.name, Buffer.from('beat'))
      expect(send(a, b, `${n}`)).toBe(true)
      want.push(`a ${n}`)
      if (n % 10 === 0) await new Promise(setImmediate)
    }
    await until('all', () => b.heard.filter(text => text !== 'a beat').length === 300)
    expect(b.heard.filter(text => text !== 'a beat')).toEqual(want)
  })

  it('are opened with the old keys for five seconds after the new ones, and no longer', async () => {
    // The tap is the network that holds back what `a` sends; the test hands it on when it wants.
    const held = await tap()
    const a = await side('a')
    const b = await side('b', {}, [held.place])
    const [target] = b.port.bound as [Place]
    const first = a.port.offer('b')
    first.complete(b.port.answer('a', first.message))
    for (const text of ['old 1', 'old 2', 'old 3']) a.port.probe('b', Buffer.from(text))
    await until('three are held', () => held.bytes.length === 3)
    const [old1, old2, old3] = held.bytes as [Buffer, Buffer, Buffer]
    held.socket.send(old1, target.port, target.address)
    await until('confirmed', () => b.heard.includes('a old 1'))
    const second = a.port.offer('b')
    second.complete(b.port.answer('a', second.message))
    a.port.probe('b', Buffer.from('new'))
    await until('one more is held', () => held.bytes.length === 4)
    held.socket.send(held.bytes[3] as Buffer, target.port, target.address)
    await until('the new keys are confirmed', () => b.heard.includes('a new'))
    passed += 4900
    b.port.tick(now())
    held.socket.send(old2, target.port, target.address)
    await until('within five seconds', () => b.heard.includes('a old 2'))
    passed += 200
    b.port.tick(now())
    const before = b.port.refusals().get('unknown-key') ?? 0
    held.socket.send(old3, target.port, target.address)
    await until('unknown by now', () => (b.port.refusals().get('unknown-key') ?? 0) > before)
    expect(b.heard).toEqual(['a old 1', 'a new', 'a old 2'])
  })

  it('are due for new keys at nine tenths of an hour, and refused beyond it', async () => {
    const [a, b] = await pair()
    const due = (): boolean => a.port.keys('b', now()).areDue
    passed += 3_230_000
    expect(due()).toBe(false)
    passed += 10_000
    expect(due()).toBe(true)
    a.port.tick(now())
    expect(send(a, b, 'still')).toBe(true)
    passed += 360_000
    a.port.tick(now())
    expect(send(a, b, 'no more')).toBe(false)
    expect(a.port.hasKeys('b')).toBe(false)
  })

  it('are due for new keys at nine tenths of the counter, and refused at its end', async () => {
    const [a, b] = await pair({ datagrams: 20 })
    const results = Array.from({ length: 25 }, (_, n) => [send(a, b, `${n}`), a.port.keys('b', now()).areDue] as const)
    // Number 0 was the probe.
    expect(results.filter(([sent]) => sent).length).toBe(19)
    expect(results.findIndex(([, isDue]) => isDue)).toBe(16)
    agree(a, b)
    await confirm(a, b)
    expect(send(a, b, 'anew')).toBe(true)
  })

  it('end at once with erasure, on the side that erases and for what comes from the other', async () => {
    const [a, b] = await pair()
    a.port.erase('b')
    expect(send(a, b, 'no')).toBe(false)
    expect(send(b, a, 'unheard')).toBe(true)
    await until('unknown', () => (a.port.refusals().get('unknown-key') ?? 0) > 0)
    expect(a.heard).toEqual([])
  })

  it('end when the peer has started anew: its new boot id ends the earlier keys', async () => {
    const [a] = await pair()
    const again = await side('b')
    agree(again, a)
    expect(a.port.hasKeys('b')).toBe(false)
    await confirm(again, a)
    expect(send(a, again, 'welcome')).toBe(true)
    await until('heard', () => again.heard.includes('a welcome'))
  })

  it('follow the peer to another address, and only by what opens and is new', async () => {
    // Two paths to `b`, each with an address of its own on b's side, as after a NAT has rebound.
    const target = { host: '127.0.0.1', port: 0 }
    const paths = await Promise.all([1, 2].map(() => lossyUdpPath({ target, chance: () => 0.5 })))
    open.push(...paths)
    const held = await tap()
    const places = paths.map(({ port }) => ({ address: '127.0.0.1', port }))
    const [a, b] = [await side('a'), await side('b', {}, [...places, held.place])]
    target.port = (b.port.bound[0] as Place).port
    const [first, second] = paths as [(typeof paths)[0], (typeof paths)[0]]
    second.set({ isCut: true })
    agree(a, b)
    await confirm(a, b)
    const old = held.bytes[0] as Buffer
    send(a, b, 'newer')
    await until('newer', () => b.heard.includes('a newer'))
    for (const bytes of [old, old, Buffer.alloc(100, 1)]) held.socket.send(bytes, target.port, target.host)
    await until('the late one opens', () => b.heard.includes('a hello'))
    await until('its copy does not', () => b.port.refusals().get('replayed') === 1)
    const caught = held.bytes.length
    expect(send(b, a, 'by the first')).toBe(true)
    await until('by the first', () => a.heard.includes('b by the first'))
    expect(held.bytes.length).toBe(caught)

    first.set({ isCut: true })
    second.set({ isCut: false })
    a.port.probe('b', Buffer.from('moved'))
    await until('moved', () => b.heard.includes('a moved'))
    expect(send(b, a, 'by the second')).toBe(true)
    await until('by the second', () => a.heard.includes('b by the second'))
    expect(first.passed).toBeGreaterThan(0)
  })

  it('survive 2,000 datagrams of any bytes, and then still go', async () => {
    const [a, b] = await pair()
    const stranger = createSocket('udp4')
    open.push(stranger)
    const { address, port } = b.port.bound[0] as Place
    const sent = fc.sample(fc.uint8Array({ maxLength: 1600 }), 2000)
    for (const [n, bytes] of sent.entries()) {
      stranger.send(bytes, port, address)
      if (n % 50 === 0) await new Promise(resolve => setTimeout(resolve, 1))
    }
    expect(send(a, b, 'sound')).toBe(true)
    await until('sound', () => b.heard.includes('a sound'))
    expect(b.heard).toEqual(['a sound'])
  })

  it('are agreed at most twenty times in ten seconds with one peer', async () => {
    const [a, b] = [await side('a'), await side('b')]
    for (let n = 0; n < 20; n++) agree(a, b)
    expect(() => agree(a, b)).toThrow('wait ten seconds')
    passed += 10_000
    agree(a, b)
  })

  it('are not agreed by an answer of an older agreement, or by nonsense', async () => {
    const [a, b] = [await side('a'), await side('b')]
    const first = a.port.offer('b')
    const old = b.port.answer('a', first.message)
    first.complete(old)
    expect(() => a.port.offer('b').complete(old)).toThrow('older agreement')
    expect(() => b.port.answer('a', new Uint8Array([1, 2, 3]))).toThrow('not an offer')
    expect(a.port.hasKeys('b')).toBe(false)
  })
})
