import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { deviceCurve } from '../../../sim/coordination/device-curve.ts'
import { studyFaults } from '../../../sim/coordination/fault-study.ts'
import { heatFactor, rulesOf } from '../../../sim/coordination/margin-rule.ts'
import { type Margin, marginsOf } from '../../../sim/coordination/margins.ts'
import { stateWith, tieStates } from '../../../sim/coordination/study-state.ts'
import type { DeviceEntry, FeederFile } from '../../../topology/feeder-file.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'

const shipped = (name: string): FeederFile => {
  const path = `topology/feeders/${name}.yaml`
  return parseFeeder(readFileSync(path, 'utf8'), path)
}
const margins = (file: FeederFile): Margin[] => {
  const state = stateWith(file, [], [])
  return marginsOf(studyFaults(state.feeder), state.title)
}

const relay = (settings: NonNullable<DeviceEntry['relay']>, more: Partial<DeviceEntry> = {}) =>
  deviceCurve({
    name: 'R',
    kind: 'recloser',
    section: 's',
    at: 'from',
    normal: 'closed',
    breakerTimeMs: 50,
    breakerFailureMs: 250,
    relay: settings,
    ...more,
  })
const fuse = deviceCurve({
  name: 'F',
  kind: 'fuse',
  section: 's',
  at: 'from',
  normal: 'closed',
  breakerTimeMs: 50,
  breakerFailureMs: 250,
  meltingCurve: [
    [100, 100],
    [1000, 0.1],
  ],
})
const amps = (phase: number, residual = 0) => ({ phase, residual })

describe('rules', () => {
  // The worked example of coordination with inverse curves: 0.2971 s below, 0.3 s more wanted above, so TMS 0.1395 at M = 5.
  it('gives the textbook margin between two inverse curves', () => {
    const lower = relay({ pickupAmps: 100, curve: 'iec.si', timeMultiplier: 0.1 })
    const upper = relay({ pickupAmps: 200, curve: 'iec.si', timeMultiplier: 0.1395 })
    const [rule] = rulesOf(lower, upper, 0.3)
    const times = rule?.times(amps(1000), amps(1000))
    expect(times?.lower).toBeCloseTo(0.2971, 4)
    expect((times?.upper ?? 0) - (times?.lower ?? 0)).toBeCloseTo(0.3, 3)
  })

  it("wants the lower breaker's time and 150 ms between relays", () => {
    const lower = relay({ pickupAmps: 100, delayMs: 300 }, { breakerTimeMs: 80 })
    expect(rulesOf(lower, relay({ pickupAmps: 200, delayMs: 600 }))).toMatchObject([
      { name: 'relay-relay', wantedSeconds: expect.closeTo(0.23, 9) },
    ])
  })

  it('has a relay 200 ms above a fuse, and a relay or fuse below one within 75 % of its melting', () => {
    const upper = relay({ pickupAmps: 200, delayMs: 600 })
    expect(rulesOf(fuse, upper)).toMatchObject([{ name: 'fuse-relay', wantedSeconds: 0.2 }])
    const [under] = rulesOf(upper, fuse)
    expect(under?.name).toBe('relay-fuse')
    // 0.1 s to clear at 1000 A, of which it melts in 75 %.
    expect(under?.times(amps(1000), amps(1000))).toEqual({ lower: 0.65, upper: expect.closeTo(0.05625, 6) })
    expect(rulesOf(fuse, fuse)).toMatchObject([{ name: 'fuse-fuse', wantedSeconds: 0 }])
  })

  it('has a fast curve clear before the fuse below melts, all fast shots counted', () => {
    const reclose = { deadTimesMs: [500, 2000], resetMs: 30_000, fastShots: 2 }
    const fast = { pickupAmps: 200, delayMs: 20 }
    const rules = rulesOf(fuse, relay({ pickupAmps: 200, delayMs: 600, fast }, { reclose }))
    expect(rules.map(({ name }) => name)).toEqual(['fuse-relay', 'fuse-saving'])
    expect(rules[1]?.times(amps(1000), amps(1000))).toEqual({
      lower: expect.closeTo(1.8 * 0.07, 9),
      upper: expect.closeTo(0.075, 9),
    })
    expect(heatFactor({ ...reclose, fastShots: 1 })).toBe(1.25)
    expect(heatFactor({ ...reclose, deadTimesMs: [1000] })).toBe(1.35)
  })

  it('grades fast curves with fast curves', () => {
    const fast = { pickupAmps: 200, delayMs: 30 }
    const reclose = { deadTimesMs: [500], resetMs: 30_000, fastShots: 1 }
    const upper = relay({ pickupAmps: 200, delayMs: 600, fast }, { reclose })
    const rules = rulesOf(relay({ pickupAmps: 100, delayMs: 300 }), upper)
    expect(rules.map(({ name }) => name)).toEqual(['relay-relay', 'fast-relay'])
    expect(rules[1]?.times(amps(1000), amps(1000))).toEqual({ lower: 0.3, upper: 0.03 })
  })
})

