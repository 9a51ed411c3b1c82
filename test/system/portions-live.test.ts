// Portions on agents that run: a key is rotated while records go on, an organisation's back end gives a department what it
// may read itself, and an order has parts for several readers.
//
//   meter-c ──► be-c (of c) ──► be-accounting (department accounting of c)      be-u (of u) reads only what c's meter shares

import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { askReadout } from '../../src/node/readout-client.ts'
import { commandLine } from './cli-in-process.ts'
import { makeSite, type Site } from './site.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const meters = [
  { name: 'meter-u', kind: 'meter', node: 'N1', organisation: 'u', meters: [] },
  { name: 'meter-c', kind: 'meter', node: 'N2', organisation: 'c', meters: ['L2'] },
]

let site: Site
const agents = new Map<string, Agent>()
const people = new Map<string, string>()
const addressOf = (name: string): string => agents.get(name)?.addresses()[0] as string
const person = (name: string): string => people.get(name) as string

async function start(name: string, config: Record<string, unknown>, department?: string): Promise<void> {
  const seeds = [...agents.keys()].map(addressOf)
  const by = name.endsWith('u') ? site.authority : site.customer
  const file = await site.agent(name, { ...config, seeds }, { by, ...(department === undefined ? {} : { department }) })
  agents.set(name, await startAgent(readAgentConfig(file), { log: silent }))
}

beforeAll(async () => {
  site = await makeSite(meters)
  for (const [name, by, role, department] of [
    ['engineer-u', site.authority, 'ENGINEER', undefined],
    ['engineer-c', site.customer, 'ENGINEER', undefined],
    ['accountant', site.customer, 'ENGINEER', 'accounting'],
  ] as const) {
    people.set(name, await site.viewer(by, role, name, department))
  }
  const backEnd = { role: 'BACKEND', components: ['collector'] }
  await start('be-u', backEnd)
  await start('be-c', backEnd)
  const ied = {
    recipients: [
      { backEnd: 'be-c', organisation: 'c', classes: ['billing', 'powerQuality', 'reliability', 'operation'] },
      { backEnd: 'be-u', organisation: 'u', classes: ['reliability', 'operation'] },
    ],
    forwarding: { intervalSeconds: 1 },
    components: ['roll-up', 'commands', { use: resolve('test/system/append-shared.mjs'), settings: { everyMs: 500 } }],
  }
  await start('meter-u', { ...ied, components: ['roll-up'] })
  await start('meter-c', ied)
}, 120_000)
afterAll(async () => {
  for (const agent of agents.values()) await agent.stop()
  await site?.remove()
})

async function until(fact: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 40_000; !(await fact().catch(() => false)); ) {
    if (Date.now() > end) throw new Error('not within 40 s')
    await new Promise(wake => setTimeout(wake, 200))
  }
}

/** Classes of whose records this back end has the bodies, without those of the agents' own accounts. */
async function has(backEnd: string, login: string, ied: string): Promise<string[]> {
  const found = (await askReadout(addressOf(backEnd), person(login), 'history', { ied, after: 0, limit: 500 })) as {
    history: { class: string; bytes: number | null }[]
  }
  return found.history.flatMap(row =>
    row.bytes === null || row.class === 'audit' || row.class === 'operation' ? [] : [row.class],
  )
}
const keysAt = async (name: string, login: string) =>
  (await askReadout(addressOf(name), person(login), 'sealing-keys', {})) as {
    keys: { backEnd: string; epoch: number; kid: string; heldHere: boolean }[]
  }

