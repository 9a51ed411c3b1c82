// A back end asks an IED for a range of its ledger: what it gets, what it does not, and what happens to answers on the way.

import { describe, expect, it } from 'vitest'
import type { RangeAnswer, RangePart } from '../../src/aggregation/range.ts'
import { type RecordClass, recordClasses } from '../../src/aggregation/record.ts'
import type { AskRange } from '../../src/node/range-questions.ts'
import { keys } from '../aggregation/fixtures.ts'
import { askedSite } from './asked-site.ts'

type Site = Awaited<ReturnType<typeof askedSite>>
type BackEnd = Awaited<ReturnType<Site['backEnd']>>

const range = (site: Site, fromMs: number, toMs: number, classes: readonly RecordClass[] = recordClasses) => ({
  ied: 'R3',
  range: { fromUtcMs: site.at(fromMs), toUtcMs: site.at(toMs), classes },
  by: 'viewer',
})

async function ended(site: Site, { asks }: BackEnd, id: string, withinMs = 600_000) {
  const end = site.scheduler.now() + withinMs
  while (asks.of(id)?.state === 'going' && site.scheduler.now() < end)
    await site.scheduler.runUntil(site.scheduler.now() + 100)
  return asks.of(id)
}

/** The records with bodies that the back end has. */
async function bodies(site: Site, { collector }: BackEnd): Promise<number[]> {
  const found: number[] = []
  for await (const { header, body } of collector.records({ ied: 'R3', ledgerId: site.ledger.ledgerId }))
    if (body !== undefined) found.push(header.number)
  return found
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n)

/** 150 records, one a second, and an event with each tenth; the back end has nothing of them yet. */
async function withRecords(): Promise<Site> {
  const site = await askedSite()
  for (let n = 1; n <= 150; n++) await site.append(1, n % 10 === 0 ? 'event' : 'billing', 1000)
  return site
}

describe('a range of a ledger', () => {
  it('comes with its bodies, and of what is outside the headers alone', async () => {
    const site = await withRecords()
    const backEnd = await site.backEnd()
    // Record n was written at second n: from the 51st on, before the 76th.
    const id = await backEnd.asks.ask(range(site, 51_000, 76_000))
    expect(await ended(site, backEnd, id)).toMatchObject({ state: 'whole', upTo: 150, lacking: 0, gone: 0 })
    expect(await bodies(site, backEnd)).toEqual(numbers(51, 75))
    const [head] = await backEnd.collector.heads('R3')
    expect(head).toMatchObject({ number: 150, chainHash: site.ledger.head().chainHash })
    expect(backEnd.reports).toMatchObject([{ event: 'history-asked', ied: 'R3', state: 'whole' }])
  })

  it('is of the classes that were asked for', async () => {
    const site = await withRecords()
    const backEnd = await site.backEnd()
    const id = await backEnd.asks.ask(range(site, 0, 100_000, ['event']))
    expect(await ended(site, backEnd, id)).toMatchObject({ state: 'whole' })
    expect(await bodies(site, backEnd)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90])
  })

  it('goes by the time at which each was written, also where the clock was set back', async () => {
    const site = await askedSite()
    await site.append(100, 'billing', 1000)
    site.jumpUtc(-50_000)
    await site.append(100, 'billing', 1000)
    const backEnd = await site.backEnd()
    const id = await backEnd.asks.ask(range(site, 60_000, 70_000))
    expect(await ended(site, backEnd, id)).toMatchObject({ state: 'whole' })
    expect(await bodies(site, backEnd)).toEqual([...numbers(60, 69), ...numbers(110, 119)])
  })

  it('is not sent again where the back end has it', async () => {
    const site = await withRecords()
    const backEnd = await site.backEnd()
    await ended(site, backEnd, await backEnd.asks.ask(range(site, 50_000, 76_000)))
    const before = site.asked.length
    await ended(site, backEnd, await backEnd.asks.ask(range(site, 50_000, 76_000)))
    // One question, to learn where the ledger ends.
    expect(site.asked.length).toBe(before + 1)
  })

  it('is filled with the roll-up beside it, each record once, and the roll-up brings the rest', async () => {
    const site = await withRecords()
    const backEnd = await site.backEnd()
    const id = await backEnd.asks.ask(range(site, 120_000, 151_000))
    await site.scheduler.runUntil(site.scheduler.now() + 300)
    const rolled = site.roll(backEnd)
    expect(await ended(site, backEnd, id)).toMatchObject({ state: 'whole' })
    await site.scheduler.runUntil(site.scheduler.now() + 60_000)
    await rolled
    const again = site.roll(backEnd)
    await site.scheduler.runUntil(site.scheduler.now() + 60_000)
    await again
    expect(await bodies(site, backEnd)).toEqual(numbers(1, 150)) // twice would have thrown
    expect(site.source.pending('BE1')).toBe(0)
  })

  it('of what this back end may not have is nothing, and says so', async () => {
    const site = await withRecords()
    site.grant(['event'])
    const backEnd = await site.backEnd()
    const none = await backEnd.asks.ask(range(site, 0, 50_000, ['billing']))
    expect(await ended(site, backEnd, none)).toMatchObject({
      state: 'refused',
      words: expect.stringContaining('entitled'),
    })
    const some = await backEnd.asks.ask(range(site, 0, 50_500, ['billing', 'event']))
    expect(await ended(site, backEnd, some)).toMatchObject({ state: 'lacking', lacking: 45 })
    expect(await bodies(site, backEnd)).toEqual([10, 20, 30, 40, 50])
  })

  it('that the IED keeps no more is said to be gone, by its own word', async () => {
    const site = await askedSite()
    await site.append(600, 'event', 100)
    const dropped = await site.ledger.drop({ class: 'event', reason: 'quota', upTo: 200 })
    expect(dropped).toMatchObject({ from: 1, to: 200 })
    const backEnd = await site.backEnd()
    const id = await backEnd.asks.ask(range(site, 15_000, 25_100)) // records 150 to 250
    expect(await ended(site, backEnd, id)).toMatchObject({
      state: 'whole',
      lacking: 0,
      gone: 51,
      words: expect.stringContaining('51 bodies are kept no more'),
    })
    expect(await bodies(site, backEnd)).toEqual([...numbers(201, 250), dropped?.number])
    expect((await backEnd.collector.alarms()).map(({ kind }) => kind)).toEqual(['dropped'])
  })
})

