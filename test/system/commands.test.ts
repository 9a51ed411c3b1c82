// Orders end to end: people, a back-end peer and IEDs order real agents with real Modbus devices, over real libp2p.

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { hrtime } from 'node:process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DeviceHost, startDeviceHost } from '../../sim/devices/device-host.ts'
import { verifyCredential } from '../../src/mesh/credential.ts'
import { verifyPeer } from '../../src/mesh/identity.ts'
import { MeshError } from '../../src/mesh/mesh-error.ts'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { COMMAND_PROTOCOL, encodeQuestion } from '../../src/node/command-protocol.ts'
import type { ComponentContext, Report } from '../../src/node/component.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { type OrderWay, sendOrder, signedOrder } from '../../src/node/give-order.ts'
import { giveOrder, signerOf } from '../../src/node/person-orders.ts'
import { askReadout, joinAs, readLogin } from '../../src/node/readout-client.ts'
import type { Outcome, What } from '../../src/protection/command.ts'
import { utcMs } from '../../topology/units.ts'
import { commandLine } from './cli-in-process.ts'

import { type CountingProxy, startCountingProxy } from './counting-proxy.ts'
import { pause, until } from './feeder-in-process.ts'
import { makeSite, modbus, type Site } from './site.ts'

const IEDS = [
  { name: 'relay', kind: 'relay', node: 'S', organisation: 'u', operates: 'CB', observes: ['s1', 's3'] },
  { name: 'recloser', kind: 'recloser', node: 'N1', organisation: 'u', operates: 'R2', observes: ['s2'] },
  { name: 'tie', kind: 'switch', node: 'N3', organisation: 'u', operates: 'T4' },
  { name: 'meter', kind: 'meter', node: 'N2', organisation: 'u', meters: ['L2'] },
  { name: 'generator', kind: 'generator', node: 'N2', organisation: 'c', operates: 'G2' },
]
/** A component that lets the test order from inside an agent. */
const ORDERS_FROM_HERE = `
globalThis.ordersFrom ??= new Map()
export default {
  name: 'orders-from-here',
  start(context) {
    globalThis.ordersFrom.set(context.name, context)
    return { stop() {} }
  },
}
`
const orders = new Map<string, ComponentContext>()
Object.assign(globalThis, { ordersFrom: orders })
const IED_COMPONENTS = [
  'alarms',
  'audit',
  'peers',
  'positions',
  'early-warning',
  'trip-coordination',
  'interval-readings',
  'roll-up',
  'commands',
]
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

let site: Site
let devices: DeviceHost
let proxy: CountingProxy
let ada: string
let bob: string
let stranger: string
let auditor: string
const agents = new Map<string, Agent>()
const reports: { ied: string; report: Report }[] = []

async function start(name: string, config: Record<string, unknown> = {}, organisation = 'u'): Promise<void> {
  const port = name === 'recloser' ? proxy.port : devices.ports.get(name)
  const file = await site.agent(
    name,
    {
      components: [...IED_COMPONENTS, { use: './order-from-here.mjs' }, 'field-device'],
      readings: { intervalSeconds: 1 },
      forwarding: { intervalSeconds: 2 },
      ...config,
      ...(port === undefined ? {} : modbus(port, { valuesPollMs: 200, ...(config.device as object | undefined) })),
      seeds: [...agents.values()].flatMap(agent => agent.addresses()),
    },
    organisation === 'u' ? {} : { by: site.customer },
  )
  const onReport = (report: Report): void => void reports.push({ ied: name, report })
  agents.set(name, await startAgent(readAgentConfig(file), { onReport, log: silent }))
}

const addressOf = (name: string): string => agents.get(name)?.addresses()[0] as string

async function order(
  to: string,
  what: What,
  { login = ada, by = 'relay', second, cause }: { login?: string; by?: string; second?: string; cause?: string } = {},
): Promise<Outcome> {
  const given = await giveOrder({
    order: { ied: to, what },
    login,
    ...(second === undefined ? {} : { second }),
    ...(cause === undefined ? {} : { cause }),
    cosign: false,
    lifetimeMs: 60_000,
    timeoutMs: 15_000,
    addressOf: () => addressOf(by),
  })
  if (!('outcome' in given)) throw new Error('was only saved')
  return given.outcome
}

const audit = async (of: string, login = auditor) =>
  outputs.audit.parse(await askReadout(addressOf(of), login, 'audit', { limit: 200 })).audit

