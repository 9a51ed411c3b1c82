// Central orders, a person's orders, a warning's shedding and the local rule on one load: whose word counts in a whole agent,
// with real signatures.

import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { newAuthority } from '../../src/mesh/credential.ts'
import { loadsOutput } from '../../src/node/cli/outputs-loads.ts'
import { sendOrder, signedOrder } from '../../src/node/give-order.ts'
import { READOUT_PROTOCOL } from '../../src/node/readout.ts'
import type { Outcome, What } from '../../src/protection/command.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Person } from '../mesh/fixtures.ts'
import { commandSite, type Desk } from './command-site.ts'

const authority = await newAuthority('u')
const site = commandSite([authority])
const boss = await site.somebody('boss', ['BACKEND'])
const ada = await site.somebody('ada', ['OPERATOR', 'ENGINEER'])

const config = {
  components: ['alarms', 'audit', 'commands', 'load-management', 'field-device'],
  device: { driver: 'modbus-tcp', host: 'memory', map: 'memory', statusPollMs: 10, valuesPollMs: 50 },
  commands: {
    from: [{ organisation: 'u', names: ['boss'], verbs: ['connect', 'disconnect', 'release', 'price'] }],
  },
  loadManagement: {
    limits: [{ from: '00:00', perKwh: '0.80' }],
    price: { schedule: [{ from: '00:00', perKwh: '0.50' }] },
    loads: [{ name: 'L2', minOnSeconds: 0, minOffSeconds: 0 }],
    restoreSpreadSeconds: 0,
    restoreGapSeconds: 0,
  },
}
let desk: Desk | undefined
afterEach(async () => {
  await desk?.agent.stop()
  desk = undefined
})

async function meter(again?: Desk): Promise<Desk> {
  desk = await site.desk('meter', { config, ...(again === undefined ? {} : { again }) })
  await until('the device answers', () => desk?.reports.some(({ event }) => event === 'device-answering') === true)
  return desk
}

async function order(who: Person, at: Desk, what: What): Promise<Outcome> {
  const way = site.toolOf(who, at)
  const id = randomBytes(16).toString('hex')
  const { payload, signed } = await signedOrder(way, site.signer(who), { to: 'meter', what }, id)
  return sendOrder(way, payload, signed, { timeoutMs: 5000 })
}

/** As `feedermesh loads --json` has it. */
async function readLoads(at: Desk) {
  const links = site.mesh.join(ada.credential)
  site.mesh.connect(ada.identity.peerId, at.who.identity.peerId)
  const question = toCbor({ what: 'loads', parameters: {} })
  const answer = await links.request(at.who.identity.peerId, READOUT_PROTOCOL, question, { timeoutMs: 5000 })
  return loadsOutput.parse(fromCbor(answer))
}

async function until(what: string, fact: () => boolean): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!fact()) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`)
    await new Promise(wake => setTimeout(wake, 20))
  }
}
const operated = (at: Desk, words: string) =>
  until(`operated ${words}, not ${at.hal.operated.join(' ')}`, () => at.hal.operated.join(' ') === words)

describe('one load', { timeout: 60_000 }, () => {
  it('goes by the local rule, by the central order before it, and by the person before both', async () => {
    const at = await meter()
    expect(await order(boss, at, { verb: 'price', perKwh: '0.90', minutes: 60 })).toMatchObject({ result: 'done' })
    await operated(at, 'shed')
    // Central goes before the rule.
    expect(await order(boss, at, { verb: 'connect', minutes: 60 })).toMatchObject({ result: 'done', shed: false })
    await operated(at, 'shed restore')
    // A person goes before both.
    expect(await order(ada, at, { verb: 'disconnect' })).toMatchObject({ result: 'done', shed: true })
    await operated(at, 'shed restore shed')
    expect(await order(boss, at, { verb: 'connect' })).toMatchObject({
      result: 'refused',
      reason: 'interlock',
      words: 'ada of u (person) holds it off',
    })
    const { loads } = await readLoads(at)
    expect(loads[0]).toMatchObject({ name: 'L2', state: 'off' })
    expect(
      loads[0]?.holds.map(({ rank, by, wish, counts }) => `${rank} ${by} ${wish}${counts ? ' counts' : ''}`),
    ).toEqual(['person ada of u off counts', 'central boss of u on', 'rule load-management off'])
    // The person lets go of all orders: the rule is left.
    expect(await order(ada, at, { verb: 'release' })).toMatchObject({ result: 'done' })
    await new Promise(wake => setTimeout(wake, 200))
    expect(at.hal.operated).toEqual(['shed', 'restore', 'shed'])
    expect(await order(boss, at, { verb: 'price', perKwh: '0.80', minutes: 60 })).toMatchObject({ result: 'done' })
    await operated(at, 'shed restore shed restore')
  })

  it('that a person holds on is not taken off, neither by a machine nor by the rule, and both are told so', async () => {
    const at = await meter()
    expect(await order(ada, at, { verb: 'connect', minutes: 30 })).toMatchObject({ result: 'done' })
    expect(await order(boss, at, { verb: 'disconnect', minutes: 30 })).toMatchObject({
      result: 'refused',
      words: 'ada of u (person) holds it on',
    })
    await order(boss, at, { verb: 'price', perKwh: '0.90', minutes: 60 })
    await until('the rule wants it off', () => at.reports.some(({ event }) => event === 'load-off'))
    await new Promise(wake => setTimeout(wake, 200))
    expect(at.hal.operated).toEqual([])
    await order(ada, at, { verb: 'release' })
    await operated(at, 'shed')
  })

  it('stays as a person ordered over a restart', async () => {
    const first = await meter()
    await order(ada, first, { verb: 'disconnect' })
    await operated(first, 'shed')
    await first.agent.stop()
    const second = await meter(first)
    expect(await order(boss, second, { verb: 'connect' })).toMatchObject({ result: 'refused' })
    expect(await order(ada, second, { verb: 'connect' })).toMatchObject({ result: 'done' })
    await operated(second, 'shed restore')
    // Nobody wanted it off, so this word has ended with what it did.
    expect((await readLoads(second)).loads[0]?.holds).toEqual([])
  })

  it('that a machine has not been named for is not given a price by it', async () => {
    const at = await meter()
    const other = await site.somebody('other', ['BACKEND'])
    expect(await order(other, at, { verb: 'price', perKwh: '9', minutes: 60 })).toMatchObject({
      result: 'refused',
      reason: 'not-authorised',
    })
    expect(at.hal.operated).toEqual([])
  })
})
