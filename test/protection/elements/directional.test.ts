import { describe, expect, it } from 'vitest'
import { type DirectionalSettings, directional, looks } from '../../../src/protection/elements/directional.ts'
import { halfCyclePhasors } from '../../../src/protection/elements/half-cycle-phasors.ts'
import type { Quantities } from '../../../src/protection/elements/quantities.ts'
import { duration, instant } from '../../../topology/units.ts'
import { balanced, polar } from './polar.ts'

const SETTINGS: DirectionalSettings = {
  phaseDegrees: 45,
  groundDegrees: -60,
  groundBy: '3V0',
  aperture: 88,
  leastVolts: 100,
  leastAmps: 20,
  memory: duration(1500),
  nominalHz: 60,
}
const NONE = balanced(0)
const see = (quantities: Partial<Quantities>, settings = SETTINGS) =>
  directional(settings)({}, { volts: balanced(7200), amps: NONE, ...quantities }, instant(0)).directions

/** Phase a to ground: its voltage down, its current `lag` degrees behind it. */
const groundFault = (lag: number, turned = 0): Quantities => ({
  volts: { ...balanced(7200), a: polar(2000, 0) },
  amps: { ...balanced(50, -20), a: polar(2000, -lag + turned) },
})

describe('a directional element', () => {
  it('sees a three-phase fault forward, and backward with the current turned round', () => {
    expect(see({ volts: balanced(1500), amps: balanced(3000, -60) }).phase).toBe('forward')
    expect(see({ volts: balanced(1500), amps: balanced(3000, 120) }).phase).toBe('backward')
  })

  it('goes by the current within its aperture around the characteristic angle, and not just outside', () => {
    // The voltage between b and c lies at -90 degrees; turned by 45, the middle of the sector is at -45.
    const at = (degrees: number) => see({ amps: { a: polar(500, degrees), b: polar(0, 0), c: polar(0, 0) } }).phase
    expect(at(-45 + 87)).toBe('forward')
    expect(at(-45 - 87)).toBe('forward')
    expect(at(-45 + 90)).toBe('unknown')
    expect(at(-45 + 93)).toBe('backward')
  })

  it('tells a ground fault’s side by 3V0, and by V2', () => {
    expect(see(groundFault(70)).ground).toBe('forward')
    expect(see(groundFault(70, 180)).ground).toBe('backward')
    const byV2 = { ...SETTINGS, groundBy: 'V2' } as const
    expect(see(groundFault(70), byV2).ground).toBe('forward')
    expect(see(groundFault(70, 180), byV2).ground).toBe('backward')
  })

  it('goes by the remembered voltage when all of it is gone, as long as it is remembered', () => {
    const step = directional(SETTINGS)
    const before = step({}, { volts: balanced(7200), amps: balanced(50, -20) }, instant(0)).state
    const fault = { volts: NONE, amps: balanced(3000, -60) }
    const during = step(before, fault, instant(1500))
    expect(during.directions.phase).toBe('forward')
    expect(step(during.state, fault, instant(1501)).directions.phase).toBe('unknown')
    expect(step({}, fault, instant(0)).directions.phase).toBe('unknown')
  })

  it('turns the remembered voltage on with the frequency of before', () => {
    const step = directional(SETTINGS)
    for (const hz of [59.7, 60, 60.3]) {
      const turned = (ms: number): number => ((hz - 60) * 360 * ms) / 1000
      const healthy = { volts: balanced(7200), amps: balanced(50, -20), followedHz: hz }
      let { state } = step({}, healthy, instant(0))
      // The frequency is not known any more once the voltage is gone.
      for (const ms of [100, 800, 1500]) {
        const sees = (lag: number) =>
          step(state, { volts: NONE, amps: balanced(3000, turned(ms) - lag) }, instant(ms)).directions.phase
        expect([hz, ms, sees(60), sees(-120)]).toEqual([hz, ms, 'forward', 'backward'])
      }
      state = step(state, { volts: balanced(7200), amps: NONE }, instant(1600)).state
      expect(state.remembered?.hz).toBe(hz)
    }
  })

  it('keeps its side as long as it remembers, in samples of a network that runs slow', () => {
    const samplesPerSecond = 3840
    const meter = halfCyclePhasors(samplesPerSecond, 60, 7200)
    const step = directional(SETTINGS)
    let state = {}
    const seen: string[] = []
    // Half a second of load, then near the fault: no voltage, and the current 60 degrees behind what it was.
    for (let from = 0; from < 1.9 * samplesPerSecond; from += 32) {
      const channel = (size: number, degrees: number) =>
        Float64Array.from(
          { length: 32 },
          (_, n) =>
            size *
            Math.SQRT2 *
            Math.cos((2 * Math.PI * 59.7 * (from + n)) / samplesPerSecond + (degrees * Math.PI) / 180),
        )
      const three = (size: number, lag: number) => ({
        a: channel(size, -lag),
        b: channel(size, -120 - lag),
        c: channel(size, 120 - lag),
      })
      const isFault = from >= 0.5 * samplesPerSecond
      const at = instant((from / samplesPerSecond) * 1000)
      const [volts, amps] = isFault ? [three(0, 0), three(3000, 60)] : [three(7200, 0), three(50, 20)]
      for (const { at: when, quantities } of meter.take({ at, lost: 0, volts, amps }, 32)) {
        const next = step(state, quantities, when)
        state = next.state
        // From the first whole cycle of the fault on.
        if (when > 520) seen.push(next.directions.phase)
      }
    }
    expect(seen.length).toBeGreaterThan(150)
    expect(new Set(seen)).toEqual(new Set(['forward']))
  })

  it('looks at the faulted phases alone, not at the load of the others', () => {
    const amps = { a: polar(2000, -70), b: polar(150, 60), c: polar(150, -60) }
    expect(see({ volts: { ...balanced(7200), a: polar(2000, 0) }, amps }).phase).toBe('forward')
  })

  it('says that it does not know without voltage or current', () => {
    expect(see({ volts: {}, amps: balanced(500) })).toEqual({ phase: 'unknown', ground: 'unknown' })
    expect(see({ amps: {} })).toEqual({ phase: 'unknown', ground: 'unknown' })
  })

  it('blocks, or trips in either direction, by its setting where it does not know', () => {
    expect(looks('forward', 'unknown', 'block')).toBe(false)
    expect(looks('forward', 'unknown', 'non-directional')).toBe(true)
    expect(looks('forward', 'backward', 'non-directional')).toBe(false)
    expect(looks('backward', 'backward', 'block')).toBe(true)
    expect(looks('forward', 'both', 'block')).toBe(true)
  })
})
