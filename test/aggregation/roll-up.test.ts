import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Batch, Pull } from '../../src/aggregation/delivery.ts'
import { decodeReading } from '../../src/aggregation/reading.ts'
import { chainStart, checkChain } from '../../src/aggregation/record.ts'
import { type RollUpEvent, rollUpRound } from '../../src/aggregation/roll-up.ts'
import { entitled } from '../../src/aggregation/sharing-policy.ts'
import { collect } from './fixtures.ts'
import { destinations, meshOfStores, policy } from './mesh-of-stores.ts'

type Mesh = ReturnType<typeof meshOfStores>

/** Rounds without faults until nobody waits for a receipt. */
async function settle(mesh: Mesh): Promise<void> {
  mesh.calm()
  for (let i = 0; i < 200; i++) {
    await mesh.round()
    const sources = await Promise.all(mesh.members.map(({ ied }) => mesh.member(ied)))
    if (sources.every(({ source }) => destinations.every(({ backEnd }) => source.pending(backEnd) === 0))) return
  }
  throw new Error('records stay without receipt')
}

/** What every back end has, against what every member has. */
async function expectOnceAndWhole(mesh: Mesh): Promise<void> {
  for (const { ied, acknowledged } of mesh.members) {
    const { ledger } = await mesh.member(ied)
    const own = await ledger.read({ after: 0, limit: 10_000, maxBytes: Number.POSITIVE_INFINITY })
    for (const { number, commitment } of acknowledged) expect(own[number - 1]?.header.commitment).toEqual(commitment)
    const readings = own
      .filter(({ header }) => header.class === 'billing')
      .map(({ body }) => decodeReading(body?.content ?? new Uint8Array()))
    const wattHours = readings.reduce((sum, each) => sum + each.importWhEnd - each.importWhStart, 0n)

    for (const { backEnd, organisation } of destinations) {
      const collector = mesh.collector(backEnd)
      const records = await collect(collector.records({ ied, ledgerId: ledger.ledgerId }))
      expect(records).toEqual(
        own.map(({ header, body }) =>
          body && entitled(policy, header, { organisation }) ? { header, body } : { header },
        ),
      )
      expect(checkChain(chainStart, ledger, records)).toEqual({ ok: true, end: ledger.head() })
      expect((await collect(collector.readings({ ied }))).map(each => each.reading)).toEqual(readings)
      expect(await collector.total(ied)).toEqual({ importWh: wattHours, exportWh: 0n, readings: readings.length })
      expect(await collector.alarms()).toEqual([])
    }
    const last = readings.at(-1)
    if (last) expect(wattHours).toBe(last.importWhEnd - (readings[0]?.importWhStart ?? 0n)) // nothing between two readings
  }
}

describe('records on their way to the back ends', () => {
  it('arrive once and whole, whoever loses power at whatever operation and whatever the network loses', async () => {
    const faults = fc.record({
      seed: fc.integer(),
      storeFaults: fc.constantFrom(0, 0.01, 0.05, 0.1),
      networkFaults: fc.constantFrom(0, 0.1, 0.3),
    })
    await fc.assert(
      fc.asyncProperty(faults, async options => {
        const mesh = meshOfStores({ ...options, members: 3 })
        const steps = [
          () => mesh.live('R1'),
          () => mesh.live('R2'),
          () => mesh.live('R3'),
          () => mesh.round(),
          () => Promise.all([mesh.round(), mesh.round()]), // two aggregators at once
          () => mesh.replay(),
          () => Promise.all([mesh.live('R1'), mesh.round(), mesh.replay()]),
        ]
        for (let i = 0; i < 40; i++) {
          await steps[Math.floor(mesh.chance() * steps.length)]?.().catch(() => {}) // somebody lost power: opened anew at the next step
        }
        await settle(mesh)
        await expectOnceAndWhole(mesh)
      }),
      { numRuns: 12 },
    )
  }, 600_000)

  it('are sent again to a back end that lost its disk', async () => {
    const mesh = meshOfStores({ seed: 1, members: 2, storeFaults: 0, networkFaults: 0 })
    for (let i = 0; i < 10; i++) await mesh.live('R1')
    await settle(mesh)
    mesh.wipe('BE1')
    await mesh.live('R1')
    await settle(mesh)
    await expectOnceAndWhole(mesh)
  })
})

