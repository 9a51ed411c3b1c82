// Real agents in one process, over real sockets on loopback: whom nobody configured is found and used, and known peers are
// found again after a restart when nothing else helps.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/free-port.ts'
import { type DeviceHost, startDeviceHost } from '../../sim/devices/device-host.ts'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import type { Report } from '../../src/node/component.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { until } from './feeder-in-process.ts'
import { makeSite, modbus, type Site } from './site.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
let site: Site
let devices: DeviceHost
beforeAll(async () => {
  site = await makeSite()
  devices = await startDeviceHost({ file: site.file })
})
afterAll(async () => {
  await devices?.stop()
  await site?.remove()
})

interface Running {
  readonly agent: Agent
  readonly reports: Report[]
}
const running: Running[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map(({ agent }) => agent.stop()))
})

async function start(config: string): Promise<Running> {
  const reports: Report[] = []
  const agent = await startAgent(readAgentConfig(config), {
    onReport: report => void reports.push(report),
    log: silent,
  })
  running.push({ agent, reports })
  return { agent, reports }
}

const connectedTo = ({ reports }: Running): string[] =>
  [...new Set(reports.filter(({ event }) => event === 'peer-up').map(({ peer }) => String(peer)))].sort()

describe('back ends that no IED has an address of', { timeout: 300_000 }, () => {
  it('are found through the one IED that all know, and get the readings of every IED', async () => {
    const recipients = ['be1', 'be2'].map(backEnd => ({ backEnd, organisation: 'u' }))
    const quick = { recipients, readings: { intervalSeconds: 1 }, forwarding: { intervalSeconds: 0.5 } }
    const ied = (name: string, seeds: readonly string[]) =>
      site.agent(name, { ...quick, seeds, ...modbus(devices.ports.get(name) as number), dataDir: `found-${name}` })
    const relay = await start(await ied('relay', []))
    const seeds = [relay.agent.addresses()[0] as string]
    const ieds = [relay, await start(await ied('recloser', seeds)), await start(await ied('meter', seeds))]
    const backEnds = await Promise.all(
      ['be1', 'be2'].map(async name => start(await site.agent(name, { role: 'BACKEND', seeds }))),
    )
    const collected = ({ reports }: Running): string[] =>
      [...new Set(reports.filter(({ event }) => event === 'collected').map(({ ied }) => String(ied)))].sort()
    const all = ['meter', 'recloser', 'relay']
    await until(
      'both back ends have readings of each IED',
      () => backEnds.every(backEnd => collected(backEnd).join() === all.join()),
      40_000,
    )
    // The aggregator is enough for that; the others find them in their own time.
    await until(
      'each IED has found both',
      () => ieds.every(each => ['be1', 'be2'].every(name => connectedTo(each).includes(name))),
      40_000,
    )
  })
})

describe('peers that know each other', { timeout: 300_000 }, () => {
  it('connect after a restart by what they remember, when every seed has gone', async () => {
    const ports = new Map<string, number>()
    for (const name of ['recloser', 'meter']) ports.set(name, await freePort())
    const config = (name: string, seeds: readonly string[]) =>
      site.agent(name, { seeds, listen: [`/ip4/127.0.0.1/tcp/${ports.get(name) ?? 0}`], dataDir: `kept-${name}` })
    const seed = await start(await config('relay', []))
    const seeds = [seed.agent.addresses()[0] as string]
    const first = [await start(await config('recloser', seeds)), await start(await config('meter', seeds))]
    await until('all know all', () => first.every(each => connectedTo(each).length === 2), 20_000)
    await Promise.all(running.splice(0).map(({ agent }) => agent.stop()))

    const [recloser, meter] = [await start(await config('recloser', [])), await start(await config('meter', []))]
    await until(
      'they have found each other',
      () => connectedTo(recloser).includes('meter') && connectedTo(meter).includes('recloser'),
      15_000,
    )
    expect([connectedTo(recloser), connectedTo(meter)]).toEqual([['meter'], ['recloser']])
  })

  it('know nobody after a restart without their memory: it is the memory that found them', async () => {
    const config = (name: string, seeds: readonly string[]) => site.agent(name, { seeds, dataDir: `new-${name}` })
    const recloser = await start(await config('recloser', []))
    const meter = await start(await config('meter', []))
    await new Promise(resolve => setTimeout(resolve, 4000))
    expect([connectedTo(recloser), connectedTo(meter)]).toEqual([[], []])
  })
})
