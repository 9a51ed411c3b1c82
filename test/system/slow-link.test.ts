// A meter at the end of a link of 20 kbit/s with long delay each way, which is silent for long now and then. Real
// agents, real sockets; only the link is made up.
//
//   be, relay, recloser ════ slow links ════ meter       the relay is reached by nobody at the end of it
//
// FEEDERMESH_LINK_DELAY_MS=1000 FEEDERMESH_SILENCE_SECONDS=12 is the link that the agents are made for, and takes over a
// minute; 300 s of silence are a bad day (`docs/architecture.md`, Finding each other).

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../bench/free-port.ts'
import { type DeviceHost, startDeviceHost } from '../../sim/devices/device-host.ts'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import type { Report } from '../../src/node/component.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { pause, until } from './feeder-in-process.ts'
import { makeSite, modbus, type Site } from './site.ts'
import { type SlowLink, startSlowLink } from './slow-link.ts'

const DELAY_MS = Number(process.env.FEEDERMESH_LINK_DELAY_MS ?? 300)
const SILENCE_MS = Number(process.env.FEEDERMESH_SILENCE_SECONDS ?? 4) * 1000
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

let site: Site
let devices: DeviceHost
let link: SlowLink
let other: SlowLink
const agents: Agent[] = []
const reports = new Map<string, Report[]>()
beforeAll(async () => {
  site = await makeSite()
  devices = await startDeviceHost({ file: site.file })
})
afterAll(async () => {
  await Promise.all(agents.map(agent => agent.stop()))
  await link?.stop()
  await other?.stop()
  await devices?.stop()
  await site?.remove()
})

const of = (name: string, event: string): Report[] => (reports.get(name) ?? []).filter(each => each.event === event)

async function start(name: string, config: Record<string, unknown>): Promise<Agent> {
  const whole = {
    recipients: [{ backEnd: 'be', organisation: 'u' }],
    readings: { intervalSeconds: 2 },
    forwarding: { intervalSeconds: 2 },
    protection: { datagrams: false }, // they would take another way than the link's
    announce: ['/ip4/127.0.0.1/tcp/9'], // nobody gets there but by the link
    ...config,
  }
  const list: Report[] = []
  reports.set(name, list)
  const onReport = (report: Report): void => void list.push(report)
  const agent = await startAgent(readAgentConfig(await site.agent(name, whole)), { onReport, log: silent })
  agents.push(agent)
  return agent
}

const device = (name: string) => modbus(devices.ports.get(name) as number)
const readings = (): number[] =>
  of('be', 'collected')
    .filter(({ ied }) => ied === 'meter')
    .flatMap(report => (report.readings as { number: number }[]).map(({ number }) => number))

describe(`over 20 kbit/s with ${DELAY_MS} ms of delay each way`, { timeout: 500_000 + 2 * SILENCE_MS }, () => {
  it('a meter is admitted, warned, and read without loss, through a long silence too', async () => {
    const [port, backEndPort] = [await freePort(), await freePort()]
    const slow = { bitsPerSecond: 20_000, delayMs: DELAY_MS }
    link = await startSlowLink(0, port, slow)
    other = await startSlowLink(0, backEndPort, slow)
    const recloser = await start('recloser', {
      ...device('recloser'),
      listen: [`/ip4/127.0.0.1/tcp/${port}`],
      announce: [`/ip4/127.0.0.1/tcp/${link.port}`],
    })
    const seeds = [`/ip4/127.0.0.1/tcp/${port}/p2p/${recloser.peerId}`]
    await start('relay', { ...device('relay'), seeds })
    await start('be', {
      role: 'BACKEND',
      seeds,
      listen: [`/ip4/127.0.0.1/tcp/${backEndPort}`],
      announce: [`/ip4/127.0.0.1/tcp/${other.port}`],
    })
    await until('the fast ones are connected', () => of('recloser', 'peer-up').length >= 2, 15_000)
    // Who is at the end of such a link is no good aggregator.
    const aggregation = { fitness: 0 }
    await start('meter', { ...device('meter'), aggregation, seeds: [`/ip4/127.0.0.1/tcp/${link.port}`] })

    const began = performance.now()
    await until('the meter is admitted', () => of('meter', 'peer-up').length > 0, 60_000)
    const admittedMs = performance.now() - began
    await until('its readings arrive', () => readings().length >= 3, 150_000)

    const warn = async (): Promise<number> => {
      const before = of('meter', 'warned').length
      const from = performance.now()
      devices.disturb({ section: 's2', residualPu: 0.2 })
      await until('the meter is warned', () => of('meter', 'warned').length > before, 30_000)
      const tookMs = performance.now() - from
      devices.clearDisturbance('s2')
      return tookMs
    }
    const warnedMs = await warn()

    link.silence(SILENCE_MS)
    other.silence(SILENCE_MS)
    await pause(SILENCE_MS)
    const had = readings().length
    await until('the readings of the silence arrive', () => readings().length >= had + SILENCE_MS / 2000, 150_000)
    await until('the meter is there', () => lastPeerEvent() === 'peer-up', 60_000)
    await warn()

    const numbers = readings()
    expect(new Set(numbers).size).toBe(numbers.length)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    const rows = await rowsOf()
    for (const [index, { importWhStart }] of rows.entries()) {
      if (index > 0) expect(importWhStart).toBe(rows[index - 1]?.importWhEnd) // each goes on where the last one ended
    }
    const seconds = (performance.now() - began) / 1000
    console.info(
      `admitted after ${Math.round(admittedMs)} ms, warned after ${Math.round(warnedMs)} ms; ` +
        `${Math.round((link.carried.from * 8) / seconds)} bit/s to the meter, ` +
        `${Math.round((link.carried.to * 8) / seconds)} bit/s from it, on the link to the recloser`,
    )
  })
})

const lastPeerEvent = (): string | undefined =>
  (reports.get('meter') ?? []).filter(({ event }) => event.startsWith('peer-')).at(-1)?.event

async function rowsOf() {
  return of('be', 'collected')
    .filter(({ ied }) => ied === 'meter')
    .flatMap(report => report.readings as { importWhStart: string; importWhEnd: string }[])
}
