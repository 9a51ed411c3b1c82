// Read-outs with thousands of rows, as a person asks for them: the built program against an agent in its own process.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openLedger } from '../../src/aggregation/ledger.ts'
import { encodeReading } from '../../src/aggregation/reading.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { openLevelStore } from '../../src/node/level-store.ts'
import { toCbor } from '../../topology/cbor.ts'
import { utcMs } from '../../topology/units.ts'
import { commandLine } from './cli-in-process.ts'
import { type AgentProcess, MAIN, startAgentProcess } from './cli-process.ts'
import { makeSite, type Site } from './site.ts'

const READINGS = 2500

let site: Site
let viewer: string
let agent: AgentProcess

/** As the agent left it: an event and a reading, again and again. */
async function fill(dataDir: string): Promise<void> {
  await mkdir(`${dataDir}/store`, { recursive: true })
  const store = await openLevelStore(`${dataDir}/store`)
  const quick = {
    ...store,
    batch: (changes: Parameters<typeof store.batch>[0]) => store.batch(changes, { durable: false }),
  }
  const ledger = await openLedger({
    store: quick,
    ied: 'meter',
    randomBytes: count => randomBytes(count),
    sign: () => new Uint8Array(64),
    utc: () => ({ utcMs: utcMs(Date.now()), quality: 'good' }),
  })
  for (let n = 0; n < READINGS; n++) {
    await ledger.append('event', toCbor({ event: 'alarm', alarm: `number ${n}` }))
    await ledger.append(
      'billing',
      encodeReading({
        startUtcMs: utcMs(n * 60_000),
        endUtcMs: utcMs((n + 1) * 60_000),
        importWhStart: BigInt(n),
        importWhEnd: BigInt(n + 1),
        exportWhStart: 0n,
        exportWhEnd: 0n,
        flags: [],
      }),
    )
  }
  await store.close()
}

beforeAll(async () => {
  site = await makeSite()
  viewer = await site.viewer(site.authority)
  const config = await site.agent('meter', { components: ['peers', 'interval-readings'] })
  await fill(site.path('meter-data'))
  agent = await startAgentProcess(config)
}, 120_000)
afterAll(async () => {
  await agent?.stop()
  await site?.remove()
})

const list = (what: string, ...more: string[]) =>
  commandLine([what, '--at', agent.address, '--as', viewer, '--limit', '100000', ...more])

describe('a listing', { timeout: 120_000 }, () => {
  it('has all rows, each once and in order, in one JSON object of its schema', async () => {
    const { code, stdout, stderr } = await list('readings', '--json')
    expect([code, stderr]).toEqual([0, ''])
    const { readings, next } = outputs.readings.parse(JSON.parse(stdout))
    expect(readings.map(({ number }) => number)).toEqual(Array.from({ length: READINGS }, (_, n) => 2 * n + 2))
    expect(next).toBeUndefined()
  })

  it('has them as CSV under one head, and as a table', async () => {
    const lines = (await list('readings', '--csv')).stdout.trimEnd().split('\r\n')
    expect(lines).toHaveLength(READINGS + 1)
    expect(lines.filter(line => line.startsWith('ied,number,'))).toHaveLength(1)
    const { stdout } = await commandLine(['history', '--at', agent.address, '--as', viewer, '--limit', '3'])
    expect(stdout.trimEnd().split('\n')).toHaveLength(5)
    expect(stdout).toMatch(/"alarm":"number 2499"/)
  })

  it('goes on from the place where the last page ended', async () => {
    const numbers: number[] = []
    let after: string | undefined = '0'
    for (let page = 0; after !== undefined && page < 10; page++) {
      const { stdout } = await list('history', '--json', '--after', after, '--limit', '1900')
      const { history, next } = outputs.history.parse(JSON.parse(stdout))
      numbers.push(...history.map(({ number }) => number))
      after = next
    }
    expect(numbers).toEqual(Array.from({ length: 2 * READINGS }, (_, n) => n + 1))
  })

  it('ends at once by Ctrl-C although nobody reads its output, and the agent serves on', async () => {
    const args = [MAIN, 'history', '--at', agent.address, '--as', viewer, '--limit', '100000', '--json']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    await once(child.stdout, 'readable') // and no more is taken from it
    child.kill('SIGINT')
    const began = performance.now()
    child.stdout.resume()
    expect(await once(child, 'exit')).toEqual([130, null])
    expect(performance.now() - began).toBeLessThan(10_000)
    expect((await list('readings', '--json')).code).toBe(0)
  })

  it('ends without a complaint when what reads it has enough', async () => {
    const args = [MAIN, 'history', '--at', agent.address, '--as', viewer, '--limit', '100000', '--csv']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', text => {
      stderr += text
    })
    await once(child.stdout, 'data')
    child.stdout.destroy()
    const [code] = await once(child, 'exit')
    expect([code, stderr]).toEqual([0, ''])
  })

  it('says what is wrong with what was asked', async () => {
    const wrong = [
      { args: ['--limit', '0'], code: 2, says: /--limit 0: want 1 or more/ },
      { args: ['--limit', '10000000'], code: 4, says: /limit: / },
      { args: ['--after', 'x'], code: 4, says: /after: "x", want the number of a record/ },
    ]
    for (const { args, code, says } of wrong) {
      const ended = await list('readings', ...args)
      expect([ended.code, ended.stdout]).toEqual([code, ''])
      expect(ended.stderr).toMatch(says)
    }
  })
})
