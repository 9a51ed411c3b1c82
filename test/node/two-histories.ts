// The recloser's ledger, told in two ways: they agree up to record 2.

import type { Batch } from '../../src/aggregation/delivery.ts'
import { openLedger } from '../../src/aggregation/ledger.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import type { Identity } from '../../src/mesh/identity.ts'
import { utcMs } from '../../topology/units.ts'
import { randomBytesOf, readingBytes } from '../aggregation/fixtures.ts'

const started = utcMs(Date.now())
export const toldAt = () => ({ utcMs: started, quality: 'good' as const })

/** What stands for the hash of its credential. */
export const hashOf = ({ peerId }: Identity): string => peerId.slice(-16)

/** @param wh of each reading from record 3 on */
export async function toldBy(identity: Identity, wh: bigint): Promise<Batch> {
  const { sign } = identity
  const store = openMemoryStore()
  const ledger = await openLedger({ store, ied: 'recloser', randomBytes: randomBytesOf(1), sign, utc: toldAt })
  await ledger.append('billing', readingBytes(1, 1n, 1n))
  await ledger.append('audit', new TextEncoder().encode('kept from viewers'))
  for (let n = 2; n < 5; n++) await ledger.append('billing', readingBytes(n, BigInt(n), wh))
  const records = await ledger.read({ after: 0, limit: 100, maxBytes: 1_000_000 })
  const { ied, ledgerId } = ledger
  const credentialHash = new TextEncoder().encode(hashOf(identity))
  return { kind: 'batch', ied, ledgerId, credentialHash, records, head: await ledger.signedHead(), remaining: 0 }
}
