import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clearingTime, type FuseState, fuse, fuseDeadline, type MeltingCurve, newFuse } from '../../sim/devices/fuse.ts'
import { instant } from '../../topology/units.ts'

/** Between 100 A and 1000 A a straight line of slope −2: time goes with the square. */
const CURVE: MeltingCurve = [
  [100, 10],
  [1000, 0.1],
  [5000, 0.02],
]

describe('the clearing time of a fuse', () => {
  const times = [
    { amps: 99.9, ms: undefined },
    { amps: 100, ms: 10_000 },
    { amps: 200, ms: 2_500 }, // 10 s × (100 / 200)²
    { amps: 500, ms: 400 },
    { amps: 1000, ms: 100 },
    { amps: 5000, ms: 20 },
    { amps: 50_000, ms: 20 },
  ]
  for (const { amps, ms } of times) {
    it(`is ${ms ?? 'never'} ms at ${amps} A`, () => {
      const time = clearingTime(CURVE, amps)
      if (ms === undefined) expect(time).toBeUndefined()
      else expect(time).toBeCloseTo(ms, 9)
    })
  }
  it('never grows with the current', () => {
    const amps = fc.double({ min: 100, max: 20_000, noNaN: true })
    fc.assert(
      fc.property(amps, amps, (one, other) => {
        const [less, more] = one < other ? [one, other] : [other, one]
        expect(clearingTime(CURVE, more)).toBeLessThanOrEqual((clearingTime(CURVE, less) ?? 0) + 1e-9)
      }),
    )
  })
})

// `200@0`: 200 A in the first phase from then on.
const cases = [
  { it: 'blows when its time is over', given: '200@0 tick@2499 tick@2500', gives: 'whole whole blown' },
  { it: 'stays whole below its curve', given: '99@0 tick@9999999', gives: 'whole whole' },
  {
    it: 'uses itself up in shares of a varying current',
    // 1 s of 2.5 s is 0.4; then 0.6 of 400 ms is left.
    given: '200@0 500@1000 tick@1239 tick@1240',
    gives: 'whole whole whole blown',
  },
  {
    it: 'keeps the heat over a short pause, less what cools',
    // 0.4 used, 600 ms of cooling take 0.01 back, so 0.61 of 2.5 s is left.
    given: '200@0 0@1000 200@1600 tick@3124 tick@3126',
    gives: 'whole whole whole whole blown',
  },
  {
    it: 'is cold after a minute',
    given: '200@0 0@2400 200@62400 tick@64899 tick@64901',
    gives: 'whole whole whole whole blown',
  },
  { it: 'blows once', given: '200@0 tick@2500 tick@9999 200@10000', gives: 'whole blown blown blown' },
  { it: 'is found blown at the next look, too', given: '200@0 0@3000', gives: 'whole blown' },
  {
    it: 'lives again with new links',
    given: '200@0 tick@2500 new@9000 200@9000 tick@11499',
    gives: 'whole blown whole whole whole',
  },
  { it: 'is harmless in somebody’s hand', given: 'out@0 5000@1 tick@9999', gives: 'out out out' },
]

describe('a fuse', () => {
  for (const c of cases) it(c.it, () => expect(play(c.given)).toBe(c.gives))

  it('lets each phase heat its own link', () => {
    const step = fuse(CURVE)
    let state: FuseState = newFuse(instant(0))
    state = step(state, { kind: 'current', amps: [200, 0, 0] }, instant(0)).state
    state = step(state, { kind: 'current', amps: [0, 200, 0] }, instant(2000)).state
    expect(fuseDeadline(CURVE, state)).toBeCloseTo(4500, 6)
  })
})

function play(given: string): string {
  const step = fuse(CURVE)
  let state: FuseState = newFuse(instant(0))
  const apply = (word: string, at: number): FuseState => {
    if (word === 'tick') return step(state, { kind: 'tick' }, instant(at)).state
    if (word === 'new') return step(state, { kind: 'new links' }, instant(at)).state
    if (word === 'out') return step(state, { kind: 'take out' }, instant(at)).state
    return step(state, { kind: 'current', amps: [Number(word), 0, 0] }, instant(at)).state
  }
  return given
    .split(' ')
    .map(entry => {
      const [word = '', at] = entry.split('@')
      state = apply(word, Number(at))
      return state.phase
    })
    .join(' ')
}
