import { describe, expect, it } from 'vitest'
import type { Quantities } from '../../../src/protection/elements/quantities.ts'
import { overcurrentSettings } from '../../../src/protection/elements/relay-settings.ts'
import {
  type SoftwareRelaySettings,
  softwareRelay,
  startedRelay,
} from '../../../src/protection/elements/software-relay.ts'
import { relayFile } from '../../../topology/relay-file.ts'
import { duration, instant } from '../../../topology/units.ts'
import { balanced, polar } from './polar.ts'

const relay = relayFile.parse({
  pickupAmps: 200,
  delayMs: 400,
  ground: { pickupAmps: 60, delayMs: 300 },
  instantaneous: { pickupAmps: 2000 },
  fast: { pickupAmps: 200, delayMs: 50 },
})
const reclose = { deadTimesMs: [500, 2000], resetMs: 10_000, fastShots: 1 }
const SETTINGS: SoftwareRelaySettings = {
  overcurrent: overcurrentSettings(relay, reclose, 0.95),
  measured: [],
  reclosing: {
    deadTimes: [duration(500), duration(2000)],
    resetTime: duration(10_000),
    fastShots: 1,
    sequenceCoordination: false,
    operatingTime: duration(1000),
    conditionTime: duration(1000),
  },
  breakerFailure: { currentAmps: 20, time: duration(200), retripTime: duration(50) },
}

const LOAD: Quantities = { volts: balanced(7200), amps: balanced(100, -20), secondHarmonic: 0 }
const fault = (amps: number, changes: Partial<Quantities> = {}): Quantities => ({
  ...LOAD,
  volts: balanced(2000),
  amps: balanced(amps, -60),
  ...changes,
})
const NOTHING: Quantities = { volts: {}, amps: {} }
const DEAD: Quantities = { volts: balanced(0), amps: balanced(0) }

/**
 * Plays a course of quantities at a breaker that opens `breakerMs` after a trip, if it does, and closes at once.
 * @param course from the milliseconds since the start and the position to what is measured
 */
function play(
  settings: SoftwareRelaySettings,
  course: (ms: number) => Quantities,
  ms: number,
  breakerMs: number | undefined = 50,
): string[] {
  const step = softwareRelay(settings)
  let state = startedRelay(settings, 'closed', false, instant(0))
  let position: 'open' | 'closed' = 'closed'
  let opensAt = Number.POSITIVE_INFINITY
  const said: string[] = []
  const take = (event: Parameters<typeof step>[1], at: number): void => {
    const next = step(state, event, instant(at))
    state = next.state
    for (const action of next.actions) {
      const more = action.kind === 'trip' ? ` ${action.by.join('+')}` : 'why' in action ? ` ${action.why}` : ''
      said.push(`${action.kind}${more}@${at}`)
      if (action.kind === 'trip' && breakerMs !== undefined) opensAt = at + breakerMs
      if (action.kind === 'close') position = 'closed'
    }
  }
  for (let at = 0; at <= ms; at += 10) {
    if (at >= opensAt) {
      position = 'open'
      opensAt = Number.POSITIVE_INFINITY
    }
    take({ kind: 'position', position }, at)
    take({ kind: 'tick', mayClose: true }, at)
    take({ kind: 'measured', quantities: position === 'open' ? DEAD : course(at), isVoltageDoubted: false }, at)
  }
  return said
}