/** Does something to the answers; the n-th is passed with its number. */
const inBetween = (
  site: Site,
  change: (answer: RangeAnswer, n: number) => RangeAnswer | Promise<RangeAnswer>,
): AskRange => {
  let n = 0
  return async (...given) => change(await site.over(...given), n++)
}

const forged = (part: RangePart): RangePart => {
  const [first, ...rest] = part.batch.records
  if (first?.body === undefined) return part
  const body = { ...first.body, content: first.body.content.map(byte => byte ^ 1) }
  return { ...part, batch: { ...part.batch, records: [{ header: first.header, body }, ...rest] } }
}
const stripped = (part: RangePart): RangePart => ({
  ...part,
  batch: { ...part.batch, records: part.batch.records.map(({ header }) => ({ header })) },
})
const shortened = (part: RangePart): RangePart => {
  const end = { ...part.end, number: 20 }
  return { ...part, end }
}
const otherKey = (part: RangePart): RangePart => {
  const { signature: _, ...head } = part.batch.head
  return { ...part, batch: { ...part.batch, head: { ...head, signature: keys('somebody').sign(head.chainHash) } } }
}

describe('answers on their way', () => {
  const ask = async (site: Site, way: AskRange): Promise<BackEnd> => {
    const backEnd = await site.backEnd(way)
    const id = await backEnd.asks.ask(range(site, 51_000, 121_000))
    expect(await ended(site, backEnd, id, 3_600_000)).toMatchObject({ state: 'whole', lacking: 0 })
    expect(await bodies(site, backEnd)).toEqual(numbers(51, 120))
    return backEnd
  }

  it('may be lost', async () => {
    const site = await withRecords()
    await ask(
      site,
      inBetween(site, (answer, n) => (n % 3 === 2 ? answer : Promise.reject(new Error('lost')))),
    )
  })

  it('may come late, after the next question was answered, and twice', async () => {
    const site = await withRecords()
    let last: RangeAnswer | undefined
    await ask(
      site,
      inBetween(site, (answer, n) => {
        const given = n % 2 === 1 && last !== undefined ? last : answer
        last = answer
        return given
      }),
    )
  })

  it.each([
    ['a body is altered', forged],
    ['bodies are left out', stripped],
    ['the ledger is said to end earlier', shortened],
    ['they are signed by another key', otherKey],
  ])('may be forged: %s', async (_, change) => {
    const site = await withRecords()
    await ask(
      site,
      inBetween(site, (answer, n) => (n % 2 === 0 && answer.kind === 'part' ? change(answer) : answer)),
    )
  })

  it('go by the other way when one fails', async () => {
    const site = await withRecords()
    await ask(site, (question, way, signal) =>
      way === 'straight' ? Promise.reject(new Error('not known')) : site.over(question, way, signal),
    )
    expect(new Set(site.asked.map(({ way }) => way))).toEqual(new Set(['through']))
  })

  it('that never come end it after a day', async () => {
    const site = await withRecords()
    const backEnd = await site.backEnd(() => Promise.reject(new Error('nobody is there')))
    const id = await backEnd.asks.ask(range(site, 0, 10_000))
    await site.scheduler.runUntil(site.scheduler.now() + 23 * 3_600_000)
    expect(backEnd.asks.of(id)?.state).toBe('going')
    await site.scheduler.runUntil(site.scheduler.now() + 2 * 3_600_000)
    expect(backEnd.asks.of(id)).toMatchObject({ state: 'silent', words: 'nobody is there' })
  })
})

describe('a back end that is killed meanwhile', () => {
  it('goes on with the range, and takes nothing twice', async () => {
    const site = await withRecords()
    const had = new Set<number>()
    let backEnd = await site.backEnd()
    const id = await backEnd.asks.ask(range(site, 1_000, 151_000))
    for (let kills = 0; kills < 4; kills++) {
      await site.scheduler.runUntil(site.scheduler.now() + 80)
      backEnd.kill()
      for (const number of backEnd.arrived.keys()) {
        expect(had.has(number)).toBe(false)
        had.add(number)
      }
      expect(backEnd.asks.of(id)?.state).toBe('going')
      backEnd = await site.backEnd()
      expect(backEnd.asks.of(id)?.state).toBe('going')
    }
    expect(had.size).toBeGreaterThan(0)
    expect(await ended(site, backEnd, id)).toMatchObject({ state: 'whole' })
    expect(await bodies(site, backEnd)).toEqual(numbers(1, 150))
  })
})
