// Generation management in an agent: what runs at which price, curtailing, a load on its second source, and restarts.

import { describe, expect, it } from 'vitest'
import { memoryHal } from '../../src/hal/memory-hal.ts'
import { generationManagement } from '../../src/node/components/generation-management.ts'
import { parseAgentConfig } from '../../src/node/config.ts'
import { exampleConfig } from '../../src/node/example-config.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { managedAgent } from './managed-agent.ts'

const day = [
  { from: '00:00', perKwh: '0.15' },
  { from: '06:00', perKwh: '0.35' },
  { from: '18:00', perKwh: '0.25' },
]
const at = (name: string, section: Record<string, unknown>, more = {}) =>
  managedAgent({
    name,
    component: generationManagement,
    config: { generationManagement: { price: { schedule: day }, ...section } },
    ...more,
  })
const generator = { name: 'G2', kw: 100, fuelPerKwh: '0.20', minRunMinutes: 60, minStopMinutes: 60 }
const withoutTimes = (orders: readonly string[]): string[] => orders.map(each => each.split('@')[0] ?? '')

describe('a master', () => {
  /** 150 kW are drawn on the site; what the generator gives is not bought. */
  const play = async (minutes: number, section: Record<string, unknown>) => {
    const agent = await at('relay', section)
    let runs = section.standby !== true
    await agent.until(minutes, () => {
      const last = withoutTimes(agent.orders).findLast(each => each.startsWith('generator'))
      if (last !== undefined) runs = !last.includes('disconnect')
      agent.measure(150 - (runs ? 100 : 0))
    })
    return agent
  }

  it('stops the generator while buying is cheaper, lets it run when it is dearer, and renews what lasts', async () => {
    const agent = await play(8 * 60, { generators: [generator] })
    const orders = withoutTimes(agent.orders)
    expect(orders[0]).toBe('generator disconnect 10')
    expect(orders.at(-1)).toBe('generator release')
    expect(new Set(orders.slice(0, -1))).toEqual(new Set(['generator disconnect 10']))
    const [stopped, ran] = agent.reports.filter(({ event }) => event === 'dispatched')
    // 0.20 × 100 + 0.15 × 50 against 0.15 × 150.
    expect(stopped?.words).toBe('minimise cost: 27.50 → 22.50 an hour')
    expect(ran?.atMs).toBeGreaterThanOrEqual(6 * 3_600_000)
    expect(ran?.atMs).toBeLessThanOrEqual(6 * 3_600_000 + 61_000)
    expect(ran?.words).toBe('minimise cost: 52.50 → 37.50 an hour')
  })

  it('switches no more often than the least times allow', async () => {
    const agent = await play(6 * 60 + 30, {
      generators: [{ ...generator, minStopMinutes: 7 * 60 }],
    })
    expect(agent.reports.filter(({ event }) => event === 'dispatched')).toHaveLength(1)
  })

  it('does nothing on what it does not measure, and says so', async () => {
    const agent = await at('relay', { generators: [generator] })
    await agent.until(30)
    expect(agent.orders).toEqual([])
    expect(agent.facts('generation')).toMatchObject({ why: 'the power at this IED is not measured' })
  })
})

describe('the IED of the generator itself', () => {
  it('stops it through its load desk, and after a restart knows and lets it run', async () => {
    const config = { generators: [{ ...generator, minRunMinutes: 0, minStopMinutes: 0 }] }
    const first = await at('generator', config)
    await first.until(10, () => first.measure(50))
    expect(first.hal.operated).toEqual(['open'])
    first.store.crash()
    const second = await at('generator', config, { disk: first.disk, hal: first.hal, startUtc: '2026-06-01T05:50:00Z' })
    await second.until(9, () => second.measure(150))
    expect(first.hal.operated).toEqual(['open'])
    await second.until(15, () => second.measure(150))
    expect(first.hal.operated).toEqual(['open', 'close'])
  })

  it('curtails by an output of the device to keep the export limit', async () => {
    const hal = memoryHal({ now: () => instant(0), utc: () => utcMs(0), outputs: ['limit-60'] })
    hal.show({ status: { position: 'closed', pickup: false } })
    const agent = await at(
      'generator',
      { generators: [{ name: 'G2', kw: 100, levels: [{ kw: 60, output: 'limit-60' }] }], exportLimitKw: 10 },
      { hal },
    )
    // 70 kW are drawn: 30 would be exported.
    await agent.until(3, () => agent.measure(hal.driven.at(-1) === 'limit-60 on' ? 10 : -30))
    expect(hal.driven).toEqual(['limit-60 on'])
    expect(hal.operated).toEqual([])
  })

  it('leaves one alone that somebody has stopped', async () => {
    const agent = await at('generator', { generators: [{ ...generator, fuelPerKwh: '0' }] })
    agent.hal.show({ status: { position: 'open', pickup: false } })
    await agent.status()
    await agent.until(5, () => agent.measure(150))
    expect(agent.hal.operated).toEqual([])
  })
})

