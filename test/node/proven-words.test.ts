// Whose tariff and whose prices a proven bill was made of: what the supplier signed is kept, shown, and held against the bill.

import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { priceSeries } from '../../src/aggregation/billing/compile-tariff.ts'
import { type BillProof, billProofCodec } from '../../src/aggregation/certification/bill-proof.ts'
import { openLedger } from '../../src/aggregation/ledger.ts'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { encodeReading } from '../../src/aggregation/reading.ts'
import { type PricePush, pricePush, tariffOffer } from '../../src/aggregation/suppliers/supplier-message.ts'
import { type Authority, newAuthority } from '../../src/mesh/credential.ts'
import { sealEnvelope } from '../../src/mesh/envelope.ts'
import { authorityTable } from '../../src/node/authority-table.ts'
import { answerBillProof, verifyBillProof } from '../../src/node/bill-proof.ts'
import { signJws } from '../../src/node/compact-jws.ts'
import { bus } from '../../src/node/component.ts'
import { ownReadingSource } from '../../src/node/own-reading-source.ts'
import { type SignedWord, type SupplierWords, supplierWords } from '../../src/node/supplier-words.ts'
import { duration, utcMs } from '../../topology/units.ts'
import { randomBytesOf } from '../aggregation/fixtures.ts'
import { type Person, person } from '../mesh/fixtures.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = 2 * DAY
const TARIFF =
  'tariff: Spot\ncurrency: EUR\ntimeZone: UTC\nsupplier: sun\npriceMinutes: 60\nenergy: [{ name: Energy, realTime: { fallbackPerKwh: "9" } }]\n'
const sha256 = new Uint8Array(createHash('sha256').update(TARIFF).digest())
/** Of the n-th hour. */
const priceOf = (n: number): string => `0.${10 + (n % 24)}`

let utility: Authority
let solar: Authority
let ied: Person
let sun: Person
const authority = (of: Authority, organisation: string) => ({
  organisation,
  publicKey: of.publicKey,
  roles: ['IED', 'BACKEND'] as const,
})
const both = () => [authority(utility, 'u'), authority(solar, 'solar')] as const

function sealed(type: string, payload: Uint8Array, by: Person): SignedWord {
  const common = { epoch: 1, sequence: 1, utc: utcMs(0), utcGood: true, lifetime: duration(60_000) }
  const { credential, identity } = by
  const origin = { origin: identity.peerId, credentialHash: credential.hash, feeder: new Uint8Array(16) }
  return { envelope: sealEnvelope({ type, ...origin, ...common, payload }, identity), credential: credential.token }
}
/** What is said at the n-th hour: it and the 23 after it. */
const pushAt = (n: number, price = priceOf): PricePush => ({
  supplier: 'sun',
  currency: 'EUR',
  issuedUtcMs: n * HOUR + 1,
  startUtcMs: n * HOUR,
  minutes: 60,
  perKwh: Array.from({ length: 24 }, (_, k) => price(n + k)),
})
const priced = (push: PricePush, by = sun) => sealed(authorityTable.pricePush.type, pricePush.encode(push), by)
const offered = () => {
  const offer = { supplier: 'sun', tariff: 'Spot', sha256, bytes: TARIFF.length, fromUtcMs: 0, issuedUtcMs: 1 }
  return { offer, word: sealed(authorityTable.tariffOffer.type, tariffOffer.encode(offer), sun) }
}

beforeAll(async () => {
  utility = await newAuthority('u')
  solar = await newAuthority('solar')
  const claim = { feeders: ['small'], from: utcMs(0), days: 30 }
  ied = await person(utility, 'R3', { ...claim, roles: ['IED'] })
  sun = await person(solar, 'sun-backend', { ...claim, roles: ['BACKEND'] })
})

/** Two days of prices that are said again each hour. */
async function heard(disk = memoryDisk()): Promise<SupplierWords> {
  const words = await supplierWords(openMemoryStore(disk))
  const { offer, word } = offered()
  await words.offered(offer, word)
  for (let n = 0; n < 48; n++) await words.priced(pushAt(n), priced(pushAt(n)), at => priceOf(at / HOUR), n * HOUR)
  return words
}

describe('what a supplier signed', () => {
  it('is kept in as few messages as hold each price, over a restart', async () => {
    const disk = memoryDisk()
    const before = (await heard(disk)).prices('sun', 0, 2 * DAY).length
    expect(before).toBeLessThanOrEqual(4)
    disk.locked = false // its process ended
    const again = await supplierWords(openMemoryStore(disk))
    const pushes = again.prices('sun', 0, 2 * DAY)
    expect(pushes.length).toBe(before)
    expect(again.offer(Buffer.from(sha256).toString('hex'))).toBeDefined()
  })
})

