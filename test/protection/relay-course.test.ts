import { describe, expect, it } from 'vitest'
import { noCourse, type RelayCourseEvent, relayCourse } from '../../src/protection/relay-course.ts'
import { duration, type Instant } from '../../topology/units.ts'
import { play } from './script.ts'

// Words: the flags that the relay shows, joined by +: `idle`, `pickup`, `tripped`, `tripped+pickup`, `tripped+locked`.
const eventOf = ([word = '']: readonly string[], at: Instant): RelayCourseEvent =>
  word === 'silent'
    ? { kind: 'silent' }
    : {
        kind: 'status',
        at,
        pickup: word.includes('pickup'),
        tripped: word.includes('tripped'),
        lockedOut: word.includes('locked'),
      }
const step = relayCourse({ breakerFailure: duration(250), eventPrefix: 'R1/7' })
const run = (script: string): string =>
  play(step, noCourse, script, eventOf, ({ event, state }, now) => `${event.replace('R1/7/', '')}:${state}@${now}`)

describe('the course of a fault at a relay', () => {
  it.each([
    ['says nothing of a relay at rest', 'idle@0 idle@20', ''],
    ['a fault that somebody else clears', 'idle@0 pickup@20 pickup@40 idle@60', 'r1:picked-up@20 r1:quiet@60'],
    [
      'its own trip, with one name to the end',
      'idle@0 pickup@20 tripped+pickup@40 tripped@100 tripped+locked@120 idle@9000',
      'r1:picked-up@20 r1:tripped@40 r1:cleared@100 r1:locked-out@120 r1:quiet@9000',
    ],
    ['a trip between two polls, whose pickup nobody saw', 'idle@0 tripped@20 idle@500', 'r1:cleared@20 r1:quiet@500'],
    [
      'a reclosing onto the fault is a new event',
      'idle@0 pickup@20 tripped+pickup@40 tripped@90 pickup@600 tripped+pickup@700 tripped+locked@760',
      'r1:picked-up@20 r1:tripped@40 r1:cleared@90 r2:picked-up@600 r2:tripped@700 r2:locked-out@760',
    ],
    [
      'a breaker that fails, at its time and not before',
      'idle@0 pickup@20 tripped+pickup@40 tripped+pickup@289 tripped+pickup@290 tripped@400',
      'r1:picked-up@20 r1:tripped@40 r1:breaker-failed@290 r1:cleared@400',
    ],
    [
      'what it finds at the start is told as it is, and the breaker gets its whole time',
      'tripped+pickup@0 tripped+pickup@249 tripped+pickup@250',
      'r1:tripped@0 r1:breaker-failed@250',
    ],
    [
      'and after a silence: no breaker has failed meanwhile',
      'idle@0 pickup@20 tripped+pickup@40 silent@60 tripped+pickup@400 tripped+pickup@649 tripped+pickup@650',
      'r1:picked-up@20 r1:tripped@40 r2:tripped@400 r2:breaker-failed@650',
    ],
    ['a device that was opened by an order is no trip', 'idle@0 locked@20', ''],
  ])('%s', (_, script, done) => expect(run(script)).toBe(done))
})
