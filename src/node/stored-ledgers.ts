// The ledgers in the data directory of an agent that does not run: its own, and those that it has collected. Nothing is
// written: a damaged store stays as it is.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { utcMs } from '../../topology/units.ts'
import { type Collector, openCollector } from '../aggregation/collector.ts'
import { HEAD, headCodec, IDENTITY, identityCodec, readRecords } from '../aggregation/ledger-entries.ts'
import { openReceipts } from '../aggregation/receipts.ts'
import { type ChainPosition, type LedgerRecord, signHead } from '../aggregation/record.ts'
import type { Store } from '../aggregation/store.ts'
import { loadOrCreateIdentity } from '../mesh/identity.ts'
import { readAgentConfig } from './config.ts'
import type { LedgerHeadLine } from './ledger-lines.ts'
import { openLevelStore } from './level-store.ts'
import { NodeError } from './node-error.ts'
import { openSealedStore } from './sealed-store.ts'
import { readPassphrase, storeSecret } from './store-secret.ts'

export interface FoundLedger {
  readonly head: LedgerHeadLine
  /** Where the receipts of back ends say that they have this history. */
  readonly places: readonly ChainPosition[]
  /** Whether every body must be there that the ledger does not say to be gone. */
  readonly isWhole: boolean
  records(): AsyncIterable<LedgerRecord>
}

/**
 * @param configFile of the agent, which must not run
 * @throws NodeError BAD_INPUT, StoreError STORE_LOCKED
 */
export async function withStoredLedgers<T>(
  configFile: string,
  use: (ledgers: readonly FoundLedger[], collector: Collector) => Promise<T>,
): Promise<T> {
  const config = readAgentConfig(configFile)
  const path = join(config.dataDir, 'store')
  if (!existsSync(path)) throw new NodeError('BAD_INPUT', `${path}: no such store, want the data directory of an agent`)
  const level = await openLevelStore(path)
  try {
    const store = await openSealedStore(level, config.store && storeSecret(config.store, config.dataDir))
    const keyFile = join(config.dataDir, 'key')
    const key = existsSync(keyFile) && readFileSync(keyFile).length > 0 ? keyFile : undefined
    const identity =
      key === undefined ? undefined : await loadOrCreateIdentity(key, config.key && readPassphrase('key', config.key))
    const own = await ownLedger(store, identity)
    const collector = collectorOf(store)
    return await use([...(own === undefined ? [] : [own]), ...(await collected(collector))], collector)
  } finally {
    await level.close()
  }
}

/** Signed anew by the key beside the store: it says that this is the ledger of that key, and the chain says the rest. */
async function ownLedger(
  store: Store,
  identity: Awaited<ReturnType<typeof loadOrCreateIdentity>> | undefined,
): Promise<FoundLedger | undefined> {
  const identityBytes = await store.get(IDENTITY)
  const headBytes = await store.get(HEAD)
  if (identityBytes === undefined || headBytes === undefined) return undefined
  const { ied, ledgerId } = identityCodec.decode(identityBytes)
  const { number, chainHash } = headCodec.decode(headBytes)
  const receipts = await openReceipts(store, ledgerId)
  const signed = identity && signHead({ ied, ledgerId, number, chainHash, utcMs: utcMs(Date.now()) }, identity.sign)
  return {
    head: {
      ied,
      ledgerId,
      number,
      chainHash,
      ...(identity ? { peerId: identity.peerId } : {}),
      ...(signed ? { signed } : {}),
    },
    places: receipts.all().map(({ upTo, chainHash: at }) => ({ number: upTo, chainHash: at })),
    isWhole: true,
    async *records() {
      for (let at = 0; at < number; at += BLOCK) yield* await readRecords(store, at, Math.min(number, at + BLOCK))
    },
  }
}

const BLOCK = 64

/** For reading: it takes nothing from anybody. */
function collectorOf(store: Store): Collector {
  const nobody = { backEnd: '', organisation: '', keyOf: () => undefined, mayCollect: () => false }
  return openCollector({
    ...nobody,
    store,
    sign: () => new Uint8Array(),
    utc: () => ({ utcMs: utcMs(0), quality: 'unset' }),
  })
}

async function collected(collector: Collector): Promise<FoundLedger[]> {
  const ledgers: FoundLedger[] = []
  for (const { ied, ledgerId, number, chainHash } of await collector.heads()) {
    const kept = await collector.signedHead(ied, ledgerId)
    const signed = kept?.head.number === number ? kept.head : undefined
    ledgers.push({
      head: { ied, ledgerId, number, chainHash, ...(signed ? { signed } : {}) },
      places: [],
      isWhole: false,
      records: () => collector.records({ ied, ledgerId, limit: number }),
    })
  }
  return ledgers
}
