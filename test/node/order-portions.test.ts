// Orders with parts for several readers, over links in memory with real keys and signatures: each reads its part and no other,
// and whatever is changed of one is refused by everybody.
//
//   ada ──► relay ──► recloser (executes)      back ends: u's, c's, and that of c's accounting

import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { newAuthority } from '../../src/mesh/credential.ts'
import { readEnvelope } from '../../src/mesh/envelope.ts'
import { verifyPeer } from '../../src/mesh/identity.ts'
import { ownSealingKey } from '../../src/mesh/sealing-key.ts'
import { type OrderWay, sendOrder, signedOrder } from '../../src/node/give-order.ts'
import { joseSealing, keyForSealing } from '../../src/node/jose-sealing.ts'
import { openOrderPortion, type PortionTo, sealOrderPortion } from '../../src/node/order-sealing.ts'
import { checkSignatures, isForPerson, portionText } from '../../src/node/portioned-orders.ts'
import { READOUT_PROTOCOL } from '../../src/node/readout.ts'
import { type SignedOrder, signOrder } from '../../src/node/signed-order.ts'
import { sealWanted, type WantedPortions } from '../../src/node/wanted-portions.ts'
import { decodeOrder, encodeOrder, encodeWhat, type SignedWords, type What } from '../../src/protection/command.ts'
import { encodePortionWords, type PortionReader } from '../../src/protection/order-portion.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Person } from '../mesh/fixtures.ts'
import { commandSite, type Desk } from './command-site.ts'

const [utility, customer] = [await newAuthority('u'), await newAuthority('c')]
const site = commandSite([utility, customer])
const ada = await site.somebody('ada', ['OPERATOR'])
const bob = await site.somebody('bob', ['OPERATOR'])
const viewer = await site.somebody('eve', ['VIEWER'])
const [backEndU, backEndC, accounting] = await Promise.all([
  site.somebody('be-u', ['BACKEND']),
  site.somebody('be-c', ['BACKEND'], customer),
  site.somebody('be-accounting', ['BACKEND'], customer),
])

const running = new Set<Desk>()
async function desk(name: string): Promise<Desk> {
  const started = await site.desk(name)
  running.add(started)
  return started
}
afterEach(async () => {
  for (const each of running) await each.agent.stop()
  running.clear()
})

const opens = (who: Person) => joseSealing([ownSealingKey(who.identity)]).open
const wanted: WantedPortions = {
  operationFor: [],
  words: [
    { part: 'reason', for: [{ organisation: 'u' }], words: 'the tree at pole 12 leans' },
    { part: 'commercial', for: [{ organisation: 'c', department: 'accounting' }], words: 'contract 4711, 0.31 a kWh' },
  ],
}

async function made(recloser: Desk, way: OrderWay, what: What = { verb: 'open' }, of = wanted) {
  const keysOf = async (reader: PortionReader) => {
    const who = 'ied' in reader ? recloser.who : reader.organisation === 'u' ? backEndU : accounting
    const key = keyForSealing(who.identity)
    return key === undefined ? [] : [key]
  }
  const portions: NonNullable<Parameters<typeof signedOrder>[2]['portions']> = order =>
    sealWanted(of, { ...order, to: 'recloser', what }, keysOf)
  const id = randomBytes(16).toString('hex')
  return signedOrder(way, { ...site.signer(ada) }, { to: 'recloser', what, portions }, id)
}

async function readOut(at: Desk, who: Person) {
  const links = site.mesh.join(who.credential)
  site.mesh.connect(who.identity.peerId, at.who.identity.peerId)
  const question = toCbor({ what: 'order-portions', parameters: {} })
  const bytes = await links.request(at.who.identity.peerId, READOUT_PROTOCOL, question, { timeoutMs: 5000 })
  return fromCbor(bytes) as {
    orders: { envelopes: string[]; credentials: string[]; portions: { part: string; text: string | null }[] }[]
  }
}

