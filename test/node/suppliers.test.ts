// What a customer's IED believes of suppliers, how fast a price reaches a thousand of them, bills over a change of contract,
// the scheduled bill, and that an IED and a back end compute the same.

import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { billIn } from '../../src/aggregation/billing/bill-record.ts'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import type { Reading } from '../../src/aggregation/reading.ts'
import { type PricePush, pricePush, type TariffOffer } from '../../src/aggregation/suppliers/supplier-message.ts'
import type { Credential } from '../../src/mesh/credential.ts'
import { MeshError } from '../../src/mesh/mesh-error.ts'
import { answerBills } from '../../src/node/bill-answer.ts'
import { bus, type ComponentContext } from '../../src/node/component.ts'
import { billingComponent } from '../../src/node/components/billing.ts'
import { keptContracts } from '../../src/node/contracts.ts'
import { intervalsOf } from '../../src/node/cost-answer.ts'
import { costRows } from '../../src/node/cost-rows.ts'
import { ownIntervals } from '../../src/node/own-intervals.ts'
import { suppliersSchema } from '../../src/node/supplier-config.ts'
import { parseTariff } from '../../src/node/tariff-file.ts'
import { tariffShelf } from '../../src/node/tariff-shelf.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { ledgerOn, reading, readingBytes } from '../aggregation/fixtures.ts'

const nothing = (): void => {}
async function until(fact: () => boolean): Promise<void> {
  for (let turns = 0; !fact(); turns++) {
    if (turns > 5_000) throw new Error('not after 5000 turns')
    await new Promise(resolve => setImmediate(resolve))
  }
}
const flush = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 5))
const NOW = Date.parse('2026-06-01T12:00:00Z')
const flat = (perKwh: string, name = 'Flat') =>
  JSON.stringify({ tariff: name, currency: 'EUR', timeZone: 'UTC', energy: [{ name: 'Energy', perKwh }] })
const sun = { peerId: 'sun', name: 'sun-backend', organisation: 'sun', roles: ['BACKEND'] } as unknown as Credential
const offerOf = (text: string, more: Partial<TariffOffer> = {}): TariffOffer => ({
  supplier: 'sun',
  tariff: 'Flat',
  sha256: new Uint8Array(createHash('sha256').update(text).digest()),
  bytes: Buffer.byteLength(text),
  fromUtcMs: 0,
  issuedUtcMs: NOW,
  ...more,
})
const push = (more: Partial<PricePush> = {}): PricePush => ({
  supplier: 'sun',
  currency: 'EUR',
  issuedUtcMs: NOW,
  startUtcMs: NOW,
  minutes: 60,
  perKwh: ['0.30', '0.40'],
  ...more,
})
const config = suppliersSchema.parse({
  current: 'sun',
  accept: [{ name: 'sun', organisation: 'sun', backEnd: 'sun-backend' }],
  fetchSpreadSeconds: 0,
})

async function customer(documents: Record<string, string | MeshError>, disk = memoryDisk()) {
  const reports: string[] = []
  const asked: string[] = []
  const store = openMemoryStore(disk)
  const context = {
    store,
    clock: {
      now: () => instant(0),
      utc: () => utcMs(NOW),
      utcGood: () => true,
      wakeAt(_: number, run: () => void) {
        setImmediate(run)
        return nothing
      },
    },
    chance: () => 0,
    links: {
      peers: () => [{ peerId: 'other' }],
      request: async (peer: string) => {
        asked.push(peer)
        const found = documents[peer]
        if (found === undefined) throw new Error('has it not')
        if (found instanceof MeshError) throw found
        return new TextEncoder().encode(found)
      },
    },
    messenger: {},
    bus: bus(nothing),
    log: { warn: nothing, error: nothing },
    report: (event: string, fields: Record<string, unknown>) =>
      void reports.push(`${event} ${fields.reason ?? ''}`.trim()),
  } as unknown as ComponentContext
  const shelf = await tariffShelf(context, config as NonNullable<typeof config>, nothing)
  return {
    shelf,
    documents,
    reports,
    asked,
    store,
    disk,
    context: context as { -readonly [K in keyof ComponentContext]: ComponentContext[K] },
  }
}

