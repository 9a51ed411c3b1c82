// What sealing the store costs: a ledger's append, durable, and reading it back, on level in clear and sealed. The two take
// turns, so that what the disk does meanwhile meets both alike.

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type Ledger, openLedger } from '../src/aggregation/ledger.ts'
import { openLevelStore } from '../src/node/level-store.ts'
import { openSealedStore } from '../src/node/sealed-store.ts'
import { storeSecret } from '../src/node/store-secret.ts'
import { utcMs } from '../topology/units.ts'
import { nowMs } from './members.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { row } from './table.ts'

const CONTENT_BYTES = 200
const BLOCK = 64

export const sealedStores: Section = {
  title: `Ledger on level, in clear and sealed: records of ${CONTENT_BYTES} bytes`,
  measure,
}

async function measure({ dir, quick, chance }: SectionOptions): Promise<SectionResult> {
  const count = quick ? 200 : 2000
  const clear = await openLevelStore(join(dir, 'clear'))
  const secret = storeSecret({ keyFile: join(dir, 'store.key') }, join(dir, 'sealed'))
  const sealed = await openSealedStore(await openLevelStore(join(dir, 'sealed')), secret)
  const ledgerOn = (store: typeof sealed): Promise<Ledger> =>
    openLedger({
      store,
      ied: 'bench',
      randomBytes: length => randomBytes(length),
      sign: () => new Uint8Array(64),
      utc: () => ({ utcMs: utcMs(Date.now()), quality: 'good' }),
    })
  try {
    const both = [
      { ledger: await ledgerOn(clear), append: [] as number[], read: [] as number[] },
      { ledger: await ledgerOn(sealed), append: [] as number[], read: [] as number[] },
    ]
    const inTurn = () => (chance() < 0.5 ? both : [...both].reverse())
    for (let record = 0; record < count; record++) {
      for (const { ledger, append } of inTurn()) {
        const began = nowMs()
        await ledger.append('event', randomBytes(CONTENT_BYTES))
        append.push(nowMs() - began)
      }
    }
    for (let after = 0; after + BLOCK <= count; after += BLOCK) {
      for (const { ledger, read } of inTurn()) {
        const began = nowMs()
        await ledger.read({ after, limit: BLOCK, maxBytes: Number.POSITIVE_INFINITY })
        read.push(nowMs() - began)
      }
    }
    const [inClear, inSeal] = both as [(typeof both)[0], (typeof both)[0]]
    const append = row('append, in clear', 'ms', inClear.append)
    const read = row(`read ${BLOCK}, in clear`, 'ms', inClear.read)
    return {
      rows: [
        append,
        row('append, sealed', 'ms', inSeal.append, append),
        read,
        row(`read ${BLOCK}, sealed`, 'ms', inSeal.read, read),
      ],
      notes: [],
    }
  } finally {
    await clear.close()
    await sealed.close()
  }
}
