// A fault on a small feeder of real agents over loopback, with simulated Modbus devices: what `why`, `ready` and
// `events --sequence` say of it, asked of one agent as a person asks.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { type DeviceHost, startDeviceHost } from '../../sim/devices/device-host.ts'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import type { Report } from '../../src/node/component.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { commandLine } from './cli-in-process.ts'

import { makeSite, modbus, type Site } from './site.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

let site: Site
let devices: DeviceHost
let viewer: string
const agents = new Map<string, Agent>()
const reports: { readonly ied: string; readonly report: Report }[] = []

async function until<T>(what: string, find: () => T | undefined, ms = 60_000): Promise<T> {
  for (let waited = 0; waited < ms; waited += 50) {
    const found = find()
    if (found !== undefined) return found
    await new Promise(wake => setTimeout(wake, 50))
  }
  throw new Error(`not within ${ms} ms: ${what}`)
}

const reported = (ied: string, event: string): Report | undefined =>
  reports.find(each => each.ied === ied && each.report.event === event)?.report

const address = (name: string): string => agents.get(name)?.addresses()[0] as string

async function cli(...args: string[]) {
  const said = await commandLine([...args, '--as', viewer, '--json'])
  if (said.code !== 0) throw new Error(`${args.join(' ')}: ${said.code} ${said.stderr}`)
  return JSON.parse(said.stdout)
}

beforeAll(async () => {
  site = await makeSite()
  devices = await startDeviceHost({ file: site.file })
  viewer = await site.viewer(site.authority)
  for (const name of ['relay', 'recloser', 'meter']) {
    const seeds = name === 'relay' ? [] : [address('relay')]
    const config = await site.agent(name, { seeds, ...modbus(devices.ports.get(name) as number) })
    const onReport = (report: Report): void => void reports.push({ ied: name, report })
    agents.set(name, await startAgent(readAgentConfig(config), { log: silent, onReport }))
  }
  for (const name of agents.keys()) await until(`${name} reads its device`, () => reported(name, 'device-answering'))
  await until('all have met', () =>
    reports.filter(({ report }) => report.event === 'peer-up').length >= 6 ? true : undefined,
  )
}, 300_000)
afterAll(async () => {
  for (const agent of agents.values()) await agent.stop()
  await devices?.stop()
  await site?.remove()
})

describe('a fault, afterwards', () => {
  let id: string
  beforeAll(async () => {
    devices.fault({ section: 's2' })
    id = String((await until('R2 trips', () => reported('recloser', 'tripped'))).id)
    await until('the relay is told', () => reported('relay', 'told'))
    await until('the meter expects an outage', () => reported('meter', 'outage-expected'))
  }, 120_000)

  it('is told by why in order, over all IEDs, by asking one of them', async () => {
    const value = outputs.why.parse(await cli('why', id, '--at', address('meter')))
    if (!('rows' in value)) throw new Error('not an account')
    const { rows, clocks, unanswered } = value
    expect(unanswered).toEqual([])
    expect(clocks.map(({ ied }) => ied).sort()).toEqual(['meter', 'recloser', 'relay'])
    for (const { offsetMs, plusMinusMs } of clocks) expect(Math.abs(offsetMs)).toBeLessThanOrEqual(plusMinusMs + 1)
    const at = (ied: string, event: string): number => {
      const row = rows.find(each => each.ied === ied && each.event === event)
      if (row === undefined)
        throw new Error(`${ied} ${event}: not among ${rows.map(each => `${each.ied} ${each.event}`)}`)
      return row.sinceStartMs
    }
    expect(rows.filter(({ linked }) => linked).map(({ ied, event }) => `${ied} ${event}`)).toEqual(
      expect.arrayContaining(['recloser tripped', 'relay told', 'meter outage-expected']),
    )
    // What happened beside it has no id, and is there all the same: the pickup, the relay's trip, the dark meter.
    expect(at('recloser', 'pickup')).toBeLessThan(at('recloser', 'relay-tripped'))
    expect(at('recloser', 'relay-tripped')).toBeLessThanOrEqual(at('recloser', 'tripped'))
    expect(rows.find(({ ied, event }) => ied === 'recloser' && event === 'tripped')).toMatchObject({
      role: 'said',
      words: 'up and down: R2 has tripped',
      utcQuality: 'good',
    })
    expect(rows.map(({ sinceStartMs }) => sinceStartMs)).toEqual(
      rows.map(({ sinceStartMs }) => sinceStartMs).toSorted((one, other) => one - other),
    )
  })

  it('is among the latest events, and an event that nobody has is said to be none', async () => {
    const value = outputs.why.parse(await cli('why', '--at', address('relay')))
    if (!('recent' in value)) throw new Error('not a list')
    expect(value.recent.map(({ event }) => event)).toContain(id)
    const none = await commandLine(['why', 'recloser/1/999', '--at', address('relay'), '--as', viewer])
    expect(none.code).toBe(2)
    expect(none.stderr).toMatch(/recloser\/1\/999: none of .* has it/)
  })

  it('stands in the sequence of its IED, and that of a person of another organisation is not answered', async () => {
    const { sequence } = outputs['events-sequence'].parse(
      await cli('events', '--at', address('recloser'), '--sequence', '--limit', '200'),
    ) satisfies z.infer<(typeof outputs)['events-sequence']>
    const events = sequence.map(({ event }) => event)
    expect(events.indexOf('pickup')).toBeGreaterThanOrEqual(0)
    expect(events.indexOf('relay-tripped')).toBeGreaterThan(events.indexOf('pickup'))
    expect(sequence.map(({ number }) => number)).toEqual(sequence.map((_, index) => (sequence[0]?.number ?? 0) + index))
    const stranger = await site.viewer(site.customer)
    const refused = await commandLine(['why', id, '--at', address('recloser'), '--as', stranger])
    expect(refused.code).not.toBe(0)
    expect(refused.stdout).toBe('')
  })

  it('and who would act now is told by ready, of all that are asked by way of one', async () => {
    await until('the relay still answers', () => (agents.has('relay') ? true : undefined))
    const { ieds, unanswered } = outputs.ready.parse(await cli('ready', '--at', address('relay'), '--all'))
    expect(unanswered).toEqual([])
    expect(ieds.map(({ ied }) => ied)).toEqual(['meter', 'recloser', 'relay'])
    const recloser = ieds.find(({ ied }) => ied === 'recloser')
    expect(recloser).toMatchObject({ device: 'R2', position: 'open' })
    expect(recloser?.schemes.find(({ scheme }) => scheme === 'orders')).toMatchObject({ ready: true })
    // Nobody operates T4 here: what is around the recloser's zones and has no IED keeps its normal position.
    expect(recloser?.hindrances.map(({ what }) => what)).not.toContain('device silent')
  })
})
