// What was received from other organisations, as the read-out shows it; bills beside what the own readings say.

import { placed } from '../aggregation/billing/exact.ts'
import { usageOf } from '../aggregation/billing/index.ts'
import type { ExchangeDocument } from '../aggregation/exchange/exchange-document.ts'
import type { ReadingSource } from './bill-answer.ts'
import type { ExchangePartner } from './exchange-config.ts'
import { readDocument } from './exchange-protocol.ts'
import type { ExchangeShelf } from './exchange-shelf.ts'

/** Bills of one answer whose energy is looked up in the own readings: the latest. */
const MOST_COMPARED = 24

/** @returns kWh by the own readings; undefined where they do not cover the time */
export async function exchangedBill(
  { meter, bill }: Extract<ExchangeDocument, { kind: 'bill' }>,
  source: ReadingSource | undefined,
): Promise<string | undefined> {
  const [from, to] = [Date.parse(bill.fromUtc), Date.parse(bill.toUtc)]
  let covered = 0
  let importWh = 0n
  for await (const reading of source?.readings(meter, from, to) ?? []) {
    covered += reading.endUtcMs - reading.startUtcMs
    importWh += usageOf(reading).importWh
  }
  return covered === to - from ? placed(importWh, 3) : undefined
}

/** The latest come last. */
export async function receivedRows(
  shelf: ExchangeShelf,
  partners: readonly ExchangePartner[],
  limit: number,
  source: ReadingSource | undefined,
) {
  const all = partners
    .flatMap(({ organisation }) => shelf.received(organisation).map(row => ({ from: organisation, row })))
    .sort((a, b) => a.row.receivedUtcMs - b.row.receivedUtcMs)
    .slice(-limit)
  const compared = new Set(all.filter(({ row }) => row.kind === 'bill').slice(-MOST_COMPARED))
  const rows = []
  for (const each of all) {
    const { from, row } = each
    const jws = await shelf.receivedJws(from, row.subject)
    // Its signature was looked at when it came, and the store is the own one.
    const read = jws === undefined ? undefined : readDocument(jws, () => true)
    const document = typeof read === 'object' ? read.document : undefined
    rows.push({
      from,
      about: row.subject,
      revision: row.revision,
      issuedUtc: row.issuedUtc,
      receivedUtc: new Date(row.receivedUtcMs).toISOString(),
      signer: row.signer,
      says: document === undefined ? '' : wordsOf(document),
      ...(document?.kind === 'bill'
        ? {
            total: document.bill.total,
            currency: document.bill.currency,
            importKwh: document.bill.importKwh,
            ...ownWords(
              compared.has(each) ? await exchangedBill(document, source) : undefined,
              document.bill.importKwh,
            ),
          }
        : {}),
    })
  }
  return rows
}

const ownWords = (own: string | undefined, billed: string) =>
  own === undefined ? {} : { ownKwh: own, agrees: own === billed }

function wordsOf(document: ExchangeDocument): string {
  switch (document.kind) {
    case 'bill': {
      const { bill } = document
      const { estimated, edited, questionable } = bill.quality
      return `${bill.importKwh} kWh, ${bill.total} ${bill.currency} by ${bill.tariff}; ${estimated + edited + questionable} intervals not as measured`
    }
    case 'prices': {
      const { offers, next } = document
      const now =
        next === undefined
          ? ''
          : `; ${next.perKwh.length} prices from ${next.startUtc}, ${next.perKwh[0]} ${next.currency}/kWh first`
      return `${offers.map(({ tariff }) => tariff).join(', ')}${now}`
    }
    case 'reliability': {
      const { indices, power, heard } = document
      const nines =
        power.nines === undefined ? 'not known' : `${power.isAtLeast ? 'at least ' : ''}${power.nines.toFixed(2)}`
      return `SAIFI ${indices.saifi?.toFixed(3) ?? '-'}, SAIDI ${indices.saidiMinutes?.toFixed(1) ?? '-'} min, nines ${nines}, of ${heard} IEDs`
    }
  }
}
