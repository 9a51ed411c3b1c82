// `feedermesh authority` as a person runs it, and what comes of it at running agents.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { newIdentity } from '../../src/mesh/identity.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { commandLine } from './cli-in-process.ts'
import { type AgentProcess, feedermesh, startAgentProcess } from './cli-process.ts'
import { pause, until } from './feeder-in-process.ts'
import { makeSite, type Site } from './site.ts'

const dir = mkdtempSync(join(tmpdir(), 'feedermesh-authority-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const at = (...parts: string[]): string => join(dir, ...parts)
const run = (...args: string[]) => commandLine(['authority', ...args], dir)
async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args)
  expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: '' })
  return stdout
}
const { peerId } = await newIdentity()
writeFileSync(at('pass'), 'correct horse battery\n')
writeFileSync(at('wrong'), 'incorrect horse battery\n')
const PASS = ['--passphrase-file', 'pass']
const list = async (...more: string[]) =>
  outputs['authority-list'].parse(JSON.parse(await done('list', '--authority', 'utility', '--json', ...more)))
    .credentials
const claims = (file: string) =>
  JSON.parse(Buffer.from(readFileSync(at(file), 'utf8').split('.')[1] ?? '', 'base64url').toString())

describe('an authority', { timeout: 300_000 }, () => {
  it('has its key encrypted in a directory, and shows its public key without the passphrase', async () => {
    const made = await done('init', 'utility', '--out', 'utility', ...PASS)
    expect(await done('show', '--authority', 'utility')).toBe(made)
    const header = JSON.parse(
      Buffer.from(readFileSync(at('utility/key.jwe'), 'utf8').split('.')[0] ?? '', 'base64url').toString(),
    )
    expect(header).toMatchObject({ alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', cty: 'jwk+json' })
    expect(header.p2c).toBeGreaterThanOrEqual(210_000)
    expect(statSync(at('utility/key.jwe')).mode & 0o077).toBe(0)
    const shown = JSON.parse(await done('show', '--authority', 'utility', '--json'))
    expect(made).toContain(outputs['authority-show'].parse(shown).jwk.x)
  })

  it('issues for a peer id, with all that a credential may say', async () => {
    const said = await done(
      ...['issue', '--authority', 'utility', ...PASS, '--peer-id', peerId, '--name', 'recloser-675', '--role', 'IED'],
      ...['--feeder', 'ieee13', '--serial', 'SN 17', '--place', '48.2,16.4', '--days', '30', '--out', 'c.jwt'],
      ...['--department', 'protection', '--sealing-key', 'hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo'],
    )
    expect(said).toBe('c.jwt: recloser-675 of utility, IED, 30 days\n')
    const [row] = await list()
    expect(row).toMatchObject({ name: 'recloser-675', roles: ['IED'], feeders: ['ieee13'], state: 'live', peerId })
    expect(claims('c.jwt')).toMatchObject({
      ...{ iss: 'utility', sub: peerId, jti: row?.id, serial: 'SN 17', place: [48.2, 16.4], department: 'protection' },
      sealingKey: 'hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo',
    })
  })

  const python = spawnSync('python3', ['-c', 'import cryptography'])
  const reason = python.status === 0 ? '' : ' (skipped: no python3 with cryptography here)'
  it.skipIf(reason !== '')(`signs what software of others checks${reason}`, async () => {
    const { jwk } = JSON.parse(await done('show', '--authority', 'utility', '--json'))
    const script = `
import base64, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
raw = lambda text: base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
signed, signature = open('c.jwt').read().strip().rsplit('.', 1)
Ed25519PublicKey.from_public_bytes(raw(sys.argv[1])).verify(raw(signature), signed.encode())
print('holds')`
    const { stdout, stderr } = spawnSync('python3', ['-c', script, jwk.x], { cwd: dir, encoding: 'utf8' })
    expect({ stdout, stderr }).toEqual({ stdout: 'holds\n', stderr: '' })
  })

  it('issues the same again, for longer', async () => {
    await done('issue', '--authority', 'utility', ...PASS, '--renew', 'recloser-675', '--days', '60', '--out', 'd.jwt')
    const [one, other] = [claims('c.jwt'), claims('d.jwt')]
    expect(other.jti).not.toBe(one.jti)
    const lasting = ({ jti: _, nbf: __, exp: ___, ...rest }: Record<string, unknown>) => rest
    expect(lasting(other)).toEqual(lasting(one))
  })

  it('makes a person’s key and login', async () => {
    const person = ['--person', '--name', 'alice', '--role', 'OPERATOR', '--feeder', 'ieee13', '--out-dir', 'people']
    expect(await done('issue', '--authority', 'utility', ...PASS, ...person)).toBe(
      'people/alice.yaml: alice of utility, OPERATOR, 365 days\n',
    )
    expect(statSync(at('people/alice/key')).mode & 0o077).toBe(0)
    expect(claims('people/alice/credential.jwt')).toMatchObject({ name: 'alice', roles: ['OPERATOR'] })
  })

  it('takes back a name, or one credential, and lists what has become of each', async () => {
    const [first] = await list()
    await done('revoke', first?.id as string, '--authority', 'utility', ...PASS)
    expect((await list()).map(({ state }) => state)).toEqual(['revoked', 'live', 'live'])
    const said = await done('revoke', 'recloser-675', '--authority', 'utility', ...PASS, '--reason', 'stolen')
    expect(said).toBe(`revoked: key ${peerId}\nwritten: utility/revocations.jwt\n`)
    expect((await list()).map(({ state, reason }) => [state, reason])).toEqual([
      ['revoked', undefined],
      ['revoked', 'stolen'],
      ['live', undefined],
    ])
    // Again is the same one again.
    await done('revoke', 'recloser-675', '--authority', 'utility', ...PASS)
    expect(readFileSync(at('utility/revocations.jwt'), 'utf8').trim().split('\n')).toHaveLength(2)
    const table = await done('list', '--authority', 'utility')
    expect(table.split('\n')[0]).toMatch(/^name +roles +feeders +state/)
  })

  const issueTo = (...more: string[]) => [
    ...['issue', '--authority', 'utility', ...PASS, '--feeder', 'f', '--out', 'x.jwt'],
    ...more,
  ]
  const bad: { it: string; args: string[]; says: RegExp }[] = [
    {
      it: 'a wrong passphrase',
      args: ['issue', '--authority', 'utility', '--passphrase-file', 'wrong', '--renew', 'alice', '--out', 'x'],
      says: /wrong passphrase/,
    },
    {
      it: 'no passphrase and no terminal',
      args: ['issue', '--authority', 'utility', '--renew', 'alice', '--out', 'x'],
      says: /no passphrase: want/,
    },
    {
      it: 'a short new passphrase',
      args: ['init', 'u', '--out', 'u', '--passphrase-file', 'short'],
      says: /5 characters, want 12/,
    },
    {
      it: 'a directory that has one',
      args: ['init', 'u', '--out', 'utility', ...PASS],
      says: /has an authority already/,
    },
    { it: 'no authority there', args: ['show', '--authority', 'nowhere'], says: /nowhere: not an authority's key/ },
    {
      it: 'a peer id that is none',
      args: issueTo('--peer-id', '12D3x', '--name', 'a', '--role', 'IED'),
      says: /--peer-id 12D3x: want/,
    },
    {
      it: 'a revoked key',
      args: issueTo('--peer-id', peerId, '--name', 'b', '--role', 'IED'),
      says: /this key is revoked/,
    },
    {
      it: 'a person who is an IED',
      args: issueTo('--peer-id', peerId, '--name', 'b', '--role', 'IED', 'VIEWER'),
      says: /IED is for machines/,
    },
    {
      it: 'who administers and audits',
      args: issueTo('--peer-id', peerId, '--name', 'b', '--role', 'SECADM', 'SECAUD'),
      says: /nobody holds both/,
    },
    { it: 'an unknown role', args: issueTo('--peer-id', peerId, '--name', 'b', '--role', 'KING'), says: /KING/ },
    {
      it: 'a name with a slash',
      args: issueTo('--peer-id', peerId, '--name', '../b', '--role', 'IED'),
      says: /--name "\.\.\/b": want/,
    },
    {
      it: 'a validity of nothing',
      args: issueTo('--peer-id', peerId, '--name', 'b', '--role', 'IED', '--days', '0'),
      says: /--days 0: want/,
    },
    {
      it: 'a name that was never issued',
      args: ['revoke', 'zoe', '--authority', 'utility', ...PASS],
      says: /zoe: no credential .* want alice, recloser-675/,
    },
    { it: 'nothing to revoke', args: ['revoke', '--authority', 'utility'], says: /want a name/ },
  ]
  writeFileSync(at('short'), 'short\n')
  for (const { it: what, args, says } of bad) {
    it.concurrent(`says in one line what is wrong with ${what}`, async () => {
      const { code, stdout, stderr } = await run(...args)
      expect({ code, stdout, lines: stderr.trim().split('\n').length }, stderr).toEqual({
        code: 2,
        stdout: '',
        lines: 1,
      })
      expect(stderr).toMatch(says)
    })
  }

  it('refuses a second key for a name that is in use, until that is said', async () => {
    const other = (await newIdentity()).peerId
    const args = issueTo('--peer-id', other, '--name', 'alice', '--role', 'OPERATOR')
    expect((await run(...args)).stderr).toMatch(/has a live credential for it/)
    await done(...args, '--replace')
  })

  it('goes on after a kill in the middle of a line of its register', async () => {
    const whole = readFileSync(at('utility/issued.jsonl'), 'utf8')
    writeFileSync(at('utility/issued.jsonl'), `${whole}{"event":"issued","at":"20`)
    const before = (await list('--all')).length
    await done('issue', '--authority', 'utility', ...PASS, '--renew', 'alice', '--replace', '--out', 'e.jwt')
    expect(await list('--all')).toHaveLength(before + 1)
  })
})

describe('a running agent', { timeout: 300_000 }, () => {
  let site: Site
  const agents: AgentProcess[] = []
  afterAll(async () => {
    await Promise.all(agents.map(agent => agent.stop().catch(() => {})))
    await site?.remove()
  })
  const start = async (config: string): Promise<AgentProcess> => {
    const agent = await startAgentProcess(config)
    agents.push(agent)
    return agent
  }

  it('cuts off whom its authority revokes, remembers that over a restart, and the revoked one says so', async () => {
    site = await makeSite()
    const cli = async (...args: string[]) => {
      const { code, stdout, stderr } = await feedermesh(args, site.dir)
      expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: '' })
      return stdout
    }
    const init = await cli('authority', 'init', 'u', '--out', 'u.jwk')
    const publicKey = /publicKey: (\S+)/.exec(init)?.[1] as string
    const authorities = [
      { organisation: 'u', publicKey, protection: true, roles: ['IED', 'BACKEND', 'VIEWER', 'OPERATOR'] },
    ]
    const issue = ['authority', 'issue', '--authority', 'u.jwk', '--feeder', 'small']
    await cli(...issue, '--person', '--name', 'ada', '--role', 'OPERATOR', '--out-dir', 'people')
    const enrol = async (name: string, seeds: string[] = []) => {
      const config = await site.agent(
        name,
        { authorities, seeds, renewal: { checkSeconds: 0.2 }, components: ['alarms', 'peers'] },
        'none',
      )
      const { stderr } = await feedermesh(['agent', '--config', config])
      const id = /sign one for peer id (12D3Koo\w+)\n$/.exec(stderr)?.[1] as string
      await cli(...issue, '--peer-id', id, '--name', name, '--role', 'IED', '--out', `${name}-data.jwt`)
      return config
    }
    const relayConfig = await enrol('relay')
    const relay = await start(relayConfig)
    const recloser = await start(await enrol('recloser', [relay.address]))
    await relay.logged('peer-up')

    // A new credential is written over the old one: nothing is cut.
    await cli(...issue, '--renew', 'recloser', '--out', 'recloser-data.jwt')
    await recloser.logged('credential-renewed')
    expect(relay.log.some(({ event }) => event === 'peer-down')).toBe(false)

    const said = await cli(
      ...['authority', 'revoke', 'recloser', '--authority', 'u.jwk', '--reason', 'stolen'],
      ...['--at', relay.address, '--as', 'people/ada.yaml'],
    )
    expect(said).toContain(`delivered: ${relay.address}\n`)
    await relay.logged('revoked')
    await relay.logged('peer-down')
    const peers = outputs.peers.parse(
      JSON.parse(await cli('peers', '--at', relay.address, '--as', 'people/ada.yaml', '--json')),
    )
    expect(peers.peers.map(({ name }) => name)).toEqual(['ada'])

    // The revoked one has been told as well, and says so loudly; now and when it starts again.
    const alarms = ['own-credential-revoked', 'said-to-be-revoked']
    await until('it says so', () => recloser.log.some(({ alarm }) => alarms.includes(String(alarm))), 20_000)

    await relay.stop()
    const again = await start(relayConfig)
    await pause(2000)
    expect(again.log.some(({ event }) => event === 'peer-up')).toBe(false)

    // An agent that nobody reaches is brought the file by hand, while it runs.
    const alone = await site.agent(
      'meter',
      { authorities, renewal: { checkSeconds: 0.2 }, revocations: 'brought.jwt', components: ['alarms'] },
      'none',
    )
    const { stderr } = await feedermesh(['agent', '--config', alone])
    const id = /sign one for peer id (12D3Koo\w+)\n$/.exec(stderr)?.[1] as string
    await cli(...issue, '--peer-id', id, '--name', 'meter', '--role', 'IED', '--out', 'meter-data.jwt')
    const meter = await start(alone)
    writeFileSync(site.path('brought.jwt'), readFileSync(site.path('u.revocations.jwt')))
    expect(await meter.logged('revoked')).toMatchObject({ organisation: 'u' })
  })
})
