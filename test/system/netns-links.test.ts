// Agents in network namespaces with more than one way to each other: two LANs of which one goes down, and a relay for two
// that can't reach each other until they can. Readings and warnings go on.

import { describe, expect, it, type TestContext } from 'vitest'
import type { RemoteDeviceHost } from '../../sim/devices/host-protocol.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { type AgentProcess, feedermesh, startAgentProcess } from './cli-process.ts'
import { pause } from './feeder-in-process.ts'
import { makeNetwork, type Network, whyNoNamespaces } from './namespaces.ts'
import { makeSite, modbus, type Site } from './site.ts'

const reason = whyNoNamespaces()
const title = (text: string): string => (reason === undefined ? text : `${text} (skipped: ${reason})`)

interface Bench {
  readonly site: Site
  readonly network: Network
  /** A plant of its own at each place: what disturbs the recloser is not seen by the meter. */
  devices(place: string): Promise<RemoteDeviceHost>
  agent(place: string, name: string, config: Record<string, unknown>): Promise<AgentProcess>
}

type Undo = (() => Promise<unknown> | unknown)[]

async function bench(lans: Readonly<Record<string, readonly string[]>>, undo: Undo): Promise<Bench> {
  const site = await makeSite()
  undo.push(() => site.remove())
  const network = makeNetwork(lans)
  undo.push(() => network.remove())
  const client = new URL('../../dist/sim/devices/device-host-client.js', import.meta.url).href
  const { forkDeviceHost } = (await import(client)) as typeof import('../../sim/devices/device-host-client.ts')
  return {
    site,
    network,
    async devices(place) {
      const host = await forkDeviceHost({ file: site.file }, network.inside(place))
      undo.push(() => host.stop())
      return host
    },
    async agent(place, name, config) {
      const listen = ['/ip4/0.0.0.0/tcp/4001']
      const file = await site.agent(name, { listen, log: 'info', ...config })
      const agent = await startAgentProcess(file, network.inside(place))
      undo.push(() => agent.stop())
      return agent
    },
  }
}

const recipients = [{ backEnd: 'be', organisation: 'u' }]
const quick = { recipients, readings: { intervalSeconds: 1 }, forwarding: { intervalSeconds: 0.5 } }

/** The numbers of the readings that the back end has of an IED, in order of arrival. */
const collected = ({ log }: AgentProcess, ied: string): number[] =>
  log
    .filter(entry => entry.event === 'collected' && entry.ied === ied)
    .flatMap(entry => (entry.readings as { number: number }[]).map(({ number }) => number))

/** Disturbs what is upstream of the meter, until it is warned and told of the end. */
async function warn(from: RemoteDeviceHost, { log, logged }: AgentProcess): Promise<void> {
  const count = (event: string): number => log.filter(entry => entry.event === event).length
  const warned = count('warned') + 1
  await from.disturb({ section: 's2', residualPu: 0.2 })
  await logged('warned', warned, 60_000).finally(() => from.clearDisturbance('s2'))
  await logged('warning-ended', warned, 60_000)
}

/** The first takes until all positions have been told: who does not know them does not act. */
async function warnFirst(from: RemoteDeviceHost, meter: AgentProcess): Promise<void> {
  for (let tries = 1; ; tries++) {
    const said = await warn(from, meter).catch(error => error as Error)
    if (said === undefined) return
    if (tries === 3) throw said
  }
}

async function moreReadings(backEnd: AgentProcess, ied: string, withinMs: number): Promise<number> {
  const had = collected(backEnd, ied).length
  const began = Date.now()
  while (collected(backEnd, ied).length < had + 2) {
    if (Date.now() - began > withinMs) throw new Error(`no readings of ${ied} within ${withinMs} ms`)
    await pause(50)
  }
  return Date.now() - began
}

/** The two tests run at once: each waits most of its time. */
function undoneAfter({ onTestFinished }: TestContext): Undo {
  const undo: Undo = []
  onTestFinished(async () => {
    for (const end of undo.reverse()) await end()
  }, 300_000)
  return undo
}

