// The proof from a meter to its bill, of the IED and of a back end: it holds, and whatever is altered in it is named.

import { beforeAll, describe, expect, it } from 'vitest'
import { type ReadingEdit, readingEditCodec } from '../../src/aggregation/billing/index.ts'
import { type BilledStatement, type BillProof, billProofCodec } from '../../src/aggregation/certification/bill-proof.ts'
import { proofCodec } from '../../src/aggregation/certification/meter-proof.ts'
import { openCollector } from '../../src/aggregation/collector.ts'
import { type Ledger, openLedger } from '../../src/aggregation/ledger.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { encodeReading } from '../../src/aggregation/reading.ts'
import { type Authority, newAuthority } from '../../src/mesh/credential.ts'
import { verifyPeer } from '../../src/mesh/identity.ts'
import { answerBillProof, collectedProvingLedger, verifyBillProof } from '../../src/node/bill-proof.ts'
import { collectedReadingSource } from '../../src/node/collected-reading-source.ts'
import { signJws } from '../../src/node/compact-jws.ts'
import { bus } from '../../src/node/component.ts'
import { ownReadingSource } from '../../src/node/own-reading-source.ts'
import { NO_FEEDER, signOrder } from '../../src/node/signed-order.ts'
import { encodeOrder } from '../../src/protection/command.ts'
import { utcMs } from '../../topology/units.ts'
import { keys, randomBytesOf, reading, readingBytes } from '../aggregation/fixtures.ts'
import { type Person, person } from '../mesh/fixtures.ts'

const DAY = 86_400_000
const NOW = 2 * DAY
const TARIFF = 'tariff: Flat\ncurrency: EUR\ntimeZone: UTC\nenergy: [{ name: Energy, perKwh: "0.30" }]\n'
const wish = { from: '1970-01-01', to: '1970-01-02', tariff: TARIFF }

let utility: Authority
let ied: Person
let backEnd: Person
let ada: Person
let ledger: Ledger
let atIed: BillProof
let atBackEnd: BillProof
const trusted = () => ({ organisation: 'u', publicKey: utility.publicKey, roles: ['IED', 'BACKEND'] as const })
const signerOf = ({ identity, credential }: Person) => ({
  peerId: identity.peerId,
  token: credential.token,
  sign: identity.sign,
})
const proofOf = (answer: unknown): BillProof => billProofCodec.decode((answer as { proof: Uint8Array }).proof)

beforeAll(async () => {
  utility = await newAuthority('u')
  const claim = { feeders: ['small'], from: utcMs(0), days: 30 }
  ied = await person(utility, 'R3', { ...claim, roles: ['IED'] })
  backEnd = await person(utility, 'BE', { ...claim, roles: ['BACKEND'] })
  const utc = () => ({ utcMs: utcMs(NOW), quality: 'good' as const })
  const ports = { ied: 'R3', randomBytes: randomBytesOf(3), sign: ied.identity.sign, utc }
  ledger = await openLedger({ ...ports, store: openMemoryStore() })
  for (let n = 0; n < 100; n++) await ledger.append('billing', readingBytes(n, BigInt(n) * 1_000n, 1_000n))
  ada = await person(utility, 'ada', { ...claim, roles: ['ENGINEER'] })
  await ledger.append('billing', readingEditCodec.encode(editBy(ada)))
  await ledger.append('billing', readingBytes(100, 100_000n, 1_000n))

  const common = { configured: undefined, nowUtcMs: NOW }
  atIed = proofOf(
    await answerBillProof(wish, {
      ...common,
      source: ownReadingSource(
        ledger,
        bus(() => {}),
      ),
      signer: signerOf(ied),
      ledgerOf: async () => ({ ledger, credential: ied.credential.token }),
    }),
  )
  const collector = openCollector({
    store: openMemoryStore(),
    backEnd: 'BE',
    organisation: 'u',
    sign: keys('BE').sign,
    utc,
    keyOf: () => (bytes, signature) => verifyPeer(ied.identity.peerId, bytes, signature),
    mayCollect: () => true,
  })
  const records = await ledger.read({ after: 0, limit: 200, maxBytes: Number.POSITIVE_INFINITY })
  const batch = { kind: 'batch' as const, ied: 'R3', ledgerId: ledger.ledgerId, records, remaining: 0 }
  await collector.accept({ ...batch, head: await ledger.signedHead() })
  atBackEnd = proofOf(
    await answerBillProof(
      { ...wish, meter: 'R3' },
      {
        ...common,
        source: collectedReadingSource(collector, { of: async () => [] }),
        signer: signerOf(backEnd),
        ledgerOf: async () => ({
          ...(await collectedProvingLedger(collector, 'R3')),
          credential: ied.credential.token,
        }),
      },
    ),
  )
})

