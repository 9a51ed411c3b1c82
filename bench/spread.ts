// One message from the head to every receiver: how long until the last one has it, and until the last one has verified who
// said it. Each kind of carrier has the same processes: one for the head, and some among which the receivers are dealt out
// in turn, so that every hop leads into another process. The kinds take turns in a seeded order.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Broker, missing, startBroker } from './broker.ts'
import { shuffled } from './chance.ts'
import { type Child, startChild } from './child.ts'
import { issueMembers } from './members.ts'
import { lastAfter } from './reach.ts'
import type { SectionOptions } from './section.ts'
import type { Contact, FromStation, StationKind, StationPlan, Times, ToStation } from './station.ts'
import { HEAD, receiverNames, treeFeeder } from './tree-feeder.ts'
import { depthOf, type TreeShape } from './tree-shape.ts'

export const SPREAD_BYTES = 100
const RECEIVERS_PROCESSES = 4
/** Gossipsub's links are grafted into its mesh by its heartbeat, one second. */
const SETTLE_MS = 2500
/** What is not there by then counts as lost. */
const LATE_MS = 1500
/** Two hundred members and their connections take tens of seconds of two cores. */
const OPEN_WITHIN_MS = 120_000

export interface SpreadPlan {
  readonly shape: TreeShape
  readonly kinds: readonly StationKind[]
  readonly messages: number
  readonly warmUps: number
  /** Between one message and the next, at the least; half as much again at the most. */
  readonly gapMs: number
}

export interface Spread {
  /** ms from before the message was sealed to the last receiver; only of messages that reached everybody. */
  readonly arrived: ReadonlyMap<StationKind, readonly number[]>
  readonly verified: ReadonlyMap<StationKind, readonly number[]>
  readonly notes: readonly string[]
}

export interface Group {
  readonly kind: StationKind
  readonly head: Child
  /** The head's first. */
  readonly all: readonly Child[]
}

export async function spread({ dir, chance }: SectionOptions, plan: SpreadPlan): Promise<Spread> {
  const notes: string[] = []
  if (plan.kinds.includes('mesh'))
    await issueMembers(dir, treeFeeder(plan.shape), [HEAD, ...receiverNames(plan.shape.receivers)])
  const groups: Group[] = []
  // One kind after the other: connecting is the busiest that they ever are.
  for (const kind of plan.kinds) {
    const broker = kind === 'mosquitto' || kind === 'nats' ? await startBroker(kind, dir) : undefined
    if ((kind === 'mosquitto' || kind === 'nats') && broker === undefined) notes.push(missing(kind))
    else groups.push(await openGroup(kind, dir, plan.shape, broker))
  }
  await sleep(SETTLE_MS)
  const warmed = await messagesOf(groups, plan, plan.warmUps, chance)
  for (const { kind, all } of groups) {
    const first = await firstOf(warmed.get(kind) ?? new Map(), all)
    if (first !== undefined)
      notes.push(`${kind}: the very first message, while no code was warm: ${first.toFixed(1)} ms`)
  }
  const sent = await messagesOf(groups, plan, plan.messages, chance)
  await sleep(LATE_MS)

  const arrived = new Map<StationKind, readonly number[]>()
  const verified = new Map<StationKind, readonly number[]>()
  for (const { kind, all } of groups) {
    const collected = await Promise.all(all.map(collect))
    const sentMs = sent.get(kind) ?? new Map()
    const reached = (what: keyof Times): number[] => lastAfter(sentMs, receiversOf(collected, what))
    arrived.set(kind, reached('arrived'))
    verified.set(kind, reached('verified'))
    // A kind may have no notion of one of the two.
    const lost = sentMs.size - Math.max(reached('arrived').length, reached('verified').length)
    if (lost > 0) notes.push(`${kind}: ${lost} of ${sentMs.size} did not reach all ${plan.shape.receivers}`)
    const counts = added(collected.map(each => each.counts))
    if (counts.size > 0) notes.push(`${kind}: ${[...counts].map(([what, count]) => `${count} ${what}`).join(', ')}`)
  }
  return { arrived, verified, notes }
}

/** What a message costs in programs that have run no other: the one that a fault sends may be such a one. */
async function firstOf(sentMs: ReadonlyMap<number, number>, all: readonly Child[]): Promise<number | undefined> {
  const collected = await Promise.all(all.map(collect))
  const what = collected.some(({ times }) => [...times.verified.values()].some(each => each.length > 0))
    ? 'verified'
    : 'arrived'
  return lastAfter(new Map([...sentMs].slice(0, 1)), receiversOf(collected, what))[0]
}

const receiversOf = (collected: readonly { readonly times: Times }[], what: keyof Times) =>
  collected.flatMap(({ times }) => [...times[what]].filter(([index]) => index > 0).map(([, copies]) => copies))

/** @param execArgv options of Node itself, for every process */
export async function openGroup(
  kind: StationKind,
  dir: string,
  shape: TreeShape,
  broker?: Broker,
  execArgv: readonly string[] = [],
): Promise<Group> {
  const start = (indices: readonly number[]): Child => {
    const plan: StationPlan = { kind, dir, shape, indices, brokerPort: broker?.port ?? 0, bytes: SPREAD_BYTES }
    return startChild('station-node', [JSON.stringify(plan)], execArgv)
  }
  const head = start([0])
  const shares = Array.from({ length: RECEIVERS_PROCESSES }, (_, share) =>
    Array.from({ length: shape.receivers }, (_, before) => before + 1).filter(
      index => index % RECEIVERS_PROCESSES === share,
    ),
  )
  const all = [head, ...shares.filter(share => share.length > 0).map(start)]
  const opened = await Promise.all(all.map(child => next(child, 'opened')))
  const contacts = new Map<number, Contact>(opened.flatMap(each => each.contacts.map(one => [one.index, one])))
  for (let depth = 0; depth <= depthOf(shape.receivers, shape); depth++)
    await Promise.all(all.map(child => ask(child, { kind: 'connect', depth, all: contacts }, 'connected')))
  await Promise.all(all.map(child => ask(child, { kind: 'ready', all: contacts }, 'ready')))
  return { kind, head, all }
}

/** @returns by kind, when each message was sent, by its number */
async function messagesOf(
  groups: readonly Group[],
  { gapMs }: SpreadPlan,
  count: number,
  chance: () => number,
): Promise<ReadonlyMap<StationKind, Map<number, number>>> {
  const sent = new Map<StationKind, Map<number, number>>(groups.map(({ kind }) => [kind, new Map()]))
  for (let round = 0; round < count; round++) {
    for (const { kind, head } of shuffled(groups, chance)) {
      const { message, atMs } = await send(head)
      sent.get(kind)?.set(message, atMs)
      await sleep(gapMs * (1 + chance() / 2))
    }
  }
  return sent
}

function added(all: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>()
  for (const [what, count] of all.flatMap(counts => [...counts])) sums.set(what, (sums.get(what) ?? 0) + count)
  return sums
}

export const send = (head: Child) => ask(head, { kind: 'send' }, 'sent')

export const collect = (child: Child) => ask(child, { kind: 'collect' }, 'collected')

async function ask<K extends FromStation['kind']>(child: Child, message: ToStation, reply: K) {
  child.send(message)
  return next(child, reply)
}

async function next<K extends FromStation['kind']>(child: Child, reply: K) {
  const { message } = await child.next<FromStation>(({ kind }) => kind === reply || kind === 'failed', OPEN_WITHIN_MS)
  if (message.kind === 'failed') throw new Error(message.message)
  return message as Extract<FromStation, { kind: K }>
}
