// What a person sees who gets something wrong: an exit code, one line on standard error that says what, where and what
// would be right, and nothing of theirs changed.

import { once } from 'node:events'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newAuthority } from '../../src/mesh/credential.ts'
import { loadOrCreateIdentity } from '../../src/mesh/identity.ts'
import { commandLine } from './cli-in-process.ts'
import { type AgentProcess, type Ended, startAgentProcess } from './cli-process.ts'
import { DEVICE_MAP, makeSite, modbus, type Site } from './site.ts'

let site: Site
let busy: Server
let busyPort: number
let running: AgentProcess

beforeAll(async () => {
  site = await makeSite()
  busy = createServer().listen(0, '127.0.0.1')
  await once(busy, 'listening')
  busyPort = (busy.address() as AddressInfo).port
  running = await startAgentProcess(await site.agent('relay'))
})
afterAll(async () => {
  busy?.close()
  await running?.stop()
  await site?.remove()
})

/** Another version of a text file: each piece, which must be there, replaced. */
function rewritten(file: string, name: string, changes: Record<string, string>): string {
  let text = readFileSync(file, 'utf8')
  for (const [piece, instead] of Object.entries(changes)) {
    expect(text).toContain(piece)
    text = text.replace(piece, instead)
  }
  writeFileSync(site.path(name), text)
  return site.path(name)
}

const agent = async (config: Promise<string>): Promise<Ended> => commandLine(['agent', '--config', await config])

function refused(ended: Ended, code: number, says: RegExp): void {
  expect({ ...ended, stderr: ended.stderr.split('\n').length }, ended.stderr).toEqual({ code, stdout: '', stderr: 2 })
  expect(ended.stderr).toMatch(says)
  expect(ended.stderr).not.toMatch(/\n\s+at |Error:/)
}

/** Every file below, with its content. */
function everything(dir: string): Map<string, string> {
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).map(name => `${dir}/${name}`)
  return new Map(paths.filter(path => statSync(path).isFile()).map(path => [path, readFileSync(path, 'base64')]))
}

