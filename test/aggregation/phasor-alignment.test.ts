// Settings: places R1, R2 and R3, ten moments a second, a wait of 1000 ms. A frame is written as place:moment@arrival, the
// moment in tenths of a second, or in microseconds with a u.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AlignmentAction,
  type AlignmentEvent,
  type AlignmentState,
  alignmentStart,
  momentAt,
  phasorAlignment,
} from '../../src/aggregation/phasor-alignment.ts'
import { comparePlaces } from '../../src/aggregation/phasor-comparison.ts'
import type { PlacePhasors } from '../../src/aggregation/phasor-message.ts'
import { duration, instant } from '../../topology/units.ts'
import { INPUTS } from '../wire/inputs.ts'

const PLACES = ['R1', 'R2', 'R3']
const step = phasorAlignment({ places: PLACES, framesPerSecond: 10, wait: duration(1000) })
const frameAt = (utcMicros: number): PlacePhasors => ({ utcMicros, volts: {}, amps: {}, doubtful: false })

function play(script: string): string {
  let state: AlignmentState = alignmentStart
  const said: string[] = []
  const say = (action: AlignmentAction): void => {
    if (action.kind === 'wake') return void said.push(`wake@${action.at}`)
    const { utcMicros, frames } = action.moment
    said.push(`${utcMicros / 1e5}:${[...frames.keys()].sort().join('+')}`)
  }
  for (const word of script.split(' ')) {
    const [what = '', at] = word.split('@')
    const [from = '', moment = ''] = what.split(':')
    const utcMicros = moment.endsWith('u') ? Number(moment.slice(0, -1)) : Number(moment) * 1e5
    const event: AlignmentEvent =
      what === 'tick' ? { kind: 'tick' } : { kind: 'frame', from, frame: frameAt(utcMicros) }
    const next = step(state, event, instant(Number(at)))
    state = next.state
    next.actions.forEach(say)
  }
  const counted = Object.entries(state.counts).flatMap(([why, count]) => (count > 0 ? [`${why}=${count}`] : []))
  return [...said, ...counted].join(' ')
}

describe('phasors on one time axis', () => {
  it.each([
    ['hands a moment on when all have sent theirs', 'R1:7@0 R2:7@10 R3:7@20', 'wake@1000 7:R1+R2+R3'],
    ['hands on what there is when the wait is over', 'R1:7@0 R3:7@900 tick@1000', 'wake@1000 7:R1+R3'],
    ['waits until then', 'R1:7@0 tick@999', 'wake@1000'],
    ['drops what comes later', 'R1:7@0 tick@1000 R2:7@1001', 'wake@1000 7:R1 late=1'],
    ['drops what comes after all', 'R1:7@0 R2:7@1 R3:7@2 R1:7@3', 'wake@1000 7:R1+R2+R3 late=1'],
    ['takes the first of two', 'R1:7@0 R1:7@1 tick@1000', 'wake@1000 7:R1 doubled=1'],
    ['keeps moments apart', 'R1:7@0 R1:8@100 R2:8@110 R2:7@120 tick@1100', 'wake@1000 wake@1100 7:R1+R2 8:R1+R2'],
    ['hands them on in the order of time', 'R2:8@0 R1:7@0 tick@1000', 'wake@1000 wake@1000 7:R1 8:R2'],
    ['takes what is a millisecond off', 'R1:701000u@0 R2:699000u@1 tick@1000', 'wake@1000 7:R1+R2'],
    ['and nothing further off', 'R1:701001u@0 R2:698999u@1 R3:650000u@2', 'offGrid=3'],
    ['knows nobody else', 'R9:7@0', ''],
    ['ends a moment once', 'R1:7@0 tick@1000 tick@1001 tick@2000', 'wake@1000 7:R1'],
  ])('%s', (_, script, said) => expect(play(script)).toBe(said))

  it('is not held up by a place whose clock is wrong', () => {
    const wrong = Array.from({ length: 100 }, (_, i) => `R3:${9000 + i}@${i}`).join(' ')
    expect(play(`${wrong} R1:7@200 R2:7@210 tick@1200`)).toMatch(/ 7:R1\+R2 9000:R3 .* crowded=64$/)
  })

  it.each([1, 10, 25, 30, 50, 60, 120])('has moments %i times a second', perSecond => {
    const begin = 1_768_000_000
    for (let i = 0; i < 2 * perSecond; i++) {
      const micros = begin * 1e6 + Math.round((i * 1e6) / perSecond)
      expect(momentAt(micros, perSecond)).toBe(begin * perSecond + i)
    }
  })

  it(`holds no more than its bounds, and hands each moment on once, ${INPUTS} times`, () => {
    const sent = fc.record({
      from: fc.constantFrom(...PLACES),
      micros: fc.nat({ max: 2e9 }),
      later: fc.nat({ max: 400 }),
    })
    fc.assert(
      fc.property(fc.array(sent, { maxLength: 120 }), frames => {
        let state = alignmentStart
        let now = 0
        const seen = new Set<number>()
        for (const { from, micros, later } of frames) {
          now += later
          for (const event of [
            { kind: 'tick' },
            { kind: 'frame', from, frame: frameAt(micros - (micros % 1e5)) },
          ] as const) {
            const next = step(state, event, instant(now))
            state = next.state
            for (const action of next.actions) {
              if (action.kind !== 'row') continue
              expect(seen.has(action.moment.utcMicros)).toBe(false)
              seen.add(action.moment.utcMicros)
            }
          }
        }
        expect(state.open.size).toBeLessThanOrEqual(3 * 36)
        expect(state.over.length).toBeLessThanOrEqual(1024)
      }),
      { numRuns: INPUTS },
    )
  })
})

