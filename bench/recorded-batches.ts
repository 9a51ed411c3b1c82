// Batches as members' ledgers give them, signed, on the wire: what the collector benches take in.

import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { batchCodec } from '../src/aggregation/delivery.ts'
import { openLedger } from '../src/aggregation/ledger.ts'
import { openMemoryStore } from '../src/aggregation/memory-store.ts'
import { encodeReading } from '../src/aggregation/reading.ts'
import type { Sign, Verify } from '../src/aggregation/record.ts'
import { createSource } from '../src/aggregation/source.ts'
import { utcMs } from '../topology/units.ts'

export const BACK_END = { backEnd: 'utility-backend', organisation: 'utility' }

export interface RecordedMeter {
  readonly ied: string
  readonly verify: Verify
  /** In order; each as it travels. */
  readonly batches: readonly Uint8Array[]
}

const QUARTER = 900_000

/** With a key of its own that only its `verify` knows. */
export async function recordedMeter(ied: string, readings: number, batchOf: number): Promise<RecordedMeter> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const batches = await signedBatches(
    ied,
    message => new Uint8Array(sign(null, message, privateKey)),
    readings,
    batchOf,
  )
  return { ied, verify: (message, signature) => verify(null, message, publicKey, signature), batches }
}

/** @param batchOf readings in one batch */
export async function signedBatches(
  ied: string,
  signIt: Sign,
  readings: number,
  batchOf: number,
): Promise<Uint8Array[]> {
  const store = openMemoryStore()
  const utc = () => ({ utcMs: utcMs(1_750_000_000_000), quality: 'good' as const })
  const ledger = await openLedger({
    store,
    ied,
    randomBytes,
    sign: signIt,
    utc,
  })
  let importWh = 0n
  for (let n = 0; n < readings; n++) {
    const used = BigInt(100 + ((n * 37) % 900))
    const content = encodeReading({
      startUtcMs: utcMs(n * QUARTER),
      endUtcMs: utcMs((n + 1) * QUARTER),
      importWhStart: importWh,
      importWhEnd: importWh + used,
      exportWhStart: 0n,
      exportWhEnd: 0n,
      hasVoltage: true,
      flags: [],
    })
    importWh += used
    await ledger.append('billing', content)
  }
  const source = await createSource({
    ledger,
    store,
    policy: [{ organisation: BACK_END.organisation, classes: ['billing'] }],
    recipients: new Map([[BACK_END.backEnd, { organisation: BACK_END.organisation, verify: () => true }]]),
  })
  const batches: Uint8Array[] = []
  for (let after = 0; after < readings; after += batchOf) {
    const want = { records: Math.min(batchOf, readings - after), bytes: Number.MAX_SAFE_INTEGER }
    const batch = await source.answer({ recipient: BACK_END, want, after, outcomes: [] })
    if (batch.kind !== 'batch' || batch.records.length !== want.records) throw new Error(`${ied}: no whole batch`)
    batches.push(batchCodec.encode(batch))
  }
  return batches
}
