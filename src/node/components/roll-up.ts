// Election and roll-up: the members of a group elect an aggregator, which fetches from each member what its back ends
// have not receipted yet, delivers it, and carries the receipts back. Whoever finds its records stuck asks the next
// candidate, and in the end delivers them itself. The decisions are in src/aggregation.

import { setMaxListeners } from 'node:events'
import { duration } from '../../../topology/units.ts'
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
  relayCodec,
} from '../../aggregation/delivery.ts'
import {
  type FallbackEvent,
  type FallbackState,
  fallback,
  fallbackDefaults,
  fallbackStart,
} from '../../aggregation/fallback.ts'
import { groupsOf } from '../../aggregation/groups.ts'
import { isReceiptGenuine } from '../../aggregation/receipt.ts'
import { recordClasses } from '../../aggregation/record.ts'
import { rollUpRound } from '../../aggregation/roll-up.ts'
import { throughUpper } from '../../aggregation/through-upper.ts'
import type { Credential } from '../../mesh/credential.ts'
import { collects, collectsAs, type Fits, fitnessNow, isIed } from '../collecting-peers.ts'
import type { Component } from '../component.ts'
import { joinElections } from '../elections.ts'
import { modesOf, modeWords } from '../forwarding-config.ts'
import { openSource } from '../own-source.ts'
import { serveRanges } from '../range-service.ts'
import { releasing } from '../releasing.ts'
import { turns } from '../turns.ts'
import { DELIVER_PROTOCOL } from './collector.ts'

const PULL_PROTOCOL = '/feedermesh/readings/pull/1.0.0'
const CARRY_PROTOCOL = '/feedermesh/readings/carry/1.0.0'
const ASK_PROTOCOL = '/feedermesh/readings/ask/1.0.0'
const RELAY_PROTOCOL = '/feedermesh/readings/relay/1.0.0'
/** The first batch of a round gets over a link of 20 kbit/s and a second's delay within this. */
const REQUEST_MS = 15_000
/** Through the feeder's aggregator, which asks the back end itself within the other. */
const RELAY_MS = 20_000
/** Of groups that all deliver at once the others wait; of more than this, they deliver straight. */
const RELAYED = { atOnce: 8, waitingBytes: 16 * 1024 * 1024 }

