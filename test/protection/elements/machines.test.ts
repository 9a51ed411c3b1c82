import { describe, expect, it } from 'vitest'
import {
  type BreakerFailureEvent,
  breakerAtRest,
  breakerFailure,
} from '../../../src/protection/elements/breaker-failure.ts'
import { type ColdLoadState, coldLoad } from '../../../src/protection/elements/cold-load.ts'
import { type InrushState, inrushRestraint } from '../../../src/protection/elements/inrush-restraint.ts'
import { isLockedOut, lockout, unlocked } from '../../../src/protection/elements/lockout.ts'
import { type Side, syncCheck, syncLimits } from '../../../src/protection/elements/sync-check.ts'
import { duration, instant } from '../../../topology/units.ts'
import { play } from '../script.ts'
import { polar } from './polar.ts'

describe('breaker failure', () => {
  const step = breakerFailure({ currentAmps: 20, time: duration(150), retripTime: duration(50) })
  const run = (script: string): string =>
    play(
      step,
      breakerAtRest,
      script,
      ([word = '']): BreakerFailureEvent =>
        word === 'trip' || word === 'tick'
          ? { kind: word }
          : { kind: 'current', amps: word === 'none' ? undefined : Number(word) },
      (action, now) => `${action.kind}@${now}`,
    )
  for (const { it: name, given, gives } of [
    { it: 'is over when the current is gone', given: 'trip@0 900@50 20@149 tick@500', gives: 'interrupted@149' },
    {
      it: 'tries again, then says so',
      given: 'trip@0 900@149 900@150 900@199 900@200 900@400',
      gives: 're-trip@150 breaker failed@200',
    },
    {
      it: 'takes it back once the current is gone',
      given: 'trip@0 900@150 900@200 0@300 trip@400 900@550',
      gives: 're-trip@150 breaker failed@200 interrupted@300 re-trip@550',
    },
    { it: 'is not begun anew by another trip', given: 'trip@0 900@100 trip@140 900@150', gives: 're-trip@150' },
    {
      it: 'reports nothing on a current that it cannot measure',
      given: 'trip@0 900@50 none@140 tick@150 none@200 tick@900',
      gives: 're-trip@150',
    },
    { it: 'does nothing without a trip', given: '900@0 900@500', gives: '' },
  ])
    it(name, () => expect(run(given)).toBe(gives))
})

describe('the lockout relay', () => {
  it('latches by any source, opens, and is reset by a person when nothing stands any more', () => {
    const set = lockout(unlocked, { kind: 'set', by: '50BF' })
    expect(set.actions.map(({ kind }) => kind)).toEqual(['open', 'keep'])
    const both = lockout(set.state, { kind: 'set', by: 'differential' }).state
    expect(isLockedOut(both)).toBe(true)
    const refused = lockout(both, { kind: 'reset', standing: ['differential'] })
    expect(refused.actions).toEqual([{ kind: 'answer', done: false, words: 'differential still stands' }])
    expect(isLockedOut(refused.state)).toBe(true)
    const reset = lockout(both, { kind: 'reset', standing: [] })
    expect(isLockedOut(reset.state)).toBe(false)
    expect(reset.actions[0]).toEqual({ kind: 'keep', by: [] })
  })

  it('opens again at a source that is set already, and keeps nothing twice', () => {
    const once = lockout(unlocked, { kind: 'set', by: '50BF' }).state
    expect(lockout(once, { kind: 'set', by: '50BF' })).toEqual({ state: once, actions: [{ kind: 'open' }] })
  })
})

