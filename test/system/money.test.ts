// From the meter to the bill with real processes: a meter's agent behind a Modbus device and two suppliers' back ends, asked by the
// program as people run it. With FEEDERMESH_SAMPLES=DIR what each command printed is kept there, for the documents.

import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DeviceHost, startDeviceHost } from '../../sim/devices/device-host.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { type AgentProcess, feedermesh, MAIN, startAgentProcess } from './cli-process.ts'
import { untilAnswered } from './feeder-in-process.ts'
import { IEDS, makeSite, modbus, type Site } from './site.ts'

const ALL = { timeout: 240_000 }
const MINUTE = 60_000
const TARIFFS = {
  spot: 'tariff: Spot\nsupplier: grid\ncurrency: EUR\ntimeZone: UTC\npriceMinutes: 1\nenergy: [{ name: Energy, realTime: { fallbackPerKwh: "0.90" } }]\ntaxes: [{ name: Electricity tax, percent: "5" }]\n',
  day: 'tariff: Day and night\nsupplier: sun\ncurrency: EUR\ntimeZone: UTC\nenergy: [{ name: Energy, perKwh: "0.21" }]\nfixed: [{ name: Meter, perMonth: "3" }]\n',
}

let site: Site
let devices: DeviceHost
let engineer: string
let operator: string
const agents = new Map<string, AgentProcess>()
const addressOf = (name: string): string => agents.get(name)?.address as string

async function start(name: string, config: string): Promise<void> {
  agents.set(name, await startAgentProcess(config))
}

beforeAll(async () => {
  site = await makeSite(IEDS.filter(({ name }) => name !== 'relay'))
  devices = await startDeviceHost({ file: site.file })
  engineer = await site.viewer(site.authority, 'ENGINEER', 'ada')
  operator = await site.viewer(site.authority, 'OPERATOR', 'otto')
  for (const [name, text] of Object.entries(TARIFFS)) await writeFile(site.path(`${name}.yaml`), text)
  const first = Math.floor(Date.now() / MINUTE) * MINUTE
  // Dearer than the other supplier, minute for minute.
  const prices = Array.from({ length: 60 }, (_, n) => ({
    from: new Date(first + n * MINUTE).toISOString(),
    perKwh: n % 2 === 0 ? '0.40' : '0.36',
  }))
  await writeFile(site.path('prices.yaml'), JSON.stringify({ currency: 'EUR', minutes: 1, prices }))
  const backEnd = { role: 'BACKEND', log: 'info' }
  const grid = { name: 'grid', tariffs: ['spot.yaml'], prices: 'prices.yaml', announceSeconds: 10 }
  await start('u-backend', await site.agent('u-backend', { ...backEnd, supplier: grid }))
  const sun = { name: 'sun', tariffs: ['day.yaml'], announceSeconds: 10 }
  const config = { ...backEnd, supplier: sun, seeds: [addressOf('u-backend')] }
  await start('c-backend', await site.agent('c-backend', config, { by: site.customer }))
  const meter = {
    ...modbus(devices.ports.get('meter') as number),
    log: 'info',
    seeds: [addressOf('u-backend'), addressOf('c-backend')],
    recipients: [{ backEnd: 'u-backend', organisation: 'u' }],
    readings: { intervalSeconds: 5, maxKw: 20_000 },
    forwarding: { intervalSeconds: 1 },
    metering: { accuracyClass: 0.5, ctRatio: 2, registers: 'secondary', ratioErrorPercent: -0.2 },
    position: { latitude: 47.05, longitude: 8.31, accuracyM: 5 },
    suppliers: {
      current: 'grid',
      accept: [
        { name: 'grid', organisation: 'u', backEnd: 'u-backend' },
        { name: 'sun', organisation: 'c', backEnd: 'c-backend', minimumStayDays: 30 },
      ],
      timeZone: 'UTC',
      compareEveryMinutes: 0.1,
      horizonDays: 0.001,
      leastUsageHours: 0.01,
      fetchSpreadSeconds: 1,
    },
  }
  await start('meter', await site.agent('meter', meter))
  // Its load is behind it, and losses.
  const recloser = {
    ...modbus(devices.ports.get('recloser') as number),
    log: 'info',
    seeds: [addressOf('u-backend')],
    recipients: meter.recipients,
    readings: meter.readings,
    forwarding: meter.forwarding,
  }
  await start('recloser', await site.agent('recloser', recloser))
}, 120_000)
afterAll(async () => {
  for (const agent of agents.values()) await agent.stop()
  await devices?.stop()
  await site?.remove()
})

