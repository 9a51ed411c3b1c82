// Groups of IEDs, their aggregators, an aggregator of the feeder over them and two back ends, in virtual time: the cores
// of src/aggregation and nothing else, so that a thousand histories take minutes.
//
// What may happen until the faults end: anybody loses power at any operation of its store, and what was not durable with
// it; the network is divided, loses, and repeats; clocks jump. What never ends: some IEDs, or all, aggregate in bad faith,
// and they are the ones that aggregate whenever they live.

import { type Collector, openCollector } from '../../src/aggregation/collector.ts'
import {
  type Batch,
  batchCodec,
  type Destination,
  outcomeCodec,
  pullAnswerCodec,
} from '../../src/aggregation/delivery.ts'
import { type FallbackState, fallback, fallbackDefaults, fallbackStart } from '../../src/aggregation/fallback.ts'
import { lastReading } from '../../src/aggregation/last-reading.ts'
import { type Ledger, openLedger } from '../../src/aggregation/ledger.ts'
import { type MemoryDisk, memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { encodeReading, intervalReading, readingDefaults } from '../../src/aggregation/reading.ts'
import { isReceiptGenuine } from '../../src/aggregation/receipt.ts'
import { type LedgerRecord, recordClasses } from '../../src/aggregation/record.ts'
import { type RollUpPorts, rollUpLimits, rollUpRound } from '../../src/aggregation/roll-up.ts'
import type { SharingPolicy } from '../../src/aggregation/sharing-policy.ts'
import { createSource, type Source } from '../../src/aggregation/source.ts'
import { type Store, StoreError } from '../../src/aggregation/store.ts'
import { throughUpper, type UpperDelivery } from '../../src/aggregation/through-upper.ts'
import { duration, instant, utcMs } from '../../topology/units.ts'
import { virtualSealing } from '../runtime/virtual-sealing.ts'
import { chanceOf, keysOf } from './chance.ts'
import { inBadHands, type Malice, malices } from './malice.ts'

export const policy: SharingPolicy = [
  { organisation: 'utility', classes: [...recordClasses] },
  { organisation: 'customer', classes: ['billing', 'event'] },
]
export const destinations: readonly Destination[] = [
  { backEnd: 'BE1', organisation: 'utility' },
  { backEnd: 'BE2', organisation: 'customer' },
]
const recipients = new Map(
  destinations.map(
    ({ backEnd, organisation }) =>
      [backEnd, { organisation, verify: keysOf(backEnd).verify, sealingKey: { kid: backEnd, x: backEnd } }] as const,
  ),
)

export const INTERVAL_MS = 10_000
export const TICK_MS = INTERVAL_MS / 2
const EPOCH = 1_750_000_000_000
const limits = { ...rollUpLimits, batches: 8, records: 20, bytes: 100_000, firstBytes: 20_000, concurrency: 2 }

export interface Ied {
  readonly name: string
  readonly group: string
  readonly disk: MemoryDisk
  readonly malice: Malice | undefined
  open: Promise<{ ledger: Ledger; source: Source }> | undefined
  /** Without power until then, virtual ms. */
  downUntil: number
  side: number
  clockOffMs: number
  register: bigint
  readings: number
  readonly acknowledged: { number: number; commitment: Uint8Array }[]
  ways: Map<string, FallbackState>
  receipted: Map<string, number>
  upper: UpperDelivery | undefined
}

interface BackEnd extends Destination {
  readonly disk: MemoryDisk
  side: number
  downUntil: number
  open: Collector | undefined
  /** Records that became durable here with their bodies, as `ied/number`. */
  readonly stored: Set<string>
}

export interface World {
  readonly ieds: readonly Ied[]
  readonly isHierarchy: boolean
  /** What did not hold, as it happened. */
  readonly violations: string[]
  tick(): Promise<void>
  endFaults(): void
  opened(ied: Ied): Promise<{ ledger: Ledger; source: Source }>
  collector(backEnd: string): Collector
  readonly nowMs: () => number
}

export function createWorld(seed: number): World {
  const chance = chanceOf(seed)
  const isHierarchy = chance.happens(0.5)
  const malicious = [0, 0.3, 0.6, 1][chance.below(4)] as number
  let storeFaults = [0, 0.002, 0.01][chance.below(3)] as number
  let networkFaults = [0, 0.05, 0.2][chance.below(3)] as number
  let isFaulty = true
  let now = 0
  let ticks = 0
  const violations: string[] = []
  const old: Batch[] = []

  const ieds: Ied[] = []
  for (let group = 1; group <= (isHierarchy ? 2 : 1); group++) {
    for (let n = 1; n <= 2 + chance.below(3); n++) {
      ieds.push({
        name: `R${group}${n}`,
        group: `zone${group}`,
        disk: memoryDisk(),
        malice: chance.happens(malicious) ? malices[chance.below(malices.length)] : undefined,
        open: undefined,
        downUntil: 0,
        side: 0,
        clockOffMs: 0,
        register: 1_000n,
        readings: 0,
        acknowledged: [],
        ways: new Map(),
        receipted: new Map(),
        upper: undefined,
      })
    }
  }
  const backEnds = new Map(
    destinations.map((each): [string, BackEnd] => [
      each.backEnd,
      { ...each, disk: memoryDisk(), side: 0, downUntil: 0, open: undefined, stored: new Set() },
    ]),
  )
  const byName = new Map(ieds.map(each => [each.name, each]))

  // Power ---------------------------------------------------------------------------------------------------------------

  /** A store whose power fails now and then, just before or just after an operation took effect. */
  function fragile(disk: MemoryDisk, onDeath: () => void): Store {
    const store = openMemoryStore(disk)
    let isDead = false
    const mayDie = (): void => {
      if (isDead || !chance.happens(storeFaults)) return
      isDead = true
      store.crash()
      onDeath()
      throw new StoreError('STORE_FAILED', 'power cut')
    }
    return {
      ...store,
      async batch(changes, durable) {
        mayDie()
        await store.batch(changes, durable)
        mayDie()
      },
    }
  }

  const outage = (): number => now + TICK_MS * chance.below(12)

  function opened(ied: Ied): Promise<{ ledger: Ledger; source: Source }> {
    if (ied.open !== undefined) return ied.open
    const opening = openOnDisk(ied)
    ied.open = opening
    opening.catch(() => {
      if (ied.open === opening) ied.open = undefined
    })
    return opening
  }

  async function openOnDisk(ied: Ied): Promise<{ ledger: Ledger; source: Source }> {
    const store = fragile(ied.disk, () => {
      ied.open = undefined
      ied.downUntil = outage()
      ied.ways = new Map()
      ied.receipted = new Map()
      ied.upper = undefined
    })
    const ledger = await openLedger({
      store,
      ied: ied.name,
      randomBytes: count => Uint8Array.from({ length: count }, () => chance.below(256)),
      sign: keysOf(ied.name).sign,
      utc: () => ({ utcMs: utcMs(EPOCH + now + ied.clockOffMs), quality: ied.clockOffMs === 0 ? 'good' : 'uncertain' }),
    })
    return { ledger, source: await createSource({ ledger, store, policy, recipients, sealing: virtualSealing([]) }) }
  }

  function collector(name: string): Collector {
    const found = backEnds.get(name) as BackEnd
    found.open ??= openCollector({
      store: fragile(found.disk, () => {
        found.open = undefined
        found.downUntil = outage()
      }),
      backEnd: name,
      organisation: found.organisation,
      sign: keysOf(name).sign,
      utc: () => ({ utcMs: utcMs(EPOCH + now), quality: 'good' }),
      keyOf: ied => (byName.has(ied) ? keysOf(ied).verify : undefined),
      mayCollect: () => true,
      sealing: virtualSealing([name]),
      onStored: (ied, records) => noteStored(found, ied, records),
    })
    return found.open
  }

  function noteStored({ backEnd, stored }: BackEnd, ied: string, records: readonly LedgerRecord[]): void {
    for (const { header, body } of records) {
      if (body === undefined) continue
      const place = `${ied}/${header.number}`
      if (stored.has(place)) violations.push(`${backEnd}: ${place} is stored twice`)
      stored.add(place)
    }
  }

  // Network -------------------------------------------------------------------------------------------------------------

  const isUp = ({ downUntil }: { downUntil: number }): boolean => now >= downUntil
  const meets = (one: { side: number }, other: { side: number }): boolean => one.side === other.side

  function pass(from: { side: number }, to: { side: number; downUntil: number } | undefined): void {
    if (to === undefined || !isUp(to) || !meets(from, to) || chance.happens(networkFaults)) throw new Error('lost')
  }

  const honestPorts = (self: Ied): Pick<RollUpPorts, 'pull' | 'deliver' | 'carry'> => ({
    async pull(member, pull) {
      const to = byName.get(member) as Ied
      pass(self, to)
      const answer = pullAnswerCodec.encode(await (await opened(to)).source.answer(pull))
      pass(to, self)
      return pullAnswerCodec.decode(answer)
    },
    async deliver({ backEnd }, batch) {
      const to = backEnds.get(backEnd) as BackEnd
      pass(self, to)
      const bytes = batchCodec.encode(batch)
      const outcome = outcomeCodec.encode(await collector(backEnd).accept(batchCodec.decode(bytes)))
      if (chance.happens(networkFaults)) await collector(backEnd).accept(batchCodec.decode(bytes)) // sent again
      pass(to, self)
      return outcomeCodec.decode(outcome)
    },
    async carry(member, outcomes) {
      const to = byName.get(member) as Ied
      pass(self, to)
      await (await opened(to)).source.carry(outcomes)
    },
  })

  const portsOf = (self: Ied): Pick<RollUpPorts, 'pull' | 'deliver' | 'carry'> => {
    const ports = honestPorts(self)
    return self.malice === undefined ? ports : inBadHands(ports, self.malice, self.name, chance, old)
  }

  // Aggregators ---------------------------------------------------------------------------------------------------------

  /** Of those that meet, the malicious first: who aggregates best is up to them. */
  const ranking = (self: Ied, among: readonly Ied[]): Ied[] =>
    among
      .filter(each => isUp(each) && meets(self, each))
      .sort((one, other) => Number(other.malice !== undefined) - Number(one.malice !== undefined))

  /** Malicious candidates may take turns. */
  const leaderOf = (self: Ied, among: readonly Ied[]): Ied | undefined => {
    const present = ranking(self, among)
    const bad = present.filter(each => each.malice !== undefined)
    return bad.length > 1 && seed % 3 === 0 ? bad[Math.floor(ticks / 3) % bad.length] : present[0]
  }
  const groupOf = (self: Ied): Ied[] => ieds.filter(({ group }) => group === self.group)

  function upperOf(self: Ied): Ied | undefined {
    if (!isHierarchy) return undefined
    const groups = [...new Set(ieds.map(({ group }) => group))]
    const leaders = groups.flatMap(
      group =>
        leaderOf(
          self,
          ieds.filter(each => each.group === group),
        ) ?? [],
    )
    return ranking(self, leaders)[0]
  }

  /** What an aggregator of a group does: through that of the feeder, while that works. */
  function aggregating(self: Ied): Pick<RollUpPorts, 'pull' | 'deliver' | 'carry'> {
    const straight = portsOf(self)
    self.upper ??= throughUpper({
      above: () => {
        const above = upperOf(self)
        return above === self ? undefined : above?.name
      },
      async through(name, to, batch) {
        const above = byName.get(name) as Ied
        pass(self, above)
        const outcome = await portsOf(above).deliver(to, batch)
        pass(above, self)
        return outcome
      },
      straight: straight.deliver,
      isGenuine: (to, receipt) => isReceiptGenuine(receipt, keysOf(to.backEnd).verify),
      now: () => instant(now),
    })
    return { ...straight, deliver: self.upper.deliver }
  }

  const round = (self: Ied, ports: Pick<RollUpPorts, 'pull' | 'deliver' | 'carry'>, members: readonly Ied[]) =>
    rollUpRound({ ...ports, members: members.map(({ name }) => name), destinations, limits, log: () => {} })
      .then(() => undefined)
      .catch(error => void violations.push(`${self.name}: a round threw ${(error as Error).message}`))

  // Members -------------------------------------------------------------------------------------------------------------

  const stuck = fallback({ forwardingInterval: duration(INTERVAL_MS), ...fallbackDefaults })
  const followed = new Map<string, string | undefined>()

  async function watch(self: Ied): Promise<void> {
    const { source } = await opened(self)
    const leader = leaderOf(self, groupOf(self))?.name
    const isNew = leader !== followed.get(self.name)
    followed.set(self.name, leader)
    for (const { backEnd } of destinations) {
      const feed = async (event: Parameters<typeof stuck>[1]): Promise<void> => {
        const next = stuck(self.ways.get(backEnd) ?? fallbackStart, event, instant(now))
        self.ways.set(backEnd, next.state)
        for (const action of next.actions) {
          if (action.kind === 'goDirect') await round(self, honestPorts(self), [self])
          const candidate = action.kind === 'askCandidate' ? byName.get(action.candidate) : undefined
          if (candidate !== undefined && isUp(candidate) && meets(self, candidate)) {
            await round(candidate, portsOf(candidate), [self])
          }
        }
      }
      if (isNew && leader !== undefined) await feed({ kind: 'newAggregator' })
      const pending = source.pending(backEnd)
      const upTo = source.receiptedUpTo(backEnd)
      if (upTo > (self.receipted.get(backEnd) ?? 0)) await feed({ kind: 'receipt', pending, upTo })
      self.receipted.set(backEnd, upTo)
      const candidates = ranking(self, groupOf(self)).map(({ name }) => name)
      const others = candidates.filter(name => name !== self.name && name !== leader)
      await feed({ kind: 'tick', pending, upTo, candidates: others.slice(0, 2) })
    }
  }

  /** A reading now and then, and perhaps something else happens. */
  async function live(self: Ied): Promise<void> {
    const { ledger } = await opened(self)
    self.register += BigInt(chance.below(500))
    self.readings++
    const look = { utcMs: utcMs(self.readings * 60_000), importWh: self.register }
    const settings = { ...readingDefaults, interval: duration(60_000), maxKw: 100_000 }
    const next = intervalReading(await lastReading(ledger), look, settings)
    const appends = next === undefined ? [] : [ledger.append('billing', encodeReading(next))]
    const other = recordClasses[1 + chance.below(recordClasses.length - 1)]
    if (other && chance.happens(0.4)) appends.push(ledger.append(other, new TextEncoder().encode(`at ${now}`)))
    for (const result of await Promise.allSettled(appends)) {
      if (result.status === 'fulfilled') self.acknowledged.push(result.value)
    }
  }

  function misfortune(): void {
    if (chance.happens(0.05)) {
      const isDivided = chance.happens(0.5)
      for (const each of [...ieds, ...backEnds.values()]) each.side = isDivided ? chance.below(2) : 0
    }
    if (chance.happens(0.05)) (ieds[chance.below(ieds.length)] as Ied).clockOffMs = ((chance() - 0.5) * 172_800_000) | 0
    if (chance.happens(0.03)) (ieds[chance.below(ieds.length)] as Ied).downUntil = outage()
    const replayed = old[chance.below(old.length)]
    if (chance.happens(0.1) && replayed !== undefined) {
      void collector(chance.happens(0.5) ? 'BE1' : 'BE2')
        .accept(replayed)
        .catch(() => undefined)
    }
  }

  return {
    ieds,
    isHierarchy,
    violations,
    opened,
    collector,
    nowMs: () => now,
    endFaults() {
      isFaulty = false
      storeFaults = 0
      networkFaults = 0
      for (const each of [...ieds, ...backEnds.values()]) Object.assign(each, { side: 0, downUntil: 0 })
    },
    async tick() {
      now += TICK_MS
      ticks++
      if (isFaulty) misfortune()
      const awake = ieds.filter(isUp)
      const quietly = (job: Promise<void>): Promise<void> => job.catch(() => undefined) // it lost power meanwhile
      await Promise.all(awake.map(each => (isFaulty && chance.happens(0.3) ? quietly(live(each)) : undefined)))
      if (ticks % 2 === 0) {
        const leaders = awake.filter(each => leaderOf(each, groupOf(each)) === each)
        await Promise.all(leaders.map(each => round(each, aggregating(each), ranking(each, groupOf(each)))))
      }
      await Promise.all(awake.filter(isUp).map(each => quietly(watch(each))))
    },
  }
}
