// Power and volts are a record of their own: who is granted the one class does not see the other.

import { expect, it } from 'vitest'
import type { Collector } from '../../src/aggregation/collector.ts'
import type { Ledger } from '../../src/aggregation/ledger.ts'
import {
  encodeProfile,
  type LoadProfile,
  loadProfile,
  profileIn,
  withProfile,
} from '../../src/aggregation/load-profile.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { encodeReading, readingIn } from '../../src/aggregation/reading.ts'
import type { RecordClass } from '../../src/aggregation/record.ts'
import { createSource } from '../../src/aggregation/source.ts'
import {
  collectedProfiles,
  collectedReadings,
  listingQuery,
  ownProfiles,
  ownReadings,
} from '../../src/node/listings.ts'
import type { Listed } from '../../src/node/readout-rows.ts'
import { toCbor } from '../../topology/cbor.ts'
import { emptyCollector, keys, ledgerOn, reading, readingBytes } from '../aggregation/fixtures.ts'

const at = (n: number): LoadProfile => {
  const made = loadProfile(reading(n, 0n, 0n), { kw: { a: n, b: 0.25 }, volts: { a: 230 + n }, flags: ['doubt:kw'] })
  if (made === undefined) throw new Error('no profile')
  return made
}

/** Profile, event, reading, as they come to lie; the third interval has no profile, the fourth no reading. */
async function ledgerWith(count: number, ied = 'R3'): Promise<Ledger> {
  const ledger = await ledgerOn(openMemoryStore(), ied)
  for (let n = 1; n <= count; n++) {
    if (n !== 3) await ledger.append('loadProfile', encodeProfile(at(n)))
    await ledger.append('event', toCbor({ n }))
    if (n !== 4) await ledger.append('billing', readingBytes(n, BigInt(n), 1n))
  }
  return ledger
}

/** What a back end with these classes has, all of it through the batches of the source. */
async function collectedBy(classes: readonly RecordClass[], ...ledgers: Ledger[]): Promise<Collector> {
  const collector = emptyCollector()
  for (const ledger of ledgers) {
    const source = await createSource({
      ledger,
      store: openMemoryStore(),
      policy: [{ organisation: 'utility', classes }],
      recipients: new Map([['BE1', { organisation: 'utility', verify: keys('BE1').verify }]]),
    })
    const recipient = { backEnd: 'BE1', organisation: 'utility' }
    const batch = await source.answer({ recipient, want: { records: 1000, bytes: 1e6 }, after: 0, outcomes: [] })
    if (batch.kind !== 'batch') throw new Error(batch.reason)
    expect((await collector.accept(batch)).kind).toBe('receipt')
  }
  return collector
}

async function shown(listed: AsyncIterable<Listed>, ...columns: string[]): Promise<string[]> {
  const rows: string[] = []
  for await (const { row } of listed) rows.push(columns.map(column => String(row[column])).join(' '))
  return rows
}
const all = listingQuery('readings', {})
const WITH_POWER = ['1.000 1.25', '1.000 2.25', '1.000 null', '1.000 5.25']

it('an IED shows its readings with the power of the same interval, and the profiles by themselves', async () => {
  const ledger = await ledgerWith(5)
  const kwh = await shown(ownReadings(ledger, all), 'importKwh', 'kw')
  expect(kwh).toEqual(WITH_POWER.map(row => row.replace('1.000', '0.001')))
  expect(await shown(ownProfiles(ledger, all), 'number', 'kw', 'kwA', 'voltsA', 'voltsB')).toEqual([
    '1 1.25 1 231 null',
    '4 2.25 2 232 null',
    '9 4.25 4 234 null',
    '11 5.25 5 235 null',
  ])
  // The profile lies before the place where the latest rows begin.
  expect(await shown(ownReadings(ledger, listingQuery('readings', { limit: 1 })), 'kw')).toEqual(['5.25'])
  expect(await shown(ownReadings(ledger, listingQuery('readings', { after: '3' })), 'kw')).toEqual([
    '2.25',
    'null',
    '5.25',
  ])
})

it('a back end shows what it is granted: registers, power, or both', async () => {
  const [one, other] = [await ledgerWith(5), await ledgerWith(5, 'R4')]
  const both = await collectedBy(['billing', 'loadProfile'], one, other)
  const joined = WITH_POWER.map(row => row.replace('1.000', '0.001'))
  expect(await shown(collectedReadings(both, all), 'importKwh', 'kw')).toEqual([...joined, ...joined])

  const registers = await collectedBy(['billing'], one)
  expect(await shown(collectedReadings(registers, all), 'importKwh', 'kw')).toEqual(Array(4).fill('0.001 null'))
  expect(await shown(collectedProfiles(registers, all), 'kw')).toEqual([])

  const power = await collectedBy(['loadProfile'], one)
  expect(await shown(collectedReadings(power, all), 'kw')).toEqual([])
  expect(await shown(collectedProfiles(power, all), 'kw', 'flags')).toEqual([1, 2, 4, 5].map(n => `${n}.25 doubt:kw`))
  expect(await power.total('R3')).toMatchObject({ readings: 0 })
})

it('a back end gives profiles page by page, each once', async () => {
  const both = await collectedBy(['loadProfile'], await ledgerWith(5), await ledgerWith(5, 'R4'))
  const found: string[] = []
  for (let after: string | undefined = '0'; after !== undefined; ) {
    const page: Listed[] = []
    for await (const each of collectedProfiles(both, listingQuery('load-profile', { after, limit: 3 }))) page.push(each)
    found.push(...page.map(({ row }) => `${row.ied} ${row.kw}`))
    after = page.length === 3 ? page.at(-1)?.cursor : undefined
  }
  expect(found).toEqual(['R3', 'R4'].flatMap(ied => [1, 2, 4, 5].map(n => `${ied} ${n}.25`)))
})

it('a reading of an earlier program, with its power in itself, still shows it', () => {
  const old = { ...reading(1, 0n, 1n), kw: { a: 7 }, volts: { a: 230 }, probes: { temperatureC: 20 } }
  expect(readingIn(encodeReading(old))).toEqual(old)
  expect(withProfile(old, undefined)).toBe(old)
})

it('keeps what is finite, and nothing where a meter shows nothing beside its registers', () => {
  expect(loadProfile(reading(1, 0n, 0n), {})).toBeUndefined()
  expect(loadProfile(reading(1, 0n, 0n), { kw: { a: Number.NaN }, probes: {} })).toBeUndefined()
  const made = loadProfile(reading(1, 0n, 0n), { kw: { a: Number.NaN, b: 2 }, probes: { temperatureC: 3 } })
  expect(made).toMatchObject({ kw: { b: 2 }, probes: { temperatureC: 3 }, flags: [] })
  expect(profileIn(readingBytes(1, 0n, 1n))).toBeUndefined()
  expect(profileIn(new Uint8Array([0xff]))).toBeUndefined()
})
