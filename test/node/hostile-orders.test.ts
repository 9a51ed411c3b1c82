// Whatever bytes a peer sends where orders are taken, each decoder gives a value or an error, and the desk goes on.

import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { newAuthority } from '../../src/mesh/credential.ts'
import {
  COMMAND_PROTOCOL,
  type CommandQuestion,
  decodeQuestion,
  decodeSigned,
  decodeTicket,
  encodeQuestion,
  encodeSigned,
  encodeTicket,
  openOutcome,
  sealOutcome,
} from '../../src/node/command-protocol.ts'
import { commandTickets } from '../../src/node/command-ticket.ts'
import { sendOrder, signedOrder } from '../../src/node/give-order.ts'
import { signOrder } from '../../src/node/signed-order.ts'
import {
  commandId,
  decodeOrder,
  decodeOutcome,
  encodeOrder,
  encodeOutcome,
  type Order,
  type Outcome,
} from '../../src/protection/command.ts'
import { instant } from '../../topology/units.ts'
import { hostile as hostileOf, INPUTS, SEED } from '../wire/inputs.ts'
import { commandSite } from './command-site.ts'

const site = commandSite([await newAuthority('u')])
const ada = await site.somebody('ada', ['OPERATOR'])
const recloser = await site.desk('recloser')
afterAll(() => recloser.agent.stop())

const order: Order = {
  to: 'recloser',
  by: ada.identity.peerId,
  id: 'ab'.repeat(16),
  ticket: new Uint8Array(80),
  utcMs: 1,
  lifetimeMs: 60_000,
  what: { verb: 'set', key: 'readings.maxKw', value: 7 },
}
const outcome: Outcome = { command: commandId(order), ied: 'recloser', result: 'done', words: 'done', position: 'open' }
const way = site.toolOf(ada, recloser)
const opening = () => signedOrder(way, site.signer(ada), { to: 'recloser', what: { verb: 'open' } }, 'cd'.repeat(16))
const { signed } = await opening()
const question: CommandQuestion & { kind: 'order' } = {
  kind: 'order',
  to: 'recloser',
  hops: 8,
  order: { envelopes: [...signed.envelopes], credentials: [...signed.credentials] },
}
const answer = sealOutcome(outcome, site.signer(recloser.who))

/** Inputs made from one valid example. */
const hostile = (valid: Uint8Array) => hostileOf([valid])

const decoders: { name: string; valid: Uint8Array; decode: (bytes: Uint8Array) => unknown }[] = [
  { name: 'the order', valid: encodeOrder(order), decode: decodeOrder },
  { name: 'the outcome', valid: encodeOutcome(outcome), decode: decodeOutcome },
  { name: 'the question', valid: encodeQuestion(question), decode: decodeQuestion },
  { name: 'a saved order', valid: encodeSigned(question.order), decode: decodeSigned },
  { name: 'the ticket', valid: encodeTicket(new Uint8Array(80)), decode: decodeTicket },
]

describe.each(decoders)('$name', { timeout: 600_000 + INPUTS * 5 }, ({ valid, decode }) => {
  it('comes back as it went', () => {
    expect(() => decode(valid)).not.toThrow()
  })
  it('is an error or a value, whatever the bytes', () => {
    fc.assert(
      fc.property(hostile(valid), bytes => {
        try {
          return decode(bytes) !== undefined
        } catch (error) {
          return error instanceof Error
        }
      }),
      { numRuns: INPUTS, seed: SEED },
    )
  })
})

describe('the order', () => {
  it('is refused unread above its length', () => {
    expect(() => decodeOrder(new Uint8Array(8193))).toThrow(/8193 bytes, want 8192 at most/)
    expect(() => decodeQuestion(new Uint8Array(96 * 1024 + 1))).toThrow(/want 98304 bytes at most/)
  })
})

describe('the outcome on its way', { timeout: 600_000 + INPUTS * 5 }, () => {
  it('is the one that the IED signed, or none', async () => {
    const expected = { ied: 'recloser', command: commandId(order) }
    const checks = { verify: way.verify, checkCredential: site.check }
    expect(await openOutcome(answer, expected, checks)).toEqual(outcome)
    await fc.assert(
      fc.asyncProperty(hostile(answer), async bytes => {
        if (Buffer.compare(bytes, answer) === 0) return
        await expect(openOutcome(bytes, expected, checks)).rejects.toThrow()
      }),
      { numRuns: INPUTS, seed: SEED },
    )
  })
})

describe('tickets', { timeout: 600_000 + INPUTS * 5 }, () => {
  const { identity } = ada
  const tickets = commandTickets({
    peerId: identity.peerId,
    epoch: 5,
    now: () => instant(1000),
    sign: identity.sign,
    verify: way.verify,
  })
  it('count for whom they were given, at this start, and unchanged', () => {
    const given = tickets.give('bob')
    expect(tickets.age(given, 'bob')).toBe(0)
    expect(tickets.age(given, 'eve')).toBeUndefined()
    const later = commandTickets({
      peerId: identity.peerId,
      epoch: 6,
      now: () => instant(1000),
      sign: identity.sign,
      verify: way.verify,
    })
    expect(later.age(given, 'bob')).toBeUndefined()
    fc.assert(
      fc.property(hostile(given), bytes => {
        if (Buffer.compare(bytes, given) !== 0) expect(tickets.age(bytes, 'bob')).toBeUndefined()
      }),
      { numRuns: INPUTS, seed: SEED },
    )
  })
})

describe('the desk', { timeout: 600_000 + INPUTS * 10 }, () => {
  const stranger = site.somebody('stranger', ['VIEWER'])

  it('operates nothing whatever an admitted peer sends, and then takes an order as before', async () => {
    const links = site.mesh.join((await stranger).credential)
    site.mesh.connect((await stranger).identity.peerId, recloser.who.identity.peerId)
    // Only its ticket is wrong: changes elsewhere may leave the rest of it sound.
    const stale = encodeOrder({ ...order, what: { verb: 'open' } })
    const envelopes = [signOrder(stale, site.signer(ada))]
    const valid = encodeQuestion({ ...question, order: { envelopes, credentials: [ada.credential.token] } })
    await fc.assert(
      fc.asyncProperty(hostile(valid), async bytes => {
        await links
          .request(recloser.who.identity.peerId, COMMAND_PROTOCOL, bytes, { timeoutMs: 1000 })
          .catch(error => expect(error).toBeInstanceOf(Error))
      }),
      { numRuns: INPUTS, seed: SEED },
    )
    expect(recloser.hal.operated).toEqual([])
    // Signed only now: with many inputs an order from before them is past its lifetime.
    const fresh = await opening()
    expect(await sendOrder(way, fresh.payload, fresh.signed, { timeoutMs: 5000 })).toMatchObject({ result: 'done' })
    expect(recloser.hal.operated).toEqual(['open'])
  })
})
