// Protection links between real libp2p peers on loopback, by each of their ways.

import { afterEach, describe, expect, it } from 'vitest'
import { newAuthority } from '../../src/mesh/credential.ts'
import type { Arrival } from '../../src/mesh/links.ts'
import { type Member, type MemberOptions, startMember, until } from './real-links.ts'

const running: Member[] = []
async function member(options: MemberOptions): Promise<Member> {
  const made = await startMember(options)
  running.push(made)
  await made.links.start()
  return made
}
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ links }) => links.stop()))
})

const quality = (one: Member, other: Member) =>
  one.links.peers().find(({ peerId }) => peerId === other.links.peerId)?.link

async function pair(options: Partial<MemberOptions['links'] & object> = {}): Promise<[Member, Member]> {
  const authority = await newAuthority('utility')
  const a = await member({ name: 'a', authority, links: options })
  const b = await member({ name: 'b', authority, links: { seeds: a.links.addresses(), ...options } })
  await until('connected', () => [a, b].every(({ links }) => links.peers().length === 1))
  return [a, b]
}

describe('a protection link', () => {
  it('carries frames, questions and answers as datagrams once keys are agreed, and knows how old a frame is', async () => {
    const [a, b] = await pair()
    const arrivals: { bytes: string; arrival: Arrival }[] = []
    a.links.onFrame((_, frame, arrival) => arrivals.push({ bytes: [...frame].join(), arrival }))
    a.links.onAsk((_, question) => new Uint8Array([...question, 9]))
    b.links.hold(new Set([a.links.peerId]))
    await until('datagrams', () => quality(b, a)?.way === 'datagram' && quality(a, b)?.way === 'datagram')
    expect(b.links.send(a.links.peerId, new Uint8Array([7, 8]), 0)).toBe('datagram')
    await until('received', () => arrivals.length > 0)
    expect(arrivals[0]?.bytes).toBe('7,8')
    expect(arrivals[0]?.arrival.way).toBe('datagram')
    expect(arrivals[0]?.arrival.ageMs).toBeLessThan(500)
    const answer = await b.links.ask(a.links.peerId, new Uint8Array([1, 2]), { timeoutMs: 2000 })
    expect([...answer]).toEqual([1, 2, 9])
  })
})
