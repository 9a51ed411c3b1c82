// Credit of a bill goes on to the next one of the same supplier, over a change of tariff; with another supplier it does not.

import { describe, expect, it } from 'vitest'
import { type BillRow, creditFor } from '../../src/aggregation/billing/index.ts'
import type { Reading } from '../../src/aggregation/reading.ts'
import { answerBills, type ReadingSource } from '../../src/node/bill-answer.ts'
import { creditOf } from '../../src/node/issued-bills.ts'
import { utcMs } from '../../topology/units.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const tariff = (name: string, perKwh: string, supplier: string, currency = 'EUR') =>
  JSON.stringify({
    tariff: name,
    supplier,
    currency,
    timeZone: 'UTC',
    energy: [{ name: 'Energy', perKwh }],
    netMetering: { method: 'billing', export: { perKwh: '0.10' } },
  })

/** The first day gives 2 kWh an hour, later ones take 1. */
async function* readings(): AsyncGenerator<Reading> {
  let [taken, given] = [0n, 0n]
  for (let n = 0; n < 96; n++) {
    const [startTaken, startGiven] = [taken, given]
    if (n < 24) given += 2_000n
    else taken += 1_000n
    yield {
      startUtcMs: utcMs(n * HOUR),
      endUtcMs: utcMs((n + 1) * HOUR),
      importWhStart: startTaken,
      importWhEnd: taken,
      exportWhStart: startGiven,
      exportWhEnd: given,
      flags: [],
    }
  }
}

async function bills(...contracts: readonly { supplier: string; text: string; day: number }[]): Promise<BillRow[]> {
  const source: ReadingSource = {
    meters: async () => ['R3'],
    readings: () => readings(),
    contracts: async () =>
      contracts.map(({ supplier, text, day }) => ({ supplier, text, fromUtcMs: day * DAY, prices: undefined })),
  }
  const asked = { meter: 'R3', from: '1970-01-01', to: '1970-01-05' }
  return ((await answerBills('bill', asked, undefined, source, 5 * DAY)) as { bills: BillRow[] }).bills
}
const sums = (all: readonly BillRow[]) => all.map(({ total, carried }) => [total, carried])
const sun = { supplier: 'sun', text: tariff('One', '0.10', 'Sun'), day: 0 }

describe('credit', () => {
  it('goes from contract to contract of the same supplier, until it is used up', async () => {
    const second = { supplier: 'sun', text: tariff('Two', '0.10', 'Sun'), day: 1 }
    const third = { supplier: 'sun', text: tariff('Three', '0.10', 'Sun'), day: 2 }
    // 48 kWh given are 4.80; a day takes 2.40, and two days 4.80.
    expect(sums(await bills(sun, second, third))).toEqual([
      ['0.00', '4.80'],
      ['0.00', '2.40'],
      ['2.40', '0.00'],
    ])
  })

  it('stays with the supplier who owes it, and the bill of the next one says so', async () => {
    const all = await bills(sun, { supplier: 'moon', text: tariff('One', '0.10', 'Moon'), day: 1 })
    expect(sums(all)).toEqual([
      ['0.00', '4.80'],
      ['7.20', '0.00'],
    ])
    expect(all[1]?.notes).toContain('credit of 4.80 EUR of the bill before stays with sun')
  })

  it('is not another currency', async () => {
    const dollars = { supplier: 'sun', text: tariff('Two', '0.10', 'Sun', 'USD'), day: 1 }
    expect(sums(await bills(sun, dollars))[1]).toEqual(['7.20', '0.00'])
  })

  it('of a bill that was made is owed by the contract of its time', () => {
    const left = { toUtc: new Date(2 * DAY).toISOString(), carried: '4.80', currency: 'EUR', supplier: 'Sun' }
    const span = { text: '', prices: undefined }
    const credit = creditOf(left, [
      { ...span, supplier: 'sun', fromUtcMs: 0 },
      { ...span, supplier: 'moon', fromUtcMs: 2 * DAY },
    ])
    expect(creditFor(credit, { supplier: 'sun', currency: 'EUR', decimals: 2 })).toBe(480n)
    expect(creditFor(credit, { supplier: 'moon', currency: 'EUR', decimals: 2 })).toBe(0n)
    expect(creditOf(left, []).holder?.supplier).toBe('Sun')
  })
})
