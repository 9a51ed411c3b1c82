import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lastReading } from '../../src/aggregation/last-reading.ts'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import {
  bodyCodec,
  chainHash,
  chainStart,
  checkChain,
  headerCodec,
  isHeadGenuine,
  type LedgerRecord,
  MAX_CONTENT_BYTES,
  recordClasses,
} from '../../src/aggregation/record.ts'
import { type Store, StoreError } from '../../src/aggregation/store.ts'
import { key } from '../../src/aggregation/store-keys.ts'
import { keys, ledgerOn, reading, readingBytes } from './fixtures.ts'

const text = (content: string) => new TextEncoder().encode(content)
const all = { after: 0, limit: 1_000, maxBytes: Number.POSITIVE_INFINITY }

async function ledgerOf(count: number) {
  const disk = memoryDisk()
  const store = openMemoryStore(disk)
  const ledger = await ledgerOn(store)
  for (let i = 1; i <= count; i++) await ledger.append('event', text(`event ${i}`))
  return { disk, store, ledger }
}

describe('a ledger', () => {
  it('numbers from 1 and goes on after a restart', async () => {
    const { disk, store, ledger } = await ledgerOf(2)
    await store.close()
    const again = await ledgerOn(openMemoryStore(disk), 'R3', 2)
    expect(again.ledgerId).toBe(ledger.ledgerId)
    expect((await again.append('event', text('event 3'))).number).toBe(3)
    const records = await again.read(all)
    expect(checkChain(chainStart, again, records)).toEqual({ ok: true, end: again.head() })
    expect(records.map(({ body }) => new TextDecoder().decode(body?.content))).toEqual([
      'event 1',
      'event 2',
      'event 3',
    ])
  })

  it('has lost nothing that was appended when the power fails', async () => {
    const { disk, store } = await ledgerOf(3)
    store.crash()
    expect((await ledgerOn(openMemoryStore(disk))).head().number).toBe(3)
  })

  it('orders appends that were asked for at once, and does not look at their buffers later', async () => {
    const { ledger } = await ledgerOf(0)
    const buffer = text('a')
    const appends = [ledger.append('event', buffer), ledger.append('tamper', buffer)]
    buffer.fill(0)
    expect((await Promise.all(appends)).map(header => header.number)).toEqual([1, 2])
    expect((await ledger.read(all)).map(({ body }) => body?.content)).toEqual([text('a'), text('a')])
  })

  it('stops reading at the number of records and at the bytes, but gives one at least', async () => {
    const { ledger } = await ledgerOf(5)
    expect((await ledger.read({ after: 1, limit: 2, maxBytes: 1e6 })).map(({ header }) => header.number)).toEqual([
      2, 3,
    ])
    expect(await ledger.read({ after: 1, limit: 5, maxBytes: 1 })).toHaveLength(1)
    expect(await ledger.read({ after: 5, limit: 5, maxBytes: 1e6 })).toEqual([])
    expect(await ledger.read({ after: 99, limit: 5, maxBytes: 1e6 })).toEqual([])
  })

  it('finds the last of a class, and the last reading behind other billing records', async () => {
    const { ledger } = await ledgerOf(2)
    expect(await ledger.last('billing')).toBeUndefined()
    await ledger.append('billing', readingBytes(1, 0n, 7n))
    await ledger.append('billing', text('another kind of billing record'))
    await ledger.append('event', text('event'))
    expect((await ledger.last('billing'))?.header.number).toBe(4)
    expect(await lastReading(ledger)).toEqual(reading(1, 0n, 7n))
  })

  it('finds the newest of a class, however many of others came since', async () => {
    const { ledger } = await ledgerOf(0)
    for (const each of ['1', '2', '3']) await ledger.append('reliability', text(each))
    for (let n = 0; n < 50; n++) await ledger.append('event', text('between'))
    const newest = async (limit: number) =>
      (await ledger.newestOf('reliability', limit)).map(({ header, body }) => [
        header.number,
        new TextDecoder().decode(body?.content),
      ])
    expect(await newest(2)).toEqual([
      [2, '2'],
      [3, '3'],
    ])
    await ledger.drop({ class: 'reliability', reason: 'quota', upTo: 2 })
    expect(await newest(9)).toEqual([[3, '3']])
    expect(await ledger.newestOf('tamper', 9)).toEqual([])
  })

  it('signs any place of its chain, but none beyond it', async () => {
    const { ledger } = await ledgerOf(3)
    const { verify } = keys('R3')
    for (const number of [0, 2, 3]) expect(isHeadGenuine(await ledger.signedHead(number), verify)).toBe(true)
    expect(isHeadGenuine({ ...(await ledger.signedHead(2)), number: 3 }, verify)).toBe(false)
    await expect(ledger.signedHead(4)).rejects.toThrow(RangeError)
  })

  it('refuses a record that no batch could carry', async () => {
    const { ledger } = await ledgerOf(0)
    await ledger.append('event', new Uint8Array(MAX_CONTENT_BYTES))
    await expect(ledger.append('event', new Uint8Array(MAX_CONTENT_BYTES + 1))).rejects.toMatchObject({
      code: 'RECORD_TOO_LARGE',
    })
  })

  describe('whose store took no writes for a while', () => {
    /** @param isKept whether a write that fails is there all the same, as one whose sync failed may be */
    async function fullFor(isKept: boolean) {
      const inner = openMemoryStore()
      let isFull = false
      const store: Store = {
        ...inner,
        async batch(...args) {
          if (!isFull || isKept) await inner.batch(...args)
          if (isFull) throw new StoreError('STORE_FULL', 'no space left')
        },
      }
      const full = (now: boolean): void => {
        isFull = now
      }
      return { ledger: await ledgerOn(store), inner, full }
    }
    const failed = { code: 'LEDGER_FAILED' }

    it('takes nothing meanwhile, and goes on without being opened again', async () => {
      const { ledger, inner, full } = await fullFor(false)
      await ledger.append('event', text('1'))
      full(true)
      await expect(ledger.append('event', text('2'))).rejects.toMatchObject(failed)
      await expect(ledger.append('event', text('2'))).rejects.toMatchObject(failed)
      await expect(ledger.ready()).rejects.toMatchObject(failed)
      expect(ledger.head().number).toBe(1)
      full(false)
      await ledger.ready()
      expect((await ledger.append('event', text('3'))).number).toBe(2)
      expect((await (await ledgerOn(inner)).append('event', text('4'))).number).toBe(3)
    })

    it('does not use the number of a record again that was kept though its write failed', async () => {
      const { ledger, inner, full } = await fullFor(true)
      full(true)
      await expect(ledger.append('event', text('1'))).rejects.toMatchObject(failed)
      full(false)
      // Nothing that reads it is told of a record before the store says that it is there.
      expect(ledger.head().number).toBe(0)
      expect((await ledger.append('event', text('2'))).number).toBe(2)
      const records = await ledger.read({ after: 0, limit: 9, maxBytes: 1e6 })
      expect(records.map(({ body }) => new TextDecoder().decode(body?.content))).toEqual(['1', '2'])
      expect((await ledgerOn(inner)).head()).toEqual(ledger.head())
    })

    it('does not go on where what is there contradicts itself', async () => {
      const { ledger, inner, full } = await fullFor(false)
      await ledger.append('event', text('1'))
      full(true)
      await expect(ledger.append('event', text('2'))).rejects.toMatchObject(failed)
      full(false)
      await inner.batch([{ del: key('ledger', 'body', 1) }], { durable: true })
      await expect(ledger.append('event', text('3'))).rejects.toMatchObject({ code: 'LEDGER_CORRUPT' })
      await expect(ledger.append('event', text('3'))).rejects.toMatchObject({ code: 'LEDGER_CORRUPT' })
    })
  })

  it('of another IED is not touched', async () => {
    const { store } = await ledgerOf(1)
    await expect(ledgerOn(store, 'R4')).rejects.toThrow(/holds the ledger of R3, and this agent is R4/)
  })

  const at = (part: string, ...more: Array<string | number>) => key('ledger', part, ...more)
  it.each([
    ['its last header is gone', { del: at('header', 3) }, /record 3 is missing/],
    ['its last body is gone', { del: at('body', 3) }, /record 3 is not complete/],
    ['a header in between is gone', { del: at('header', 2) }, /record 2 is not complete/],
    ['its head is gone', { del: at('head') }, /head is missing/],
    ['its identity is gone', { del: at('identity') }, /identity is missing/],
    ['its head is torn', { put: at('head'), value: Uint8Array.of(1) }, /head cannot be read/],
    [
      'a body was changed',
      { put: at('body', 2), value: bodyCodec.encode({ salt: new Uint8Array(32), content: text('x') }) },
      /record 2 does not verify \(commitment\)/,
    ],
    ['a body is garbage', { put: at('body', 2), value: Uint8Array.of(9, 9) }, /last records cannot be read/],
    ['it has a body beyond its head', { put: at('body', 4), value: Uint8Array.of(0) }, /body 4 beyond its head 3/],
  ])('does not open when %s', async (_, change, message) => {
    const { store } = await ledgerOf(3)
    await store.batch([change], { durable: true })
    await expect(ledgerOn(store)).rejects.toMatchObject({
      code: 'LEDGER_CORRUPT',
      message: expect.stringMatching(message),
    })
    await expect(ledgerOn(store)).rejects.toThrow(/start with an empty one/)
  })
})