describe('cold-load pickup', () => {
  const step = coldLoad({ outage: duration(300_000), factor: 2, lasts: duration(600_000), currentAmps: 5 })
  function factors(script: readonly (readonly [number, number | undefined])[]): number[] {
    let state: ColdLoadState = {}
    return script.map(([at, amps]) => {
      const next = step(state, amps, instant(at))
      state = next.state
      return next.factor
    })
  }
  it('raises pickups after a long outage, until its time is over', () => {
    expect(
      factors([
        [0, 0],
        [300_000, 200],
        [899_999, 150],
        [900_000, 150],
      ]),
    ).toEqual([1, 2, 2, 1])
  })
  it('raises nothing after a shorter one, or one that was not seen throughout', () => {
    expect(
      factors([
        [0, 0],
        [299_999, 200],
      ]),
    ).toEqual([1, 1])
    expect(
      factors([
        [0, 0],
        [100_000, undefined],
        [300_000, 200],
      ]),
    ).toEqual([1, 1, 1])
  })
})

describe('inrush restraint', () => {
  const step = inrushRestraint({ ratio: 0.15, atMost: duration(1000) })
  function restrained(script: readonly (readonly [number, boolean, number | undefined])[]): boolean[] {
    let state: InrushState = {}
    return script.map(([at, isPickedUp, secondHarmonic]) => {
      const next = step(state, { isPickedUp, secondHarmonic }, instant(at))
      state = next.state
      return next.restrains
    })
  }
  it('restrains while the second harmonic is there, at most for its time', () => {
    expect(
      restrained([
        [0, true, 0.3],
        [999, true, 0.3],
        [1000, true, 0.3],
      ]),
    ).toEqual([true, true, false])
    expect(
      restrained([
        [0, true, 0.15],
        [10, true, undefined],
      ]),
    ).toEqual([false, false])
  })
  it('cannot be begun anew by a fault that goes on', () => {
    expect(
      restrained([
        [0, true, 0.3],
        [900, true, 0],
        [1100, true, 0.3],
      ]),
    ).toEqual([true, false, false])
    expect(
      restrained([
        [0, true, 0.3],
        [900, false, 0],
        [1100, true, 0.3],
      ]),
    ).toEqual([true, false, true])
  })
})

describe('sync check', () => {
  const settings = {
    nominalVolts: 7200,
    deadPu: 0.2,
    livePu: 0.8,
    limits: syncLimits(0.5),
    lasts: duration(500),
    allowed: new Set(['dead line', 'sync'] as const),
  }
  const step = syncCheck(settings)
  const side = (pu: number, degrees = 0, hz = 60): Side => ({ volts: polar(7200 * pu, degrees), hz })
  const permits = (bus: Side | undefined, line: Side | undefined, from = {}) =>
    step(step(from, bus, line, instant(0)).state, bus, line, instant(500)).permits

  it('permits a mode that is allowed once it has lasted', () => {
    expect(permits(side(1), side(0.1))).toBe('dead line')
    expect(step({}, side(1), side(0.1), instant(0)).permits).toBeUndefined()
    const begun = step({}, side(1), side(0.1), instant(0)).state
    expect(step(begun, side(1), side(0.1), instant(499)).permits).toBeUndefined()
  })
  it('permits none that is not allowed, and nothing in between or not measured', () => {
    expect(permits(side(0.1), side(1))).toBeUndefined()
    expect(permits(side(0.1), side(0.1))).toBeUndefined()
    expect(permits(side(1), side(0.5))).toBeUndefined()
    expect(permits(side(1), undefined)).toBeUndefined()
  })
  it('keeps the limits of IEEE 1547-2018, table 5, on both sides of each', () => {
    expect(permits(side(1), side(1, 20))).toBe('sync')
    expect(permits(side(1), side(1, -20.1))).toBeUndefined()
    expect(permits(side(1), side(0.91))).toBe('sync')
    expect(permits(side(1), side(0.89))).toBeUndefined()
    expect(permits(side(1), side(1, 0, 60.29))).toBe('sync')
    expect(permits(side(1), side(1, 0, 60.31))).toBeUndefined()
    expect(permits(side(1), { volts: polar(7200, 0) })).toBeUndefined()
    expect(syncLimits(1.5)).toEqual({ hz: 0.2, voltsPu: 0.05, degrees: 15 })
    expect(syncLimits(1.51)).toEqual({ hz: 0.1, voltsPu: 0.03, degrees: 10 })
  })
})