describe('a load with two sources', () => {
  const transfers = [{ load: 'L2', kw: 50, first: 'R2', second: 'T4', secondPerKwh: '0.30', minMinutes: 0 }]
  it('goes to the second one while that is cheaper: first open, then close', async () => {
    const agent = await at('relay', { transfers }, { startUtc: '2026-06-01T05:55:00Z' })
    await agent.until(10, () => agent.measure(150))
    expect(withoutTimes(agent.orders)).toEqual(['recloser open', 'tie close'])
    expect(agent.facts('generation')).toMatchObject({ units: [{ name: 'L2', wanted: 'second source' }] })
    expect(agent.reports.filter(({ event }) => event === 'load-transferred')).toHaveLength(1)
  })

  it('is where a person has switched it, and goes from there', async () => {
    const agent = await at('relay', { transfers }, { startUtc: '2026-06-01T05:00:00Z' })
    await agent.until(10, () => agent.measure(150))
    agent.switched('R2', 'open')
    agent.switched('T4', 'closed')
    // Buying is the cheaper way until six: it is brought back from where it was found.
    await agent.until(20, () => agent.measure(100))
    const words = agent.reports.filter(({ event }) => event === 'load-transferred').map(each => each.words)
    expect(words[0]).toBe('found on its second source: it was moved by another hand')
    expect(withoutTimes(agent.orders)).toEqual(['tie open', 'recloser close'])
  })

  it('is not closed onto anything after an order of which nobody knows what came', async () => {
    const agent = await at('relay', { transfers }, { startUtc: '2026-06-01T05:55:00Z', order: () => 'unknown' })
    await agent.until(30, () => agent.measure(150))
    expect(withoutTimes(agent.orders)).toEqual(['recloser open'])
    expect(agent.reports.filter(({ alarm }) => alarm === 'load-transfer')).toHaveLength(1)
  })

  it('that a restart interrupted begins with opening again', async () => {
    const options = { startUtc: '2026-06-01T06:00:00Z' }
    const never = new Promise<never>(() => {})
    const first = await at('relay', { transfers }, { ...options, order: () => never })
    await first.until(2, () => first.measure(150))
    expect(withoutTimes(first.orders)).toEqual(['recloser open'])
    first.store.crash()
    const second = await at('relay', { transfers }, { ...options, disk: first.disk })
    await second.until(2)
    expect(withoutTimes(second.orders)).toEqual(['recloser open', 'tie close'])
  })
})

describe('what is wrong in generationManagement is said', () => {
  const wrong = (section: string): string => {
    try {
      parseAgentConfig(`${exampleConfig}\ngenerationManagement: ${section}`, 'ied.yaml')
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }
  it.each([
    ['{}', /want generators or transfers/],
    ['{ goal: win, generators: [{ name: a }] }', /goal/],
    ['{ generators: [{ name: a }, { name: a }] }', /each generator and load once/],
    [
      `{ generators: [${Array.from({ length: 16 }, (_, n) => `{ name: g${n}, levels: [{ kw: 1, output: o }] }`).join(', ')}] }`,
      /plans to compare/,
    ],
  ] as const)('%s', (section, says) => expect(wrong(section)).toMatch(says))
})
