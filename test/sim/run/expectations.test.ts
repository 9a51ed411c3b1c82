// Each kind of expectation, met and not met, in one run of the IEEE 13-node feeder.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkedScenario, shippedDir } from '../../../sim/run/read-scenario.ts'
import type { RunResult } from '../../../sim/run/result.ts'
import { runScenario } from '../../../sim/run/run-scenario.ts'
import type { SimScenarioInput } from '../../../sim/run/scenario-schema.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'

const path = join(shippedDir(), 'topology/feeders/ieee13.yaml')
const feeder = parseFeeder(readFileSync(path, 'utf8'), path)

const steps: SimScenarioInput['steps'] = [
  { atSeconds: 6, name: 'killed', crash: { agent: 'aggregator' } },
  { atSeconds: 8, name: 'sag', disturb: { section: 's671-692', residualPu: 0.3, forSeconds: 2 } },
  { atSeconds: 12, name: 'fault', fault: { section: 's684-652', kind: 'line-ground' } },
  { atSeconds: 16, name: 'gone', end: 'fault' },
  { atSeconds: 17, name: 'on', operate: { device: 'R684', to: 'closed' } },
  { atSeconds: 18, name: 'tampered', tamper: { meter: 'meter-675', registersShare: 0 } },
  { atSeconds: 20, name: 'mesh falls apart', partition: { groups: [['meter-634'], ['customer-backend']] } },
  { atSeconds: 21, name: 'dear', price: { perKwh: '0.60', loads: ['load-675'], share: 0.5, forSeconds: 4 } },
  { atSeconds: 22, name: 'unplugged', generator: { generator: 'G675', connected: false } },
]

type Row = NonNullable<SimScenarioInput['expect']>[number]
const cases: readonly (readonly [Row, boolean, RegExp])[] = [
  [{ trips: 'R684', after: 'fault', withinMs: 310 }, true, /^after 300\.0 ms$/],
  [{ trips: 'R684', after: 'fault', withinMs: 299 }, false, /^after 300\.0 ms$/],
  [{ trips: 'R684', after: 'fault', withinMs: 900, notBeforeMs: 301 }, false, /^after 300\.0 ms$/],
  [{ trips: 'R675', after: 'fault', withinMs: 900 }, false, /^it did not trip; in its place: R684$/],
  [{ opens: 'R684', after: 'fault', withinMs: 351 }, true, /^after 350\.0 ms$/],
  [{ opens: 'CB650', after: 'fault', withinMs: 351 }, false, /did not open/],
  [{ closes: 'R684', after: 'on', withinMs: 1 }, true, /^after 0\.0 ms$/],
  [{ closes: 'CB650', after: 'on', withinMs: 1 }, false, /did not close/],
  [{ staysClosed: ['CB650', 'R632'], after: 'fault' }, true, /^none of 2 opened$/],
  [{ staysClosed: ['CB650', 'R684'], after: 'fault' }, false, /^opened: R684 after 350\.0 ms$/],
  [{ staysClosed: 'others', after: 'fault' }, true, /^none of \d opened$/],
  [{ locksOut: 'CB650', after: 'fault', withinMs: 1000 }, false, /did not lock out/],
  [{ warned: 'downstream', after: 'sag' }, true, /^5 of 5 and nobody else, last after \d/],
  [{ warned: ['meter-692'], after: 'sag' }, false, /not meant: cap-675, gen-675, meter-675, recloser-675/],
  [{ warned: 'downstream', after: 'sag', withinMs: 0.1 }, false, /^5 of 5 and nobody else/],
  [{ warned: [], after: 'tampered' }, true, /^0 of 0/],
  [{ told: ['recloser-632', 'relay-650'], after: 'fault' }, true, /^2 of 2 and nobody else/],
  [{ told: ['recloser-632'], after: 'fault' }, false, /not meant: relay-650/],
  [{ told: ['recloser-632', 'relay-650', 'meter-634'], after: 'fault' }, false, /missing: meter-634/],
  [{ interrupted: ['load-611', 'load-652'], after: 'fault' }, true, /^2 loads, the longest for 4\.650 s$/],
  [{ interrupted: ['load-611'], after: 'fault' }, false, /interrupted as well: load-652/],
  [{ interrupted: [], after: 'fault', forAtLeastSeconds: 5 }, true, /^0 loads$/],
  [{ interrupted: [], after: 'sag', withinSeconds: 3 }, true, /^0 loads$/],
  [{ restored: 'all', after: 'on', withinSeconds: 1 }, true, /last after 0\.000 s$/],
  [{ restored: ['load-652'], after: 'fault', withinSeconds: 3 }, false, /^without supply: load-652$/],
  [{ customersInterrupted: { atMost: 73 } }, true, /^73 customers at 2 loads$/],
  [{ customersInterrupted: { atMost: 72 } }, false, /^73 customers/],
  [{ aggregatorReplaced: true, after: 'killed', withinMs: 2000 }, true, /in place of .*, term 2, after/],
  [{ aggregatorReplaced: true, after: 'killed', withinMs: 1 }, false, /in place of/],
  [{ readingsDelivered: ['meter-652'] }, true, /none lost, none twice$/],
  [{ readingsDelivered: ['meter-634'] }, false, /^utility-backend lacks \d+ of meter-634$/],
  [{ registeredShare: { meter: 'meter-675', atLeast: 0.5, atMost: 0.95 } }, true, /share of 0\.\d/],
  [{ registeredShare: { meter: 'meter-675', atLeast: 0.99 } }, false, /share of 0\.\d/],
  [{ running: ['meter-652', 'utility-backend'] }, true, /^2 run$/],
  [{ running: 'all' }, false, /^not running: /],
  [
    { happens: { event: 'price', by: 'world', where: { perKwh: '0.60' } }, after: 'dear' },
    true,
    /^once, first after 0/,
  ],
  [{ happens: { event: 'price' }, after: 'dear', atLeast: 2 }, false, /^once/],
  [{ happens: { event: 'operated', where: { operation: 'shed' } }, after: 'sag', atMost: 1 }, false, /^3 times/],
  [{ happens: { event: 'nonsense' } }, false, /^it did not happen$/],
  [{ doesNotHappen: { event: 'alarm', by: 'relay-650' } }, true, /^it did not$/],
  [{ doesNotHappen: { event: 'trip' }, after: 'sag', withinMs: 3000 }, true, /^it did not$/],
  [{ doesNotHappen: { event: 'trip' }, after: 'sag' }, false, /^once, first after 4300\.0 ms by field$/],
]

