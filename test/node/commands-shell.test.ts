// Orders over links in memory: what is on the way, what a crash or a full disk leaves, and what a liar can do.

import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { StoreError } from '../../src/aggregation/store.ts'
import { newAuthority } from '../../src/mesh/credential.ts'
import { MeshError } from '../../src/mesh/mesh-error.ts'
import type { CommandQuestion } from '../../src/node/command-protocol.ts'
import { cosigned, type OrderWay, sendOrder, signedOrder } from '../../src/node/give-order.ts'
import { type SignedOrder, signOrder } from '../../src/node/signed-order.ts'
import {
  decodeOrder,
  encodeOrder,
  type Order,
  type Outcome,
  type SignedWords,
  type What,
} from '../../src/protection/command.ts'
import type { Person } from '../mesh/fixtures.ts'
import type { MemoryLinks } from '../mesh/memory-links.ts'
import { commandSite, type Desk, type DeskOptions } from './command-site.ts'

const utility = await newAuthority('u')
const customer = await newAuthority('c')
const site = commandSite([utility, customer])
const elsewhere = commandSite([await newAuthority('u')])
const ada = await site.somebody('ada', ['OPERATOR'])
const bob = await site.somebody('bob', ['OPERATOR'])

const running = new Set<Desk>()
async function desk(name: string, options?: DeskOptions): Promise<Desk> {
  const started = await site.desk(name, options)
  running.add(started)
  return started
}
async function stop(each: Desk): Promise<void> {
  running.delete(each)
  await each.agent.stop()
}
afterEach(async () => {
  for (const each of running) await stop(each)
})

interface Made {
  readonly payload: Uint8Array
  readonly signed: SignedOrder
}
const make = (way: OrderWay, who: Person, to: string, what: What): Promise<Made> =>
  signedOrder(way, site.signer(who), { to, what }, randomBytes(16).toString('hex'))

async function give(at: Desk, to: string, what: What, who = ada): Promise<Outcome> {
  const way = site.toolOf(who, at)
  const { payload, signed } = await make(way, who, to, what)
  return sendOrder(way, payload, signed, { timeoutMs: 10_000 })
}

describe('an order on its way', () => {
  it('is passed on along the feeder, over agents that are not asked themselves', async () => {
    const [relay, recloser, meter] = [await desk('relay'), await desk('recloser'), await desk('meter')]
    site.connect(relay, recloser)
    site.connect(recloser, meter)
    expect(await give(relay, 'meter', { verb: 'disconnect' })).toMatchObject({
      ied: 'meter',
      result: 'done',
      shed: true,
    })
    expect(meter.hal.operated).toEqual(['shed'])
    expect([...relay.hal.operated, ...recloser.hal.operated]).toEqual([])
  })

  it('is perhaps done, and never refused, when whoever passed it on gets no answer; asked again, it is not repeated', async () => {
    let isLosing = false
    const losing = (own: MemoryLinks): MemoryLinks => ({
      ...own,
      // The one in the middle loses its peer while the order is under way there.
      async request(...asked) {
        const answer = await own.request(...asked)
        if (isLosing) throw new MeshError('MESH_UNREACHABLE', 'meter: the connection closed')
        return answer
      },
    })
    const [relay, meter] = [await desk('relay'), await desk('meter')]
    const recloser = await desk('recloser', { links: losing })
    site.connect(relay, recloser)
    site.connect(recloser, meter)
    const tool = site.toolOf(ada, relay)
    const { payload, signed } = await make(tool, ada, 'meter', { verb: 'disconnect' })
    isLosing = true
    const outcome = await sendOrder(tool, payload, signed, { timeoutMs: 1000 })
    expect(outcome).toMatchObject({ ied: 'meter', result: 'unknown' })
    expect(meter.hal.operated).toEqual(['shed'])
    isLosing = false
    expect(await sendOrder(tool, payload, signed, { timeoutMs: 5000 })).toMatchObject({ result: 'done', shed: true })
    expect(meter.hal.operated).toEqual(['shed'])
  })

  it('ends where nobody knows a way, after a bounded number of hops', async () => {
    const [relay, recloser] = [await desk('relay'), await desk('recloser')]
    site.connect(relay, recloser)
    await expect(give(relay, 'meter', { verb: 'disconnect' })).rejects.toThrow(/recloser knows no way to meter/)
    await expect(give(relay, 'nobody', { verb: 'open' })).rejects.toThrow(/relay knows no way to nobody/)
  })

  it('has no answer from anybody but its IED', async () => {
    const recloser = await desk('recloser')
    const tool = site.toolOf(ada, recloser)
    const { payload, signed } = await make(tool, ada, 'recloser', { verb: 'open' })
    const genuine = await tool.ask({ kind: 'order', to: 'recloser', hops: 1, order: mutable(signed) }, 1000)
    const lying: OrderWay = {
      ...tool,
      // Somebody on the way answers in the IED's place: with other bytes, gives with its own signature.
      ask: async () => genuine.map((byte, index) => (index === genuine.length - 20 ? byte ^ 1 : byte)),
    }
    expect(await sendOrder(lying, payload, signed, { timeoutMs: 700 })).toMatchObject({ result: 'unknown' })
    const other = await make(tool, ada, 'recloser', { verb: 'close' })
    const stale: OrderWay = { ...tool, ask: async () => genuine }
    expect(await sendOrder(stale, other.payload, other.signed, { timeoutMs: 700 })).toMatchObject({ result: 'unknown' })
  })
})

