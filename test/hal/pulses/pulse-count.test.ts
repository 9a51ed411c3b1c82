// Settings: at most 10 pulses a second, debounce 20 ms, a fault after 200 ms, doubt for a minute.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DemandState, demandStep, pulsesPerSecond } from '../../../src/hal/pulses/demand.ts'
import {
  type Contact,
  type PulseSettings,
  type PulseState,
  pulseCount,
  pulseDoubts,
  pulseStart,
  wattHoursOf,
} from '../../../src/hal/pulses/pulse-count.ts'
import { parseRational } from '../../../src/hal/rational.ts'
import { duration, instant } from '../../../topology/units.ts'
import { INPUTS } from '../../wire/inputs.ts'

const settings: PulseSettings = {
  counterRange: 65_536n,
  mostPerSecond: 10,
  debounce: duration(20),
  faultAfter: duration(200),
  contact: 'formC',
  bothEdges: true,
  doubtFor: duration(60_000),
}

/** `y@0 z@100`: what the contact shows when. @returns the count, and what is doubtful at the end */
function watch(script: string, more: Partial<PulseSettings> = {}): string {
  const all = { ...settings, ...more }
  const step = pulseCount(all)
  let state: PulseState = pulseStart
  let now = instant(0)
  for (const word of script.split(' ')) {
    const [shows, at] = word.split('@')
    now = instant(Number(at))
    state = step(state, { kind: 'contact', shows: shows as Contact }, now)
  }
  return [state.pulses, ...pulseDoubts(all, state, now)].join(' ')
}

describe('the contacts of a KYZ meter', () => {
  it.each([
    ['count each change from one to the other', 'y@0 z@50 y@100 z@150', '3'],
    ['count nothing at the first look, wherever they are', 'z@0', '0'],
    ['count once over the moment when neither is closed', 'y@0 neither@50 z@60 neither@110 y@120', '2'],
    ['count nothing when they go back to where they were', 'y@0 neither@50 y@60 neither@110 y@120', '0'],
    ['take no bounce for a pulse', 'y@0 z@50 y@55 z@60 y@69 z@70', '1'],
    ['count a change that stays, once the debounce time is over', 'y@0 z@50 y@69 y@70', '2'],
    ['are at fault when neither is closed for long', 'y@0 neither@50 neither@150 neither@250', '0 failure'],
    ['are not, just before', 'y@0 neither@50 neither@150 neither@249', '0'],
    ['are at fault when both are', 'y@0 both@50 both@150 both@250 z@300', '1 failure'],
    ['may have missed some when nobody looked for long', 'y@0 z@50 y@151', '2 inaccurate'],
    ['have not, within the time of the fastest pulse', 'y@0 z@50 y@150', '2'],
  ])('%s', (_, script, count) => expect(watch(script)).toBe(count))

  it.each([
    ['closing alone', { bothEdges: false }, '2'],
    ['both edges', { bothEdges: true }, '4'],
  ])('of form A count %s', (_, edges, count) =>
    expect(watch('neither@0 y@50 neither@100 y@150 neither@200', { contact: 'formA', ...edges })).toBe(count),
  )
})