describe('an offer', () => {
  it('counts once its document came, from the supplier or another peer, and is kept', async () => {
    const first = await customer({ other: flat('0.25') })
    first.shelf.hear(sun, offerOf(flat('0.25')))
    await flush()
    expect(first.asked).toEqual(['sun', 'other'])
    expect(first.reports).toEqual(['tariff-received'])
    await first.store.close()
    const second = await customer({}, first.disk)
    expect(second.shelf.known('sun')?.tariff.energy[0]?.perKwh).toBe('0.25')
  })
  it.each([
    ['of another document', flat('0.01'), /SHA-256 is not/],
    ['of no tariff', '{"tariff": 3}', /tariff of sun/],
    ['under another name', flat('0.25', 'Other'), /it is named "Other"/],
  ])('%s changes nothing and is an alarm', async (what, text, says) => {
    const { shelf, reports } = await customer({ sun: text, other: text })
    shelf.hear(sun, offerOf(what === 'of another document' ? flat('0.25') : text))
    await flush()
    expect(shelf.known('sun')).toBeUndefined()
    expect(reports[0]).toMatch(says)
  })
  it('whose supplier is too busy is fetched again, five times before it is an alarm', async () => {
    const late = await customer({})
    late.documents.sun = new MeshError('MESH_UNREACHABLE', 'no answer in time')
    late.shelf.hear(sun, offerOf(flat('0.25')))
    await until(() => late.reports.length > 0)
    expect(late.asked.filter(each => each === 'sun')).toHaveLength(5)
    expect(late.reports).toEqual(['alarm has it not'])

    const soon = await customer({})
    soon.documents.sun = new MeshError('MESH_UNREACHABLE', 'no answer in time')
    soon.shelf.hear(sun, offerOf(flat('0.25')))
    await until(() => soon.asked.length > 2)
    soon.documents.sun = flat('0.25')
    await until(() => soon.reports.length > 0)
    expect(soon.reports).toEqual(['tariff-received'])
  })
  it('that is said again while its document is on its way is fetched once', async () => {
    const { shelf, asked, reports } = await customer({ sun: flat('0.25') })
    shelf.hear(sun, offerOf(flat('0.25')))
    await until(() => asked.length > 0)
    shelf.hear(sun, offerOf(flat('0.25'), { issuedUtcMs: NOW + 1 }))
    await flush()
    expect([asked, reports]).toEqual([['sun'], ['tariff-received']])
  })
  it('of nobody who is accepted, of the future, or over is not looked at', async () => {
    const { shelf, asked } = await customer({ sun: flat('0.25') })
    shelf.hear({ ...sun, organisation: 'moon' } as Credential, offerOf(flat('0.25')))
    shelf.hear({ ...sun, name: 'other-backend' } as Credential, offerOf(flat('0.25')))
    shelf.hear(sun, offerOf(flat('0.25'), { issuedUtcMs: NOW + 3_600_001 }))
    shelf.hear(sun, offerOf(flat('0.25'), { toUtcMs: NOW }))
    await flush()
    expect(asked).toEqual([])
  })
})