describe('an order of which something is wrong', () => {
  const wrongs: { it: string; of: (made: Made, way: OrderWay) => Made | Promise<Made>; gives: RegExp }[] = [
    {
      it: 'with a signature that is not its own',
      of: ({ payload, signed }) => ({
        payload,
        signed: {
          ...signed,
          envelopes: signed.envelopes.map(raw => raw.map((b, at) => (at === raw.length - 1 ? b ^ 1 : b))),
        },
      }),
      gives: /a signature is not valid/,
    },
    {
      it: 'signed by another one than it names',
      of: ({ payload }) => ({
        payload,
        signed: { envelopes: [signOrder(payload, site.signer(bob))], credentials: [bob.credential.token] },
      }),
      gives: /not signed by whom it names as its issuer/,
    },
    {
      it: "with somebody else's credential",
      of: ({ payload, signed }) => ({ payload, signed: { ...signed, credentials: [bob.credential.token] } }),
      gives: /the credential is not that of its signer/,
    },
    {
      it: 'signed twice by one person',
      of: ({ payload, signed }) => ({ payload, signed: cosigned(signed, payload, site.signer(ada)) }),
      gives: /signed twice by one/,
    },
    {
      it: 'with a second signature over another order',
      of: async ({ payload, signed }, way) => {
        const other = await make(way, bob, 'recloser', { verb: 'close' })
        return { payload, signed: cosigned(signed, other.payload, site.signer(bob)) }
      },
      gives: /signatures over different orders/,
    },
    {
      it: 'of an issuer with another feeder file',
      of: ({ payload }) => ({
        payload,
        signed: {
          envelopes: [signOrder(payload, site.signer(ada, { feeder: new Uint8Array(16).fill(7) }))],
          credentials: [ada.credential.token],
        },
      }),
      gives: /another feeder file/,
    },
    {
      it: 'by a person of an authority that is not trusted here',
      of: async ({ payload }) => {
        const mallory = await elsewhere.somebody('mallory', ['OPERATOR'])
        const order = encodeOrder({ ...decodeOrder(payload), by: mallory.identity.peerId })
        const envelopes = [signOrder(order, site.signer(mallory))]
        return { payload: order, signed: { envelopes, credentials: [mallory.credential.token] } }
      },
      gives: /signature is not by the trusted authority/,
    },
  ]
  it.each(wrongs)('$it, is turned away and operates nothing', async ({ of, gives }) => {
    const recloser = await desk('recloser')
    const way = site.toolOf(ada, recloser)
    const wrong = await of(await make(way, ada, 'recloser', { verb: 'open' }), way)
    const outcome = await sendOrder(way, wrong.payload, wrong.signed, { timeoutMs: 10_000 })
    expect(outcome).toMatchObject({ result: 'refused', reason: 'not-authorised', words: expect.stringMatching(gives) })
    expect(recloser.hal.operated).toEqual([])
  })

  it('for another IED is refused, though somebody hands it to this one', async () => {
    const [relay, recloser] = [await desk('relay'), await desk('recloser')]
    const way = site.toolOf(ada, recloser)
    const there = site.toolOf(ada, relay)
    const { payload, signed } = await make(there, ada, 'relay', { verb: 'open' })
    const redirected: OrderWay = { ...way, ask: (q, ms) => way.ask({ ...q, to: 'recloser' } as CommandQuestion, ms) }
    const sent = await sendOrder(redirected, payload, signed, { timeoutMs: 700 })
    expect(sent.result).toBe('unknown') // answered by the wrong one, which this tool does not take for an answer
    expect([...relay.hal.operated, ...recloser.hal.operated]).toEqual([])
  })

  it('with an old ticket is refused, and no ticket outlives a restart', async () => {
    const first = await desk('recloser')
    const { payload, signed } = await make(site.toolOf(ada, first), ada, 'recloser', { verb: 'open' })
    await stop(first)
    const second = await desk('recloser', { again: first })
    const outcome = await sendOrder(site.toolOf(ada, second), payload, signed, { timeoutMs: 10_000 })
    expect(outcome).toMatchObject({ reason: 'expired', words: expect.stringMatching(/since it was started/) })
    expect(second.hal.operated).toEqual([])
  })

  it('with the ticket of somebody else is refused', async () => {
    const recloser = await desk('recloser')
    const way = site.toolOf(ada, recloser)
    const { payload } = await make(way, ada, 'recloser', { verb: 'open' })
    const stolen = encodeOrder({ ...decodeOrder(payload), by: bob.identity.peerId } satisfies SignedWords)
    const signed = { envelopes: [signOrder(stolen, site.signer(bob))], credentials: [bob.credential.token] }
    expect(await sendOrder(way, stolen, signed, { timeoutMs: 10_000 })).toMatchObject({ reason: 'expired' })
  })
})

