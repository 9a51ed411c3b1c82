// A back end of real agents asks a meter for history that the meter would not have sent for an hour: one command, at the back end.

import { resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { commandLine } from './cli-in-process.ts'
import { makeSite, type Site } from './site.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const agents = new Map<string, Agent>()
let site: Site
let viewer: string
const addressOf = (name: string): string => agents.get(name)?.addresses()[0] as string

beforeAll(async () => {
  site = await makeSite([
    { name: 'meter-a', kind: 'meter', node: 'N1', organisation: 'u', meters: [] },
    { name: 'meter-b', kind: 'meter', node: 'N2', organisation: 'u', meters: ['L2'] },
  ])
  viewer = await site.viewer(site.authority)
  const backEnd = await site.agent('be', { role: 'BACKEND', components: ['collector'] })
  agents.set('be', await startAgent(readAgentConfig(backEnd), { log: silent }))
  for (const name of ['meter-a', 'meter-b']) {
    const config = {
      recipients: [{ backEnd: 'be', organisation: 'u', classes: ['billing', 'reliability'] }],
      forwarding: { intervalSeconds: 3600 },
      components: ['roll-up', { use: resolve('test/system/append-shared.mjs') }],
      seeds: [addressOf('be')],
    }
    agents.set(name, await startAgent(readAgentConfig(await site.agent(name, config)), { log: silent }))
  }
}, 120_000)
afterAll(async () => {
  for (const agent of agents.values()) await agent.stop()
  await site?.remove()
})

const ask = (...args: string[]) =>
  commandLine(['history', '--at', addressOf('be'), '--as', viewer, '--from', '2020-01-01T00:00:00Z', ...args])

it('a back end asks for what it lacks of a class, and prints what came', async () => {
  const { code, stdout } = await ask('--ied', 'meter-b', '--class', 'reliability', '--ask', '--json')
  expect({ code, stdout }).toMatchObject({ code: 0 })
  const { history } = JSON.parse(stdout) as { history: Record<string, unknown>[] }
  expect(history).toMatchObject([{ ied: 'meter-b', class: 'reliability', bytes: 'reliability of meter-b'.length }])
})

it('says what it was asked for so far, and what the meter does not share', async () => {
  const refused = await ask('--ied', 'meter-a', '--class', 'powerQuality', '--ask')
  expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('not entitled') })
  const { stdout } = await commandLine(['history', '--at', addressOf('be'), '--as', viewer, '--asked', '--json'])
  const { asked } = JSON.parse(stdout) as { asked: Record<string, unknown>[] }
  expect(asked).toMatchObject([
    { ied: 'meter-b', classes: ['reliability'], state: 'whole', lacking: 0, gone: 0 },
    { ied: 'meter-a', classes: ['powerQuality'], state: 'refused' },
  ])
  const shown = await commandLine(['history', '--at', addressOf('be'), '--as', viewer, '--asked'])
  expect(shown.stdout).toMatch(/meter-a .*powerQuality +refused .* not entitled/)
})

it('is told where it is of no use', async () => {
  expect(await ask('--ied', 'nobody', '--ask')).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('no IED nobody'),
  })
})