/** As a person runs it. @returns what it printed */
async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await feedermesh(args, site.dir)
  if (code !== 0) throw new Error(`feedermesh ${args.join(' ')}: exit code ${code}: ${stderr}${stdout}`)
  return stdout
}
const at = (name: string): string[] => ['--at', addressOf(name), '--as', engineer]

async function sample(name: string, text: string): Promise<void> {
  const dir = process.env.FEEDERMESH_SAMPLES
  if (dir === undefined) return
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, `${name}.txt`), text)
}

const suppliers = async () => outputs.suppliers.parse(JSON.parse(await run('suppliers', ...at('meter'), '--json')))
const costOfRecloser = (...more: string[]) => run('cost', ...at('u-backend'), '--meter', 'recloser', ...more)
const billsAt = async (name: string) =>
  outputs.bill.parse(JSON.parse(await run('bill', ...at(name), '--meter', 'meter', '--json'))).bills

it('changes to the cheaper supplier on its own usage, which suppliers shows', ALL, async () => {
  await untilAnswered('a change', async () =>
    (await suppliers()).suppliers.some(each => each.current && each.supplier === 'sun'),
  )
  await run('suppliers', ...at('meter'), '--poll')
  await sample('suppliers', await run('suppliers', ...at('meter')))
  await sample('suppliers-offers', await run('suppliers', ...at('u-backend')))
  const { suppliers: rows } = await suppliers()
  expect(rows.map(({ supplier, tariff }) => [supplier, tariff])).toEqual([
    ['grid', 'Spot'],
    ['sun', 'Day and night'],
  ])
})

it('tells what it costs, again and again, at the meter and at a back end', ALL, async () => {
  const child = spawn(process.execPath, [MAIN, 'cost', ...at('meter'), '--watch', '--every', '1', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const looks: { utc: string; kw: number | null; current: boolean; perKwh: string }[][] = []
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      looks.push(outputs.cost.parse(JSON.parse(line)).cost)
      if (looks.length === 3) break
    }
  } finally {
    child.kill()
  }
  expect(looks.map(rows => rows.length)).toEqual([2, 2, 2])
  expect(looks[0]?.find(({ current }) => current)?.perKwh).toBe('0.21')
  expect(looks[0]?.[0]?.kw).toBeGreaterThan(0)
  expect(Date.parse(looks[2]?.[0]?.utc ?? '')).toBeGreaterThan(Date.parse(looks[0]?.[0]?.utc ?? ''))
  await sample('cost', await run('cost', ...at('meter')))
  const there = await run('cost', ...at('u-backend'), '--meter', 'meter')
  expect(there).toContain('Spot')
  await sample('cost-back-end', there)
})

it('tells the loads behind a meter apart, which add up to it', ALL, async () => {
  await untilAnswered('both have been read', async () => {
    const { loads } = outputs.cost.parse(JSON.parse(await costOfRecloser('--json')))
    return loads.some(({ measuredBy, todayKwh }) => measuredBy === 'meter' && Number(todayKwh) > 0)
  })
  const { cost, loads } = outputs.cost.parse(JSON.parse(await costOfRecloser('--json')))
  expect(loads.map(({ load }) => load)).toEqual(['L2', 'not measured separately: G2', 'fixed, demand, credit, tax'])
  const whole = (text = ''): bigint => BigInt(text.replace('.', ''))
  for (const key of ['todayKwh', 'today', 'monthKwh', 'month'] as const)
    expect(loads.reduce((sum, row) => sum + whole(row[key]), 0n)).toBe(whole(cost[0]?.[key]))
  await sample('cost-loads', await costOfRecloser())
})

