// One IED, the aggregator beside it and a back end behind a slow link, in virtual time: cores, codecs and sealing are real.

import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { openCollector } from '../src/aggregation/collector.ts'
import { type Batch, batchCodec, outcomeCodec, pullAnswerCodec } from '../src/aggregation/delivery.ts'
import { openLedger } from '../src/aggregation/ledger.ts'
import { openMemoryStore } from '../src/aggregation/memory-store.ts'
import { encodeReading } from '../src/aggregation/reading.ts'
import { rollUpRound } from '../src/aggregation/roll-up.ts'
import { createSource } from '../src/aggregation/source.ts'
import { newIdentity } from '../src/mesh/identity.ts'
import { ownSealingKey } from '../src/mesh/sealing-key.ts'
import { joseSealing, sealingKey } from '../src/node/jose-sealing.ts'
import { utcMs } from '../topology/units.ts'
import { BACK_END as TO } from './recorded-batches.ts'

const MINUTE = 60_000
/** Of the link between the aggregator and the back end. */
export const BITS_PER_SECOND = 256_000
const DELAY_MS = 20

type Classes = ('billing' | 'event')[]

export async function openSite(classes: Classes) {
  const pair = generateKeyPairSync('ed25519')
  const signIt = (message: Uint8Array) => new Uint8Array(sign(null, message, pair.privateKey))
  const check = (message: Uint8Array, signature: Uint8Array) => verify(null, message, pair.publicKey, signature)
  const own = ownSealingKey(await newIdentity())
  const [store, kept] = [openMemoryStore(), openMemoryStore()]
  let now = 0
  const utc = () => ({ utcMs: utcMs(Math.floor(1_750_000_000_000 + now)), quality: 'good' as const })
  const ledger = await openLedger({ store, ied: 'R3', randomBytes, sign: signIt, utc })
  const arrived = new Map<number, number>()
  const appended = new Map<number, number>()
  const collector = openCollector({
    store: kept,
    ...TO,
    sign: signIt,
    utc,
    keyOf: () => check,
    mayCollect: () => true,
    sealing: joseSealing([own]),
    onStored: (_, records) => {
      for (const { header, body } of records) if (body !== undefined) arrived.set(header.number, now)
    },
  })
  const opened = (granted: Classes) =>
    createSource({
      ledger,
      store,
      policy: [{ organisation: TO.organisation, classes: granted }],
      recipients: new Map([
        [TO.backEnd, { organisation: TO.organisation, verify: check, sealingKey: sealingKey(own.x) }],
      ]),
      sealing: joseSealing([own]),
    })
  let source = await opened(classes)
  let written = 0
  let [bytes, batches, readings, each, nextAt] = [0, 0, 0, 0, Number.POSITIVE_INFINITY]

  async function append(): Promise<number> {
    const start = readings++
    const content = encodeReading({
      startUtcMs: utcMs(start * MINUTE),
      endUtcMs: utcMs((start + 1) * MINUTE),
      importWhStart: BigInt(start) * 17n,
      importWhEnd: BigInt(start + 1) * 17n,
      exportWhStart: 0n,
      exportWhEnd: 0n,
      flags: [],
    })
    written += content.length
    const { number } = await ledger.append('billing', content)
    return number
  }

  async function advance(ms: number): Promise<void> {
    const end = now + ms
    while (nextAt <= end) {
      appended.set(await append(), nextAt)
      nextAt += each
    }
    now = end
  }

  async function deliver(batch: Batch) {
    const question = batchCodec.encode(batch)
    await advance(DELAY_MS + (question.length * 8000) / BITS_PER_SECOND)
    const answer = outcomeCodec.encode(await collector.accept(batchCodec.decode(question)))
    bytes += question.length + answer.length
    batches++
    await advance(DELAY_MS + (answer.length * 8000) / BITS_PER_SECOND)
    return outcomeCodec.decode(answer)
  }

  return {
    append,
    advance,
    pending: () => source.pending(TO.backEnd),
    /** Of a reading by itself, on the average. */
    contentBytes: () => written / readings,
    counts: () => ({ bytes, batches, now }),
    took: () =>
      [...appended].flatMap(([number, at]) => (arrived.has(number) ? [(arrived.get(number) as number) - at] : [])),
    appendEach(ms: number) {
      each = ms
      nextAt = now + ms
    },
    async entitle(granted: Classes) {
      source = await opened(granted)
    },
    round: () =>
      rollUpRound({
        members: ['R3'],
        destinations: [TO],
        now: () => now,
        pull: async (_, pull) => pullAnswerCodec.decode(pullAnswerCodec.encode(await source.answer(pull))),
        deliver: (_, batch) => deliver(batch),
        carry: (_, outcomes) => source.carry(outcomes),
        log: () => {},
      }),
  }
}
