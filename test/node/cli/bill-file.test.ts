// A bill of a file goes through the same checks as one of a ledger: what is below nothing is no credit, and the future waits.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { outputs } from '../../../src/node/cli/outputs.ts'
import { commandLine } from '../../system/cli-in-process.ts'

const TARIFF = 'tariff: Flat\ncurrency: EUR\ntimeZone: UTC\nenergy: [{ name: Energy, perKwh: "0.50" }]\n'
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Five days ago, and tomorrow. */
const START = Math.floor(Date.now() / DAY) * DAY - 5 * DAY
const isoOf = (utcMs: number): string => new Date(utcMs).toISOString()
const row = (startUtcMs: number, kwh: string): string =>
  [new Date(startUtcMs).toISOString(), new Date(startUtcMs + HOUR).toISOString(), kwh].join(',')

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'feedermesh-bill-'))
  await writeFile(join(dir, 't.yaml'), TARIFF)
  const hours = ['1.0', '2.0', '-5.0', '1.5'].map((kwh, n) => row(START + n * HOUR, kwh))
  const future = row(START + 7 * DAY, '100')
  await writeFile(join(dir, 'm.csv'), `startUtc,endUtc,importKwh\n${[...hours, future].join('\n')}\n`)
})
afterAll(() => rm(dir, { recursive: true, force: true }))

it('flags a negative interval, which counts as nothing, and leaves out what is in the future', async () => {
  const { code, stdout, stderr } = await commandLine(
    ['bill', '--readings', 'm.csv', '--tariff', 't.yaml', '--json'],
    dir,
  )
  expect([code, stderr]).toEqual([0, ''])
  const { bills, findings } = outputs.bill.parse(JSON.parse(stdout))
  expect(bills.map(({ importKwh, total, toUtc, quality }) => [importKwh, total, toUtc, quality.questionable])).toEqual([
    ['4.500', '2.25', isoOf(START + 4 * HOUR), 1],
  ])
  expect(findings.map(({ check }) => check)).toContain('negative')
})

it('says that there is something of the future where the period reaches there', async () => {
  const period = ['--from', isoOf(START), '--to', isoOf(START + 30 * DAY)]
  const asked = ['usage', '--readings', 'm.csv', '--tariff', 't.yaml', ...period, '--json']
  const { usage } = outputs.usage.parse(JSON.parse((await commandLine(asked, dir)).stdout))
  expect(usage.map(({ importKwh }) => importKwh)).toEqual(['4.500'])
  const bill = await commandLine(['bill', ...asked.slice(1)], dir)
  const { findings } = outputs.bill.parse(JSON.parse(bill.stdout))
  expect(findings.find(({ check }) => check === 'future')?.words).toMatch(/starts in the future/)
})