/** The fourth quarter hour was not 1 kWh but 3. */
function editBy(who: Person, change: Partial<ReadingEdit> = {}): ReadingEdit {
  const what = {
    verb: 'edit-reading' as const,
    startUtcMs: 4 * 900_000,
    importWh: 3_000,
    exportWh: 0,
    words: 'pulse output was bridged',
  }
  const order = encodeOrder({
    to: 'R3',
    by: who.identity.peerId,
    id: 'ab'.repeat(16),
    ticket: new Uint8Array(16),
    utcMs: NOW,
    lifetimeMs: 60_000,
    what,
  })
  const { identity, credential } = who
  const common = { epoch: 1, sequence: 1, feeder: NO_FEEDER, utc: utcMs(NOW), utcGood: true }
  return {
    kind: 'reading-edit',
    startUtcMs: what.startUtcMs,
    endUtcMs: what.startUtcMs + 900_000,
    was: { importWh: 1_000n, exportWh: 0n, quality: 'valid' },
    is: { importWh: 3_000n, exportWh: 0n },
    by: 'ada of u',
    atUtcMs: NOW,
    reason: what.words,
    envelopes: [signOrder(order, { credential, ...common, sign: identity.sign })],
    credentials: [credential.token],
    ...change,
  }
}

const statementOf = (proof: BillProof): BilledStatement =>
  JSON.parse(Buffer.from(proof.parts[0]?.statement.split('.')[1] ?? '', 'base64url').toString('utf8'))
const withPart = (proof: BillProof, part: Partial<BillProof['parts'][number]>): BillProof => ({
  ...proof,
  parts: [{ ...(proof.parts[0] as BillProof['parts'][number]), ...part }],
})
/** Signed by the back end itself: a signature does not make a wrong bill right. */
const signedAs = (statement: BilledStatement): string => signJws('feedermesh-bill+jws', statement, signerOf(backEnd))

