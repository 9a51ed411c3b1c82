// A feeder that gets its voltage back: inrush above a high set must trip nobody fast. That the time since the voltage's
// return is what holds back is tested in test/node/load-below.test.ts.

import { describe, expect, it } from 'vitest'
import { readShippedFeeder } from '../../../sim/fuzz/shipped-feeder.ts'
import { energisedCase, energisings, multipleAfter, usualEnergising } from '../../../sim/sweep/energising.ts'

const file = readShippedFeeder('loop-pair')

describe('a feeder that is energised', () => {
  it('draws inrush for tenths of a second, and cold load for minutes', () => {
    const given = { inrush: 10, coldLoad: 2 }
    expect(multipleAfter(given, 0)).toBe(11)
    expect(multipleAfter(given, 1000)).toBeCloseTo(2, 1)
    expect(multipleAfter(given, 3_600_000)).toBeCloseTo(1, 1)
  })
  it('is energised by each device that an IED operates and that is closed in the normal state', () => {
    expect(energisings(file)).toEqual(['CB-N', 'SW-N', 'RC-N', 'RC-S', 'SW-S', 'CB-S'])
  })
  it('trips nobody fast, though high sets pick up: the own closing holds back, and the return of the voltage farther down', async () => {
    const result = await energisedCase(file, 'CB-N', usualEnergising, '1')
    expect(result).toMatchObject({ highSets: ['CB-N', 'RC-N'], fast: [], tripped: [], ok: true })
  })
})
