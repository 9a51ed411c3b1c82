// Some of the feeder's members in one process: links, messenger and the relaying rule of an agent. Times of arrival are
// kept here until asked for, so that no report is in the way of a warning.

import '../src/node/polyfill.ts'
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Messenger, messenger } from '../src/mesh/messenger.ts'
import { afterArrivals } from '../src/node/after-arrivals.ts'
import { type Neighbourhood, neighbourhood } from '../src/node/neighbourhood.ts'
import { zoneTopic } from '../src/node/topics.ts'
import { warningMessage } from '../src/protection/messages.ts'
import { duration, utcMs } from '../topology/units.ts'
import { type Member, openMember, readFeeder, until } from './members.ts'

/** How a warning goes out: along the tree of held streams, by gossip, or as an agent does it, by both. */
export type Way = 'eager' | 'gossip' | 'both'
export interface Planned {
  /** `<way>/<number>` */
  readonly event: string
  readonly way: Way
  readonly pauseMs: number
}
export interface Contact {
  readonly name: string
  readonly peerId: string
  readonly addresses: readonly string[]
}
export type ToNodes =
  | { readonly kind: 'connect'; readonly name: string; readonly to: readonly Contact[] }
  | { readonly kind: 'hold'; readonly neighbours: ReadonlyMap<string, readonly string[]> }
  | { readonly kind: 'publish'; readonly section: string; readonly plan: readonly Planned[] }
  | { readonly kind: 'collect' }
export type FromNodes =
  | { readonly kind: 'opened'; readonly contacts: readonly Contact[] }
  | { readonly kind: 'connected' }
  | { readonly kind: 'held' }
  | { readonly kind: 'published'; readonly sentNs: ReadonlyMap<string, bigint> }
  | {
      readonly kind: 'arrivals'
      readonly arrivals: readonly (readonly [event: string, name: string, atNs: bigint])[]
      readonly refusals: ReadonlyMap<string, number>
    }
  | { readonly kind: 'failed'; readonly message: string }

interface Node {
  readonly member: Member
  readonly messages: Messenger
  readonly near: Neighbourhood
}

const [dir = '', ...args] = process.argv.slice(2)
/** Each as `name` or `name:<most peers that it dials for>`. */
const wanted = args.map(text => text.split(':') as [name: string, maxPeers?: string])
const feeder = readFeeder()
const nodes = new Map<string, Node>()
let arrivals: [string, string, bigint][] = []
/** Refusals told by an earlier answer. */
let told = new Map<string, number>()
const tell = (message: FromNodes): void => void process.send?.(message)

async function open(name: string, maxPeers: string | undefined): Promise<void> {
  const member = await openMember(dir, feeder, name, maxPeers === undefined ? {} : { maxPeers: Number(maxPeers) })
  const { links, identity, credential, verify } = member
  const messages = messenger({
    links,
    identity,
    credential,
    epoch: 1,
    feeder: createHash('sha256').update(feeder.hash).digest().subarray(0, 16),
    policy: { protection: new Set(['utility']) },
    verify,
    now: () => performance.now(),
    soon: afterArrivals,
    utc: () => utcMs(Date.now()),
    utcGood: () => true,
    log: () => {},
  })
  const near = neighbourhood(name, feeder, links, messages)
  messages.on(
    {
      type: warningMessage.type,
      roles: ['IED'],
      from: 'protection',
      sameFeeder: true,
      claim: (payload, origin) =>
        feeder.observerOf(warningMessage.decode(payload).section) === origin.name ? undefined : 'not-the-observer',
      onward(payload) {
        const { event, section } = warningMessage.decode(payload)
        return event.startsWith('gossip/') ? () => [] : near.aboutSection(section).onward
      },
    },
    ({ payload }) => {
      const atNs = process.hrtime.bigint()
      const { event } = warningMessage.decode(payload)
      arrivals.push([event, name, atNs])
    },
  )
  for (const zone of feeder.upstreamZones(feeder.ied(name).node)) links.subscribe(zoneTopic(feeder.file.name, zone))
  await links.start()
  nodes.set(name, { member, messages, near })
}

const node = (name: string): Node => {
  const found = nodes.get(name)
  if (found === undefined) throw new RangeError(`${name} is not in this process`)
  return found
}

async function connectTo(name: string, to: readonly Contact[]): Promise<void> {
  const { links } = node(name).member
  for (const { peerId, addresses } of to) links.learn(peerId, addresses)
  const isUp = (peerId: string): boolean => links.peers().some(peer => peer.peerId === peerId)
  await until(`${name} reaches ${to.map(contact => contact.name)}`, () => to.every(({ peerId }) => isUp(peerId)))
}

async function holdNeighbours(neighbours: ReadonlyMap<string, readonly string[]>): Promise<void> {
  for (const { near } of nodes.values()) near.refresh()
  for (const [name, { member }] of nodes) {
    const isHeld = (other: string): boolean =>
      member.links.peers().find(peer => peer.credential.name === other)?.rttMs !== undefined
    await until(`${name} holds its streams`, () => (neighbours.get(name) ?? []).every(isHeld))
  }
}

async function publish(section: string, plan: readonly Planned[]): Promise<ReadonlyMap<string, bigint>> {
  const { messages, near } = node(feeder.observerOf(section) ?? '')
  const audience = feeder.downstreamIeds(section).certain
  const topic = zoneTopic(feeder.file.name, feeder.zoneOfSection(section))
  const sentNs = new Map<string, bigint>()
  for (const { event, way, pauseMs } of plan) {
    await sleep(pauseMs)
    sentNs.set(event, process.hrtime.bigint())
    messages.say({
      type: warningMessage.type,
      payload: warningMessage.encode({ event, section, severity: 'severe', kind: 'sag', residualPu: 0.55 }),
      lifetime: duration(2000),
      to: way === 'gossip' ? [] : near.fromOrigin(audience),
      topics: way === 'eager' ? [] : [topic],
    })
  }
  return sentNs
}

function collect(): FromNodes {
  const taken = arrivals
  arrivals = []
  const refusals = new Map<string, number>()
  for (const { messages } of nodes.values())
    for (const [reason, count] of messages.refusals()) refusals.set(reason, (refusals.get(reason) ?? 0) + count)
  const fresh = [...refusals].map(([reason, count]) => [reason, count - (told.get(reason) ?? 0)] as const)
  told = refusals
  return { kind: 'arrivals', arrivals: taken, refusals: new Map(fresh.filter(([, count]) => count > 0)) }
}

async function answer(message: ToNodes): Promise<FromNodes> {
  switch (message.kind) {
    case 'connect':
      await connectTo(message.name, message.to)
      return { kind: 'connected' }
    case 'hold':
      await holdNeighbours(message.neighbours)
      return { kind: 'held' }
    case 'publish':
      return { kind: 'published', sentNs: await publish(message.section, message.plan) }
    case 'collect':
      return collect()
  }
}

const failed = (error: Error): void => tell({ kind: 'failed', message: error.message })
process.on('message', (message: ToNodes) => void answer(message).then(tell, failed))
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {})

for (const [name, maxPeers] of wanted) await open(name, maxPeers)
const contacts = [...nodes].map(([name, { member }]) => ({
  name,
  peerId: member.identity.peerId,
  addresses: member.links.addresses(),
}))
tell({ kind: 'opened', contacts })