describe('the proof of a bill', () => {
  it.each(['the IED', 'a back end'])('of %s holds, with the edited interval', async who => {
    const proof = who === 'the IED' ? atIed : atBackEnd
    const { faults, bills, issuers, remarks } = await verifyBillProof(proof, [trusted()])
    expect(faults).toEqual([])
    // 96 kWh, and one quarter hour was put from 1 to 3 kWh, later.
    expect(issuers).toEqual([who === 'the IED' ? 'R3 of u' : 'BE of u'])
    expect(bills[0]?.importKwh).toBe('98.000')
    expect(remarks.join()).toContain('1 intervals edited')
    expect(remarks.join()).toContain('by ada of u (pulse output was bridged): signed by ada of u')
  })
  it('names a line that was altered, though its issuer signed it', async () => {
    const said = statementOf(atBackEnd)
    const [line] = said.bill.lines
    const bill = { ...said.bill, lines: [{ ...line, amount: '99.00' } as typeof line & object], total: '99.00' }
    const { faults } = await verifyBillProof(withPart(atBackEnd, { statement: signedAs({ ...said, bill }) }), [
      trusted(),
    ])
    expect(faults[0]).toBe('bill: line 1 (Energy): the bill says amount 99.00, recomputed it is 29.40')
  })
  it('names a tariff that is another one', async () => {
    const { faults } = await verifyBillProof(withPart(atBackEnd, { tariff: TARIFF.replace('0.30', '0.20') }), [
      trusted(),
    ])
    expect(faults[0]).toContain('the tariff is not the one that its issuer signed')
  })
  it('names a reading that was altered, and a chain of which one was taken out', async () => {
    const readings = proofCodec.decode(atBackEnd.readings)
    const [segment] = readings.segments
    if (segment === undefined) throw new Error('no segment')
    const change = (n: number): BillProof => {
      const records = [...segment.records]
      const [one] = records.splice(n, 1)
      if (one?.body === undefined) throw new Error('no body')
      const body = { ...one.body, content: readingBytes(n, BigInt(n) * 1_000n, 900n) }
      if (n === 7) records.splice(n, 0, { ...one, body })
      return { ...atBackEnd, readings: proofCodec.encode({ ...readings, segments: [{ ...segment, records }] }) }
    }
    expect((await verifyBillProof(change(7), [trusted()])).faults[0]).toContain('breaks at record 8 (commitment)')
    expect((await verifyBillProof(change(9), [trusted()])).faults[0]).toContain('breaks at record 11 (number)')
  })
  it('does not hold for an issuer whom nobody vouches for, or of an altered statement', async () => {
    const stranger = await person(await newAuthority('x'), 'BE', {
      feeders: ['small'],
      from: utcMs(0),
      days: 30,
      roles: ['BACKEND'],
    })
    const statement = signJws('feedermesh-bill+jws', statementOf(atBackEnd), signerOf(stranger))
    expect((await verifyBillProof(withPart(atBackEnd, { statement }), [trusted()])).faults[0]).toContain('its issuer')
    const [head, , signature] = atBackEnd.parts[0]?.statement.split('.') ?? []
    const other = Buffer.from(JSON.stringify({ ...statementOf(atBackEnd), issuedUtcMs: NOW - 1 })).toString('base64url')
    const altered = withPart(atBackEnd, { statement: `${head}.${other}.${signature}` })
    expect((await verifyBillProof(altered, [trusted()])).faults[0]).toContain(
      'the signature of its issuer does not hold',
    )
  })
})

describe('the edits in the proof of a bill', () => {
  /** A ledger of the IED with this edit in it, as its own program writes any. */
  async function withEdit(edit: ReadingEdit): Promise<readonly string[]> {
    const utc = () => ({ utcMs: utcMs(NOW), quality: 'good' as const })
    const ports = { ied: 'R3', randomBytes: randomBytesOf(9), sign: ied.identity.sign, utc }
    const lying = await openLedger({ ...ports, store: openMemoryStore() })
    for (let n = 0; n < 96; n++) await lying.append('billing', readingBytes(n, BigInt(n) * 1_000n, 1_000n))
    await lying.append('billing', readingEditCodec.encode(edit))
    const proof = await answerBillProof(wish, {
      configured: undefined,
      nowUtcMs: NOW,
      source: ownReadingSource(
        lying,
        bus(() => {}),
      ),
      signer: signerOf(ied),
      ledgerOf: async () => ({ ledger: lying, credential: ied.credential.token }),
    })
    return (await verifyBillProof(proofOf(proof), [trusted()])).faults
  }

  it('hold when a person with the right signed them', async () => expect(await withEdit(editBy(ada))).toEqual([]))
  it.each([
    ['other energy than was signed', () => editBy(ada, { is: { importWh: 2n, exportWh: 0n } }), 'signed was 3000'],
    ['another interval', () => editBy(ada, { startUtcMs: 5 * 900_000, endUtcMs: 6 * 900_000 }), 'signed was'],
    ['no signature', () => editBy(ada, { envelopes: [], credentials: [] }), 'no signature'],
    ['the signature of an IED', () => editBy(ied), 'may not edit readings: IED'],
    [
      'the credential of somebody else',
      () => editBy(ada, { credentials: [ied.credential.token] }),
      'not that of its signer',
    ],
  ])('are a fault with %s', async (_, edit, words) =>
    expect(await withEdit(edit())).toEqual([expect.stringMatching(new RegExp(`record 97: the edit of .*${words}`))]),
  )

  it('are missed when they were cut off the file, or its issuer did not count them', async () => {
    const readings = proofCodec.decode(atIed.readings)
    const [segment] = readings.segments
    const said = statementOf(atIed)
    expect(said.edits).toEqual([101])
    // The chain up to the reading before the edit, with the head that the IED signs of it.
    const head = await ledger.signedHead(100)
    const records = (segment?.records ?? []).slice(0, 100)
    const cut = { ...atIed, readings: proofCodec.encode({ ...readings, segments: [{ records, head }] }) }
    const { faults, remarks } = await verifyBillProof(cut, [trusted()])
    expect(faults).toContain('bill: the edit of record 101, which its issuer counted, is left out of the file')
    expect(remarks.join()).toContain('edits behind record 100 of the meter')
    const statement = signedAs({ ...said, edits: [] })
    expect((await verifyBillProof(withPart(atIed, { statement }), [trusted()])).faults).toContain(
      'bill: its issuer left out the edit of record 101',
    )
  })
})

