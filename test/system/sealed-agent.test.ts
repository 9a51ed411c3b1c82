// An agent whose store and key are sealed: what lies on its disk, and what it does when a secret is not there.

import { readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import type { Report } from '../../src/node/component.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { commandLine } from './cli-in-process.ts'

import { makeSite, type Site } from './site.ts'

let site: Site
beforeAll(async () => {
  site = await makeSite()
})
afterAll(() => site?.remove())

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

async function start(config: string): Promise<{ agent: Agent; started: Report }> {
  const reports: Report[] = []
  const agent = await startAgent(readAgentConfig(config), { log: silent, onReport: report => reports.push(report) })
  return { agent, started: reports.find(({ event }) => event === 'started') as Report }
}

async function storeBytes(): Promise<Buffer> {
  const dir = site.path('meter-data', 'store')
  return Buffer.concat(await Promise.all((await readdir(dir)).map(name => readFile(`${dir}/${name}`))))
}

const CLEAR = { components: ['alarms', 'interval-readings'] }
const SEALED = { ...CLEAR, store: { keyFile: 'keys/meter' }, key: { passphraseFile: 'phrase' } }

describe('an agent with a sealed store', { timeout: 300_000 }, () => {
  it('seals what it had in clear, goes on with the same ledger and key, and leaves nothing readable', async () => {
    await writeFile(site.path('phrase'), 'correct horse battery\n', { mode: 0o600 })
    const first = await start(await site.agent('meter', CLEAR))
    await first.agent.stop()
    // Of values: the names of entries stay readable, and some hold peer ids.
    const written = [String(first.started.ledgerId), 'previousHash']
    const found = async (): Promise<boolean[]> => {
      const bytes = await storeBytes()
      return written.map(each => bytes.includes(each))
    }
    expect(await found()).toEqual([true, true])

    const config = await site.agent('meter', SEALED, 'none')
    const second = await start(config)
    await second.agent.stop()
    expect(second.started).toMatchObject({ ledgerId: first.started.ledgerId, peerId: first.started.peerId })
    expect(second.started.ledger as number).toBeGreaterThan(first.started.ledger as number)
    expect(await found()).toEqual([false, false])
    expect(await readFile(site.path('meter-data', 'key'), 'utf8')).toMatch(/^eyJ/)
  })

  it('does not start without its secrets, says which, and starts again with them', async () => {
    const config = await site.agent('meter', SEALED, 'none')
    await rename(site.path('keys', 'meter'), site.path('keys', 'away'))
    const ended = await commandLine(['agent', '--config', config])
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toMatch(
      /^store\.keyFile: no file \S+keys\/meter, want the one that the store was sealed with\n$/,
    )
    expect(await readdir(site.path('keys'))).toEqual(['away'])
    await rename(site.path('keys', 'away'), site.path('keys', 'meter'))

    await expect(start(await site.agent('meter', CLEAR, 'none'))).rejects.toThrow(
      /its contents are sealed, want store.keyFile/,
    )
    const noPhrase = await site.agent('meter', { ...CLEAR, store: SEALED.store }, 'none')
    await expect(start(noPhrase)).rejects.toThrow(/this key is encrypted, want its passphrase/)
    await (await start(config)).agent.stop()
  })

  it('takes no key that lies with what it seals', async () => {
    const config = await site.agent('meter', { ...SEALED, store: { keyFile: 'meter-data/store.key' } }, 'none')
    await expect(start(config)).rejects.toThrow(/^store\.keyFile: \S+ lies in the data directory/)
  })

  it('changes its secret by command', async () => {
    const config = await site.agent('meter', SEALED, 'none')
    const fresh = site.path('keys', 'second')
    const ended = await commandLine(['store', 'rekey', '--config', config, '--key-file', fresh])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toContain(`store: { keyFile: ${fresh} }`)
    await expect(start(config)).rejects.toThrow(/is not what the store was sealed with; nothing was changed/)
    const next = await site.agent('meter', { ...SEALED, store: { keyFile: 'keys/second' } }, 'none')
    const { agent } = await start(next)
    const busy = await commandLine(['store', 'rekey', '--config', next, '--key-file', site.path('keys', 'third')])
    expect(busy.code).toBe(2)
    expect(busy.stderr).toMatch(/another agent has this data directory open/)
    await agent.stop()
  })
})
