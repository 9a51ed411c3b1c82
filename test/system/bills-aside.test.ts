// Bills of many intervals on a thread of their own: the same bills to the last digit, and the thread that asked goes on meanwhile.
// The program is what the build made, since Node reads no other.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const script = `
const { billsAside, billsHere } = await import('./dist/src/node/bills-aside.js')
const { parseTariff } = await import('./dist/src/node/tariff-file.js')
const { priceSeries } = await import('./dist/src/aggregation/billing/index.js')
const { readFileSync } = await import('node:fs')
const { isDeepStrictEqual } = await import('node:util')
const { pathToFileURL } = await import('node:url')
const program = name => pathToFileURL('./dist/src/node/' + name)
const aside = billsAside(program('bills-thread.js'))
const tariff = parseTariff(readFileSync('topology/tariffs/tou-demand.yaml', 'utf8'), 'tou-demand')
const hour = 3_600_000
let at = Date.UTC(2026, 0, 1, 6), register = 0n
const raw = Array.from({ length: 60 * 24 }, (_, n) => {
  register += 250n
  const startUtcMs = (at += hour) - hour
  return { startUtcMs, endUtcMs: at, importWh: 250n, exportWh: 0n, importRegisterWh: register, flags: n === 700 ? ['clock'] : [] }
})
const prices = priceSeries([{ fromUtcMs: 0, perKwh: '0.11' }], at)
const wish = { tariff, prices, cycle: 'monthly', nowUtcMs: at, edits: [], carried: 5n }
let turns = 0
const counting = setInterval(() => turns++, 1)
const there = await aside('m', raw, wish)
clearInterval(counting)
const said = async work => { try { return (await work).leftOut } catch (error) { return [error.name, error.code, error.message] } }
const backwards = { ...wish, from: '2026-01-02', to: '2026-01-01' }
console.log(JSON.stringify({
  bills: there.bills.length,
  isSame: isDeepStrictEqual(there, await billsHere('m', raw, wish)),
  turns,
  late: await said(aside('m', raw, { ...wish, cycle: 'daily', isLate: () => true })),
  backwards: await said(aside('m', raw, backwards)),
  died: await said(billsAside(program('no-such-thread.js'))('m', raw, wish)),
}))
`

describe('bills of many intervals', () => {
  it('are the same on a thread of their own, while the asking one goes on; what goes wrong there is said', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: fileURLToPath(root),
    })
    const found = JSON.parse(stdout)
    expect(found).toMatchObject({
      bills: 3,
      isSame: true,
      backwards: ['BillingError', 'BAD_PERIOD', expect.any(String)],
    })
    expect(found.turns).toBeGreaterThan(5)
    // Of 60 days the first one is made in any case.
    expect(found.late).toBe(59)
    expect(found.died).toEqual(['NodeError', 'REFUSED', expect.stringMatching(/^bills of m could not be computed: /)])
  })
})