describe('an offer of a tariff that begins later', () => {
  const HOUR = 3_600_000
  /** One that has a tariff for 0.25, and whose clock and wakes are in the hands of the test. */
  async function waiting() {
    const documents = { sun: flat('0.25') }
    const time = { utc: NOW, isGood: true }
    let wakes: { at: number; run: () => void }[] = []
    const { shelf, context } = await customer(documents)
    shelf.hear(sun, offerOf(flat('0.25')))
    await flush()
    context.clock = {
      ...context.clock,
      now: () => instant(time.utc - NOW),
      utc: () => utcMs(time.utc),
      utcGood: () => time.isGood,
      wakeAt(at, run) {
        const wake = { at, run }
        wakes.push(wake)
        return () => {
          wakes = wakes.filter(each => each !== wake)
        }
      },
    }
    const later = await tariffShelf(context, config as NonNullable<typeof config>, nothing)
    const say = (perKwh: string, more: Partial<TariffOffer>): void => {
      documents.sun = flat(perKwh)
      later.hear(sun, offerOf(flat(perKwh), more))
    }
    /** All that is due by then, and what that leads to. */
    const until = async (utc: number): Promise<void> => {
      time.utc = utc
      for (let due = wakes.filter(({ at }) => at <= utc - NOW); due.length > 0; ) {
        wakes = wakes.filter(each => !due.includes(each))
        for (const { run } of due) run()
        await flush()
        due = wakes.filter(({ at }) => at <= utc - NOW)
      }
    }
    const holds = () => [later.known('sun')?.tariff.energy[0]?.perKwh, later.known('sun')?.announcedFor]
    return { say, until, holds, time, due: () => wakes.map(({ at }) => at) }
  }

  it('leaves the one before until then, and holds from then on', async () => {
    const { say, until, holds, due } = await waiting()
    say('0.40', { issuedUtcMs: NOW + 1, fromUtcMs: NOW + HOUR })
    await until(NOW + HOUR - 1)
    expect([holds(), due()]).toEqual([['0.25', undefined], [HOUR]])
    await until(NOW + HOUR)
    expect(holds()).toEqual(['0.40', NOW + HOUR])
  })
  it('is withdrawn by a newer one of what holds, and not by an older one that comes late', async () => {
    const { say, until, holds } = await waiting()
    say('0.40', { issuedUtcMs: NOW + 2, fromUtcMs: NOW + HOUR })
    say('0.90', { issuedUtcMs: NOW + 1, fromUtcMs: NOW + HOUR / 2 })
    await until(NOW + HOUR / 2)
    expect(holds()).toEqual(['0.25', undefined])
    say('0.25', { issuedUtcMs: NOW + 3 })
    await until(NOW + 2 * HOUR)
    expect(holds()).toEqual(['0.25', undefined])
  })
  it('holds from no earlier time than was announced, and from none once another one was in between', async () => {
    const { say, until, holds } = await waiting()
    say('0.40', { issuedUtcMs: NOW + 1, fromUtcMs: NOW + HOUR })
    say('0.40', { issuedUtcMs: NOW + 2, fromUtcMs: NOW - HOUR })
    await until(NOW + 1)
    expect(holds()).toEqual(['0.40', undefined])
    say('0.50', { issuedUtcMs: NOW + 3, fromUtcMs: NOW + HOUR })
    await until(NOW + HOUR)
    expect(holds()).toEqual(['0.50', NOW + HOUR])
    say('0.25', { issuedUtcMs: NOW + 4 })
    await until(NOW + 2 * HOUR)
    say('0.50', { issuedUtcMs: NOW + 5, fromUtcMs: NOW + HOUR })
    await until(NOW + 3 * HOUR)
    expect(holds()).toEqual(['0.50', undefined])
  })
  it('is not taken sooner because the clock is not good for a while', async () => {
    const { say, until, holds, time } = await waiting()
    const next = { issuedUtcMs: NOW + 1, fromUtcMs: NOW + HOUR }
    time.isGood = false
    say('0.40', next)
    await until(NOW + 1)
    expect(holds()).toEqual(['0.25', undefined])
    time.isGood = true
    say('0.40', next)
    time.isGood = false
    say('0.40', { ...next, issuedUtcMs: NOW + 2 })
    await until(NOW + 2)
    expect(holds()).toEqual(['0.25', undefined])
    time.isGood = true
    await until(NOW + HOUR)
    expect(holds()).toEqual(['0.40', NOW + HOUR])
  })
})

