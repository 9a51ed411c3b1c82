// Election and roll-up: the members of a group elect an aggregator, which fetches from each member what its back ends
// have not receipted yet, delivers it, and carries the receipts back. Whoever finds its records stuck asks the next
// candidate, and in the end delivers them itself. The decisions are in src/aggregation.

import { setMaxListeners } from 'node:events'
import { z } from 'zod'
import { fromCbor, toCbor } from '../../../topology/cbor.ts'
import { duration, type Instant, instant } from '../../../topology/units.ts'
import {
  askCodec,
  type Batch,
  batchCodec,
  carryCodec,
  type Destination,
  type Outcome,
  outcomeCodec,
  type Pull,
  type PullRefusal,
  pullAnswerCodec,
  pullCodec,
} from '../../aggregation/delivery.ts'
import {
  aggregatorOf,
  beatCodec,
  type ElectionAction,
  type ElectionEvent,
  election,
  electionDefaults,
  electionStart,
  ranked,
} from '../../aggregation/election.ts'
import {
  type FallbackEvent,
  type FallbackState,
  fallback,
  fallbackDefaults,
  fallbackStart,
} from '../../aggregation/fallback.ts'
import { MAX_FITNESS } from '../../aggregation/rank.ts'
import { recordClasses } from '../../aggregation/record.ts'
import { rollUpRound } from '../../aggregation/roll-up.ts'
import { createSource, type Recipient } from '../../aggregation/source.ts'
import type { Credential } from '../../mesh/credential.ts'
import { authorityTable } from '../authority-table.ts'
import type { Component, ComponentContext, Running } from '../component.ts'
import { modesOf, modeWords } from '../forwarding-config.ts'
import { releasing } from '../releasing.ts'
import type { Sharing } from '../sharing-desk.ts'
import { groupTopic } from '../topics.ts'
import { DELIVER_PROTOCOL } from './collector.ts'

const PULL_PROTOCOL = '/feedermesh/readings/pull/1.0.0'
const CARRY_PROTOCOL = '/feedermesh/readings/carry/1.0.0'
const ASK_PROTOCOL = '/feedermesh/readings/ask/1.0.0'
const BEAT = 'election-beat'
const BEAT_LIFETIME = duration(2000)
const TERM_KEY = 'election/term'
/** The first batch of a round gets over a link of 20 kbit/s and a second's delay within this. */
const REQUEST_MS = 15_000

