import { describe, expect, it } from 'vitest'
import { CLOCK_TOLERANCE_MS, isSince, refusedForAge } from '../../src/mesh/message-age.ts'
import { duration, utcMs } from '../../topology/units.ts'

const envelope = (changed = {}) => ({ utc: utcMs(1_000_000), utcGood: true, lifetime: duration(2000), ...changed })
const at = (changed = {}) => ({ ageMs: undefined, utc: 1_000_000, utcGood: true, ...changed })

describe('the age of a message', () => {
  const cases = [
    { it: 'measured, may reach its lifetime', ages: at({ ageMs: 2000 }), is: undefined },
    { it: 'measured, may not pass it', ages: at({ ageMs: 2000.1 }), is: 'expired' },
    { it: 'measured, asks no UTC: years behind', ages: at({ ageMs: 5, utc: 1e12 }), is: undefined },
    { it: 'measured, asks no UTC: ahead', ages: at({ ageMs: 5, utc: 0 }), is: undefined },
    { it: 'measured, counts though UTC says it is fresh', ages: at({ ageMs: 2001 }), is: 'expired' },
    {
      it: 'by UTC, may reach lifetime and tolerance',
      ages: at({ utc: 1_000_000 + 2000 + CLOCK_TOLERANCE_MS }),
      is: undefined,
    },
    { it: 'by UTC, may not pass them', ages: at({ utc: 1_000_001 + 2000 + CLOCK_TOLERANCE_MS }), is: 'expired' },
    { it: 'by UTC, may be ahead by the tolerance', ages: at({ utc: 1_000_000 - CLOCK_TOLERANCE_MS }), is: undefined },
    { it: 'by UTC, may not be further ahead', ages: at({ utc: 999_999 - CLOCK_TOLERANCE_MS }), is: 'from-the-future' },
    { it: 'is not known to a clock that was never set', ages: at({ utc: 0, utcGood: false }), is: undefined },
  ]
  for (const c of cases) it(c.it, () => expect(refusedForAge(envelope(), c.ages)).toBe(c.is))
  it('is not known of an origin whose clock was never set', () => {
    expect(refusedForAge(envelope({ utcGood: false, utc: utcMs(0) }), at())).toBeUndefined()
  })
  it('is since the start when both clocks are good and it was sealed no earlier', () => {
    const start = { utc: 1_000_000, utcGood: true }
    expect(isSince(envelope(), start)).toBe(true)
    expect(isSince(envelope({ utc: utcMs(999_999) }), start)).toBe(false)
    expect(isSince(envelope({ utcGood: false }), start)).toBe(false)
    expect(isSince(envelope(), { ...start, utcGood: false })).toBe(false)
  })
})
