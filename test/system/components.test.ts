// What an agent does is a list of components: an ordinary IED that collects beside its own work, and a component of
// somebody else's beside ours.

import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DeviceHost, startDeviceHost } from '../../sim/devices/device-host.ts'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import type { Report } from '../../src/node/component.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { askReadout } from '../../src/node/readout-client.ts'
import { until, untilAnswered } from './feeder-in-process.ts'
import { makeSite, modbus, type Site } from './site.ts'

/** As a vendor would write it, without this project's types at hand. */
const THIRD_PARTY = `
export default {
  name: 'measurement-counter',
  start({ bus, readout, report, settings }) {
    let count = 0
    const stop = bus.on('measurement', ({ volts }) => {
      if (++count === settings.reportAt) report('counted', { count, phases: Object.keys(volts) })
    })
    readout('count', async ({ times = 1 }) => ({ count, product: count * times }))
    return { stop }
  },
}
`
const RECIPIENTS = [{ backEnd: 'relay', organisation: 'u' }]
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

let site: Site
let devices: DeviceHost
let viewer: string
const agents = new Map<string, Agent>()
const reports: { ied: string; report: Report }[] = []

async function start(name: string, config: Record<string, unknown>): Promise<void> {
  const seeds = [...agents.values()].flatMap(agent => agent.addresses())
  const file = await site.agent(name, {
    ...modbus(devices.ports.get(name) as number, { valuesPollMs: 200 }),
    seeds,
    readings: { intervalSeconds: 1 },
    forwarding: { intervalSeconds: 0.5 },
    ...config,
  })
  const onReport = (report: Report): void => void reports.push({ ied: name, report })
  agents.set(name, await startAgent(readAgentConfig(file), { onReport, log: silent }))
}

const ask = (name: string, what: string, parameters: Record<string, unknown> = {}): Promise<unknown> =>
  askReadout(agents.get(name)?.addresses()[0] as string, viewer, what, { limit: 1000, ...parameters })

const has = (ied: string, event: string, fields: Record<string, unknown> = {}, from = 0): boolean =>
  reports
    .slice(from)
    .some(
      ({ ied: by, report }) =>
        by === ied && report.event === event && Object.entries(fields).every(([key, value]) => report[key] === value),
    )

beforeAll(async () => {
  site = await makeSite()
  devices = await startDeviceHost({ file: site.file })
  viewer = await site.viewer(site.authority)
  writeFileSync(site.path('measurement-counter.mjs'), THIRD_PARTY)
  await start('relay', {
    components: ['alarms', 'peers', 'positions', 'interval-readings', 'roll-up', 'field-device', 'collector'],
    recipients: RECIPIENTS,
    aggregation: { fitness: 0 },
  })
  await start('meter', {
    components: [
      'peers',
      'interval-readings',
      'roll-up',
      { use: './measurement-counter.mjs', settings: { reportAt: 3 } },
      'field-device',
    ],
    recipients: RECIPIENTS,
    aggregation: { fitness: 12 },
  })
})
afterAll(async () => {
  for (const agent of agents.values()) await agent.stop()
  await devices?.stop()
  await site?.remove()
})

type Rows = ReturnType<typeof outputs.readings.parse>['readings']
const readings = async (of: string, parameters?: Record<string, unknown>): Promise<Rows> =>
  outputs.readings.parse(await ask(of, 'readings', parameters)).readings

interface Receipts {
  readonly receipts: readonly { readonly backEnd: string; readonly upTo: number; readonly pending: number }[]
}

