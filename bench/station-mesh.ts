// Members of the feeder: keys, credentials, links, messenger and relaying as an agent has them, and nothing else of an
// agent. The head warns of the section upstream of everybody; what arrives is noted before the messenger sees it, which on a
// protection link means that the hop's own keys have authenticated it.

import { createHash } from 'node:crypto'
import type { Links } from '../src/mesh/links.ts'
import { type Messenger, messenger } from '../src/mesh/messenger.ts'
import { afterArrivals } from '../src/node/after-arrivals.ts'
import { authorityTable } from '../src/node/authority-table.ts'
import { type Neighbourhood, neighbourhood } from '../src/node/neighbourhood.ts'
import { rehearse } from '../src/node/rehearsal.ts'
import { warningMessage } from '../src/protection/messages.ts'
import type { Feeder } from '../topology/feeder.ts'
import { duration, utcMs } from '../topology/units.ts'
import { type Member, nowMs, openMember, until } from './members.ts'
import type { Contact, Noted, Station, StationPlan } from './station.ts'
import { HEAD, receiverName, SECTION, treeFeeder } from './tree-feeder.ts'
import { neighboursOf, parentOf } from './tree-shape.ts'

interface Node {
  readonly member: Member
  readonly messages: Messenger
  readonly near: Neighbourhood
}

/** To look for a message's number takes a good part of the time in which it is relayed. */
type Later = Readonly<Record<keyof Noted, Sighting[]>>
interface Sighting {
  readonly index: number
  readonly frame: Uint8Array
  readonly atMs: number
}

/** Two hundred take a minute of two cores, and on a busy machine two. */
const CONNECT_WITHIN_MS = 110_000
/** Time for datagrams to be agreed on, where the links have them. */
const DATAGRAMS_WITHIN_MS = 5000

export async function meshStation({ dir, shape, indices, bytes }: StationPlan, noted: Noted): Promise<Station> {
  const feeder = treeFeeder(shape)
  const payloadOf = payloadsOf(bytes)
  // Two hundred who check each other's announcements take both processors for minutes. They ask for the origin's credential when
  // its first message comes.
  const announcements = shape.receivers > 100 ? 'own' : 'all'
  const nodes = new Map<number, Node>()
  const later: Later = { arrived: [], verified: [] }
  const contacts: Contact[] = []
  for (const index of indices) {
    // Each dials its parent and no more: who has a child already would dial nobody.
    const node = await openNode(index, dir, feeder, announcements, later)
    nodes.set(index, node)
    const { peerId } = node.member.identity
    contacts.push({ index, peerId, addresses: node.member.links.addresses() })
  }

  const linksOf = (index: number): Links => (nodes.get(index) as Node).member.links
  const peersOf = (index: number) =>
    new Map(
      linksOf(index)
        .peers()
        .map(peer => [peer.peerId, peer]),
    )

  async function connect(some: readonly number[], all: ReadonlyMap<number, Contact>): Promise<void> {
    for (const index of some) {
      const parent = all.get(parentOf(index, shape))
      if (parent !== undefined) linksOf(index).learn(parent.peerId, parent.addresses)
    }
    for (const index of some) {
      const parent = all.get(parentOf(index, shape))
      const isUp = (): boolean => parent === undefined || peersOf(index).has(parent.peerId)
      await until(`${receiverName(index)} reaches its parent`, isUp, CONNECT_WITHIN_MS)
    }
  }

  async function ready(all: ReadonlyMap<number, Contact>): Promise<void> {
    // As an agent does in its first second, once for all of its process.
    await rehearse({ now: nowMs, pauseMs: 1 })
    for (const { near } of nodes.values()) near.refresh()
    for (const index of indices) {
      const neighbours = neighboursOf(index, shape).flatMap(each => all.get(each)?.peerId ?? [])
      const isMeasured = (id: string): boolean => peersOf(index).get(id)?.rttMs !== undefined
      await until(`${receiverName(index)} holds its links`, () => neighbours.every(isMeasured), CONNECT_WITHIN_MS)
      const isDatagram = (id: string): boolean => peersOf(index).get(id)?.link?.way === 'datagram'
      if ([...peersOf(index).values()].every(({ link }) => link === undefined)) continue
      await until('datagrams are agreed on', () => neighbours.every(isDatagram), DATAGRAMS_WITHIN_MS).catch(() => {})
    }
  }

  return {
    contacts,
    connect,
    ready,
    send(message) {
      const { messages, near } = nodes.get(0) as Node
      messages.say({
        type: warningMessage.type,
        payload: payloadOf(message),
        lifetime: duration(2000),
        to: near.aboutSection(SECTION).fromOrigin(),
      })
    },
    note() {
      for (const what of ['arrived', 'verified'] as const)
        for (const { index, frame, atMs } of later[what].splice(0)) noted[what](index, numberIn(frame), atMs)
    },
    counts() {
      const links = [...nodes.values()].flatMap(({ member }) => member.links.peers())
      const byDatagram = links.filter(({ link }) => link?.way === 'datagram').length
      const counts = new Map([
        ['ends of links', links.length],
        ['of them by datagram', byDatagram],
      ])
      for (const [reason, count] of [...nodes.values()].flatMap(({ messages }) => [...messages.refusals()]))
        counts.set(`refused for ${reason}`, (counts.get(`refused for ${reason}`) ?? 0) + count)
      return counts
    },
  }
}