export const rollUpComponent: Component = {
  name: 'roll-up',
  async start(context) {
    const { feeder, name, clock, log } = context
    const group = feeder.ied(name).group ?? feeder.file.name
    const members = new Set(
      feeder.file.ieds.filter(ied => (ied.group ?? feeder.file.name) === group).map(ied => ied.name),
    )
    const release = releasing(context, modesOf(context.config.forwarding), () => sendNow())
    const source = await openSource(context, members, release.upTo)
    const elected = await joinElection(context, group, members)
    const { sharing } = context
    const recipients = (): string[] => sharing.backEnds().map(({ backEnd }) => backEnd)
    let intervalMs = context.config.forwarding.intervalSeconds * 1000

    // The aggregator's rounds ------------------------------------------------------------------------------------------

    const destinations = (): Destination[] =>
      [context.credential, ...context.links.peers().map(peer => peer.credential)]
        .filter(credential => collects(credential, sharing))
        .map(credential => ({ backEnd: credential.name, organisation: credential.organisation }))

    const stopping = new AbortController()
    setMaxListeners(0, stopping.signal) // one for each question under way
    const request = (to: string, fits: Fits, protocol: string, question: Uint8Array): Promise<Uint8Array> => {
      const peerId = context.messenger.peerOf(to, fits)
      if (peerId === undefined) return Promise.reject(new Error(`${to} is not known`))
      return context.links.request(peerId, protocol, question, {
        timeoutMs: REQUEST_MS,
        signal: stopping.signal,
        lane: 'bulk',
      })
    }
    const requestMember = (member: string, protocol: string, question: Uint8Array): Promise<Uint8Array> =>
      request(member, isIed, protocol, question)

    const ports = {
      pull: async (member: string, pull: Pull): Promise<Batch | PullRefusal> =>
        member === name
          ? source.answer(pull)
          : pullAnswerCodec.decode(await requestMember(member, PULL_PROTOCOL, pullCodec.encode(pull))),
      deliver: async (to: Destination, batch: Batch): Promise<Outcome> =>
        outcomeCodec.decode(
          await request(to.backEnd, collectsAs(to, sharing), DELIVER_PROTOCOL, batchCodec.encode(batch)),
        ),
      carry: async (member: string, outcomes: readonly Outcome[]): Promise<void> => {
        if (member === name) await source.carry(outcomes)
        else await requestMember(member, CARRY_PROTOCOL, carryCodec.encode({ outcomes: [...outcomes] }))
      },
      log: (event: { event: string }) => log.debug('roll-up', { ...event, about: event.event }),
    }
    const running = new Map<string, Promise<unknown>>()
    /** One of a kind at a time; a second call while one runs joins it. */
    function rollAs(kind: string, who: readonly string[]): Promise<unknown> {
      const before = running.get(kind)
      if (before !== undefined) return before
      const round = rollUpRound({ ...ports, members: who, destinations: destinations() })
        .then(counts => {
          if (counts.records > 0) context.report('forwarded', { ...counts })
        })
        .finally(() => running.delete(kind))
      running.set(kind, round)
      return round
    }
    const roll = (who: readonly string[]): Promise<unknown> => rollAs('all', who)
    /** For one that asks: a round of all that runs may have been at it already. */
    const rollFor = (member: string): Promise<unknown> => rollAs(`for ${member}`, [member])
    /** Beside a round for others: a member that does not answer holds that up, and the own records need not wait for it. */
    const rollOwn = (): Promise<unknown> => rollAs('own', [name])
    /**
     * Whoever of the group is connected, whether its beats have been heard yet or not, and whose beats are heard: they are
     * dialled when they are asked.
     */
    const present = (): string[] => {
      const connected = context.links
        .peers()
        .filter(peer => isIed(peer.credential))
        .map(peer => peer.credential.name)
      return [name, ...new Set([...connected, ...elected.ranking()])].filter(
        (peer, index) => index === 0 || (members.has(peer) && peer !== name),
      )
    }

    // Own records that do not arrive -----------------------------------------------------------------------------------

    let stuck = fallback({ forwardingInterval: duration(intervalMs), ...fallbackDefaults })
    const ways = new Map<string, FallbackState>()
    const receipted = new Map<string, number>()
    /** Candidates that may pull although they do not aggregate, until there is a new aggregator. */
    const asked = new Set<string>()

    function feedFallback(backEnd: string, event: FallbackEvent): void {
      const next = stuck(ways.get(backEnd) ?? fallbackStart, event, clock.now())
      ways.set(backEnd, next.state)
      for (const action of next.actions) {
        if (action.kind === 'goDirect') void rollOwn()
        if (action.kind === 'askCandidate') {
          asked.add(action.candidate)
          requestMember(action.candidate, ASK_PROTOCOL, askCodec.encode(name)).catch(error =>
            log.debug('candidate-unanswered', { candidate: action.candidate, reason: (error as Error).message }),
          )
        }
        if (action.kind === 'askCandidate' || action.kind === 'goDirect') {
          context.report('fallback', { ...action, backEnd })
        }
      }
    }

    const isServing = (ied: string): boolean => ied === name || ied === elected.aggregator()

    function watch(): void {
      release.lookAgain()
      for (const backEnd of recipients()) {
        const upTo = source.receiptedUpTo(backEnd)
        const pending = source.pending(backEnd)
        if (upTo > (receipted.get(backEnd) ?? 0)) {
          feedFallback(backEnd, { kind: 'receipt', pending, upTo })
        }
        receipted.set(backEnd, upTo)
        const candidates = pending === 0 ? [] : elected.ranking().filter(each => !isServing(each))
        feedFallback(backEnd, { kind: 'tick', pending, upTo, candidates: candidates.slice(0, 2) })
      }
    }

    const isMember = (from: Credential): void => {
      if (!from.roles.includes('IED') || !members.has(from.name))
        throw new Error(`${from.name} is not of group ${group}`)
    }
    /**
     * Records are given to whom this member follows, or has asked itself, and outcomes taken from them alone; the others
     * have no business with them.
     */
    const mayPull = (from: Credential): void => {
      isMember(from)
      if (from.name !== elected.aggregator() && !asked.has(from.name)) {
        throw new Error(`${from.name} does not aggregate for ${name}`)
      }
    }
    context.links.serve(PULL_PROTOCOL, async (from, bytes) => {
      mayPull(from)
      return pullAnswerCodec.encode(await source.answer(pullCodec.decode(bytes)))
    })
    context.links.serve(CARRY_PROTOCOL, async (from, bytes) => {
      mayPull(from)
      await source.carry(carryCodec.decode(bytes).outcomes)
      return new Uint8Array()
    })
    context.links.serve(ASK_PROTOCOL, async (from, bytes) => {
      isMember(from)
      if (askCodec.decode(bytes) !== from.name) throw new Error('ask for yourself')
      void rollFor(from.name)
      return new Uint8Array()
    })
    context.readout('delivery', async () => {
      const waiting = release.waiting()
      const modes = modesOf(context.config.forwarding)
      return {
        delivery: recordClasses.map(each => ({
          class: each,
          when: modeWords(modes[each]),
          waiting: waiting.get(each) ?? 0,
        })),
      }
    })
    context.readout('receipts', async () => ({
      receipts: recipients().map(backEnd => ({
        backEnd,
        upTo: source.receiptedUpTo(backEnd),
        pending: source.pending(backEnd),
        way: ways.get(backEnd)?.way ?? 'aggregator',
      })),
    }))

    const beginRounds = (): (() => void)[] => [
      clock.every(intervalMs, () => {
        if (elected.isAggregator()) void roll(present())
      }),
      clock.every(Math.max(500, intervalMs / 2), watch),
    ]
    let rounds = beginRounds()
    /** Out of turn: whoever aggregates begins a round, the others ask it to fetch from them. */
    function sendNow(): void {
      if (elected.isAggregator()) return void rollOwn()
      const aggregator = elected.aggregator()
      if (aggregator === undefined) return void rollOwn()
      requestMember(aggregator, ASK_PROTOCOL, askCodec.encode(name)).catch(error =>
        log.info('aggregator-unanswered', { aggregator, reason: (error as Error).message }),
      )
    }

    const cancels = [
      () => {
        for (const cancel of rounds) cancel()
      },
      context.bus.on('send-data', () => {
        release.askedNow()
        if (elected.isAggregator()) void roll(present())
      }),
      () => release.stop(),
      context.bus.on('setting', ({ key, config }) => {
        if (key !== 'forwarding.intervalSeconds') return
        intervalMs = config.forwarding.intervalSeconds * 1000
        stuck = fallback({ forwardingInterval: duration(intervalMs), ...fallbackDefaults })
        for (const cancel of rounds) cancel()
        rounds = beginRounds()
      }),
      context.bus.on('aggregator', ({ name: next }) => {
        if (next === undefined) return
        asked.clear()
        for (const backEnd of recipients()) feedFallback(backEnd, { kind: 'newAggregator' })
      }),
    ]
    return {
      async stop() {
        for (const cancel of cancels) cancel()
        await elected.stop()
        // What is cut off here was not receipted, and goes out again after the next start.
        stopping.abort(new Error('stopping'))
        await Promise.all(running.values())
      },
    }
  },
}