describe('places compared', () => {
  const balanced = (degrees: number, more: Partial<PlacePhasors> = {}): PlacePhasors => ({
    utcMicros: 0,
    timeErrorMicros: 1,
    volts: { a: [230, degrees], b: [230, degrees - 120], c: [230, degrees + 120] },
    amps: {},
    frequencyHz: 50,
    doubtful: false,
    ...more,
  })
  const angle = (one: PlacePhasors, other: PlacePhasors) => {
    const frames = new Map([
      ['R1', one],
      ['R2', other],
    ])
    return comparePlaces({ utcMicros: 0, frames }, ['R1', 'R2'], 'R1')[1]
  }

  it('have the angle of one against the other, within half a turn', () => {
    expect(angle(balanced(170), balanced(-170))?.angleDegrees).toBeCloseTo(20, 9)
    expect(angle(balanced(10), balanced(5))?.angleDegrees).toBeCloseTo(-5, 9)
  })
  it.each([
    ['at 100 µs', { timeErrorMicros: 100 }, 'good', true],
    ['beyond', { timeErrorMicros: 100.001 }, 'unsynchronised', false],
    ['of a clock that is not in step', { timeErrorMicros: undefined as never }, 'unsynchronised', false],
    ['of a place that doubts it', { doubtful: true }, 'doubtful', false],
  ])('have an angle only where both clocks allow it: %s', (_, more, quality, has) => {
    for (const compared of [angle(balanced(0), balanced(5, more)), angle(balanced(0, more), balanced(5))]) {
      expect(compared?.angleDegrees !== null).toBe(has)
      expect(compared?.positiveVolts).toBeCloseTo(230, 9)
    }
    const own = angle(balanced(0), balanced(5, more))
    expect(own?.quality).toBe(quality)
    expect(own?.volts.a?.magnitude).toBe(230)
    expect(own?.volts.a?.degrees === null).toBe(!has)
  })
  it('are compared by any phase that they have', () => {
    const onlyC = balanced(0, { volts: { c: [230, 125] } })
    const onlyB = balanced(0, { volts: { b: [230, -115] } })
    expect(angle(balanced(0), onlyC)?.angleDegrees).toBeCloseTo(5, 9)
    expect(angle(onlyB, onlyC)?.angleDegrees).toBeCloseTo(0, 9)
    expect(angle(balanced(0), onlyC)?.positiveVolts).toBeNull()
  })
  it('have their unbalance in percent', () => {
    const one = angle(balanced(0), balanced(0, { volts: { a: [200, 0], b: [230, -120], c: [230, 120] } }))
    expect(one?.positiveVolts).toBeCloseTo(220, 9)
    expect(one?.negativePercent).toBeCloseTo(100 / 22, 9)
    expect(one?.zeroPercent).toBeCloseTo(100 / 22, 9)
  })
  it('are missing, with nothing, when they sent nothing', () => {
    const [first, second] = comparePlaces({ utcMicros: 0, frames: new Map([['R2', balanced(9)]]) }, ['R1', 'R2'], 'R1')
    expect(first).toMatchObject({ place: 'R1', quality: 'missing', volts: {}, positiveVolts: null, frequencyHz: null })
    expect(second?.angleDegrees).toBeNull()
  })
})
