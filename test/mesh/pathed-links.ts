// Two or three real members on loopback, where all that the first two say to each other goes over paths that a test can
// make lose, delay or be silent: one for TCP, and one for UDP towards each.

import { chanceFrom } from '../../bench/chance.ts'
import { freePort } from '../../bench/free-port.ts'
import { type LossyPath, lossyTcpPath, lossyUdpPath } from '../../bench/lossy-path.ts'
import { type Authority, newAuthority } from '../../src/mesh/credential.ts'
import type { Libp2pLinksOptions } from '../../src/mesh/libp2p-links.ts'
import type { LinkQuality } from '../../src/mesh/links.ts'
import { type Member, startMember, until } from './real-links.ts'

export interface Pathed {
  readonly authority: Authority
  readonly a: Member
  readonly b: Member
  /** Where `a` really listens, for those who do not go over the path. */
  readonly direct: string
  /** All UDP, both ways. */
  readonly udp: Pick<LossyPath, 'set'>
  readonly tcp: LossyPath
  /** Another life of `b`, with its key and place. Stop the earlier one first. */
  startB(): Promise<Member>
  stop(): Promise<void>
}

export interface PathedOptions {
  readonly links?: Partial<Libp2pLinksOptions>
  readonly b?: Partial<Libp2pLinksOptions>
}

/** `b` dials `a`, and nobody dials `b`. Neither holds the other yet. */
export async function startPathed(options: PathedOptions = {}): Promise<Pathed> {
  const authority = await newAuthority('utility')
  const [portA, portB] = [await freePort(), await freePort()]
  const chance = chanceFrom(7)
  const to = (port: number) => ({ target: { host: '127.0.0.1', port }, chance })
  const tcp = await lossyTcpPath(to(portA))
  const [toA, toB] = [await lossyUdpPath(to(portA)), await lossyUdpPath(to(portB))]
  const linksAt = (port: number, path: LossyPath): Partial<Libp2pLinksOptions> => ({
    listen: [`/ip4/127.0.0.1/tcp/${port}`],
    ...options.links,
    protection: { announce: [{ address: '127.0.0.1', port: path.port }], ...options.links?.protection },
  })
  const a = await startMember({
    name: 'a',
    authority,
    links: { announce: [`/ip4/127.0.0.1/tcp/${tcp.port}`], passive: true, ...linksAt(portA, toA) },
  })
  await a.links.start()
  const running: Member[] = [a]
  let identity: Member['identity'] | undefined
  async function startB(): Promise<Member> {
    const made = await startMember({
      name: 'b',
      authority,
      ...(identity ? { identity } : {}),
      links: { seeds: a.links.addresses(), ...linksAt(portB, toB), ...options.b },
    })
    identity = made.identity
    running.push(made)
    await made.links.start()
    await until('a and b are connected', () => isConnected(a, made) && isConnected(made, a))
    return made
  }
  const b = await startB()
  return {
    authority,
    a,
    b,
    direct: `/ip4/127.0.0.1/tcp/${portA}/p2p/${a.links.peerId}`,
    udp: {
      set(next) {
        toA.set(next)
        toB.set(next)
      },
    },
    tcp,
    startB,
    async stop() {
      await Promise.all(running.map(({ links }) => links.stop()))
      await Promise.all([tcp, toA, toB].map(path => path.close()))
    },
  }
}

export const isConnected = (one: Member, other: Member): boolean => linkPeer(one, other) !== undefined
const linkPeer = (one: Member, other: Member) => one.links.peers().find(({ peerId }) => peerId === other.links.peerId)
export const quality = (one: Member, other: Member): LinkQuality | undefined => linkPeer(one, other)?.link
export const wayOf = (one: Member, other: Member) => quality(one, other)?.way