const textsFor = async (order: SignedWords, who: Person) =>
  Promise.all(
    (order.portions ?? []).map(async portion => {
      const opened = await openOrderPortion(order, portion, opens(who))
      return opened === undefined ? null : portionText(opened)
    }),
  )
const altered = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, n) => (n === at ? byte ^ 1 : byte))

describe('an order with portions', () => {
  it('is carried out by its IED, each reads its part and no other, and who passes it on the headers alone', async () => {
    const [relay, recloser] = [await desk('relay'), await desk('recloser')]
    site.connect(relay, recloser)
    const way = site.toolOf(ada, relay)
    const { payload, signed } = await made(recloser, way)
    const order = decodeOrder(payload)
    expect(order.what).toBeUndefined()
    expect(order.portions?.map(portion => [portion.part, portion.for])).toEqual([
      ['operation', [{ ied: 'recloser' }]],
      ['reason', [{ organisation: 'u' }]],
      ['commercial', [{ organisation: 'c', department: 'accounting' }]],
    ])
    expect(await textsFor(order, recloser.who)).toEqual(['open', null, null])
    expect(await textsFor(order, backEndU)).toEqual([null, 'the tree at pole 12 leans', null])
    expect(await textsFor(order, accounting)).toEqual([null, null, 'contract 4711, 0.31 a kWh'])
    for (const stranger of [relay.who, backEndC, bob]) {
      expect(await textsFor(order, stranger)).toEqual([null, null, null])
    }
    const own: OrderWay = { ...way, open: opens(ada) }
    expect(await sendOrder(own, payload, signed, { timeoutMs: 10_000 })).toMatchObject({
      result: 'done',
      words: 'done',
      position: 'open',
    })
    expect(recloser.hal.operated).toEqual(['open'])
    // The answer that the relay passed on says how it ended, and nothing else.
    const passed = await sendOrder(way, payload, signed, { timeoutMs: 10_000 })
    expect(passed).toMatchObject({ result: 'done', words: 'sealed operation' })
    expect(passed.position).toBeUndefined()
  })

  it('stands in the ledger as it was sealed and signed, where all who have the record verify the whole', async () => {
    const recloser = await desk('recloser')
    const way = site.toolOf(ada, recloser)
    const { payload, signed } = await made(recloser, way)
    await sendOrder(way, payload, signed, { timeoutMs: 10_000 })
    const { orders } = await readOut(recloser, viewer)
    expect(orders).toHaveLength(1)
    const [kept] = orders
    // The IED's own part is for its owner's people; the others are sealed to back ends.
    expect(kept?.portions.map(({ text }) => text)).toEqual(['open', null, null])
    const envelopes = (kept?.envelopes ?? []).map(each => new Uint8Array(Buffer.from(each, 'base64url')))
    const credentials = kept?.credentials ?? []
    const order = decodeOrder(readEnvelope(envelopes[0] as Uint8Array).envelope.payload)
    expect(await checkSignatures({ ied: 'recloser', order, envelopes, credentials }, verifyPeer, site.check)).toBe(
      undefined,
    )
    expect(await textsFor(order, accounting)).toEqual([null, null, 'contract 4711, 0.31 a kWh'])
    const own = JSON.stringify(recloser.reports.filter(({ event }) => event === 'ordered'))
    expect(own).toContain('sealed operation')
    expect(own).not.toContain('pole 12')
  })

  it('of which one byte is changed is refused by the IED, by who passes it on, and by who reads the record', async () => {
    const [relay, recloser] = [await desk('relay'), await desk('recloser')]
    site.connect(relay, recloser)
    const straight = { ...site.toolOf(ada, recloser), open: opens(ada) }
    const { payload, signed } = await made(recloser, straight)
    const raw = signed.envelopes[0] as Uint8Array
    const order = decodeOrder(payload)
    for (const { sealed } of order.portions ?? []) {
      const at = Buffer.from(raw).indexOf(Buffer.from(sealed)) + sealed.length - 20
      const changed: SignedOrder = { ...signed, envelopes: [altered(raw, at)] }
      expect(await sendOrder(straight, payload, changed, { timeoutMs: 2000 })).toMatchObject({
        result: 'refused',
        words: 'order: a signature is not valid',
      })
      await expect(sendOrder(site.toolOf(ada, relay), payload, changed, { timeoutMs: 700 })).rejects.toThrow(
        'order: a signature is not valid',
      )
      const { envelope } = readEnvelope(changed.envelopes[0] as Uint8Array)
      const found = await checkSignatures(
        { ied: 'recloser', order: decodeOrder(envelope.payload), ...changed },
        verifyPeer,
        site.check,
      )
      expect(found).toBe('the signature does not hold: it was altered')
    }
    expect(recloser.hal.operated).toEqual([])
  })

  it('whose operation was taken out of somebody else’s order is refused, though its signature is good', async () => {
    const recloser = await desk('recloser')
    const way = { ...site.toolOf(bob, recloser), open: opens(bob) }
    const of = decodeOrder((await made(recloser, site.toolOf(ada, recloser))).payload)
    const { payload } = await signedOrder(
      way,
      site.signer(bob),
      { to: 'recloser', what: { verb: 'send-data' } },
      'ab'.repeat(16),
    )
    const { what: _, ...own } = decodeOrder(payload)
    const stolen = encodeOrder({ ...own, portions: of.portions })
    const signed = { envelopes: [signOrder(stolen, site.signer(bob))], credentials: [bob.credential.token] }
    expect(await sendOrder(way, stolen, signed, { timeoutMs: 2000 })).toMatchObject({
      result: 'refused',
      words: 'order: its operation is of another order',
    })
    expect(recloser.hal.operated).toEqual([])
  })

  it('whose operation is sealed to another one, or must not be sealed, is refused', async () => {
    const recloser = await desk('recloser')
    const way = site.toolOf(ada, recloser)
    const cases: [What, Person, RegExp][] = [
      [{ verb: 'open' }, backEndU, /sealed to a key that is not held here/],
      [
        { verb: 'de-energise', section: 's2' },
        recloser.who,
        /de-energise can't be sealed: the IEDs that open for it check/,
      ],
      [
        { verb: 'note', words: 'oiled' },
        recloser.who,
        /note can't be sealed: its record shows the order as it was signed/,
      ],
    ]
    for (const [what, to, words] of cases) {
      const key = keyForSealing(to.identity)
      const portions: NonNullable<Parameters<typeof signedOrder>[2]['portions']> = async order => {
        const sealed = await joseSealing([]).seal(
          encodePortionWords({ ...order, part: 'operation', what: encodeWhat(what) }),
          key === undefined ? [] : [key],
        )
        return [{ part: 'operation', for: [{ ied: 'recloser' }], sealed }]
      }
      const id = randomBytes(16).toString('hex')
      const { payload, signed } = await signedOrder(way, site.signer(ada), { to: 'recloser', what, portions }, id)
      const outcome = await sendOrder({ ...way, open: opens(ada) }, payload, signed, { timeoutMs: 2000 })
      expect(outcome).toMatchObject({ result: 'refused', reason: 'not-authorised' })
      expect(outcome.words).toMatch(words)
    }
  })

  const alone: [What, string][] = [
    [{ verb: 'reset-origin', origin: 'relay' }, 'done: warnings of relay are believed again'],
    [{ verb: 'inhibit', minutes: 5 }, 'done: an inhibit stands for 5 min'],
    [{ verb: 'accept-device' }, 'refused: '],
    [{ verb: 'acknowledge', alert: 'a1' }, 'refused: recloser keeps no alerts'],
    [{ verb: 'reset', name: 'restoration' }, 'refused: nothing of the name "restoration" can latch here'],
    [{ verb: 'tag', words: 'people at pole 12' }, 'refused: '],
    [{ verb: 'untag' }, 'refused: '],
    [{ verb: 'return-to-normal' }, 'refused: '],
    [{ verb: 'end-site-test' }, 'refused: '],
  ]
  for (const [what, says] of alone) {
    it(`is judged by its IED alone, so that it may be sealed: ${what.verb}`, async () => {
      const recloser = await desk('recloser')
      const way = site.toolOf(ada, recloser)
      const open = { operationFor: [], words: [] }
      const keysOf = async () => [keyForSealing(recloser.who.identity)].flatMap(key => key ?? [])
      const portions = (order: Pick<SignedWords, 'by' | 'id'>) =>
        sealWanted(open, { ...order, to: 'recloser', what }, keysOf)
      const id = randomBytes(16).toString('hex')
      const { payload, signed } = await signedOrder(way, site.signer(ada), { to: 'recloser', what, portions }, id)
      expect(decodeOrder(payload).what).toBeUndefined()
      const outcome = await sendOrder({ ...way, open: opens(ada) }, payload, signed, { timeoutMs: 5000 })
      expect(`${outcome.result}: ${outcome.words}`).toContain(says)
      expect(outcome.words).not.toMatch(/seal/)
    })
  }

  it('may say what is ordered to all, and have parts beside it', async () => {
    const recloser = await desk('recloser')
    const way = site.toolOf(ada, recloser)
    const { words } = wanted
    const { payload, signed } = await made(recloser, way, { verb: 'open' }, { words })
    expect(decodeOrder(payload).what).toEqual({ verb: 'open' })
    expect(await sendOrder(way, payload, signed, { timeoutMs: 5000 })).toMatchObject({
      result: 'done',
      position: 'open',
    })
  })

  it('is none where it orders twice, or not at all', async () => {
    const recloser = await desk('recloser')
    const { payload } = await made(recloser, site.toolOf(ada, recloser))
    const order = decodeOrder(payload)
    expect(() => encodeOrder({ ...order, what: { verb: 'open' } })).toThrow(/want what is ordered once/)
    expect(() => encodeOrder({ ...order, portions: undefined })).toThrow(/want what is ordered once/)
  })
})

