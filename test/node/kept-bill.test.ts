// Scheduled bills over what the ledger lets go of when room is short: the last bill's end and its credit are not lost with it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type BillRow, billIn } from '../../src/aggregation/billing/bill-record.ts'
import type { Ledger } from '../../src/aggregation/ledger.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { encodeReading } from '../../src/aggregation/reading.ts'
import type { Store } from '../../src/aggregation/store.ts'
import { bus, type ComponentContext } from '../../src/node/component.ts'
import { billingComponent } from '../../src/node/components/billing.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { ledgerOn, reading } from '../aggregation/fixtures.ts'

const QUARTER = 900_000
const nothing = (): void => {}
let directory: string
let tariff: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kept-bill-'))
  tariff = join(directory, 'tariff.yaml')
  // What is given is worth more than what is taken, so that each bill leaves credit.
  writeFileSync(
    tariff,
    'tariff: Net\ncurrency: EUR\ntimeZone: UTC\nenergy: [{ name: Energy, perKwh: "0.10" }]\n' +
      'netMetering: { method: billing, export: { perKwh: "0.30" } }\n',
  )
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const append = async (ledger: Ledger, from: number, to: number): Promise<void> => {
  for (let n = from; n < to; n++) {
    const wh = BigInt(n) * 1000n
    const given = { exportWhStart: wh, exportWhEnd: wh + 1000n }
    await ledger.append('billing', encodeReading({ ...reading(n, wh, 1000n), ...given }))
  }
}

/** One look of the component at that quarter hour. */
async function look(ledger: Ledger, store: Store, quarter: number): Promise<Record<string, unknown>[]> {
  const reports: Record<string, unknown>[] = []
  const wakes: (() => void)[] = []
  const running = await billingComponent.start({
    config: { billing: { tariff, cycle: 'daily' } },
    ledger,
    store,
    clock: {
      now: () => instant(0),
      utc: () => utcMs(quarter * QUARTER),
      utcGood: () => true,
      wakeAt(_: number, run: () => void) {
        wakes.push(run)
        return nothing
      },
    },
    bus: bus(nothing),
    log: { warn: nothing },
    report: (event: string, fields: Record<string, unknown>) => void reports.push({ event, ...fields }),
  } as unknown as ComponentContext)
  wakes[0]?.()
  await expect.poll(() => wakes.length, { timeout: 20_000 }).toBe(2)
  await running.stop()
  return reports
}

async function billsIn(ledger: Ledger): Promise<BillRow[]> {
  const records = await ledger.read({ after: 0, limit: 10_000, maxBytes: 1 << 24 })
  return records.flatMap(({ body }) => (body && billIn(body.content)) ?? [])
}

/** A day with its bill, then three more, of which the oldest gave way; the bill's record with them. */
async function pressed(): Promise<{ store: Store; ledger: Ledger }> {
  const store = openMemoryStore()
  const ledger = await ledgerOn(store)
  await append(ledger, 0, 96)
  await look(ledger, store, 97)
  expect(await billsIn(ledger)).toMatchObject([{ toUtc: '1970-01-02T00:00:00.000Z', carried: '19.20' }])
  await append(ledger, 96, 396)
  expect((await ledger.drop({ class: 'billing', reason: 'quota', upTo: ledger.head().number }))?.count).toBe(141)
  expect(await billsIn(ledger)).toEqual([])
  await append(ledger, 396, 397)
  return { store, ledger: await ledgerOn(store) }
}

it('the next bill begins where the last one ended, with its credit, though its record has gone', async () => {
  const { store, ledger } = await pressed()
  const reports = await look(ledger, store, 193)
  expect(reports.filter(({ event }) => event === 'alarm')).toEqual([])
  const [bill] = await billsIn(ledger)
  expect(bill).toMatchObject({ fromUtc: '1970-01-02T00:00:00.000Z', toUtc: '1970-01-03T00:00:00.000Z' })
  // 44 quarter hours have gone with the bill: they lack, or are estimated, and the bill says so.
  const { estimated = 0, missingSeconds = 0 } = bill?.quality ?? {}
  expect(estimated * 900 + missingSeconds).toBe(44 * 900)
  expect(bill?.lines.find(({ kind }) => kind === 'credit')).toBeDefined()
  expect(Number(bill?.carried)).toBeGreaterThan(19.2)
})

it('a kill between the record and what is kept beside it bills nothing twice', async () => {
  const store = openMemoryStore()
  const ledger = await ledgerOn(store)
  await append(ledger, 0, 96)
  await look(ledger, store, 97)
  await append(ledger, 96, 192)
  const keptBefore = await store.get('billing/last')
  await look(ledger, store, 193)
  await store.batch([{ put: 'billing/last', value: keptBefore as Uint8Array }], { durable: true })
  const again = await ledgerOn(store)
  await look(again, store, 194)
  expect((await billsIn(again)).map(({ fromUtc }) => fromUtc.slice(0, 10))).toEqual(['1970-01-01', '1970-01-02'])
})

it('where no bill is known and readings have gone, the bill and an alarm say that it begins anew', async () => {
  const { store, ledger } = await pressed()
  await store.batch([{ del: 'billing/last' }], { durable: true })
  const reports = await look(ledger, store, 193)
  expect(reports.filter(({ event }) => event === 'alarm')).toMatchObject([{ alarm: 'billBegunAnew' }])
  const [bill] = await billsIn(ledger)
  expect(bill?.fromUtc).toBe(new Date(140 * QUARTER).toISOString())
  expect(bill?.notes.join()).toMatch(/begins with the first that is left, without credit of a bill before/)
})