async function openNode(
  index: number,
  dir: string,
  feeder: Feeder,
  announcements: 'all' | 'own',
  later: Later,
): Promise<Node> {
  const name = receiverName(index)
  const member = await openMember(dir, feeder, name, { maxPeers: index === 0 ? 0 : 1, announcements })
  const { identity, credential, verify } = member
  const messages = messenger({
    links: noting(member.links, frame => later.arrived.push({ index, frame, atMs: nowMs() })),
    identity,
    credential,
    epoch: 1,
    feeder: createHash('sha256').update(feeder.hash).digest().subarray(0, 16),
    policy: { protection: new Set(['utility']) },
    verify,
    now: nowMs,
    soon: afterArrivals,
    utc: () => utcMs(Date.now()),
    utcGood: () => true,
    log: () => {},
  })
  const near = neighbourhood(name, feeder, member.links, messages)
  messages.on(
    {
      ...authorityTable.warning,
      where: payload =>
        feeder.isDownstream(name, warningMessage.decode(payload).section) === 'yes' ? 'upstream' : 'elsewhere',
      claim: (payload, origin) =>
        feeder.observerOf(warningMessage.decode(payload).section) === origin.name ? undefined : 'not-the-observer',
      about: payload => warningMessage.decode(payload).section,
      onward: payload => near.aboutSection(warningMessage.decode(payload).section).onward,
    },
    ({ raw }) => later.verified.push({ index, frame: raw, atMs: nowMs() }),
  )
  await member.links.start()
  return { member, messages, near }
}

/** The same links, with a look at what comes in before it is handed on. */
const noting = (links: Links, note: (frame: Uint8Array) => void): Links => ({
  ...links,
  onFrame: receive =>
    links.onFrame((from, frame, arrival) => {
      note(frame)
      receive(from, frame, arrival)
    }),
})

const EVENT = `${HEAD}/1/`

/** Warnings of exactly so many bytes: their events' numbers are filled up in front. */
function payloadsOf(bytes: number): (message: number) => Uint8Array {
  const encode = (message: number, digits: number) =>
    warningMessage.encode({
      event: `${EVENT}${String(message).padStart(digits, '0')}`,
      section: SECTION,
      severity: 'severe',
      kind: 'sag',
      residualPu: 0.55,
    })
  const digits = 1 + Math.max(0, bytes - encode(0, 1).length)
  return message => encode(message, digits)
}

/** Found in the envelope's bytes. */
function numberIn(frame: Uint8Array): number {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
  let at = bytes.indexOf(EVENT) + EVENT.length
  let number = 0
  for (; (bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39; at++) number = 10 * number + (bytes[at] as number) - 0x30
  return number
}
