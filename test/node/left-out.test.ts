// What answers hold, and that they say what they leave out.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { meterBills, type RawInterval } from '../../src/aggregation/billing/index.ts'
import { zoneClock } from '../../src/aggregation/local-time.ts'
import type { Reading } from '../../src/aggregation/reading.ts'
import { answerBills } from '../../src/node/bill-answer.ts'
import { billText } from '../../src/node/cli/bill-text.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { fitting, MOST_ANSWER_BYTES } from '../../src/node/fitting-rows.ts'
import { serveReadouts } from '../../src/node/readout.ts'
import { siteZone, wishedMoment } from '../../src/node/site-zone.ts'
import { parseTariff } from '../../src/node/tariff-file.ts'
import { toCbor } from '../../topology/cbor.ts'
import { utcMs } from '../../topology/units.ts'

const HOUR = 3_600_000
const START = Date.parse('2026-01-01T06:00:00Z') // midnight in Chicago
const tou = readFileSync('topology/tariffs/tou-demand.yaml', 'utf8')
const flat = readFileSync('topology/tariffs/flat.yaml', 'utf8')

const readingAt = (n: number): Reading => ({
  startUtcMs: utcMs(START + n * HOUR),
  endUtcMs: utcMs(START + (n + 1) * HOUR),
  importWhStart: BigInt(n) * 1000n,
  importWhEnd: BigInt(n + 1) * 1000n,
  exportWhStart: 0n,
  exportWhEnd: 0n,
  flags: [],
})
const source = (meters: readonly string[], hours: number) => ({
  meters: async () => meters,
  async *readings(_: string, from: number, to: number) {
    for (let n = 0; n < hours; n++) {
      const reading = readingAt(n)
      if (reading.startUtcMs >= from && reading.startUtcMs < to) yield reading
    }
  },
})

describe('bills', () => {
  it('of each day of a year are in one answer, as far as the time goes, and the rest is counted', async () => {
    const hours = 365 * 24
    const wish = { meter: 'R3', cycle: 'daily', tariff: flat, from: '2026-01-01', to: '2027-01-01' }
    const answer = await answerBills('bill', wish, undefined, source(['R3'], hours), START + hours * HOUR)
    const { bills, leftOut } = outputs.bill.parse(answer)
    expect(leftOut.periods + bills.length).toBe(365)
    // A busy machine leaves some out: from where on, it says.
    expect(leftOut.fromUtc).toBe(leftOut.periods === 0 ? undefined : bills.at(-1)?.toUtc)
    expect(toCbor(answer).length).toBeLessThan(MOST_ANSWER_BYTES)
  })

  it('that are not begun for want of time are counted, and the first one is made', () => {
    const raw = Array.from({ length: 48 }, (_, n): RawInterval => {
      const startUtcMs = START + n * HOUR
      return { startUtcMs, endUtcMs: startUtcMs + HOUR, importWh: 1000n, exportWh: 0n }
    })
    const tariff = parseTariff(tou, 'tou')
    let asked = 0
    const wish = { tariff, cycle: 'daily', from: '2026-01-01', to: '2026-01-11', isLate: () => ++asked > 2 } as const
    const { bills, leftOut } = meterBills('R3', raw, wish)
    expect([bills.length, leftOut]).toEqual([3, 7])
    const whole = meterBills('R3', raw, { ...wish, isLate: () => false })
    expect(whole.leftOut).toBe(0)
    expect(whole.bills.slice(0, 3)).toEqual(bills)
    expect(meterBills('R3', raw, { ...wish, isLate: () => true }).bills).toHaveLength(1)
  })

  it('say from where on they lack', () => {
    const leftOut = { meters: 0, periods: 7, fromUtc: '2026-01-04T06:00:00.000Z' }
    expect(billText({ bills: [], findings: [], leftOut })).toBe(
      'left out: 7 more of the periods, from 2026-01-04T06:00:00.000Z on: want --from, or a shorter time\n',
    )
  })

  it('and usage of more meters than one answer looks at name the next one', async () => {
    const meters = Array.from({ length: 1_003 }, (_, n) => `m${n}`)
    const answer = await answerBills('usage', { tariff: tou }, undefined, source(meters, 0), START)
    expect(outputs.usage.parse(answer).leftOut).toEqual({ meters: 3, fromMeter: 'm1000', periods: 0 })
  })
})

describe('an answer', () => {
  it('has the first rows that fit, and says how many do not', () => {
    const rows = Array.from({ length: 10 }, (_, n) => ({ n, text: 'x'.repeat(100) }))
    const each = toCbor(rows[0]).length
    expect(fitting(rows, 4 * each)).toEqual({ rows: rows.slice(0, 4), leftOut: 6 })
    expect(fitting(rows, 4 * each - 1).rows).toHaveLength(3)
    expect(fitting(rows)).toEqual({ rows, leftOut: 0 })
  })

  it('that is larger than one frame is refused in words', async () => {
    const served = new Map<string, (from: never, bytes: Uint8Array) => Promise<Uint8Array>>()
    const links = {
      serve: (protocol: string, handle: (from: never, bytes: Uint8Array) => Promise<Uint8Array>) =>
        void served.set(protocol, handle),
      serveStream: () => {},
    }
    let size = 0
    serveReadouts(links as never, 'u').answer('big', async () => new Uint8Array(size))
    const ask = () =>
      [...served.values()][0]?.(
        { name: 'vera', organisation: 'u', roles: ['VIEWER'] } as never,
        toCbor({ what: 'big', parameters: {} }),
      )
    size = MOST_ANSWER_BYTES
    await expect(ask()).rejects.toThrow(/^big: an answer of \d+ bytes, want \d+ at the most: ask for less$/)
    size = MOST_ANSWER_BYTES - 10
    expect((await ask())?.length).toBeGreaterThan(size)
  })
})

describe('dates that a person gives', () => {
  const config = (more: object) => siteZone({ reliability: {}, ...more } as never)
  it('are of the site, else of its tariff, else of UTC', async () => {
    const tariff = { billing: { tariff: 'topology/tariffs/tou-demand.yaml' } }
    expect((await config({ ...tariff, reliability: { timeZone: 'Europe/Berlin' } })).zone).toBe('Europe/Berlin')
    expect((await config({ ...tariff, suppliers: { timeZone: 'Asia/Tokyo' } })).zone).toBe('Asia/Tokyo')
    expect((await config(tariff)).zone).toBe('America/Chicago')
    expect((await config({ billing: { tariff: '/nowhere.yaml' } })).zone).toBe('UTC')
    expect((await config({})).zone).toBe('UTC')
  })
  it('are local midnights, and times say their zone themselves', () => {
    const berlin = zoneClock('Europe/Berlin')
    if (berlin === undefined) throw new Error('no time-zone data')
    expect(new Date(wishedMoment('--from', '2026-06-01', berlin)).toISOString()).toBe('2026-05-31T22:00:00.000Z')
    expect(wishedMoment('--from', '2026-06-01T00:00:00Z', berlin)).toBe(Date.UTC(2026, 5, 1))
    expect(wishedMoment('--from', '2026-06-01T00:00:00+02:00', berlin)).toBe(Date.UTC(2026, 4, 31, 22))
    for (const wrong of ['2026-06-01T00:00:00', '2026-02-30', 'yesterday', '1960-01-01'])
      expect(() => wishedMoment('--to', wrong, berlin)).toThrow(
        `--to ${wrong}: want a date such as 2026-06-01 (midnight in Europe/Berlin), or a time with its zone`,
      )
  })
})
