// Why a peer may or may not say and open what: `feedermesh peers --why`.

import { describe, expect, it } from 'vitest'
import type { Role } from '../../src/mesh/credential.ts'
import type { AdmissionDecision, LinkPeer } from '../../src/mesh/links.ts'
import { protocolTable } from '../../src/mesh/protocols.ts'
import { authorityTable } from '../../src/node/authority-table.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import type { ComponentContext } from '../../src/node/component.ts'
import { peersReadout } from '../../src/node/components/peers.ts'
import { explainMessages, explainProtocols, type Rules } from '../../src/node/explain-peer.ts'

const rules: Rules = {
  rows: Object.values(authorityTable),
  protocols: protocolTable,
  policy: {
    protection: new Set(['utility', 'customer']),
    onlyTypes: new Map([['customer', new Set(['position'])]]),
  },
  authorities: ['utility', 'customer', 'neighbour'],
  own: 'utility',
}
const who = (organisation: string, ...roles: Role[]) => ({ name: 'x', organisation, roles })
const message = (type: string, ...of: Parameters<typeof who>) =>
  explainMessages(who(...of), rules).find(({ what }) => what === type)
const protocol = (purpose: string, ...of: Parameters<typeof who>) =>
  explainProtocols(who(...of), rules).find(({ what }) => what === purpose)

describe('why a peer may or may not', () => {
  const cases = [
    {
      it: 'names the key that obeys its organisation, and what each message must be',
      is: message('tripped', 'utility', 'IED'),
      may: true,
      because:
        "utility's are obeyed here: authorities[0].protection; when it operates the device; with the same feeder file; " +
        'from upstream or downstream; by gossip it only warns',
    },
    {
      it: 'names the key that does not',
      is: message('tripped', 'neighbour', 'IED'),
      may: false,
      because: "neighbour's messages of type tripped are not obeyed here: authorities[2].protection",
    },
    {
      it: 'tells types of one organisation apart: not this one',
      is: message('transfer-trip', 'customer', 'IED'),
      may: false,
      because: "customer's messages of type transfer-trip are not obeyed here: authorities[1].protection",
    },
    {
      it: 'tells types of one organisation apart: this one',
      is: message('position', 'customer', 'IED'),
      may: true,
      because:
        "customer's are obeyed here: authorities[1].protection; when it operates the device; with the same feeder file; " +
        'by gossip, after a start, only what was sealed since',
    },
    {
      it: 'says which role is wanted',
      is: message('warning', 'utility', 'VIEWER'),
      may: false,
      because: 'it has the role VIEWER, want IED',
    },
    {
      it: 'says what anybody trusted may',
      is: message('election-beat', 'neighbour', 'IED'),
      may: true,
      because: 'any trusted organisation may; when it has the name in the beat',
    },
    {
      it: 'says who may open a protocol',
      is: protocol('peers', 'neighbour', 'BACKEND'),
      may: true,
      because: 'IED or BACKEND may',
    },
    {
      it: 'says who may not, and whose it is',
      is: protocol('query', 'customer', 'VIEWER'),
      may: false,
      because: "x of customer may not open query here: it is utility's alone",
    },
  ]
  for (const c of cases) it(c.it, () => expect(c.is).toMatchObject({ may: c.may, because: c.because }))
  it('has a verdict for each row of both tables', () => {
    expect(explainMessages(who('utility', 'IED'), rules)).toHaveLength(Object.keys(authorityTable).length)
    expect(explainProtocols(who('utility', 'IED'), rules)).toHaveLength(protocolTable.length)
  })
})

describe('peers --why', () => {
  const peer = (name: string): LinkPeer => ({
    peerId: `id-${name}`,
    credential: { ...who('utility', 'IED'), name } as unknown as LinkPeer['credential'],
    addresses: [],
    connectedSince: 0,
    rttMs: undefined,
  })
  const decision = (name: string, changed: Partial<AdmissionDecision> = {}): AdmissionDecision => ({
    peerId: `id-${name}`,
    name,
    organisation: 'customer',
    admitted: false,
    reason: 'credential has expired',
    words: `credential of ${name} has expired`,
    atMs: 0,
    ...changed,
  })
  async function ask(parameters: Record<string, unknown>) {
    const answers = new Map<string, (parameters: Record<string, unknown>) => Promise<unknown>>()
    const decisions = [
      decision('gone', { words: 'an older one' }),
      decision('gone'),
      decision('b'), // it was refused once, and is connected now
      decision('left', { admitted: true }),
      decision('stranger', { name: undefined, organisation: undefined, words: 'shows no credential' }),
    ]
    const context = {
      links: { peers: () => [peer('b'), peer('a')], decisions: () => decisions },
      messenger: { table: () => rules.rows, policy: () => rules.policy },
      config: { authorities: rules.authorities.map(organisation => ({ organisation })) },
      credential: { organisation: 'utility' },
      readout: (what: string, answer: (parameters: Record<string, unknown>) => Promise<unknown>) =>
        void answers.set(what, answer),
    } as unknown as ComponentContext
    await peersReadout.start(context)
    return outputs['peers-why'].parse(await answers.get('why')?.(parameters)).peers
  }

  it('explains who is connected, and the latest refusal of each who is not', async () => {
    const all = await ask({})
    expect(all.map(({ name, admitted, words }) => [name, admitted, words])).toEqual([
      ['', false, 'shows no credential'],
      ['a', true, 'admitted: a trusted authority signed its credential for this feeder'],
      ['b', true, 'admitted: a trusted authority signed its credential for this feeder'],
      ['gone', false, 'credential of gone has expired'],
    ])
    expect(all[1]?.messages.length).toBe(rules.rows.length)
    expect(all[3]).toMatchObject({ reason: 'credential has expired', messages: [], protocols: [] })
  })
  it('explains one by name or peer id', async () => {
    expect((await ask({ name: 'gone' })).map(({ name }) => name)).toEqual(['gone'])
    expect((await ask({ name: 'id-a' })).map(({ name }) => name)).toEqual(['a'])
    expect(await ask({ name: 'nobody' })).toEqual([])
  })
})