it('is billed at the back end by both contracts, with what its registers said', ALL, async () => {
  await untilAnswered('two bills', async () => {
    const bills = await billsAt('u-backend')
    return bills.length === 2 && Number(bills[1]?.importKwh) > 0
  })
  const bills = await billsAt('u-backend')
  expect(bills.map(({ tariff }) => tariff)).toEqual(['Spot', 'Day and night'])
  for (const { importKwh, metering = [] } of bills) {
    expect(metering.map(({ multiplier }) => multiplier)).toEqual(['CT 2, VT 1, constant 1, ratio error -0.2 %'])
    const [{ rawImportKwh, importKwh: corrected } = { rawImportKwh: '0', importKwh: '0' }] = metering
    expect(corrected).toBe(importKwh)
    // 2 / 0.998, in whole watt-hours.
    expect(Number(importKwh)).toBeCloseTo((Number(rawImportKwh) * 2) / 0.998, 2)
  }
  await sample('bill', await run('bill', ...at('u-backend'), '--meter', 'meter'))
  const usage = await run('usage', ...at('u-backend'))
  expect(usage).toContain('not billed: recloser: usage: no tariff is configured here')
  await sample('usage', usage)
  await sample('readings', (await run('readings', ...at('u-backend'))).split('\n').slice(0, 6).join('\n'))
})

it('takes an edit by a person, at the back end too', ALL, async () => {
  const { readings } = outputs.readings.parse(JSON.parse(await run('readings', ...at('meter'), '--json')))
  const [, second] = readings.filter(({ startUtc, endUtc }) => endUtc > startUtc)
  const edit = ['--start', second?.startUtc as string, '--import-kwh', '1.25', '--why', 'pulse output was bridged']
  const said = await run('usage', 'edit', '--ied', 'meter', ...edit, '--by', addressOf('meter'), '--as', engineer)
  expect(said).toMatch(/^meter: done: interval of .* became 1250 Wh/)
  await sample('usage-edit', said)
  await untilAnswered('the edit is there', async () =>
    (await billsAt('u-backend')).some(({ quality }) => quality.edited === 1),
  )
})

it(
  'has a proof from the meter to each bill, with the edit, the tariffs and the prices as they were signed',
  ALL,
  async () => {
    const [first] = (await billsAt('meter')) ?? []
    const period = ['--from', first?.fromUtc as string, '--to', new Date(Date.now() - 10_000).toISOString()]
    const file = site.path('bill.proof')
    const shown = await run('bill', ...at('meter'), '--meter', 'meter', ...period, '--proof', file)
    expect(shown).toContain('Bill of meter: Spot')
    const keys = ['--organisation', 'u', '--authority', site.authority.publicKey]
    const other = ['--issuer', `c=${site.customer.publicKey}`]
    const verified = await run('proof', 'verify', file, ...keys, ...other)
    await sample('proof-verify', verified)
    expect(verified).toMatch(/^holds: the bill of meter/)
    expect(verified).toContain('offered by u-backend of u as grid')
    expect(verified).toContain('offered by c-backend of c as sun')
    expect(verified).toMatch(/\d prices as signed by u-backend of u/)
    expect(verified).toContain('(pulse output was bridged): signed by ada of u')
  },
)

it('tells what it is, what was done, and how reliable it was', ALL, async () => {
  const inventory = await run('inventory', ...at('u-backend'))
  expect(inventory).toContain('meter')
  await sample('inventory', inventory)
  const note = ['--ied', 'meter', '--text', 'terminals tightened', '--at', addressOf('meter'), '--as', operator]
  await sample('fraud', await run('fraud', ...at('u-backend')))
  const noted = await run('maintenance', 'add', ...note)
  expect(noted).toMatch(/^meter: done: noted, record \d+/)
  await sample('maintenance-add', noted)
  await untilAnswered('the note is there', async () =>
    (await run('maintenance', ...at('u-backend'))).includes('terminals tightened'),
  )
  const maintenance = await run('maintenance', ...at('u-backend'))
  expect(maintenance).toContain('class 0.5, CT 2, VT 1, multiplier 1, secondary registers')
  await sample('maintenance', maintenance)
  const whole = await run('ledger', 'verify', ...at('u-backend'), '--ied', 'meter')
  expect(whole).toMatch(/^whole {2}meter /)
  await sample('ledger-verify', whole)
  const proof = ['--from', '2026-01-01', '--to', '2100-01-01', '--out', site.path('meter.proof')]
  await run('proof', 'take', ...at('meter'), ...proof)
  const keys = ['--organisation', 'u', '--authority', site.authority.publicKey]
  const verified = await run('proof', 'verify', site.path('meter.proof'), ...keys)
  expect(verified).toMatch(/^holds: meter of u/)
  await sample('proof-readings', verified)
  const reliability = await run('reliability', ...at('u-backend'))
  expect(reliability).toContain('meter')
  await sample('reliability', reliability)
})