describe('expectations', () => {
  let result: RunResult
  beforeAll(async () => {
    const scenario = checkedScenario(
      {
        feedermesh: 1,
        simulation: 'expectations',
        feeder: 'ieee13',
        forSeconds: 32,
        // The relay alone, so that its times are known.
        agents: { 'recloser-671': { interlock: { fastTrip: false } } },
        readingSeconds: 5,
        forwardingSeconds: 2,
        steps,
        expect: cases.map(([entry]) => entry),
      },
      feeder,
    )
    result = await runScenario(scenario, feeder)
  })

  it.each(cases.map(([entry, ok, says], index) => ({ entry: JSON.stringify(entry), ok, says, index })))(
    '$entry: $ok',
    ({ ok, says, index }) => {
      expect(result.expectations[index]?.measured).toMatch(says)
      expect(result.expectations[index]?.ok).toBe(ok)
    },
  )
  it('make the whole run fail when one is not met', () => expect(result.ok).toBe(false))

  it('leave beside them who lost supply when, and what switched', () => {
    expect(result.supply).toEqual([
      { atMs: 12_350, load: 'load-611', customers: 42, supplied: false },
      { atMs: 12_350, load: 'load-652', customers: 31, supplied: false },
      { atMs: 17_000, load: 'load-611', customers: 42, supplied: true },
      { atMs: 17_000, load: 'load-652', customers: 31, supplied: true },
    ])
    expect(result.switching).toEqual([
      { atMs: 12_350, device: 'R684', position: 'open', kind: 'open' },
      { atMs: 17_000, device: 'R684', position: 'closed', kind: 'close' },
    ])
  })
  it('leave the voltages of each change: what the sag did, and what was dark', () => {
    const at = (ms: number) => result.voltages.find(({ atMs }) => atMs === ms)?.voltsPu
    expect(at(8000)?.['675']).toBeGreaterThan(0.25)
    expect(at(8000)?.['675']).toBeLessThan(0.301)
    expect(at(10_000)?.['675']).toBeGreaterThan(0.9)
    expect(Object.keys(at(12_350) ?? {})).not.toContain('652')
    expect(Object.keys(at(17_000) ?? {})).toContain('652')
  })
  it('leave the steps with their times, and who it was that the scenario called the aggregator', () => {
    const { steps: played } = result
    expect(played.map(({ name, atMs, endMs }) => [name, atMs, endMs])).toContainEqual(['sag', 8000, 10_000])
    expect(result.trace.events.find(({ event }) => event === 'crashed')).toMatchObject({ by: 'world', atMs: 6000 })
  })
})
