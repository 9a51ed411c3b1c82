// An IED has told two real back ends two histories of its ledger, each of them one. They show each other what it has signed,
// and both have the proof: over sockets, by the command line.

import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { openCollector } from '../../src/aggregation/collector.ts'
import { loadOrCreateIdentity, verifyPeer } from '../../src/mesh/identity.ts'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { openLevelStore } from '../../src/node/level-store.ts'
import { type Joined, joinAs, readLogin } from '../../src/node/readout-client.ts'
import { toldAt, toldBy } from '../node/two-histories.ts'
import { commandLine } from './cli-in-process.ts'
import { makeSite, type Site } from './site.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

let site: Site
const backEnds: Agent[] = []
const joined: Joined[] = []
const logins: string[] = []

beforeAll(async () => {
  site = await makeSite()
  const iedConfig = await site.agent('recloser')
  const key = site.path('recloser-data', 'key')
  const recloser = await loadOrCreateIdentity(key)
  for (const [name, by, wh] of [
    ['one', site.authority, 1n],
    ['other', site.customer, 2n],
  ] as const) {
    const seeds = backEnds.flatMap(agent => agent.addresses().slice(0, 1))
    const config = {
      role: 'BACKEND',
      seeds,
      components: ['peers', 'alarms', { use: 'collector', settings: { compareMinutes: 0.02 } }],
    }
    const file = await site.agent(name, config, { by })
    const store = await openLevelStore(site.path(`${name}-data`, 'store'))
    const collector = openCollector({
      store,
      backEnd: name,
      organisation: by.organisation,
      sign: () => new Uint8Array(64),
      utc: toldAt,
      keyOf: () => (bytes, signature) => verifyPeer(recloser.peerId, bytes, signature),
      mayCollect: () => true,
    })
    expect(await collector.accept(await toldBy(recloser, wh))).toMatchObject({ kind: 'receipt' })
    await store.close()
    backEnds.push(await startAgent(readAgentConfig(file), { log: silent }))
    logins.push(await site.viewer(by))
  }
  const { authorities } = readAgentConfig(iedConfig)
  writeFileSync(site.path('recloser.yaml'), stringify({ key, credential: site.path('recloser-data.jwt'), authorities }))
  for (const agent of backEnds)
    joined.push(await joinAs(await readLogin(site.path('recloser.yaml')), agent.addresses()[0] as string))
}, 60_000)
afterAll(async () => {
  for (const { leave } of joined) await leave()
  for (const agent of backEnds) await agent.stop()
  await site?.remove()
})

const at = (n: number, as = logins[n]): string[] => [
  '--at',
  backEnds[n]?.addresses()[0] as string,
  '--as',
  as as string,
]
const ledger = (...args: string[]) => commandLine(['ledger', ...args])

async function exportedBy(n: number): Promise<string> {
  for (let left = 100; ; left--) {
    const { stdout } = await ledger('export', '--evidence', ...at(n))
    if (stdout !== '' || left === 0) return stdout
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}

function verify(text: string) {
  const file = site.path(`evidence-${Math.random().toString(36).slice(2)}.jsonl`)
  writeFileSync(file, text)
  return ledger('verify', '--evidence', file, '--authority', site.authority.publicKey, '--organisation', 'u')
}

describe('back ends that were told two histories, one each', { timeout: 60_000 }, () => {
  it('both have the proof, and say so', async () => {
    const { peerId } = await loadOrCreateIdentity(site.path('recloser-data', 'key'))
    for (const n of backEnds.keys()) {
      const { code, stdout, stderr } = await verify(await exportedBy(n))
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(
        new RegExp(`^PROOF {2}recloser [0-9a-f]{32}: its key \\(${peerId}\\) has signed two histories`),
      )
      const shown = await ledger('show', '--evidence', ...at(n))
      expect({ code: shown.code, says: shown.stdout }).toMatchObject({
        code: 0,
        says: expect.stringMatching(/recloser +[0-9a-f]{32} +\d /),
      })
      const whole = await ledger('verify', ...at(n))
      expect({ code: whole.code, says: whole.stdout }).toMatchObject({
        code: 2,
        says: expect.stringMatching(/^WRONG .*second histories of it/s),
      })
      const alarms = await commandLine(['alarms', ...at(n)])
      expect(alarms.stdout).toMatch(/fork/)
    }
    expect(readFileSync(site.path('recloser-data.jwt'), 'utf8').trim().length).toBeGreaterThan(0)
  })

  it('give the headers alone to whoever may not read the contents, and they prove it as well', async () => {
    const whole = await exportedBy(0)
    expect(whole).toContain('"content"')
    const clerk = await site.viewer(site.authority, 'VIEWER', 'clerk', 'metering')
    const { stdout } = await ledger('export', '--evidence', ...at(0, clerk))
    expect(stdout).not.toContain('"content"')
    expect(await verify(stdout)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^PROOF .*content not in it/s),
    })
    const { stdout: heads } = await ledger('show', '--evidence', '--json', ...at(0, clerk))
    expect(heads).not.toContain('"content"')
  })
})
