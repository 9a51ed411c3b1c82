// On the small feeder: S ─CB─ s1 ─ N1 ─R2─ s2 ─ N2.

import { describe, expect, it } from 'vitest'
import { isFault, parseAllowed } from '../../../sim/sweep/allowed.ts'
import { type Judged, judge } from '../../../sim/sweep/judge.ts'
import type { FieldAct } from '../../../sim/sweep/played.ts'
import { type Seen, wayToSource } from '../../../sim/sweep/way-of-fault.ts'
import { worseThanAlone } from '../../../sim/sweep/worse-than-alone.ts'
import { createFeeder } from '../../../topology/feeder.ts'
import { smallFeeder } from '../small-feeder.ts'

const FILE = smallFeeder()
const R2: Seen = { device: 'R2', kind: 'recloser', amps: 900, pickupAmps: 200, sees: true }
const CB: Seen = { device: 'CB', kind: 'breaker', amps: 950, pickupAmps: 400, sees: true }

function judged(text: string, { seen = [R2, CB], stuck }: { seen?: readonly Seen[]; stuck?: string } = {}): Judged {
  const feeder = createFeeder(FILE)
  const field = [...text.matchAll(/(\w+) ([\w ]+?)@(\d+)/g)].map(
    ([, device = '', kind = '', ms]): FieldAct => ({ device, kind: kind as FieldAct['kind'], atMs: Number(ms) }),
  )
  return judge(feeder, 's2', wayToSource(feeder, 's2'), seen, { field, agents: [], forMs: 60_000 }, stuck)
}

const GRADED = 'R2 trip@400 R2 open@440'

describe('worse than alone', () => {
  it.each([
    ['sooner, by the same device', 'R2 trip@50 R2 open@90', undefined],
    ['at the same time', GRADED, undefined],
    ['later', 'R2 trip@401 R2 open@441', 'cleared after 441 ms, alone after 440 ms'],
    ['not at all', '', 'not cleared, alone R2 after 440 ms'],
    ['sooner, by the device above', 'CB trip@50 CB open@100', 'CB cleared, alone R2'],
    ['with another one tripped', `${GRADED} CB trip@450 CB open@500`, 'CB tripped too, alone not'],
    [
      'first open, then closed onto it for good',
      'R2 trip@50 R2 open@90 R2 close@900',
      'not cleared, alone R2 after 440 ms',
    ],
  ])('judges %s', (_, course, why) => {
    expect(worseThanAlone(judged(course), judged(GRADED))).toBe(why)
  })

  it('blames no mesh for what nothing cleared anyway', () => {
    expect(worseThanAlone(judged(''), judged(''))).toBeUndefined()
    expect(worseThanAlone(judged(GRADED), judged(''))).toBeUndefined()
  })

  it('lets the mesh trip others that tripped anyway', () => {
    const both = 'R2 trip@400 R2 open@440 CB trip@400 CB open@450'
    expect(worseThanAlone(judged(both), judged(both))).toBeUndefined()
  })

  it('is never allowed', () => {
    const result = { ...judged(GRADED), section: 's2', kind: 'three-phase', comms: 'up', seen: [], agents: [] } as const
    const allowed = [parseAllowed('s2=R2,CB,not-cleared', FILE)]
    expect(isFault(result, allowed)).toBe(false)
    expect(isFault({ ...result, verdict: 'worse than alone' }, allowed)).toBe(true)
  })
})

describe('a device that is stuck', () => {
  it('makes the next one that sees the fault the right one, and its own trip is no mistake', () => {
    const course = 'R2 trip@400 R2 stuck@440 CB trip@800 CB open@850'
    expect(judged(course, { stuck: 'R2' })).toMatchObject({
      verdict: 'right',
      expected: 'CB',
      clearedMs: 850,
      alsoTripped: [],
    })
    expect(judged(course)).toMatchObject({ verdict: 'wrong device', expected: 'R2' })
  })

  it('has no backup where nobody else sees the fault', () => {
    const blind = { ...CB, amps: 300, sees: false }
    expect(judged('R2 trip@400 R2 stuck@440', { seen: [R2, blind], stuck: 'R2' })).toMatchObject({
      verdict: 'no backup',
      why: 'R2 is stuck, and nothing toward the source sees the fault',
    })
  })
})
