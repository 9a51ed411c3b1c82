// What creeps, what is beyond its limit, and what is neither; and which places are the worst ones.

import { describe, expect, it } from 'vitest'
import { degradation, findingsOf, noDegradation, slopeOf } from '../../src/protection/degradation.ts'
import { degradationLimits, type Levels } from '../../src/protection/degradation-measures.ts'
import { degradationMessage } from '../../src/protection/degradation-message.ts'
import { type HeardFindings, worstPlaces } from '../../src/protection/degradation-places.ts'
import { toCbor } from '../../topology/cbor.ts'

const SLOTS = 4
const step = degradation({ limits: degradationLimits, slotsPerPeriod: SLOTS, horizonPeriods: 10 })

function play(slots: readonly Levels[]) {
  let state = noDegradation
  const told: string[] = []
  slots.forEach((levels, n) => {
    const next = step(state, levels, n * 1000)
    state = next.state
    for (const action of next.actions)
      if (action.kind === 'changed')
        told.push(`${n}: ${action.finding.measure} ${action.was} -> ${action.finding.state}`)
  })
  return { told, findings: findingsOf(state), state }
}
const undervoltage = (...values: number[]): Levels[] => values.map(value => ({ undervoltage: value }))
const days = (...levels: number[]): Levels[] => undervoltage(...levels.flatMap(level => Array(SLOTS).fill(level)))

describe('a limit', () => {
  it('is crossed by two of three slots, not by one', () => {
    expect(play(undervoltage(0, 0, 0.2, 0, 0)).told).toEqual([])
    expect(play(undervoltage(0, 0, 0.06, 0.06)).told).toEqual(['3: undervoltage sound -> beyond'])
  })
  it('counts from itself on, and is left a tenth below', () => {
    expect(play(undervoltage(0.0499, 0.0499, 0.0499)).told).toEqual([])
    expect(play(undervoltage(0.05, 0.05, 0.05)).told).toEqual(['2: undervoltage sound -> beyond'])
    expect(play(undervoltage(0.05, 0.05, 0.05, 0.046, 0.046, 0.046)).told).toHaveLength(1)
    expect(play(undervoltage(0.05, 0.05, 0.05, 0.044, 0.044)).told.at(-1)).toBe('4: undervoltage beyond -> sound')
  })
  it('stands while nothing is measured', () => {
    expect(play([...undervoltage(0.06, 0.06, 0.06), {}, {}, {}]).findings[0]?.state).toBe('beyond')
  })
  it('of a count is that of a period, from the moment when it is reached', () => {
    const once: Levels = { pickups: 2 }
    expect(play([once, once]).told).toEqual([])
    expect(play([once, once, once]).told).toEqual(['2: pickups sound -> beyond'])
    // The next period has none.
    expect(play([once, once, once, ...Array(8).fill({ pickups: 0 })]).findings[0]?.state).toBe('sound')
  })
})

describe('a trend', () => {
  it('is told when it crosses the limit within the horizon, and not before there are four periods', () => {
    expect(play(days(0.02, 0.023, 0.026)).told).toEqual([])
    expect(play(days(0.02, 0.023, 0.026, 0.029)).told).toEqual(['15: undervoltage sound -> creeping'])
  })
  it('is none where it is too slow, falls, or begins far from the limit', () => {
    expect(play(days(0.02, 0.021, 0.022, 0.023)).told).toEqual([])
    expect(play(days(0.04, 0.038, 0.036, 0.034)).told).toEqual([])
    expect(play(days(0, 0.003, 0.006, 0.009)).told).toEqual([])
  })
  it('is not what swings within each period', () => {
    const swing = [0.01, 0.02, 0.04, 0.02]
    expect(play(undervoltage(...[1, 2, 3, 4, 5, 6].flatMap(() => swing))).told).toEqual([])
  })
  it('is hardly moved by odd periods', () => {
    expect(slopeOf([1, 2, 3, 100, 5, 6, 7, 8, 9, 10])).toBeCloseTo(1, 1)
    expect(slopeOf([1, 2, 3])).toBeUndefined()
  })
  it('keeps 60 periods', () => {
    expect(play(days(...Array(70).fill(0.01))).state.courses.undervoltage?.periods).toHaveLength(60)
  })
})

describe('the worst places', () => {
  const finding = (level: number, state: 'sound' | 'creeping' | 'beyond' = 'sound') =>
    ({ measure: 'undervoltage', level, state, sinceMinutes: 5, perDay: 0.001 }) as const
  const heard = (ied: string, zone: string, ...findings: HeardFindings['findings']): HeardFindings => ({
    ied,
    zone,
    ageMs: 60_000,
    findings,
  })

  it('come in order, with who sees them of how many', () => {
    const rows = worstPlaces(
      [
        heard('one', 'far', finding(0.08, 'beyond')),
        heard('two', 'far', finding(0.06, 'beyond')),
        heard('three', 'far', finding(0.01)),
        heard('four', 'near', finding(0.04, 'creeping')),
      ],
      degradationLimits,
    )
    expect(rows).toMatchObject([
      {
        zone: 'far',
        state: 'beyond',
        level: 0.08,
        seenBy: ['one', 'two'],
        of: 3,
        sinceMinutes: 6,
      },
      { zone: 'near', state: 'creeping', level: 0.04, seenBy: ['four'], of: 1 },
    ])
    expect(rows[1]?.daysLeft).toBeCloseTo(10)
  })
  it('go by the limits of whoever looks', () => {
    const lenient = { ...degradationLimits, undervoltage: 0.1 }
    expect(worstPlaces([heard('one', 'far', finding(0.08, 'beyond'))], lenient)).toMatchObject([{ state: 'creeping' }])
    expect(worstPlaces([heard('one', 'far', finding(0.06))], degradationLimits)).toMatchObject([{ state: 'beyond' }])
  })
})

describe('the message', () => {
  const said = { measure: 'pickups', level: 1, state: 'sound', sinceMinutes: 0 }
  it.each([
    ['twice the same measure', [said, said]],
    ['a level beyond all', [{ ...said, level: 1e7 }]],
    ['no number', [{ ...said, level: Number.NaN }]],
    ['a place', [{ ...said, zone: 'far' }]],
    ['more than there are', Array(9).fill(said)],
  ])('is none with %s', (_, findings) => {
    expect(() => degradationMessage.decode(toCbor({ findings }))).toThrow()
  })
  it('is one otherwise', () => {
    expect(degradationMessage.decode(toCbor({ findings: [said] }))).toEqual({ findings: [said] })
  })
})
