// One agent as on a device: `feedermesh agent` in a process of its own, set up with `feedermesh authority` alone.

import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { type DeviceHost, startDeviceHost } from '../../sim/devices/device-host.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { commandLine } from './cli-in-process.ts'
import { type AgentProcess, startAgentProcess } from './cli-process.ts'
import { pause, untilAnswered } from './feeder-in-process.ts'
import { IEDS, makeSite, modbus, type Site } from './site.ts'

const METER_ALONE = IEDS.filter(({ name }) => name === 'meter')

let site: Site
let devices: DeviceHost
beforeAll(async () => {
  site = await makeSite(METER_ALONE)
  devices = await startDeviceHost({ file: site.file })
})
afterAll(async () => {
  await devices?.stop()
  await site?.remove()
})

async function done(args: string[]): Promise<string> {
  const { code, stdout, stderr } = await commandLine(args, site.dir)
  expect({ code, stderr }, args.join(' ')).toEqual({ code: 0, stderr: '' })
  return stdout
}

describe('an agent set up by hand', { timeout: 300_000 }, () => {
  let agent: AgentProcess
  let publicKey: string
  const config = (): string => site.path('by-hand.yaml')
  const ask = (what: string, ...options: string[]): Promise<string> =>
    done([what, '--at', agent.address, '--as', 'login.yaml', ...options])
  const readings = async () => outputs.readings.parse(JSON.parse(await ask('readings', '--json'))).readings
  afterAll(() => agent?.stop())

  it('gets an authority', async () => {
    const made = await done(['authority', 'init', 'u', '--out', 'u.jwk'])
    expect(made).toMatch(/^organisation: u\npublicKey: [A-Za-z0-9_-]{43}\n$/)
    expect(await done(['authority', 'show', '--authority', 'u.jwk'])).toBe(made)
    publicKey = made.trim().split(' ').at(-1) as string
  })

  it('says for which peer id to sign its credential, which is then issued', async () => {
    const authorities = [{ organisation: 'u', publicKey }]
    const content = {
      name: 'meter',
      feeder: 'small.yaml',
      dataDir: 'by-hand',
      credential: 'by-hand.jwt',
      authorities,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      mdns: false,
      readings: { intervalSeconds: 1 },
      ...modbus(devices.ports.get('meter') as number),
    }
    writeFileSync(config(), stringify(content))
    const refused = await commandLine(['agent', '--config', config()])
    expect(refused.code).toBe(4)
    const peerId = /sign one for peer id (12D3Koo\w+)\n$/.exec(refused.stderr)?.[1] as string
    const issue = ['authority', 'issue', '--authority', 'u.jwk', '--feeder', 'small', '--days', '30']
    const issued = [...issue, '--peer-id', peerId, '--name', 'meter', '--role', 'IED', '--out', 'by-hand.jwt']
    expect(await done(issued)).toBe('by-hand.jwt: meter of u, IED, 30 days\n')
    writeFileSync(
      site.path('login.yaml'),
      stringify({ key: 'person.key', credential: 'person.jwt', authorities: [{ ...authorities[0], roles: ['IED'] }] }),
    )
    agent = await startAgentProcess(config())

    // A person's tool has no peer id either before it has run once.
    const stranger = await commandLine(['peers', '--at', agent.address, '--as', 'login.yaml'], site.dir)
    expect(stranger.code).toBe(4)
    const person = /sign one of role VIEWER for peer id (12D3Koo\w+)\n$/.exec(stranger.stderr)?.[1] as string
    await done([...issue, '--peer-id', person, '--name', 'ada', '--role', 'VIEWER', '--out', 'person.jwt'])
  })

  it('answers each read-out in the form that its schema says', async () => {
    await untilAnswered('there are readings', async () => (await readings()).length > 2)
    const peers = outputs.peers.parse(JSON.parse(await ask('peers', '--json')))
    expect(peers).toMatchObject({ self: { name: 'meter', organisation: 'u' }, feeder: { name: 'small' } })
    expect(peers.peers.map(({ name, roles }) => ({ name, roles }))).toEqual([{ name: 'ada', roles: ['VIEWER'] }])

    const alarms = outputs.alarms.parse(JSON.parse(await ask('alarms', '--json')))
    expect(alarms.alarms.map(({ event }) => event).sort()).toEqual(['device-answering', 'started'])

    const written = await readings()
    for (const [index, { startUtc, importRegisterKwh }] of written.entries()) {
      if (index === 0) continue
      expect(startUtc).toBe(written[index - 1]?.endUtc)
      expect(Number(importRegisterKwh)).toBeGreaterThanOrEqual(Number(written[index - 1]?.importRegisterKwh))
    }
    const { ledgers } = outputs.ledger.parse(JSON.parse(await ask('ledger', '--json')))
    expect(ledgers).toMatchObject([{ ied: 'meter', chainHash: expect.stringMatching(/^[0-9a-f]{64}$/) }])
    expect(ledgers[0]?.number).toBeGreaterThan(written.length)
  })

  it('says who its device is, in words and in the form that its schema says', async () => {
    const { device } = outputs.device.parse(JSON.parse(await ask('device', '--json')))
    expect(device).toMatchObject({ driver: 'modbus-tcp', answering: true, changes: [] })
    expect(device.shown).toEqual(device.accepted)
    expect(await ask('device')).toMatch(/modbus-tcp/)
  })

  it('prints readings as a table, and as comma-separated values', async () => {
    const csv = (await ask('readings', '--csv', '--limit', '2')).split('\r\n')
    expect(csv[0]).toBe('ied,number,startUtc,endUtc,importKwh,exportKwh,importRegisterKwh,kw,temperatureC,flags')
    expect(csv[1]).toMatch(/^meter,\d+,[\dT:.-]+Z,[\dT:.-]+Z,\d+\.\d{3},0\.000,\d+\.\d{3},[\d.]*,25,/)
    expect(csv).toHaveLength(4)
    const table = (await ask('readings', '--limit', '2')).split('\n')
    expect(table[0]).toMatch(/^ied +number +startUtc +endUtc/)
    expect(table).toHaveLength(5)
  })

  it('ends on SIGTERM within two seconds, and goes on where it was', async () => {
    const before = outputs.ledger.parse(JSON.parse(await ask('ledger', '--json'))).ledgers[0]
    const { code, tookMs } = await agent.stop()
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(2000)
    agent = await startAgentProcess(config())
    const after = outputs.ledger.parse(JSON.parse(await ask('ledger', '--json'))).ledgers[0]
    expect(after?.ledgerId).toBe(before?.ledgerId)
    expect(after?.number).toBeGreaterThan(before?.number as number)
    const written = await readings()
    for (const [index, { startUtc }] of written.entries()) {
      if (index > 0) expect(startUtc).toBe(written[index - 1]?.endUtc) // the time between belongs to a reading too
    }
  })
})

