// Who is asked about his supply, and who is named as lacking.

import { describe, expect, it } from 'vitest'
import { reliabilityCodec } from '../../src/aggregation/reliability/record.ts'
import { iedReliability, iedReliabilityCodec } from '../../src/aggregation/reliability/report.ts'
import { bus, type ComponentContext } from '../../src/node/component.ts'
import { pollReliability } from '../../src/node/reliability-poll.ts'
import { supplyPlaces } from '../../src/node/supply-places.ts'
import { createFeeder } from '../../topology/feeder.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

const period = { fromUtcMs: 0, toUtcMs: 1_000_000 }
const feeder = createFeeder(smallFeeder())
const answerOf = (ied: string) => iedReliability({ ied, customers: 1, ...period }, [])

/** @param connected by name, what each answers */
const polled = (connected: Record<string, () => Uint8Array>, own?: string, collector?: unknown) => {
  const peers = Object.keys(connected).map(name => ({ peerId: name, credential: { name, organisation: 'u' } }))
  const events = bus(() => {})
  if (collector !== undefined) events.on('collector-asked', ({ answer }) => answer(collector as never))
  const context = {
    feeder,
    bus: events,
    links: { peers: () => peers, request: async (peerId: string) => connected[peerId]?.() },
  } as unknown as ComponentContext
  return pollReliability(context, supplyPlaces(feeder), period, own === undefined ? undefined : answerOf(own))
}
const says = (ied: string) => () => iedReliabilityCodec.encode(answerOf(ied))

describe('a poll', () => {
  it('names each IED of the feeder that did not answer, also those that nobody could ask', async () => {
    const { answers, unanswered } = await polled(
      {
        meter: says('meter'),
        recloser: () => {
          throw new Error('no answer in time')
        },
      },
      'relay',
    )
    expect(answers.map(({ ied }) => ied)).toEqual(['relay', 'meter'])
    expect(unanswered).toEqual([
      { ied: 'recloser', reason: 'no answer in time' },
      ...['tie', 'motor', 'generator', 'bank', 'rtu'].map(ied => ({ ied, reason: 'it is not connected here' })),
    ])
  })

  it('takes no answer for another, and none of who carries the name of another organisation', async () => {
    const { answers, unanswered } = await polled({ meter: says('tie'), generator: says('generator') })
    expect(answers).toEqual([])
    expect(unanswered).toContainEqual({ ied: 'meter', reason: 'it answers for tie' })
    expect(unanswered).toContainEqual({ ied: 'generator', reason: 'it is not connected here' })
    expect(unanswered).toHaveLength(8)
  })

  it('takes no answer that contradicts itself', async () => {
    const down = { ...answerOf('meter'), watchedMs: 10, downMs: 8, unknownMs: 3 }
    const { answers, unanswered } = await polled({ meter: () => iedReliabilityCodec.encode(down) })
    expect(answers).toEqual([])
    expect(unanswered).toContainEqual({ ied: 'meter', reason: 'it was down for longer than it watched' })
  })

  it('puts the ledgers of a device that was replaced in the order of time', async () => {
    const supply = (state: 'live' | 'dead', utcMs: number) => ({
      body: {
        content: reliabilityCodec.encode({ event: 'supply', state, utcMs, knownUntilUtcMs: utcMs, phases: [] }),
      },
    })
    const ledgers: Record<string, ReturnType<typeof supply>[]> = {
      a: [supply('live', 600_000)], // the new one, with the lesser name
      b: [supply('live', 0), supply('dead', 100_000), supply('live', 500_000)],
    }
    const { answers } = await polled({}, undefined, {
      heads: async () => ['a', 'b'].map(ledgerId => ({ ied: 'meter', ledgerId })),
      async *recordsOf({ ledgerId }: { ledgerId: string }) {
        yield* ledgers[ledgerId] ?? []
      },
    })
    expect(answers).toMatchObject([{ ied: 'meter', watchedMs: 1_000_000, downMs: 400_000 }])
  })
})
