// What a back-end peer takes in: batches of readings from many meters, decoded, verified, counted and durable on level, beside
// bare level batches of the same bytes. The two take turns, meter group by meter group, so that the disk treats both alike.

import { generateKeyPairSync, sign } from 'node:crypto'
import { join } from 'node:path'
import { openCollector } from '../src/aggregation/collector.ts'
import { batchCodec } from '../src/aggregation/delivery.ts'
import type { Change, Store } from '../src/aggregation/store.ts'
import { openLevelStore } from '../src/node/level-store.ts'
import { utcMs } from '../topology/units.ts'
import { nowMs } from './members.ts'
import { BACK_END, type RecordedMeter, recordedMeter } from './recorded-batches.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { over, row, target } from './table.ts'

/** As the roll-up packs them for a link that keeps up. */
const BATCH_OF = 100
/** Batches under way at once, each of another meter. */
const AT_ONCE = 16

export const ingest: Section = {
  title: `Back end: readings taken in, verified and durable, in batches of ${BATCH_OF}`,
  withinMs: 240_000,
  measure,
}

async function measure({ dir, quick, chance }: SectionOptions): Promise<SectionResult> {
  const rounds = quick ? 3 : 12
  const perMeter = quick ? 200 : 500
  const full = await openLevelStore(join(dir, 'taken'))
  const bare = await openLevelStore(join(dir, 'bare'))
  const taken: Cost[] = []
  const written: Cost[] = []
  let bytes = 0
  try {
    for (let round = 0; round < rounds; round++) {
      const names = Array.from({ length: AT_ONCE }, (_, n) => `meter-${round}-${n}`)
      const meters = await Promise.all(names.map(name => recordedMeter(name, perMeter, BATCH_OF)))
      const readings = perMeter * AT_ONCE
      // What a collector writes of them, once, into nothing: the very changes that the bare batches then write.
      const changes = await changesOf(meters)
      for (const each of changes.flat(2)) bytes += each.value?.length ?? 0
      const both = [
        async () => void taken.push(await cost(readings, () => takeIn(meters, full))),
        async () => void written.push(await cost(readings, () => writeAll(changes, bare))),
      ]
      for (const run of chance() < 0.5 ? both : both.reverse()) await run()
    }
  } finally {
    await full.close()
    await bare.close()
  }
  const bareRow = (of: keyof Cost, what: string) =>
    row(`bare level batches of the same bytes${what}`, 'ms', figures(written, of))
  const plain = bareRow('ms', ', a thousand readings')
  const plainCpu = bareRow('cpuMs', ', processor time of all threads')
  const whole = row('decoded, verified, counted, durable, a thousand readings', 'ms', figures(taken, 'ms'), plain)
  const wholeCpu = row('the same, processor time of all threads', 'ms', figures(taken, 'cpuMs'), plainCpu)
  const perSecond = Math.round(1_000_000 / whole.figure.p50)
  return {
    rows: [plain, whole, plainCpu, wholeCpu],
    targets: [target('taken in, over bare batches of the same bytes, p50', over(whole, plain), 2)],
    notes: [
      `${perSecond} readings a second; ${Math.round(bytes / (rounds * perMeter * AT_ONCE))} bytes of values in the store for each`,
    ],
  }
}

/** For a thousand of them. On a busy machine the processor time is the one to go by. */
interface Cost {
  readonly ms: number
  readonly cpuMs: number
}
const figures = (costs: readonly Cost[], of: keyof Cost): number[] => costs.map(each => each[of])

async function cost(readings: number, run: () => Promise<unknown>): Promise<Cost> {
  const began = nowMs()
  const cpu = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(cpu)
  return { ms: (1000 * (nowMs() - began)) / readings, cpuMs: (user + system) / readings }
}

async function takeIn(meters: readonly RecordedMeter[], store: Store): Promise<void> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const keys = new Map(meters.map(({ ied, verify }) => [ied, verify]))
  const collector = openCollector({
    ...BACK_END,
    store,
    sign: message => new Uint8Array(sign(null, message, privateKey)),
    utc: () => ({ utcMs: utcMs(Date.now()), quality: 'good' }),
    keyOf: ied => keys.get(ied),
    mayCollect: () => true,
  })
  await Promise.all(
    meters.map(async ({ ied, batches }) => {
      for (const batch of batches) {
        const outcome = await collector.accept(batchCodec.decode(batch))
        if (outcome.kind !== 'receipt') throw new Error(`${ied}: ${outcome.reason}`)
      }
    }),
  )
}

/** By meter, then by batch. */
async function changesOf(meters: readonly RecordedMeter[]): Promise<Change[][][]> {
  return Promise.all(
    meters.map(async meter => {
      const written: Change[][] = []
      const entries = new Map<string, Uint8Array>()
      const nowhere: Store = {
        get: async key => entries.get(key),
        async batch(changes) {
          written.push([...changes])
          // What it asks for again: its heads and totals.
          for (const { put, value } of changes) if (put !== undefined) entries.set(put, value as Uint8Array)
        },
        async *range(from, to) {
          for (const [key, value] of entries)
            if (key >= from && key < to && !/reading|header|body/.test(key)) yield { key, value }
        },
        close: async () => {},
      }
      await takeIn([meter], nowhere)
      return written
    }),
  )
}

const writeAll = (changes: readonly (readonly Change[][])[], store: Store): Promise<unknown> =>
  Promise.all(
    changes.map(async batches => {
      for (const batch of batches) await store.batch(batch, { durable: true })
    }),
  )