describe('feedermesh device-maps', { timeout: 60_000 }, () => {
  it('lists what is shipped, prints one, and checks it as anybody would', async () => {
    const { maps } = outputs['device-maps'].parse(JSON.parse(await done(['device-maps', '--json'])))
    expect(maps.map(({ map }) => map)).toContain('shipped:abb-b23')
    for (const { points, source } of maps) {
      expect(points).toBeGreaterThan(5)
      expect(source).toBeTruthy()
    }
    expect(await done(['device-maps'])).toContain('shipped:sel-751a')
    writeFileSync(site.path('own.yaml'), await done(['device-maps', '--print', 'shipped:abb-b23']))
    const own = outputs['device-maps'].parse(JSON.parse(await done(['device-maps', '--json', 'own.yaml'])))
    expect(own.maps).toEqual([{ ...maps.find(({ map }) => map === 'shipped:abb-b23'), map: 'own.yaml' }])
  })

  it('names each fault with its line, and what would be right', async () => {
    const point = '{ feeds: kw.a, table: coil, address: 0, type: float32 }'
    writeFileSync(site.path('bad.yaml'), `deviceMap: 1\nname: bad\npoints:\n  - ${point}\n`)
    const { code, stderr } = await commandLine(['device-maps', 'bad.yaml'], site.dir)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/bad\.yaml:4: points\[0\]\.type: float32, want bool in table coil/)
    expect((await commandLine(['device-maps', 'shipped:none'], site.dir)).stderr).toMatch(/no such map is shipped/)
  })
})

describe('a field device that does not answer', { timeout: 300_000 }, () => {
  it('is reported once, tried again for ever, and found when it is there', async () => {
    const elsewhere = await startDeviceHost({ file: site.file })
    const ports = new Map(elsewhere.ports)
    await elsewhere.stop()
    const config = await site.agent('meter', { dataDir: 'deaf', ...modbus(ports.get('meter') as number) })
    const viewer = await site.viewer(site.authority)
    const agent = await startAgentProcess(config)
    const alarms = async (): Promise<string[]> => {
      const answer = await done(['alarms', '--at', agent.address, '--as', viewer, '--json'])
      return outputs.alarms.parse(JSON.parse(answer)).alarms.map(({ event }) => event)
    }
    try {
      await agent.logged('device-silent')
      await pause(1000) // tried again meanwhile, and not reported again
      expect((await alarms()).sort()).toEqual(['device-silent', 'started'])
      const now = await startDeviceHost({ file: site.file, ports })
      try {
        await agent.logged('device-answering')
        await untilAnswered('it is among the alarms', async () => (await alarms()).includes('device-answering'))
        await pause(500)
        expect(agent.log.filter(({ event }) => event === 'device-silent')).toHaveLength(1)
        expect(agent.log.filter(({ event }) => event === 'device-answering')).toHaveLength(1)
      } finally {
        await now.stop()
      }
    } finally {
      expect((await agent.stop()).code).toBe(0)
    }
  })
})
