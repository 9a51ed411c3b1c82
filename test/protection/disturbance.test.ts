import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type DisturbanceAction,
  disturbance,
  noDisturbance,
  type SensorsSeen,
} from '../../src/protection/disturbance.ts'
import { duration, instant } from '../../topology/units.ts'
import { play } from './script.ts'

// Observes A and B. All-clear after 100 ms of quiet, repeated each 1000 ms. Catastrophic at or below 0.5 per unit
// (ours), severe below 0.9 per unit (sag, IEEE 1159-2019 table 2).
const observes = ['A', 'B']
const step = disturbance({ observes, eventPrefix: 'R1/7', quiet: duration(100), repeat: duration(1000) })

// `A:0.4` sensors see a disturbance inside A at 0.4 per unit, `A+B:0.4` inside both, `A:none` without a voltage sensor,
// `through-A:0.4` enters A and leaves it, `quiet` sees none.
const sensors = ([where = '', residual]: readonly string[]): SensorsSeen => {
  const residualPu = residual === 'none' ? undefined : Number(residual ?? 1)
  const bits = (names: string[]): number =>
    observes.reduce((sum, name, bit) => sum + (names.includes(name) ? 1 << bit : 0), 0)
  if (where === 'quiet') return { entered: 0, left: 0, residualPu }
  const entered = bits(where.replace('through-', '').split('+'))
  return { entered, left: where.startsWith('through-') ? entered : 0, residualPu }
}
const write = (action: DisturbanceAction, now: number): string => {
  if (action.kind === 'all-clear') return `clear:${action.allClear.section}:${action.allClear.event}@${now}`
  const { section, event, severity, residualPu } = action.warning
  return `${action.first ? 'warn' : 'again'}:${section}:${event}:${severity}:${residualPu}@${now}`
}
const run = (script: string): string => play(step, noDisturbance, script, sensors, write)

