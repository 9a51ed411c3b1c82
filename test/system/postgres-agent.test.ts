// A meter and a back-end peer whose store is in PostgreSQL, sealed: readings arrive there, survive a restart of peer and
// server, and are readable to nobody who has the database alone.

import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DeviceHost, startDeviceHost } from '../../sim/devices/device-host.ts'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import type { Report } from '../../src/node/component.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { askReadout } from '../../src/node/readout-client.ts'
import { type Cluster, noPostgres, startCluster } from '../node/postgres-cluster.ts'
import { commandLine } from './cli-in-process.ts'
import { until } from './feeder-in-process.ts'
import { makeSite, modbus, type Site } from './site.ts'

const reason = noPostgres()
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

describe.skipIf(reason)(`a back-end peer with PostgreSQL${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  let site: Site
  let cluster: Cluster
  let devices: DeviceHost
  let meter: Agent
  let backEnd: Agent
  let viewer: string
  let config: string
  let collected = 0

  const start = (file: string, onReport: (report: Report) => void = () => {}): Promise<Agent> =>
    startAgent(readAgentConfig(file), { log: silent, onReport })
  const countIn = ({ event, readings }: Report): void => {
    if (event === 'collected') collected += (readings as unknown[]).length
  }
  /** In order. */
  const stored = async () => {
    const answer = await askReadout(backEnd.addresses()[0] as string, viewer, 'readings', { limit: 1000 })
    return [...outputs.readings.parse(answer).readings].sort((a, b) => a.number - b.number)
  }

  beforeAll(async () => {
    cluster = await startCluster()
    site = await makeSite()
    devices = await startDeviceHost({ file: site.file })
    writeFileSync(site.path('password'), 'of no use where the server trusts the socket\n')
    const settings = {
      role: 'BACKEND',
      components: ['collector'],
      postgres: { url: cluster.url, table: 'utility', passwordFile: 'password' },
      store: { keyFile: 'keys/utility' },
    }
    backEnd = await start(await site.agent('utility', settings), countIn)
    // Where the meter finds it again.
    const [, port] = /\/tcp\/(\d+)/.exec(backEnd.addresses()[0] as string) ?? []
    config = await site.agent('utility', { ...settings, listen: [`/ip4/127.0.0.1/tcp/${port}`] }, 'none')
    viewer = await site.viewer(site.authority)
    meter = await start(
      await site.agent('meter', {
        ...modbus(devices.ports.get('meter') as number, { valuesPollMs: 200 }),
        seeds: backEnd.addresses(),
        recipients: [{ backEnd: 'utility', organisation: 'u' }],
        readings: { intervalSeconds: 1 },
        forwarding: { intervalSeconds: 0.5 },
      }),
    )
  })
  afterAll(async () => {
    await meter?.stop()
    await backEnd?.stop()
    await devices?.stop()
    await cluster?.stop()
    await site?.remove()
  })

  it('keeps readings there, and a second one is refused in one line', async () => {
    await until('readings are collected', () => collected >= 2, 10_000)
    const numbers = (await stored()).map(({ number }) => number)
    expect(numbers.length).toBeGreaterThanOrEqual(2)
    expect(new Set(numbers).size).toBe(numbers.length)
    const other = await site.agent('other', {
      role: 'BACKEND',
      components: ['collector'],
      postgres: { url: cluster.url, table: 'utility' },
    })
    const refused = await commandLine(['agent', '--config', other])
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toMatch(
      /^postgres:\/\/\S+ table utility: another agent has it open, want a table for each\n$/,
    )
  })

  it('shows nothing of them to who has the database alone', async () => {
    const [{ count } = {}] = await cluster.query(
      "SELECT count(*)::int FROM utility WHERE convert_from(key, 'UTF8') LIKE 'collector/%'",
    )
    expect(count).toBeGreaterThan(0)
    const inClear = await cluster.query("SELECT key FROM utility WHERE position('importWhStart'::bytea in value) > 0")
    expect(inClear).toEqual([])
  })

  it('goes on after the server was away and the peer was started again: nothing is lost, nothing doubled', async () => {
    const before = await stored()
    await cluster.crash()
    await cluster.start()
    await backEnd.stop()
    collected = 0
    backEnd = await start(config, countIn)
    await until('more are collected', () => collected >= 2, 10_000)
    const after = await stored()
    expect(after.slice(0, before.length)).toEqual(before)
    // Each begins where the one before it ends.
    expect(after.slice(1).map(({ startUtc }) => startUtc)).toEqual(after.slice(0, -1).map(({ endUtc }) => endUtc))
  })
})
