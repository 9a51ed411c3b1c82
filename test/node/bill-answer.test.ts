// What a peer answers to `bill` and `usage`: by its own tariff or the one that the question brings.

import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { billIn, billRowSchema, encodeBill } from '../../src/aggregation/billing/bill-record.ts'
import type { Reading } from '../../src/aggregation/reading.ts'
import { answerBills, type ReadingSource } from '../../src/node/bill-answer.ts'
import { billText } from '../../src/node/cli/bill-text.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { utcMs } from '../../topology/units.ts'

const FLAT = fileURLToPath(new URL('../../topology/tariffs/flat.yaml', import.meta.url))
const START = Date.parse('2026-07-01T05:00:00Z')
const NOW = START + 86_400_000

const source: ReadingSource = {
  meters: async () => ['R1', 'R2'],
  async *readings(meter, fromUtcMs, toUtcMs) {
    for (let n = 0; n < 96; n++) {
      const start = START + n * 900_000
      if (start < fromUtcMs || start >= toUtcMs) continue
      const wh = BigInt(n) * (meter === 'R1' ? 1_000n : 2_000n)
      const step = meter === 'R1' ? 1_000n : 2_000n
      const reading: Reading = {
        startUtcMs: utcMs(start),
        endUtcMs: utcMs(start + 900_000),
        importWhStart: wh,
        importWhEnd: wh + step,
        exportWhStart: 0n,
        exportWhEnd: 0n,
        flags: [],
      }
      yield reading
    }
  },
}
const ask = (what: 'bill' | 'usage', parameters: Record<string, unknown>, tariff: string | undefined = FLAT) =>
  answerBills(what, parameters, tariff, source, NOW)