/** Back-end peers, and the IEDs that this one's own configuration or policy names: those run a collector. */
const collects = (peer: Credential, sharing: Names): boolean =>
  peer.roles.includes('BACKEND') || isRecipient(peer, sharing)

type Names = Pick<Sharing, 'backEnds'>
type Fits = (credential: Credential) => boolean

const isIed: Fits = ({ roles }) => roles.includes('IED')

/** Whom a destination means: any trusted organisation may have a person or a back end of the same name. */
export const collectsAs =
  ({ backEnd, organisation }: Destination, sharing: Names): Fits =>
  peer =>
    peer.name === backEnd && peer.organisation === organisation && collects(peer, sharing)

const isRecipient = ({ name, organisation, roles }: Credential, sharing: Names): boolean =>
  sharing.backEnds().some(each => each.backEnd === name && each.organisation === organisation) &&
  (roles.includes('BACKEND') || roles.includes('IED'))

function openSource(context: ComponentContext, members: ReadonlySet<string>, releasedUpTo: () => number) {
  const { ledger, store, messenger, sharing } = context
  return createSource({
    ledger,
    store,
    get policy() {
      return sharing.policy()
    },
    within: sharing.within,
    sealing: context.sealing,
    utcNow: () => context.clock.utc(),
    recipients: recipientsOf(context),
    releasedUpTo,
    // Asked for with each batch: it may have been renewed.
    get credentialHash() {
      return context.credential.hash
    },
    alarm: alarm => context.report('alarm', { ...alarm, alarm: alarm.kind, members: members.size }),
  })

  /**
   * A back end counts once its credential is known; its key then checks receipts, connected or not. A department's back end
   * has that department in its credential: nobody gets what is a department's by being called so in a configuration here.
   */
  function recipientsOf({ links, bus }: ComponentContext): Map<string, Recipient> {
    const known = new Map<string, Recipient>()
    const mistaken = new Set<string>()
    const learn = (): void => {
      const wanted = sharing.backEnds()
      for (const backEnd of known.keys()) if (!wanted.some(each => each.backEnd === backEnd)) known.delete(backEnd)
      for (const { backEnd, organisation, department } of wanted) {
        const fits = collectsAs({ backEnd, organisation }, sharing)
        let shown: Credential | undefined
        const peerId = messenger.peerOf(backEnd, peer => {
          if (!fits(peer)) return false
          shown = peer
          return peer.department === department
        })
        if (peerId === undefined) {
          if (shown !== undefined) tellMistaken(backEnd, department, shown.department)
          known.delete(backEnd)
          continue
        }
        const sealingKey = sharing.keyOf({ organisation, department }) ?? context.sealingKeyOf({ peerId })
        if (sealingKey === undefined) continue // never in clear instead
        known.set(backEnd, {
          organisation,
          department,
          sealingKey,
          verify: (bytes, signature) => context.verify(peerId, bytes, signature),
        })
      }
    }
    /** Once for each: it stays so until somebody changes the one or the other. */
    function tellMistaken(backEnd: string, wanted: string | undefined, has: string | undefined): void {
      const words = `its credential is of ${has ?? 'no department'}, want ${wanted ?? 'none'}`
      if (mistaken.has(`${backEnd} ${words}`) || mistaken.size > 256) return
      mistaken.add(`${backEnd} ${words}`)
      context.report('not-shared', { backEnd, words })
    }
    learn() // this one too, where an IED collects its own records
    links.onPeer((_, state) => state === 'up' && learn())
    links.onAnnounced(learn) // one that this IED is not connected to gets its records by the aggregator
    bus.on('sharing', learn)
    return known
  }
}

