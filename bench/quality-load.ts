// What an agent does beside protection, all at once and more of it than in service: gossip, batches of records there and
// back, and a ledger on a sealed store.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { openLedger } from '../src/aggregation/ledger.ts'
import { chainStart, checkChain } from '../src/aggregation/record.ts'
import type { Identity } from '../src/mesh/identity.ts'
import type { Links } from '../src/mesh/links.ts'
import { openLevelStore } from '../src/node/level-store.ts'
import { openSealedStore } from '../src/node/sealed-store.ts'
import { storeSecret } from '../src/node/store-secret.ts'
import { utcMs } from '../topology/units.ts'

export const TOPIC = 'bench/quality'
export const BATCH_PROTOCOL = '/bench/batch/1'
export const BULK_PROTOCOL = '/bench/bulk/1'
export const BULK_ITEM = 16 * 1024

const GOSSIP_MS = 50
const APPEND_MS = 100
const BATCH_MS = 500
const BATCH_BYTES = 32 * 1024

/** @returns what ends it */
export async function startLoad(
  { links, identity, name }: { readonly links: Links; readonly identity: Identity; readonly name: string },
  peerId: string,
  dir: string,
): Promise<() => Promise<void>> {
  const level = await openLevelStore(join(dir, `${name}-load`, 'store'))
  const secret = storeSecret({ keyFile: join(dir, `${name}-load.key`) }, join(dir, `${name}-load`))
  const store = await openSealedStore(level, secret)
  const utc = () => ({ utcMs: utcMs(Date.now()), quality: 'good' as const })
  const ledger = await openLedger({
    store,
    ied: name,
    randomBytes: count => randomBytes(count),
    sign: identity.sign,
    utc,
  })
  const running = new Set<Promise<unknown>>()
  const run = (work: Promise<unknown>): void => {
    const held = work.catch(() => {}).finally(() => running.delete(held))
    running.add(held)
  }

  async function rollUp(): Promise<void> {
    const after = Math.max(0, ledger.head().number - 100)
    const records = await ledger.read({ after, limit: 100, maxBytes: BATCH_BYTES })
    const previousHash = records[0]?.header.previousHash ?? chainStart.chainHash
    checkChain({ number: after, chainHash: previousHash }, ledger, records)
    await links.request(peerId, BATCH_PROTOCOL, randomBytes(BATCH_BYTES), { timeoutMs: 5000, lane: 'bulk' })
  }

  const timers = [
    setInterval(() => run(links.publish(TOPIC, randomBytes(300))), GOSSIP_MS),
    setInterval(() => running.size < 20 && run(ledger.append('event', randomBytes(200))), APPEND_MS),
    setInterval(() => running.size < 20 && run(rollUp()), BATCH_MS),
  ]
  return async () => {
    for (const timer of timers) clearInterval(timer)
    await Promise.all(running)
    await store.close()
  }
}

/** What both ends serve. */
export function serveLoad(links: Links): void {
  links.subscribe(TOPIC)
  links.onPublished(() => 'accept')
  links.serve(BATCH_PROTOCOL, async (_, batch) => batch)
  links.serveStream(BULK_PROTOCOL, async function* () {
    const item = randomBytes(BULK_ITEM)
    for (;;) yield item
  })
}
