import { expect, it } from 'vitest'
import type { Collector } from '../../src/aggregation/collector.ts'
import type { LedgerRecord, RecordClass } from '../../src/aggregation/record.ts'
import { readableRecords } from '../../src/node/readable-records.ts'

const record = (number: number, recordClass: RecordClass, hasBody: boolean): LedgerRecord =>
  ({ header: { number, class: recordClass }, ...(hasBody ? { body: {} } : {}) }) as unknown as LedgerRecord

const kept = [
  record(1, 'billing', true),
  record(2, 'audit', false),
  record(3, 'billing', true),
  record(4, 'audit', false),
  record(5, 'billing', false),
]
const collector = {
  heads: async () => [{ ied: 'meter', ledgerId: '00', number: kept.length }],
  async *records({ after = 0, limit = 100 }) {
    yield* kept.filter(({ header }) => header.number > after).slice(0, limit)
  },
} as unknown as Pick<Collector, 'heads' | 'records'>

it('counts what can be read apart from what it has the header of', async () => {
  expect(await readableRecords(collector, () => 'utility', {})).toEqual([
    { ied: 'meter', organisation: 'utility', class: 'billing', readable: 2, headersOnly: 1 },
    { ied: 'meter', organisation: 'utility', class: 'audit', readable: 0, headersOnly: 2 },
  ])
})

it('looks at the latest so many', async () => {
  expect(await readableRecords(collector, () => 'utility', { limit: 1 })).toEqual([
    { ied: 'meter', organisation: 'utility', class: 'billing', readable: 0, headersOnly: 1 },
  ])
})

it('says what limit it takes', async () => {
  for (const limit of [0, 2001, 1.5, 'all'])
    await expect(readableRecords(collector, () => '', { limit })).rejects.toThrow('readable: limit: want 1 to 2000')
})