describe('prices', () => {
  const at = (shelf: Awaited<ReturnType<typeof customer>>['shelf'], hour: number) => {
    const price = shelf.prices('sun')?.at(NOW + hour * 3_600_000)
    return price === undefined ? undefined : Number(price.top) / Number(price.bottom)
  }
  it('are replaced by later ones, but for what has begun', async () => {
    const { shelf } = await customer({})
    shelf.hearPrices(sun, push())
    shelf.hearPrices(sun, push({ issuedUtcMs: NOW + 1, perKwh: ['9', '0.50'] }))
    shelf.hearPrices(sun, push({ issuedUtcMs: NOW, perKwh: ['8', '8'] }))
    shelf.hearPrices({ ...sun, organisation: 'moon' } as Credential, push({ issuedUtcMs: NOW + 2, perKwh: ['7', '7'] }))
    expect([at(shelf, 0), at(shelf, 1), at(shelf, 2)]).toEqual([0.3, 0.5, undefined])
  })
  it('of a time that was over when they were first said do not count', async () => {
    const { shelf } = await customer({})
    shelf.hearPrices(sun, push({ startUtcMs: NOW - 7_200_001, perKwh: ['9', '9', '0.30', '0.40'] }))
    expect([-2, -1, -0.5, 0, 1].map(hour => at(shelf, hour))).toEqual([undefined, undefined, undefined, 0.3, 0.4])
  })
  it('that begin at another minute do not change what is over of one that holds', async () => {
    const { shelf } = await customer({})
    shelf.hearPrices(sun, push({ startUtcMs: NOW - 1_800_000, perKwh: ['0.30', '0.40'] }))
    shelf.hearPrices(sun, push({ issuedUtcMs: NOW + 1, startUtcMs: NOW - 1_740_000, perKwh: ['9', '0.50'] }))
    expect([-0.5, -0.25, 0, 0.25, 0.75].map(hour => at(shelf, hour))).toEqual([0.3, 0.3, 0.3, 0.3, 0.5])
  })
  it('of another length leave those that hold as they are', async () => {
    const first = await customer({})
    first.shelf.hearPrices(sun, push({ startUtcMs: NOW - 1_800_000, perKwh: ['0.30', '0.40', '0.50'] }))
    // Half of the hour is over. Quarters of it are offered that cost more, and quarters of the next ones.
    const quarters = { issuedUtcMs: NOW + 1, startUtcMs: NOW - 1_800_000, minutes: 15 }
    first.shelf.hearPrices(sun, push({ ...quarters, perKwh: ['9', '9', '9', '8', '7', '6'] }))
    const course = (shelf: typeof first.shelf) => [-0.5, -0.25, 0, 0.25, 0.5, 0.75, 1, 1.5].map(hour => at(shelf, hour))
    expect(course(first.shelf)).toEqual([0.3, 0.3, 0.3, 8, 7, 6, undefined, 0.5])
    await flush()
    await first.store.close()
    const again = await customer({}, first.disk)
    expect(course(again.shelf)).toEqual(course(first.shelf))
    // And back to hours: what was said of quarters to come goes.
    again.shelf.hearPrices(sun, push({ issuedUtcMs: NOW + 2, startUtcMs: NOW + 1_800_000, perKwh: ['0.20'] }))
    expect(course(again.shelf)).toEqual([0.3, 0.3, 0.3, 8, 0.2, 0.2, 0.2, 0.5])
  })
  it('in another currency than the tariff are not taken, and that is an alarm', async () => {
    const { shelf, reports } = await customer({ sun: flat('0.25') })
    shelf.hearPrices(sun, push({ currency: 'USD' }))
    expect(at(shelf, 0)).toBe(0.3) // no tariff is known yet that would be in another one
    shelf.hear(sun, offerOf(flat('0.25')))
    await flush()
    expect(at(shelf, 0)).toBeUndefined()
    shelf.hearPrices(sun, push({ currency: 'USD', issuedUtcMs: NOW + 1 }))
    shelf.hearPrices(sun, push({ currency: 'USD', issuedUtcMs: NOW + 2 }))
    expect(reports.slice(2)).toEqual(['alarm prices in USD, its tariff is in EUR'])
    shelf.hearPrices(sun, push({ issuedUtcMs: NOW + 3 }))
    expect(at(shelf, 1)).toBe(0.4)
  })
  it('reach a thousand IEDs with one message each', async () => {
    const all = await Promise.all(Array.from({ length: 1_000 }, () => customer({})))
    const bytes = pricePush.encode(push({ perKwh: Array.from({ length: 96 }, (_, n) => `0.${100 + n}`) }))
    const before = performance.now()
    for (const { shelf } of all) shelf.hearPrices(sun, pricePush.decode(bytes))
    const ms = performance.now() - before
    console.info(
      `1,000 IEDs decoded and took 96 prices (${bytes.length} bytes, one message each) in ${ms.toFixed(0)} ms`,
    )
    expect(all.every(({ shelf }) => at(shelf, 0) === 0.1)).toBe(true)
    expect(ms).toBeLessThan(20_000)
  })
})

const source = {
  meters: async () => ['R3'],
  async *readings(_: string, from: number, to: number): AsyncGenerator<Reading> {
    for (let n = 0; n < 96; n++) {
      const each = reading(n, BigInt(n) * 1_000n, 1_000n)
      if (each.startUtcMs >= from && each.startUtcMs < to) yield each
    }
  },
}