export const rollUpComponent: Component = {
  name: 'roll-up',
  async start(context) {
    const { feeder, name, clock, log } = context
    const groups = groupsOf(feeder, context.config.aggregation.hierarchy)
    const group = groups.of(name)
    const members = groups.members(group)
    const release = releasing(context, modesOf(context.config.forwarding), () => sendNow())
    let aboveGone = new AbortController()
    const source = await openSource(context, members, release.upTo)
    const elections = await joinElections(
      context,
      groups,
      () => fitnessNow(context),
      () => {
        // What is under way through one that is dead, or aggregates no more, goes another way at once.
        aboveGone.abort(new Error('another aggregator of the feeder'))
        aboveGone = new AbortController()
        setMaxListeners(0, aboveGone.signal)
      },
    )
    const elected = elections.group
    const { sharing } = context
    const recipients = (): string[] => sharing.backEnds().map(({ backEnd }) => backEnd)
    let intervalMs = context.config.forwarding.intervalSeconds * 1000

    // The aggregator's rounds ------------------------------------------------------------------------------------------

    const feederAggregator = (): string | undefined => {
      const above = elections.feederAggregator()
      return above === name ? undefined : above
    }
    /** Those that this one reaches, and the own ones, which the feeder's aggregator may reach. */
    const destinations = (): Destination[] => {
      const reached = [context.credential, ...context.links.peers().map(peer => peer.credential)]
        .filter(credential => collects(credential, sharing))
        .map(credential => ({ backEnd: credential.name, organisation: credential.organisation }))
      if (feederAggregator() === undefined) return reached
      const isReached = ({ backEnd, organisation }: Destination): boolean =>
        reached.some(each => each.backEnd === backEnd && each.organisation === organisation)
      const others = sharing.backEnds().map(({ backEnd, organisation }) => ({ backEnd, organisation }))
      return [...reached, ...others.filter(each => !isReached(each))]
    }

    const stopping = new AbortController()
    setMaxListeners(0, stopping.signal) // one for each question under way
    const request = (
      to: string,
      fits: Fits,
      protocol: string,
      question: Uint8Array,
      timeoutMs = REQUEST_MS,
      signal: AbortSignal = stopping.signal,
    ): Promise<Uint8Array> => {
      const peerId = context.messenger.peerOf(to, fits)
      if (peerId === undefined) return Promise.reject(new Error(`${to} is not known`))
      return context.links.request(peerId, protocol, question, {
        timeoutMs,
        signal,
        lane: 'bulk',
      })
    }
    const requestMember = (member: string, protocol: string, question: Uint8Array): Promise<Uint8Array> =>
      request(member, isIed, protocol, question)
    const straight = async (to: Destination, batch: Batch): Promise<Outcome> =>
      outcomeCodec.decode(
        await request(to.backEnd, collectsAs(to, sharing), DELIVER_PROTOCOL, batchCodec.encode(batch)),
      )
    const upper = throughUpper({
      above: feederAggregator,
      through: async (above, to, batch) =>
        outcomeCodec.decode(
          await request(
            above,
            isIed,
            RELAY_PROTOCOL,
            relayCodec.encode({ to: { ...to }, batch }),
            RELAY_MS,
            AbortSignal.any([stopping.signal, aboveGone.signal]),
          ),
        ),
      straight,
      isGenuine(to, receipt) {
        const peerId = context.messenger.peerOf(to.backEnd, collectsAs(to, sharing))
        return (
          peerId !== undefined &&
          isReceiptGenuine(receipt, (bytes, signature) => context.verify(peerId, bytes, signature))
        )
      },
      now: () => clock.now(),
    })

    /** Members that have not answered yet, and how often they are asked. */
    const pulling = new Map<string, number>()
    const ports = {
      pull: async (member: string, pull: Pull): Promise<Batch | PullRefusal> => {
        if (member === name) return source.answer(pull)
        pulling.set(member, (pulling.get(member) ?? 0) + 1)
        try {
          return pullAnswerCodec.decode(await requestMember(member, PULL_PROTOCOL, pullCodec.encode(pull)))
        } finally {
          const left = (pulling.get(member) ?? 1) - 1
          if (left === 0) pulling.delete(member)
          else pulling.set(member, left)
        }
      },
      deliver: upper.deliver,
      carry: async (member: string, outcomes: readonly Outcome[]): Promise<void> => {
        if (member === name) await source.carry(outcomes)
        else await requestMember(member, CARRY_PROTOCOL, carryCodec.encode({ outcomes: [...outcomes] }))
      },
      log: (event: { event: string }) => log.debug('roll-up', { ...event, about: event.event }),
    }
    const running = new Map<string, Promise<unknown>>()
    let relayed = 0
    /** One of a kind at a time; a second call while one runs joins it. */
    function rollAs(kind: string, who: readonly string[], deliver = ports.deliver): Promise<unknown> {
      const before = running.get(kind)
      if (before !== undefined) return before
      const round = rollUpRound({
        ...ports,
        deliver,
        members: who,
        destinations: destinations(),
        now: () => clock.now(),
      })
        .then(counts => {
          if (counts.records > 0) context.report('forwarded', { ...counts })
        })
        .finally(() => running.delete(kind))
      running.set(kind, round)
      return round
    }
    const roll = (who: readonly string[]): Promise<unknown> => rollAs('all', who)
    /**
     * A round that waits for a member that is dead, and not known to be, does not hold up the others: a second one is for
     * those that it does not wait for.
     */
    const rollInTurn = (who: readonly string[]): Promise<unknown> =>
      running.has('all')
        ? rollAs(
            'beside',
            who.filter(member => !pulling.has(member)),
          )
        : roll(who)
    /** For one that asks: a round of all that runs may have been at it already. */
    const rollFor = (member: string): Promise<unknown> => rollAs(`for ${member}`, [member])
    /** Beside a round for others: a member that does not answer holds that up, and the own records need not wait for it. */
    const rollOwn = (): Promise<unknown> => rollAs('own', [name])
    /** For one whose records are stuck: whatever the feeder's aggregator does with them, it is not asked. */
    const rollStraight = (): Promise<unknown> => rollAs('straight', [name], straight)
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
        if (action.kind === 'goDirect') void rollStraight()
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
    serveRanges(context, { source, groups, elections, mayPull, request })
    context.links.serve(CARRY_PROTOCOL, async (from, bytes) => {
      mayPull(from)
      await source.carry(carryCodec.decode(bytes).outcomes)
      return new Uint8Array()
    })
    const relaying = turns(RELAYED)
    // It goes on to the back end and to nobody else, so that no batch runs in a circle. The batch is its member's: what is
    // none, the back end refuses.
    context.links.serve(RELAY_PROTOCOL, async (from, bytes) => {
      if (!isIed(from) || !feeder.file.ieds.some(ied => ied.name === from.name))
        throw new Error('for IEDs of the feeder')
      if (elections.feederAggregator() !== name) throw new Error(`${name} does not aggregate for the feeder`)
      const { to, batch } = relayCodec.decode(bytes)
      relayed++
      log.debug('relayed', { from: from.name, ied: batch.ied, backEnd: to.backEnd })
      return relaying.run(bytes.length, async () => outcomeCodec.encode(await straight(to, batch)))
    })
    context.links.serve(ASK_PROTOCOL, async (from, bytes) => {
      isMember(from)
      if (askCodec.decode(bytes) !== from.name) throw new Error('ask for yourself')
      void rollFor(from.name)
      return new Uint8Array()
    })
    context.readout('roll-up', async () => ({
      rollUp: [
        {
          level: 'group',
          name: group,
          members: members.size,
          aggregator: elected.aggregator() ?? '',
          through: 0,
          handedOn: 0,
        },
        ...(groups.isHierarchy
          ? [
              {
                level: 'feeder',
                name: feeder.file.name,
                members: feeder.file.ieds.length,
                aggregator: elections.feederAggregator() ?? '',
                through: upper.through(),
                handedOn: relayed,
              },
            ]
          : []),
      ],
    }))
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
        if (elected.isAggregator()) void rollInTurn(present())
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
        await elections.stop()
        // What is cut off here was not receipted, and goes out again after the next start.
        stopping.abort(new Error('stopping'))
        await Promise.all(running.values())
      },
    }
  },
}
