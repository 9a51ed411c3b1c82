import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Contradiction } from '../../../sim/coordination/contradiction.ts'
import { studyFaults } from '../../../sim/coordination/fault-study.ts'
import { highSetRange } from '../../../sim/coordination/high-set-range.ts'
import { judgeSettings } from '../../../sim/coordination/judge-settings.ts'
import { stateWith } from '../../../sim/coordination/study-state.ts'
import { tieCapacity } from '../../../sim/coordination/tie-capacity.ts'
import type { DeviceEntry, FeederFile } from '../../../topology/feeder-file.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'

const shipped = (name: string): FeederFile => {
  const path = `topology/feeders/${name}.yaml`
  return parseFeeder(readFileSync(path, 'utf8'), path)
}
const IEEE13 = shipped('ieee13')
const LOOP_PAIR = shipped('loop-pair')
const OF_LOOP_PAIR = judgeSettings(LOOP_PAIR)

type Relay = NonNullable<DeviceEntry['relay']>
/** With other settings of one relay. */
const withRelay = (file: FeederFile, name: string, change: (relay: Relay) => Relay): FeederFile => ({
  ...file,
  devices: file.devices.map(device =>
    device.name === name && device.relay !== undefined ? { ...device, relay: change(device.relay) } : device,
  ),
})
const found = (file: FeederFile, kind: Contradiction['kind']): Contradiction[] =>
  judgeSettings(file).filter(each => each.kind === kind)

describe('settings', () => {
  it.each(['ieee13', 'ieee34', 'ieee37', 'loop-pair', 'customer-site'])('of %s contradict nothing', name => {
    const all = name === 'loop-pair' ? OF_LOOP_PAIR : judgeSettings(shipped(name))
    expect(all.filter(({ severity }) => severity === 'warning')).toEqual([])
  })

  it('name the pair whose grading is violated, and the margin', () => {
    const file = withRelay(IEEE13, 'R632', ({ highSet }) => ({
      pickupAmps: 800,
      delayMs: 450,
      ...(highSet && { highSet }),
    }))
    expect(found(file, 'grading')).toMatchObject([
      { severity: 'warning', devices: ['R632', 'R684'], text: expect.stringContaining('margin 150 ms, want 200 ms') },
      { devices: ['R632', 'R675'] },
    ])
  })

  it('take a grading that is right for one direction only for a choice', () => {
    const over = OF_LOOP_PAIR.filter(({ kind }) => kind === 'grading')
    expect(over.map(({ severity }) => severity)).toEqual(over.map(() => 'note'))
    expect(over.map(({ devices }) => devices.join('/'))).toContain('TR/RC-N')
  })

  // The solver's load is 204.6 A without the generator: 1.25 times are 255.8 A, twice are 409.2 A.
  it.each([
    [255, 'pickup under load', 'warning'],
    [257, 'pickup under cold load', 'note'],
    [409, 'pickup under cold load', 'note'],
  ] as const)('with a pickup of %i A are told: %s', (pickupAmps, kind, severity) => {
    const file = withRelay(IEEE13, 'R675', relay => ({ ...relay, pickupAmps }))
    expect(found(file, kind).filter(({ devices }) => devices[0] === 'R675')).toMatchObject([{ severity }])
  })

  it('with a pickup above twice the load are not told of', () => {
    const file = withRelay(IEEE13, 'R675', relay => ({ ...relay, pickupAmps: 411 }))
    expect(judgeSettings(file).filter(({ devices }) => devices[0] === 'R675')).toEqual([])
  })

  it('that leave a device blind name the one that clears in its place', () => {
    const file = withRelay(IEEE13, 'R645', () => ({ pickupAmps: 2600, delayMs: 300 }))
    const [blind] = found(file, 'blind')
    expect(blind).toMatchObject({ severity: 'warning', devices: ['R645', 'CB650'] })
    expect(blind?.text).toMatch(/does not see line-ground at 646.*51P above 2600 A; CB650 clears it after 900 ms/)
  })

  it('of nothing that grounds a feeder are not blamed for what draws no current', () => {
    expect(found(shipped('ieee37'), 'blind')).toEqual([])
  })

  it('of a tie need an ampacity on the way that it closes', () => {
    const bare = {
      ...LOOP_PAIR,
      lineCodes: LOOP_PAIR.lineCodes.map(code => {
        const { ampacityAmps: _, ...rest } = code
        return code.name === 'main' ? rest : code
      }),
    }
    expect(tieCapacity(bare)).toMatchObject([{ severity: 'warning', devices: expect.arrayContaining(['TR', 'n5-s5']) }])
    expect(tieCapacity(LOOP_PAIR)).toEqual([])
  })
})

describe('high-set elements', () => {
  const rangeOf = (file: FeederFile, name: string) => {
    const study = studyFaults(stateWith(file, [], []).feeder)
    const stretch = study.stretches.find(({ device }) => device.name === name)
    if (stretch === undefined) throw new Error(`no ${name}`)
    return highSetRange(study, stretch)
  }

  it('lie above inrush and cold load, below the least fault of the own stretch', () => {
    const { phase, ground } = rangeOf(IEEE13, 'R632')
    expect(phase.above).toEqual({ amps: expect.closeTo(1539, -1), what: 'inrush of what lies below' })
    expect(phase.below).toMatchObject({ what: 'line-line at 680 with generators' })
    expect(ground.below?.amps).toBeCloseTo(1661, -1)
  })

  it('lie above what a generator below brings to a fault elsewhere', () => {
    expect(rangeOf(shipped('customer-site'), 'CB-G').phase.above.what).toContain('generators below')
  })

  it.each([
    [1500, 'high-set too low', /want above 15\d\d A: inrush/],
    [2500, 'high-set too high', /want below 24\d\d A: line-line at 680/],
  ] as const)('of %i A on R632 are told of', (pickupAmps, kind, text) => {
    const file = withRelay(IEEE13, 'R632', relay => ({ ...relay, highSet: { pickupAmps, groundPickupAmps: 1250 } }))
    expect(found(file, kind)).toMatchObject([{ severity: 'warning', text: expect.stringMatching(text) }])
  })

  it('without a ground element have to see faults to ground too', () => {
    const file = withRelay(IEEE13, 'R632', relay => ({ ...relay, highSet: { pickupAmps: 2100 } }))
    expect(found(file, 'high-set too high')).toMatchObject([{ text: expect.stringContaining('line-ground at 680') }])
  })

  it('that are missing are proposed', () => {
    const file = withRelay(IEEE13, 'R632', ({ highSet: _, ...relay }) => relay)
    expect(found(file, 'high-set missing')).toMatchObject([
      { severity: 'note', devices: ['R632'], text: expect.stringMatching(/19\d\d A would do/) },
    ])
  })

  it('are off where there is no such value', () => {
    const far = IEEE13.sections.map(each => (each.name === 's671-680' ? { ...each, lengthM: 4000 } : each))
    const file = withRelay({ ...IEEE13, sections: far }, 'R632', ({ highSet: _, ...relay }) => relay)
    expect(found(file, 'high-set impossible')).toMatchObject([
      { devices: ['R632'], text: expect.stringContaining('its fast stage is off: inrush of what lies below is') },
    ])
  })
})
