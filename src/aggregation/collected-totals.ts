// What a back end makes of billing records as they come in: which are readings, and their sum over all ledgers of an IED.

import { z } from 'zod'
import { billIn } from './billing/bill-record.ts'
import { editIn } from './billing/edit-record.ts'
import { usageOf } from './billing/readings-intervals.ts'
import { codec, countField } from './codec.ts'
import { droppedBy } from './dropped.ts'
import { type LoadProfile, profileIn } from './load-profile.ts'
import { type Reading, readingIn } from './reading.ts'
import type { Body, LedgerRecord } from './record.ts'
import type { Change, Store } from './store.ts'
import { key } from './store-keys.ts'
import { contractIn, usageReportIn } from './suppliers/contract.ts'

/** Primary energy. */
export interface Total {
  readonly importWh: bigint
  readonly exportWh: bigint
  readonly readings: number
}

const totalKey = (ied: string) => key('collector', 'total', ied)
/** In decimal digits: sums have no bound, and whatever registers a device claims, its total must not fail to be kept. */
const digits = z.string().regex(/^[0-9]{1,64}$/)
const totalCodec = codec('total', z.strictObject({ importWh: digits, exportWh: digits, readings: countField }), 256)

/** The sums go into the same batch as the records, so they are never apart. */
export async function addToTotal(store: Store, ied: string, records: readonly LedgerRecord[]): Promise<Change[]> {
  const readings = records.flatMap(record => readingOf(record) ?? [])
  if (readings.length === 0) return []
  const before = await totalOf(store, ied)
  const total = readings.map(usageOf).reduce(
    (sum, { importWh, exportWh }) => ({
      importWh: sum.importWh + importWh,
      exportWh: sum.exportWh + exportWh,
      readings: sum.readings + 1,
    }),
    before,
  )
  const inDigits = { importWh: String(total.importWh), exportWh: String(total.exportWh), readings: total.readings }
  return [{ put: totalKey(ied), value: totalCodec.encode(inDigits) }]
}

/** Decoded once for all that asks for it while a batch is taken in. */
const readings = new WeakMap<Body, { readonly reading: Reading | undefined }>()

export function readingOf({ header, body }: LedgerRecord): Reading | undefined {
  if (header.class !== 'billing' || body === undefined) return undefined
  const known = readings.get(body) ?? { reading: readingIn(body.content) }
  readings.set(body, known)
  return known.reading
}

export const profileOf = ({ header, body }: LedgerRecord): LoadProfile | undefined =>
  header.class !== 'loadProfile' || body === undefined ? undefined : profileIn(body.content)

/** Whether it says by which tariff or with which energy the readings are billed: contracts, and what a person edited. */
export const isBillingWord = ({ header, body }: LedgerRecord): boolean =>
  header.class === 'billing' &&
  body !== undefined &&
  (editIn(body.content) !== undefined || contractIn(body.content) !== undefined)

export const isUnreadable = (record: LedgerRecord): boolean =>
  record.header.class === 'billing' &&
  record.body !== undefined &&
  readingOf(record) === undefined &&
  droppedBy(record) === undefined &&
  billIn(record.body.content) === undefined &&
  !isBillingWord(record) &&
  usageReportIn(record.body.content) === undefined

export async function totalOf(store: Store, ied: string): Promise<Total> {
  const bytes = await store.get(totalKey(ied))
  if (!bytes) return { importWh: 0n, exportWh: 0n, readings: 0 }
  const { importWh, exportWh, readings } = totalCodec.decode(bytes)
  return { importWh: BigInt(importWh), exportWh: BigInt(exportWh), readings }
}
