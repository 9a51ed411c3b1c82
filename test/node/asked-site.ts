// An IED with a ledger, a back end with a collector, and one link between the two, in virtual time: what the tests of asked
// history share. Signatures are real, the link is first come first served, as a modem line is.

import { createScheduler } from '../../sim/runtime/scheduler.ts'
import { newLife, virtualMachineClock } from '../../sim/runtime/virtual-clock.ts'
import { type Collector, openCollector } from '../../src/aggregation/collector.ts'
import { batchCodec, type Outcome, outcomeCodec } from '../../src/aggregation/delivery.ts'
import { type Ledger, openLedger } from '../../src/aggregation/ledger.ts'
import { type MemoryDisk, memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { rangeAnswerCodec, rangeAskCodec } from '../../src/aggregation/range.ts'
import type { RecordClass } from '../../src/aggregation/record.ts'
import { rollUpRound } from '../../src/aggregation/roll-up.ts'
import { createSource, type Source } from '../../src/aggregation/source.ts'
import type { Clock } from '../../src/node/clock.ts'
import { type HistoryAsks, openHistoryAsks } from '../../src/node/history-asks.ts'
import type { AskRange } from '../../src/node/range-questions.ts'
import { utcMs } from '../../topology/units.ts'
import { keys, randomBytesOf, readingBytes } from '../aggregation/fixtures.ts'

export const START_UTC = 1_750_000_000_000
export const TO = { backEnd: 'BE1', organisation: 'utility' }

export interface Line {
  readonly bitsPerSecond: number
  readonly delayMs: number
}

export async function askedSite(options: { readonly line?: Line; readonly classes?: readonly RecordClass[] } = {}) {
  const scheduler = createScheduler()
  const machine = virtualMachineClock(scheduler, START_UTC, {})
  const iedClock: Clock = machine.clockOf(newLife())
  const store = openMemoryStore()
  const ledger: Ledger = await openLedger({
    store,
    ied: 'R3',
    randomBytes: randomBytesOf(1),
    sign: keys('R3').sign,
    utc: () => ({ utcMs: iedClock.utc(), quality: 'good' }),
  })
  let granted: readonly RecordClass[] = options.classes ?? ['billing', 'event']
  const source: Source = await createSource({
    ledger,
    store,
    get policy() {
      return [{ organisation: TO.organisation, classes: granted }]
    },
    recipients: new Map([[TO.backEnd, { organisation: TO.organisation, verify: keys(TO.backEnd).verify }]]),
  })

  const sleep = (ms: number): Promise<void> => new Promise(resume => void scheduler.at(scheduler.now() + ms, resume))
  const busy = { up: 0, down: 0 }
  /** Bytes that are on their way or wait for it. */
  const inFlight = { now: 0, most: 0 }
  async function transfer(direction: 'up' | 'down', bytes: number): Promise<void> {
    const { bitsPerSecond, delayMs } = options.line ?? { bitsPerSecond: 10_000_000, delayMs: 5 }
    busy[direction] = Math.max(scheduler.now(), busy[direction]) + (bytes * 8_000) / bitsPerSecond
    inFlight.now += bytes
    inFlight.most = Math.max(inFlight.most, inFlight.now)
    await sleep(busy[direction] + delayMs - scheduler.now())
    inFlight.now -= bytes
  }

  const disk: MemoryDisk = memoryDisk()
  const asked: { after: number; way: string; bytes: number }[] = []
  const over: AskRange = async (ask, way) => {
    const question = rangeAskCodec.encode(ask)
    await transfer('down', question.length)
    const answer = rangeAnswerCodec.encode(await source.range(rangeAskCodec.decode(question)))
    asked.push({ after: ask.after, way, bytes: answer.length })
    await transfer('up', answer.length)
    return rangeAnswerCodec.decode(answer)
  }

  async function backEnd(askRange: AskRange = over) {
    const kept = openMemoryStore(disk)
    const life = newLife()
    const clock = machine.clockOf(life)
    const arrived = new Map<number, number>()
    const collector: Collector = openCollector({
      store: kept,
      ...TO,
      sign: keys(TO.backEnd).sign,
      utc: () => ({ utcMs: clock.utc(), quality: 'good' }),
      keyOf: ied => (ied === 'R3' ? keys(ied).verify : undefined),
      mayCollect: () => true,
      onStored: (_, records) => {
        for (const { header, body } of records) {
          if (body === undefined) continue
          if (arrived.has(header.number)) throw new Error(`record ${header.number} is stored twice`)
          arrived.set(header.number, scheduler.now())
        }
      },
    })
    const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
    const reports: Record<string, unknown>[] = []
    const asks: HistoryAsks = await openHistoryAsks(
      {
        store: kept,
        clock,
        log: quiet,
        report: (event, fields) => void reports.push({ event, ...fields }),
        name: TO.backEnd,
        credential: { organisation: TO.organisation } as never,
      },
      {
        collector,
        accept: batch => collector.accept(batch),
        keyOf: ied => (ied === 'R3' ? keys(ied).verify : undefined),
        askRange,
      },
    )
    return {
      collector,
      asks,
      arrived,
      reports,
      /** As the power does. */
      kill() {
        life.end()
        kept.crash()
        void asks.stop()
      },
    }
  }
  type BackEnd = Awaited<ReturnType<typeof backEnd>>

  return {
    scheduler,
    ledger,
    source,
    asked,
    inFlight,
    sleep,
    backEnd,
    over,
    grant(classes: readonly RecordClass[]) {
      granted = classes
    },
    jumpUtc: machine.jumpUtc,
    async append(count: number, recordClass: RecordClass = 'billing', everyMs = 0): Promise<number> {
      for (let n = 0; n < count; n++) {
        if (everyMs > 0) await scheduler.runUntil(scheduler.now() + everyMs)
        const number = ledger.head().number
        const content =
          recordClass === 'billing'
            ? readingBytes(number, BigInt(number), 1n)
            : new TextEncoder().encode(`event ${number}`)
        await ledger.append(recordClass, content)
      }
      return ledger.head().number
    },
    /** A round of the roll-up over the same line. */
    roll: ({ collector }: BackEnd): Promise<unknown> =>
      rollUpRound({
        members: ['R3'],
        destinations: [TO],
        now: () => scheduler.now(),
        pull: (_, pull) => source.answer(pull),
        async deliver(_, batch) {
          const question = batchCodec.encode(batch)
          await transfer('up', question.length)
          const outcome: Outcome = await collector.accept(batchCodec.decode(question))
          const answer = outcomeCodec.encode(outcome)
          await transfer('down', answer.length)
          return outcomeCodec.decode(answer)
        },
        carry: (_, outcomes) => source.carry(outcomes),
        log: () => {},
      }),
    at: (ms: number) => utcMs(START_UTC + ms),
  }
}
