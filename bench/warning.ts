// From publishing a warning to the last of the fifteen IEDs downstream of the IEEE 13-node feeder's head, sixteen
// members in four processes. The ways take turns in a seeded order. Twice: with everybody connected to everybody, as on
// one LAN, and with connections along the IED tree only, as where radio reaches no further than the neighbour.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Feeder } from '../topology/feeder.ts'
import { shuffled } from './chance.ts'
import { type Child, startChild } from './child.ts'
import { issueMembers, readFeeder } from './members.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { type Row, row } from './table.ts'
import type { Contact, FromNodes, Planned, ToNodes, Way } from './warning-nodes.ts'

type Shape = 'full' | 'tree'
type Reply<K extends FromNodes['kind']> = Extract<FromNodes, { kind: K }>

const SECTION = 's650-632'
const PROCESSES = 4
const WAYS: readonly Way[] = ['eager', 'gossip', 'both']
const NAMES: Readonly<Record<Way, string>> = {
  gossip: 'gossip only',
  eager: 'held streams along the tree only',
  both: 'both, as an agent sends',
}
/** Warnings in flight may meet no more than by chance: the next one goes out 40 to 80 ms later. */
const pause = (chance: () => number): number => 40 + Math.round(40 * chance())
/** Gossip comes in by its heartbeat, one second, where it has pruned a link. */
const LATE_MS = 2500

export const warnings: Section = {
  title: 'Warning to the last of 15 receivers, everybody connected to everybody',
  measure: options => measure(options, 'full'),
}
export const warningsOverTree: Section = {
  title: 'Warning to the last of 15 receivers, connected along the IED tree only',
  measure: options => measure(options, 'tree'),
}

async function measure({ dir, quick, chance }: SectionOptions, shape: Shape): Promise<SectionResult> {
  const feeder = readFeeder()
  const names = byDepth(feeder)
  await issueMembers(dir, feeder, names)
  const origin = feeder.observerOf(SECTION) ?? ''
  // Dealt out in turn, so that most hops lead from one process into another.
  const shares = Array.from({ length: PROCESSES }, (_, share) =>
    names.filter((_, index) => index % PROCESSES === share),
  )
  const children = shares.map(share =>
    startChild('warning-nodes', [dir, ...share.map(name => limited(name, origin, shape))]),
  )
  const processOf = (name: string): Child => children[names.indexOf(name) % PROCESSES] as Child
  try {
    await join(feeder, names, children, processOf, shape, quick)
    await run(processOf(origin), children, planOf(quick ? 5 : 20, 'warm-up', chance), 500)
    const { sentNs, arrivals, refusals } = await run(
      processOf(origin),
      children,
      planOf(quick ? 10 : 100, '', chance),
      quick ? 500 : LATE_MS,
    )
    return result(names.length - 1, sentNs, arrivals, refusals)
  } finally {
    await Promise.all(children.map(child => child.stop()))
  }
}

/** Over the tree each one dials its parent and no more. */
const limited = (name: string, origin: string, shape: Shape): string =>
  shape === 'full' ? name : `${name}:${name === origin ? 0 : 1}`

/** The origin and all downstream of it, parents before their children. */
function byDepth(feeder: Feeder): string[] {
  const audience = feeder.downstreamIeds(SECTION).certain
  const depth = (name: string): number => {
    const parent = feeder.parent(name)
    return parent === undefined ? 0 : 1 + depth(parent)
  }
  const names = [feeder.observerOf(SECTION) ?? '', ...audience]
  return names.sort((one, other) => depth(one) - depth(other) || (one < other ? -1 : 1))
}

async function ask<K extends FromNodes['kind']>(
  child: Child,
  message: ToNodes,
  reply: K,
  withinMs?: number,
): Promise<Reply<K>> {
  child.send(message)
  return next(child, reply, withinMs)
}

async function next<K extends FromNodes['kind']>(child: Child, kind: K, withinMs?: number): Promise<Reply<K>> {
  const { message } = await child.next<FromNodes>(told => told.kind === kind || told.kind === 'failed', withinMs)
  if (message.kind === 'failed') throw new Error(message.message)
  return message as Reply<K>
}

async function join(
  feeder: Feeder,
  names: readonly string[],
  children: readonly Child[],
  processOf: (name: string) => Child,
  shape: Shape,
  quick: boolean,
): Promise<void> {
  const opened = await Promise.all(children.map(child => next(child, 'opened', 20_000)))
  const contacts = new Map(opened.flatMap(message => message.contacts.map(contact => [contact.name, contact])))
  // One after the other, from the top: over the tree, who has a child already would dial nobody.
  for (const [index, name] of names.entries()) {
    const parent = feeder.parent(name)
    const before = names.slice(0, index)
    const to = (shape === 'full' ? before : before.filter(other => other === parent)).map(
      other => contacts.get(other) as Contact,
    )
    await ask(processOf(name), { kind: 'connect', name, to }, 'connected')
  }
  const among = (others: readonly (string | undefined)[]) => names.filter(name => others.includes(name))
  const neighbours = new Map(names.map(name => [name, among([feeder.parent(name), ...feeder.children(name)])]))
  await Promise.all(children.map(child => ask(child, { kind: 'hold', neighbours }, 'held')))
  await sleep(quick ? 500 : 3000) // heartbeats of gossip, which settle its mesh
}

function planOf(each: number, suffix: string, chance: () => number): Planned[] {
  return Array.from({ length: each }, (_, number) =>
    shuffled(WAYS, chance).map(way => ({ event: `${way}/${number}${suffix}`, way, pauseMs: pause(chance) })),
  ).flat()
}

async function run(origin: Child, children: readonly Child[], plan: readonly Planned[], lateMs: number) {
  const { sentNs } = await ask(origin, { kind: 'publish', section: SECTION, plan }, 'published', 45_000)
  await sleep(lateMs)
  const collected = await Promise.all(children.map(child => ask(child, { kind: 'collect' }, 'arrivals')))
  return {
    sentNs,
    arrivals: collected.flatMap(({ arrivals }) => arrivals),
    refusals: collected.flatMap(({ refusals }) => [...refusals]),
  }
}

function result(
  receivers: number,
  sentNs: ReadonlyMap<string, bigint>,
  arrivals: Reply<'arrivals'>['arrivals'],
  refusals: readonly (readonly [string, number])[],
): SectionResult {
  const reached = new Map<string, { count: number; lastNs: bigint }>()
  for (const [event, , atNs] of arrivals) {
    const { count, lastNs } = reached.get(event) ?? { count: 0, lastNs: 0n }
    reached.set(event, { count: count + 1, lastNs: atNs > lastNs ? atNs : lastNs })
  }
  const notes: string[] = []
  const timesOf = (way: Way): number[] => {
    const sent = [...sentNs].filter(([event]) => event.startsWith(`${way}/`))
    const times = sent.flatMap(([event, atNs]) => {
      const seen = reached.get(event)
      return seen?.count === receivers ? [Number(seen.lastNs - atNs) / 1e6] : []
    })
    if (times.length < sent.length)
      notes.push(
        `${NAMES[way]}: ${sent.length - times.length} of ${sent.length} did not reach all ${receivers} in time`,
      )
    return times
  }
  const rows: Row[] = []
  for (const way of ['gossip', 'eager', 'both'] as const) {
    const times = timesOf(way)
    if (times.length > 0) rows.push(row(NAMES[way], 'ms', times, rows[0]))
  }
  for (const [reason, count] of refusals) notes.push(`refused: ${count} × ${reason}`)
  return { rows, notes }
}
