// Asks all IEDs that are connected what they know of their supply, at most eight at a time. Of those that do not answer a
// back-end peer takes the records that it has collected, and computes the same of them. Each other IED of the feeder file is
// named as lacking: those without supply are often the ones that cannot be asked, and figures without them look too good.

import { toCbor } from '../../topology/cbor.ts'
import type { Collector } from '../aggregation/collector.ts'
import { decodeReliability, type ReliabilityRecord } from '../aggregation/reliability/record.ts'
import { type IedReliability, iedReliability, iedReliabilityCodec } from '../aggregation/reliability/report.ts'
import type { ComponentContext } from './component.ts'
import type { SupplyPlaces } from './supply-places.ts'

export const RELIABILITY_PROTOCOL = '/feedermesh/reliability/1.0.0'
const PATIENCE_MS = 3000
const AT_ONCE = 8
/** Records of the class that are looked at for one answer; the latest. */
export const MOST_RECORDS = 20_000

export interface Period {
  readonly fromUtcMs: number
  readonly toUtcMs: number
}

export interface Polled {
  readonly answers: readonly IedReliability[]
  readonly unanswered: readonly { readonly ied: string; readonly reason: string }[]
  /** Of these the collected records were used. */
  readonly fromRecords: readonly string[]
}

export interface LeftOut {
  readonly ied: string
  /** Of this one; of the IED's supply when absent. */
  readonly generator?: string
  readonly interruptions: number
  readonly of: 'period' | 'years before'
}

/** Interruptions that are in no answer: indices are without them, times are not. */
export const leftOutOf = (answers: readonly IedReliability[], of: LeftOut['of']): LeftOut[] =>
  answers.flatMap(({ ied, leftOut, generators }) =>
    [{ ied, interruptions: leftOut, of }, ...generators.map(each => leftOutGenerator(ied, each, of))].filter(
      ({ interruptions }) => interruptions > 0,
    ),
  )

const leftOutGenerator = (
  ied: string,
  { generator, leftOut }: IedReliability['generators'][number],
  of: LeftOut['of'],
): LeftOut => ({ ied, generator, interruptions: leftOut, of })

/** @param own the own answer of an IED; a back-end peer has none */
export async function pollReliability(
  { bus, feeder, links }: ComponentContext,
  places: SupplyPlaces,
  period: Period,
  own?: IedReliability,
): Promise<Polled> {
  const isIed = (name: string): boolean => feeder.file.ieds.some(each => each.name === name)
  const waiting = links.peers().filter(({ credential: { name, organisation } }) =>
    // Who carries the name of another organisation's IED is not it.
    feeder.file.ieds.some(ied => ied.name === name && ied.organisation === organisation),
  )
  const asked = new Set([...waiting.map(({ credential: { name } }) => name), ...(own === undefined ? [] : [own.ied])])
  const answers: IedReliability[] = own === undefined ? [] : [own]
  const unanswered: { ied: string; reason: string }[] = []
  const question = toCbor(period)

  async function worker(): Promise<void> {
    for (let peer = waiting.shift(); peer !== undefined; peer = waiting.shift()) {
      const ied = peer.credential.name
      try {
        const bytes = await links.request(peer.peerId, RELIABILITY_PROTOCOL, question, { timeoutMs: PATIENCE_MS })
        const answer = iedReliabilityCodec.decode(bytes)
        // Nobody speaks for another, or of another time; how many customers he has stands in the own feeder file.
        if (answer.ied !== ied || answer.interruptions.some(each => each.ied !== ied))
          throw new Error(`it answers for ${answer.ied}`)
        const { watchedMs, unknownMs, downMs, plannedMs } = answer
        if (unknownMs + downMs + plannedMs > watchedMs) throw new Error('it was down for longer than it watched')
        if (watchedMs > period.toUtcMs - period.fromUtcMs) throw new Error('it watched for longer than was asked')
        if (answer.fromUtcMs !== period.fromUtcMs || answer.toUtcMs !== period.toUtcMs)
          throw new Error('it answers of another period')
        answers.push({ ...answer, customers: places.customers(ied) })
      } catch (error) {
        unanswered.push({ ied, reason: (error as Error).message })
      }
    }
  }

  async function collected(known: ReadonlySet<string>): Promise<IedReliability[]> {
    const collectors: Pick<Collector, 'heads' | 'recordsOf'>[] = []
    bus.emit('collector-asked', { answer: collector => collectors.push(collector) })
    const ledgers = new Map<string, ReliabilityRecord[][]>()
    for (const collector of collectors) {
      for (const { ied, ledgerId } of await collector.heads()) {
        if (known.has(ied) || !isIed(ied)) continue
        const its: ReliabilityRecord[] = []
        ledgers.set(ied, [...(ledgers.get(ied) ?? []), its])
        for await (const { body } of collector.recordsOf({ ied, ledgerId, class: 'reliability' })) {
          const record = body && decodeReliability(body.content)
          if (record !== undefined) its.push(record)
          if (its.length > MOST_RECORDS) its.shift()
        }
      }
    }
    return [...ledgers].flatMap(([ied, all]) => {
      // A device that was replaced has begun another ledger: the one before it comes first, whatever their names are.
      const its = all.toSorted((one, other) => (one[0]?.utcMs ?? 0) - (other[0]?.utcMs ?? 0)).flat()
      return its.length === 0 ? [] : [iedReliability({ ied, customers: places.customers(ied), ...period }, its)]
    })
  }

  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  for (const { name } of feeder.file.ieds)
    if (!asked.has(name)) unanswered.push({ ied: name, reason: 'it is not connected here' })
  const late = await collected(new Set(answers.map(({ ied }) => ied)))
  return {
    answers: [...answers, ...late],
    unanswered: unanswered.filter(({ ied }) => !late.some(each => each.ied === ied)),
    fromRecords: late.map(({ ied }) => ied),
  }
}