describe('a relay in software', () => {
  it('trips fast, then by its slow curve, and locks out after its last shot', () => {
    expect(
      play(SETTINGS, ms => (ms < 100 ? LOAD : fault(900)), 6000).filter(said => !/pickup|dropout/.test(said)),
    ).toEqual([
      'trip 51P fast@150',
      'interrupted@200',
      'close@700',
      'trip 51P@1100',
      'interrupted@1150',
      'close@3150',
      'trip 51P@3550',
      'lockout last shot@3600',
      'interrupted@3600',
    ])
  })

  it('has its shots back after a fault that passed', () => {
    const said = play(SETTINGS, ms => (ms >= 100 && ms < 200 ? fault(900) : LOAD), 12_000)
    expect(said).toEqual([
      'pickup@100',
      'trip 51P fast@150',
      'dropout@200',
      'interrupted@200',
      'close@700',
      'reset@10710',
    ])
  })

  it('trips at once above the instantaneous stage, and does not reclose above its high-current lockout', () => {
    const said = play({ ...SETTINGS, highCurrentLockoutAmps: 3000 }, () => fault(4000), 2000)
    expect(said.slice(0, 2)).toEqual(['pickup@0', 'trip 50P@0'])
    expect(said).toContain('lockout not to be reclosed@50')
    expect(said.some(each => each.startsWith('close'))).toBe(false)
  })

  it('trips on the sum of the phases where no phase reaches its pickup', () => {
    const unbalanced = { ...LOAD, amps: { ...balanced(100, -20), a: polar(180, -20) } }
    expect(play(SETTINGS, () => unbalanced, 400)).toContain('trip 51N@300')
  })

  it('tries again when its breaker does not interrupt, then says that it failed, and locks out', () => {
    const said = play(SETTINGS, () => fault(900), 600, Number.NaN)
    expect(said).toEqual([
      'pickup@0',
      'trip 51P fast@50',
      're-trip@250',
      'breaker failed@300',
      'lockout breaker failed@300',
      // The slow stage says it for itself.
      'trip 51P@400',
    ])
  })

  it('bridges a gap of three half cycles, and drops out in a longer one', () => {
    const slow = { ...SETTINGS, reclosing: { ...SETTINGS.reclosing, fastShots: 0 } }
    const gap = (from: number, to: number) => (ms: number) => (ms >= from && ms < to ? NOTHING : fault(900))
    expect(play(slow, gap(100, 130), 450)).toContain('trip 51P@400')
    expect(play(slow, gap(100, 150), 450)).not.toContain('trip 51P@400')
    expect(play(slow, gap(100, 150), 600)).toContain('trip 51P@550')
  })

  it('looks one way only, where it is told to, and both ways where it cannot tell', () => {
    const forward = {
      settings: {
        phaseDegrees: 45,
        groundDegrees: -60,
        groundBy: '3V0',
        aperture: 88,
        leastVolts: 100,
        leastAmps: 5,
        memory: duration(1500),
        nominalHz: 60,
      },
      phase: 'forward',
      without: 'non-directional',
    } as const
    const settings = { ...SETTINGS, directional: forward }
    const behind = fault(900, { amps: balanced(900, 120) })
    expect(play(settings, () => fault(900), 100)).toContain('trip 51P fast@50')
    expect(play(settings, () => behind, 1000)).toEqual([])
    expect(play(settings, () => ({ ...behind, volts: {} }), 100)).toContain('trip 51P fast@50')
    const blocks = { ...settings, directional: { ...forward, without: 'block' } as const }
    expect(play(blocks, () => ({ ...behind, volts: {} }), 1000)).toEqual([])
  })

  it('waits out an inrush, but not for longer than its bound, and never with its instantaneous stage', () => {
    const settings = { ...SETTINGS, inrush: { ratio: 0.15, atMost: duration(1000) } }
    const inrush = (amps: number) => fault(amps, { secondHarmonic: 0.4 })
    expect(play(settings, ms => (ms < 500 ? inrush(900) : LOAD), 900)).toEqual([])
    expect(play(settings, () => inrush(900), 1100)).toContain('trip 51P fast@1050')
    expect(play(settings, () => inrush(2500), 100)).toContain('trip 50P@0')
  })

  it('raises its pickups for a cold load, and sees a fault all the same', () => {
    const settings = {
      ...SETTINGS,
      coldLoad: { outage: duration(300), factor: 2, lasts: duration(5000), currentAmps: 5 },
    }
    const cold = (amps: number) => (ms: number) => (ms < 400 ? DEAD : fault(amps, { volts: balanced(7200) }))
    expect(play(settings, cold(390), 2000)).toEqual([])
    expect(play(settings, cold(410), 2000)).toContain('trip 51P fast@450')
    expect(play(SETTINGS, cold(390), 2000)).toContain('trip 51P fast@450')
  })

  it('trips on voltage and frequency without reclosing after it', () => {
    const under = { name: '27', kind: '27', pickup: 5760, timing: { kind: 'definite', delay: duration(200) } } as const
    const low = { ...LOAD, volts: balanced(5000) }
    const said = play({ ...SETTINGS, measured: [under] }, () => low, 3000)
    expect(said).toEqual(['trip 27@200', 'lockout not to be reclosed@250', 'interrupted@250'])
  })

  it('trips on a current though the device was last shown open', () => {
    const step = softwareRelay(SETTINGS)
    const state = startedRelay(SETTINGS, 'open', false, instant(0))
    const seen = step(state, { kind: 'measured', quantities: fault(4000), isVoltageDoubted: false }, instant(10))
    expect(seen.actions.map(({ kind }) => kind)).toContain('trip')
  })
})