describe.skipIf(reason).concurrent(title('an agent with two interfaces'), () => {
  it('goes on with readings and warnings when one goes down, whichever', { timeout: 240_000 }, async test => {
    const { site, network, devices, agent } = await bench({ one: ['m', 'r'], two: ['m', 'r'] }, undoneAfter(test))
    const [atMeter, atRecloser] = [await devices('m'), await devices('r')]
    const device = (host: RemoteDeviceHost, name: string) => modbus(host.ports.get(name) as number)
    const seeds = [`/ip4/${network.address('r', 'one')}/tcp/4001`]
    const recloser = await agent('r', 'recloser', { ...quick, ...device(atRecloser, 'recloser') })
    const backEnd = await agent('r', 'be', {
      role: 'BACKEND',
      listen: ['/ip4/0.0.0.0/tcp/4002'],
      seeds: ['/ip4/127.0.0.1/tcp/4001'],
    })
    const meter = await agent('m', 'meter', { ...quick, ...device(atMeter, 'meter'), seeds })
    await moreReadings(backEnd, 'meter', 60_000)
    await agent('r', 'relay', {
      ...quick,
      ...device(atRecloser, 'relay'),
      listen: ['/ip4/0.0.0.0/tcp/4003'],
      seeds: ['/ip4/127.0.0.1/tcp/4001'],
    })
    await meter.logged('peer-up', 3)
    await recloser.logged('peer-up', 3)
    await warnFirst(atRecloser, meter)
    const gaps: string[] = []
    for (const lan of ['one', 'two']) {
      network.setLink('m', lan, 'down')
      gaps.push(`${lan} down: two more readings after ${await moreReadings(backEnd, 'meter', 60_000)} ms`)
      await warn(atRecloser, meter)
      network.setLink('m', lan, 'up')
      await moreReadings(backEnd, 'meter', 60_000)
    }
    console.info(gaps.join('\n'))
    const numbers = collected(backEnd, 'meter')
    // Each once, and none missing: readings are most of the ledger's records, and warnings are records too.
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    const login = await site.viewer(site.authority)
    const { code, stdout } = await feedermesh(
      ['readings', '--at', backEnd.address, '--as', login, '--json', '--limit', '1000', '--ied', 'meter'],
      undefined,
      network.inside('r'),
    )
    expect(code).toBe(0)
    const { readings } = outputs.readings.parse(JSON.parse(stdout))
    for (const [index, { startUtc }] of readings.entries()) {
      if (index > 0) expect(startUtc).toBe(readings[index - 1]?.endUtc) // one follows the other without a gap
    }
    expect(readings.length).toBeGreaterThan(8)
  })
})

describe.skipIf(reason).concurrent(title('two that can’t reach each other'), () => {
  it('go through a relay, and directly once they can', { timeout: 240_000 }, async test => {
    const { site, network, devices, agent } = await bench(
      { left: ['a', 'r'], right: ['r', 'b'], direct: ['a', 'b'] },
      undoneAfter(test),
    )
    network.setLink('a', 'direct', 'down')
    network.setLink('b', 'direct', 'down')
    const atA = await devices('a')
    const atB = await devices('b')
    const be = await agent('r', 'be', { role: 'BACKEND', relay: 'serve' })
    const seed = (lan: string): string[] => [`/ip4/${network.address('r', lan)}/tcp/4001`]
    const recloser = await agent('a', 'recloser', {
      ...quick,
      ...modbus(atA.ports.get('recloser') as number),
      seeds: seed('left'),
    })
    const meter = await agent('b', 'meter', {
      ...quick,
      ...modbus(atB.ports.get('meter') as number),
      seeds: seed('right'),
    })
    await agent('a', 'relay', {
      ...quick,
      ...modbus(atA.ports.get('relay') as number),
      listen: ['/ip4/0.0.0.0/tcp/4003'],
      seeds: ['/ip4/127.0.0.1/tcp/4001'],
    })
    const login = await site.viewer(site.authority)
    const way = async (): Promise<boolean | undefined> => {
      const asked = ['peers', '--at', '/ip4/127.0.0.1/tcp/4001', '--as', login, '--json']
      const { code, stdout } = await feedermesh(asked, undefined, network.inside('a'))
      if (code !== 0) return undefined
      return outputs.peers.parse(JSON.parse(stdout)).peers.find(({ name }) => name === 'meter')?.relayed
    }
    const untilWay = async (relayed: boolean, withinMs: number): Promise<void> => {
      const end = Date.now() + 4 * withinMs
      while ((await way()) !== relayed) {
        if (Date.now() > end) throw new Error(`not ${relayed ? 'relayed' : 'direct'} within ${withinMs} ms`)
        await pause(300)
      }
    }
    await untilWay(true, 25_000)
    await warnFirst(atA, meter)
    await moreReadings(be, 'meter', 60_000)
    await moreReadings(be, 'recloser', 60_000)
    expect(recloser.log.some(({ event, peer }) => event === 'peer-down' && peer === 'meter')).toBe(false)

    network.setLink('a', 'direct', 'up')
    network.setLink('b', 'direct', 'up')
    await untilWay(false, 40_000)
    await warn(atA, meter)
    await moreReadings(be, 'meter', 60_000)
  })
})