it('a portion for several readers is opened by each of them', async () => {
  const to: PortionTo[] = [backEndU, backEndC].map(({ identity, credential }) => {
    const key = keyForSealing(identity)
    return { reader: { organisation: credential.organisation }, keys: key === undefined ? [] : [key] }
  })
  const order = { by: 'ada', id: 'cd'.repeat(16) }
  const portion = await sealOrderPortion(order, { part: 'reason', words: 'works' }, to, joseSealing([]))
  for (const who of [backEndU, backEndC]) {
    expect(await openOrderPortion(order, portion, opens(who))).toMatchObject({ words: 'works' })
  }
  expect(await openOrderPortion(order, portion, opens(accounting))).toBeUndefined()
})

it('a part is read out to people of its very reader: nobody of the organisation has what is a department’s', () => {
  const portion = (reader: PortionReader) => ({ part: 'reason' as const, for: [reader], sealed: new Uint8Array() })
  const [own, ofIed, ofDepartment] = [
    portion({ organisation: 'c' }),
    portion({ ied: 'meter' }),
    portion({ organisation: 'c', department: 'accounting' }),
  ]
  const of = (organisation: string, department?: string) => ({ ...viewer.credential, organisation, department })
  const may = (who: ReturnType<typeof of>) => [own, ofIed, ofDepartment].map(each => isForPerson(each, who, 'u'))
  expect(may(of('c'))).toEqual([true, false, false])
  expect(may(of('c', 'accounting'))).toEqual([false, false, true])
  expect(may(of('u'))).toEqual([false, true, false])
  expect(may(of('u', 'accounting'))).toEqual([false, false, false])
})
