// Worked example: 5 min energies of 5, 7, 9, 8, 3, 2 kWh. Of 15 min blocks the greatest demand is 84 kW (21 kWh × 4), of
// windows that roll in 5 min steps 96 kW (24 kWh × 4).

import { describe, expect, it } from 'vitest'
import {
  type DemandSettings,
  type DemandState,
  demandRoom,
  demandStart,
  demandWindow,
  lastDemandKw,
  predictedDemand,
} from '../../../src/protection/load/demand-window.ts'
import { instant } from '../../../topology/units.ts'

const MINUTE = 60_000
const settings = (kind: DemandSettings['kind']): DemandSettings => ({
  kind,
  windowMs: 15 * MINUTE,
  stepMs: 5 * MINUTE,
  maxGapMs: 2 * MINUTE,
})

/** Measures at both ends of each stretch: the power within it is even. */
function measured(kind: DemandSettings['kind'], kwh: readonly number[]) {
  let state: DemandState = demandStart
  let now = 0
  const ended: number[] = []
  const look = (kw: number): void => {
    const before = state.step
    state = demandWindow(settings(kind), state, { kw, at: instant(now), stepTimeMs: now })
    const last = lastDemandKw(settings(kind), state)
    if (state.step !== before && last !== undefined) ended.push(Number(last.toFixed(6)))
  }
  for (const energy of kwh) {
    for (let minute = 0; minute < 5; minute++) {
      look(energy * 12)
      now += MINUTE - 1
      look(energy * 12)
      now += 1
    }
  }
  look((kwh.at(-1) ?? 0) * 12)
  return { ended, state, now }
}

describe('demand', () => {
  // Between the last millisecond of a stretch and the first of the next the mean of both counts.
  it('of blocks', () => {
    const { ended } = measured('block', [5, 7, 9, 8, 3, 2])
    expect(ended.map(Math.round)).toEqual([84, 52])
  })
  it('rolling', () => {
    const { ended } = measured('rolling', [5, 7, 9, 8, 3, 2])
    expect(ended.map(Math.round)).toEqual([84, 96, 80, 52])
  })

  it('at the end of the window is foreseen', () => {
    const { state } = measured('block', [5, 7])
    // 12 kWh so far, 5 min to go.
    expect(predictedDemand(settings('block'), state, 108).predictedKw).toBeCloseTo((12 + 9) * 4, 2)
    const rolling = measured('rolling', [5, 7])
    expect(predictedDemand(settings('rolling'), rolling.state, 108).predictedKw).toBeCloseTo((12 + 9) * 4, 2)
  })

  it('of a window with a gap is not known, nor of one that was entered in the middle', () => {
    let state = demandWindow(settings('block'), demandStart, { kw: 50, at: instant(0), stepTimeMs: 7 * MINUTE })
    expect(predictedDemand(settings('block'), state, 50).predictedKw).toBeUndefined()
    state = measured('block', [5]).state
    const at = 5 * MINUTE + 2 * MINUTE
    const whole = demandWindow(settings('block'), state, { kw: 60, at: instant(at), stepTimeMs: at })
    expect(predictedDemand(settings('block'), whole, 60).predictedKw).toBeCloseTo(60, 2)
    const broken = demandWindow(settings('block'), state, { kw: 60, at: instant(at + 1), stepTimeMs: at + 1 })
    expect(predictedDemand(settings('block'), broken, 60).predictedKw).toBeUndefined()
  })

  it('survives a clock that is set', () => {
    const { state, now } = measured('block', [5, 7])
    const back = demandWindow(settings('block'), state, { kw: 60, at: instant(now + MINUTE), stepTimeMs: 0 })
    expect(predictedDemand(settings('block'), back, 60).predictedKw).toBeCloseTo(60, 6)
  })
})

describe('room under a limit', () => {
  const limit = { limitKw: 84, marginKw: 4 }
  const demand = (predictedKw: number | undefined, leftMin: number) => ({
    predictedKw,
    leftMs: leftMin * MINUTE,
    windowMs: 15 * MINUTE,
  })
  it('at the limit nothing has to go', () => expect(demandRoom(demand(84, 5), 84, limit).tooMuchKw).toBe(0))
  it('late in the window more has to go for the same excess', () => {
    expect(demandRoom(demand(90, 15), 90, limit).tooMuchKw).toBeCloseTo(6)
    expect(demandRoom(demand(90, 5), 90, limit).tooMuchKw).toBeCloseTo(18)
  })
  it('what comes on has to fit into the next window too', () => {
    expect(demandRoom(demand(60, 5), 75, limit).headroomKw).toBeCloseTo(5)
    expect(demandRoom(demand(79, 15), 20, limit).headroomKw).toBeCloseTo(1)
  })
  it('a window that was not seen counts as now', () =>
    expect(demandRoom(demand(undefined, 3), 90, limit).tooMuchKw).toBeCloseTo(6))
})