const position = (device: string): string | undefined => devices.snapshot().positions[device]

beforeAll(async () => {
  site = await makeSite(IEDS)
  devices = await startDeviceHost({ file: site.file })
  proxy = await startCountingProxy(devices.ports.get('recloser') as number)
  ada = await site.viewer(site.authority, 'OPERATOR', 'ada')
  bob = await site.viewer(site.authority, 'OPERATOR', 'bob')
  auditor = await site.viewer(site.authority, 'SECAUD', 'eve')
  stranger = await site.viewer(site.customer, 'OPERATOR', 'carl')
  writeFileSync(site.path('order-from-here.mjs'), ORDERS_FROM_HERE)
  await start('relay')
  await start('recloser', {
    commands: { from: [{ organisation: 'u', names: ['u-backend', 'relay'], verbs: ['open', 'close'] }] },
  })
  await start('tie', { commands: { twoPerson: ['close'] } })
  await start('meter', { device: { readOnly: true } })
  await start('generator', { commands: { from: [{ organisation: 'u', verbs: ['disconnect', 'de-energise'] }] } }, 'c')
  await start('u-backend', {
    role: 'BACKEND',
    components: ['alarms', 'audit', 'peers', { use: './order-from-here.mjs' }],
  })
  await until('all are connected', () => [...agents.keys()].every(name => peersOf(name) >= 5), 30_000)
  // Before a closing, and to plan, all positions must be known.
  for (const ied of ['relay', 'recloser', 'tie']) {
    const known = (device: string): boolean => heard(ied, device) !== 'unknown'
    await until(`${ied} knows the positions`, () => ['CB', 'R2', 'T4'].every(known), 20_000)
  }
})
afterAll(async () => {
  for (const agent of agents.values()) await agent.stop()
  await proxy?.stop()
  await devices?.stop()
  await site?.remove()
})

