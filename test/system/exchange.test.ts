// Two real back-end peers of two organisations exchange bills and reliability over sockets: what is issued is brought and kept,
// a partner that is away gets it later, a correction replaces, and what is forged, altered or of another customer counts nowhere.

import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCollector } from '../../src/aggregation/collector.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { encodeReading } from '../../src/aggregation/reading.ts'
import { type Authority, verifyCredential } from '../../src/mesh/credential.ts'
import { verifyPeer } from '../../src/mesh/identity.ts'
import { type Agent, startAgent } from '../../src/node/agent.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { readAgentConfig } from '../../src/node/config.ts'
import {
  EXCHANGE_PROTOCOL,
  exchangeDocuments,
  exchangeQuestion,
  exchangeTaken,
  readDocument,
  signDocument,
} from '../../src/node/exchange-protocol.ts'
import { openLevelStore } from '../../src/node/level-store.ts'
import { askReadout, joinAs, readLogin } from '../../src/node/readout-client.ts'
import { utcMs } from '../../topology/units.ts'
import { keys, ledgerOn } from '../aggregation/fixtures.ts'
import { IEDS, makeSite, type Site } from './site.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const DAY = 86_400_000
const HOUR = 3_600_000
const NOW = Date.now()
/** Two whole days are over, and all of a third. */
const START = Math.floor(NOW / DAY) * DAY - 3 * DAY
/** The customer c owns the meter, u all others. */
const SITE_IEDS = IEDS.map(ied => (ied.name === 'meter' ? { ...ied, organisation: 'c' } : ied))

let site: Site
const agents = new Map<string, Agent>()
const configs = new Map<string, string>()
const logins = new Map<string, string>()

/** What a meter has recorded, kWh by kWh, as if a back end had collected it. */
async function collected(dir: string, backEnd: string, ied: string, hours: number): Promise<void> {
  const store = await openLevelStore(join(dir, 'store'))
  const collector = openCollector({
    store,
    backEnd,
    organisation: 'x',
    sign: keys(backEnd).sign,
    utc: () => ({ utcMs: utcMs(NOW), quality: 'good' }),
    keyOf: () => keys(ied).verify,
    mayCollect: () => true,
  })
  const ledger = await ledgerOn(openMemoryStore(), ied)
  for (let n = 0; n < hours; n++) {
    const at = START + n * HOUR
    const wh = BigInt(n) * 1_000n
    await ledger.append(
      'billing',
      encodeReading({
        startUtcMs: utcMs(at),
        endUtcMs: utcMs(at + HOUR),
        importWhStart: wh,
        importWhEnd: wh + 1_000n,
        exportWhStart: 0n,
        exportWhEnd: 0n,
        flags: [],
      }),
    )
  }
  const records = await ledger.read({ after: 0, limit: hours, maxBytes: Number.POSITIVE_INFINITY })
  const head = await ledger.signedHead(hours)
  const outcome = await collector.accept({ kind: 'batch', ied, ledgerId: ledger.ledgerId, records, head, remaining: 0 })
  expect(outcome.kind).toBe('receipt')
  await store.close()
}

async function start(name: string, more: Record<string, unknown> = {}): Promise<Agent> {
  const file = configs.get(name) as string
  const agent = await startAgent({ ...readAgentConfig(file), ...more }, { log: silent })
  agents.set(name, agent)
  return agent
}
async function stop(name: string): Promise<void> {
  await agents.get(name)?.stop()
  agents.delete(name)
}
const addressOf = (name: string): string => agents.get(name)?.addresses()[0] as string
const shown = async (name: string, parameters: Record<string, unknown> = {}) =>
  outputs.exchange.parse(await askReadout(addressOf(name), logins.get(name) as string, 'exchange', parameters))

