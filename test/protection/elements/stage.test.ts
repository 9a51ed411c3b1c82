import { describe, expect, it } from 'vitest'
import {
  operatingSeconds,
  restingStage,
  type StageEvent,
  type StageSettings,
  type StageState,
  stage,
  stageDeadline,
} from '../../../src/protection/elements/stage.ts'
import { duration, instant } from '../../../topology/units.ts'
import { play } from '../script.ts'

const DEFINITE: StageSettings = { pickup: 100, timing: { kind: 'definite', delay: duration(100) } }
const VI: StageSettings = { pickup: 100, timing: { kind: 'inverse', curve: 'iec.vi', timeMultiplier: 0.5 } }
const EI: StageSettings = { pickup: 100, timing: { kind: 'inverse', curve: 'ieee.ei', timeMultiplier: 2 } }

const run = (settings: StageSettings, script: string): string =>
  play(
    stage(settings),
    restingStage(instant(0)),
    script,
    ([value]): StageEvent =>
      value === 'tick' ? { kind: 'tick' } : { kind: 'value', value: value === 'none' ? undefined : Number(value) },
    (action, now) => `${action}@${now}`,
  )

/** When it trips, in ms, if it is only asked when its deadline has come. */
function tripsAt(settings: StageSettings, values: readonly (readonly [number, number])[]): number | undefined {
  let state: StageState = restingStage(instant(0))
  const step = stage(settings)
  for (const [at, value] of values) state = step(state, { kind: 'value', value }, instant(at)).state
  return stageDeadline(state)
}

describe('a definite-time stage', () => {
  const cases = [
    {
      it: 'trips once its delay is over, and says so once',
      given: '120@0 tick@99 tick@100 tick@200',
      gives: 'pickup@0 trip@100',
    },
    { it: 'is silent at its pickup', given: '100@0 tick@500', gives: '' },
    { it: 'picks up just above', given: '100.1@0 tick@100', gives: 'pickup@0 trip@100' },
    {
      it: 'begins anew after a dropout',
      given: '120@0 90@99 120@100 tick@199 tick@200',
      gives: 'pickup@0 dropout@99 pickup@100 trip@200',
    },
    {
      it: 'keeps its time while the current varies above pickup',
      given: '120@0 500@40 101@90 tick@100',
      gives: 'pickup@0 trip@100',
    },
    {
      it: 'trips again only after a dropout',
      given: '120@0 tick@100 130@150 90@160 120@170 tick@270',
      gives: 'pickup@0 trip@100 dropout@160 pickup@170 trip@270',
    },
    { it: 'drops out when nothing can be measured', given: '120@0 none@50 tick@100', gives: 'pickup@0 dropout@50' },
    {
      it: 'trips though the value that tells of it is late and below',
      given: '120@0 90@130',
      gives: 'pickup@0 trip@130 dropout@130',
    },
  ]
  for (const each of cases) it(each.it, () => expect(run(DEFINITE, each.given)).toBe(each.gives))

  it('trips at once without a delay', () => {
    expect(run({ pickup: 100, timing: { kind: 'definite', delay: duration(0) } }, '90@0 120@20 130@30')).toBe(
      'pickup@20 trip@20',
    )
  })

  it('stays picked up down to its dropout, and times on', () => {
    const ratio = { ...DEFINITE, dropout: 95 }
    expect(run(ratio, '120@0 96@50 tick@100')).toBe('pickup@0 trip@100')
    expect(run(ratio, '120@0 95@50 tick@100')).toBe('pickup@0 dropout@50')
    expect(run(ratio, '99@0 tick@200')).toBe('')
  })

  it('remembers for a definite reset time, and no longer', () => {
    const held: StageSettings = { ...DEFINITE, reset: { kind: 'definite', seconds: 0.05 } }
    expect(run(held, '120@0 90@60 120@109 tick@149')).toBe('pickup@0 dropout@60 pickup@109 trip@149')
    expect(run(held, '120@0 90@60 120@110 tick@209 tick@210')).toBe('pickup@0 dropout@60 pickup@110 trip@210')
  })

  it('looks for too little where it is an under element', () => {
    const under: StageSettings = { ...DEFINITE, side: 'under', dropout: 102 }
    expect(run(under, '100@0 99@10 101@50 tick@110')).toBe('pickup@10 trip@110')
    expect(run(under, '99@10 102@50 tick@110')).toBe('pickup@10 dropout@50')
    expect(run(under, '0@0 tick@100')).toBe('pickup@0 trip@100')
  })
})

describe('an inverse-time stage', () => {
  it('takes the curve’s time at a steady current, floor and ceiling with it', () => {
    expect(operatingSeconds(VI, 500)).toBeCloseTo((0.5 * 13.5) / 4, 9)
    expect(operatingSeconds(VI, 100)).toBe(Infinity)
    expect(tripsAt(VI, [[0, 500]])).toBeCloseTo(1687.5, 6)
  })

  // Worked by hand: 1 s of 3.375 s used at M = 3, the rest of 1.35 s at M = 6.
  it('uses its time up in shares when the current changes: 3 times pickup for 1 s, then 6', () => {
    expect(
      tripsAt(VI, [
        [0, 300],
        [1000, 600],
      ]),
    ).toBeCloseTo(1950, 3)
  })

  // C37.112, the disc runs back during the pause: 1 s at M = 4, 10 s at 0.5, then 4 again.
  it('runs back at the pace of a disc with an inverse reset', () => {
    const values = [
      [0, 400],
      [1000, 50],
      [11_000, 400],
    ] as const
    expect(tripsAt({ ...EI, reset: { kind: 'inverse' } }, values)).toBeCloseTo(14_519.3, 0)
    expect(tripsAt(EI, values)).toBeCloseTo(15_003.4, 0)
  })

  it('gives the same whether it is fed each half cycle or each change', () => {
    const half: [number, number][] = []
    for (let at = 0; at < 1000; at += 10) half.push([at, 300])
    for (let at = 1000; at <= 1900; at += 10) half.push([at, 600])
    expect(tripsAt(VI, half)).toBeCloseTo(
      tripsAt(VI, [
        [0, 300],
        [1000, 600],
      ]) as number,
      6,
    )
  })

  it('neither gains nor loses at its pickup', () => {
    expect(
      tripsAt({ ...VI, reset: { kind: 'inverse' } }, [
        [0, 300],
        [1000, 100],
        [9000, 300],
      ]),
    ).toBeCloseTo(11_375, 6)
  })
})