describe("a back end's key", { timeout: 90_000 }, () => {
  it('is rotated while the agents run: new records are sealed to it, old ones stay readable, others learn of it', async () => {
    await until(async () => (await has('be-c', 'engineer-c', 'meter-c')).length >= 3)
    const before = await has('be-c', 'engineer-c', 'meter-c')
    const foreign = await commandLine(['portions', 'rotate', '--at', addressOf('be-c'), '--as', person('engineer-u')])
    expect(foreign).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/engineer-u is of u, want somebody of c, whose be-c is/),
    })
    const accountant = await commandLine([
      'portions',
      'rotate',
      '--at',
      addressOf('be-c'),
      '--as',
      person('accountant'),
    ])
    expect(accountant.code).toBe(4)

    const rotated = await commandLine(['portions', 'rotate', '--at', addressOf('be-c'), '--as', person('engineer-c')])
    expect(rotated.stdout).toMatch(/: key [\w-]{43}, epoch \d+, is announced\n$/)
    await until(async () => (await keysAt('meter-c', 'engineer-c')).keys.length === 1)
    // It got there by way of others: nobody is connected to the back end alone.
    await until(async () => (await keysAt('be-u', 'engineer-u')).keys.length === 1)
    expect((await keysAt('be-c', 'engineer-c')).keys).toMatchObject([{ backEnd: 'be-c', heldHere: true }])
    const shown = await commandLine(['portions', '--at', addressOf('meter-c'), '--as', person('engineer-c')])
    expect(shown.stdout).toMatch(/c +be-c .* announced, epoch \d+/)

    const then = await has('be-c', 'engineer-c', 'meter-c')
    expect(then.length).toBeGreaterThanOrEqual(before.length)
    await until(async () => (await has('be-c', 'engineer-c', 'meter-c')).length >= then.length + 6)
  })
})

