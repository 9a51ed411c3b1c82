// Load management in an agent: the day with the price limits of $0.80 from 6 to 18 h and $0.60 otherwise, daylight saving,
// demand limits, and what outlives a restart.

import { describe, expect, it } from 'vitest'
import { loadManagement } from '../../src/node/components/load-management.ts'
import { parseAgentConfig } from '../../src/node/config.ts'
import { exampleConfig } from '../../src/node/example-config.ts'
import { localTimeIn } from '../../src/node/local-time.ts'
import { managedAgent } from './managed-agent.ts'

const LIMITS = [
  { from: '06:00', perKwh: '0.80' },
  { from: '18:00', perKwh: '0.60' },
]
const PRICES = [
  { from: '00:00', perKwh: '0.55' },
  { from: '05:00', perKwh: '0.600001' },
  { from: '06:30', perKwh: '0.75' },
  { from: '12:00', perKwh: '0.800001' },
  { from: '14:00', perKwh: '0.80' },
  { from: '17:00', perKwh: '0.70' },
  { from: '20:00', perKwh: '0.60' },
]
const at = (section: Record<string, unknown>) => ({
  loadManagement: {
    timeZone: 'America/Chicago',
    limits: LIMITS,
    price: { schedule: PRICES },
    loads: [{ name: 'L2', minOnSeconds: 0, minOffSeconds: 0 }],
    restoreSpreadSeconds: 0,
    ...section,
  },
})
const meter = (section: Record<string, unknown> = {}, more = {}) =>
  managedAgent({ name: 'meter', component: loadManagement, config: at(section), ...more })

type Agent = Awaited<ReturnType<typeof meter>>
const clockText = (agent: Agent, startUtc: string) =>
  agent.reports
    .filter(({ event }) => event === 'operated')
    .map(({ atMs, operation }) => {
      const { minuteOfDay } = localTimeIn('America/Chicago')(Date.parse(startUtc) + Math.floor(atMs / 60_000) * 60_000)
      return `${operation} ${String(Math.floor(minuteOfDay / 60)).padStart(2, '0')}:${String(minuteOfDay % 60).padStart(2, '0')}`
    })

describe('a day with limits of 0.80 from 6 to 18 h and 0.60 otherwise', () => {
  const day = ['shed 05:00', 'restore 06:00', 'shed 12:00', 'restore 14:00', 'shed 18:00', 'restore 20:00']
  it.each([
    ['in summer', '2026-06-01T05:00:00Z', 24],
    ['of 25 hours', '2026-11-01T05:00:00Z', 25],
    ['of 23 hours', '2026-03-08T06:00:00Z', 23],
  ])('%s: the load is off whenever the price exceeds the limit, and only then', async (_, startUtc, hours) => {
    const agent = await meter({}, { startUtc })
    await agent.until(hours * 60 - 1)
    expect(clockText(agent, startUtc)).toEqual(day)
    expect(
      agent.reports.filter(({ event }) => event === 'load-off').map(({ perKwh, limitPerKwh }) => [perKwh, limitPerKwh]),
    ).toEqual([
      ['0.600001', '0.60'],
      ['0.800001', '0.80'],
      ['0.70', '0.60'],
    ])
    await agent.stop()
  })
})

describe('a price by order', () => {
  it('counts at once, before the schedule, for its time, and after a restart', async () => {
    const first = await meter({ price: { schedule: [{ from: '00:00', perKwh: '0.10' }] } })
    await first.until(1)
    expect(await first.price('0.90', 60)).toMatchObject({ result: 'done' })
    await first.until(2)
    expect(first.hal.operated).toEqual(['shed'])
    first.store.crash()
    const second = await meter(
      { price: { schedule: [{ from: '00:00', perKwh: '0.10' }] } },
      { disk: first.disk, hal: first.hal, startUtc: '2026-06-01T00:10:00Z' },
    )
    await second.until(50)
    expect(second.hal.operated).toEqual(['shed'])
    await second.until(52)
    expect(second.hal.operated).toEqual(['shed', 'restore'])
  })

  it('without any other price keeps the load off for the blind time, and then brings it back', async () => {
    const agent = await meter({ price: { schedule: [] }, blindMinutes: 30 })
    await agent.price('0.90', 10)
    await agent.until(1)
    expect(agent.hal.operated).toEqual(['shed'])
    await agent.until(39)
    expect(agent.hal.operated).toEqual(['shed'])
    await agent.until(41)
    expect(agent.hal.operated).toEqual(['shed', 'restore'])
  })

  it('takes the fallback when there is one', async () => {
    const agent = await meter({ price: { schedule: [], fallbackPerKwh: '0.99' } })
    await agent.until(1)
    expect(agent.hal.operated).toEqual(['shed'])
  })

  it('is not judged by a clock that is not good', async () => {
    const agent = await meter({}, { startUtc: '2026-06-01T17:30:00Z' }) // 12:30 in Chicago: over the limit
    agent.setGood(false)
    await agent.until(1)
    expect(agent.facts('load')).toMatchObject({ perKwh: null, limitPerKwh: null })
  })
})

