// The elections that one IED takes part in: that of its group, and, on a large feeder and for as long as it aggregates for
// its group, that of the feeder's aggregator.

import { duration } from '../../topology/units.ts'
import { beatCodec } from '../aggregation/election.ts'
import { FEEDER_GROUP, type Groups } from '../aggregation/groups.ts'
import { authorityTable } from './authority-table.ts'
import type { ComponentContext, Running } from './component.ts'
import { beginWhenHeard, type Elected, groupElection } from './group-election.ts'
import { groupTopic } from './topics.ts'

const TERM_KEY = 'election/term'
const FEEDER_TERM_KEY = 'election/feeder-term'
/** One that has just subscribed hears the feeder's aggregator only when gossip with others runs. */
const LISTEN = duration(3000)

export interface Elections extends Running {
  readonly group: Pick<Elected, 'isAggregator' | 'aggregator' | 'ranking'>
  /** Of the feeder; undefined where there is none, or this IED does not aggregate for its group. */
  feederAggregator(): string | undefined
  /** Who stands for that: the aggregators of the groups, as far as their beats are heard here. */
  candidates(): readonly string[]
}

export async function joinElections(
  context: ComponentContext,
  groups: Groups,
  fitness: () => number,
  /** Whom the aggregators of the groups follow may be another from now on. */
  feederAggregatorChanged: () => void,
): Promise<Elections> {
  const { feeder, name, links, messenger, bus, log } = context
  const group = groups.of(name)
  const members = groups.members(group)
  const everybody = new Set(feeder.file.ieds.map(ied => ied.name))
  const feederTopic = groupTopic(feeder.file.name, FEEDER_GROUP)
  let upper: Elected | undefined
  let wish = Promise.resolve()
  let stopped = false

  const own = await groupElection(context, {
    group,
    members,
    topic: groupTopic(feeder.file.name, group),
    termKey: TERM_KEY,
    fitness,
    following(aggregator, term) {
      followOffice()
      bus.emit('aggregator', { name: aggregator, term, self: aggregator === name })
      context.report('aggregator', { name: aggregator ?? null, term, self: aggregator === name })
    },
    steppedDown(term) {
      followOffice()
      context.report('stepped-down', { term })
    },
  })

  /** One change after the other: an office may come and go while the store is read. */
  function followOffice(): void {
    if (!groups.isHierarchy) return
    wish = wish
      .then(() => (own.isAggregator() && !stopped ? stand() : standDown()))
      .catch(error => log.error('feeder-election', { reason: (error as Error).message }))
  }

  const tell = (aggregator: string | undefined, term: number): void => {
    context.report('feeder-aggregator', { name: aggregator ?? null, term, self: aggregator === name })
    feederAggregatorChanged()
  }

  async function stand(): Promise<void> {
    if (upper !== undefined) return
    const joined = await groupElection(context, {
      group: FEEDER_GROUP,
      members: everybody,
      topic: feederTopic,
      termKey: FEEDER_TERM_KEY,
      fitness,
      listen: LISTEN,
      following: tell,
      steppedDown: term => tell(undefined, term),
    })
    if (stopped || !own.isAggregator()) return
    upper = joined
    links.subscribe(feederTopic)
    upper.feed({ kind: 'tick' })
  }

  function standDown(): void {
    if (upper === undefined) return
    upper.leave()
    upper = undefined
    feederAggregatorChanged()
    links.unsubscribe(feederTopic)
  }

  messenger.on(
    {
      ...authorityTable.electionBeat,
      claim: (payload, origin) => (beatCodec.decode(payload).ied === origin.name ? undefined : 'not-its-name'),
    },
    ({ payload }) => {
      const beat = beatCodec.decode(payload)
      if (beat.group === FEEDER_GROUP) upper?.feed({ kind: 'beat', beat })
      else own.feed({ kind: 'beat', beat })
    },
  )
  links.subscribe(groupTopic(feeder.file.name, group))
  links.onPeer((peer, change) => {
    const ied = peer.credential.name
    if (change === 'down' && members.has(ied)) own.feed({ kind: 'peerLost', ied })
    if (change === 'down' && everybody.has(ied)) upper?.feed({ kind: 'peerLost', ied })
    own.feed({ kind: 'fitness', fitness: fitness() })
    upper?.feed({ kind: 'fitness', fitness: fitness() })
  })
  const begin = beginWhenHeard(context, members, () => own.feed({ kind: 'tick' }))

  return {
    group: own,
    feederAggregator: () => upper?.aggregator(),
    candidates: () => upper?.ranking() ?? [],
    async stop() {
      stopped = true
      begin.cancel()
      await wish
      standDown()
      own.leave()
    },
  }
}

/**
 * A back-end peer is connected with most aggregators, and they perhaps not with each other: it hands on their beats, and
 * takes no part itself.
 */
export function handOnFeederBeats({ feeder, links, messenger }: ComponentContext): void {
  messenger.on(
    {
      ...authorityTable.electionBeat,
      claim: (payload, origin) => (beatCodec.decode(payload).ied === origin.name ? undefined : 'not-its-name'),
    },
    () => {},
  )
  links.subscribe(groupTopic(feeder.file.name, FEEDER_GROUP))
}