describe('a counter register', () => {
  const step = pulseCount(settings)
  /** `65530@0 3@1000`, from a kept count where given. */
  function read(script: string, from: PulseState = pulseStart, keptFor?: number): string {
    let state = from
    let now = instant(0)
    for (const word of script.split(' ')) {
      const [value, at] = word.split('@')
      now = instant(Number(at))
      const kept = keptFor === undefined ? {} : { keptFor: duration(keptFor) }
      state = step(state, { kind: 'register', value: BigInt(value as string), ...kept }, now)
    }
    return [state.pulses, ...pulseDoubts(settings, state, now)].join(' ')
  }
  const kept = (pulses: bigint, register: bigint): PulseState => ({ pulses, register, troubles: {} })

  it.each([
    ['begins with what it shows', '500@0', '500'],
    ['goes on', '500@0 505@1000 505@2000', '505'],
    ['begins again when it is full', '65530@0 3@1000', '65539'],
    ['goes up by no more than can come', '500@0 511@1000', '511'],
    ['was exchanged when it does', '500@0 512@1000', '500 inconsistent'],
    ['was set back by a loss of its supply: what it shows came since', '500@0 8@1000', '508 inconsistent'],
    ['was exchanged for another one', '500@0 400@1000', '500 inconsistent'],
    ['goes on from the other one', '500@0 400@1000 405@2000', '505 inconsistent'],
    ['casts doubt for a minute', '500@0 400@1000 405@61000', '505 inconsistent'],
    ['and no longer', '500@0 400@1000 405@61001', '505'],
    ['may have gone round in a long silence', '500@0 600@6553600', '600 inaccurate'],
  ])('%s', (_, script, count) => expect(read(script)).toBe(count))

  it.each([
    ['goes on where it was, with what came in between', '20@0', 7000n, 65_500n, 3_600_000, '7056'],
    ['was set back together with the agent', '0@0', 7000n, 5000n, 60_000, '7000 inconsistent'],
    ['by a clock that says nothing goes forward alone', '5003@0', 7000n, 5000n, undefined, '7003'],
    ['by a clock that says nothing does not go round', '3@0', 7000n, 65_530n, undefined, '7000 inconsistent'],
  ])('after a restart %s', (_, script, pulses, register, keptFor, count) =>
    expect(read(script, kept(pulses, register), keptFor)).toBe(count),
  )

  it(`never counts backwards, nor more than can come, ${INPUTS} times`, () => {
    const look = fc.record({ value: fc.bigInt({ min: 0n, max: 2n ** 64n }), later: fc.nat({ max: 100_000 }) })
    fc.assert(
      fc.property(fc.array(look, { minLength: 2, maxLength: 8 }), looks => {
        let state = pulseStart
        let now = 0
        for (const [index, { value, later }] of looks.entries()) {
          now += later
          const before = state.pulses
          state = step(state, { kind: 'register', value }, instant(now))
          if (index === 0) continue
          expect(state.pulses >= before).toBe(true)
          expect(state.pulses - before <= BigInt(Math.ceil(later / 100)) + 1n).toBe(true)
        }
      }),
      { numRuns: INPUTS },
    )
  })
})

describe('the weight of a pulse', () => {
  it.each([
    ['1.8', 5n, 9n],
    ['1/3', 10n, 3n],
    ['0.5', 3n, 1n],
    ['1000', 123_456_789_012_345n, 123_456_789_012_345_000n],
  ])('%s Wh is exact', (weight, pulses, wattHours) => {
    const parsed = parseRational(weight)
    expect(parsed && wattHoursOf(pulses, parsed)).toBe(wattHours)
  })
})

describe('the demand of pulses', () => {
  const window = duration(60_000)
  function rateAt(...looks: [at: number, pulses: number][]): number | undefined {
    let state: DemandState = []
    for (const [at, pulses] of looks) state = demandStep(state, window, BigInt(pulses), instant(at))
    const [at, pulses] = looks.at(-1) as [number, number]
    return pulsesPerSecond(state, window, BigInt(pulses), instant(at))
  }
  it('is not known before half a window has been seen', () => {
    expect(rateAt([0, 0], [29_999, 30])).toBeUndefined()
    expect(rateAt([0, 0], [30_000, 30])).toBe(1)
  })
  it('is the mean of a window, not of all time', () => {
    const looks = Array.from({ length: 200 }, (_, s): [number, number] => [s * 1000, s < 100 ? 0 : (s - 100) * 2])
    expect(rateAt(...looks)).toBeCloseTo(2, 1)
    expect(rateAt(...looks.slice(0, 131))).toBeCloseTo(1, 1)
  })
  it('begins anew when there are fewer', () => expect(rateAt([0, 500], [40_000, 10])).toBeUndefined())
  it('keeps no more than it needs', () => {
    let state: DemandState = []
    for (let at = 0; at < 1_000_000; at += 10) state = demandStep(state, window, BigInt(at), instant(at))
    expect(state.length).toBeLessThan(40)
  })
})
