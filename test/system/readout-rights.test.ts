// Whatever read-out an agent has, it is for persons of its own organisation: each one is asked for by those who may not.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DeviceHost, startDeviceHost } from '../../sim/devices/device-host.ts'
import { newAuthority } from '../../src/mesh/credential.ts'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import { findComponent } from '../../src/node/components.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import { READOUT_PROTOCOL } from '../../src/node/readout.ts'
import { askReadout, type Joined, joinAs, readLogin } from '../../src/node/readout-client.ts'
import { readoutHomes } from '../../src/node/readout-homes.ts'
import { ROWS_PROTOCOL } from '../../src/node/readout-rows.ts'
import { toCbor } from '../../topology/cbor.ts'
import { makeSite, modbus, type Site } from './site.ts'

/** What not every person of the own organisation may read: their own tests say who may. */
const CLASSIFIED: ReadonlySet<string> = new Set(['history', 'audit', 'waveform'])

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

let site: Site
let devices: DeviceHost
let viewer: string
/** What is to be said where the question lacks what these go by. */
const LACKS: Readonly<Record<string, RegExp>> = {
  bill: /no tariff/,
  cost: /no tariff/,
  usage: /no tariff/,
  proof: /want a time that ends/,
}
const agents = new Map<string, Agent>()
/** What each agent says that may be asked. */
const names = new Map<string, string[]>()

beforeAll(async () => {
  site = await makeSite()
  devices = await startDeviceHost({ file: site.file })
  viewer = await site.viewer(site.authority)
  for (const [name, config] of [
    ['recloser', modbus(devices.ports.get('recloser') as number)],
    ['backend', { role: 'BACKEND' }],
  ] as const) {
    agents.set(name, await startAgent(readAgentConfig(await site.agent(name, config)), { log: silent }))
    const said = await askReadout(addressOf(name), viewer, 'none', {}).catch(error => (error as Error).message)
    names.set(name, /want (.*)$/.exec(String(said))?.[1]?.split(', ') ?? [])
  }
}, 300_000)
afterAll(async () => {
  for (const agent of agents.values()) await agent.stop()
  await devices?.stop()
  await site?.remove()
})

const addressOf = (name: string): string => agents.get(name)?.addresses()[0] as string

/** The answer, or why there is none, of both protocols. */
async function asked({ links, peerId }: Joined, what: string): Promise<string[]> {
  const question = toCbor({ what, parameters: { limit: 1 } })
  const one = await links.request(peerId, READOUT_PROTOCOL, question, { timeoutMs: 5000 }).then(
    () => 'answered',
    error => (error as Error).message,
  )
  const rows = links.stream(peerId, ROWS_PROTOCOL, question, { itemMs: 5000 })[Symbol.asyncIterator]()
  const streamed = await rows.next().then(
    () => 'answered',
    error => (error as Error).message,
  )
  return [one, streamed]
}

describe('read-outs', { timeout: 300_000 }, () => {
  it('are each at home in a component, and whoever asks where it is not is told what is lacking', async () => {
    const everywhere = ['order-portions', 'sealing-keys', 'sharing']
    const all = new Set([...names.values()].flat())
    for (const name of all) expect([...everywhere, ...Object.keys(readoutHomes)]).toContain(name)
    for (const [at, what, says] of [
      [
        'backend',
        'exchange',
        /"exchange" here: the component "exchange" of backend wants the section "exchange" in its/,
      ],
      [
        'recloser',
        'exchange',
        /"exchange" here: the component "exchange" runs at back-end peers, and recloser is an IED$/,
      ],
      [
        'recloser',
        'totals',
        /"totals" here: the component "collector" runs at back-end peers, and recloser is an IED$/,
      ],
      ['backend', 'proof', /"proof" here: it is of IEDs, and backend is a back-end peer$/],
      [
        'backend',
        'phasor-places',
        /here: backend does not run the component "phasor-collector": want "phasor-collector" under/,
      ],
      [
        'recloser',
        'formulas',
        /here: the component "setpoints" of recloser wants the section "formulas or setpoints" in/,
      ],
    ] as const)
      await expect(askReadout(addressOf(at), viewer, what, {})).rejects.toThrow(says)
    for (const { components } of Object.values(readoutHomes)) for (const each of components) await findComponent(each)
  })

  it('are those that the components have, at an IED and at a back-end peer', () => {
    expect(names.get('recloser')).toEqual(
      expect.arrayContaining(['alarms', 'history', 'ledger', 'peers', 'readings', 'receipts']),
    )
    expect(names.get('backend')).toEqual(
      expect.arrayContaining(['alarms', 'history', 'ledger', 'peers', 'readings', 'totals']),
    )
  })

  for (const agent of ['recloser', 'backend']) {
    it(`of ${agent} are answered to nobody of another organisation, and to no machine`, async () => {
      const strangers = [
        { login: await site.viewer(site.customer), says: / of c may not open query(?:\/rows)? here: it is u's alone$/ },
        {
          login: await site.viewer(site.authority, 'BACKEND'),
          says: /^BACKEND may not open query(?:\/rows)?, want VIEWER/,
        },
      ]
      for (const { login, says } of strangers) {
        const joined = await joinAs(await readLogin(login), addressOf(agent))
        try {
          for (const what of names.get(agent) ?? []) {
            for (const said of await asked(joined, what))
              expect(`${what}: ${said}`).toMatch(new RegExp(says.source.replace('^', `^${what}: `)))
          }
        } finally {
          await joined.leave()
        }
      }
    })

    it(`of ${agent} are not even asked by who is of no trusted authority`, async () => {
      const login = await site.viewer(await newAuthority('u'))
      await expect(readLogin(login).then(known => joinAs(known, addressOf(agent)))).rejects.toMatchObject({
        code: 'REFUSED',
      })
    })

    it(`of ${agent} are answered to a person of its own`, async () => {
      const joined = await joinAs(await readLogin(viewer), addressOf(agent))
      try {
        const wrong: string[] = []
        for (const what of (names.get(agent) ?? []).filter(name => !CLASSIFIED.has(name))) {
          const [said = ''] = await asked(joined, what)
          if (!(LACKS[what] ?? /^answered$/).test(said)) wrong.push(`${what}: ${said}`)
        }
        expect(wrong).toEqual([])
      } finally {
        await joined.leave()
      }
    })
  }
})
