import { describe, expect, it } from 'vitest'
import {
  categories,
  frequencyRideThrough,
  isBeyond,
  tightened,
  tripStages,
  voltageRideThrough,
} from '../../src/protection/der-ride-through.ts'

const rounded = (value: number): number => Math.round(value * 1000) / 1000

describe('ride-through of IEEE 1547-2018', () => {
  // Tables 14 to 16; the worked values: category I at 0.80 pu 1.100 s, category II at 0.75 pu 3.870 s.
  const cases: [(typeof categories)[number], number, string, number][] = [
    ['I', 0.8, 'mandatory', 1.1],
    ['II', 0.75, 'mandatory', 3.87],
    ['I', 1.201, 'cease', 0],
    ['I', 1.2, 'permissive', 0.2],
    ['I', 1.175, 'permissive', 0.5],
    ['I', 1.15, 'permissive', 1],
    ['I', 1.1, 'continuous', Number.POSITIVE_INFINITY],
    ['I', 0.88, 'continuous', Number.POSITIVE_INFINITY],
    ['I', 0.7, 'mandatory', 0.7],
    ['I', 0.699, 'permissive', 0.16],
    ['I', 0.499, 'cease', 0],
    ['II', 0.65, 'mandatory', 3],
    ['II', 0.649, 'permissive', 0.32],
    ['II', 0.449, 'permissive', 0.16],
    ['II', 0.299, 'cease', 0],
    ['III', 1.2, 'momentary', 12],
    ['III', 1.101, 'momentary', 12],
    ['III', 1.1, 'continuous', Number.POSITIVE_INFINITY],
    ['III', 0.879, 'mandatory', 20],
    ['III', 0.699, 'mandatory', 10],
    ['III', 0.499, 'momentary', 1],
    ['III', 0, 'momentary', 1],
  ]
  for (const [category, pu, mode, seconds] of cases) {
    it(`category ${category} at ${pu} pu: ${mode}, ${seconds} s`, () => {
      const found = voltageRideThrough(category, pu)
      expect({ ...found, seconds: rounded(found.seconds) }).toEqual({ mode, seconds })
    })
  }
  it('takes what is no voltage for none', () => {
    expect(voltageRideThrough('II', Number.NaN)).toEqual({ mode: 'cease', seconds: 0 })
    expect(voltageRideThrough('II', -1)).toEqual({ mode: 'cease', seconds: 0 })
  })
  it('rides through 299 s of frequency off nominal, at 60 and as far from 50 Hz', () => {
    for (const nominal of [60, 50]) {
      const of = (offset: number) => frequencyRideThrough(nominal + offset, nominal)
      expect(of(-1.2).mode).toBe('continuous')
      expect(of(-1.25)).toEqual({ mode: 'mandatory', seconds: 299 })
      expect(of(-3)).toEqual({ mode: 'mandatory', seconds: 299 })
      expect(of(-3.01).mode).toBe('cease')
      expect(of(1.2).mode).toBe('continuous')
      expect(of(1.8)).toEqual({ mode: 'mandatory', seconds: 299 })
      expect(of(1.81).mode).toBe('cease')
    }
  })
})

describe('the trip stages of IEEE 1547-2018', () => {
  const words = (category: (typeof categories)[number], hz = 60): string =>
    tripStages(category, hz)
      .map(({ stage, limit, clearingSeconds }) => `${stage} ${limit}/${clearingSeconds}`)
      .join(' ')
  // Tables 11 to 13 and 18, default settings.
  const FREQUENCY = 'OF2 62/0.16 OF1 61.2/300 UF1 58.5/300 UF2 56.5/0.16'
  it('are those of category I', () => {
    expect(words('I')).toBe(`OV2 1.2/0.16 OV1 1.1/2 UV1 0.7/2 UV2 0.45/0.16 ${FREQUENCY}`)
  })
  it('are those of category II', () => {
    expect(words('II')).toBe(`OV2 1.2/0.16 OV1 1.1/2 UV1 0.7/10 UV2 0.45/0.16 ${FREQUENCY}`)
  })
  it('are those of category III', () => {
    expect(words('III')).toBe(`OV2 1.2/0.16 OV1 1.1/13 UV1 0.88/21 UV2 0.5/2 ${FREQUENCY}`)
  })
  it('never have to trip before what must be ridden through is over', () => {
    for (const category of categories) {
      for (let pu = 0; pu <= 1.2; pu += 0.001) {
        const { mode, seconds } = voltageRideThrough(category, pu)
        if (mode !== 'mandatory') continue
        const first = Math.min(
          ...tripStages(category, 60)
            .filter(each => each.stage[1] === 'V' && isBeyond(each, pu))
            .map(each => each.clearingSeconds),
        )
        expect({ category, pu: rounded(pu), isLater: first >= seconds }).toEqual({
          category,
          pu: rounded(pu),
          isLater: true,
        })
      }
    }
  })
  it('are as fast as an island has to be gone while nobody would be heard, and no looser', () => {
    for (const category of categories) {
      const plain = tripStages(category, 50)
      tightened(plain).forEach((each, n) => {
        const before = plain[n]
        expect(each.clearingSeconds).toBeLessThanOrEqual(Math.min(2, before?.clearingSeconds ?? 0))
        if (each.stage.startsWith('U')) expect(each.limit).toBeGreaterThanOrEqual(before?.limit ?? 0)
        else expect(each.limit).toBeLessThanOrEqual(before?.limit ?? 0)
      })
    }
  })
})