describe('an order with parts for several readers', { timeout: 90_000 }, () => {
  it('is given, recorded as it was sealed, and read by each as far as it is for him', async () => {
    const at = ['--at', addressOf('meter-c')]
    const given = await commandLine([
      ...['command', 'meter-c', 'send-data', ...at, '--as', person('engineer-c'), '--sealed'],
      ...['--reason', 'u=the feeder is being measured', '--commercial', 'c=contract 4711, 0.31 a kWh'],
    ])
    expect(given).toMatchObject({ code: 0, stdout: 'meter-c: send-data: done: forwarding has begun\n' })
    const orders = async (name: string, login: string) =>
      (await commandLine(['portions', 'orders', '--at', addressOf(name), '--as', person(login), '--json'])).stdout
    await until(async () => (await orders('be-u', 'engineer-u')).includes('measured'))
    await until(async () => (await orders('be-c', 'engineer-c')).includes('4711'))
    const texts = async (name: string, login: string) => {
      const { orders: found } = JSON.parse(await orders(name, login))
      expect(found).toMatchObject([{ ied: 'meter-c', verified: true, by: 'engineer-c of c' }])
      return found[0].portions.map(({ text }: { text: string | null }) => text)
    }
    expect(await texts('meter-c', 'engineer-c')).toEqual(['send-data', null, null])
    expect(await texts('be-u', 'engineer-u')).toEqual([null, 'the feeder is being measured', null])
    expect(await texts('be-c', 'engineer-c')).toEqual([null, null, 'contract 4711, 0.31 a kWh'])
  })

  it('wants a reader whose key is known, and an operation that only its IED has to judge', async () => {
    const order = ['command', 'meter-c', '--at', addressOf('meter-c'), '--as', person('engineer-c')]
    const stranger = await commandLine([...order, 'send-data', '--reason', 'nobody=why'])
    expect(stranger).toMatchObject({ code: 2, stderr: expect.stringMatching(/no key of nobody is known there/) })
    const sealed = await commandLine([...order, 'de-energise', 's2', '--sealed'])
    const file = site.path('order.cbor')
    expect((await commandLine([...order, 'send-data', '--sealed', '--save', file])).code).toBe(0)
    const cosign = ['command', '--cosign', file, '--at', addressOf('meter-c'), '--as', person('engineer-c')]
    expect(await commandLine(cosign)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/signs nothing that he cannot read/),
    })
    expect(sealed).toMatchObject({ code: 2, stderr: expect.stringMatching(/de-energise can't be sealed/) })
  })
})

describe('a back end that gives on to a department of its own', { timeout: 120_000 }, () => {
  const regrant = async (version: number, departments: unknown[], by = 'engineer-c') => {
    const file = site.path(`regrant-${version}.yaml`)
    const jws = site.path(`regrant-${version}.jws`)
    await writeFile(file, stringify({ regives: 'be-c', version, departments }))
    expect((await commandLine(['portions', 'sign', file, '--as', person(by), '--out', jws])).code).toBe(0)
    return commandLine(['portions', 'push', jws, '--at', addressOf('be-c'), '--as', person(by)])
  }
  const accounting = (more: object = {}) => ({
    department: 'accounting',
    backEnd: 'be-accounting',
    why: 'bills',
    shares: [{ classes: ['billing', 'tamper'], ...more }],
  })

  it('gives it what it may read itself and no more, and nothing from the moment that it is taken back', async () => {
    const departments = { accounting: ['billing', 'tamper', 'reliability'] }
    await start('be-accounting', { role: 'BACKEND', components: ['collector'], departments }, 'accounting')
    expect(await regrant(1, [accounting()], 'accountant')).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/is of department accounting, want one of c itself/),
    })
    expect(await regrant(1, [accounting()])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/version 1 is in force/),
    })
    const classes = async () => [...new Set(await has('be-accounting', 'accountant', 'meter-c'))]
    await until(async () => (await classes()).length > 0)
    expect(await classes()).toEqual(['billing'])
    // Headers of all the others are there: the whole chain is verified with the key of the IED.
    const verified = await commandLine([
      'ledger',
      'verify',
      '--at',
      addressOf('be-accounting'),
      '--as',
      person('accountant'),
    ])
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringMatching(/meter-c/) })
    const shown = await commandLine(['portions', 'regiven', '--at', addressOf('be-c'), '--as', person('engineer-c')])
    expect(shown.stdout).toMatch(/accounting +be-accounting +meter-c +billing +now .* bills/)
    expect(shown.stdout).not.toMatch(/tamper/)

    // What it has it keeps; of what comes from then on it gets nothing.
    expect(await regrant(1, [])).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/version 1 is in force, want a later/),
    })
    expect((await regrant(2, [])).code).toBe(0)
    const before = (await has('be-accounting', 'accountant', 'meter-c')).length
    const collected = (await has('be-c', 'engineer-c', 'meter-c')).length
    await until(async () => (await has('be-c', 'engineer-c', 'meter-c')).length > collected + 6)
    // One batch may have been under way.
    expect((await has('be-accounting', 'accountant', 'meter-c')).length).toBeLessThanOrEqual(before + 3)

    // With an end that has passed there is nothing to give either, and once it counts again all that it missed.
    expect((await regrant(3, [accounting({ to: '2020-01-01T00:00:00Z' })])).code).toBe(0)
    const over = (await has('be-accounting', 'accountant', 'meter-c')).length
    expect((await regrant(4, [accounting()])).code).toBe(0)
    await until(async () => (await has('be-accounting', 'accountant', 'meter-c')).length > over + 2)
  })

  it("ends with the organisation's own grant, which the IED's owner takes back", async () => {
    const rows = async () => {
      const shown = await commandLine([
        'portions',
        'regiven',
        '--at',
        addressOf('be-c'),
        '--as',
        person('engineer-c'),
        '--json',
      ])
      return (JSON.parse(shown.stdout).regiven as { class: string }[]).map(row => row.class)
    }
    expect(await rows()).toEqual(['billing'])
    const file = site.path('meter-c.yaml')
    const jws = site.path('meter-c.jws')
    const readers = [{ organisation: 'c', shares: [{ classes: ['reliability'] }] }]
    await writeFile(file, stringify({ ieds: ['meter-c'], version: 1, readers }))
    expect((await commandLine(['portions', 'sign', file, '--as', person('engineer-c'), '--out', jws])).code).toBe(0)
    const pushed = await commandLine([
      'portions',
      'push',
      jws,
      '--at',
      addressOf('meter-c'),
      '--as',
      person('engineer-c'),
    ])
    expect(pushed.code).toBe(0)
    await until(async () => (await rows()).length === 0)
    // The back end still has what it got before, and gives none of it any more.
    expect(await has('be-c', 'engineer-c', 'meter-c')).toContain('billing')
  })
})
