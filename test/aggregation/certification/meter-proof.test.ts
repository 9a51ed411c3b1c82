import { beforeEach, describe, expect, it } from 'vitest'
import { inventoryCodec } from '../../../src/aggregation/assets/asset-records.ts'
import {
  checkProof,
  type MeterProof,
  proofCodec,
  proveReadings,
} from '../../../src/aggregation/certification/meter-proof.ts'
import type { Ledger } from '../../../src/aggregation/ledger.ts'
import { openLedger } from '../../../src/aggregation/ledger.ts'
import { memoryDisk, openMemoryStore } from '../../../src/aggregation/memory-store.ts'
import { newAuthority } from '../../../src/mesh/credential.ts'
import { newIdentity } from '../../../src/mesh/identity.ts'
import { verifyProof } from '../../../src/node/verify-proof.ts'
import { utcMs } from '../../../topology/units.ts'
import { keys, ledgerOn, randomBytesOf, readingBytes, utc } from '../fixtures.ts'

const QUARTER = 900_000
const { verify } = keys('R3')
const metering = { accuracyClass: 0.2, ctRatio: 40, vtRatio: 1, multiplier: 40 }
const facts = inventoryCodec.encode({
  event: 'inventory',
  organisation: 'utility',
  kind: 'meter',
  feeder: 'small',
  feederHash: 'aa',
  node: 'N3',
  peerId: 'p',
  program: '0.1.0',
  device: {},
  verdict: 'unknown',
  metering,
})

async function fill(ledger: Ledger): Promise<void> {
  await ledger.append('inventory', facts)
  for (let n = 0; n < 6; n++) {
    await ledger.append('billing', readingBytes(n, BigInt(n) * 100n, 100n))
    await ledger.append('event', Uint8Array.of(1))
  }
}
const proofOf = async (ledger: Ledger, token = 'token'): Promise<MeterProof> => {
  const proof = await proveReadings(ledger, token, utcMs(QUARTER), utcMs(5 * QUARTER))
  if (typeof proof === 'string') throw new Error(proof)
  return proof
}

describe('proof from a meter to a bill', () => {
  let proof: MeterProof
  beforeEach(async () => {
    const ledger = await ledgerOn(openMemoryStore(memoryDisk()))
    await fill(ledger)
    proof = proofCodec.decode(proofCodec.encode(await proofOf(ledger)))
  })
  /** With the last part's records changed. */
  const with_ = (
    change: (records: MeterProof['segments'][number]['records']) => MeterProof['segments'][number]['records'],
  ) => {
    const [settings, readings] = proof.segments
    if (settings === undefined || readings === undefined) throw new Error('two parts')
    return checkProof({ ...proof, segments: [settings, { ...readings, records: change(readings.records) }] }, verify)
  }

  it('holds, and gives the readings of its time, their sum and the settings of the meter', () => {
    const { faults, remarks, readings, importWh, metering: shown } = checkProof(proof, verify)
    expect([faults, remarks, readings.length, importWh, shown]).toEqual([[], [], 4, 400n, metering])
  })
  it('shows no content of other classes', () => {
    const events = proof.segments.flatMap(({ records }) => records).filter(({ header }) => header.class === 'event')
    expect(events.map(({ body }) => body)).toEqual([undefined, undefined, undefined])
  })
  it('does not hold with a reading changed', () => {
    const { faults } = with_(records =>
      records.map((record, n) =>
        n === 0 && record.body ? { ...record, body: { ...record.body, content: readingBytes(1, 100n, 50n) } } : record,
      ),
    )
    expect(faults).toEqual(['part 2: the chain breaks at record 4 (commitment)'])
  })
  it('does not hold with a record left out, or the last ones', () => {
    expect(with_(records => records.filter((_, n) => n !== 2)).faults).toEqual([
      'part 2: the chain breaks at record 7 (number)',
    ])
    expect(with_(records => records.slice(0, -2)).faults).toEqual([
      'part 2: its chain ends at record 8, not at the signed head 10',
    ])
  })
  it('does not hold with the content of a reading withheld', () => {
    expect(with_(records => records.map(({ header }) => ({ header }))).faults[0]).toBe(
      'record 4: its content (billing) is withheld',
    )
  })
  it('does not hold when another key signed', () => {
    expect(checkProof(proof, keys('R4').verify).faults[0]).toBe('part 1: the signature of its head does not hold')
  })
  it('is none where no reading is', async () => {
    const ledger = await ledgerOn(openMemoryStore(memoryDisk()))
    expect(await proveReadings(ledger, 't', utcMs(0), utcMs(1))).toBe('no reading lies within this time')
  })
})

describe("with the authority's public key alone", () => {
  it('holds for the IED whose credential the authority signed, and for no other name or authority', async () => {
    const authority = await newAuthority('utility')
    const identity = await newIdentity()
    const claim = { peerId: identity.peerId, roles: ['IED'] as const, feeders: ['small'] }
    const issue = (name: string) => authority.issue({ ...claim, name }, { from: utc().utcMs, days: 1 })
    const store = openMemoryStore(memoryDisk())
    const ledger = await openLedger({ store, ied: 'R3', randomBytes: randomBytesOf(1), sign: identity.sign, utc })
    await fill(ledger)
    const trusted = { organisation: 'utility', publicKey: authority.publicKey, roles: ['IED'] as const }
    const faults = async (token: string, by = trusted) =>
      (await verifyProof(await proofOf(ledger, token), by)).verdict.faults
    expect(await faults(await issue('R3'))).toEqual([])
    expect(await faults(await issue('R4'))).toEqual(['its credential is of R4 (IED), want the IED R3'])
    const other = { ...trusted, publicKey: (await newAuthority('utility')).publicKey }
    expect(await faults(await issue('R3'), other)).toEqual(['credential: signature is not by the trusted authority'])
  })
})
