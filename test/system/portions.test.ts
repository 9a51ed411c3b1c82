// Two customers share power quality and reliability with each other, by policies that each has signed for its own meter, and
// brings while the agents run. Each other's billing stays theirs, whoever of the two aggregates.

import { stat, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
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
const backEnds = ['u', 'c'].map(organisation => ({ backEnd: `be-${organisation}`, organisation, classes: ['audit'] }))

let site: Site
const agents = new Map<string, Agent>()
const people = new Map<string, string>()
const addressOf = (name: string): string => agents.get(name)?.addresses()[0] as string

beforeAll(async () => {
  site = await makeSite(meters)
  const by = { u: site.authority, c: site.customer }
  const seeds = (): string[] => [...agents.keys()].map(addressOf)
  for (const organisation of ['u', 'c'] as const) {
    people.set(organisation, await site.viewer(by[organisation], 'ENGINEER', `engineer-${organisation}`))
    const backEnd = { role: 'BACKEND', components: ['collector'], seeds: seeds() }
    const file = await site.agent(`be-${organisation}`, backEnd, { by: by[organisation] })
    agents.set(`be-${organisation}`, await startAgent(readAgentConfig(file), { log: silent }))
  }
  for (const organisation of ['u', 'c'] as const) {
    const name = `meter-${organisation}`
    const config = {
      recipients: backEnds,
      forwarding: { intervalSeconds: 1 },
      components: ['audit', 'roll-up', { use: resolve('test/system/append-shared.mjs') }],
      seeds: seeds(),
    }
    const file = await site.agent(name, config, { by: by[organisation] })
    agents.set(name, await startAgent(readAgentConfig(file), { log: silent }))
  }
}, 120_000)
afterAll(async () => {
  for (const agent of agents.values()) await agent.stop()
  await site?.remove()
})

const run = async (...args: string[]) => (await commandLine(args)).code

async function until(fact: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await fact()); ) {
    if (Date.now() > end) throw new Error('not within 30 s')
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}

/** Classes of whose records this back end has the bodies. */
async function has(organisation: string, ied: string): Promise<string[]> {
  const login = people.get(organisation) as string
  const found = (await askReadout(addressOf(`be-${organisation}`), login, 'history', { ied, after: 0 })) as {
    history: { class: string; bytes: number | null }[]
  }
  return found.history.flatMap(row => (row.bytes === null || row.class === 'audit' ? [] : [row.class]))
}

it('two customers share power quality and reliability with each other, and no billing', async () => {
  for (const [own, other] of [
    ['u', 'c'],
    ['c', 'u'],
  ] as const) {
    const policy = site.path(`${own}.sharing.yaml`)
    const document = {
      ieds: [`meter-${own}`],
      version: 1,
      readers: [
        { organisation: own, shares: [{ classes: ['billing', 'powerQuality', 'reliability'] }] },
        {
          organisation: other,
          why: 'disturbances of the common feeder',
          shares: [{ classes: ['powerQuality', 'reliability'] }],
        },
      ],
    }
    await writeFile(policy, stringify(document))
    const jws = site.path(`${own}.sharing.jws`)
    const [engineer = '', stranger = ''] = [people.get(own), people.get(other)]
    expect(await run('portions', 'push', policy, '--at', addressOf(`meter-${own}`), '--as', engineer), 'unsigned').toBe(
      2,
    )
    expect(await run('portions', 'sign', policy, '--as', stranger, '--out', jws)).toBe(0)
    expect(await run('portions', 'push', jws, '--at', addressOf(`meter-${own}`), '--as', stranger)).toBe(4)
    expect(await run('portions', 'sign', policy, '--as', engineer, '--out', jws)).toBe(0)
    // Whoever brings it: what counts is who signed it.
    expect(await run('portions', 'push', jws, '--at', addressOf(`meter-${own}`), '--as', stranger)).toBe(0)
    expect(await run('portions', '--at', addressOf(`meter-${own}`), '--as', engineer)).toBe(0)
  }
  await until(async () => (await Promise.all([has('u', 'meter-u'), has('c', 'meter-c')])).every(of => of.length === 3))
  await until(async () => (await Promise.all([has('u', 'meter-c'), has('c', 'meter-u')])).every(of => of.length === 2))
  expect(await has('u', 'meter-c')).toEqual(['powerQuality', 'reliability'])
  expect(await has('c', 'meter-u')).toEqual(['powerQuality', 'reliability'])
}, 60_000)

it('a key is made once, of mode 0600, and its public part is shown again', async () => {
  const file = site.path('accounting-2.jwk')
  const made = await commandLine(['portions', 'key', '--out', file])
  expect(made.stdout).toMatch(/^sealingKey: [\w-]{43}\nkid: [\w-]{43}\n$/)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await commandLine(['portions', 'key', file])).stdout).toBe(made.stdout)
  expect(await run('portions', 'key', '--out', file)).toBe(2)
})
