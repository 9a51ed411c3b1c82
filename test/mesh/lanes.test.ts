// The bulk lane of a held pair, seen from the wire: a forwarder between the two counts connections and bytes.

import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { newAuthority } from '../../src/mesh/credential.ts'
import { type Member, startMember, until } from './real-links.ts'

interface Pipe {
  /** From the answerer to the asker. */
  bytes: number
  isOpen: boolean
  cut(): void
}

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function forwarder(port: number): Promise<{ port: number; pipes: Pipe[] }> {
  const pipes: Pipe[] = []
  const server: Server = createServer({ noDelay: true }, near => {
    const far: Socket = dial({ port, host: '127.0.0.1', noDelay: true })
    const pipe: Pipe = {
      bytes: 0,
      isOpen: true,
      cut: () => {
        pipe.isOpen = false
        near.destroy()
        far.destroy()
      },
    }
    pipes.push(pipe)
    far.on('data', chunk => {
      pipe.bytes += chunk.length
    })
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) socket.on('error', pipe.cut).on('close', pipe.cut)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    for (const pipe of pipes) pipe.cut()
    server.close()
  })
  return { port: (server.address() as { port: number }).port, pipes }
}

async function heldPair({ hold = true, passive = false } = {}) {
  const authority = await newAuthority('utility')
  const answerer = await startMember({ name: 'answerer', authority })
  await answerer.links.start()
  ends.push(() => answerer.links.stop())
  const port = Number(/\/tcp\/(\d+)/.exec(answerer.links.addresses()[0] ?? '')?.[1])
  const { port: through, pipes } = await forwarder(port)
  const address = `/ip4/127.0.0.1/tcp/${through}`
  const asker = await startMember({ name: 'asker', authority, links: { seeds: passive ? [] : [address], passive } })
  await asker.links.start()
  ends.push(() => asker.links.stop())
  if (passive) answerer.links.learn(undefined, asker.links.addresses())
  for (const { links } of [asker, answerer]) {
    links.serveStream('/test/bulk/1', async function* (_, question) {
      for (let n = 0; n < (question[0] ?? 0); n++) yield new Uint8Array(16_384)
    })
    links.serve('/test/batch/1', async () => new Uint8Array(200_000))
    links.serve('/test/small/1', async (_, question) => question)
  }
  await until('connected', () => asker.links.peers().length === 1 && answerer.links.peers().length === 1)
  if (hold) {
    asker.links.hold(new Set([answerer.links.peerId]))
    answerer.links.hold(new Set([asker.links.peerId]))
    await until('held', () => [asker, answerer].every(({ links }) => links.peers()[0]?.rttMs !== undefined))
  }
  return { asker, answerer, pipes }
}

const bulk = async (from: Member, to: Member, items: number): Promise<number> => {
  let bytes = 0
  for await (const item of from.links.stream(to.links.peerId, '/test/bulk/1', Uint8Array.of(items), {
    itemMs: 15_000,
  })) {
    bytes += item.length
  }
  return bytes
}
const batch = (from: Member, to: Member) =>
  from.links.request(to.links.peerId, '/test/batch/1', new Uint8Array(), { timeoutMs: 15_000, lane: 'bulk' })
const small = (from: Member, to: Member) =>
  from.links.request(to.links.peerId, '/test/small/1', Uint8Array.of(1), { timeoutMs: 15_000 })

describe('bulk between neighbours', { timeout: 120_000 }, () => {
  it('goes on a connection of its own, in both directions, and leaves the first one to protection', async () => {
    const { asker, answerer, pipes } = await heldPair()
    expect(pipes.filter(({ isOpen }) => isOpen)).toHaveLength(1)
    const first = pipes.find(({ isOpen }) => isOpen) as Pipe
    const before = first.bytes
    expect(await bulk(asker, answerer, 40)).toBe(40 * 16_384)
    expect((await batch(asker, answerer)).length).toBe(200_000)
    const open = pipes.filter(({ isOpen }) => isOpen)
    expect(open).toHaveLength(2)
    expect(open[1]?.bytes).toBeGreaterThan(40 * 16_384 + 200_000)
    expect(first.bytes - before).toBeLessThan(20_000)
    // The other side uses the lane that it was shown.
    const shown = open[1]?.bytes ?? 0
    await batch(answerer, asker)
    expect(pipes.filter(({ isOpen }) => isOpen)).toHaveLength(2)
    expect(first.bytes - before).toBeLessThan(25_000)
    expect((open[1]?.bytes ?? 0) - shown).toBeGreaterThan(0)
    expect(asker.links.peers()[0]?.link?.bitsPerSecond).toBeGreaterThan(0)
  })

  it('needs no second connection where there is no protection link', async () => {
    const { asker, answerer, pipes } = await heldPair({ hold: false })
    expect(await bulk(asker, answerer, 4)).toBe(4 * 16_384)
    expect(pipes.filter(({ isOpen }) => isOpen)).toHaveLength(1)
  })

  it('goes on the first connection at a peer that never dials', async () => {
    const { asker, answerer } = await heldPair({ passive: true })
    expect(await bulk(asker, answerer, 4)).toBe(4 * 16_384)
  })

  it('begins a new lane when the last one is gone, and takes neither questions nor gossip with it', async () => {
    const { asker, answerer, pipes } = await heldPair()
    const heard: number[] = []
    answerer.links.onPublished((_from, _topic, frame) => {
      heard.push(frame[0] as number)
      return 'accept'
    })
    for (const { links } of [asker, answerer]) links.subscribe('zone')
    await bulk(asker, answerer, 4)
    const [, lane] = pipes.filter(({ isOpen }) => isOpen)
    lane?.cut()
    expect([...(await small(asker, answerer))]).toEqual([1])
    let said = 0
    await until('gossip comes through', () => {
      void asker.links.publish('zone', Uint8Array.of(said++ & 0xff, said >> 8))
      return heard.length > 0
    })
    for (let time = 0; ; time++) {
      // The end of a connection is noticed a little later than it is cut.
      const got = await bulk(asker, answerer, 4).catch(error => error as Error)
      if (got === 4 * 16_384) break
      if (time > 20) throw got
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    expect(pipes.filter(({ isOpen }) => isOpen)).toHaveLength(2)
    expect(asker.links.peers()).toHaveLength(1)
  })

  it('outlives the first connection: the peer stays up on what is left', async () => {
    const { asker, answerer, pipes } = await heldPair()
    await bulk(asker, answerer, 4)
    const changes: string[] = []
    asker.links.onPeer((_, state) => changes.push(state))
    pipes.find(({ isOpen }) => isOpen)?.cut()
    await until('protection goes again', () => asker.links.send(answerer.links.peerId, Uint8Array.of(1)) !== false)
    expect(await bulk(asker, answerer, 4)).toBe(4 * 16_384)
    expect(changes).toEqual([])
  })
})
