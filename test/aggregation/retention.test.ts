import { describe, expect, it } from 'vitest'
import { openCollector } from '../../src/aggregation/collector.ts'
import { droppedBy } from '../../src/aggregation/dropped.ts'
import { type Ledger, openLedger } from '../../src/aggregation/ledger.ts'
import { type LedgerUsage, totalBytes } from '../../src/aggregation/ledger-usage.ts'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import type { RecordClass, UtcQuality } from '../../src/aggregation/record.ts'
import { type KeptFor, retention } from '../../src/aggregation/retention.ts'
import { rollUpRound } from '../../src/aggregation/roll-up.ts'
import { createSource } from '../../src/aggregation/source.ts'
import { key } from '../../src/aggregation/store-keys.ts'
import { utcMs } from '../../topology/units.ts'
import { collect, keys, ledgerOn, randomBytesOf, readingBytes, utc } from './fixtures.ts'

const DAY = 86_400_000
const NOW = utcMs(1_750_000_000_000)
const bytes = (count: number) => new Uint8Array(count)

describe('retention', () => {
  const decide = (
    given: {
      used?: number
      readers?: KeptFor[]
      quality?: UtcQuality
      keepDays?: number
      billingDays?: number
      holdDays?: number
    } = {},
  ): string => {
    const { used = 100, readers = [], quality = 'good', keepDays = 30, billingDays = 0, holdDays = 60 } = given
    const usage: LedgerUsage = { chainBytes: used, classes: {} }
    const plan = retention({ quotaBytes: 1000, keepDays, billingDays, holdDays })(
      { head: 50, usage, readers },
      { utcMs: NOW, quality },
    )
    const words = ({ class: of, reason, upTo, before }: (typeof plan.aged)[number]) =>
      `${of} ${reason} ..${upTo}${before === undefined ? '' : ` before -${(NOW - before) / DAY}d`}`
    return [
      ...plan.aged.map(words),
      ...(plan.pressed.bytes > 0 ? [`free ${plan.pressed.bytes}:`] : []),
      ...plan.pressed.drops.map(words),
    ].join(', ')
  }
  const reader = (required: boolean, coveredUpTo: KeptFor['coveredUpTo'], backEnd = 'BE1'): KeptFor => ({
    backEnd,
    required,
    coveredUpTo,
  })
  const NOBODY_HAS = 'waveform quota ..50, powerQuality quota ..50, loadProfile quota ..50'

  it.each([
    ['keeps all that nobody is to have', {}, ''],
    [
      'lets go of what all have after a while',
      { readers: [reader(true, { billing: 7 })] },
      'billing receipted ..7 before -30d',
    ],
    [
      'keeps longer what its own bills are made of',
      { billingDays: 400, readers: [reader(true, { billing: 7, event: 7 }), reader(false, { billing: 2 }, 'BE2')] },
      'billing receipted ..2 before -400d, billing held ..7 before -400d, event receipted ..7 before -30d',
    ],
    [
      'keeps what a required one lacks',
      { readers: [reader(true, { billing: 7 }), reader(true, { billing: 0 }, 'BE2')] },
      '',
    ],
    [
      'waits for another one for so long',
      { readers: [reader(true, { event: 7 }), reader(false, { event: 2 }, 'BE2')] },
      'event receipted ..2 before -30d, event held ..7 before -60d',
    ],
    [
      'keeps for itself what it need not hold for others',
      { keepDays: 90, readers: [reader(true, { event: 7 }), reader(false, { event: 2 }, 'BE2')] },
      'event receipted ..2 before -90d, event held ..7 before -90d',
    ],
    [
      'waits for one that is not required even if no other is',
      { readers: [reader(false, { event: 0 })] },
      'event held ..50 before -60d',
    ],
    [
      'goes by no clock that is doubtful',
      { quality: 'uncertain' as const, readers: [reader(true, { billing: 7 })] },
      '',
    ],
    ['lets no audit record go for its age', { readers: [reader(true, { audit: 7 })] }, ''],
    ['has room just below nine tenths', { used: 899 }, ''],
    ['makes room from nine tenths on', { used: 900 }, `free 100:, ${NOBODY_HAS}`],
    [
      'gives up what others have first, whatever its age, bills last',
      {
        used: 950,
        quality: 'unset' as const,
        readers: [reader(true, { billing: 9, event: 8 }), reader(false, { event: 3 }, 'BE2')],
      },
      `free 150:, event receipted ..3, billing receipted ..9, event held ..8, ${NOBODY_HAS}`,
    ],
    [
      'gives up first what is kept for the own bills alone',
      { used: 950, billingDays: 400, readers: [reader(true, { billing: 9, event: 8 })] },
      `billing receipted ..9 before -400d, event receipted ..8 before -30d, free 150:, billing receipted ..9 before -30d, ` +
        `event receipted ..8, billing receipted ..9, ${NOBODY_HAS}`,
    ],
  ])('%s', (_, given, then) => expect(decide(given)).toBe(then))
})