describe('a crash', () => {
  it('in the middle of an operation leaves it done once at the most, and says that its outcome is not known', async () => {
    let operations = 0
    const hangs: DeskOptions = {
      hal: own => ({
        ...own,
        close: async () => {},
        operate: () => {
          operations++
          return new Promise(() => {})
        },
      }),
    }
    const first = await desk('recloser', hangs)
    const way = site.toolOf(ada, first)
    const { payload, signed } = await make(way, ada, 'recloser', { verb: 'open' })
    void sendOrder(way, payload, signed, { timeoutMs: 500 }).catch(() => {})
    while (operations === 0) await new Promise(wake => setTimeout(wake, 5))
    await stop(first)
    first.hal.show({ status: { position: 'open' } })
    const second = await desk('recloser', { again: first })
    expect(second.reports.find(({ alarm }) => alarm === 'order-interrupted')).toBeDefined()
    const repeat = { timeoutMs: 10_000 }
    const after = await sendOrder(site.toolOf(ada, second), payload, signed, repeat)
    expect(after).toMatchObject({ result: 'unknown', position: 'open' })
    expect(await sendOrder(site.toolOf(ada, second), payload, signed, repeat)).toEqual(after)
    expect([operations, ...second.hal.operated]).toEqual([1])
  })

  it('does not end an inhibit', async () => {
    const first = await desk('recloser')
    expect(await give(first, 'recloser', { verb: 'inhibit', minutes: 10 })).toMatchObject({ result: 'done' })
    await stop(first)
    first.hal.show({ status: { position: 'open' } })
    const second = await desk('recloser', { again: first })
    const close: What = { verb: 'close' }
    expect(await give(second, 'recloser', close)).toMatchObject({ reason: 'interlock' })
    expect(await give(second, 'recloser', { verb: 'inhibit', minutes: 0 })).toMatchObject({ result: 'done' })
    expect(await give(second, 'recloser', close)).toMatchObject({ result: 'done' })
  })
})

describe('a full disk', () => {
  it('has orders refused, and nothing operated that cannot be recorded', async () => {
    let isFull = false
    const recloser = await desk('recloser', {
      store: own => ({
        ...own,
        batch: async (changes, options) => {
          if (isFull) throw new StoreError('STORE_FULL', 'the disk is full')
          return own.batch(changes, options)
        },
      }),
    })
    isFull = true
    expect(await give(recloser, 'recloser', { verb: 'open' })).toMatchObject({
      result: 'refused',
      reason: 'not-recorded',
    })
    expect(recloser.hal.operated).toEqual([])
    isFull = false
  })
})

describe('a read-only agent', () => {
  it('has no way to operate, and its desk says so', async () => {
    const recloser = await desk('recloser', {
      hal: ({ operate: _, ...readable }) => ({ ...readable, close: async () => {} }),
    })
    expect(await give(recloser, 'recloser', { verb: 'open' })).toMatchObject({ reason: 'read-only' })
    expect(recloser.hal.operated).toEqual([])
  })
})

