// The final account: with all loads off the meters stand still, so once the last reading has been delivered each back
// end must have, in its own store, exactly the energy that the meters' own registers show. Asked over the mesh with a
// viewer's credential, as a person would. Then their bills, their account of reliability and what they may read are judged.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { askReadout } from '../../src/node/readout-client.ts'
import { checkBills, checkInterrupted, checkPortions, checkSameBills, leftDead } from './check-accounts.ts'
import type { Expectation } from './expectations.ts'
import { settleSeconds } from './scenario.ts'
import type { Stage } from './stage.ts'
import type { Accounts } from './watch-accounts.ts'

const answer = z.object({
  readings: z.array(
    z.object({
      ied: z.string(),
      number: z.number(),
      startUtc: z.iso.datetime(),
      importKwh: z.string(),
      importRegisterKwh: z.string(),
      flags: z.array(z.string()),
    }),
  ),
})
type Row = z.infer<typeof answer>['readings'][number]

const ROWS = 10_000
/** For the back ends' own account, once their stores are level. */
const ACCOUNT_MS = 15_000

export async function settle(stage: Stage, accounts: Accounts): Promise<Expectation[]> {
  const { devices, plan, view, scenario, signal } = stage
  view.say('settling', '>>> loads off: the meters stand still, and the last readings go out', {})
  await devices.setLoadScale(0)
  const registers = new Map<string, bigint>()
  for (const { name } of plan.ieds) registers.set(name, (await devices.registers(name)).importWh)

  const addresses = z
    .record(z.string(), z.string())
    .parse(JSON.parse(await readFile(join(plan.dataDir, 'addresses.json'), 'utf8')))
  const end = Date.now() + settleSeconds(scenario) * 1000
  // Who was revoked delivers nothing any more.
  const out = new Set(scenario.steps.flatMap(each => ('revoke' in each ? [each.revoke.ied] : [])))
  const rowsOf = new Map<string, readonly Row[]>()
  const results: Expectation[] = await Promise.all(
    plan.backEnds.map(async backEnd => {
      const ieds = [...plan.recipients]
        .filter(([ied, to]) => to.includes(backEnd.name) && !out.has(ied))
        .map(([ied]) => ied)
      let verdict = 'not asked'
      let count = 0
      while (Date.now() < end && !signal.aborted) {
        await new Promise(resolve => setTimeout(resolve, 1000))
        const rows = await ask(addresses[backEnd.name] ?? '', plan.viewers.get(backEnd.organisation) ?? '')
        if (typeof rows === 'string') {
          verdict = rows
          continue
        }
        count = rows.length
        rowsOf.set(backEnd.name, rows)
        verdict = compare(rows, ieds, registers)
        if (verdict === '') break
      }
      return {
        name: `${backEnd.name}: its store agrees with the registers of ${ieds.length} meters to the watt-hour`,
        ok: verdict === '',
        measured: verdict === '' ? `${count} readings, none missing, none twice` : verdict,
      }
    }),
  )
  results.push(...(await checkAccounts(stage, accounts, registers, rowsOf)))
  for (const { name, ok, measured } of results) {
    view.say('expectation', `${ok ? 'ok' : 'FAIL'}: ${name}: ${measured}`, { name, ok, measured })
  }
  return results
}

/** What the back ends tell, against the meters' registers, the scenario's faults and who is entitled to what. */
async function checkAccounts(
  { plan, feeder, scenario, signal }: Stage,
  accounts: Accounts,
  registers: ReadonlyMap<string, bigint>,
  rowsOf: ReadonlyMap<string, readonly Row[]>,
): Promise<Expectation[]> {
  if (signal.aborted) return []
  const told = await accounts.tell(ACCOUNT_MS, 'final')
  const dead = leftDead(
    feeder,
    scenario.steps.flatMap(each => ('fault' in each && 'trips' in each ? [each.trips] : [])),
  )
  const meters = new Set(feeder.file.ieds.filter(({ kind }) => kind === 'meter').map(({ name }) => name))
  const judged = plan.backEnds.flatMap(({ name }) => {
    const account = told.find(({ backEnd }) => backEnd === name)
    if (account === undefined) return [{ name: `${name}: tells its bills`, ok: false, measured: 'it did not answer' }]
    const entitled = [...plan.recipients].filter(([, to]) => to.includes(name)).map(([ied]) => ied)
    const ownDead = dead.filter(ied => entitled.includes(ied))
    const rows = rowsOf.get(name) ?? []
    const wattHours = new Map(
      entitled
        .filter(ied => meters.has(ied))
        .map(ied => [ied, deliveredSince(rows, ied, accounts.sinceUtcMs, registers.get(ied) ?? 0n)]),
    )
    return [
      checkBills(account, { wattHours }),
      ...(ownDead.length === 0 ? [] : [checkInterrupted(account, ownDead)]),
      checkPortions(account, entitled),
    ]
  })
  return [...judged, ...checkSameBills(told)]
}

/** What the register shows beyond where the first reading of that time began. */
function deliveredSince(rows: readonly Row[], ied: string, sinceUtcMs: number, register: bigint): bigint {
  const [first] = rows
    .filter(row => row.ied === ied && Date.parse(row.startUtc) >= sinceUtcMs)
    .sort((a, b) => a.number - b.number)
  return first === undefined ? 0n : register - wattHours(first.importRegisterKwh) + wattHours(first.importKwh)
}

async function ask(address: string, login: string): Promise<Row[] | string> {
  try {
    return answer.parse(await askReadout(address, login, 'readings', { limit: ROWS })).readings
  } catch (error) {
    return (error as Error).message
  }
}

const wattHours = (kwh: string): bigint => BigInt(kwh.replace('.', ''))

/** @returns what is wrong, or nothing */
function compare(rows: readonly Row[], ieds: readonly string[], registers: ReadonlyMap<string, bigint>): string {
  const wrong: string[] = []
  for (const ied of ieds) {
    const all = rows.filter(row => row.ied === ied).sort((a, b) => a.number - b.number)
    // A meter whose registers were reset (a run before this one was killed outright) counts from there.
    const own = all.slice(
      Math.max(
        0,
        all.findLastIndex(({ flags }) => flags.includes('registerReset')),
      ),
    )
    const first = own[0]
    const last = own.at(-1)
    if (first === undefined || last === undefined) {
      wrong.push(`${ied}: no reading`)
      continue
    }
    const numbers = new Set(own.map(({ number }) => number))
    const sum = own.reduce((total, row) => total + wattHours(row.importKwh), 0n)
    const before = wattHours(first.importRegisterKwh) - wattHours(first.importKwh)
    const register = registers.get(ied) ?? 0n
    if (numbers.size !== own.length) wrong.push(`${ied}: a reading twice`)
    else if (before + sum !== register)
      wrong.push(`${ied}: ${before + sum} Wh collected, the register shows ${register}`)
  }
  return wrong.join('; ')
}
