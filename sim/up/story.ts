// What has been seen of a running feeder so far, gathered from the agents' reports. The view shows it, the expectations
// are checked against it. Times are this machine's monotonic clock in ms, one clock for all of its processes.

import type { Report } from '../../src/node/component.ts'
import type { Account } from './account.ts'

export interface AgentSeen {
  readonly name: string
  state: 'starting' | 'up' | 'killed' | 'failed'
  peers: number
  /** By name, of every peer that it had: the latest that it said of it. */
  readonly links: Map<string, { readonly up: boolean; readonly atMs: number }>
  position?: string
  sag: boolean
  shed: boolean
  told: boolean
  ledger: number
  ledgerId: string
  /** Whom it takes for the aggregator. */
  follows?: string | undefined
}

export interface ReceiverSeen {
  warnedAtMs: number
  via: string
  reaction: string
  /** First time its own voltage element told it of this disturbance, before or after the warning. */
  ownAtMs?: number
  shedAtMs?: number
  restoredAtMs?: number
  endedBy?: string
}

export interface WarningSeen {
  readonly id: string
  readonly origin: string
  readonly section: string
  readonly severity: string
  readonly detectedAtMs: number
  readonly receivers: Map<string, ReceiverSeen>
}

export interface TripSeen {
  readonly id: string
  readonly device: string
  readonly origin: string
  readonly atMs: number
  readonly told: Map<string, { atMs: number; holds: boolean }>
  readonly outage: Map<string, number>
  readonly left: Map<string, number>
}

export interface CollectedSeen {
  /** By reading number. */
  readonly readings: Map<number, { start: bigint; end: bigint }>
  doubled: number
}

export interface Story {
  readonly agents: Map<string, AgentSeen>
  /** Whom most agents follow, with the term that they know. */
  aggregator: { name: string; term: number; followers: number } | undefined
  readonly aggregators: { name: string; term: number; atMs: number }[]
  readonly warnings: WarningSeen[]
  readonly trips: TripSeen[]
  readonly operations: { ied: string; operation: string; cause: string; atMs: number }[]
  readonly positions: { ied: string; device: string; position: string; atMs: number }[]
  readonly alarms: { ied: string; alarm: string; atMs: number; fields: Record<string, unknown> }[]
  /** By back end, then by IED. */
  readonly collected: Map<string, Map<string, CollectedSeen>>
  readonly sagBegan: Map<string, number>
  /** By peer id, since when its revocation has counted at which agent. */
  readonly revoked: Map<string, Map<string, number>>
  /** By back end: what it told when it was asked last. */
  readonly accounts: Map<string, Account>
}

export const emptyStory = (names: readonly string[]): Story => ({
  agents: new Map(
    names.map(name => [
      name,
      {
        name,
        state: 'starting',
        peers: 0,
        links: new Map(),
        sag: false,
        shed: false,
        told: false,
        ledger: 0,
        ledgerId: '',
      },
    ]),
  ),
  aggregator: undefined,
  aggregators: [],
  warnings: [],
  trips: [],
  operations: [],
  positions: [],
  alarms: [],
  collected: new Map(),
  sagBegan: new Map(),
  revoked: new Map(),
  accounts: new Map(),
})

/** Two reports of one moment: how far apart an own measurement and a warning may be and still be about one event. */
const SAME_EVENT_MS = 1000

/** Takes one report in. */
export function tell(story: Story, ied: string, report: Report): void {
  const agent = story.agents.get(ied)
  if (agent === undefined) return
  const { event, atMs } = report
  const text = (key: string): string => String(report[key] ?? '')
  switch (event) {
    case 'started':
      agent.state = 'up'
      story.aggregator = mostFollowed(story, story.aggregator?.term ?? 0)
      agent.ledger = Number(report.ledger)
      agent.ledgerId = text('ledgerId')
      return
    case 'peer-up':
    case 'peer-down':
      agent.peers = Number(report.peers)
      agent.links.set(text('peer'), { up: event === 'peer-up', atMs })
      return
    case 'revoked': {
      const counts = story.revoked.get(text('peerId')) ?? new Map<string, number>()
      story.revoked.set(text('peerId'), counts)
      if (!counts.has(ied)) counts.set(ied, atMs)
      return
    }
    case 'position':
      agent.position = text('position')
      story.positions.push({ ied, device: text('device'), position: text('position'), atMs })
      return
    case 'sag-begins':
      agent.sag = true
      story.sagBegan.set(ied, atMs)
      for (const warning of story.warnings) {
        const receiver = warning.receivers.get(ied)
        if (receiver !== undefined && receiver.endedBy === undefined) receiver.ownAtMs ??= atMs
      }
      return
    case 'sag-ends':
      agent.sag = false
      return
    case 'aggregator':
      agent.follows = report.name === null ? undefined : text('name')
      if (report.self === true) story.aggregators.push({ name: ied, term: Number(report.term), atMs })
      story.aggregator = mostFollowed(story, Number(report.term))
      return
    case 'warning-sent':
      warningOf(story, text('id'), () => ({
        origin: ied,
        section: text('section'),
        severity: text('severity'),
        detectedAtMs: Number(report.detectedAtMs),
      }))
      return
    case 'warned': {
      // Reports of different processes arrive in any order: a receiver's may come before the origin's.
      const warning = warningOf(story, text('id'), () => ({
        origin: text('origin'),
        section: text('section'),
        severity: text('severity'),
        detectedAtMs: Number.NaN,
      }))
      const own = story.sagBegan.get(ied)
      warning.receivers.set(ied, {
        warnedAtMs: atMs,
        via: text('via'),
        reaction: text('reaction'),
        ...(own !== undefined && atMs - own < SAME_EVENT_MS ? { ownAtMs: own } : {}),
      })
      return
    }
    case 'warning-ended': {
      const receiver = story.warnings.find(({ id }) => id === text('id'))?.receivers.get(ied)
      if (receiver !== undefined) receiver.endedBy = text('by')
      return
    }
    case 'operated':
      operated(story, agent, ied, report)
      return
    case 'tripped':
      tripOf(story, text('id'), text('device'), ied, atMs)
      return
    case 'told':
      agent.told = true
      tripOf(story, text('id'), text('device'), text('origin'), Number.NaN).told.set(ied, {
        atMs,
        holds: report.holds === true,
      })
      return
    case 'outage-expected':
      tripOf(story, text('id'), text('device'), text('origin'), Number.NaN).outage.set(ied, atMs)
      return
    case 'alarm':
      story.alarms.push({ ied, alarm: text('alarm'), atMs, fields: report })
      return
    case 'collected':
      collect(story, ied, report)
  }
}