describe('a demand limit', () => {
  const demand = { limitKw: 100, windowMinutes: 15, marginKw: 5 }
  const master = (more = {}) =>
    managedAgent({
      name: 'relay',
      component: loadManagement,
      config: {
        loadManagement: {
          demand,
          loads: [
            { name: 'L2', kw: 40, priority: 8, minOnSeconds: 0, minOffSeconds: 60 },
            { name: 'L3', kw: 30, priority: 3, minOnSeconds: 0, minOffSeconds: 60 },
          ],
          restoreSpreadSeconds: 0,
          restoreGapSeconds: 0,
          settleSeconds: 90,
        },
      },
      ...more,
    })

  it('of a master IED orders the loads of others off, renews that, and gives them back', async () => {
    const agent = await master()
    await agent.until(20, () => agent.measure(110))
    expect(agent.orders[0]).toBe('meter disconnect 10@1')
    // 10 kW too much are less than the 40 kW of L2; as they do not show, L3 follows.
    expect(agent.orders[1]).toBe('motor disconnect 10@3')
    expect(agent.orders).toContain('meter disconnect 10@6')
    await agent.until(40, () => agent.measure(20))
    expect(agent.orders.filter(each => each.includes('release')).map(each => each.split('@')[0])).toEqual([
      'motor release',
      'meter release',
    ])
    expect(agent.reports.filter(({ event }) => event === 'load-on')).toHaveLength(2)
  })

  it('keeps the mean of each window below it, of a load that would be 20 % above', async () => {
    const agent = await master()
    let off = 0
    const taken: number[] = []
    await agent.until(180, minute => {
      const words = agent.orders.map(each => each.split('@')[0] ?? '')
      off =
        (words.findLast(each => each.startsWith('meter'))?.includes('disconnect') ? 40 : 0) +
        (words.findLast(each => each.startsWith('motor'))?.includes('disconnect') ? 30 : 0)
      taken.push(120 - off)
      agent.measure(120 - off)
      expect(minute).toBe(taken.length)
    })
    for (let from = 14; from + 15 <= taken.length; from += 15) {
      const mean = taken.slice(from, from + 15).reduce((sum, kw) => sum + kw, 0) / 15
      expect(mean).toBeLessThanOrEqual(100.5)
    }
    // And it does not flap: with 40 kW off there is no room for them, so they stay off.
    expect(agent.reports.filter(({ event }) => event === 'load-on').length).toBeLessThanOrEqual(1)
  })

  it('that is not measured any more takes nothing off, and gives back what is off after the blind time', async () => {
    const agent = await master()
    await agent.until(5, () => agent.measure(110))
    agent.silent()
    const before = agent.orders.filter(each => each.includes('disconnect')).length
    await agent.until(34)
    expect(agent.orders.some(each => each.includes('release'))).toBe(false)
    await agent.until(40)
    expect(agent.orders.filter(each => each.includes('release'))).toHaveLength(before > 1 ? 2 : 1)
  })

  it('tells an order that was not carried out, once, and tries again', async () => {
    const agent = await master({ order: () => 'refused' })
    await agent.until(10, () => agent.measure(101))
    expect(agent.reports.filter(({ alarm }) => alarm === 'load-order-failed').map(({ ied }) => ied)).toEqual(
      expect.arrayContaining(['meter']),
    )
    expect(agent.orders.filter(each => each.startsWith('meter')).length).toBeGreaterThan(3)
    expect(agent.reports.filter(({ alarm, ied }) => alarm === 'load-order-failed' && ied === 'meter')).toHaveLength(1)
  })
})

describe('what is wrong in loadManagement is said with its line', () => {
  const wrong = (section: string): string => {
    try {
      parseAgentConfig(`${exampleConfig}\nloadManagement: ${section}`, 'ied.yaml')
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }
  it.each([
    ['{}', /want limits, demand, or both/],
    [
      '{ limits: [{ from: "06:00", perKwh: 0.80 }] }',
      /ied\.yaml:\d+: loadManagement\.limits\[0\]\.perKwh: .*in quotes/,
    ],
    ['{ limits: [{ from: "6:00", perKwh: "0.80" }] }', /want a time of day/],
    ['{ timeZone: Mars, demand: { limitKw: 5 } }', /want the name of a time zone/],
    ['{ demand: { limitKw: 5, window: rolling, windowMinutes: 15, stepMinutes: 4 } }', /without remainder/],
    ['{ demand: { limitKw: 5 }, loads: [{ name: a }, { name: a }] }', /each load once/],
  ] as const)('%s', (section, says) => expect(wrong(section)).toMatch(says))
  it('a load that nobody moves', async () => {
    await expect(meter({ loads: [{ name: 'L9' }] })).rejects.toThrow(/the feeder file has no load "L9"/)
  })
})