interface Elected extends Running {
  isAggregator(): boolean
  aggregator(): string | undefined
  /** Best first. */
  ranking(): string[]
}

async function joinElection(context: ComponentContext, group: string, members: ReadonlySet<string>): Promise<Elected> {
  const { feeder, name, clock, links, messenger, store, bus, log } = context
  const topic = groupTopic(feeder.file.name, group)
  const settings = {
    ...electionDefaults,
    memberBeat: duration(5000),
    alive: duration(16_000),
    // Long enough for an aggregator to be worth having, short enough that the first one up does not stay for ever.
    tenure: duration(10_000),
    ied: name,
    group,
    members,
  }
  const step = election(settings)
  const persisted = await store.get(TERM_KEY)
  let state = electionStart(
    settings,
    persisted === undefined ? 0 : z.number().int().parse(fromCbor(persisted)),
    fitness(),
    clock.now(),
  )
  let cancelWake = (): void => {}
  let wakeAt = Number.POSITIVE_INFINITY

  /** By the device itself, and by the back ends that it reaches now. */
  function fitness(): number {
    const reached = links.peers().filter(peer => collects(peer.credential, context.sharing)).length
    return Math.min(MAX_FITNESS, context.config.aggregation.fitness + Math.min(3, reached))
  }

  function feed(event: ElectionEvent): void {
    const next = step(state, event, clock.now())
    state = next.state
    for (const action of next.actions) perform(action)
  }

  function perform(action: ElectionAction): void {
    switch (action.kind) {
      case 'announce':
        return void messenger.say({
          type: BEAT,
          payload: beatCodec.encode(action.beat),
          lifetime: BEAT_LIFETIME,
          topics: [topic],
        })
      case 'persistTerm':
        return void store
          .batch([{ put: TERM_KEY, value: toCbor(action.term) }], { durable: true })
          .then(() => feed({ kind: 'termPersisted', term: action.term }))
          .catch(error => log.error('term-not-persisted', { reason: (error as Error).message }))
      case 'becameAggregator':
        return tell(name, action.term)
      case 'steppedDown':
        return context.report('stepped-down', { term: action.term })
      case 'following':
        return tell(action.ied, action.term)
      case 'refused':
        return log.debug('beat-refused', { from: action.ied, reason: action.reason })
      case 'wake':
        return wake(action.at)
    }
  }

  function tell(aggregator: string | undefined, term: number): void {
    bus.emit('aggregator', { name: aggregator, term, self: aggregator === name })
    context.report('aggregator', { name: aggregator ?? null, term, self: aggregator === name })
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

  messenger.on(
    {
      ...authorityTable.electionBeat,
      claim: (payload, origin) => (beatCodec.decode(payload).ied === origin.name ? undefined : 'not-its-name'),
    },
    ({ payload }) => feed({ kind: 'beat', beat: beatCodec.decode(payload) }),
  )
  links.subscribe(topic)
  links.onPeer((peer, change) => {
    if (change === 'down' && members.has(peer.credential.name)) feed({ kind: 'peerLost', ied: peer.credential.name })
    feed({ kind: 'fitness', fitness: fitness() })
  })
  const begin = beginWhenHeard(context, members, () => feed({ kind: 'tick' }))
  return {
    isAggregator: () => state.phase === 'aggregator',
    aggregator: () => aggregatorOf(settings, state),
    ranking: () => ranked(settings, state).map(({ ied }) => ied),
    stop() {
      begin.cancel()
      feed({ kind: 'leave' })
      cancelWake()
    },
  }
}

const ALONE_MS = 8000
const FIRST_PEER_MS = 1500

/** Who has just started hears nobody yet: it takes part once gossip with a first member runs, or when it stays alone. */
function beginWhenHeard({ clock, links }: ComponentContext, members: ReadonlySet<string>, begin: () => void) {
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
