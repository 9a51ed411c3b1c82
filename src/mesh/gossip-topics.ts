// Topics on gossipsub. What comes is judged before it is passed on, by whoever uses the topic.

import { type GossipSub, TopicValidatorResult } from '@libp2p/gossipsub'
import type { GossipStanding } from './gossip-standing.ts'
import type { Links, Verdict } from './links.ts'

export interface GossipTopics extends Pick<Links, 'subscribe' | 'unsubscribe' | 'publish' | 'onPublished'> {
  /** A topic of the links' own. */
  take(topic: string, judge: (frame: Uint8Array) => Promise<Verdict>): void
  /** The node runs: what was subscribed to before that. */
  start(): void
}

const VERDICTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}

export function gossipTopics(gossip: GossipSub, isStarted: () => boolean, standing: GossipStanding): GossipTopics {
  /** Topics subscribed to before the start. */
  const early = new Set<string>()
  let check: Parameters<Links['onPublished']>[0] = () => 'ignore'

  function join(topic: string): void {
    if (isStarted()) gossip.subscribe(topic)
    else early.add(topic)
  }

  return {
    subscribe(topic) {
      gossip.topicValidators.set(topic, (from, message) => {
        const verdict = check(from.toString(), topic, message.data)
        if (verdict === 'reject') standing.rejected(from.toString())
        return VERDICTS[verdict]
      })
      join(topic)
    },
    take(topic, judge) {
      gossip.topicValidators.set(topic, async (from, message) => {
        const verdict = await judge(message.data)
        if (verdict === 'reject') standing.rejected(from.toString())
        return VERDICTS[verdict]
      })
      join(topic)
    },
    unsubscribe(topic) {
      early.delete(topic)
      if (isStarted()) gossip.unsubscribe(topic)
      gossip.topicValidators.delete(topic)
    },
    async publish(topic, frame) {
      if (!isStarted()) return 0
      return (await gossip.publish(topic, frame)).recipients.length
    },
    onPublished: next => {
      check = next
    },
    start() {
      for (const topic of early) gossip.subscribe(topic)
      early.clear()
    },
  }
}