async function until<T>(what: () => Promise<T | undefined | false>): Promise<T> {
  for (let left = 300; ; left--) {
    const found = await what()
    if (found) return found
    if (left === 0) throw new Error('it did not come to be')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

beforeAll(async () => {
  site = await makeSite(SITE_IEDS)
  const tariff = 'tariff: Flat\ncurrency: EUR\ntimeZone: UTC\nenergy: [{ name: Energy, perKwh: "0.30" }]\n'
  await writeFile(site.path('flat.yaml'), tariff)
  await writeFile(site.path('prices.yaml'), pricesFrom('0.20'))
  const exchange = { cycle: 'daily', waitHours: 0, everyMinutes: 0.02 }
  configs.set(
    'u-backend',
    await site.agent('u-backend', {
      role: 'BACKEND',
      billing: { tariff: 'flat.yaml' },
      supplier: { name: 'grid', tariffs: ['flat.yaml'], prices: 'prices.yaml' },
      listen: ['/ip4/127.0.0.1/tcp/0'],
      exchange: {
        ...exchange,
        partners: [
          { organisation: 'c', backEnd: 'c-backend', gives: ['bill', 'prices', 'reliability'], takes: ['bill'] },
        ],
      },
    }),
  )
  await collected(site.path('u-backend-data'), 'u-backend', 'meter', 72)
  await collected(site.path('u-backend-data'), 'u-backend', 'recloser', 72)
  logins.set('u-backend', await site.viewer(site.authority))
  logins.set('c-backend', await site.viewer(site.customer))
  await start('u-backend')
  configs.set(
    'c-backend',
    await site.agent(
      'c-backend',
      {
        role: 'BACKEND',
        seeds: [addressOf('u-backend')],
        exchange: {
          ...exchange,
          partners: [{ organisation: 'u', backEnd: 'u-backend', gives: [], takes: ['bill', 'prices', 'reliability'] }],
        },
      },
      { by: site.customer },
    ),
  )
  await collected(site.path('c-backend-data'), 'c-backend', 'meter', 48)
}, 120_000)
afterAll(async () => {
  for (const name of [...agents.keys()]) await stop(name)
  await site.remove()
})

/** Signs as a machine of this organisation. */
async function machine(by: Authority, name: string) {
  const login = await readLogin(await site.viewer(by, 'BACKEND', name))
  return { peerId: login.identity.peerId, token: login.token, sign: login.identity.sign }
}

/** As a machine brings it to a back end. */
async function bring(login: string, jws: string, to = 'c-backend') {
  const joined = await joinAs(await readLogin(login), addressOf(to))
  try {
    const question = exchangeQuestion.encode({ want: 'take', document: jws })
    return exchangeTaken.decode(
      await joined.links.request(joined.peerId, EXCHANGE_PROTOCOL, question, { timeoutMs: 5_000 }),
    )
  } finally {
    await joined.leave()
  }
}

describe('two back ends', { timeout: 120_000 }, () => {
  it('issue while the partner is away, and bring it what it has missed: bills of its own meter alone', async () => {
    const waiting = await until(async () => {
      const { issued } = await shown('u-backend')
      return issued.filter(({ about }) => about.startsWith('bill')).length === 3 && issued
    })
    expect(waiting.every(({ state, to }) => state === 'waiting' && to === 'c')).toBe(true)
    expect(waiting.some(({ about }) => about.includes('recloser'))).toBe(false)
    await stop('u-backend')
    await start('u-backend')
    await start('c-backend', { seeds: [addressOf('u-backend')] })
    const received = await until(async () => {
      const all = (await shown('c-backend')).received
      return all.length >= 5 && all
    })
    const bills = received.filter(({ about }) => about.startsWith('bill'))
    expect(bills.map(({ total, importKwh }) => [total, importKwh])).toEqual(Array(3).fill(['7.20', '24.000']))
    // Of two of the three days its own readings say the same; of the third it has none.
    expect(bills.map(({ agrees }) => agrees).sort()).toEqual([true, true, undefined])
    expect(received.filter(({ about }) => about === 'reliability small')).toHaveLength(1)
    await until(async () => (await shown('u-backend')).issued.every(({ state }) => state === 'delivered'))
  })

  it('know a document that comes again, also by asking for it', async () => {
    const { partners, received } = await shown('c-backend', { ask: true })
    expect(partners[0]?.asked).toMatch(/^\d+ new, \d+ known, 0 refused$/)
    expect(received.filter(({ about }) => about.startsWith('bill')).every(({ revision }) => revision === 1)).toBe(true)
  })

  it('take nothing that is altered, forged, of another customer, or that contradicts what is there', async () => {
    const [first] = (await shown('c-backend')).received.filter(({ about }) => about.startsWith('bill'))
    const about = first?.about as string
    const answer = await askReadout(addressOf('c-backend'), logins.get('c-backend') as string, 'exchange', { about })
    const { jws } = outputs['exchange-document'].parse(answer).document
    const read = readDocument(jws, verifyPeer)
    if (typeof read === 'string' || read.document.kind !== 'bill') throw new Error('no bill')
    const { document } = read
    expect(read.verify()).toBe(true)
    const own = { organisation: 'u', publicKey: site.authority.publicKey, roles: ['BACKEND'] as const }
    expect(await verifyCredential(read.token, [own], utcMs(Date.now()))).toMatchObject({ name: 'u-backend' })

    const [u, c] = [await machine(site.authority, 'u-other'), await machine(site.customer, 'c-other')]
    const [uLogin, cLogin] = [site.path('u-other.yaml'), site.path('c-other.yaml')]
    const line = { ...document.bill.lines[0], amount: '0.01' } as (typeof document.bill.lines)[number]
    const [head, , signature] = jws.split('.')
    const altered = Buffer.from(JSON.stringify({ ...document, bill: { ...document.bill, total: '1.00' } })).toString(
      'base64url',
    )
    const cases: [string, string, string, RegExp][] = [
      ['altered', uLogin, `${head}.${altered}.${signature}`, /the signature does not hold/],
      ['of a wrong signer', cLogin, signDocument(document, c), /it says that it is from u, and c signed it/],
      [
        'with lines that do not add up',
        uLogin,
        signDocument({ ...document, revision: 9, bill: { ...document.bill, lines: [line] } }, u),
        /do not make 7.20/,
      ],
      [
        'of another meter',
        uLogin,
        signDocument({ ...document, meter: 'recloser', bill: { ...document.bill, meter: 'recloser' } }, u),
        /recloser is not a meter whose bills are taken/,
      ],
      ['for somebody else', uLogin, signDocument({ ...document, to: 'x' }, u), /it is for x, want c/],
      [
        'of other content with the same revision',
        uLogin,
        signDocument({ ...document, tariffSha256: '0'.repeat(64) }, u),
        /is here with other content/,
      ],
      ['of no document', uLogin, randomBytes(20).toString('hex'), /want a compact JWS/],
    ]
    for (const [what, login, bytes, says] of cases) {
      const { result, words } = await bring(login, bytes)
      expect(`${what}: ${result} ${words}`).toMatch(new RegExp(`^${what}: refused .*${says.source}`))
    }
    const after = (await shown('c-backend')).received.find(each => each.about === about)
    expect([after?.revision, after?.total]).toEqual([1, '7.20'])
  })

  it('tell each other prices, and what is new of them as the next revision', async () => {
    const listed = async (revision: number) =>
      until(async () =>
        (await shown('c-backend')).received.find(each => each.about === 'prices grid' && each.revision >= revision),
      )
    const first = await listed(1)
    expect(first.signer).toContain('u-backend')
    expect(first.says).toMatch(/^Flat; 48 prices from .*Z, 0.20 EUR\/kWh first$/)
    await writeFile(site.path('prices.yaml'), pricesFrom('0.25'))
    const next = await until(async () => {
      const found = await listed(first.revision + 1)
      return found.says.includes('0.25 EUR/kWh first') && found
    })
    const wanted = { about: next.about }
    const answer = await askReadout(addressOf('c-backend'), logins.get('c-backend') as string, 'exchange', wanted)
    const read = readDocument(outputs['exchange-document'].parse(answer).document.jws, verifyPeer)
    if (typeof read === 'string' || read.document.kind !== 'prices') throw new Error('no prices')
    expect([read.verify(), read.document.offers.map(({ tariff }) => tariff), read.document.next?.perKwh[0]]).toEqual([
      true,
      ['Flat'],
      '0.25',
    ])
    // What the supplier signed and somebody altered is not taken.
    const u = await machine(site.authority, 'u-prices')
    const other = { ...read.document, supplier: 'moon', from: 'x' }
    expect((await bring(site.path('u-prices.yaml'), signDocument(other, u))).words).toMatch(/from x, and u signed it/)
    // The utility takes none from the customer.
    const c = await machine(site.customer, 'c-prices')
    const back = signDocument({ ...read.document, from: 'c', to: 'u' }, c)
    expect((await bring(site.path('c-prices.yaml'), back, 'u-backend')).words).toMatch(/prices is not taken from c/)
  })

  it('take a corrected bill, and an earlier one no more', async () => {
    const u = await machine(site.authority, 'u-corrects')
    const received = (await shown('c-backend')).received.filter(({ about }) => about.startsWith('bill'))
    const about = received[1]?.about as string
    const answer = await askReadout(addressOf('c-backend'), logins.get('c-backend') as string, 'exchange', { about })
    const read = readDocument(outputs['exchange-document'].parse(answer).document.jws, verifyPeer)
    if (typeof read === 'string') throw new Error(read)
    const corrected = { ...read.document, revision: 2 }
    expect((await bring(site.path('u-corrects.yaml'), signDocument(corrected, u))).result).toBe('kept')
    expect((await bring(site.path('u-corrects.yaml'), signDocument(read.document, u))).result).toBe('older')
    expect((await shown('c-backend')).received.find(each => each.about === about)?.revision).toBe(2)
  })

  it('answer who is no partner nothing', async () => {
    await machine(site.customer, 'c-stranger')
    const joined = await joinAs(await readLogin(site.path('c-stranger.yaml')), addressOf('u-backend'))
    try {
      const question = exchangeQuestion.encode({ want: 'documents', after: '' })
      const asked = joined.links
        .request(joined.peerId, EXCHANGE_PROTOCOL, question, { timeoutMs: 5_000 })
        .then(bytes => exchangeDocuments.decode(bytes))
      await expect(asked).rejects.toThrow('c-stranger of c is no partner')
    } finally {
      await joined.leave()
    }
  })
})

/** Of each hour of two days, from the one that runs. */
function pricesFrom(first: string): string {
  const hour = Math.floor(Date.now() / HOUR) * HOUR
  const prices = Array.from({ length: 48 }, (_, n) => ({
    from: new Date(hour + n * HOUR).toISOString(),
    perKwh: n === 0 ? first : '0.30',
  }))
  return JSON.stringify({ currency: 'EUR', minutes: 60, prices })
}
