// Read-outs of whole ledgers, for `feedermesh ledger`: where each ends, as the IED signed it, and then record by record, so
// that whoever asks verifies it himself.

import { z } from 'zod'
import type { KeptHead } from '../aggregation/collected-heads.ts'
import type { Collector } from '../aggregation/collector.ts'
import type { Ledger } from '../aggregation/ledger.ts'
import type { LedgerRecord } from '../aggregation/record.ts'
import type { Credential } from '../mesh/credential.ts'
import type { ComponentContext } from './component.ts'
import { evidenceRows } from './evidence-lines.ts'
import { headRow, type LedgerHeadLine, recordRow } from './ledger-lines.ts'
import { NodeError } from './node-error.ts'
import type { Listed, Row } from './readout-rows.ts'

/** Contents that are larger do not fit into a row. Recordings are files of their own, so nothing of ours is. */
const MOST_CONTENT = 24 * 1024
const BLOCK = { limit: 64, maxBytes: 256 * 1024 }

const wantedSchema = z.strictObject({
  ied: z.string().max(64).optional(),
  ledgerId: z.string().max(64).optional(),
  upTo: z.int().nonnegative().default(Number.MAX_SAFE_INTEGER),
  limit: z.int().optional(),
})

type Serves = Pick<ComponentContext, 'readout' | 'listing'>

/** Of an IED: its own. */
export function serveOwnLedger({ readout, listing }: Serves, ledger: Ledger, peerId: string): void {
  readout('ledger-heads', async () => {
    const signed = await ledger.signedHead()
    return { heads: [headRow({ ...signed, peerId, signed })], evidence: [], drops: [] }
  })
  listing('ledger-records', (parameters, _, from) => {
    const { ied = ledger.ied, ledgerId = ledger.ledgerId, upTo } = wanted(parameters)
    if (ied !== ledger.ied || ledgerId !== ledger.ledgerId)
      throw new NodeError('BAD_INPUT', `no ledger ${ledgerId} here`)
    return rows(ownRecords(ledger, Math.min(upTo, ledger.head().number)), from)
  })
}

/** Of a back-end peer: what it has collected, second histories, and what is gone by the IEDs' own word. */
export function serveCollectedLedgers(
  { readout, listing }: Serves,
  collector: Collector,
  peerIdOf: (ied: string, kept: KeptHead | undefined) => string | undefined,
): void {
  readout('ledger-heads', async ({ ied }) => {
    const one = typeof ied === 'string' ? ied : undefined
    const heads: LedgerHeadLine[] = []
    for (const { number, chainHash, ...head } of await collector.heads(one)) {
      const kept = await collector.signedHead(head.ied, head.ledgerId)
      const peerId = peerIdOf(head.ied, kept)
      const signed = kept?.head.number === number ? kept.head : undefined
      heads.push({
        ied: head.ied,
        ledgerId: head.ledgerId,
        number,
        chainHash,
        ...(peerId === undefined ? {} : { peerId }),
        ...(signed === undefined ? {} : { signed }),
      })
    }
    const evidence = []
    for await (const each of collector.evidence(one)) {
      evidence.push({
        ied: each.ied,
        ledgerId: each.ledgerId,
        number: each.number,
        utc: new Date(each.utcMs).toISOString(),
        first: each.first === undefined ? null : headRow({ ...each.first.head, signed: each.first.head }),
        second: headRow({ ...each.second.head, signed: each.second.head }),
        // Contents are for some alone: `ledger-evidence` gives them to those.
        records: each.second.records.slice(0, MOST_SHOWN).map(({ header }) => recordRow({ header })),
      })
      if (evidence.length >= MOST_SHOWN) break
    }
    const drops = []
    for await (const drop of collector.drops(one)) {
      drops.push(drop)
      if (drops.length >= MOST_DROPS) break
    }
    return { heads: heads.map(headRow), evidence, drops }
  })
  listing('ledger-evidence', ({ ied }, _, from) =>
    evidenceRows(collector.evidence(typeof ied === 'string' ? ied : undefined), row => shownTo(from, row)),
  )
  listing('ledger-records', (parameters, _, from) => {
    const { ied, ledgerId, upTo } = wanted(parameters)
    return ied === undefined || ledgerId === undefined
      ? rows(nothing(), from)
      : rows(collector.records({ ied, ledgerId, limit: upTo }), from)
  })
}

async function* nothing(): AsyncGenerator<LedgerRecord> {}

const MOST_SHOWN = 16
const MOST_DROPS = 200

function wanted(parameters: Record<string, unknown>): z.infer<typeof wantedSchema> {
  const result = wantedSchema.safeParse(parameters)
  if (result.success) return result.data
  throw new NodeError('BAD_INPUT', 'ledger-records: want { ied, ledgerId, upTo }, as a head of ledger-heads has them')
}

async function* ownRecords(ledger: Ledger, upTo: number): AsyncGenerator<LedgerRecord> {
  for (let at = 0; at < upTo; ) {
    const records = await ledger.read({ after: at, ...BLOCK, limit: Math.min(BLOCK.limit, upTo - at) })
    const last = records.at(-1)
    if (last === undefined) return
    at = last.header.number
    yield* records
  }
}

async function* rows(records: AsyncIterable<LedgerRecord>, from: Credential): AsyncGenerator<Listed> {
  for await (const record of records) {
    const row: Row = { ...recordRow(shownTo(from, record)) }
    yield { row, cursor: String(record.header.number) }
  }
}

function shownTo({ roles }: Credential, { header, body }: LedgerRecord): LedgerRecord {
  const mayAudit = roles.some(role => role === 'SECAUD' || role === 'SECADM')
  const isShown = body !== undefined && body.content.length <= MOST_CONTENT && (header.class !== 'audit' || mayAudit)
  return isShown ? { header, body } : { header }
}