function mostFollowed(story: Story, term: number): Story['aggregator'] {
  const counts = new Map<string, number>()
  for (const { follows, state } of story.agents.values()) {
    if (follows !== undefined && state === 'up') counts.set(follows, (counts.get(follows) ?? 0) + 1)
  }
  const [first] = [...counts].sort(([, a], [, b]) => b - a)
  if (first === undefined) return undefined
  const [name, followers] = first
  return { name, followers, term: Math.max(term, story.aggregator?.term ?? 0) }
}

function warningOf(story: Story, id: string, make: () => Omit<WarningSeen, 'id' | 'receivers'>): WarningSeen {
  const index = story.warnings.findIndex(warning => warning.id === id)
  const known = story.warnings[index]
  const made = make()
  if (known === undefined) {
    const fresh = { id, ...made, receivers: new Map() }
    story.warnings.push(fresh)
    return fresh
  }
  if (!Number.isNaN(known.detectedAtMs) || Number.isNaN(made.detectedAtMs)) return known
  const completed = { ...known, detectedAtMs: made.detectedAtMs }
  story.warnings[index] = completed
  return completed
}

function tripOf(story: Story, id: string, device: string, origin: string, atMs: number): TripSeen {
  const index = story.trips.findIndex(trip => trip.id === id)
  const known = story.trips[index]
  if (known === undefined) {
    const fresh = { id, device, origin, atMs, told: new Map(), outage: new Map(), left: new Map() }
    story.trips.push(fresh)
    return fresh
  }
  if (Number.isNaN(atMs)) return known
  const completed = { ...known, atMs }
  story.trips[index] = completed
  return completed
}

function operated(story: Story, agent: AgentSeen, ied: string, report: Report): void {
  const { atMs } = report
  const operation = String(report.operation)
  const cause = String(report.cause)
  story.operations.push({ ied, operation, cause, atMs })
  if (operation === 'shed') agent.shed = true
  if (operation === 'restore') agent.shed = false
  const last = [...story.warnings]
    .reverse()
    .find(warning => warning.receivers.has(ied))
    ?.receivers.get(ied)
  if (operation === 'shed' && last !== undefined) last.shedAtMs = atMs
  if (operation === 'restore' && last !== undefined) last.restoredAtMs = atMs
  if (cause === 'upstream-open') story.trips.at(-1)?.left.set(ied, atMs)
}

function collect(story: Story, backEnd: string, report: Report): void {
  const byIed = story.collected.get(backEnd) ?? new Map<string, CollectedSeen>()
  story.collected.set(backEnd, byIed)
  const ied = String(report.ied)
  const seen: CollectedSeen = byIed.get(ied) ?? { readings: new Map(), doubled: 0 }
  byIed.set(ied, seen)
  for (const { number, importWhStart, importWhEnd } of report.readings as {
    number: number
    importWhStart: string
    importWhEnd: string
  }[]) {
    if (seen.readings.has(number)) seen.doubled++
    seen.readings.set(number, { start: BigInt(importWhStart), end: BigInt(importWhEnd) })
  }
}

/** It was killed: nothing that it said of its peers holds any more. */
export function killed(agent: AgentSeen): void {
  agent.state = 'killed'
  agent.peers = 0
  agent.links.clear()
}

/** Readings that a back end has of the IEDs, all together. */
export const readingsAt = (story: Story, backEnd: string): number =>
  [...(story.collected.get(backEnd)?.values() ?? [])].reduce((sum, { readings }) => sum + readings.size, 0)