describe('an IED that is to de-energise a section', () => {
  it('opens its own device as it orders others to, and names those that did not', async () => {
    const recloser = await desk('recloser')
    const outcome = await give(recloser, 'recloser', { verb: 'de-energise', section: 's2' })
    expect(outcome).toMatchObject({
      result: 'failed',
      words: 's2 may be live: G2 (generator): refused',
      parts: [
        { ied: 'generator', device: 'G2', result: 'refused' },
        { ied: 'recloser', device: 'R2', result: 'done' },
      ],
    })
    expect(recloser.hal.operated).toEqual(['open'])
  })
})

describe('an IED that orders on the authority of an order that it has', () => {
  const deEnergise: What = { verb: 'de-energise', section: 's2' }

  /** The relay, gone bad: it has an order of ada's that was given to it, and its own key. */
  async function lyingRelay(
    cites: What,
    to: string,
    what: What,
    given: Partial<Order> = {},
    { config = {}, utcGood = true }: { readonly config?: object; readonly utcGood?: boolean } = {},
  ) {
    const recloser = await desk('recloser', { config })
    const relay = await site.somebody('relay', ['IED'])
    const liar = site.toolOf(relay, recloser)
    const payload = encodeOrder({
      to: 'relay',
      by: ada.identity.peerId,
      id: randomBytes(16).toString('hex'),
      ticket: new Uint8Array(),
      utcMs: Date.now(),
      lifetimeMs: 60_000,
      what: cites,
      ...given,
    })
    const cited = {
      envelopes: [signOrder(payload, site.signer(ada, { utcGood }))],
      credentials: [ada.credential.token],
    }
    const own = await make(liar, relay, to, what)
    const outcome = await sendOrder(liar, own.payload, own.signed, { cited, timeoutMs: 10_000 })
    return { outcome, operated: recloser.hal.operated }
  }

  it('opens what has to open for that section', async () => {
    const { outcome, operated } = await lyingRelay(deEnergise, 'recloser', { verb: 'open' })
    expect(outcome).toMatchObject({ result: 'done' })
    expect(operated).toEqual(['open'])
  })
  const lies: { it: string; run: () => ReturnType<typeof lyingRelay>; gives: RegExp }[] = [
    {
      it: 'opens nothing else with it',
      run: () => lyingRelay({ verb: 'de-energise', section: 's1' }, 'recloser', { verb: 'disconnect' }),
      gives: /recloser need not disconnect for s1 to be dead/,
    },
    {
      it: 'closes nothing with it',
      run: () => lyingRelay(deEnergise, 'recloser', { verb: 'close' }),
      gives: /recloser need not close for s2 to be dead/,
    },
    {
      it: 'does nothing with an order of another kind',
      run: () => lyingRelay({ verb: 'open' }, 'recloser', { verb: 'open' }),
      gives: /asks for no other one/,
    },
    {
      it: 'does nothing with an order that was given to another IED',
      run: () => lyingRelay(deEnergise, 'recloser', { verb: 'open' }, { to: 'recloser' }),
      gives: /is not the IED to which the cited order was given/,
    },
  ]
  it.each(lies)('$it', async ({ run, gives }) => {
    const { outcome, operated } = await run()
    expect(outcome).toMatchObject({ result: 'refused', reason: 'not-authorised', words: expect.stringMatching(gives) })
    expect(operated).toEqual([])
  })
  it('opens nothing for which this IED wants two people, when one has ordered', async () => {
    const config = { commands: { twoPerson: ['open'] } }
    const { outcome, operated } = await lyingRelay(deEnergise, 'recloser', { verb: 'open' }, {}, { config })
    expect(outcome).toMatchObject({ result: 'refused', reason: 'two-person' })
    expect(operated).toEqual([])
  })
  it('does nothing with an order whose age nobody knows', async () => {
    const { outcome, operated } = await lyingRelay(deEnergise, 'recloser', { verb: 'open' }, {}, { utcGood: false })
    expect(outcome).toMatchObject({ result: 'refused', reason: 'expired' })
    expect(operated).toEqual([])
  })
  it('does nothing with an order that is over', async () => {
    const anHourAgo = { utcMs: Date.now() - 3_600_000 }
    const { outcome, operated } = await lyingRelay(deEnergise, 'recloser', { verb: 'open' }, anHourAgo)
    expect(outcome).toMatchObject({ result: 'refused', reason: 'expired' })
    expect(operated).toEqual([])
  })
})

const mutable = ({ envelopes, credentials }: SignedOrder) => ({
  envelopes: [...envelopes],
  credentials: [...credentials],
})