describe('a chain of records', () => {
  const classes = fc.constantFrom(...recordClasses)

  it('shows every change of a header, a body or the signed head', async () => {
    const contents = fc.array(fc.tuple(classes, fc.uint8Array({ maxLength: 40 })), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(
        contents,
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (given, whichRecord, whichByte, flip) => {
          const ledger = await ledgerOn(openMemoryStore())
          for (const [recordClass, content] of given) await ledger.append(recordClass, content)
          const records = await ledger.read(all)
          const head = await ledger.signedHead()
          const { verify } = keys('R3')
          const verifies = (checked: readonly LedgerRecord[], claimed = head): boolean => {
            const check = checkChain(chainStart, ledger, checked)
            const isAtHead =
              check.ok &&
              check.end.number === claimed.number &&
              Buffer.compare(check.end.chainHash, claimed.chainHash) === 0
            return isAtHead && isHeadGenuine(claimed, verify)
          }
          expect(verifies(records)).toBe(true)
          expect(verifies(records.map(({ header }) => ({ header })))).toBe(true)

          const index = whichRecord % records.length
          const record = records[index] as LedgerRecord
          const changed = (other: LedgerRecord) => records.map((each, i) => (i === index ? other : each))
          const header = mutated(headerCodec.encode(record.header), whichByte, flip, headerCodec.decode)
          if (header) expect(verifies(changed({ ...record, header }))).toBe(false)
          const body = record.body && mutated(bodyCodec.encode(record.body), whichByte, flip, bodyCodec.decode)
          if (body) expect(verifies(changed({ ...record, body }))).toBe(false)
          expect(verifies(records.filter((_, i) => i !== index))).toBe(false)
          expect(verifies(records, { ...head, utcMs: (head.utcMs + 1) as typeof head.utcMs })).toBe(false)
          const signature = head.signature.map((byte, i) => (i === whichByte % 64 ? byte ^ flip : byte))
          expect(verifies(records, { ...head, signature })).toBe(false)
        },
      ),
      { numRuns: 150 },
    )
  })

  /** One byte changed: either it is no such thing any more, or it is another one. */
  function mutated<T>(bytes: Uint8Array, which: number, flip: number, decode: (bytes: Uint8Array) => T): T | undefined {
    try {
      return decode(bytes.map((byte, i) => (i === which % bytes.length ? byte ^ flip : byte)))
    } catch {
      return undefined
    }
  }

  it('is the same for the same header, whatever order its fields were given in', async () => {
    const { ledger } = await ledgerOf(1)
    const header = (await ledger.read(all))[0]?.header
    const reversed = Object.fromEntries(Object.entries(header ?? {}).reverse()) as unknown as typeof header
    expect(header && reversed && chainHash(reversed)).toEqual(header && chainHash(header))
  })
})