describe('an order through another agent', { timeout: 300_000 }, () => {
  it('opens the recloser, and says so with the position that was read back', async () => {
    const before = proxy.writes.length
    expect(await order('recloser', { verb: 'open' }, { cause: 'tree on the line' })).toMatchObject({
      ied: 'recloser',
      result: 'done',
      position: 'open',
    })
    expect(position('R2')).toBe('open')
    expect(proxy.writes.slice(before)).toEqual(['0 on'])
    expect(events('recloser', 'operated')).toMatchObject([
      { operation: 'open', cause: 'tree on the line', by: 'ada of u' },
    ])
  })

  it('is carried out once, however often it is sent because its answer was lost', async () => {
    const before = proxy.writes.length
    const login = await readLogin(ada)
    const { links, peerId, leave } = await joinAs(login, addressOf('relay'))
    let lost = 0
    const way: OrderWay = {
      async ask(question, timeoutMs) {
        const answer = await links.request(peerId, COMMAND_PROTOCOL, encodeQuestion(question), { timeoutMs })
        if (question.kind === 'order' && lost++ < 3) throw new MeshError('MESH_UNREACHABLE', 'the answer was lost')
        return answer
      },
      checkCredential: token => verifyCredential(token, login.authorities, utcMs(Date.now())),
      verify: verifyPeer,
      now: () => Number(hrtime.bigint()) / 1e6,
      pause,
    }
    try {
      const wanted = { to: 'recloser', what: { verb: 'close' as const } }
      const id = randomBytes(16).toString('hex')
      const { payload, signed } = await signedOrder(way, signerOf(login), wanted, id)
      const first = await sendOrder(way, payload, signed)
      expect(first).toMatchObject({ result: 'done', position: 'closed' })
      expect(lost).toBe(4)
      await order('recloser', { verb: 'open' })
      // The same order once more, much later: its outcome is known, and nothing closes.
      expect(await sendOrder(way, payload, signed)).toEqual(first)
      expect(proxy.writes.slice(before)).toEqual(['1 on', '0 on'])
      expect(position('R2')).toBe('open')
    } finally {
      await leave()
    }
    expect(await order('recloser', { verb: 'close' })).toMatchObject({ result: 'done' })
  })

  it('is refused from another organisation, and from who has no right', async () => {
    const before = proxy.writes.length
    expect(await order('recloser', { verb: 'open' }, { login: stranger })).toMatchObject({
      result: 'refused',
      reason: 'not-authorised',
      words: "carl of c may not open what is u's",
    })
    expect(await order('recloser', { verb: 'open' }, { login: auditor })).toMatchObject({ reason: 'not-authorised' })
    expect(proxy.writes.length).toBe(before)
  })

  it('to close needs two people where the configuration says so, and no interlock against it', async () => {
    expect(await order('tie', { verb: 'close' })).toMatchObject({ result: 'refused', reason: 'two-person' })
    // Both have signed, and the tie would close a loop.
    expect(await order('tie', { verb: 'close' }, { second: bob })).toMatchObject({
      result: 'refused',
      reason: 'interlock',
      words: 'it would close a loop',
    })
    expect(await order('recloser', { verb: 'open' })).toMatchObject({ result: 'done' })
    await until('the tie has heard of it', () => heard('tie', 'R2') === 'open', 8000)
    expect(await order('tie', { verb: 'close' }, { second: bob })).toMatchObject({ result: 'done', position: 'closed' })
    expect(position('T4')).toBe('closed')
    expect(await order('tie', { verb: 'open' })).toMatchObject({ result: 'done' })
    await until('the recloser has heard of it', () => heard('recloser', 'T4') === 'open', 8000)
    expect(await order('recloser', { verb: 'close' })).toMatchObject({ result: 'done' })
  })

  it('finds no way to operate at a read-only agent', async () => {
    expect(await order('meter', { verb: 'disconnect' })).toMatchObject({ result: 'refused', reason: 'read-only' })
    expect(devices.snapshot().shed).toEqual([])
  })

  it('sets, inhibits and sends data', async () => {
    expect(await order('recloser', { verb: 'inhibit', minutes: 5 })).toMatchObject({ result: 'done' })
    expect(await order('recloser', { verb: 'open' })).toMatchObject({ result: 'done' })
    expect(await order('recloser', { verb: 'close' })).toMatchObject({ result: 'refused', reason: 'interlock' })
    expect(await order('recloser', { verb: 'inhibit', minutes: 0 })).toMatchObject({ result: 'done' })
    expect(await order('recloser', { verb: 'close' })).toMatchObject({ result: 'done' })
    const engineer = await site.viewer(site.authority, 'ENGINEER', 'ines')
    const set: What = { verb: 'set', key: 'forwarding.intervalSeconds', value: 3 }
    expect(await order('recloser', set)).toMatchObject({ reason: 'not-authorised' })
    expect(await order('recloser', set, { login: engineer })).toMatchObject({ result: 'done' })
    expect(await order('recloser', { ...set, value: -1 }, { login: engineer })).toMatchObject({ reason: 'bad-value' })
    expect(await order('recloser', { verb: 'send-data' })).toMatchObject({ result: 'done' })
    expect(await order('recloser', { verb: 'reset-billing' }, { login: engineer })).toMatchObject({ result: 'done' })
  })
})

describe('a section that is to be dead', { timeout: 300_000 }, () => {
  it('has all that feeds it opened, over organisations where they allow it', async () => {
    expect(await order('relay', { verb: 'de-energise', section: 's2' })).toMatchObject({
      result: 'done',
      parts: [
        { ied: 'generator', device: 'G2', result: 'done' },
        { ied: 'recloser', device: 'R2', result: 'done' },
      ],
    })
    expect(position('R2')).toBe('open')
    expect(devices.snapshot().disconnected).toEqual(['G2'])
    expect(devices.snapshot().deadNodes).toEqual(['N2'])
    expect(await order('recloser', { verb: 'close' })).toMatchObject({ result: 'done' })
  })
})

describe('machines', { timeout: 300_000 }, () => {
  it('order what the configuration names them for, from a back-end peer and from IED to IED', async () => {
    const { order: give } = orders.get('u-backend') as ComponentContext
    expect(await give({ to: 'recloser', what: { verb: 'open' } })).toMatchObject({ result: 'done', position: 'open' })
    expect(await give({ to: 'relay', what: { verb: 'open' } })).toMatchObject({
      result: 'refused',
      words: 'u-backend of u is not named for open under commands.from here',
    })
    const master = orders.get('relay') as ComponentContext
    expect(await master.order({ to: 'recloser', what: { verb: 'close' } })).toMatchObject({ result: 'done' })
    expect(await master.order({ to: 'tie', what: { verb: 'open' } })).toMatchObject({ reason: 'not-authorised' })
  })
})

