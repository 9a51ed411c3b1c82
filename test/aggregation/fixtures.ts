// Keys, ledgers and readings for tests. The keys are real Ed25519, since forged signatures are part of what is tested.

import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { type Collector, openCollector } from '../../src/aggregation/collector.ts'
import { type Ledger, openLedger } from '../../src/aggregation/ledger.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { encodeReading, type Reading } from '../../src/aggregation/reading.ts'
import type { Sign, Verify } from '../../src/aggregation/record.ts'
import type { Store } from '../../src/aggregation/store.ts'
import { utcMs } from '../../topology/units.ts'
import { random } from './random.ts'

const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The same name gives the same key. */
export function keys(name: string): { sign: Sign; verify: Verify } {
  const seed = createHash('sha256').update(name).digest()
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' })
  const open = createPublicKey(secret)
  return {
    sign: message => new Uint8Array(sign(null, message, secret)),
    verify: (message, signature) => verify(null, message, open, signature),
  }
}

export function randomBytesOf(seed: number): (count: number) => Uint8Array {
  const chance = random(seed)
  return count => Uint8Array.from({ length: count }, () => Math.floor(chance() * 256))
}

export const utc = () => ({ utcMs: utcMs(1_750_000_000_000), quality: 'good' as const })

export const ledgerOn = (store: Store, ied = 'R3', seed = 1): Promise<Ledger> =>
  openLedger({ store, ied, randomBytes: randomBytesOf(seed), sign: keys(ied).sign, utc })

const QUARTER = 900_000

/** The n-th quarter hour, with so much energy in it. */
export const reading = (n: number, startWh: bigint, wh: bigint): Reading => ({
  startUtcMs: utcMs(n * QUARTER),
  endUtcMs: utcMs((n + 1) * QUARTER),
  importWhStart: startWh,
  importWhEnd: startWh + wh,
  exportWhStart: 0n,
  exportWhEnd: 0n,
  flags: [],
})

export const readingBytes = (n: number, startWh: bigint, wh: bigint): Uint8Array =>
  encodeReading(reading(n, startWh, wh))

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Of the back end `BE1`: it takes from everybody, and has nothing yet, or what is in the store. */
export const emptyCollector = (store: Store = openMemoryStore()): Collector =>
  openCollector({
    store,
    backEnd: 'BE1',
    organisation: 'utility',
    sign: keys('BE1').sign,
    utc,
    keyOf: ied => keys(ied).verify,
    mayCollect: () => true,
  })
