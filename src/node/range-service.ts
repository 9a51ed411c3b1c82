// An IED answers back ends that ask for a range of its ledger, and, where it aggregates, passes such a question on to the IED
// that it is about. An answer is sealed to the back end that asks, as records are that an aggregator fetches.

import type { Groups } from '../aggregation/groups.ts'
import { rangeAnswerCodec, rangeAskCodec } from '../aggregation/range.ts'
import type { Source } from '../aggregation/source.ts'
import type { Credential } from '../mesh/credential.ts'
import { collectsAs, type Fits, isIed } from './collecting-peers.ts'
import type { ComponentContext } from './component.ts'
import type { Elections } from './elections.ts'
import { RANGE_PROTOCOL } from './range-questions.ts'
import { turns } from './turns.ts'

/** The back end has one under way with each IED; of more than this who aggregates passes on none. */
const AT_ONCE = { atOnce: 2, waitingBytes: 16 }
const PASSED_ON = { atOnce: 4, waitingBytes: 64 }
const MEMBER_MS = 15_000
/** Through the aggregator of another group, which asks its member itself. */
const GROUP_MS = 20_000

export interface RangeServicePorts {
  readonly source: Source
  readonly groups: Groups
  readonly elections: Elections
  /** @throws Error when this one has no business with the records here, as it neither aggregates nor was asked */
  readonly mayPull: (from: Credential) => void
  readonly request: (
    to: string,
    fits: Fits,
    protocol: string,
    question: Uint8Array,
    timeoutMs: number,
  ) => Promise<Uint8Array>
}

export function serveRanges(context: ComponentContext, ports: RangeServicePorts): void {
  const { name, feeder, sharing, links, log } = context
  const { source, groups, elections, mayPull, request } = ports
  const answering = turns(AT_ONCE)
  const passing = turns(PASSED_ON)

  links.serve(RANGE_PROTOCOL, async (from, bytes) => {
    const ask = rangeAskCodec.decode(bytes)
    const isAsker = collectsAs(ask.recipient, sharing)(from)
    if (ask.ied === name) {
      if (!isAsker) mayPull(from)
      const answer = await answering.run(1, () => source.range(ask))
      log.debug('range-answered', { to: ask.recipient.backEnd, kind: answer.kind, after: ask.after })
      return rangeAnswerCodec.encode(answer)
    }
    if (!isAsker && from.name !== elections.feederAggregator()) throw new Error('ask for yourself')
    const to = nextOnTheWay(ask.ied, isAsker)
    log.debug('range-passed-on', { ied: ask.ied, to, for: ask.recipient.backEnd })
    return passing.run(1, () => request(to, isIed, RANGE_PROTOCOL, bytes, to === ask.ied ? MEMBER_MS : GROUP_MS))
  })

  /** Down only, so that no question runs in a circle: to a member, or from the feeder's aggregator to that of the group. */
  function nextOnTheWay(ied: string, isFromAsker: boolean): string {
    if (!feeder.file.ieds.some(each => each.name === ied)) throw new Error(`no IED ${ied} on this feeder`)
    const group = groups.of(ied)
    if (group === groups.of(name) && elections.group.isAggregator()) return ied
    const above = isFromAsker && elections.feederAggregator() === name ? elections.candidates() : []
    const aggregator = above.find(each => groups.of(each) === group)
    if (aggregator === undefined) throw new Error(`${name} does not aggregate for ${ied}`)
    return aggregator
  }
}
