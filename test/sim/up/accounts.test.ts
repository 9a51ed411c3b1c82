import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Account } from '../../../sim/up/account.ts'
import { accountLines, sumOf } from '../../../sim/up/account-lines.ts'
import {
  checkBills,
  checkInterrupted,
  checkPortions,
  checkSameBills,
  leftDead,
} from '../../../sim/up/check-accounts.ts'
import { plain } from '../../../sim/up/palette.ts'
import { createFeeder, parseFeeder } from '../../../topology/index.ts'

const PATH = 'topology/feeders/ieee13.yaml'

const bill = (meter: string, importKwh: string, consumerPays: string): Account['bills'][number] => ({
  meter,
  fromUtc: '2026-05-01T10:00:00.000Z',
  toUtc: '2026-05-01T10:01:00.000Z',
  importKwh,
  exportKwh: '0.000',
  currency: 'USD',
  consumerPays,
  providerRevenue: consumerPays,
  tax: '0.00',
  notMeasured: 0,
  missingSeconds: 0,
})
const availability = { observedMs: 60_000, downMs: 20_000, availability: 0.6667, nines: 0.48, isAtLeast: false }
const ied = (name: string, momentary: number): Account['reliability']['ieds'][number] => ({
  ied: name,
  customers: 1,
  sustained: 0,
  momentary,
  power: availability,
  quality: availability,
  plannedMs: 0,
  unknownMs: 0,
})
const customer: Account = {
  backEnd: 'customer-backend',
  organisation: 'customer',
  sinceUtc: '2026-05-01T10:00:00.000Z',
  bills: [bill('meter-675', '1.200', '0.18')],
  reliability: {
    ieds: [ied('meter-675', 1), ied('meter-692', 0)],
    power: availability,
    quality: availability,
    blamed: [
      {
        name: 'R675',
        kind: 'zone',
        events: 1,
        downMs: 20_000,
        customerMinutes: 0.3,
        unavailability: 0.33,
        basis: 'time',
      },
    ],
    leastReliable: 'R675',
    unanswered: [],
  },
  readable: [
    { ied: 'meter-675', organisation: 'customer', class: 'billing', readable: 12, headersOnly: 0 },
    { ied: 'meter-675', organisation: 'customer', class: 'audit', readable: 2, headersOnly: 0 },
  ],
}
const utility: Account = {
  ...customer,
  backEnd: 'utility-backend',
  organisation: 'utility',
  bills: [bill('meter-634', '0.005', '0.00'), bill('meter-675', '1.200', '0.18')],
  readable: [
    { ied: 'meter-634', organisation: 'utility', class: 'billing', readable: 9, headersOnly: 0 },
    { ied: 'meter-675', organisation: 'customer', class: 'billing', readable: 12, headersOnly: 0 },
    { ied: 'meter-675', organisation: 'customer', class: 'audit', readable: 0, headersOnly: 2 },
  ],
}

describe('bills', () => {
  it('are of the energy delivered, to the watt-hour', () => {
    expect(checkBills(customer, { wattHours: new Map([['meter-675', 1200n]]) })).toMatchObject({ ok: true })
    expect(checkBills(customer, { wattHours: new Map([['meter-675', 1201n]]) })).toMatchObject({
      ok: false,
      measured: 'meter-675: 1200 Wh billed, 1201 Wh delivered',
    })
  })
  it('are for each own meter, and for no other', () => {
    const two = new Map([
      ['meter-675', 1200n],
      ['meter-692', 5n],
    ])
    expect(checkBills(customer, { wattHours: two }).measured).toBe('meter-692: no bill')
    const own = new Map([['meter-634', 5n]])
    expect(checkBills(utility, { wattHours: own }).measured).toBe('meter-675: not its own')
    expect(checkBills({ ...customer, bills: [] }, { wattHours: new Map() }).ok).toBe(false)
  })
  it('of one meter are alike at both parties', () => {
    expect(checkSameBills([customer, utility])).toMatchObject([{ ok: true, measured: 'meter-675 0.18' }])
    const dearer = { ...utility, bills: [bill('meter-675', '1.200', '0.19')] }
    expect(checkSameBills([customer, dearer])).toMatchObject([{ ok: false }])
  })
  it('are summed exactly', () => {
    expect(sumOf(['0.005', '1.200', '9007199254740993.001'])).toBe('9007199254740994.206')
    expect(sumOf(['-0.05', '0.03'])).toBe('-0.02')
    expect(sumOf(['12', '3'])).toBe('15')
  })
})

describe('reliability', () => {
  it('shows each interruption and whose it was', () => {
    expect(checkInterrupted(customer, ['meter-675'])).toMatchObject({
      ok: true,
      measured: 'least reliable: zone R675, 20.0 s',
    })
    expect(checkInterrupted(customer, ['meter-675', 'meter-692']).ok).toBe(false)
    const nobody = { ...customer, reliability: { ...customer.reliability, blamed: [], leastReliable: null } }
    expect(checkInterrupted(nobody, ['meter-675']).ok).toBe(false)
  })
  it('knows who is dead behind a recloser, who stands at it not among them', () => {
    const feeder = createFeeder(parseFeeder(readFileSync(PATH, 'utf8'), PATH))
    expect(leftDead(feeder, ['R675'])).toEqual(['cap-675', 'gen-675', 'meter-675'])
    expect(leftDead(feeder, [])).toEqual([])
  })
})

describe('portions', () => {
  it("are the own ones, and of others' what is granted", () => {
    expect(checkPortions(customer, ['meter-675'])).toMatchObject({ ok: true })
    expect(checkPortions(utility, ['meter-634', 'meter-675'])).toMatchObject({ ok: true })
  })
  it("of a stranger, and another's audit records, are found", () => {
    expect(checkPortions(customer, []).measured).toBe('reads records of meter-675')
    const [first, second, audit] = utility.readable
    const opened = { ...utility, readable: [first, second, { ...audit, readable: 1 }] as Account['readable'] }
    expect(checkPortions(opened, ['meter-634', 'meter-675']).measured).toBe('reads audit records of meter-675')
    expect(checkPortions({ ...customer, readable: [] }, []).ok).toBe(false)
  })
})

describe('the table below the feeder', () => {
  it('has a row for each meter, and a dash for who has no bill of it', () => {
    const lines = accountLines([utility, customer], plain)
    expect(lines[0]).toContain('utility-backend')
    expect(lines.find(line => line.startsWith('meter-634'))).toMatch(/0\.005 kWh +0\.00 USD +—$/)
    expect(lines.find(line => line.startsWith('all'))).toMatch(/1\.205 kWh +0\.18 USD +1\.200 kWh +0\.18 USD$/)
    expect(lines.filter(line => line.startsWith('reliability'))).toHaveLength(2)
    expect(lines.at(-2)).toContain(
      "1 classes of utility's 1 IEDs, 1 classes of customer's 1 IEDs (of audit headers alone)",
    )
    expect(lines.at(-1)).toContain("nothing of utility's")
  })
  it('keeps to the lines that there are', () => {
    const whole = accountLines([utility, customer], plain)
    expect(accountLines([utility, customer], plain, whole.length)).toEqual(whole)
    const summed = accountLines([utility, customer], plain, whole.length - 1)
    // Bills, reliability and portions, one line of each back end.
    expect(summed).toHaveLength(6)
    expect(summed[0]).toMatch(/utility-backend: +1\.205 kWh/)
    expect(accountLines([utility, customer], plain, 5)).toEqual([])
    expect(accountLines([], plain)).toEqual([])
  })
})