describe('the proof of a bill of a meter with multipliers', () => {
  const multiplier = { ctRatio: '40', vtRatio: '1', constant: '1' }
  const of = (n: number, ctRatio: string) =>
    encodeReading({ ...reading(n, BigInt(n) * 25n, 25n), multiplier: { ...multiplier, ctRatio } })
  let proof: BillProof

  beforeAll(async () => {
    const utc = () => ({ utcMs: utcMs(NOW), quality: 'good' as const })
    const ports = { ied: 'R3', randomBytes: randomBytesOf(5), sign: ied.identity.sign, utc }
    const multiplied = await openLedger({ ...ports, store: openMemoryStore() })
    for (let n = 0; n < 96; n++) await multiplied.append('billing', of(n, n < 48 ? '40' : '80'))
    proof = proofOf(
      await answerBillProof(wish, {
        configured: undefined,
        nowUtcMs: NOW,
        source: ownReadingSource(
          multiplied,
          bus(() => {}),
        ),
        signer: signerOf(ied),
        ledgerOf: async () => ({ ledger: multiplied, credential: ied.credential.token }),
      }),
    )
  })

  it('holds, with what the registers said, and tells where they changed', async () => {
    const { faults, remarks, bills, readings } = await verifyBillProof(proof, [trusted()])
    expect(faults).toEqual([])
    // 48 quarter hours of 25 steps by 40, 48 by 80.
    expect(bills[0]?.importKwh).toBe('144.000')
    expect(bills[0]?.metering).toMatchObject([
      { factor: '40', rawImportKwh: '1.200', importKwh: '48.000' },
      { factor: '80', rawImportKwh: '1.200', importKwh: '96.000' },
    ])
    expect([readings.rawImportWh, readings.importWh]).toEqual([2_400n, 144_000n])
    expect(remarks.join()).toContain(
      'record 49: the multipliers (CT 40, VT 1, constant 1) are now CT 80, VT 1, constant 1',
    )
  })

  it('names a multiplier that the bill states otherwise, and a reading whose multiplier was changed', async () => {
    const said = statementOf(proof)
    const [span, ...rest] = said.bill.metering ?? []
    const metering = [{ ...(span as NonNullable<typeof span>), factor: '60' }, ...rest]
    const statement = signedAs({ ...said, bill: { ...said.bill, metering } })
    const { faults } = await verifyBillProof(withPart(proof, { statement }), [trusted()])
    expect(faults).toEqual([expect.stringContaining('the bill says factor 60, recomputed it is 40')])

    const readings = proofCodec.decode(proof.readings)
    const [segment] = readings.segments
    const records = (segment?.records ?? []).map((each, n) =>
      n === 10 && each.body ? { ...each, body: { ...each.body, content: of(10, '60') } } : each,
    )
    const altered = { ...readings, segments: [{ ...(segment as NonNullable<typeof segment>), records }] }
    const verdict = await verifyBillProof({ ...proof, readings: proofCodec.encode(altered) }, [trusted()])
    expect(verdict.faults[0]).toContain('breaks at record 11 (commitment)')
    expect(verdict.remarks.join()).toContain('record 11: the multipliers (CT 40')
  })
})