describe('a bill over a change of contract', () => {
  it('is one for each, by the tariff that held, and the same after a restart', async () => {
    const store = openMemoryStore()
    const first = await keptContracts(store)
    const recorded = async () => {}
    const grid = { supplier: 'grid', stayUntilUtcMs: 0, sha256: 'aa', text: flat('0.50'), fromUtcMs: 0, after: 0 }
    const sun = { ...grid, supplier: 'sun', sha256: 'bb', text: flat('0.25'), fromUtcMs: 24 * 900_000 }
    await first.agree(grid, recorded, async () => false)
    await first.agree(sun, recorded, async () => false)
    const spans = (await keptContracts(store)).spans().map(span => ({ ...span, prices: undefined }))
    const day = { from: '1970-01-01', to: '1970-01-02' }
    const agreed = { ...source, contracts: async () => spans }
    const answer = (await answerBills('bill', day, undefined, agreed, 86_400_000)) as {
      bills: { total: string; importKwh: string }[]
    }
    expect(answer.bills.map(({ total, importKwh }) => [importKwh, total])).toEqual([
      ['24.000', '12.00'],
      ['72.000', '18.00'],
    ])
  })
})

describe('an IED and a back end', () => {
  it('compute the same cost of the same readings', async () => {
    const ledger = await ledgerOn(openMemoryStore())
    for (let n = 0; n < 96; n++) await ledger.append('billing', readingBytes(n, BigInt(n) * 1_000n, 1_000n))
    const tariffs = [{ supplier: 'sun', tariff: parseTariff(flat('0.25'), 'x'), prices: undefined, current: true }]
    const own = ownIntervals(ledger, { keepMs: 86_400_000, timeZone: 'UTC', hasGenerator: true })
    const atIed = costRows({ meter: 'R3', loads: [], intervals: await own.now(80_000_000), kw: 4 }, tariffs, 80_000_000)
    const collected: Reading[] = []
    for await (const each of source.readings('R3', 0, 86_400_000)) collected.push(each)
    const intervals = intervalsOf(collected, 'UTC', 80_000_000)
    expect(costRows({ meter: 'R3', loads: [], intervals, kw: 4 }, tariffs, 80_000_000)).toEqual(atIed)
    expect(atIed[0]).toMatchObject({ perHour: '1.0000', perKwh: '0.25' })
  })
})

describe('the scheduled bill', () => {
  it('goes into the ledger once for each day that is over', async () => {
    const ledger = await ledgerOn(openMemoryStore())
    // Local midnight in Chicago is 06:00 UTC: an hour of the first day, and the whole next one.
    for (let n = 20; n < 20 + 100; n++) await ledger.append('billing', readingBytes(n, BigInt(n) * 1_000n, 1_000n))
    const wakes: (() => void)[] = []
    const reports: Record<string, unknown>[] = []
    const FLAT = fileURLToPath(new URL('../../topology/tariffs/flat.yaml', import.meta.url))
    const running = await billingComponent.start({
      config: { billing: { tariff: FLAT, cycle: 'daily' } },
      ledger,
      store: openMemoryStore(),
      clock: {
        now: () => instant(0),
        utc: () => utcMs(121 * 900_000),
        utcGood: () => true,
        wakeAt(_: number, run: () => void) {
          wakes.push(run)
          return nothing
        },
      },
      bus: bus(nothing),
      log: { warn: nothing },
      report: (event: string, fields: Record<string, unknown>) => void reports.push({ event, ...fields }),
    } as unknown as ComponentContext)
    for (let look = 0; look < 2; look++) {
      wakes[look]?.()
      await expect.poll(() => wakes.length, { timeout: 20_000 }).toBe(look + 2)
    }
    await running.stop()
    const billed = reports.filter(({ event }) => event === 'billed')
    expect(reports.filter(({ event }) => event === 'alarm')).toEqual([])
    expect(billed.map(({ importKwh }) => importKwh)).toEqual(['4.000', '96.000'])
    const last = await ledger.last('billing', content => billIn(content) !== undefined)
    expect(last?.body && billIn(last.body.content)?.importKwh).toBe(billed.at(-1)?.importKwh)
  })
})
