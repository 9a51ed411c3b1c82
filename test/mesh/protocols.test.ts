// Who may open which protocol, and that nobody else reaches its handler.

import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { codec } from '../../src/aggregation/codec.ts'
import { type Role, roles } from '../../src/mesh/credential.ts'
import {
  guarded,
  type ProtocolRow,
  protocolRow,
  protocolTable,
  questionLimits,
  refusedToOpen,
} from '../../src/mesh/protocols.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { person } from './fixtures.ts'
import { memoryMesh } from './memory-links.ts'
import { customer, utility } from './messenger-member.ts'

const who = (role: Role, organisation: string) => ({ name: 'x', roles: [role], organisation })

describe('the table of protocols', () => {
  it('has each purpose once', () => {
    expect(new Set(protocolTable.map(({ purpose }) => purpose)).size).toBe(protocolTable.length)
  })
  it('finds a row by any version of its protocol', () => {
    expect(protocolRow('/feedermesh/readings/pull/1.0.0').purpose).toBe('readings/pull')
    expect(protocolRow('/feedermesh/readings/pull/2.1.0')).toBe(protocolRow('/feedermesh/readings/pull/1.0.0'))
  })
  for (const row of protocolTable) {
    for (const role of roles) {
      const may = row.roles === 'any' || row.roles.includes(role)
      it(`lets ${role} ${may ? '' : 'not '}open ${row.purpose}`, () => {
        expect(refusedToOpen(row, who(role, 'utility'), 'utility') === undefined).toBe(may)
        const elsewhere = may && row.organisation === 'any'
        expect(refusedToOpen(row, who(role, 'customer'), 'utility') === undefined).toBe(elsewhere)
      })
    }
  }
  it('gives what it does not name to machines of the own organisation', () => {
    const row = protocolRow('/somebody/else/1.0.0')
    const may = (role: Role, organisation: string) =>
      refusedToOpen(row, who(role, organisation), 'utility') === undefined
    expect([may('IED', 'utility'), may('BACKEND', 'utility')]).toEqual([true, true])
    expect([may('IED', 'customer'), may('OPERATOR', 'utility')]).toEqual([false, false])
  })
  it('says why in words', () => {
    const row: ProtocolRow = { purpose: 'query', roles: ['VIEWER', 'OPERATOR'], organisation: 'own' }
    expect(refusedToOpen(row, who('IED', 'utility'), 'utility')).toBe('IED may not open query, want VIEWER or OPERATOR')
    expect(refusedToOpen(row, who('VIEWER', 'customer'), 'utility')).toBe(
      "x of customer may not open query here: it is utility's alone",
    )
  })
})

describe('guarded links', () => {
  it('let only whom the row names reach the handler, and tell of the others', async () => {
    const mesh = memoryMesh()
    const server = mesh.join((await person(utility, 's')).credential)
    const refused: string[] = []
    const asked: string[] = []
    const links = guarded(server, {
      organisation: 'utility',
      now: () => 0,
      onRefused: ({ name }, words) => void refused.push(`${name}: ${words}`),
    })
    links.serve('/feedermesh/query/1.0.0', async from => {
      asked.push(from.name)
      return Uint8Array.of(1)
    })
    const ask = async (authority: typeof utility, name: string, role: Role): Promise<unknown> => {
      const client = mesh.join((await person(authority, name, { roles: [role] })).credential)
      mesh.connect(client.peerId, server.peerId)
      return client
        .request(server.peerId, '/feedermesh/query/1.0.0', new Uint8Array(), { timeoutMs: 100 })
        .catch((error: Error) => error.message)
    }
    expect(await ask(utility, 'alice', 'VIEWER')).toEqual(Uint8Array.of(1))
    expect(await ask(utility, 'ied', 'IED')).toMatch('IED may not open query')
    expect(await ask(customer, 'bob', 'VIEWER')).toMatch('bob of customer may not open query here')
    expect(asked).toEqual(['alice'])
    expect(refused).toHaveLength(2)
    expect(links.peers()).toHaveLength(3)
  })

  it('refuse a peer’s questions beyond its limit, and answer others', async () => {
    const mesh = memoryMesh()
    const server = mesh.join((await person(utility, 's')).credential)
    let now = 0
    const expelled: string[] = []
    server.expel = (peerId, reason) => void expelled.push(`${peerId} ${reason}`)
    const limits = { ...questionLimits, framesPerSecond: 2, frameBurst: 10 }
    const links = guarded(server, { organisation: 'utility', now: () => now, limits })
    links.serve('/feedermesh/peers/1.0.0', async () => new Uint8Array())
    const [one, other] = [
      mesh.join((await person(utility, 'one')).credential),
      mesh.join((await person(utility, 'other')).credential),
    ]
    for (const { peerId } of [one, other]) mesh.connect(peerId, server.peerId)
    const ask = (client: typeof one): Promise<string> =>
      client.request(server.peerId, '/feedermesh/peers/1.0.0', new Uint8Array(), { timeoutMs: 100 }).then(
        () => 'answered',
        (error: Error) => error.message,
      )
    for (let count = 0; count < 10; count++) expect(await ask(one)).toBe('answered')
    expect(await ask(one)).toBe('asks more than it may')
    expect(await ask(other)).toBe('answered')
    now += 500
    expect([await ask(one), await ask(one)]).toEqual(['answered', 'asks more than it may'])
    for (; now < 7000; now += 100) await ask(one)
    expect(expelled).toEqual([`${one.peerId} sends more than it may`])
  })

  it('tell of who asks what is no question, and not of who is refused for another reason', async () => {
    const mesh = memoryMesh()
    const server = mesh.join((await person(utility, 's')).credential)
    const blamed: string[] = []
    const links = guarded(server, {
      organisation: 'utility',
      now: () => 0,
      onMalformed: ({ name }) => void blamed.push(name),
    })
    const decode = codec('test', z.string(), 10).decode
    links.serve('/feedermesh/peers/1.0.0', async (_from, question) => {
      if (question.length === 0) throw new Error('not known here')
      if (question[0] === 1) return toCbor(decode(question))
      return toCbor(z.string().parse(fromCbor(question)))
    })
    const client = mesh.join((await person(utility, 'one')).credential)
    mesh.connect(client.peerId, server.peerId)
    for (const question of [[], [0x61, 0x61], [0x01], [0x02], [0xff]]) {
      await client
        .request(server.peerId, '/feedermesh/peers/1.0.0', Uint8Array.from(question), { timeoutMs: 100 })
        .catch(() => {})
    }
    expect(blamed).toEqual(['one', 'one', 'one'])
  })
})
