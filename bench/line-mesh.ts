// Both ends of a question and its answer between two members of the feeder: asked and answered on the protection link,
// authenticated by the pair's keys; as two signed envelopes through the messenger; and the bare beat of the held stream.

import { createHash } from 'node:crypto'
import type { Libp2pLinksOptions } from '../src/mesh/libp2p-links.ts'
import { type Messenger, messenger } from '../src/mesh/messenger.ts'
import { afterArrivals } from '../src/node/after-arrivals.ts'
import { duration, utcMs } from '../topology/units.ts'
import { FAR, type FarEnd, type Line, NEAR, type Via } from './line.ts'
import { type Member, nowMs, openMember, readFeeder, until } from './members.ts'

const SIGNED_TYPE = 'bench'
const LIFETIME = duration(2000)
/** Time for datagrams to be agreed on, where the links have them. */
const DATAGRAMS_WITHIN_MS = 3000

type MeshKind = 'ask' | 'signed' | 'beat' | 'ask-by-stream'

/** @param isVia the far end is reached by bad paths only, so that it must not be told where this one is */
export async function meshLine(
  kind: MeshKind,
  dir: string,
  far: FarEnd,
  payload: Uint8Array,
  isVia: boolean,
): Promise<Line> {
  const datagrams = kind !== 'ask-by-stream'
  const protection = { datagrams, ...(isVia ? { announce: [] } : {}) }
  const member = await openMember(dir, readFeeder(), NEAR, { protection })
  const { links } = member
  const messages = signedMessages(member)
  await links.start()
  links.learn(far.peerId, far.addresses)
  await held(member, far.peerId, datagrams)
  const note = (): string | undefined => wayOf(member, far.peerId)
  switch (kind) {
    case 'ask':
    case 'ask-by-stream':
      return { note, trip: async () => void (await links.ask(far.peerId, payload, { timeoutMs: 10_000 })) }
    case 'beat':
      return { trip: async () => void (await links.probe(far.peerId, payload)) }
    case 'signed':
      return { note, ...signedLine(messages, far.peerId, payload) }
  }
}

function signedLine(messages: Messenger, farId: string, payload: Uint8Array): Line {
  let done: () => void = () => {}
  messages.on(row, () => done())
  return {
    trip: () =>
      new Promise((resolve, reject) => {
        done = resolve
        if (messages.say({ type: SIGNED_TYPE, payload, lifetime: LIFETIME, to: [farId] }) === 0)
          reject(new Error('no protection link'))
      }),
  }
}

export async function answerMesh(kind: MeshKind, dir: string, via: Via | undefined): Promise<FarEnd> {
  const datagrams = kind !== 'ask-by-stream'
  const reached: Partial<Libp2pLinksOptions> =
    via === undefined
      ? { protection: { datagrams } }
      : {
          listen: [`/ip4/127.0.0.1/tcp/${via.listenPort}`],
          announce: [`/ip4/127.0.0.1/tcp/${via.tcpPort}`],
          protection: { datagrams, announce: [{ address: '127.0.0.1', port: via.udpPort }] },
          passive: true,
        }
  const member = await openMember(dir, readFeeder(), FAR, reached)
  const { links } = member
  links.onAsk((_from, question) => question)
  const messages = signedMessages(member)
  messages.on(row, ({ payload, from }) => {
    messages.say({ type: SIGNED_TYPE, payload, lifetime: LIFETIME, to: [from] })
  })
  // Sending needs a link of its own: a signed answer goes by it.
  links.onPeer(({ peerId }, state) => {
    if (state === 'up' && kind === 'signed') links.hold(new Set([peerId]))
  })
  await links.start()
  return { port: 0, peerId: links.peerId, addresses: links.addresses() }
}

async function held({ links }: Member, farId: string, datagrams: boolean): Promise<void> {
  await until('the two members admit each other', () => links.peers().length === 1)
  links.hold(new Set([farId]))
  await until('the protection link answers', () => links.peers()[0]?.rttMs !== undefined)
  const link = () => links.peers()[0]?.link
  if (!datagrams || link() === undefined) return
  await until('datagrams are agreed on', () => link()?.way === 'datagram', DATAGRAMS_WITHIN_MS).catch(() => {})
}

function wayOf({ links }: Member, farId: string): string | undefined {
  const peer = links.peers().find(({ peerId }) => peerId === farId)
  return `by ${peer?.link?.way ?? 'stream'}`
}

const row = { type: SIGNED_TYPE, roles: ['IED'], from: 'protection', sameFeeder: true } as const

export const signedMessages = ({ links, identity, credential, verify }: Member): Messenger =>
  messenger({
    links,
    identity,
    credential,
    epoch: 1,
    feeder: createHash('sha256').update(readFeeder().hash).digest().subarray(0, 16),
    policy: { protection: new Set(['utility']) },
    verify,
    now: nowMs,
    soon: afterArrivals,
    utc: () => utcMs(Date.now()),
    utcGood: () => true,
    log: () => {},
  })