const quota = (count: number, reserved: number) => ({ bytes: count, reservedBytes: reserved })
const limited = (store = openMemoryStore(), count = 20_000): Promise<Ledger> =>
  openLedger({
    store,
    ied: 'R3',
    randomBytes: randomBytesOf(1),
    sign: keys('R3').sign,
    utc,
    quota: quota(count, 2_000),
  })

describe('a ledger that lets go of bodies', () => {
  async function filled(store = openMemoryStore()): Promise<Ledger> {
    const ledger = await ledgerOn(store)
    for (let i = 1; i <= 10; i++) await ledger.append(i % 2 === 0 ? 'waveform' : 'event', bytes(100 + i))
    return ledger
  }
  const bodies = async (ledger: Ledger): Promise<number[]> =>
    (await ledger.read({ after: 0, limit: 99, maxBytes: 1e6 })).flatMap(({ header, body }) =>
      body ? [header.number] : [],
    )

  it('says so in the chain, and keeps headers, other classes and the newest of this one', async () => {
    const ledger = await filled()
    const dropped = await ledger.drop({ class: 'waveform', reason: 'quota', upTo: 99 })
    expect(dropped).toMatchObject({ from: 2, to: 8, count: 4, number: 11, reason: 'quota' })
    expect(await bodies(ledger)).toEqual([1, 3, 5, 7, 9, 10, 11])
    const [word] = await ledger.read({ after: 10, limit: 1, maxBytes: 1e6 })
    expect(word && droppedBy(word)).toMatchObject({ class: 'waveform', from: 2, to: 8 })
    expect(await ledger.drop({ class: 'waveform', reason: 'quota', upTo: 99 })).toBeUndefined()
  })

  it('stops at the number, the time, the bytes and the least count that are given', async () => {
    const ledger = await filled()
    const event = { class: 'event', reason: 'receipted', upTo: 99 } as const
    expect(await ledger.drop({ ...event, before: NOW })).toBeUndefined()
    expect(await ledger.drop({ ...event, atLeast: 5 })).toBeUndefined()
    expect(await ledger.drop({ ...event, upTo: 2 })).toMatchObject({ from: 1, to: 1 })
    expect(await ledger.drop({ ...event, bytes: 1 })).toMatchObject({ from: 3, to: 3 })
    expect(await ledger.drop({ ...event, before: utcMs(NOW + 1), atLeast: 2 })).toMatchObject({ from: 5, to: 7 })
  })

  it('opens again, with the same usage, also where that was never counted', async () => {
    const disk = memoryDisk()
    const store = openMemoryStore(disk)
    const ledger = await filled(store)
    await ledger.drop({ class: 'waveform', reason: 'quota', upTo: 5 })
    const usage = ledger.usage()
    store.crash()
    const again = openMemoryStore(disk)
    expect((await ledgerOn(again)).usage()).toEqual(usage)
    await again.batch([{ del: key('ledger', 'usage') }], { durable: true })
    expect((await ledgerOn(again)).usage()).toEqual(usage)
  })

  it('does not open when a body is gone without a word, though others went with one', async () => {
    const store = openMemoryStore()
    const ledger = await filled(store)
    await ledger.drop({ class: 'waveform', reason: 'quota', upTo: 5 })
    await store.batch([{ del: key('ledger', 'body', 6) }], { durable: true })
    await expect(ledgerOn(store)).rejects.toThrow(/record 6 is not complete/)
  })

  it('refuses what its quota has no room for, bills last, and takes it again when there is room', async () => {
    const ledger = await limited()
    const fill = async (of: RecordClass): Promise<number> => {
      for (let count = 0; ; count++) {
        const { code } = await ledger.append(of, bytes(500)).then(
          () => ({ code: '' }),
          error => error,
        )
        if (code === 'LEDGER_FULL') return count
        expect(code).toBe('')
      }
    }
    expect(await fill('waveform')).toBeGreaterThan(10)
    expect(totalBytes(ledger.usage())).toBeLessThanOrEqual(18_000)
    expect(await fill('event')).toBe(0)
    expect(await fill('billing')).toBeGreaterThan(1)
    expect(totalBytes(ledger.usage())).toBeLessThanOrEqual(20_000)
    await ledger.drop({ class: 'waveform', reason: 'quota', upTo: 99, bytes: 5_000 })
    expect(await fill('event')).toBeGreaterThan(0)
  })

  it('keeps the last readings, for the next one begins where they end', async () => {
    const ledger = await ledgerOn(openMemoryStore())
    for (let i = 0; i < 260; i++) await ledger.append('billing', readingBytes(i, BigInt(i), 1n))
    expect(await ledger.drop({ class: 'billing', reason: 'receipted', upTo: 260 })).toMatchObject({ from: 1, to: 4 })
    expect((await ledger.last('billing'))?.header.number).toBe(260)
  })
})