describe('a round', () => {
  const quiet = () => Promise.reject(new Error('no answer'))

  it('does not wait for the silent, and does not ask a dead back end again and again', async () => {
    const mesh = meshOfStores({ seed: 1, members: 1, storeFaults: 0, networkFaults: 0 })
    await mesh.live('R1')
    const { source } = await mesh.member('R1')
    const events: RollUpEvent[] = []
    const delivered: string[] = []
    const counts = await rollUpRound({
      members: ['gone', 'R1', 'R1', 'R1', 'R1'],
      destinations,
      limits: {
        batches: 1,
        records: 10,
        bytes: 10_000,
        firstBytes: 10_000,
        deliverWithinMs: 500,
        concurrency: 1,
        deliveryFailures: 2,
      },
      pull: (member, pull) => (member === 'gone' ? quiet() : source.answer(pull)),
      deliver: ({ backEnd }, batch) => {
        delivered.push(backEnd)
        return backEnd === 'BE1' ? quiet() : mesh.collector(backEnd).accept(batch)
      },
      carry: (_, outcomes) => source.carry(outcomes),
      log: event => events.push(event),
    })
    expect(counts).toMatchObject({ silent: 2, deliveryFailures: 2, receipts: 1 })
    expect(delivered.filter(backEnd => backEnd === 'BE1')).toHaveLength(2)
    expect(source.pending('BE2')).toBe(0)
    expect(source.pending('BE1')).toBeGreaterThan(0)
    expect(events.map(({ event }) => event).sort()).toEqual([
      'deliveryFailed',
      'deliveryFailed',
      'memberSilent',
      'memberSilent',
    ])
  })

  it('does not take one member for another', async () => {
    const mesh = meshOfStores({ seed: 1, members: 1, storeFaults: 0, networkFaults: 0 })
    await mesh.live('R1')
    const { source } = await mesh.member('R1')
    const events: RollUpEvent[] = []
    const counts = await rollUpRound({
      members: ['R2'],
      destinations: destinations.slice(0, 1),
      pull: (_, pull) => source.answer(pull),
      deliver: quiet,
      carry: quiet,
      log: event => events.push(event),
    })
    expect(events).toEqual([{ event: 'refused', member: 'R2', backEnd: 'BE1', reason: 'answered as R1' }])
    expect(counts).toMatchObject({ receipts: 0, deliveryFailures: 0 })
  })

  it('ends though a back end answers with a receipt that covers nothing', async () => {
    const mesh = meshOfStores({ seed: 1, members: 1, storeFaults: 0, networkFaults: 0 })
    for (let i = 0; i < 5; i++) await mesh.live('R1')
    const { source } = await mesh.member('R1')
    let pulls = 0
    const strip = (batch: Batch): Batch => ({ ...batch, records: batch.records.map(({ header }) => ({ header })) })
    const ask = (pull: Pull) => {
      pulls++
      return source.answer(pull)
    }
    await rollUpRound({
      members: ['R1'],
      destinations: destinations.slice(0, 1),
      limits: {
        batches: 50,
        records: 2,
        bytes: 10_000,
        firstBytes: 10_000,
        deliverWithinMs: 500,
        concurrency: 1,
        deliveryFailures: 2,
      },
      pull: (_, pull) => ask(pull),
      deliver: ({ backEnd }, batch) => mesh.collector(backEnd).accept(strip(batch)), // an aggregator that drops bodies
      carry: (_, outcomes) => source.carry(outcomes),
      log: () => {},
    })
    expect(pulls).toBe(7) // five for what is new, and two for the bodies that lack, which bring nothing
    expect(source.receiptedUpTo('BE1')).toBe(0) // headers alone are not receipted as delivered
    await settle(mesh)
    await expectOnceAndWhole(mesh)
  })
})
