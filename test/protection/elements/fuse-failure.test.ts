// A blown fuse of a voltage transformer, told from faults and outages by the currents.

import { describe, expect, it } from 'vitest'
import { fuseFailure, soundFuses } from '../../../src/protection/elements/fuse-failure.ts'
import type { Quantities } from '../../../src/protection/elements/quantities.ts'
import { instant } from '../../../topology/units.ts'
import { balanced, polar } from './polar.ts'

const SOUND: Quantities = { volts: balanced(7200), amps: balanced(100, -20) }
const without = (phases: readonly ('a' | 'b' | 'c')[], left = 200): Quantities['volts'] => ({
  ...SOUND.volts,
  ...Object.fromEntries(phases.map(phase => [phase, polar(left, 0)])),
})

/** @returns when it changed, by half cycles of 10 ms, as `+120 -740` */
function play(course: (ms: number) => Quantities, forMs = 1500, leastAmps = 20): string {
  const step = fuseFailure({ nominalVolts: 7200, leastAmps })
  let state = soundFuses
  const said: string[] = []
  for (let ms = 0; ms <= forMs; ms += 10) {
    const next = step(state, course(ms), instant(ms))
    if (next.failed !== state.failed) said.push(`${next.failed ? '+' : '-'}${ms}`)
    state = next
  }
  return said.join(' ')
}

const from =
  (ms: number, then: Quantities, until = Number.POSITIVE_INFINITY) =>
  (now: number) =>
    now >= ms && now < until ? then : SOUND

describe('a lost voltage', () => {
  it.each([['one phase', ['a']] as const, ['two phases', ['b', 'c']] as const, ['all', ['a', 'b', 'c']] as const])(
    'of %s, with the currents as before, is a fuse',
    (_, phases) => expect(play(from(100, { ...SOUND, volts: without(phases) }))).toBe('+100'),
  )

  it('is over when all are back for 200 ms, whatever the load is by then', () => {
    const lost = { ...SOUND, volts: without(['a']) }
    expect(play(from(100, lost, 500))).toBe('+100 -700')
    const other: Quantities = { ...SOUND, amps: balanced(300, -20) }
    expect(play(now => (now < 100 ? SOUND : now < 500 ? lost : now === 600 ? lost : other))).toBe('+100 -810')
    // The load changes meanwhile: it stays failed.
    expect(play(now => (now < 100 ? SOUND : now < 300 ? lost : { ...lost, amps: balanced(20) }))).toBe('+100')
  })

  it.each([
    ['a fault near by', { volts: without(['a']), amps: { ...SOUND.amps, a: polar(2000, -70) } }],
    ['a bolted fault of three phases', { volts: balanced(50), amps: balanced(3000, -70) }],
    ['an outage', { volts: balanced(0), amps: balanced(0) }],
    ['a phase that is open upstream', { volts: without(['a']), amps: { ...SOUND.amps, a: polar(0, 0) } }],
    ['a deep sag that leaves more than a fifth', { ...SOUND, volts: balanced(1500) }],
    ['nothing measured any more', { volts: {}, amps: {} }],
  ] as const)('with %s is none', (_, then) => expect(play(from(100, then))).toBe(''))

  it('is not told from a dead line without load, nor at the very first look', () => {
    expect(play(now => ({ volts: now < 100 ? SOUND.volts : without(['a']), amps: balanced(15) }))).toBe('')
    expect(play(() => ({ ...SOUND, volts: without(['a']) }))).toBe('')
  })

  it('on both sides of its limits', () => {
    const lost = (pu: number, share: number): Quantities => ({
      volts: without(['a'], 7200 * pu),
      amps: balanced(100 * share, -20),
    })
    expect(play(from(100, lost(0.199, 1.09)))).toBe('+100')
    expect(play(from(100, lost(0.201, 1.09)))).toBe('')
    expect(play(from(100, lost(0.199, 1.11)))).toBe('')
    expect(play(from(100, lost(0.199, 0.89)))).toBe('')
  })
})