describe('a back end', () => {
  const backEndOn = (store = openMemoryStore()) =>
    openCollector({
      store,
      backEnd: 'BE1',
      organisation: 'utility',
      sign: keys('BE1').sign,
      utc,
      keyOf: ied => keys(ied).verify,
      mayCollect: () => true,
    })
  async function site(withheld: (number: number) => boolean = () => false) {
    const store = openMemoryStore()
    const ledger = await ledgerOn(store)
    const source = await createSource({
      ledger,
      store,
      policy: [{ organisation: 'utility', classes: ['billing', 'waveform'] }],
      recipients: new Map([['BE1', { organisation: 'utility', verify: keys('BE1').verify }]]),
    })
    const collector = backEndOn()
    const round = (isHonest = true) =>
      rollUpRound({
        members: ['R3'],
        destinations: [{ backEnd: 'BE1', organisation: 'utility' }],
        limits: {
          batches: 80,
          records: 4,
          bytes: 1e6,
          firstBytes: 1e6,
          deliverWithinMs: 500,
          concurrency: 1,
          deliveryFailures: 1,
        },
        pull: (_, pull) => source.answer(pull),
        deliver: (_, batch) =>
          collector.accept({
            ...batch,
            records: batch.records.map(each =>
              !isHonest && withheld(each.header.number) ? { header: each.header } : each,
            ),
          }),
        carry: (_, outcomes) => source.carry(outcomes),
        log: () => {},
      })
    return { ledger, source, collector, round }
  }

  it('that comes after bodies have gone gets past them, and keeps the word on it', async () => {
    const { ledger, source, collector, round } = await site()
    for (let i = 0; i < 40; i++) await ledger.append('waveform', bytes(50))
    await ledger.append('billing', readingBytes(1, 0n, 5n))
    await ledger.drop({ class: 'waveform', reason: 'quota', upTo: 39 })
    await ledger.append('billing', readingBytes(2, 5n, 7n))
    await round()
    expect(source.pending('BE1')).toBe(0)
    expect(await collector.total('R3')).toMatchObject({ importWh: 12n, readings: 2 })
    expect(await collect(collector.drops())).toMatchObject([
      { from: 1, to: 39, lacked: 39, reason: 'quota', number: 42 },
    ])
    expect((await collector.alarms()).map(({ kind }) => kind)).toEqual(['dropped'])
  })

  it('that lacks a body because somebody withheld it does not receipt it, whatever went for other reasons', async () => {
    const { ledger, source, collector, round } = await site(number => number === 3 || number === 9)
    for (let i = 0; i < 8; i++) await ledger.append('waveform', bytes(50))
    await ledger.drop({ class: 'waveform', reason: 'quota', upTo: 2 }) // record 9, withheld as well
    await round(false)
    expect(source.receiptedUpTo('BE1')).toBe(0)
    await round() // the word on 1 and 2
    await round() // 3 itself
    expect(source.pending('BE1')).toBe(0)
    expect(await collect(collector.drops())).toMatchObject([{ from: 1, to: 2, lacked: 2 }])
    const [third] = await collect(collector.records({ ied: 'R3', ledgerId: ledger.ledgerId, after: 2, limit: 1 }))
    expect(third?.body?.content).toHaveLength(50)
  })

  it('takes a body that was said to be gone when it comes all the same', async () => {
    const { ledger, collector } = await site()
    for (let i = 1; i <= 3; i++) await ledger.append('waveform', bytes(i))
    const whole = await ledger.read({ after: 0, limit: 9, maxBytes: 1e6 })
    await ledger.drop({ class: 'waveform', reason: 'quota', upTo: 2 })
    const records = await ledger.read({ after: 0, limit: 9, maxBytes: 1e6 })
    const batch = { kind: 'batch', ied: 'R3', ledgerId: ledger.ledgerId, remaining: 0 } as const
    expect(await collector.accept({ ...batch, records, head: await ledger.signedHead() })).toMatchObject({
      lacking: {},
    })
    await collector.accept({ ...batch, records: whole, head: await ledger.signedHead(3) })
    const stored = await collect(collector.records({ ied: 'R3', ledgerId: ledger.ledgerId }))
    expect(stored.map(({ body }) => body?.content.length)).toEqual([1, 2, 3, expect.any(Number)])
  })
})
