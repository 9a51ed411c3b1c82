// The last gasp with real agents, sockets and devices: how soon after its confirmation it is at another peer, and that a return is
// said even by an agent that was killed in the outage.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DeviceHost, startDeviceHost } from '../../sim/devices/device-host.ts'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import type { Report } from '../../src/node/component.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { commandLine } from './cli-in-process.ts'
import { until, untilAnswered } from './feeder-in-process.ts'
import { makeSite, modbus, type Site } from './site.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const CONFIRM_MS = 1000
/** What the requirement leaves for jitter, sealing and the way. */
const LEAVES_WITHIN_MS = 100
/** A machine that is busy with other tests delays one; not each. */
const TRIES = 3

let site: Site
let devices: DeviceHost
let viewer: string
const agents = new Map<string, Agent>()
const reports: { by: string; at: number; report: Report }[] = []
const of = (by: string, event: string) => reports.filter(each => each.by === by && each.report.event === event)

async function start(name: string, config: string): Promise<void> {
  const onReport = (report: Report): void => void reports.push({ by: name, at: performance.now(), report })
  agents.set(name, await startAgent(readAgentConfig(config), { onReport, log: silent }))
}
/** What the command line prints when the back end is asked. */
async function run(command: string, ...more: string[]): Promise<string> {
  const { code, stdout, stderr } = await commandLine([
    command,
    '--at',
    agents.get('backend')?.addresses()[0] as string,
    '--as',
    viewer,
    ...more,
  ])
  expect(stderr).toBe('')
  expect(code).toBe(0)
  return stdout
}
const configs = new Map<string, string>()

beforeAll(async () => {
  site = await makeSite()
  devices = await startDeviceHost({ file: site.file })
  for (const [name, config] of [
    ['backend', { role: 'BACKEND' }],
    ['recloser', modbus(devices.ports.get('recloser') as number)],
  ] as const) {
    const seeds = [...agents.values()].flatMap(agent => agent.addresses())
    configs.set(name, await site.agent(name, { ...config, seeds }))
    await start(name, configs.get(name) as string)
  }
  viewer = await site.viewer(site.authority)
  await untilAnswered('the recloser answers the back end', async () => (await run('reliability')).includes('recloser'))
}, 60_000)
afterAll(async () => {
  for (const agent of agents.values()) await agent.stop()
  await devices?.stop()
  await site?.remove()
})

it('is at the back end within 100 ms of its confirmation', { timeout: 60_000 }, async () => {
  const tookMs: number[] = []
  for (let n = 0; n < TRIES && !tookMs.some(ms => ms <= CONFIRM_MS + LEAVES_WITHIN_MS); n++) {
    devices.operate('CB', 'open')
    await until('a last gasp', () => of('backend', 'last-gasp').length > n, 15_000)
    const said = of('recloser', 'supply').at(-1)
    const heard = of('backend', 'last-gasp').at(-1)
    const lostAt = (said?.at ?? 0) - Number(said?.report.afterMs)
    tookMs.push((heard?.at ?? Number.POSITIVE_INFINITY) - lostAt)
    // Never before the supply has been gone for so long.
    expect(Number(said?.report.afterMs)).toBeGreaterThanOrEqual(CONFIRM_MS)
    expect(heard?.report).toMatchObject({ ied: 'recloser' })
    devices.operate('CB', 'closed')
    await until('a return', () => of('backend', 'power-restored').length > n, 15_000)
  }
  expect(Math.min(...tookMs), `of ${tookMs.map(Math.round).join(', ')} ms`).toBeLessThanOrEqual(
    CONFIRM_MS + LEAVES_WITHIN_MS,
  )
})

it('is taken back by an agent that starts again after its battery was empty', { timeout: 60_000 }, async () => {
  const before = of('backend', 'last-gasp').length
  const returns = of('backend', 'power-restored').length
  devices.operate('CB', 'open')
  await until('a last gasp', () => of('backend', 'last-gasp').length > before, 15_000)
  await agents.get('recloser')?.stop()
  agents.delete('recloser')
  devices.operate('CB', 'closed')
  await start('recloser', configs.get('recloser') as string)
  await until('a return', () => of('backend', 'power-restored').length > returns, 20_000)
  const last = of('backend', 'power-restored').at(-1)
  expect(last?.report).toMatchObject({ ied: 'recloser' })
  expect(Number(last?.report.lastedSeconds)).toBeGreaterThanOrEqual(1)
})

it('is shown by `feedermesh outages`, and the interruption by `feedermesh reliability`', {
  timeout: 60_000,
}, async () => {
  const before = of('backend', 'last-gasp').length
  devices.operate('CB', 'open')
  await until('a last gasp', () => of('backend', 'last-gasp').length > before, 15_000)
  const dark = await run('outages')
  expect(dark).toMatch(/the source +recloser +CB +recloser/)
  devices.operate('CB', 'closed')
  await untilAnswered('a return', async () => (await run('outages')).includes('nobody is known to be without supply'))
  const text = await run('reliability')
  expect(text).toMatch(/^recloser +0 +0 +[3-9]/m)
  expect(text).toMatch(/^least reliable: (?:source|N1|N1:\S+)$/m)
  const { leastReliable, ieds } = outputs.reliability.parse(JSON.parse(await run('reliability', '--json')))
  expect(text).toContain(`least reliable: ${leastReliable}\n`)
  expect(ieds.map(({ ied }) => ied)).toEqual(['recloser'])
})