describe('margins', () => {
  it('finds the largest and the least fault that both see, with and without ground', () => {
    const of = margins(shipped('ieee13')).filter(({ lower }) => lower === 'R632')
    expect(of).toMatchObject([
      { upper: 'CB650', of: 'phase', finding: 'right', wantedMs: 200 },
      { upper: 'CB650', of: 'ground', finding: 'right' },
    ])
    const [phase, ground] = of
    expect(phase?.largest).toMatchObject({ fault: 'three-phase at 632', lowerMs: 600, upperMs: 900, marginMs: 300 })
    // As in the table of the file.
    expect(ground?.least?.fault).toMatch(/^line-ground at 680/)
    expect(ground?.least?.lowerAmps.phase).toBeCloseTo(1994, 0)
  })

  it.each(['ieee13', 'ieee34', 'ieee37', 'loop-pair', 'customer-site'])('keeps every one on %s', name => {
    const all = margins(shipped(name))
    expect(all.length).toBeGreaterThan(4)
    expect(all.filter(({ finding }) => finding !== 'right')).toEqual([])
  })

  it('tells a violated one, to the millisecond', () => {
    const file = shipped('ieee13')
    const setTo = (delayMs: number): Margin | undefined => {
      const devices = file.devices.map(device =>
        device.name === 'R645' ? { ...device, relay: { pickupAmps: 300, delayMs } } : device,
      )
      return margins({ ...file, devices }).find(({ lower }) => lower === 'R645')
    }
    expect(setTo(700)).toMatchObject({ finding: 'right', largest: { marginMs: 200 } })
    expect(setTo(701)).toMatchObject({ finding: 'violated', largest: { marginMs: 199 } })
  })

  it('looks between two faults, where curves may cross', () => {
    const file = shipped('ieee13')
    const points: [number, number][] = [
      [1, 20],
      [8, 20],
      [9, 0.35],
      [10, 20],
      [50, 20],
    ]
    // A curve that dips between the least and the largest fault is nobody's, but shows where was looked.
    const falling = points.map(([multiple], n): [number, number] => [multiple, [20, 20, 0.35, 0.35, 0.35][n] ?? 0.35])
    const devices = file.devices.map(device =>
      device.name === 'CB650'
        ? { ...device, relay: { pickupAmps: 300, curve: { points: falling }, timeMultiplier: 1 } }
        : device.name === 'R645'
          ? { ...device, relay: { pickupAmps: 300, delayMs: 300 } }
          : device,
    )
    const found = margins({ ...file, devices }).find(({ lower, of }) => lower === 'R645' && of === 'phase')
    expect(found?.finding).toBe('violated')
    expect(found?.least?.marginMs).toBeCloseTo(50, 3)
  })

  it('says where nobody stands behind a device', () => {
    const file = shipped('ieee13')
    const devices = file.devices.map(device =>
      device.name === 'CB650' ? { ...device, relay: { pickupAmps: 4000, delayMs: 900 } } : device,
    )
    const found = margins({ ...file, devices }).find(({ lower, of }) => lower === 'R632' && of === 'phase')
    expect(found).toMatchObject({ finding: 'right', largest: { fault: 'three-phase at 632' } })
    expect(found?.withoutBackup).toContain('line-line at 680')
  })
})

describe('states over ties', () => {
  it('are two for a tie between two sources, each with the other side cut at its source', () => {
    expect(tieStates(shipped('loop-pair')).map(({ title }) => title)).toEqual([
      'CB-N open, TR closed',
      'CB-S open, TR closed',
    ])
    expect(tieStates(shipped('ieee13'))).toEqual([])
  })

  it('turn round who stands above whom', () => {
    const [fromSouth] = tieStates(shipped('loop-pair'))
    if (fromSouth === undefined) throw new Error('no state')
    const found = marginsOf(studyFaults(fromSouth.feeder), fromSouth.title)
    const pairs = found.filter(({ of }) => of === 'phase').map(({ lower, upper }) => `${lower}<${upper}`)
    expect(pairs).toEqual(expect.arrayContaining(['RC-N<TR', 'TR<RC-S', 'RC-S<CB-S']))
    expect(found.filter(({ finding }) => finding === 'violated').map(({ lower }) => lower)).toContain('RC-N')
  })
})