describe('the collector on an ordinary IED', { timeout: 300_000 }, () => {
  it('gets the readings of an IED that names it, each once and as they were written', async () => {
    await until('meter aggregates', () => has('relay', 'aggregator', { name: 'meter' }), 30_000)
    await until('readings of meter arrive', () => has('relay', 'collected', { ied: 'meter' }), 30_000)
    await untilAnswered('more than three have come', async () => (await readings('relay', { ied: 'meter' })).length > 3)
    const collected = await readings('relay', { ied: 'meter' })
    const written = await readings('meter')
    expect(collected.length).toBeGreaterThan(3)
    expect(written.slice(0, collected.length)).toEqual(collected)
    expect(new Set(collected.map(({ number }) => number)).size).toBe(collected.length)
  })

  it('has receipted them', async () => {
    const last = (await readings('relay', { ied: 'meter' })).at(-1)
    const receipts = async () => ((await ask('meter', 'receipts')) as Receipts).receipts
    const isDone = async (): Promise<boolean> => {
      const [receipt] = await receipts()
      return (receipt?.upTo ?? 0) >= (last?.number as number) && (receipt?.pending ?? 4) < 4
    }
    await untilAnswered('they are receipted, and few are pending', isDone)
    expect(await receipts()).toMatchObject([{ backEnd: 'relay' }])
  })

  it('gets its own through the aggregator, and they are receipted', async () => {
    await until('readings of relay arrive', () => has('relay', 'collected', { ied: 'relay' }), 30_000)
    const own = await readings('relay', { ied: 'relay' })
    expect(own.length).toBeGreaterThan(0)
    const upTo = async () => ((await ask('relay', 'receipts')) as Receipts).receipts[0]?.upTo ?? 0
    await untilAnswered('they are receipted', async () => (await upTo()) >= (own.at(-1)?.number as number))
  })

  it('says how far the ledgers go that it has', async () => {
    const { ledgers } = outputs.ledger.parse(await ask('relay', 'ledger'))
    expect(ledgers.map(({ ied }) => ied).sort()).toEqual(['meter', 'relay'])
    const { totals } = outputs.totals.parse(await ask('relay', 'totals'))
    expect(totals.map(({ ied }) => ied)).toEqual(['meter', 'relay'])
  })

  it('keeps on with its own work', async () => {
    const { alarms } = outputs.alarms.parse(await ask('relay', 'alarms'))
    expect(alarms.map(({ event }) => event)).toContain('device-answering')
    expect(has('relay', 'alarm')).toBe(false)
    expect(has('meter', 'alarm')).toBe(false)
  })

  it('gets them while it is the aggregator itself', async () => {
    const alone = reports.length
    await agents.get('meter')?.stop()
    agents.delete('meter')
    await until('relay aggregates', () => has('relay', 'aggregator', { name: 'relay', self: true }, alone), 30_000)
    const before = (await readings('relay', { ied: 'meter' })).at(-1)?.number as number
    const again = reports.length
    await start('meter', {
      components: ['peers', 'interval-readings', 'roll-up', 'field-device'],
      recipients: RECIPIENTS,
      aggregation: { fitness: 0 },
    })
    await until('readings of meter arrive', () => has('relay', 'collected', { ied: 'meter' }, again), 30_000)
    expect(has('meter', 'aggregator', { name: 'relay' }, again)).toBe(true)
    expect((await readings('relay', { ied: 'meter' })).at(-1)?.number).toBeGreaterThan(before)
  })
})

describe('a component of a third party', { timeout: 300_000 }, () => {
  it('is named in the configuration by its path, hears what happens and reports', () => {
    expect(reports.find(({ report }) => report.event === 'counted')).toMatchObject({
      ied: 'meter',
      report: { count: 3, phases: ['a', 'b', 'c'] },
    })
  })

  it('answers a read-out over the mesh', async () => {
    await agents.get('meter')?.stop()
    await start('meter', {
      components: [{ use: './measurement-counter.mjs', settings: { reportAt: 3 } }, 'field-device'],
    })
    const count = async (times?: number) =>
      (await ask('meter', 'count', times === undefined ? {} : { times })) as { count: number; product: number }
    await untilAnswered('it counts', async () => (await count()).count > 2)
    const first = await count(10)
    expect(first.product).toBe(10 * first.count)
    await untilAnswered('it goes on', async () => (await count()).count > first.count)
    await expect(ask('meter', 'peers')).rejects.toThrow(
      /no read-out "peers" here: meter does not run the component "peers": its configuration leaves it out/,
    )
  })

  const broken = [
    { it: 'that is not there', file: 'absent.mjs', text: undefined, says: /^components: can't load \S+absent\.mjs: / },
    { it: 'that is no JavaScript', file: 'syntax.mjs', text: 'export default {', says: /can't load \S+syntax\.mjs: / },
    {
      it: 'that exports something else',
      file: 'other.mjs',
      text: 'export const start = () => {}',
      says: /^components: \S+other\.mjs has no default export with a start method, see docs\/components\.md$/,
    },
    {
      it: 'that throws as it starts',
      file: 'throws.mjs',
      text: "export default { start() { throw new Error('settings.host: is missing') } }",
      says: /settings\.host: is missing/,
    },
  ]
  for (const { it: of, file, text, says } of broken) {
    it(`${of} keeps the agent from starting, and leaves nothing open`, async () => {
      if (text !== undefined) writeFileSync(site.path(file), text)
      const config = await site.agent('recloser', { components: ['alarms', { use: `./${file}` }] })
      const started = (): Promise<Agent> => startAgent(readAgentConfig(config), { log: silent })
      await expect(started()).rejects.toThrow(says)
      await expect(started()).rejects.toThrow(says) // and not: its data directory is open
    })
  }
})
