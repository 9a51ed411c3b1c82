// Members, two back ends and the rounds between them, on stores that may lose their power at any operation and a network
// that loses, repeats and delays. One seed, one history.

import { type Collector, openCollector } from '../../src/aggregation/collector.ts'
import {
  type Batch,
  batchCodec,
  type Destination,
  outcomeCodec,
  pullAnswerCodec,
  pullCodec,
} from '../../src/aggregation/delivery.ts'
import { lastReading } from '../../src/aggregation/last-reading.ts'
import type { Ledger } from '../../src/aggregation/ledger.ts'
import { type MemoryDisk, memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { encodeReading, intervalReading, readingDefaults } from '../../src/aggregation/reading.ts'
import { recordClasses } from '../../src/aggregation/record.ts'
import { type RollUpCounts, rollUpRound } from '../../src/aggregation/roll-up.ts'
import type { SharingPolicy } from '../../src/aggregation/sharing-policy.ts'
import { createSource, type Source } from '../../src/aggregation/source.ts'
import { type Store, StoreError } from '../../src/aggregation/store.ts'
import { duration, utcMs } from '../../topology/units.ts'
import { keys, ledgerOn, utc } from './fixtures.ts'
import { random } from './random.ts'

export const policy: SharingPolicy = [
  { organisation: 'utility', classes: [...recordClasses] },
  { organisation: 'customer', classes: ['billing', 'event'] },
]
export const destinations: Destination[] = [
  { backEnd: 'BE1', organisation: 'utility' },
  { backEnd: 'BE2', organisation: 'customer' },
]
export const recipients = new Map(
  destinations.map(({ backEnd, organisation }) => [backEnd, { organisation, verify: keys(backEnd).verify }] as const),
)

interface Member {
  readonly ied: string
  readonly disk: MemoryDisk
  /** From when the opening begins: whoever asks meanwhile waits for the same one. */
  open?: Promise<{ ledger: Ledger; source: Source }>
  /** What its meter shows. */
  register: bigint
  hours: number
  readonly acknowledged: Array<{ number: number; commitment: Uint8Array }>
}

export function meshOfStores(options: { seed: number; members: number; storeFaults: number; networkFaults: number }) {
  const chance = random(options.seed)
  let { storeFaults, networkFaults } = options
  const members = Array.from({ length: options.members }, (_, i): Member => {
    return { ied: `R${i + 1}`, disk: memoryDisk(), register: 1_000n, hours: 0, acknowledged: [] }
  })
  const backEnds = new Map(
    destinations.map(each => [each.backEnd, { ...each, disk: memoryDisk(), open: undefined as Collector | undefined }]),
  )
  const old: Array<{ batch: Batch; backEnd: string }> = []

  /** A store whose power fails now and then, just before or just after an operation took effect. */
  function fragile(disk: MemoryDisk, onDeath: () => void): Store {
    const store = openMemoryStore(disk)
    let isDead = false
    const die = (): never => {
      isDead = true
      store.crash()
      onDeath()
      throw new StoreError('STORE_FAILED', 'power cut')
    }
    const mayDie = () => !isDead && chance() < storeFaults && die()
    return {
      ...store,
      async get(key) {
        mayDie()
        return store.get(key)
      },
      async batch(changes, durable) {
        mayDie()
        await store.batch(changes, durable)
        mayDie()
      },
    }
  }

  async function member(ied: string) {
    const found = members.find(each => each.ied === ied)
    if (!found) throw new Error(`no member ${ied}`)
    if (found.open === undefined) {
      const opening = opened(found)
      found.open = opening
      // The power may fail before there is anything to take away.
      opening.catch(() => found.open === opening && delete found.open)
    }
    return { ...(await found.open), member: found }
  }

  async function opened(found: Member): Promise<{ ledger: Ledger; source: Source }> {
    const store = fragile(found.disk, () => delete found.open)
    const ledger = await ledgerOn(store, found.ied, Math.floor(chance() * 1e9))
    return { ledger, source: await createSource({ ledger, store, policy, recipients }) }
  }

  function collector(backEnd: string): Collector {
    const found = backEnds.get(backEnd)
    if (!found) throw new Error(`no back end ${backEnd}`)
    found.open ??= openCollector({
      store: fragile(found.disk, () => {
        found.open = undefined
      }),
      backEnd,
      organisation: found.organisation,
      sign: keys(backEnd).sign,
      utc,
      keyOf: ied => keys(ied).verify,
      mayCollect: () => true,
    })
    return found.open
  }

  const lost = (what: string): void => {
    if (chance() < networkFaults) throw new Error(`${what} lost`)
  }

  /** Everything passes as bytes. */
  const round = (
    limits = {
      batches: 4,
      records: 3,
      bytes: 100_000,
      firstBytes: 100_000,
      deliverWithinMs: 500,
      concurrency: 2,
      deliveryFailures: 2,
    },
  ): Promise<RollUpCounts> =>
    rollUpRound({
      members: members.map(({ ied }) => ied),
      destinations,
      limits,
      log: () => {},
      async pull(ied, pull) {
        lost('pull')
        const { source } = await member(ied)
        const answer = pullAnswerCodec.encode(await source.answer(pullCodec.decode(pullCodec.encode(pull))))
        lost('answer')
        return pullAnswerCodec.decode(answer)
      },
      async deliver({ backEnd }, batch) {
        lost('batch')
        const bytes = batchCodec.encode(batch)
        if (old.length < 200) old.push({ batch: batchCodec.decode(bytes), backEnd })
        const outcome = outcomeCodec.encode(await collector(backEnd).accept(batchCodec.decode(bytes)))
        if (chance() < networkFaults) await collector(backEnd).accept(batchCodec.decode(bytes)) // sent again
        lost('outcome')
        return outcomeCodec.decode(outcome)
      },
      async carry(ied, outcomes) {
        lost('carry')
        await (await member(ied)).source.carry(outcomes)
      },
    })

  return {
    members,
    member,
    collector,
    round,
    chance,
    /** A quarter hour passes at this member; perhaps something else happens too. */
    async live(ied: string): Promise<void> {
      const { ledger, member: it } = await member(ied)
      it.register += BigInt(Math.floor(chance() * 500))
      it.hours++
      const previous = await lastReading(ledger)
      const look = { utcMs: utcMs(it.hours * 3_600_000), importWh: it.register }
      const next = intervalReading(previous, look, { ...readingDefaults, interval: duration(3_600_000), maxKw: 100 })
      const appends = [ledger.append('billing', encodeReading(next as NonNullable<typeof next>))]
      const other = recordClasses[1 + Math.floor(chance() * 8)]
      if (other) appends.push(ledger.append(other, new TextEncoder().encode(`at ${it.hours}`)))
      for (const result of await Promise.allSettled(appends)) {
        if (result.status === 'fulfilled') it.acknowledged.push(result.value)
      }
    },
    /** A batch of long ago arrives once more; one with fewer bodies perhaps at the back end that should have more. */
    async replay(): Promise<void> {
      const sent = old[Math.floor(chance() * old.length)]
      if (sent) await collector(chance() < 0.5 ? sent.backEnd : 'BE1').accept(sent.batch)
    },
    calm() {
      storeFaults = 0
      networkFaults = 0
    },
    /** The back end lost its disk and was given an old or empty one. */
    wipe(backEnd: string) {
      const found = backEnds.get(backEnd)
      if (found) backEnds.set(backEnd, { ...found, disk: memoryDisk(), open: undefined })
    },
  }
}