describe('the answer to bill and usage', () => {
  it('is a bill by the tariff of the configuration, which is a record and a text too', async () => {
    const answer = outputs.bill.parse(await ask('bill', { meter: 'R1', from: '2026-07-01', to: '2026-07-02' }))
    const [bill] = answer.bills
    // 96 kWh at 0.1425, a thirty-first of 9.50, 6.25 % of 13.99.
    expect(bill?.lines.map(({ amount }) => amount)).toEqual(['13.68', '0.31', '0.87'])
    expect(bill?.total).toBe('14.86')
    expect(billIn(encodeBill(billRowSchema.parse(bill)))).toEqual(bill)
    expect(billIn(new Uint8Array([1, 2, 3]))).toBeUndefined()
    expect(billText(answer)).toContain('before tax 13.99, tax 0.87, total 14.86 USD')
    expect(answer.findings).toEqual([expect.objectContaining({ check: 'static', count: 1 })])
  })

  it('is what each meter used, and what it brings', async () => {
    const { usage } = outputs.usage.parse(await ask('usage', { from: '2026-07-01', to: '2026-07-02' }))
    expect(
      usage.map(({ meter, importKwh, peakKw, consumerPays, providerRevenue }) => [
        meter,
        importKwh,
        peakKw,
        consumerPays,
        providerRevenue,
      ]),
    ).toEqual([
      ['R1', '96.000', '4', '14.86', '13.99'],
      ['R2', '192.000', '8', '29.40', '27.67'],
    ])
  })

  it('goes by the tariff that the question brings', async () => {
    const tariff = 'tariff: T\ncurrency: USD\ntimeZone: UTC\nenergy: [{ name: E, perKwh: "1" }]\n'
    const { bills } = outputs.bill.parse(await answerBills('bill', { meter: 'R2', tariff }, undefined, source, NOW))
    expect(bills[0]?.total).toBe('192.00')
  })

  it('looks back as far as the tariff of each part of the time asks', async () => {
    const text = (name: string, demand: string) =>
      `tariff: ${name}\ncurrency: USD\ntimeZone: UTC\nenergy: [{ name: E, perKwh: "1" }]\n${demand}`
    const ratchet = 'demand: [{ name: D, minutes: 60, perKw: "1", ratchet: { percent: "80", months: 11 } }]\n'
    const HOUR = 3_600_000
    const peak = Date.parse('2025-09-01T12:00:00Z')
    const from = Date.parse('2026-07-31T00:00:00Z') // its eleven months before begin on the first of September
    const ratcheted: ReadingSource = {
      meters: async () => ['R1'],
      async *readings(_, fromUtcMs, toUtcMs) {
        let register = 0n
        for (const start of [peak, ...Array.from({ length: 48 }, (_, n) => from + n * HOUR)]) {
          const before = register
          register += start === peak ? 100_000n : 1_000n
          if (start < fromUtcMs || start >= toUtcMs) continue
          const registers = { importWhStart: before, importWhEnd: register, exportWhStart: 0n, exportWhEnd: 0n }
          yield { startUtcMs: utcMs(start), endUtcMs: utcMs(start + HOUR), ...registers, flags: [] }
        }
      },
      contracts: async () => [
        { supplier: 'a', text: text('Old', ratchet), fromUtcMs: 0, prices: undefined },
        { supplier: 'b', text: text('New', ''), fromUtcMs: from + 24 * HOUR, prices: undefined },
      ],
    }
    const asked = { meter: 'R1', from: '2026-07-31', to: '2026-08-02' }
    const { bills } = outputs.bill.parse(await answerBills('bill', asked, undefined, ratcheted, from + 50 * HOUR))
    expect(bills[0]?.lines.find(({ kind }) => kind === 'demand')).toMatchObject({ quantity: '80' })
  })

  it('bills no time by a contract that was agreed on after it', async () => {
    const HOUR = 3_600_000
    const text = 'tariff: T\ncurrency: USD\ntimeZone: UTC\nenergy: [{ name: E, perKwh: "1" }]\n'
    const forgetful: ReadingSource = {
      meters: async () => ['R1'],
      async *readings() {
        for (const hour of [0, 1, 2, 3]) {
          const registers = {
            importWhStart: BigInt(hour),
            importWhEnd: BigInt(hour + 1),
            exportWhStart: 0n,
            exportWhEnd: 0n,
          }
          yield {
            startUtcMs: utcMs(START + hour * HOUR),
            endUtcMs: utcMs(START + (hour + 1) * HOUR),
            ...registers,
            flags: [],
          }
        }
      },
      contracts: async () => [{ supplier: 'a', text, fromUtcMs: START + 2 * HOUR, prices: undefined }],
    }
    const asked = { meter: 'R1', from: '2026-07-01', to: '2026-07-02' }
    await expect(answerBills('bill', asked, undefined, forgetful, NOW)).rejects.toThrow(
      /what R1 had agreed on before 2026-07-01T07:00:00.000Z is not known here any more/,
    )
    expect(await answerBills('usage', { from: '2026-07-01' }, undefined, forgetful, NOW)).toMatchObject({
      usage: [],
      notBilled: [{ meter: 'R1' }],
    })
    const after = { ...asked, from: '2026-07-01T07:00:00.000Z' }
    const { bills } = outputs.bill.parse(await answerBills('bill', after, undefined, forgetful, NOW))
    expect(bills[0]?.importKwh).toBe('0.002')
  })

  it('does not fill a gap by the registers of two meters', async () => {
    const HOUR = 3_600_000
    const reading = (hour: number, length: number, start: bigint, end: bigint, flags: string[] = []): Reading => ({
      startUtcMs: utcMs(START + hour * HOUR),
      endUtcMs: utcMs(START + (hour + length) * HOUR),
      importWhStart: start,
      importWhEnd: end,
      exportWhStart: 0n,
      exportWhEnd: 0n,
      flags,
    })
    const replaced: ReadingSource = {
      meters: async () => ['R1'],
      async *readings() {
        yield reading(0, 1, 0n, 1_000n)
        yield reading(2, 0, 900_000n, 900_000n, ['first']) // another device, another ledger
        yield reading(2, 1, 900_000n, 901_000n)
      },
    }
    const asked = { meter: 'R1', from: '2026-07-01', to: '2026-07-02' }
    const { bills } = outputs.bill.parse(await answerBills('bill', asked, FLAT, replaced, NOW))
    expect(bills[0]?.importKwh).toBe('3.000')
  })

  it.each([
    [{ meter: 'R9' }, 'no readings of "R9" here, want one of R1, R2'],
    [{}, 'want --meter with one of R1, R2'],
    [{ meter: 'R1', from: 'soon' }, '"soon", want a date'],
    [{ meter: 'R1', tariff: 'tariff: T\n' }, 'currency: is missing'],
    [{ meter: 'R1', from: '2026-07-02', to: '2026-07-01' }, 'ends before it begins'],
    [{ meter: 'R1', what: 1 }, 'bill: '],
  ])('says what is wrong with %j', async (parameters, words) => {
    await expect(ask('bill', parameters)).rejects.toThrow(words)
  })

  it('says that there is no tariff', async () => {
    await expect(answerBills('bill', { meter: 'R1' }, undefined, source, NOW)).rejects.toThrow('want --tariff FILE')
  })
})