describe('the agent is not started', { timeout: 300_000 }, () => {
  it('with a wrong key in its configuration', async () => {
    const config = await site.agent('meter', modbus(502), 'none')
    const wrong = rewritten(config, 'wrong-key.yaml', { 'port: 502': 'prot: 502' })
    const line = readFileSync(wrong, 'utf8').split('\n').indexOf('  prot: 502') + 1
    refused(
      await commandLine(['agent', '--config', wrong]),
      2,
      new RegExp(`^\\S+/wrong-key\\.yaml:${line}: device\\.prot: no such key here, want it left out or spelt right\n$`),
    )
  })

  it('without a configuration', async () => {
    refused(await commandLine(['agent']), 2, /^agent: want --config FILE, or --example to see one\n$/)
    refused(await commandLine(['agent', '--config', '/nowhere.yaml']), 2, /^\/nowhere\.yaml: can't read this config/)
  })

  it('under a name that the feeder file does not have', async () => {
    const config = site.agent('metre', {}, 'none')
    refused(await agent(config), 2, /^name: "metre" is no IED of \S+, want one of relay, recloser, meter\n$/)
  })

  it('with a component that there is not', async () => {
    const config = site.agent('meter', { dataDir: 'components', components: ['alarms', 'alarm'] })
    refused(
      await agent(config),
      2,
      /^components: no component "alarm", want alarms, audit, .*peers, .*, or the path of a module/,
    )
  })

  const point = '{ feeds: exportWh, class: energy, table: input, address: 32, type: uint64, scale: 1, unit: Wh }'
  const maps = [
    {
      it: 'whose registers overlap',
      instead: point.replace('address: 32', 'address: 30'),
      says: /^\S+\/overlap\.yaml:25: points\[15\]\.address: 30\.\.33, want registers that points\[14\] does not use\n$/,
      name: 'overlap.yaml',
    },
    {
      it: 'with a type that there is not',
      instead: point.replace('uint64', 'uint63'),
      says: /^\S+\/type\.yaml:25: points\[15\]\.type: uint63, want one of uint8, .*, string\n$/,
      name: 'type.yaml',
    },
  ]
  for (const { it: of, instead, says, name } of maps) {
    it(`with a device map ${of}`, async () => {
      const map = rewritten(DEVICE_MAP, name, { [point]: instead })
      refused(await agent(site.agent('meter', { dataDir: name.slice(0, -5), ...modbus(502, { map }) })), 2, says)
    })
  }

  it('on a port in use', async () => {
    const config = site.agent('meter', { dataDir: 'port', listen: [`/ip4/127.0.0.1/tcp/${busyPort}`] })
    refused(
      await agent(config),
      2,
      new RegExp(`^listen: /ip4/127\\.0\\.0\\.1/tcp/${busyPort} is in use .*want a free one`),
    )
    expect(busy.listening).toBe(true)
  })

  it('in a data directory that is a file', async () => {
    writeFileSync(site.path('a-file'), 'kept')
    const ended = await agent(site.agent('meter', { dataDir: 'a-file' }, 'none'))
    refused(ended, 2, /^dataDir: \S+a-file: .*, want a directory that can be written\n$/)
    expect(readFileSync(site.path('a-file'), 'utf8')).toBe('kept')
  })

  it('in a data directory of another feeder, or of another IED', async () => {
    const own = { dataDir: 'claimed', credential: 'none.jwt' }
    const first = await agent(site.agent('meter', own, 'none'))
    const peerId = /peer id (\S+)\n$/.exec(first.stderr)?.[1]
    expect(peerId).toMatch(/^12D3Koo/)
    const before = everything(site.path('claimed'))
    const other = rewritten(site.path('small.yaml'), 'other.yaml', { 'name: small': 'name: other' })
    refused(
      await agent(site.agent('meter', { ...own, feeder: other }, 'none')),
      2,
      /^dataDir: \S+claimed belongs to "small meter" .*want that of "other meter" or an empty directory\n$/,
    )
    refused(await agent(site.agent('recloser', own, 'none')), 2, /belongs to "small meter".*"small recloser"/)
    expect(everything(site.path('claimed')).get(site.path('claimed/key'))).toBe(before.get(site.path('claimed/key')))
    const again = await agent(site.agent('meter', own, 'none'))
    expect(again).toEqual(first)
  })

  it('in a data directory that another running agent has open', async () => {
    refused(
      await agent(site.agent('relay')),
      2,
      /^\S+relay-data\/store: another agent has this data directory open, want a directory for each\n$/,
    )
    const viewer = await site.viewer(site.authority)
    expect((await commandLine(['peers', '--at', running.address, '--as', viewer])).code).toBe(0)
  })

  it('without a credential, and says for which peer id to sign one', async () => {
    const config = await site.agent('meter', { dataDir: 'unsigned' }, 'none')
    const ended = await commandLine(['agent', '--config', config])
    const { peerId } = await loadOrCreateIdentity(site.path('unsigned/key'))
    const says = `^credential: no file \\S+unsigned\\.jwt; have your authority sign one for peer id ${peerId}\n$`
    refused(ended, 4, new RegExp(says))
  })

  const credentials = [
    {
      it: 'of another authority',
      issue: async () => ({ by: await newAuthority('u') }),
      says: /signature|not signed|authority/,
    },
    {
      it: 'of an organisation that is not trusted',
      issue: async () => ({ by: await newAuthority('x') }),
      says: /"?x"?/,
    },
    { it: 'that has expired', issue: async () => ({ daysAgo: 10, days: 5 }), says: /expired/ },
    { it: 'for another name', issue: async () => ({ name: 'relay' }), says: /is for "relay"/ },
    { it: 'for another role', issue: async () => ({ roles: ['VIEWER' as const] }), says: /has no role IED/ },
    { it: 'for another feeder', issue: async () => ({ feeders: ['big'] }), says: /is not for feeder small/ },
  ]
  for (const { it: of, issue, says } of credentials) {
    it(`with a credential ${of}`, async () => {
      const dataDir = of.replaceAll(' ', '-')
      const config = site.agent('meter', { dataDir }, await issue())
      const ended = await agent(config)
      const { peerId } = await loadOrCreateIdentity(site.path(dataDir, 'key'))
      refused(ended, 4, new RegExp(`^credential: \\S+\\.jwt: .*, want one for peer id ${peerId} as IED "meter"\n$`))
      expect(ended.stderr).toMatch(says)
    })
  }
})

describe('up is not started', { timeout: 300_000 }, () => {
  it('on a feeder file with an unknown node', async () => {
    const feeder = rewritten(site.path('small.yaml'), 'unknown-node.yaml', { 'from: N1': 'from: N9' })
    const ended = await commandLine(['up', feeder, '--data', site.path('never')])
    refused(ended, 2, /^\S+unknown-node\.yaml:\d+: sections\[1\]\.from: "N9" — .*want /)
    expect(readdirSync(site.dir)).not.toContain('never')
  })

  it('in a data directory of another feeder', async () => {
    mkdirSync(site.path('others'))
    writeFileSync(site.path('others/feeder'), 'other\n')
    const ended = await commandLine(['up', site.path('small.yaml'), '--data', site.path('others')])
    refused(ended, 2, /^--data \S+others: belongs to feeder "other", want one of "small", or --fresh to begin anew\n$/)
    expect([...everything(site.path('others')).keys()]).toEqual([site.path('others/feeder')])
  })

  it('with a scenario that names an unknown section', async () => {
    const steps = 'steps: [{ atSeconds: 1, disturb: { section: s9, residualPu: 0.5, forSeconds: 1 } }]'
    writeFileSync(site.path('scenario.yaml'), `feedermesh: 1\nfeeder: small\n${steps}\n`)
    const ended = await commandLine(
      ['up', site.path('small.yaml'), '--scenario', site.path('scenario.yaml'), '--data', 'never'],
      site.dir,
    )
    refused(ended, 2, /^\S+scenario\.yaml: steps\.0\.disturb\.section: "s9" is no section of feeder small\n$/)
    expect(readdirSync(site.dir)).not.toContain('never')
  })
})

describe('a read-out is not answered', { timeout: 300_000 }, () => {
  it('where nobody listens', async () => {
    const viewer = await site.viewer(site.authority)
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const ended = await commandLine(['peers', '--at', `127.0.0.1:${port}`, '--as', viewer])
    refused(
      ended,
      3,
      new RegExp(`^--at /ip4/127\\.0\\.0\\.1/tcp/${port}: no answer, want the address of a running agent`),
    )
  })

  it('under a name that is not known', async () => {
    writeFileSync(site.path('addresses.json'), JSON.stringify({ relay: running.address }))
    const ended = await commandLine(['peers', '--at', 'relais', '--data', site.dir])
    refused(ended, 2, /^--at relais: not in \S+addresses\.json, want one of relay\n$/)
    const nowhere = await commandLine(['peers', '--at', 'relais', '--data', '/nowhere'])
    refused(nowhere, 2, /^--at relais: want a multiaddress, host:port, or a name and --data DIR of a running "up"\n$/)
  })

  it('to a viewer of another organisation', async () => {
    const viewer = await site.viewer(site.customer)
    const ended = await commandLine(['readings', '--at', running.address, '--as', viewer])
    refused(ended, 4, /^--at \S+: c-person-\S+ of c may not open query\/rows here: it is u's alone\n$/)
  })

  it('to a viewer whom nobody vouches for', async () => {
    const viewer = await site.viewer(await newAuthority('x'))
    const ended = await commandLine(['readings', '--at', running.address, '--as', viewer])
    refused(ended, 4, /^--at \S+: .*x/)
  })

  it('without a login, or with a limit of none', async () => {
    const ended = await commandLine(['peers', '--at', running.address], site.dir)
    refused(ended, 2, /viewer\.yaml: can't read this login: /)
    refused(await commandLine(['peers', '--at', running.address, '--limit', '0']), 2, /^--limit 0: want 1 or more\n$/)
  })

  it('that this peer does not have', async () => {
    const ended = await commandLine(['totals', '--at', running.address, '--as', await site.viewer(site.authority)])
    refused(
      ended,
      4,
      /^--at \S+: no read-out "totals" here: the component "collector" runs at back-end peers, and \S+ is an IED$/m,
    )
  })
})

describe('the command line', { timeout: 300_000 }, () => {
  it('does not overwrite the key of an authority', async () => {
    const file = site.path('once.jwk')
    expect((await commandLine(['authority', 'init', 'u', '--out', file])).code).toBe(0)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    copyFileSync(file, site.path('once.copy'))
    const again = await commandLine(['authority', 'init', 'u', '--out', file])
    refused(again, 2, /once\.jwk: .*; want a file that is not there yet\n$/)
    expect(readFileSync(file, 'utf8')).toBe(readFileSync(site.path('once.copy'), 'utf8'))
  })
})