describe('the audit log', { timeout: 300_000 }, () => {
  it('has each order with who gave it and what came of it, and is for auditors alone', async () => {
    const rows = await audit('recloser')
    const words = rows.map(({ subject, allowed, words: said }) => `${allowed ? '' : 'REFUSED '}${subject}: ${said}`)
    expect(words).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^recloser: first start, with configuration [0-9a-f]{16}$/),
        'ada of u: open (tree on the line): done: done',
        "REFUSED carl of c: open: refused: carl of c may not open what is u's",
        'u-backend of u: open: done: done',
        'ines of u: set forwarding.intervalSeconds to 3',
      ]),
    )
    await expect(audit('recloser', ada)).rejects.toThrow(/may not read the audit log, want SECAUD or SECADM/)
    const refused = (await audit('recloser')).filter(({ kind, allowed }) => kind === 'role-use' && !allowed)
    expect(refused.at(-1)).toMatchObject({
      subject: 'ada of u',
      words: expect.stringMatching(/^read-out audit refused/),
    })
  })

  it('has both names of an order of two', async () => {
    const [closed] = (await audit('tie')).filter(({ words }) => words === 'close: done: done')
    expect(closed?.subject).toBe('ada of u and bob of u')
  })
})

describe('feedermesh command', { timeout: 300_000 }, () => {
  const at = (): string[] => ['--at', addressOf('relay'), '--timeout', '90']

  it('prints what became of it, and ends with the code for that', async () => {
    const opened = await commandLine(['command', 'recloser', 'trip', ...at(), '--as', ada, '--json'])
    expect({ code: opened.code, stderr: opened.stderr }).toEqual({ code: 0, stderr: '' })
    const printed = outputs.command.parse(JSON.parse(opened.stdout))
    expect(printed).toMatchObject({ ied: 'recloser', order: 'open', result: 'done', position: 'open' })
    const refused = await commandLine(['command', 'recloser', 'close', ...at(), '--as', stranger])
    expect(refused).toEqual({
      code: 4,
      stdout: "recloser: close: refused: carl of c may not close what is u's\n",
      stderr: '',
    })
    const nobody = await commandLine(['command', 'nobody', 'open', ...at(), '--as', ada])
    expect(nobody.code).toBe(3)
    expect(nobody.stderr).toMatch(/relay knows no way to nobody\n$/)
    expect((await commandLine(['command', 'recloser', 'explode', ...at(), '--as', ada])).code).toBe(2)
  })

  it('keeps an order for a second person, who signs and sends it', async () => {
    const file = site.path('close.cbor')
    expect(await order('recloser', { verb: 'open' })).toMatchObject({ result: 'done' })
    await until('the tie has heard of it', () => heard('tie', 'R2') === 'open', 8000)
    const saved = await commandLine(['command', 'tie', 'close', ...at(), '--as', ada, '--save', file])
    expect(saved).toMatchObject({ code: 0, stdout: `${file}: tie: close, to be sent within 900 s\n` })
    const alone = await commandLine(['command', '--cosign', file, ...at(), '--as', ada])
    expect(alone.code).toBe(4)
    const closed = await commandLine(['command', '--cosign', file, ...at(), '--as', bob])
    expect(closed).toMatchObject({ code: 0, stdout: 'tie: close: done\n' })
    expect(position('T4')).toBe('closed')
  })

  it('reads the audit log', async () => {
    const read = await commandLine(['audit', '--at', addressOf('relay'), '--as', auditor, '--json', '--limit', '2'])
    const { audit: rows, next } = outputs.audit.parse(JSON.parse(read.stdout))
    expect(rows.length).toBe(2)
    const on = await commandLine([
      'audit',
      '--at',
      addressOf('relay'),
      '--as',
      auditor,
      '--json',
      '--after',
      String(next),
    ])
    const { audit: newer } = outputs.audit.parse(JSON.parse(on.stdout))
    expect(newer.map(({ words }) => words)).toContain('read out audit')
    expect(newer.every(({ number }) => number > next)).toBe(true)
  })
})

const peersOf = (name: string): number =>
  Number(reports.findLast(({ ied, report }) => ied === name && report.event === 'peer-up')?.report.peers ?? 0)

const events = (of: string, event: string): Report[] =>
  reports.filter(({ ied, report }) => ied === of && report.event === event).map(({ report }) => report)

const heard = (by: string, device: string): string | undefined => orders.get(by)?.feeder.position(device)
