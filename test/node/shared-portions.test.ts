// One IED's ledger, four readers: the utility, the customer, the customer's accounting, and a third party. Real keys, real
// sealing; the batch passes as bytes, as through an aggregator.

import { expect, it } from 'vitest'
import { openCollector } from '../../src/aggregation/collector.ts'
import { type Batch, batchCodec, type Outcome } from '../../src/aggregation/delivery.ts'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { chainStart, checkChain } from '../../src/aggregation/record.ts'
import type { SharingPolicy } from '../../src/aggregation/sharing-policy.ts'
import { createSource, type Recipient, type SourcePorts } from '../../src/aggregation/source.ts'
import { identityFromSeed } from '../../src/mesh/identity.ts'
import { ownSealingKey } from '../../src/mesh/sealing-key.ts'
import { joseSealing, keyForSealing, kidOf, type PrivateSealingKey } from '../../src/node/jose-sealing.ts'
import { collect, keys, ledgerOn, readingBytes, utc } from '../aggregation/fixtures.ts'

const NOW = utc().utcMs
const readers = [
  { backEnd: 'utility-be', organisation: 'utility' },
  { backEnd: 'customer-be', organisation: 'customer' },
  { backEnd: 'accounting-be', organisation: 'customer', department: 'accounting' },
  { backEnd: 'neighbour-be', organisation: 'neighbour' },
]
const policy: SharingPolicy = [
  { organisation: 'utility', classes: ['billing', 'powerQuality'] },
  { organisation: 'customer', classes: ['powerQuality', 'reliability'] },
  { organisation: 'customer', department: 'accounting', classes: ['billing'] },
  { organisation: 'neighbour', classes: ['powerQuality', 'reliability'] },
]
const classes = ['billing', 'powerQuality', 'reliability', 'tamper'] as const

async function site(now = () => NOW as number, given = policy, within: SourcePorts['within'] = () => []) {
  const identities = await Promise.all(readers.map((_, n) => identityFromSeed(new Uint8Array(32).fill(n + 1))))
  const store = openMemoryStore(memoryDisk())
  const ledger = await ledgerOn(store)
  for (const [n, each] of classes.entries()) await ledger.append(each, readingBytes(n + 1, 0n, 1n))
  const recipients = new Map<string, Recipient>(
    readers.map(({ backEnd, ...reader }, n) => {
      const sealingKey = keyForSealing({ peerId: identities[n]?.peerId ?? '' })
      if (sealingKey === undefined) throw new Error('no key')
      return [backEnd, { ...reader, sealingKey, verify: keys(backEnd).verify }]
    }),
  )
  const changing = { policy: given }
  const source = await createSource({
    ledger,
    store,
    get policy() {
      return changing.policy
    },
    recipients,
    within,
    sealing: joseSealing([]),
    utcNow: now,
  })
  const pull = async (n: number): Promise<Batch> => {
    const { backEnd = '', organisation = '' } = readers[n] ?? {}
    const want = { records: 100, bytes: 100_000 }
    const answer = await source.answer({ recipient: { backEnd, organisation }, want, after: 0, outcomes: [] })
    if (answer.kind !== 'batch') throw new Error(answer.reason)
    return batchCodec.decode(batchCodec.encode(answer))
  }
  const collectorOf = (n: number, more: readonly PrivateSealingKey[] = []) => {
    const { backEnd = '', organisation = '' } = readers[n] ?? {}
    const identity = identities[n]
    if (identity === undefined) throw new Error('no such reader')
    return openCollector({
      backEnd,
      organisation,
      store: openMemoryStore(memoryDisk()),
      sign: keys(backEnd).sign,
      sealing: joseSealing([ownSealingKey(identity), ...more]),
      utc,
      keyOf: ied => keys(ied).verify,
      mayCollect: () => true,
    })
  }
  const stored = (collector: ReturnType<typeof collectorOf>) =>
    collect(collector.records({ ied: ledger.ied, ledgerId: ledger.ledgerId }))
  const read = async (collector: ReturnType<typeof collectorOf>) =>
    (await stored(collector)).flatMap(({ header, body }) => (body ? [header.class] : []))
  return { source, ledger, pull, collectorOf, stored, read, changing }
}

it('each party reads its portion and no other, and all verify the whole chain', async () => {
  const { ledger, pull, collectorOf, stored, read } = await site()
  const seen: string[][] = []
  for (const n of readers.keys()) {
    const collector = collectorOf(n)
    expect(await collector.accept(await pull(n))).toMatchObject({ kind: 'receipt', upTo: 4 })
    expect(checkChain(chainStart, ledger, await stored(collector))).toEqual({ ok: true, end: ledger.head() })
    seen.push(await read(collector))
  }
  expect(seen).toEqual([
    ['billing', 'powerQuality'],
    ['powerQuality', 'reliability'],
    ['billing'],
    ['powerQuality', 'reliability'],
  ])
})

it('whoever passes a batch on, or gets the one of another, has headers alone', async () => {
  const { pull, collectorOf, read } = await site()
  const batch = await pull(0)
  expect(batch.records.every(({ body }) => body === undefined)).toBe(true)
  const neighbour = collectorOf(3)
  expect(await neighbour.accept(batch)).toMatchObject({ lacking: { billing: 1, powerQuality: 2 } })
  expect(await read(neighbour)).toEqual([])
})