describe('the proof of a bill by pushed prices', () => {
  let proof: BillProof
  beforeAll(async () => {
    const utc = () => ({ utcMs: utcMs(NOW), quality: 'good' as const })
    const ports = { ied: 'R3', randomBytes: randomBytesOf(3), sign: ied.identity.sign, utc }
    const ledger = await openLedger({ ...ports, store: openMemoryStore() })
    for (let n = 0; n < 24; n++) {
      const times = { startUtcMs: utcMs(n * HOUR), endUtcMs: utcMs((n + 1) * HOUR) }
      const registers = { importWhStart: BigInt(n) * 1_000n, importWhEnd: BigInt(n + 1) * 1_000n }
      await ledger.append(
        'billing',
        encodeReading({ ...times, ...registers, exportWhStart: 0n, exportWhEnd: 0n, flags: [] }),
      )
    }
    const inside = bus(() => {})
    const given = Array.from({ length: 48 }, (_, n) => ({ fromUtcMs: n * HOUR, perKwh: priceOf(n) }))
    const span = { supplier: 'sun', fromUtcMs: 0, text: TARIFF, prices: priceSeries(given, HOUR) }
    inside.on('contracts-asked', ({ answer }) => answer([span]))
    const { identity, credential } = ied
    const answer = await answerBillProof(
      { from: '1970-01-01', to: '1970-01-02' },
      {
        configured: undefined,
        nowUtcMs: NOW,
        words: await heard(),
        source: ownReadingSource(ledger, inside),
        signer: { peerId: identity.peerId, token: credential.token, sign: identity.sign },
        ledgerOf: async () => ({ ledger, credential: credential.token }),
      },
    )
    proof = billProofCodec.decode((answer as { proof: Uint8Array }).proof)
  })
  const withPart = (part: Partial<BillProof['parts'][number]>): BillProof => ({
    ...proof,
    parts: [{ ...(proof.parts[0] as BillProof['parts'][number]), ...part }],
  })

  it('holds, and says who offered the tariff and signed the prices', async () => {
    const { faults, remarks, bills, tariffs } = await verifyBillProof(proof, both())
    expect(faults).toEqual([])
    // 1 kWh in each hour, at 10 to 33 cents.
    expect([bills[0]?.importKwh, bills[0]?.total]).toEqual(['24.000', '5.16'])
    expect(tariffs[0]).toContain('offered by sun-backend of solar as sun')
    expect(remarks.join()).toContain('24 prices as signed by sun-backend of solar')
  })
  it('says what it cannot check where nobody vouches for the supplier', async () => {
    const { faults, remarks, tariffs } = await verifyBillProof(proof, [authority(utility, 'u')])
    expect(faults).toEqual([])
    expect(remarks.join()).toContain("24 prices on the issuer's word alone")
    expect(tariffs[0]).toContain("on the issuer's word alone")
  })
  it('names prices that are not those of the issuer, though the bill would follow from them', async () => {
    const prices = (proof.parts[0]?.prices ?? '').replace('"0.11"', '"0.12"')
    const { faults } = await verifyBillProof(withPart({ prices }), both())
    expect(faults).toContain('bill: the prices are not those that its issuer signed')
    expect(faults.join()).toContain(
      'the price of 1970-01-01T01:00:00.000Z is 0.12, and sun-backend of solar signed 0.11',
    )
    expect((await verifyBillProof({ ...proof, parts: [{ ...without(proof) }] }, both())).faults[0]).toContain(
      'left out',
    )
  })
  it('names an issuer who signs other prices than the supplier said', async () => {
    const pushes = [priced(pushAt(0, n => (n === 5 ? '0.05' : priceOf(n))))]
    const { faults } = await verifyBillProof(withPart({ pushes }), both())
    expect(faults).toEqual([
      'bill: the price of 1970-01-01T05:00:00.000Z is 0.15, and sun-backend of solar signed 0.05',
    ])
  })
  it('names an offer of another tariff, and messages whose signature does not hold', async () => {
    const { offer } = offered()
    const other = tariffOffer.encode({ ...offer, sha256: new Uint8Array(32) })
    const wrong = withPart({ offer: sealed(authorityTable.tariffOffer.type, other, sun) })
    expect((await verifyBillProof(wrong, both())).faults).toEqual([
      'bill: sun-backend of solar offered another tariff (Spot)',
    ])
    const { envelope, credential } = priced(pushAt(0))
    const broken = envelope.map((byte, n) => (n === envelope.length - 1 ? byte ^ 1 : byte))
    const faults = (await verifyBillProof(withPart({ pushes: [{ envelope: broken, credential }] }), both())).faults
    expect(faults).toEqual(['bill: a message of prices: its signature does not hold'])
    const byIed = priced(pushAt(0), ied)
    expect((await verifyBillProof(withPart({ pushes: [byIed] }), both())).faults).toEqual([
      'bill: a message of prices: R3 of u is no back-end peer',
    ])
  })
  it('is none of an unsigned set of prices', async () => {
    const [, body = ''] = proof.parts[0]?.statement.split('.') ?? []
    const { pricesSha256: _, ...said } = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'))
    const { identity, credential } = ied
    const signer = { peerId: identity.peerId, token: credential.token, sign: identity.sign }
    const statement = signJws('feedermesh-bill+jws', said, signer)
    expect((await verifyBillProof(withPart({ statement }), both())).faults).toEqual([
      'bill: the prices are not those that its issuer signed',
    ])
  })
})

function without(given: BillProof) {
  const { prices: _, pushes: __, ...part } = given.parts[0] as BillProof['parts'][number]
  return part
}
