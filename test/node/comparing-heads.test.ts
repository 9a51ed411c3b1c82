// Rounds of back ends that show each other heads: none waits for another, and what one says of a ledger is told at once.

import { describe, expect, it } from 'vitest'
import { type Collector, openCollector } from '../../src/aggregation/collector.ts'
import { type Batch, batchCodec, outcomeCodec } from '../../src/aggregation/delivery.ts'
import type { Ledger } from '../../src/aggregation/ledger.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { startComparing } from '../../src/node/comparing-heads.ts'
import { keys, ledgerOn, readingBytes, utc } from '../aggregation/fixtures.ts'

async function batchOf(wh: bigint): Promise<Batch> {
  const ledger: Ledger = await ledgerOn(openMemoryStore())
  await ledger.append('billing', readingBytes(1, 0n, wh))
  const records = await ledger.read({ after: 0, limit: 9, maxBytes: 1e6 })
  const { ied, ledgerId } = ledger
  return { kind: 'batch', ied, ledgerId, records, head: await ledger.signedHead(), remaining: 0 }
}

const collectorOf = (backEnd: string): Collector =>
  openCollector({
    store: openMemoryStore(),
    backEnd,
    organisation: 'u',
    sign: keys(backEnd).sign,
    utc,
    keyOf: ied => keys(ied).verify,
    mayCollect: () => true,
  })

/** With these back ends around it; each answers as it says. */
async function started(others: Record<string, (batch: Batch, ms: (more: number) => void) => Promise<Uint8Array>>) {
  const own = collectorOf('own')
  await own.accept(await batchOf(1n))
  const alarms: string[] = []
  let now = 0
  let due = (): void => {}
  const comparing = startComparing(
    {
      clock: {
        now: () => now,
        wakeAt(_: number, run: () => void) {
          due = run
          return () => {}
        },
      },
      links: {
        peers: () =>
          ['meter', ...Object.keys(others)].map(name => ({
            credential: { peerId: name, name, roles: [name === 'meter' ? 'IED' : 'BACKEND'] },
          })),
        request: async (peer: string, _: string, bytes: Uint8Array) =>
          others[peer]?.(batchCodec.decode(bytes), more => {
            now += more
          }),
        onPeer: () => {},
      },
      log: { debug: () => {}, warn: () => {} },
      report: (_: string, fields: Record<string, unknown>) => alarms.push(`${fields.alarm} ${fields.backEnd}`),
      isRevoked: () => false,
    } as unknown as Parameters<typeof startComparing>[0],
    own,
    '/deliver',
    300_000,
  )
  const round = async (): Promise<void> => {
    due()
    for (let n = 0; n < 20; n++) await new Promise(setImmediate)
  }
  return { own, alarms, round, comparing }
}

const answering = (collector: Collector) => async (batch: Batch) => outcomeCodec.encode(await collector.accept(batch))

describe('a round of comparing', () => {
  it('does not let one back end that never answers keep the others from being shown', async () => {
    const other = collectorOf('other')
    await other.accept(await batchOf(7n))
    const { alarms, round } = await started({ silent: () => new Promise(() => {}), other: answering(other) })
    await round()
    expect(alarms).toEqual(['forkElsewhere other'])
    expect(await other.alarms()).toMatchObject([{ kind: 'fork' }])
  })

  it('gives a slow one a minute, and goes on with it where that stopped', async () => {
    const slow = collectorOf('slow')
    const asked: string[] = []
    const { own, round } = await started({
      slow: async (batch, ms) => {
        asked.push(batch.ied)
        ms(40_000)
        return answering(slow)(batch)
      },
    })
    for (const ied of ['R4', 'R5', 'R6']) {
      const ledger = await ledgerOn(openMemoryStore(), ied)
      await ledger.append('billing', readingBytes(1, 0n, 1n))
      const records = await ledger.read({ after: 0, limit: 9, maxBytes: 1e6 })
      const batch = { kind: 'batch', ied, ledgerId: ledger.ledgerId, records, remaining: 0 } as const
      await own.accept({ ...batch, head: await ledger.signedHead() })
    }
    await round()
    expect(asked).toHaveLength(2)
    await round()
    expect(asked.toSorted()).toEqual(['R3', 'R4', 'R5', 'R6'])
  })
})
