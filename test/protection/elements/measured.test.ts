import { describe, expect, it } from 'vitest'
import { type MeasuredSettings, measured, restingMeasured } from '../../../src/protection/elements/measured.ts'
import type { Quantities } from '../../../src/protection/elements/quantities.ts'
import { duration, instant } from '../../../topology/units.ts'
import { balanced, polar } from './polar.ts'

const NOMINAL = 7200
const AROUND = { isOpen: false, isVoltageDoubted: false }
const lasting = (ms: number) => ({ kind: 'definite', delay: duration(ms) }) as const

/** Fed each half cycle of 60 Hz. @returns what it does and when, to the millisecond */
function run(
  settings: Omit<MeasuredSettings, 'name'>,
  course: (ms: number) => Partial<Quantities>,
  ms: number,
  around = AROUND,
): string {
  const step = measured({ name: settings.kind, ...settings })
  let state = restingMeasured(instant(0))
  const done: string[] = []
  for (let n = 0; n * (1000 / 120) <= ms + 1e-9; n++) {
    const at = n * (1000 / 120)
    const next = step(state, { volts: balanced(NOMINAL), amps: balanced(100), ...course(at) }, around, instant(at))
    state = next.state
    done.push(...next.actions.map(action => `${action}@${Math.round(at)}`))
  }
  return done.join(' ')
}

const steady = (quantities: Partial<Quantities>) => () => quantities

describe('a voltage element', () => {
  const UNDER = { kind: '27', pickup: 0.8 * NOMINAL, timing: lasting(100) } as const

  it('trips on too little in one phase, and not at its pickup', () => {
    const low = (pu: number) => steady({ volts: { ...balanced(NOMINAL), a: polar(pu * NOMINAL, 0) } })
    expect(run(UNDER, low(0.79), 200)).toBe('pickup@0 trip@100')
    expect(run(UNDER, low(0.8), 200)).toBe('')
    expect(run({ ...UNDER, phases: 'all' }, low(0.5), 200)).toBe('')
    expect(run({ ...UNDER, phases: 'all' }, steady({ volts: balanced(0.5 * NOMINAL) }), 200)).toBe('pickup@0 trip@100')
  })

  it('drops out no more than 5 % above', () => {
    const back = (pu: number) => (ms: number) => ({ volts: balanced((ms < 49 ? 0.7 : pu) * NOMINAL) })
    expect(run(UNDER, back(0.83), 200)).toBe('pickup@0 trip@100')
    expect(run(UNDER, back(0.841), 200)).toBe('pickup@0 dropout@50')
  })

  it('is blocked while the device is open, its voltage is doubted, or there is none', () => {
    const dead = steady({ volts: balanced(0) })
    expect(run(UNDER, dead, 200)).toBe('pickup@0 trip@100')
    expect(run(UNDER, dead, 200, { ...AROUND, isOpen: true })).toBe('')
    expect(run(UNDER, dead, 200, { ...AROUND, isVoltageDoubted: true })).toBe('')
    expect(run({ ...UNDER, leastVolts: 0.1 * NOMINAL }, dead, 200)).toBe('')
    expect(run(UNDER, steady({ volts: {} }), 200)).toBe('')
  })

  it('trips on too much, on residual voltage, and on negative sequence', () => {
    expect(
      run({ kind: '59', pickup: 1.2 * NOMINAL, timing: lasting(150) }, steady({ volts: balanced(8700) }), 200),
    ).toBe('pickup@0 trip@150')
    const oneLost = steady({ volts: { ...balanced(NOMINAL), a: polar(0, 0) } })
    expect(run({ kind: '59N', pickup: 7000, timing: lasting(0) }, oneLost, 20)).toBe('pickup@0 trip@0')
    expect(run({ kind: '59N', pickup: 7300, timing: lasting(0) }, oneLost, 20)).toBe('')
    // One phase of three lost: a third of it is negative sequence.
    expect(run({ kind: '47', pickup: 2300, timing: lasting(0) }, oneLost, 20)).toBe('pickup@0 trip@0')
    expect(run({ kind: '47', pickup: 2500, timing: lasting(0) }, oneLost, 20)).toBe('')
  })
})

describe('negative-sequence current', () => {
  it('finds a broken conductor whatever the load, and nothing in a balanced one', () => {
    const broken = steady({ amps: { ...balanced(100), a: polar(0, 0) } })
    expect(run({ kind: '46', pickup: 30, timing: lasting(100) }, broken, 200)).toBe('pickup@0 trip@100')
    expect(run({ kind: '46', pickup: 30, timing: lasting(100) }, steady({ amps: balanced(5000) }), 200)).toBe('')
    expect(run({ kind: '46', pickup: 30, timing: lasting(0) }, steady({ amps: { a: polar(100, 0) } }), 50)).toBe('')
  })
})

describe('a frequency element', () => {
  const UNDER = { kind: '81U', pickup: 59.5, timing: lasting(100), leastVolts: 0.6 * NOMINAL } as const

  it('wants three cycles that agree, then its time', () => {
    expect(run(UNDER, steady({ hz: 59.4 }), 200)).toBe('pickup@42 trip@142')
    expect(run(UNDER, steady({ hz: 59.5 }), 200)).toBe('')
    expect(run(UNDER, ms => ({ hz: Math.round(ms / (1000 / 120)) % 5 === 4 ? 60 : 58 }), 300)).toBe('')
    expect(run({ ...UNDER, kind: '81O', pickup: 60.5 }, steady({ hz: 60.6 }), 200)).toBe('pickup@42 trip@142')
  })

  it('drops out 0.05 Hz towards normal', () => {
    expect(run(UNDER, ms => ({ hz: ms < 60 ? 59.4 : 59.54 }), 200)).toBe('pickup@42 trip@142')
    expect(run(UNDER, ms => ({ hz: ms < 60 ? 59.4 : 59.56 }), 200)).toBe('pickup@42 dropout@67')
  })

  it('is blocked below its least voltage and without a frequency', () => {
    expect(run(UNDER, steady({ hz: 58, volts: balanced(0.5 * NOMINAL) }), 300)).toBe('')
    expect(run(UNDER, steady({}), 300)).toBe('')
  })
})

describe('rate of change of frequency', () => {
  const RATE = { kind: '81R', pickup: 1, timing: lasting(500), window: duration(200) } as const

  it('trips on a lasting slope either way, above its setting', () => {
    expect(run(RATE, ms => ({ hz: 60 - (1.2 * ms) / 1000 }), 1000)).toMatch(/^pickup@1[89]\d trip@6[89]\d$/)
    expect(run(RATE, ms => ({ hz: 60 + (1.2 * ms) / 1000 }), 1000)).toMatch(/^pickup/)
    expect(run(RATE, ms => ({ hz: 60 - (0.95 * ms) / 1000 }), 1000)).toBe('')
  })

  it('does not trip on one jump of the phase', () => {
    expect(run(RATE, ms => ({ hz: ms > 300 && ms < 320 ? 57 : 60 }), 2000)).not.toContain('trip')
  })
})
