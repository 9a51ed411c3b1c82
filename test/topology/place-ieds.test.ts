import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createFeeder } from '../../topology/feeder.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { placeIeds } from '../../topology/place-ieds.ts'
import { readFeederFile } from '../../topology/read-any.ts'
import { writeFeeder } from '../../topology/write-feeder.ts'
import { feederOf } from './build-feeder.ts'
import { hasFeeders, MASTERS, WITHOUT } from './opendss/masters.ts'

const folder = new URL('../../topology/feeders/', import.meta.url)
const shipped = readdirSync(folder)
  .filter(name => name.endsWith('.yaml'))
  .map(name => ({ name, file: parseFeeder(readFileSync(new URL(name, folder), 'utf8'), name) }))

/** What every proposal has to keep, whatever the feeder. */
function expectComplete(given: FeederFile): void {
  const { file, devices, ieds } = placeIeds(given)
  expect(parseFeeder(writeFeeder(file), 'placed.yaml')).toEqual(file)
  expect(file.devices.slice(0, given.devices.length)).toEqual(given.devices)
  expect(file.devices.slice(given.devices.length).map(({ name }) => name)).toEqual(devices)
  expect(file.ieds.slice(given.ieds.length).map(({ name }) => name)).toEqual(ieds)

  const feeder = createFeeder(file)
  const operated = new Set(file.ieds.flatMap(({ operates }) => operates ?? []))
  const metered = new Set(file.ieds.flatMap(({ meters }) => meters))
  expect(file.sections.filter(({ name }) => feeder.observerOf(name) === undefined)).toEqual([])
  expect(file.loads.filter(({ name }) => !metered.has(name) && !operated.has(name))).toEqual([])
  const toOperate = [...file.devices.filter(({ kind }) => kind !== 'fuse'), ...file.generators, ...file.capacitors]
  expect(toOperate.filter(({ name }) => !operated.has(name))).toEqual([])
  expect(placeIeds(given)).toEqual(placeIeds(structuredClone(given)))
  // A proposal is complete: nothing more is proposed for it.
  expect(placeIeds(file).ieds).toEqual([])
}

describe.each(shipped)('placeIeds on $name', ({ file }) => {
  it('adds to what is there', () => expectComplete(file))
  it('begins where there is nothing but open ties', () =>
    expectComplete({ ...file, ieds: [], devices: file.devices.filter(({ normal }) => normal === 'open') }))
  it('begins with the devices alone', () => expectComplete({ ...file, ieds: [] }))
})

describe.skipIf(!hasFeeders)(`placeIeds on public feeders (${WITHOUT})`, () => {
  it.each(Object.entries(MASTERS))('is complete on %s', (_, path) => expectComplete(readFeederFile(path).feeder))
})

describe('placeIeds', () => {
  const kw = (node: string, each: number, customers = 0): FeederFile['loads'][number] => ({
    name: `load-${node}`,
    node,
    kw: { a: each, b: each, c: each },
    kvar: {},
    model: { power: 1, current: 0, impedance: 0 },
    customers,
    priority: 5,
    sheddableShare: 0,
  })
  const added = (text: string, change: (file: FeederFile) => void): Record<string, string> => {
    const given = feederOf(text, file => {
      file.ieds.length = 0
      change(file)
    })
    const { file, devices } = placeIeds(given)
    return Object.fromEntries(
      file.devices.filter(({ name }) => devices.includes(name)).map(({ section, kind }) => [section, kind]),
    )
  }

  it('puts a breaker behind the substation transformer', () => {
    const found = added('S-T T-A', file => {
      file.loads.push(kw('A', 100))
      file.transformers.push({
        name: 'sub',
        section: 'S-T',
        kva: 5000,
        primaryKv: 115,
        secondaryKv: 12.47,
        primary: 'delta',
        secondary: 'wye',
        resistancePercent: 1,
        reactancePercent: 8,
        noLoadLossPercent: 0,
        tapPu: 1,
      })
    })
    expect(found).toEqual({ 'T-A': 'breaker' })
  })

  it('puts a recloser on a lateral with 15 percent of the power and none on one with less', () => {
    const found = added('S-A A-B B-C A-X A-Y', file => {
      file.loads.push(kw('A', 200), kw('C', 50), kw('B', 552), kw('X', 149), kw('Y', 49))
    })
    expect(found).toEqual({ 'S-A': 'breaker' })
    const more = added('S-A A-B B-C A-X A-Y', file => {
      file.loads.push(kw('A', 200), kw('C', 50), kw('B', 551), kw('X', 150), kw('Y', 49))
    })
    expect(more).toEqual({ 'S-A': 'breaker', 'A-X': 'recloser' })
  })

  it('puts a recloser where half of the main is left, and again where half of that is', () => {
    const found = added('S-A A-B B-C C-D', file => {
      file.loads.push(kw('A', 100), kw('B', 100), kw('C', 100), kw('D', 100))
    })
    expect(found).toEqual({ 'S-A': 'breaker', 'B-C': 'recloser', 'C-D': 'recloser' })
  })

  it('counts customers as well as power', () => {
    const found = added('S-A A-B A-X', file => {
      file.loads.push(kw('A', 100, 10), kw('B', 700, 0), kw('X', 10, 90))
    })
    expect(found['A-X']).toBe('recloser')
  })

  it('proposes a pickup of twice the load current and delays that step up by 300 ms', () => {
    const { file, toCheck } = placeIeds(
      feederOf('S-A A-B', change => {
        change.ieds.length = 0
        // 500 kW a phase at 12.47 kV: 69.4 A, of which B has 34.7 A.
        change.loads.push(kw('A', 250), kw('B', 250))
      }),
    )
    expect(file.devices.map(({ name, relay }) => ({ name, ...relay }))).toEqual([
      { name: 'CB-A', pickupAmps: 140, delayMs: 600 },
      { name: 'R-B', pickupAmps: 70, delayMs: 300 },
    ])
    expect(toCheck.join(' ')).toContain('CB-A, R-B')
  })

  it('proposes no settings where nothing is known to flow', () => {
    const { file, toCheck } = placeIeds(feederOf('S-A A-B'))
    expect(file.devices.map(({ name, relay }) => [name, relay])).toEqual([['CB-A', undefined]])
    expect(toCheck.join(' ')).toContain('No relay settings could be computed for CB-A')
  })

  it('gives no observer more than sixteen sections', () => {
    const chain = Array.from({ length: 40 }, (_, index) => `n${index}-n${index + 1}`).join(' ')
    const { file } = placeIeds(
      feederOf(chain, change => {
        change.ieds.length = 0
      }),
    )
    const observers = file.ieds.filter(({ observes }) => observes.length > 0)
    expect(observers.map(({ kind, node, observes }) => [kind, node, observes.length])).toEqual([
      ['relay', 'n0', 16],
      ['rtu', 'n16', 16],
      ['rtu', 'n32', 8],
    ])
  })
})
