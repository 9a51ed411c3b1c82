// How a back-end peer gets a question for a range to an IED: straight, or through an IED that aggregates for it.

import { groupsOf } from '../aggregation/groups.ts'
import { type RangeAnswer, type RangeAsk, rangeAnswerCodec, rangeAskCodec } from '../aggregation/range.ts'
import type { RangeWay } from '../aggregation/range-course.ts'
import type { Credential } from '../mesh/credential.ts'
import type { ComponentContext } from './component.ts'

export const RANGE_PROTOCOL = '/feedermesh/readings/range/1.0.0'

const STRAIGHT_MS = 15_000
/** Whoever passes it on waits for the other's answer meanwhile, and perhaps that one for a third. */
const THROUGH_MS = 25_000
/** Those that do not aggregate say so at once. */
const ASKED_IN_A_ROW = 8

export type AskRange = (ask: RangeAsk, way: RangeWay, signal: AbortSignal) => Promise<RangeAnswer>

/** Rejects when nobody answers. */
export function rangeQuestions(context: ComponentContext): AskRange {
  const { links, messenger, feeder, config } = context
  const groups = groupsOf(feeder, config.aggregation.hierarchy)
  /** By group, who passed the last question on. */
  const last = new Map<string, string>()
  let turn = 0

  async function request(peerId: string, ask: RangeAsk, timeoutMs: number, signal: AbortSignal): Promise<RangeAnswer> {
    const patience = { timeoutMs, signal, lane: 'bulk' } as const
    return rangeAnswerCodec.decode(await links.request(peerId, RANGE_PROTOCOL, rangeAskCodec.encode(ask), patience))
  }

  const isIed = (ied: string) => (peer: Credential) =>
    peer.name === ied && peer.roles.includes('IED') && feeder.file.ieds.some(each => each.name === ied)

  /** The one of last time, then those of the group, then the others, from another one on each time. */
  function aggregators(ied: string): string[] {
    const group = groups.of(ied)
    const members = groups.members(group)
    const others = links
      .peers()
      .filter(({ credential }) => isIed(credential.name)(credential) && credential.name !== ied)
    const near = others.filter(({ credential }) => members.has(credential.name))
    const far = others.filter(({ credential }) => !members.has(credential.name))
    const turned = [...near, ...far].map(({ peerId }) => peerId)
    const from = turned.length === 0 ? 0 : turn++ % turned.length
    const known = last.get(group)
    const rest = [...turned.slice(from), ...turned.slice(0, from)].filter(peerId => peerId !== known)
    return [...(known !== undefined && turned.includes(known) ? [known] : []), ...rest].slice(0, ASKED_IN_A_ROW)
  }

  return async (ask, way, signal) => {
    if (way === 'straight') {
      const peerId = messenger.peerOf(ask.ied, isIed(ask.ied))
      if (peerId === undefined) throw new Error(`${ask.ied} is not known`)
      return request(peerId, ask, STRAIGHT_MS, signal)
    }
    let why = new Error(`nobody is connected who could pass a question on to ${ask.ied}`)
    for (const peerId of aggregators(ask.ied)) {
      if (signal.aborted) break
      try {
        const answer = await request(peerId, ask, THROUGH_MS, signal)
        last.set(groups.of(ask.ied), peerId)
        return answer
      } catch (error) {
        why = error as Error
      }
    }
    last.delete(groups.of(ask.ied))
    throw why
  }
}