it('a portion that was dropped, changed or exchanged is lacking, so that it is sent again, and then it is there', async () => {
  const { pull, collectorOf, read } = await site()
  const batch = await pull(0)
  const [billing, quality] = batch.portions ?? []
  if (billing === undefined || quality === undefined) throw new Error('no portions')
  const flipped = { ...billing, sealed: Uint8Array.from(billing.sealed, (byte, n) => (n === 90 ? byte ^ 1 : byte)) }
  const utility = collectorOf(0)
  for (const portions of [[], [quality], [flipped, quality], [{ ...quality, class: 'billing' as const }]]) {
    expect(await utility.accept({ ...batch, portions })).toMatchObject({ kind: 'receipt', lacking: { billing: 1 } })
  }
  expect(await utility.accept(batch)).toMatchObject({ kind: 'receipt', lacking: { reliability: 3, tamper: 4 } })
  expect(await read(utility)).toEqual(['billing', 'powerQuality'])
})

it('a grant that has ended gives nothing any more, and one with a beginning nothing from before it', async () => {
  let now = NOW as number
  const given: SharingPolicy = [{ organisation: 'utility', classes: ['billing'], fromUtcMs: NOW, toUtcMs: NOW + 1000 }]
  const { pull } = await site(() => now, given)
  expect((await pull(0)).portions).toHaveLength(1)
  now = NOW + 999
  expect((await pull(0)).portions).toHaveLength(1)
  now = NOW + 1000
  await expect(pull(0)).rejects.toThrow('notEntitled')
  const later = await site(() => NOW + 500, [{ organisation: 'utility', classes: ['billing'], fromUtcMs: NOW + 1 }])
  expect((await later.pull(0)).portions).toBeUndefined()
})

const timed = (more: Partial<SharingPolicy[number]>): SharingPolicy => [
  { organisation: 'utility', classes: ['billing'], ...more },
]
/** Pulls without a place, as an aggregator does, with the outcome of the last one. */
async function goOn({ source }: Awaited<ReturnType<typeof site>>, outcome: Outcome): Promise<Batch> {
  const recipient = { backEnd: 'utility-be', organisation: 'utility' }
  const answer = await source.answer({ recipient, want: { records: 100, bytes: 1e6 }, outcomes: [outcome] })
  if (answer.kind !== 'batch') throw new Error(answer.reason)
  return answer
}

it('a body that was dropped on the way is sent again under a grant with a time, and waited for', async () => {
  const given = await site(undefined, timed({ fromUtcMs: NOW, toUtcMs: NOW + 1000 }))
  const utility = given.collectorOf(0)
  const { portions: _, ...stripped } = await given.pull(0)
  const again = await goOn(given, await utility.accept(stripped))
  expect(given.source.receiptedUpTo('utility-be')).toBe(0)
  expect(again.records[0]?.header.number).toBe(1)
  const receipt = await utility.accept(again)
  expect(await given.read(utility)).toEqual(['billing'])
  await given.source.carry([receipt])
  expect(given.source.pending('utility-be')).toBe(0)
})

it('what is rightly lacking outside a grant with a time holds nothing up', async () => {
  const given = await site(() => NOW + 2, timed({ fromUtcMs: NOW + 1 }))
  const utility = given.collectorOf(0)
  const outcome = await utility.accept(await given.pull(0))
  expect(outcome).toMatchObject({ kind: 'receipt', lacking: { billing: 1 } })
  expect((await goOn(given, outcome)).records).toEqual([])
  expect(given.source.pending('utility-be')).toBe(0)
})

it('nothing waits for a grant that has ended since', async () => {
  let now = NOW as number
  const given = await site(() => now, [...timed({ toUtcMs: NOW + 1000 }), ...timed({ classes: ['event'] })])
  const { portions: _, ...stripped } = await given.pull(0)
  await given.source.carry([await given.collectorOf(0).accept(stripped)])
  expect(given.source.pending('utility-be')).toBe(4)
  now = NOW + 1000
  expect(given.source.pending('utility-be')).toBe(0)
})

it('a policy that changes while the agent runs counts from the next pull', async () => {
  const { pull, changing } = await site()
  changing.policy = policy.filter(({ organisation }) => organisation !== 'neighbour')
  await expect(pull(3)).rejects.toThrow('notEntitled')
})

it('a department without a back end has its portion within that of its organisation, which cannot read it', async () => {
  const accounting = await identityFromSeed(new Uint8Array(32).fill(77))
  const { x, d } = ownSealingKey(accounting)
  const within = (organisation: string) =>
    organisation === 'customer'
      ? [{ reader: { organisation, department: 'accounting' }, key: { kid: kidOf(x), x } }]
      : []
  const { pull, collectorOf, read } = await site(undefined, policy, within)
  const batch = await pull(1)
  const customer = collectorOf(1)
  expect(await customer.accept(batch)).toMatchObject({ kind: 'receipt', lacking: { billing: 1 } })
  expect(await read(customer)).toEqual(['powerQuality', 'reliability'])
  const withItsKey = collectorOf(1, [{ x, d }])
  await withItsKey.accept(batch)
  expect(await read(withItsKey)).toEqual(['billing', 'powerQuality', 'reliability'])
  const neighbour = collectorOf(3, [{ x, d }])
  await neighbour.accept(await pull(3))
  expect(await read(neighbour)).toEqual(['powerQuality', 'reliability'])
})