const cases = [
  {
    it: 'warns at once of what enters a section and does not leave it',
    given: 'quiet@0 A:0.4@20',
    does: 'warn:A:R1/7/1:catastrophic:0.4@20',
  },
  { it: 'leaves what passes through to the observer below', given: 'through-A:0.2@0 through-A+B:0.2@20', does: '' },
  { it: 'says nothing while nothing is seen, whatever the voltage', given: 'quiet:0.1@0', does: '' },
  { it: 'is catastrophic at 0.5 per unit', given: 'A:0.5@0', does: 'warn:A:R1/7/1:catastrophic:0.5@0' },
  { it: 'is severe just above 0.5 per unit', given: 'A:0.501@0', does: 'warn:A:R1/7/1:severe:0.501@0' },
  { it: 'is severe just below 0.9 per unit', given: 'A:0.899@0', does: 'warn:A:R1/7/1:severe:0.899@0' },
  { it: 'is no disturbance at 0.9 per unit', given: 'A:0.9@0', does: '' },
  { it: 'takes a residual below zero for none', given: 'A:-0.2@0', does: 'warn:A:R1/7/1:catastrophic:0@0' },
  { it: 'takes a residual that is no number for the worst', given: 'A:x@0', does: 'warn:A:R1/7/1:catastrophic:0@0' },
  { it: 'is no disturbance at an implausibly high voltage', given: 'A:7@0', does: '' },
  {
    it: 'goes on with the same event just before its own silence has lasted, and warns anew at it',
    given: 'A:0.7@0 A:0.7@3999 A:0.7@7999 A:0.7@8000',
    does: 'warn:A:R1/7/1:severe:0.7@0 again:A:R1/7/1:severe:0.7@3999 warn:A:R1/7/2:severe:0.7@7999',
  },
  {
    it: 'clears the event that it warned of last',
    given: 'A:0.7@0 A:0.7@4000 quiet@4020 quiet@4120',
    does: 'warn:A:R1/7/1:severe:0.7@0 warn:A:R1/7/2:severe:0.7@4000 clear:A:R1/7/2@4120',
  },
  { it: 'takes the worst without a voltage sensor', given: 'A:none@0', does: 'warn:A:R1/7/1:catastrophic:0@0' },
  {
    it: 'warns of two sections as two events',
    given: 'A+B:0.3@0',
    does: 'warn:A:R1/7/1:catastrophic:0.3@0 warn:B:R1/7/2:catastrophic:0.3@0',
  },
  {
    it: 'does not repeat before the repeat time, and does at it',
    given: 'A:0.4@0 A:0.4@999 A:0.4@1000 A:0.4@1001',
    does: 'warn:A:R1/7/1:catastrophic:0.4@0 again:A:R1/7/1:catastrophic:0.4@1000',
  },
  {
    it: 'says at once when a severe one grows catastrophic',
    given: 'A:0.7@0 A:0.4@20',
    does: 'warn:A:R1/7/1:severe:0.7@0 again:A:R1/7/1:catastrophic:0.4@20',
  },
  {
    it: 'stays catastrophic until the all-clear, and keeps the lowest voltage',
    given: 'A:0.4@0 A:0.7@20 A:0.7@1000',
    does: 'warn:A:R1/7/1:catastrophic:0.4@0 again:A:R1/7/1:catastrophic:0.4@1000',
  },
  {
    it: 'repeats with the lowest voltage though it was seen between two repeats',
    given: 'A:0.4@0 A:0.1@500 A:0.4@1000',
    does: 'warn:A:R1/7/1:catastrophic:0.4@0 again:A:R1/7/1:catastrophic:0.1@1000',
  },
  {
    it: 'is not clear before the quiet time, and is at it',
    given: 'A:0.4@0 quiet@20 quiet@119 quiet@120 quiet@140',
    does: 'warn:A:R1/7/1:catastrophic:0.4@0 clear:A:R1/7/1@120',
  },
  {
    it: 'begins the quiet time anew when the disturbance comes back',
    given: 'A:0.4@0 quiet@20 A:0.4@100 quiet@120 quiet@219 quiet@220',
    does: 'warn:A:R1/7/1:catastrophic:0.4@0 clear:A:R1/7/1@220',
  },
  {
    it: 'counts a voltage that is normal again as quiet, though current still enters',
    given: 'A:0.4@0 A:0.95@20 A:0.95@120',
    does: 'warn:A:R1/7/1:catastrophic:0.4@0 clear:A:R1/7/1@120',
  },
  {
    it: 'ends one section while another goes on',
    given: 'A+B:0.4@0 B:0.4@20 B:0.4@120',
    does: 'warn:A:R1/7/1:catastrophic:0.4@0 warn:B:R1/7/2:catastrophic:0.4@0 clear:A:R1/7/1@120',
  },
  {
    it: 'takes a disturbance after the all-clear for a new event',
    given: 'A:0.7@0 quiet@20 quiet@120 A:0.8@140',
    does: 'warn:A:R1/7/1:severe:0.7@0 clear:A:R1/7/1@120 warn:A:R1/7/2:severe:0.8@140',
  },
  {
    it: 'makes no all-clear out of polls that fail to come',
    given: 'A:0.4@0 A:0.4@5000 quiet@9000',
    does: 'warn:A:R1/7/1:catastrophic:0.4@0 warn:A:R1/7/2:catastrophic:0.4@5000',
  },
  { it: 'ignores bits of sections that it does not observe', given: 'C:0.1@0', does: '' },
]

describe('disturbance', () => {
  for (const c of cases) it(c.it, () => expect(run(c.given)).toBe(c.does))

  const poll = fc.record({
    gap: fc.integer({ min: 1, max: 400 }),
    entered: fc.integer({ min: 0, max: 3 }),
    left: fc.integer({ min: 0, max: 3 }),
    residualPu: fc.option(fc.double({ min: 0, max: 1.2, noNaN: true }), { nil: undefined }),
  })

  it('whatever is seen, each event is one first warning, then repeats that never soften, then at most one all-clear', () => {
    fc.assert(
      fc.property(fc.array(poll, { maxLength: 60 }), polls => {
        let state = noDisturbance
        let now = 0
        const open = new Map<string, { event: string; severity: string; residualPu: number }>()
        const events = new Set<string>()
        for (const { gap, ...seen } of polls) {
          now += gap
          const next = step(state, seen, instant(now))
          state = next.state
          for (const action of next.actions) {
            if (action.kind === 'all-clear') {
              expect(open.get(action.allClear.section)?.event).toBe(action.allClear.event)
              open.delete(action.allClear.section)
              continue
            }
            const { section, event, severity, residualPu } = action.warning
            const before = open.get(section)
            expect(action.first).toBe(before === undefined)
            if (before === undefined) expect(events.has(event)).toBe(false)
            else {
              expect(event).toBe(before.event)
              expect(residualPu).toBeLessThanOrEqual(before.residualPu)
              if (before.severity === 'catastrophic') expect(severity).toBe('catastrophic')
            }
            events.add(event)
            open.set(section, { event, severity, residualPu })
          }
        }
        expect([...state.active.keys()].sort()).toEqual([...open.keys()].sort())
      }),
    )
  })
})
