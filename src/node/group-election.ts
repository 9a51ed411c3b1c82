// Carries out the election of one group: beats go out and come in over its topic, terms are durable before they are
// announced, and the machine is woken when it wants to be. The decisions are in src/aggregation/election.ts.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { after, type Duration, duration, type Instant, instant } from '../../topology/units.ts'
import {
  aggregatorOf,
  type Beat,
  beatCodec,
  type ElectionAction,
  type ElectionEvent,
  election,
  electionDefaults,
  electionStart,
  ranked,
} from '../aggregation/election.ts'
import type { ComponentContext } from './component.ts'

export const BEAT = 'election-beat'
const BEAT_LIFETIME = duration(2000)

export interface Elected {
  isAggregator(): boolean
  aggregator(): string | undefined
  /** Best first. */
  ranking(): string[]
  feed(event: ElectionEvent): void
  /** Says goodbye: its office is free at once. */
  leave(): void
}

interface ElectionOptions {
  readonly group: string
  readonly members: ReadonlySet<string>
  readonly topic: string
  /** Where the store keeps the term. */
  readonly termKey: string
  fitness(): number
  /** So long it listens, besides a lease, before it may claim. */
  readonly listen?: Duration
  /** Whom this one follows from now on, itself included. */
  following(aggregator: string | undefined, term: number): void
  /** Whom it follows now is said by itself. */
  steppedDown(term: number): void
}

const settingsOf = (ied: string, group: string, members: ReadonlySet<string>) => ({
  ...electionDefaults,
  memberBeat: duration(5000),
  alive: duration(16_000),
  // Long enough for an aggregator to be worth having, short enough that the first one up does not stay for ever.
  tenure: duration(10_000),
  ied,
  group,
  members,
})

/** The first event that is fed is a tick. */
export async function groupElection(
  { name, clock, messenger, store, log }: ComponentContext,
  { group, members, topic, termKey, fitness, listen = duration(0), following, steppedDown }: ElectionOptions,
): Promise<Elected> {
  const settings = settingsOf(name, group, members)
  const step = election(settings)
  const persisted = await store.get(termKey)
  const term = persisted === undefined ? 0 : z.number().int().parse(fromCbor(persisted))
  let state = electionStart(settings, term, fitness(), after(clock.now(), listen))
  let cancelWake = (): void => {}
  let wakeAt = Number.POSITIVE_INFINITY

  function feed(event: ElectionEvent): void {
    const next = step(state, event, clock.now())
    state = next.state
    for (const action of next.actions) perform(action)
  }

  function say(beat: Beat): void {
    messenger.say({ type: BEAT, payload: beatCodec.encode(beat), lifetime: BEAT_LIFETIME, topics: [topic] })
  }

  function perform(action: ElectionAction): void {
    switch (action.kind) {
      case 'announce':
        return say(action.beat)
      case 'persistTerm':
        return void store
          .batch([{ put: termKey, value: toCbor(action.term) }], { durable: true })
          .then(() => feed({ kind: 'termPersisted', term: action.term }))
          .catch(error => log.error('term-not-persisted', { group, reason: (error as Error).message }))
      case 'becameAggregator':
        return following(name, action.term)
      case 'steppedDown':
        return steppedDown(action.term)
      case 'following':
        return following(action.ied, action.term)
      case 'refused':
        return log.debug('beat-refused', { from: action.ied, reason: action.reason })
      case 'wake':
        return wake(action.at)
    }
  }

  function wake(at: Instant): void {
    if (at >= wakeAt && wakeAt > clock.now()) return
    cancelWake()
    wakeAt = at
    cancelWake = clock.wakeAt(at, () => {
      wakeAt = Number.POSITIVE_INFINITY
      feed({ kind: 'tick' })
    })
  }

  return {
    isAggregator: () => state.phase === 'aggregator',
    aggregator: () => aggregatorOf(settings, state),
    ranking: () => ranked(settings, state).map(({ ied }) => ied),
    feed,
    leave() {
      feed({ kind: 'leave' })
      cancelWake()
    },
  }
}

const ALONE_MS = 8000
const FIRST_PEER_MS = 1500

/** Who has just started hears nobody yet: it takes part once gossip with a first member runs, or when it stays alone. */
export function beginWhenHeard({ clock, links }: ComponentContext, members: ReadonlySet<string>, begin: () => void) {
  let cancel = clock.wakeAt(instant(clock.now() + ALONE_MS), begin)
  let waiting = true
  links.onPeer((peer, state) => {
    if (!waiting || state !== 'up' || !members.has(peer.credential.name)) return
    waiting = false
    cancel()
    cancel = clock.wakeAt(instant(clock.now() + FIRST_PEER_MS), begin)
  })
  return { cancel: () => cancel() }
}
